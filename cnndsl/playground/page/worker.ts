/** The compiler, beside the page so that it never holds up typing: Python in WebAssembly, and Graphviz for the layout. */
import { instance, type Viz } from "@viz-js/viz";
import type { PyodideAPI } from "pyodide";

import type { Checked, FromWorker, Question, Shown, State, ToWorker } from "./protocol";
import { memoryOf, withCore } from "./python.mjs";

type Answer = (question: string) => string;

const say = (message: FromWorker): void => self.postMessage(message);
let waiting: State | null = null;
let checked = -1;
const questions: Question[] = [];
let busy = true;

self.onmessage = ({ data }: MessageEvent<ToWorker>): void => {
  if (data.do === "state") waiting = data;
  else questions.push(data);
  if (!busy) void work();
};

/** A file of the page that is in gzip. */
async function unzipped(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(name, self.location.href));
  if (!response.ok || response.body === null) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/** Puts the files there that Python may read: see pack.mjs. */
function unpack(python: PyodideAPI, data: Uint8Array): void {
  let at = 4 + new DataView(data.buffer).getUint32(0, true);
  const index: [string, number][] = JSON.parse(new TextDecoder().decode(data.subarray(4, at)));
  const made = new Set<string>();
  for (const [path, size] of index) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(folder)) python.FS.mkdirTree(folder);
    made.add(folder);
    python.FS.writeFile(path, data.subarray(at, at + size), { canOwn: true });
    at += size;
  }
}

async function start(): Promise<Answer> {
  const [memory, files, layout] = [unzipped("./memory.bin"), unzipped("./files.bin"), instance()];
  const at = (name: string): string => new URL(name, self.location.href).href;
  const { loadPyodide } = (await import(at("./pyodide/pyodide.mjs"))) as typeof import("pyodide");
  const { default: create } = await import(at("./pyodide/pyodide.asm.mjs"));
  const python = await loadPyodide({
    packageBaseUrl: "./pyodide/",
    createPyodideModule: withCore(create, at("./core.wasm"), async () => memoryOf(await memory)),
    _loadSnapshot: memory,
  });
  unpack(python, await files);
  const viz: Viz = await layout;
  const made = python.runPython("Engine")((dot: string) => viz.renderString(dot, { format: "svg" }));
  return (question) => made.answer(question) as string;
}

const starting = start();
starting.then(
  () => {
    busy = false;
    say({ say: "ready" });
    void work();
  },
  (problem) => say({ say: "failed", version: -1, message: String(problem), stopped: true }),
);

/** Lets what has arrived meanwhile be heard. */
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });

async function work(): Promise<void> {
  busy = true;
  const answer = await starting;
  const asked = <T>(question: object): T => JSON.parse(answer(JSON.stringify(question))) as T;
  const check = ({ version, text }: State): void => {
    if (version === checked) return;
    const found = asked<Checked>({ ask: "check", text });
    checked = version;
    say({ say: "checked", version, checked: found });
  };
  while (waiting !== null || questions.length > 0) {
    const state: State | null = waiting;
    try {
      if (state !== null) check(state);
      for (const { id, version, ask } of questions.splice(0)) {
        say({ say: "answer", id, answer: version === checked ? asked(ask) : null });
      }
      await breathe();
      if (state === null || waiting !== state) continue; // there is a newer one
      const { serial, view } = state;
      say({ say: "shown", serial, what: view.what, shown: asked<Shown>({ ask: "show", ...view }) });
    } catch (problem) {
      const stopped = !(problem instanceof Error && problem.name === "PythonError");
      say({ say: "failed", version: state?.version ?? checked, message: String(problem), stopped });
      if (stopped) return; // Python cannot go on: the page starts another worker
    }
    if (waiting === state) waiting = null;
  }
  busy = false;
}
