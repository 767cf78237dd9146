// @ts-check
"use strict";

/**
 * What a box or a frame stands for: a module by its number, the path from the picture to it, its first step, how many.
 * @typedef {[number, string, number, number]} Steps
 * @typedef {{ drawing: number, boxes: (Steps | null)[], frames: Steps[] }} Picture
 * @typedef {{ name: string, title: string, detail: string, lines: [number, number][], inside?: number,
 *   rows?: [string, string][] }} Step
 * @typedef {Picture & { name: string, sizes: string, steps: Step[] }} Module
 * @typedef {{ parameters: number[], macs: (number | null)[], memory: (number | null)[], field: string[] }} Numbers
 * @typedef {{ name: string, totals: string, depths: (Picture & { depth: string, word: string })[], first: number,
 *   modules: Module[], numbers: Numbers, marks?: string[], twins?: number[],
 *   said?: Record<string, string> }} Side
 *
 * A step at its place in the network. `outer` is the number of the block that it is in, -1 in none; what is inside of
 * it has the numbers from its own to `end`.
 * @typedef {{ module: number, path: string, step: Step, outer: number, end: number }} Application
 *
 * A box or a frame that is seen, with the numbers of the applications that it stands for, and of the one it opens.
 * @typedef {{ element: SVGGElement, applied: number[], opens: number, isFrame: boolean }} Item
 */

/** @type {(id: string) => any} */
const by = (id) => document.getElementById(id);
/** @type {{ sides: Side[], words: Record<string, string> }} */
const { sides, words } = JSON.parse(by("given").textContent);
const drawings = document.querySelectorAll("template");
const language = document.documentElement.lang;
const stage = /** @type {HTMLElement} */ (by("stage"));
const card = /** @type {HTMLElement} */ (by("card"));

/** @type {(base: string, name: string) => string} */
const join = (base, name) => (base && name ? `${base}.${name}` : base || name);

/**
 * An element with text in it, never markup.
 * @param {string} tag @param {string} [text] @param {(string | Node)[]} inside
 */
function made(tag, text = "", ...inside) {
  const element = document.createElement(tag);
  element.append(text, ...inside);
  return element;
}

/** The applications of a network in the order of execution, as the lists of numbers have them. @param {Side} side */
function walk(side) {
  /** @type {Application[]} */
  const all = [];
  /** @type {Map<string, number[]>} */
  const places = new Map();
  /** @type {(module: number, path: string, outer: number) => void} */
  const inside = (module, path, outer) => {
    side.modules[module].steps.forEach((step, number) => {
      const at = all.length;
      const one = { module, path, step, outer, end: at };
      all.push(one);
      const key = `${module} ${number} ${path}`;
      const uses = places.get(key);
      if (uses) uses.push(at);
      else places.set(key, [at]);
      if (step.inside !== undefined) inside(step.inside, join(path, step.name), at);
      one.end = all.length - 1;
    });
  };
  inside(side.modules.length - 1, "", -1);
  return { all, places };
}

const walks = sides.map(walk);
const last = sides.length - 1;
drawings[sides[last].depths[sides[last].first].drawing].content.append(...stage.children);

// Where the reader is: all of it stands in the address, so that it can be linked and the browser leads back.
let side = sides[last];
let { all, places } = walks[last];
let block = -1;
let depth = side.first;
/** @type {Item[]} */
let items = [];
/** @type {Item | null} */
let chosen = null;
let zoom = 1;
let wanted = -1; // the application to look at when the next picture is there

/** @type {(at: number) => string} */
const pathOf = (at) => (at < 0 ? "" : join(all[at].path, all[at].step.name));
/** @type {(at: number) => Module} */
const moduleOf = (at) => side.modules[at < 0 ? side.modules.length - 1 : (all[at].step.inside ?? 0)];

/** The uses of the part with a path; what leaves no module has no path. @param {string} path */
const named = (path) => all.flatMap(({ step }, at) => (step.name && pathOf(at) === path ? [at] : []));

