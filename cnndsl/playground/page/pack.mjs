// Makes the one file with all that Python imports in the page: node pack.mjs WHEELS COMPILER OUT
//
// Pyodide itself compiles the modules, and the compiler is used once, so that the grammar's tables are there too. The
// file is gzip of: the length of the index (4 bytes), the index (JSON, [path, length] for each), the files.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadPyodide } from "pyodide";

import { APP, ENV } from "./python.mjs";

process.on("uncaughtException", (problem) => {
  console.error(problem.message); // and not the line of a minified file that it comes from
  process.exit(1);
});
const [wheels, compiler, out] = process.argv.slice(2);
const python = await loadPyodide({ env: { ...ENV, PYTHONHASHSEED: "0" } });
for (const name of readdirSync(wheels).sort()) {
  python.unpackArchive(new Uint8Array(readFileSync(join(wheels, name))), "wheel", { extractDir: APP });
}

/** Copies a folder into Pyodide's file system. */
function copy(from, to) {
  python.FS.mkdirTree(to);
  for (const name of readdirSync(from).sort()) {
    const [source, target] = [join(from, name), `${to}/${name}`];
    if (statSync(source).isDirectory()) copy(source, target);
    else python.FS.writeFile(target, readFileSync(source));
  }
}
copy(compiler, `${APP}/cnndsl`);

python.runPython(`
import compileall, pathlib, py_compile, sys
app = pathlib.Path("${APP}")
sys.dont_write_bytecode = True
sys.path.insert(0, str(app))
from cnndsl.playground.engine import Engine
engine = Engine(lambda dot: "<svg xmlns='http://www.w3.org/2000/svg'/>")
engine.check((app / "cnndsl/models/net.cnn").read_text())
assert engine.show("diagram")["form"] == "svg"
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir(app, quiet=1, legacy=True, invalidation_mode=unchecked)
for path in app.rglob("*.py"):
    path.unlink()
`);

const files = [];
/** Lists the files of a folder of Pyodide's file system. */
function list(folder) {
  for (const name of python.FS.readdir(folder).sort()) {
    const path = `${folder}/${name}`;
    if (name === "." || name === ".." || name === "__pycache__" || name.endsWith(".dist-info")) continue;
    if (python.FS.isDir(python.FS.stat(path).mode)) list(path);
    else files.push([path, python.FS.readFile(path)]);
  }
}
list(APP);
list(`${ENV.HOME}/.cache`);
const index = Buffer.from(JSON.stringify(files.map(([path, data]) => [path, data.length])));
const length = Buffer.alloc(4);
length.writeUInt32LE(index.length);
const packed = gzipSync(Buffer.concat([length, index, ...files.map(([, data]) => data)]), { level: 9 });
writeFileSync(out, packed);
