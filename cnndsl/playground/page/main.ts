/** The page: the text at one side, what is made of it at the other, the link that holds it in the address. */
import { type Ask, change, edited, pythonView, show } from "./editor";
import { read, written } from "./link";
import type { Checked, Edit, FromWorker, Shown, ToWorker, View } from "./protocol";

/** Milliseconds without an answer, while a newer text waits for one, after which the compiler is started anew. */
const PATIENCE = 20_000;
/** Pixels around what is shown, and those of a letter there. */
const [MARGIN, LETTER] = [12, 7.83];

function found<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
const examples = found<HTMLSelectElement>("examples");
const networks = found<HTMLSelectElement>("networks");
const depths = found<HTMLSelectElement>("depths");
const zoom = found("zoom");
const problems = found<HTMLUListElement>("problems");
const status = found("status");
const panel = found("panel");
const tabs = [...document.querySelectorAll<HTMLButtonElement>("[role=tab]")];
const shadow = found("shown").attachShadow({ mode: "open" });

// The compiler

let worker: Worker;
let version = 0;
/** The number of what is asked for: only the answer to the latest is shown. */
let serial = 0;
/** When the text was changed that is shown next, by the clock that begins as the page opens. */
let changedAt = 0;
let failedFor = -1;
/** What there is to say until the text is changed. */
let notice = "";
let shownNow: Shown | null = null;
let impatience = 0;
const asked = new Map<number, (answer: unknown) => void>();
const send = (message: ToWorker): void => worker.postMessage(message);

const ask: Ask = (question) =>
  new Promise((resolve) => {
    const id = performance.now();
    asked.set(id, resolve as (answer: unknown) => void);
    send({ do: "ask", id, version, ask: question });
  });

function begin(): void {
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  worker.onerror = (problem) => hear({ say: "failed", version, message: problem.message, stopped: true });
}

function again(): void {
  worker.terminate();
  for (const resolve of asked.values()) resolve(null);
  asked.clear();
  begin();
}

function view(): View {
  const depth = depths.value === "" ? null : Number(depths.value);
  const width = Math.max(40, Math.floor((panel.clientWidth - 2 * MARGIN) / LETTER));
  return { what: chosen().dataset["what"] ?? "", network: networks.value, depth, width };
}

/** Asks for what is to be seen now. */
function update(): void {
  if (version === failedFor) return;
  delete document.documentElement.dataset["shown"];
  serial += 1;
  send({ do: "state", serial, version, text: editor.state.doc.toString().toWellFormed(), view: view() });
  clearTimeout(impatience);
  if (document.documentElement.dataset["ready"] !== undefined) {
    impatience = setTimeout(() => {
      fail("This text takes too long here. The compiler has been started anew; cnndsl on a computer has no such bound.");
      again();
    }, PATIENCE);
  }
}

function fail(message: string): void {
  failedFor = version;
  status.textContent = message;
  status.dataset["is"] = "error";
}

function hear(message: FromWorker): void {
  if (message.say === "ready") {
    document.documentElement.dataset["ready"] = performance.now().toFixed(0);
    update();
  } else if (message.say === "checked" && message.version === version) {
    show(editor, message.checked);
    list(message.checked);
  } else if (message.say === "shown" && message.serial === serial) {
    clearTimeout(impatience);
    place(message.what, message.shown);
  } else if (message.say === "answer") {
    asked.get(message.id)?.(message.answer);
    asked.delete(message.id);
  } else if (message.say === "failed") {
    clearTimeout(impatience);
    const reason = message.message.trim().split("\n").at(-1) ?? "";
    const started = document.documentElement.dataset["ready"] !== undefined;
    fail(started ? `This is a fault in cnndsl, not in your text: ${reason}` : `The compiler cannot start here: ${reason}`);
    if (started && message.stopped) again();
  }
}

// What was found

function list({ problems: all, networks: names }: Checked): void {
  const errors = all.filter((one) => one.severity === "error").length;
  const counted = (count: number, word: string): string[] => (count ? [`${count} ${word}${count > 1 ? "s" : ""}`] : []);
  const said = [...counted(errors, "error"), ...counted(all.length - errors, "warning")].join(", ");
  status.textContent = notice + (said || "No errors");
  status.dataset["is"] = errors ? "error" : all.length ? "warning" : "good";
  problems.replaceChildren(
    ...all.slice(0, 50).map((one) => {
      const [item, button, where, words] = ["li", "button", "b", "span"].map((tag) => document.createElement(tag));
      const helps = one.help.map((line) => {
        const help = document.createElement("small");
        help.textContent = line;
        return help;
      });
      item!.className = one.severity;
      where!.textContent = `line ${one.line} `;
      words!.textContent = [one.message, one.label].filter((text) => text !== "").join(": ");
      button!.append(where!, words!, ...helps);
      button!.addEventListener("click", () => {
        editor.dispatch({ selection: { anchor: one.from }, scrollIntoView: true });
        editor.focus();
      });
      const rule = document.createElement("button");
      rule.className = "rule";
      rule.textContent = one.code;
      rule.title = `What ${one.code} means`;
      rule.addEventListener("click", () => void explain(one.code));
      item!.append(button!, rule);
      for (const fix of one.fixes.slice(0, 1)) {
        const mend = document.createElement("button");
        mend.className = "mend";
        mend.textContent = fix.title;
        mend.addEventListener("click", () => change(editor, fix.edits));
        item!.append(mend);
      }
      return item!;
    }),
  );
  const before = networks.value;
  const offered = ["", ...names];
  if ([...networks.options].map((one) => one.value).join() !== offered.join()) {
    networks.replaceChildren(...offered.map((name) => new Option(name || "last network", name)));
    networks.value = names.includes(before) ? before : "";
    if (networks.value !== before) update();
  }
  networks.disabled = names.length < 2;
}