/** Go somewhere: the address changes, and the page follows. @param {number} to @param {number} [look] */
function go(to, look = -1) {
  wanted = look;
  const address = addressOf(to, depth);
  if (address === location.hash.slice(1)) arrive();
  else location.hash = address;
}

/** @param {number} to @param {number} level @param {number} [look] */
function addressOf(to, level, look = -1) {
  const said = new URLSearchParams();
  if (side !== sides[last]) said.set("side", "before");
  if (to >= 0) {
    said.set("at", pathOf(to));
    const same = named(pathOf(to));
    if (same[0] !== to) said.set("use", String(same.indexOf(to) + 1));
  } else if (level !== side.first) said.set("depth", side.depths[level].depth);
  if (look >= 0 && all[look].step.name) said.set("look", pathOf(look));
  return said.toString();
}

/** Show what the address says. */
function arrive() {
  const said = new URLSearchParams(location.hash.slice(1));
  turn(said.get("side") === "before" ? 0 : last);
  const path = said.get("at") ?? "";
  const uses = named(path).filter((at) => all[at].step.inside !== undefined);
  const from = block;
  block = uses[Number(said.get("use") ?? 1) - 1] ?? -1;
  const level = side.depths.findIndex((one) => one.depth === said.get("depth"));
  if (block < 0) depth = level < 0 ? side.first : level;
  const end = block < 0 ? all.length : all[block].end;
  const look = said.get("look");
  if (wanted < 0 && look) wanted = named(look).find((at) => at > block && at <= end) ?? -1;
  if (wanted < 0 && from >= 0 && from !== block) wanted = from;
  show();
}

/** Turn to one of two networks that are compared. @param {number} to */
function turn(to) {
  if (side === sides[to]) return;
  side = sides[to];
  ({ all, places } = walks[to]);
  block = -1;
  document.querySelectorAll(".texts").forEach((texts, i) => texts.toggleAttribute("hidden", i !== to));
  read();
}

/**
 * The texts of a box as one: a line that ends with a comma goes on in the next one that begins below it.
 * @type {(texts: SVGTextElement[]) => string}
 */
function spoken(texts) {
  /** @type {{x: string | null, words: string}[]} */
  const said = [];
  for (const text of texts) {
    const [x, words] = [text.getAttribute("x"), text.textContent ?? ""];
    const begun = said.find((one) => one.x === x && one.words.endsWith(","));
    if (begun) {
      begun.words += ` ${words}`;
    } else {
      said.push({ x, words });
    }
  }
  return said.map(({ words }) => words).join(", ");
}

/** Draw the picture of where the reader is. */
function show() {
  const picture = block < 0 ? side.depths[depth] : moduleOf(block);
  const focused = document.activeElement;
  const moved = focused === document.body || stage.contains(focused) || by("trail").contains(focused);
  stage.replaceChildren(drawings[picture.drawing].content.cloneNode(true));
  const svg = /** @type {SVGSVGElement} */ (stage.firstElementChild);
  svg.setAttribute("role", "tree");
  svg.setAttribute("aria-label", pathOf(block) || side.name);
  svg.setAttribute("aria-describedby", "hint");
  choose(null);
  items = [];
  /** @type {Map<string, number>} */
  const met = new Map();
  const boxes = picture.boxes.map((steps) => (steps ? numbersOf(steps, met) : []));
  const frames = picture.frames.map((steps) => numbersOf(steps, met));
  for (const element of /** @type {NodeListOf<SVGGElement>} */ (svg.querySelectorAll("[data-box], [data-frame]"))) {
    const isFrame = element.dataset.frame !== undefined;
    const applied = (isFrame ? frames : boxes)[Number(element.dataset.frame ?? element.dataset.box)];
    const opens = applied.find((at) => all[at].step.inside !== undefined) ?? -1;
    items.push({ element, applied, opens, isFrame });
    element.setAttribute("role", "treeitem");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-label", spoken(Array.from(element.querySelectorAll("text"))));
    if (opens >= 0) {
      element.classList.add("opens");
      element.setAttribute("aria-expanded", String(isFrame));
    }
  }
  const first = items.find(({ isFrame }) => !isFrame);
  /** @type {(item: Item) => number} */
  const order = (item) => item.applied[0] ?? (item === first ? -1 : all.length);
  items.sort((a, b) => order(a) - order(b));
  items[0].element.setAttribute("tabindex", "0");
  fit(0.6);
  tell();
  sign();
  colour();
  find();
  // A part that is no more than a name has no box, and those inside of it stand for it.
  const inside = wanted < 0 ? -1 : all[wanted].end;
  const look =
    items.find(({ applied }) => applied.includes(wanted)) ??
    items.find(({ applied }) => applied.some((at) => at > wanted && at <= inside));
  wanted = -1;
  if (look) choose(look, true);
  else if (moved && block >= 0) items[0].element.focus({ preventScroll: true });
  else {
    const { left, width } = items[0].element.getBoundingClientRect();
    stage.scrollTo(stage.scrollLeft + left + width / 2 - stage.getBoundingClientRect().left - stage.clientWidth / 2, 0);
  }
}

