// Makes what the page runs Python with: node pack.mjs WHEELS COMPILER OUT
//
// OUT/memory.bin is Python's memory after it has imported the compiler and used it once (a snapshot of Pyodide's, in
// gzip), so that the page need not. OUT/files.bin has the files that may be read later: gzip of the length of an index
// (4 bytes), the index (JSON, [path, length] for each), the files. OUT/core.wasm is the library that both rest on.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadPyodide } from "pyodide";
import create from "pyodide/pyodide.asm.mjs";

import { APP, CORE, withCore } from "./python.mjs";

process.on("uncaughtException", (problem) => {
  console.error(problem.message); // and not the line of a minified file that it comes from
  process.exit(1);
});
const [wheels, compiler, out] = process.argv.slice(2);
const env = { HOME: "/home/pyodide", PYDANTIC_DISABLE_PLUGINS: "1", PYTHONHASHSEED: "0" };

/** Every file below a folder of Pyodide's file system. */
function* list(FS, folder) {
  for (const name of FS.readdir(folder).sort()) {
    const path = `${folder}/${name}`;
    if (name === "." || name === ".." || name === "__pycache__" || name.endsWith(".dist-info")) continue;
    if (FS.isDir(FS.stat(path).mode)) yield* list(FS, path);
    else yield [path, FS.readFile(path)];
  }
}

/** Compiles all modules, by Pyodide itself, and gives the files that are to be there. */
async function compiled() {
  const python = await loadPyodide({ env });
  for (const name of readdirSync(wheels).sort()) {
    python.unpackArchive(new Uint8Array(readFileSync(join(wheels, name))), "wheel", { extractDir: APP });
  }
  const copy = (from, to) => {
    python.FS.mkdirTree(to);
    for (const name of readdirSync(from).sort()) {
      const [source, target] = [join(from, name), `${to}/${name}`];
      if (statSync(source).isDirectory()) copy(source, target);
      else python.FS.writeFile(target, readFileSync(source));
    }
  };
  copy(compiler, `${APP}/cnndsl`);
  python.runPython(`
import compileall, pathlib, py_compile
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir("${APP}", quiet=1, legacy=True, invalidation_mode=unchecked)
for path in pathlib.Path("${APP}").rglob("*.py"):
    path.unlink()
`);
  return new Map(list(python.FS, APP));
}

/**
 * Python calls functions by a piece of WebAssembly that not every browser can run, and by JavaScript where it is missing.
 * Which of these is in its memory, so here it is missing always.
 */
async function portable(settings) {
  const { Module } = WebAssembly;
  WebAssembly.Module = class extends Module {
    static [Symbol.hasInstance](one) {
      return one instanceof Module;
    }
    constructor(code) {
      if (Buffer.from(code).includes("trampoline_call")) throw new Error("left out");
      super(code);
    }
  };
  try {
    return await create(settings);
  } finally {
    WebAssembly.Module = Module;
  }
}

const files = await compiled();
const core = join(out, "core.wasm");
writeFileSync(core, files.get(CORE));
files.delete(CORE);
const plain = withCore(portable, core, async () => 0);
const python = await loadPyodide({ env, createPyodideModule: plain, _makeSnapshot: true });
for (const [path, data] of files) {
  python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
  python.FS.writeFile(path, data);
}
python.FS.writeFile(CORE, readFileSync(core));
const loaded = python.runPython(`
import gc, json, sys
sys.path.insert(0, "${APP}")
from pathlib import Path
from cnndsl.playground.engine import Engine

def use():
    engine = Engine(lambda dot: "<svg xmlns='http://www.w3.org/2000/svg'/>")
    text = Path("${APP}/cnndsl/models/net.cnn").read_text()
    for asked in (text.replace("(8, 5)", "(8, kernel_size=5)"), text):
        engine.check(asked)
    for what in ("diagram", "volumes", "python", "summary", "explain"):
        assert engine.show(what)["text"]
    engine.hover(text.index("conv("))
    engine.complete(text.index("conv("))
    engine.format()

use()
gc.collect()
json.dumps([module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)])
`);
writeFileSync(join(out, "memory.bin"), gzipSync(python.makeMemorySnapshot(), { level: 9 }));

for (const path of JSON.parse(loaded)) files.delete(path);
const rest = [...files];
const index = Buffer.from(JSON.stringify(rest.map(([path, data]) => [path, data.length])));
const length = Buffer.alloc(4);
length.writeUInt32LE(index.length);
writeFileSync(join(out, "files.bin"), gzipSync(Buffer.concat([length, index, ...rest.map(([, data]) => data)]), { level: 9 }));