/** Shows the page about a code. */
async function explain(code: string): Promise<void> {
  const text = await ask<string>({ ask: "rule", code });
  if (text === null) return;
  found("rule-text").textContent = text;
  found<HTMLDialogElement>("rule").showModal();
}

// What is made of it

/** Whether a picture is made as small as its place, and not shown in its own size. */
const whole = (): boolean => zoom.getAttribute("aria-pressed") !== "true";

const chosen = (): HTMLButtonElement => tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0]!;

function choose(tab: HTMLButtonElement): void {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  }
  panel.setAttribute("aria-labelledby", tab.id);
  const picture = ["diagram", "volumes"].includes(tab.dataset["what"] ?? "");
  depths.disabled = !picture;
  zoom.toggleAttribute("disabled", !picture);
  update();
}

/** Shows a result. A picture has a style sheet of its own, which the page's policy takes in this form only. */
function place(what: string, result: Shown): void {
  const moved = shownNow === null || panel.dataset["what"] !== what || panel.dataset["network"] !== result.network;
  shownNow = result;
  panel.dataset["old"] = String(result.old);
  found("old").hidden = !result.old;
  panel.dataset["what"] = what;
  panel.dataset["network"] = result.network;
  const own = new CSSStyleSheet();
  let content: Node;
  if (result.form === "svg") {
    let rules = `:host{display:block}${whole() ? "" : "svg{max-width:none!important;height:auto}"}`;
    const drawn = result.text.replaceAll(/<style>([^<]*)<\/style>/g, (_, own: string) => ((rules += own), ""));
    own.replaceSync(rules);
    content = document.importNode(new DOMParser().parseFromString(drawn, "image/svg+xml").documentElement, true);
  } else {
    own.replaceSync(":host{display:block;height:100%} pre{margin:0;font:13px/1.5 var(--mono);white-space:pre}");
    const text = document.createElement("pre");
    text.textContent = result.form === "none" ? "There is nothing to show yet: the text has errors." : result.text;
    content = text;
  }
  shadow.adoptedStyleSheets = [own];
  shadow.replaceChildren(...(result.form === "python" ? [] : [content]));
  if (result.form === "python") {
    pythonView(shadow, result.text);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, own];
  }
  if (moved) panel.scrollTo(0, 0);
  requestAnimationFrame(() => {
    document.documentElement.dataset["shown"] = what;
    document.documentElement.dataset["took"] = (performance.now() - changedAt).toFixed(1);
  });
}

// The text

/** The text that the address names. */
let linked = "";
let saving = 0;

const editor = edited(found("editor").attachShadow({ mode: "open" }), ask, () => {
  version += 1;
  if (document.documentElement.dataset["ready"] !== undefined) changedAt = performance.now();
  update();
  clearTimeout(saving);
  saving = setTimeout(() => void save(), 400);
});

async function save(): Promise<void> {
  const text = editor.state.doc.toString();
  if (text === linked) return;
  linked = text;
  notice = "";
  history.replaceState(null, "", `#text=${await written(text)}`);
  examples.value = "";
}

function put(text: string): void {
  linked = text;
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
}

/** Puts the text there that the address names. */
async function open(): Promise<void> {
  const [, kind = "example", value = "net"] = /^#(example|text)=(.*)$/.exec(location.hash) ?? [];
  if (kind === "text") {
    try {
      put(await read(value));
      examples.value = "";
      return;
    } catch (problem) {
      notice = `This link holds no text: ${problem instanceof Error ? problem.message : problem}. `;
    }
  }
  const names = [...examples.options].map((one) => one.value);
  const name = kind === "example" && names.includes(value) && value !== "" ? value : "net";
  const response = await fetch(`./models/${name}.cnn`);
  put(await response.text());
  examples.value = name;
}

// What can be done

function save_as(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function copied(text: string, button: HTMLElement): Promise<void> {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => (button.textContent = before), 1500);
}

examples.addEventListener("change", async () => {
  const name = examples.value;
  if (name === "") return;
  await save(); // "back" leads to what was typed last
  history.pushState(null, "", `#example=${name}`);
  await open();
});
addEventListener("popstate", () => void open());
zoom.addEventListener("click", () => {
  zoom.setAttribute("aria-pressed", String(whole()));
  if (shownNow !== null) place(panel.dataset["what"] ?? "", shownNow);
});
networks.addEventListener("change", update);
depths.addEventListener("change", update);
for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[key];
    if (to === undefined) return;
    const next = tabs[(to + tabs.length) % tabs.length]!;
    next.focus();
    choose(next);
  });
}
found("rule-close").addEventListener("click", () => found<HTMLDialogElement>("rule").close());
found("format").addEventListener("click", async () => {
  const edits = await ask<Edit[]>({ ask: "format" });
  if (edits?.length) change(editor, edits);
});
found("link").addEventListener("click", async ({ currentTarget }) => {
  await save();
  await copied(location.href, currentTarget as HTMLElement);
});
found("copy").addEventListener("click", ({ currentTarget }) => void copied(shownNow?.text ?? "", currentTarget as HTMLElement));
found("save").addEventListener("click", () => {
  if (shownNow === null) return;
  const { form, text } = shownNow;
  if (form === "svg") save_as("network.svg", text, "image/svg+xml");
  else if (form === "python") save_as("network.py", text, "text/x-python");
  else save_as("network.txt", text, "text/plain");
});

begin();
void open();