/**
 * The applications that a box stands for. A part that is used again has the same path each time: its boxes are its uses
 * in their order. `met` counts those that were there before.
 * @param {Steps} steps @param {Map<string, number>} met
 */
function numbersOf([module, path, first, length], met) {
  const whole = join(pathOf(block), path);
  const end = block < 0 ? all.length : all[block].end;
  return Array.from({ length }, (_, i) => {
    const key = `${module} ${first + i} ${whole}`;
    const uses = (places.get(key) ?? []).filter((at) => at > block && at <= end);
    const before = met.get(key) ?? 0;
    met.set(key, before + 1);
    return uses[Math.min(before, uses.length - 1)];
  });
}

/** Say where the reader is, with the way back and to what stands beside. */
function tell() {
  const trail = [];
  for (let at = block; at >= 0; at = all[at].outer) trail.unshift(at);
  const list = by("trail");
  list.replaceChildren();
  for (const at of [-1, ...trail]) {
    const crumb = made("li");
    crumb.className = "step";
    const name = at < 0 ? side.name : all[at].step.name;
    if (at === block) {
      const here = made("b", name);
      here.setAttribute("aria-current", "page");
      crumb.append(here);
    } else {
      const button = made("button", name);
      button.onclick = () => go(at);
      crumb.append(button);
    }
    list.append(crumb);
  }
  if (block >= 0) {
    const { outer } = all[block];
    const beside = all.flatMap((one, at) => (one.outer === outer && one.step.inside !== undefined ? [at] : []));
    /** @type {(sign: string, word: string, to: number | undefined) => void} */
    const step = (sign, word, to) => {
      const button = /** @type {HTMLButtonElement} */ (made("button", sign));
      button.setAttribute("aria-label", word);
      button.disabled = to === undefined;
      button.onclick = () => go(to ?? -1);
      list.append(made("li", "", button));
    };
    step("‹", words.previous, beside[beside.indexOf(block) - 1]);
    step("›", words.next, beside[beside.indexOf(block) + 1]);
    const numbers = told([block]).map(([word, number]) => `${word} ${number}`);
    const about = made("li", [title(block), moduleOf(block).sizes, ...numbers].join(" · "));
    about.className = "about";
    list.append(about);
  }
  by("totals").textContent = side.totals;
  document.querySelectorAll(".side").forEach((button, i) => {
    button.setAttribute("aria-pressed", String(side === sides[i]));
  });
  by("depth").replaceChildren(...side.depths.map((one) => new Option(one.word, one.depth)));
  by("depth").value = side.depths[depth].depth;
  by("depth").disabled = block >= 0;
  by("depth").parentElement.hidden = side.depths.length < 2;
  by("said").textContent = block < 0 ? words.all : `${pathOf(block)}: ${title(block)}`;
}

