/** The compiler, beside the page so that it never holds up typing: Python in WebAssembly, and Graphviz for the layout. */
import { instance, type Viz } from "@viz-js/viz";
import type { PyodideAPI } from "pyodide";

import type { Checked, FromWorker, Question, Shown, State, ToWorker } from "./protocol";
import { APP, ENV } from "./python.mjs";

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

/** Puts the files that Python imports where it finds them. */
async function unpack(python: PyodideAPI, packed: Promise<Response>): Promise<void> {
  const response = await packed;
  if (!response.ok || response.body === null) throw new Error(`compiler.bin: ${response.status}`);
  const whole = response.body.pipeThrough(new DecompressionStream("gzip"));
  const data = new Uint8Array(await new Response(whole).arrayBuffer());
  const length = new DataView(data.buffer).getUint32(0, true);
  const index: [string, number][] = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  let at = 4 + length;
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
  const packed = fetch("./compiler.bin");
  const layout = instance();
  const { loadPyodide } = (await import(new URL("./pyodide/pyodide.mjs", self.location.href).href)) as typeof import("pyodide");
  const python = await loadPyodide({ env: ENV, packageBaseUrl: "./pyodide/" });
  await unpack(python, packed);
  const viz: Viz = await layout;
  const engine = python.runPython(`
import sys
sys.path.insert(0, "${APP}")
from cnndsl.playground.engine import Engine
Engine`);
  const made = engine((dot: string) => viz.renderString(dot, { format: "svg" }));
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
