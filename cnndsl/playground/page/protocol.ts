/** What the page and the worker, in which the compiler runs, tell each other. Places are UTF-16 offsets. */

export type Edit = [from: number, to: number, text: string];

export interface Problem {
  from: number;
  to: number;
  line: number;
  severity: "error" | "warning";
  code: string;
  message: string;
  label: string;
  help: string[];
  fixes: { title: string; edits: Edit[] }[];
}

/** What is known of a text: see `Engine.check`. */
export interface Checked {
  problems: Problem[];
  sizes: [at: number, label: string, tooltip: string][];
  words: [from: number, to: number, kind: string][];
  networks: string[];
}

/** What is made of a text: see `Engine.show`. */
export interface Shown {
  form: "svg" | "python" | "text" | "none";
  text: string;
  network: string;
  old: boolean;
}

/** What is to be shown: the arguments of `Engine.show`. */
export interface View {
  what: string;
  network: string;
  depth: number | null;
  width: number;
}

export interface Hover {
  from: number;
  to: number;
  text: string;
}

export interface Completions {
  from: number;
  items: { label: string; sort: string; detail: string; text: string }[];
}

/** A text in one of its versions, and what is to be shown of it. Only the latest one that was sent is answered. */
export interface State {
  do: "state";
  serial: number;
  version: number;
  text: string;
  view: View;
}

/** A question about the text that was sent last; `null` is the answer where there is a newer one. */
export interface Question {
  do: "ask";
  id: number;
  version: number;
  ask: { ask: "hover"; at: number } | { ask: "complete"; at: number } | { ask: "format" } | { ask: "rule"; code: string };
}

export type ToWorker = State | Question;

export type FromWorker =
  | { say: "ready" }
  | { say: "checked"; version: number; checked: Checked }
  | { say: "shown"; serial: number; what: string; shown: Shown }
  | { say: "answer"; id: number; answer: unknown }
  | { say: "failed"; version: number; message: string; stopped: boolean };