/** @param {number} at */
function title(at) {
  const { step } = all[at];
  return `${step.title} ${step.detail}`.trim();
}

/** A number with three digits and a unit, each of which is `step` times the one before: 25.6 M. */
/** @param {number} number @param {number} step @param {string[]} units */
function rounded(number, step, units) {
  const power = number < 1 ? 0 : Math.min(Math.floor(Math.log(number) / Math.log(step) + 1e-9), units.length - 1);
  const digits = (number / step ** power).toLocaleString(language, { maximumSignificantDigits: 3 });
  return `${digits} ${units[power]}`.trim();
}
/** @param {number} bytes */
const inBytes = (bytes) => rounded(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
/** @param {Measure} what @param {number} number */
function inShort(what, number) {
  return what === "memory" ? inBytes(number) : rounded(number, 1000, ["", "k", "M", "G", "T"]);
}

/** @typedef {"parameters" | "macs" | "memory"} Measure */

/** What several applications hold or cost together; null where that is not known. */
/** @param {number[]} applied @param {Measure} what */
function amount(applied, what) {
  const found = applied.map((at) => side.numbers[what][at]);
  if (found.some((number) => number === null)) return null;
  const numbers = /** @type {number[]} */ (found);
  return what === "memory" ? Math.max(0, ...numbers) : numbers.reduce((sum, number) => sum + number, 0);
}

/** The whole network's amount. @param {Measure} what */
const whole = (what) => amount(all.flatMap(({ outer }, at) => (outer < 0 ? [at] : [])), what);

/** @param {Measure} what @param {number | null} number */
function inWords(what, number) {
  if (number === null) return words.open;
  return what === "memory" ? inBytes(number) : number.toLocaleString(language);
}

/** The numbers of applications in words. @param {number[]} applied @returns {[string, string][]} */
function told(applied) {
  /** @type {[string, string][]} */
  const rows = [];
  for (const what of /** @type {Measure[]} */ (["parameters", "macs", "memory"])) {
    const number = amount(applied, what);
    if (number === 0 || (number === null && what === "memory")) continue;
    const total = what === "memory" ? null : whole(what);
    const share = number && total ? ` (${words.part.replace("{share}", ((100 * number) / total).toPrecision(2))})` : "";
    rows.push([words[what], inWords(what, number) + share]);
  }
  const field = side.numbers.field[applied[applied.length - 1]];
  if (field) rows.push([words.field, field]);
  return rows;
}

/** Fill in the card of a box. @param {Item} item */
function describe(item) {
  const { applied, element } = item;
  const step = applied.length ? all[applied[0]].step : null;
  card.replaceChildren();
  const head = element.querySelector("text")?.textContent ?? "";
  card.append(made("h3", applied.length === 1 ? title(applied[0]) : head));
  const paths = applied.map(pathOf).filter((path, i) => all[applied[i]].step.name && path);
  if (paths.length) card.append(made("p", paths.length > 1 ? `${paths[0]} … ${paths[paths.length - 1]}` : paths[0]));
  /** @type {[string, string][]} */
  const rows = [];
  const single = applied.length === 1 ? step : null;
  if (single?.rows) rows.push(...single.rows);
  const known = new Set(rows.map(([word]) => word));
  if (single?.inside !== undefined) rows.push([words.sizes, moduleOf(applied[0]).sizes]);
  const change = applied.map((at) => side.said?.[at]).find(Boolean);
  if (change) rows.unshift([words.changed, change]);
  if (applied.length) rows.push(...told(applied).filter(([word]) => !known.has(word)));
  const list = made("dl");
  for (const [word, text] of rows) list.append(made("dt", word), made("dd", text));
  if (rows.length) card.append(list);
  return rows.length > 0 || paths.length > 0;
}

/** Show the card of a box beside it or the pointer. @param {Item} item @param {number} x @param {number} y */
function showCard(item, x, y) {
  card.hidden = !describe(item);
  const { width, height } = card.getBoundingClientRect();
  card.style.left = `${Math.max(8, x + 16 + width > innerWidth ? x - width - 12 : x + 16)}px`;
  card.style.top = `${Math.max(8, Math.min(y + 12, innerHeight - height - 8))}px`;
}

/** Choose a box: it is marked, has the focus, and its lines are lit. */
/** @param {Item | null} item @param {boolean} [near] */
function choose(item, near = false) {
  for (const { element } of items) element.classList.remove("chosen");
  chosen = item;
  light(item ? item.applied : []);
  card.hidden = true;
  if (!item) return;
  item.element.classList.add("chosen");
  for (const { element } of items) element.setAttribute("tabindex", element === item.element ? "0" : "-1");
  history.replaceState(null, "", `#${addressOf(block, depth, item.applied[0])}`);
  if (near) item.element.scrollIntoView({ block: "center", inline: "center" });
  item.element.focus({ preventScroll: true });
}

// The text beside.

/** The lines of the texts of the side that is shown. @type {HTMLElement[]} */
let lines = [];
/** What stands in those that something was made by. @type {HTMLElement[]} */
let used = [];

/** Light the lines of applications. @param {number[]} applied */
function light(applied) {
  for (const line of document.querySelectorAll(".lines .lit")) line.classList.remove("lit");
  const keys = new Set(applied.flatMap((at) => all[at].step.lines.map((line) => line.join(":"))));
  const lit = lines.filter((line) => keys.has(line.dataset.line ?? ""));
  for (const line of lit) line.classList.add("lit");
  if (lit[0]) within(by("beside"), lit[0]);
}

/** Let an element be seen in what scrolls, and leave the page where it is. */
/** @param {HTMLElement} outer @param {Element} inner */
function within(outer, inner) {
  const a = outer.getBoundingClientRect();
  const b = inner.getBoundingClientRect();
  if (b.top < a.top || b.bottom > a.bottom) outer.scrollTop += b.top - a.top - a.height / 3;
}

/** Learn which lines of the texts have made what. */
function read() {
  /** @type {Map<string, number[]>} */
  const made = new Map();
  all.forEach(({ step }, at) => {
    for (const line of step.lines) {
      const known = made.get(line.join(":"));
      if (known) known.push(at);
      else made.set(line.join(":"), [at]);
    }
  });
  lines = Array.from(document.querySelectorAll(".texts")[sides.indexOf(side)].querySelectorAll("[data-line]"));
  used = [];
  for (const line of lines) {
    const applied = new Set(made.get(line.dataset.line ?? ""));
    if (!applied.size) continue;
    line.classList.add("used");
    const code = /** @type {HTMLElement} */ (line.firstElementChild);
    code.setAttribute("role", "button");
    code.tabIndex = used.length ? -1 : 0;
    used.push(code);
    const here = () => items.filter((item) => item.applied.some((at) => applied.has(at)));
    line.onpointerenter = code.onfocus = () => here().forEach(({ element }) => element.classList.add("lit"));
    line.onpointerleave = code.onblur = () => items.forEach(({ element }) => element.classList.remove("lit"));
    line.onclick = () => {
      const found = here().find((item) => !item.isFrame) ?? here()[0];
      if (found) choose(found, true);
      else goTo([...applied][0]);
    };
  }
}

/** Go to where an application is drawn by itself. @param {number} at */
function goTo(at) {
  const here = items.find((item) => item.applied.includes(at));
  if (here) choose(here, true);
  else go(all[at].outer, at);
}

/** Where the arrow keys lead within a group of elements, one of which Tab reaches. */
/** @param {KeyboardEvent} event @param {Element[]} group */
function rove(event, group) {
  const at = group.indexOf(/** @type {Element} */ (document.activeElement));
  const far = group.length;
  const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -far, End: far }[event.key];
  if (move === undefined || at < 0) return null;
  event.preventDefault();
  return group[Math.max(0, Math.min(group.length - 1, at + move))];
}

by("beside").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const next = /** @type {HTMLElement | null} */ (rove(event, used));
  if (next) {
    for (const line of used) line.tabIndex = line === next ? 0 : -1;
    next.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    const line = used.find((one) => one === document.activeElement);
    if (line) event.preventDefault();
    line?.click();
  }
});

// The picture.

/** @param {Event} event */
const itemAt = (event) => {
  const element = /** @type {Element} */ (event.target).closest?.("[data-box], [data-frame]");
  return items.find((item) => item.element === element) ?? null;
};

/** @param {Item} item */
function enter(item) {
  if (item.opens >= 0) go(item.opens);
  else choose(item);
}

let dragged = false;
/** The box at the mouse. @type {Item | null} */
let pointed = null;
stage.addEventListener("click", (event) => {
  const item = itemAt(event);
  if (dragged) return;
  if (!item) choose(null);
  else {
    enter(item);
    if (item.opens < 0) showCard(item, event.clientX, event.clientY);
  }
});
stage.addEventListener("pointermove", (event) => {
  const item = itemAt(event);
  if (event.pointerType !== "mouse" || event.buttons) return;
  if (item !== pointed) light((item ?? chosen)?.applied ?? []);
  pointed = item;
  if (item) showCard(item, event.clientX, event.clientY);
  else card.hidden = true;
});
stage.addEventListener("pointerleave", () => {
  pointed = null;
  card.hidden = true;
  light(chosen?.applied ?? []);
});
stage.addEventListener("focusin", (event) => {
  const item = itemAt(event);
  if (!item || !item.element.matches(":focus-visible")) return;
  const { right, top } = item.element.getBoundingClientRect();
  showCard(item, right, top);
  card.id = "card";
  item.element.setAttribute("aria-describedby", "card");
  light(item.applied);
});
stage.addEventListener("focusout", () => (card.hidden = true));
stage.addEventListener("keydown", (event) => {
  const next = rove(event, items.map(({ element }) => element));
  const item = itemAt(event);
  if (next) {
    const to = items.find(({ element }) => element === next);
    if (to) choose(to, true);
  } else if (item && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    enter(item);
  }
});

/** Show the picture larger or smaller, and keep a point of the stage where it is. */
/** @param {number} to @param {number} [x] @param {number} [y] */
function scale(to, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const svg = /** @type {SVGSVGElement} */ (stage.firstElementChild);
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const before = zoom;
  zoom = Math.max(0.05, Math.min(8, to));
  svg.style.width = `${width * zoom}px`;
  svg.style.height = `${height * zoom}px`;
  stage.scrollLeft = ((stage.scrollLeft + x) * zoom) / before - x;
  stage.scrollTop = ((stage.scrollTop + y) * zoom) / before - y;
}

/** Show the whole width, but no smaller than can be read. @param {number} [least] */
function fit(least = 0) {
  const svg = /** @type {SVGSVGElement} */ (stage.firstElementChild);
  const room = stage.clientWidth - 2 * parseFloat(getComputedStyle(stage).paddingLeft);
  scale(Math.max(least, Math.min(1, room / Number(svg.getAttribute("width")))));
}

by("larger").onclick = () => scale(zoom * 1.25);
by("smaller").onclick = () => scale(zoom / 1.25);
by("fit").onclick = () => fit();
stage.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const { left, top } = stage.getBoundingClientRect();
  scale(zoom * Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
}, { passive: false });

/** The fingers and the mouse on the picture: one moves it, two make it larger. @type {Map<number, PointerEvent>} */
const pointers = new Map();
stage.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  dragged = false;
});
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  pointers.set(event.pointerId, event);
  const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
  const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
  if (other) {
    /** @type {(one: PointerEvent) => number} */
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const { left, top } = stage.getBoundingClientRect();
    scale((zoom * apart(event)) / Math.max(1, apart(before)), other.clientX - left, other.clientY - top);
  } else if (event.pointerType === "mouse") stage.scrollBy(-x, -y);
  dragged ||= Math.hypot(x, y) > 2;
});
for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
  addEventListener(name, ({ pointerId }) => pointers.delete(pointerId));
}

/** Where a box is in its picture, by the outer of its borders. @param {SVGGElement} element */
function outline(element) {
  const borders = /** @type {NodeListOf<SVGGraphicsElement>} */ (element.querySelectorAll("rect, ellipse"));
  return Array.from(borders, (border) => border.getBBox()).reduce((a, b) => (b.width > a.width ? b : a));
}

/** Write something beside a box. */
/** @param {SVGGElement} element @param {string} name @param {number} x @param {number} y @param {string} said */
function write(element, name, x, y, said) {
  const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
  const about = { class: name, x, y, "aria-hidden": "true" };
  for (const [key, value] of Object.entries(about)) text.setAttribute(key, String(value));
  text.textContent = said;
  element.append(text);
}

// Two networks that are compared.

/** What became of something: of all that it stands for. @param {number[]} applied */
function markOf(applied) {
  const marks = new Set(applied.map((at) => side.marks?.[at] ?? ""));
  if (marks.size < 2) return [...marks][0] ?? "";
  return [...marks].every((mark) => mark === "" || mark === "follows") ? "follows" : "changed";
}

/** Put a sign beside what is new, gone or changed. */
function sign() {
  for (const { element, applied } of items) {
    const mark = markOf(applied);
    if (!mark) continue;
    element.classList.add(mark);
    element.setAttribute("aria-label", `${words[mark]}: ${element.getAttribute("aria-label")}`);
    const { x, y } = outline(element);
    write(element, "sign", x - 5, y + 10, { added: "+", removed: "−", changed: "~", follows: "·" }[mark] ?? "");
  }
}

document.querySelectorAll(".side").forEach((button, to) => {
  button.addEventListener("click", () => {
    if (side === sides[to]) return;
    const twin = side.twins?.[block] ?? -1;
    turn(to);
    depth = Math.min(depth, side.depths.length - 1);
    go(twin);
  });
});
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#differences button"))) {
  button.onclick = () => {
    turn(Number(button.dataset.side));
    const at = named(button.dataset.path ?? "")[0];
    if (at === undefined) go(-1);
    else go(all[at].outer, at);
  };
}

// Colours, search and settings.

/** Colour the boxes by what they hold or cost, and write it above them. */
function colour() {
  const what = by("colour").value;
  const isHeat = what !== "kinds";
  stage.classList.toggle("heat", isHeat);
  for (const old of stage.querySelectorAll(".cost")) old.remove();
  by("most").hidden = !isHeat;
  const amounts = items.map((item) => (isHeat ? amount(item.applied, what) ?? 0 : 0));
  const top = Math.max(1, ...amounts.filter((_, i) => !items[i].isFrame));
  items.forEach(({ element, isFrame }, i) => {
    for (let level = 1; level <= 5; level++) element.classList.remove(`heat${level}`);
    if (!amounts[i] || isFrame) return;
    element.classList.add(`heat${Math.max(1, Math.ceil(5 * Math.sqrt(amounts[i] / top)))}`);
    const { x, y, width } = outline(element);
    write(element, "cost", x + width - 4, y - 3, inShort(what, amounts[i]));
  });
  const legend = by("legend");
  for (const old of legend.querySelectorAll(".level")) old.remove();
  for (const kind of legend.querySelectorAll("[data-kind]")) kind.hidden = isHeat;
  if (!isHeat) return;
  for (let level = 1; level <= 5; level++) {
    const swatch = made("span", "   ");
    swatch.style.cssText = `background:var(--heat${level});border:1px solid var(--cluster-line);white-space:pre`;
    const entry = made("li", "", swatch, ` ≤ ${inShort(what, (top * level ** 2) / 25)}`);
    entry.className = "level";
    legend.append(entry);
  }
  const end = block < 0 ? all.length : all[block].end;
  /** @type {(at: number) => number} */
  const cost = (at) => amount([at], what) ?? 0;
  const inside = all.flatMap((_, at) => (at > block && at <= end ? [at] : []));
  const leaves = inside.filter((at) => all[at].step.inside === undefined && cost(at));
  const ranked = leaves.sort((a, b) => cost(b) - cost(a)).slice(0, 8);
  by("most").querySelector("ol").replaceChildren(...ranked.map((at) => entryOf(at, inWords(what, cost(at)))));
}

/** A button that leads to an application. @param {number} at @param {string} about */
function entryOf(at, about) {
  const { step } = all[at];
  const name = step.name ? pathOf(at) : join(all[at].path, step.title);
  const button = made("button", "", made("b", name), made("i", about));
  button.onclick = () => {
    by("found").hidden = true;
    goTo(at);
  };
  return made("li", "", button);
}

const MOST_FOUND = 60;

/** Look for what the reader has typed. */
function find() {
  const terms = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  /** @type {(text: string) => boolean} */
  const has = (text) => terms.every((/** @type {string} */ term) => text.toLowerCase().includes(term));
  const found = !terms.length ? [] : all.flatMap((_, at) => (has(`${pathOf(at)} ${title(at)}`) ? [at] : []));
  found.sort((a, b) => Number(has(pathOf(b))) - Number(has(pathOf(a))));
  const numbers = new Set(found);
  for (const { element, applied } of items) element.classList.toggle("hit", applied.some((at) => numbers.has(at)));
  const count = found.length ? words.found.replace("{count}", found.length.toLocaleString(language)) : words.none;
  by("count").textContent = terms.length ? count : "";
  by("found").replaceChildren(...found.slice(0, MOST_FOUND).map((at) => entryOf(at, title(at))));
  return found;
}

const search = /** @type {HTMLInputElement} */ (by("search"));
const searched = () => (by("found").hidden = !find().length);
search.oninput = searched;
search.onfocus = () => (by("found").hidden = !search.value || !find().length);
by("finder").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const buttons = /** @type {HTMLElement[]} */ (Array.from(by("found").querySelectorAll("button")));
  if (event.key === "Escape") {
    search.value = "";
    search.focus();
    searched();
  } else if (event.target === search && event.key === "Enter") buttons[0]?.click();
  else if (event.target === search && event.key === "ArrowDown") {
    event.preventDefault();
    buttons[0]?.focus();
  } else if (event.target !== search) /** @type {HTMLElement | null} */ (rove(event, buttons))?.focus();
});
addEventListener("pointerdown", (event) => {
  if (!by("finder").contains(event.target)) by("found").hidden = true;
});
addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = {
    Backspace: () => block >= 0 && go(all[block].outer, block),
    Escape: () => choose(null),
    "/": () => search.focus(),
    "+": () => scale(zoom * 1.25),
    "-": () => scale(zoom / 1.25),
    0: () => fit(),
  }[event.key];
  if (pressed) {
    event.preventDefault();
    pressed();
  }
});

by("depth").onchange = () => {
  depth = by("depth").selectedIndex;
  go(-1);
};
by("colour").onchange = colour;
/** Show the page in light or dark colours. @param {string} name */
function paint(name) {
  by("page").dataset.theme = name;
  by("theme").title = `${words.theme}: ${words[name]}`;
  by("theme").setAttribute("aria-label", by("theme").title);
}
const themes = ["auto", "light", "dark"];
by("theme").onclick = () => paint(themes[(themes.indexOf(by("page").dataset.theme) + 1) % 3]);
paint(by("page").dataset.theme);
addEventListener("hashchange", arrive);
read();
arrive();
