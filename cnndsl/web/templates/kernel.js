"use strict";
/*
 * Kernels on their way over what comes into a layer. The numbers that come in and out and those of the kernels are
 * given, as PyTorch has them; the products and their sums are worked out here. Each `.live` of the page has its own
 * in JSON, the words are in `#words`.
 */

/** @typedef {number[][]} Rows */
/** @typedef {[number, number]} Pair rows, columns */
/** @typedef {{channel: number, numbers: Rows, overview: string | null}} Plane */
/**
 * @typedef {{channel: number, reads: number[], results: Rows, weights: Rows[] | null, bias: number | null,
 *   rest: Rows | null}} Kernel
 */
/**
 * @typedef {{how: "sum" | "max" | "mean", planes: Plane[], kernels: Kernel[], size: Pair, start: Pair, first: Pair,
 *   begin: Pair, kernel: Pair, stride: Pair, dilation: Pair, inside: [Pair, Pair], counted: [Pair, Pair],
 *   signal: boolean, others: string, note: string}} Sliding
 */
/** @typedef {{figure: HTMLElement, table: HTMLTableElement, cells: HTMLTableCellElement[][]}} Grid */

(() => {
  const MOST_TERMS = 25;
  const LARGEST = 40; // pixels of a cell
  const SMALLEST_LETTERS = 7;

  /** @type {Record<string, string>} */
  const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

  /** @param {string} message @param {Record<string, string | number>} values */
  function said(message, values) {
    return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** A number in a few digits, whole ones in full, with a real minus sign. @param {number} x */
  function short(x, digits = 3) {
    if (Number.isNaN(x)) return "NaN";
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
    if (Number.isInteger(x) && Math.abs(x) < 100000) return String(x).replace("-", "−");
    const [number, power] = rounded(x, digits).split("e").map(Number);
    const isPlain = -4 <= power && power < digits;
    const raised = `e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    const text = isPlain ? String(Number(`${number}e${power}`)) : `${number}${raised}`;
    return text.replaceAll("-", "−");
  }

  /** In scientific notation; a number in the middle of two goes to the even one, as in Python. @param {number} x */
  function rounded(x, /** @type {number} */ digits) {
    const exact = x.toExponential(60);
    const [number, power] = exact.split("e");
    const kept = number.slice(0, number.indexOf(".") + digits);
    const isHalf = /^50*$/.test(number.slice(kept.length));
    return isHalf && Number(kept.at(-1)) % 2 === 0 ? `${kept}e${power}` : x.toExponential(digits - 1);
  }

  /** Whether `short` says all of a number. @param {number} x */
  function isShort(x) {
    return !Number.isFinite(x) || Number(short(x).replaceAll("−", "-")) === x;
  }

  /** @param {number[]} numbers */
  function equals(...numbers) {
    return numbers.every(isShort) ? "=" : "≈";
  }

  /** @param {number} x */
  function bracketed(x) {
    return x < 0 ? `(${short(x)})` : short(x);
  }

  /** @param {number} x */
  function signed(x) {
    return x < 0 ? `− ${short(-x)}` : `+ ${short(x)}`;
  }

  /**
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag @param {string} [name] @param {string} [text]
   * @returns {HTMLElementTagNameMap[T]}
   */
  function make(tag, name = "", text = "") {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  }

  /** A table of so many cells. @param {number} rows @param {number} columns @param {string} caption @returns {Grid} */
  function grid(rows, columns, caption, name = "") {
    const figure = make("figure", name);
    const scroll = make("div", "cells");
    const table = make("table");
    table.setAttribute("aria-label", caption);
    const cells = Array.from({ length: rows }, () => {
      const row = table.insertRow();
      return Array.from({ length: columns }, () => row.insertCell());
    });
    scroll.append(table);
    figure.append(scroll, make("figcaption", "", caption));
    return { figure, table, cells };
  }

  /** Write numbers into a grid; each has a colour by its part of the bound. @param {Grid} at @param {Rows} numbers */
  function write(at, numbers, bound = largest(numbers)) {
    let longest = 1;
    numbers.forEach((row, r) =>
      row.forEach((x, c) => {
        const cell = at.cells[r][c];
        const text = brief(x, bound);
        longest = Math.max(longest, text.length);
        if (cell.textContent !== text) cell.textContent = text;
        cell.title = short(x);
        cell.classList.toggle("below", x < 0);
        const share = bound && Number.isFinite(x) ? Math.min(Math.abs(x) / bound, 1) : 0;
        cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
      }),
    );
    at.table.dataset.longest = String(longest);
  }

  /** A number in so many decimals as tell it from others up to the bound; whole ones in full. */
  function brief(/** @type {number} */ x, /** @type {number} */ bound) {
    const power = Math.floor(Math.log10(bound));
    if (Number.isInteger(x) || !Number.isFinite(x) || power < -3 || power > 2) return short(x, 2);
    return x.toFixed(power < 0 ? 1 - power : 2 - power).replace("-", "−");
  }

  /** The largest magnitude. @param {Rows} numbers */
  function largest(numbers) {
    return Math.max(0, ...numbers.flat().map(Math.abs).filter(Number.isFinite));
  }

  /** The sides of the cells of like grids, in pixels; numbers that would be too small to read are left to colours. */
  function scale(/** @type {Grid[]} */ grids, /** @type {number} */ side) {
    const longest = Math.max(...grids.map((at) => Number(at.table.dataset.longest)));
    const letters = Math.min(15, side / (0.6 * longest + 0.5));
    for (const { figure } of grids) {
      figure.style.setProperty("--cell", `${side}px`);
      figure.style.setProperty("--letters", `${letters.toFixed(1)}px`);
      figure.classList.toggle("bare", letters < SMALLEST_LETTERS || side < 14);
    }
  }

  /** One layer, with a kernel at one place at a time. */
  class Live {
    /** @param {HTMLElement} root @param {Sliding} data */
    constructor(root, data) {
      this.root = root;
      this.data = data;
      this.rows = data.kernels[0].results.length;
      this.columns = data.kernels[0].results[0].length;
      this.count = this.rows * this.columns;
      this.place = data.begin[0] * this.columns + data.begin[1];
      this.chosen = 0;
      this.timer = 0;
      /** @type {{plane: Plane, map: Grid, frames: HTMLElement[], window: Grid, terms: Grid[], total: HTMLElement}[]} */
      this.reads = [];

      this.stage = make("div", "stage");
      this.stage.tabIndex = 0;
      this.stage.setAttribute("role", "group");
      this.stage.setAttribute("aria-label", words.stage);
      this.stage.classList.toggle("signal", data.signal);
      this.inputs = make("div", "inputs");
      const outputs = make("div", "outputs");
      this.outputs = data.kernels.map((kernel, k) => {
        const caption = said(words.output, { channel: this.channel(kernel.channel) });
        const made = grid(this.rows, this.columns, caption, "output");
        write(made, kernel.results);
        this.follow(made, (row, column) => this.go(row * this.columns + column, k));
        outputs.append(made.figure);
        return made;
      });
      this.stage.append(this.inputs, outputs);
      this.status = /** @type {HTMLElement} */ (root.querySelector(".said"));
      this.parts = make("div", "parts");
      root.prepend(this.stage, this.controls());
      this.status.after(this.parts);
      if (data.note) root.append(make("p", "note", `${data.note}.`));
      this.stage.addEventListener("keydown", (event) => this.pressed(event));
      this.choose(0);
      this.status.setAttribute("role", "status");
      this.status.setAttribute("aria-live", "polite");
      new ResizeObserver(() => this.fit()).observe(root);
      window.addEventListener("resize", () => this.fit());
    }

    /** @param {number} channel */
    channel(channel) {
      return said(words.channel, { number: channel });
    }

    controls() {
      const bar = make("div", "controls");
      const back = make("button", "", words.back);
      this.play = make("button", "play", words.play);
      const next = make("button", "", words.next);
      this.slider = make("input");
      this.slider.type = "range";
      this.slider.max = String(this.count - 1);
      this.slider.setAttribute("aria-label", words.place);
      for (const button of [back, this.play, next]) button.type = "button";
      back.addEventListener("click", () => this.go(this.place - 1));
      next.addEventListener("click", () => this.go(this.place + 1));
      this.play.addEventListener("click", () => this.toggle());
      this.slider.addEventListener("input", () => this.go(Number(this.slider?.value)));
      bar.append(back, this.play, next, this.slider);
      if (this.data.kernels.length > 1) {
        this.choice = make("select");
        this.choice.setAttribute("aria-label", words.which);
        for (const kernel of this.data.kernels) {
          const name = this.data.how === "sum" ? said(words.kernel, { number: kernel.channel }) : this.channel(kernel.channel);
          this.choice.append(make("option", "", name));
        }
        this.choice.addEventListener("change", () => this.go(this.place, this.choice?.selectedIndex));
        bar.append(this.choice);
      }
      return bar;
    }

    /** Call back with the row and column of a cell under the mouse, or that is tapped. */
    follow(/** @type {Grid} */ at, /** @type {(row: number, column: number) => void} */ found) {
      /** @param {Event} event */
      const seen = (event) => {
        const cell = event.target instanceof Element ? event.target.closest("td") : null;
        if (cell) found(/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex, cell.cellIndex);
      };
      at.table.addEventListener("click", seen);
      at.table.addEventListener("pointerover", (event) => {
        if (event.pointerType === "mouse") seen(event);
      });
    }

    /** @param {KeyboardEvent} event */
    pressed(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      /** @type {Record<string, number>} */
      const places = {
        ArrowLeft: this.place - 1,
        ArrowRight: this.place + 1,
        ArrowUp: this.place - this.columns,
        ArrowDown: this.place + this.columns,
        Home: 0,
        End: this.count - 1,
      };
      if (event.key === " ") this.toggle();
      else if (event.key in places) this.go(places[event.key]);
      else return;
      event.preventDefault();
    }

    /** Go to a place, and perhaps to another kernel; where there is no such place stay. */
    go(/** @type {number} */ place, chosen = this.chosen) {
      this.stop();
      if (chosen !== this.chosen) this.choose(chosen);
      if (place < 0 || place >= this.count) return;
      this.place = place;
      this.show();
    }

    toggle() {
      if (this.timer) return this.stop();
      if (this.place === this.count - 1) this.place = -1;
      this.root.scrollIntoView({ block: "nearest" });
      this.status.setAttribute("aria-live", "off"); // or it would be read as fast as it changes
      if (this.play) this.play.textContent = words.pause;
      const step = () => {
        if (!this.root.isConnected || this.place >= this.count - 1) return this.stop();
        this.place += 1;
        this.show();
        if (this.place === this.count - 1) this.stop();
      };
      this.timer = window.setInterval(step, this.count > 16 ? 500 : 900);
      step();
    }

    stop() {
      window.clearInterval(this.timer);
      this.timer = 0;
      this.status.setAttribute("aria-live", "polite");
      if (this.play) this.play.textContent = words.play;
    }

    /** Show another kernel, with the channels of the input that it reads. @param {number} chosen */
    choose(chosen) {
      const { data } = this;
      const kernel = data.kernels[chosen];
      const [high, wide] = data.kernel;
      this.chosen = chosen;
      if (this.choice) this.choice.selectedIndex = chosen;
      const bound = kernel.weights ? Math.max(...kernel.weights.map(largest)) : 0;
      this.reads = kernel.reads.map((read, j) => {
        const plane = data.planes[read];
        const channel = this.channel(plane.channel);
        const map = grid(plane.numbers.length, plane.numbers[0].length, said(words.input, { channel }), "map");
        write(map, plane.numbers);
        map.cells.forEach((row, r) =>
          row.forEach((cell, c) => cell.classList.toggle("padding", !this.lies(data.inside, r, c))),
        );
        const frame = make("div", "frame");
        map.table.after(frame);
        this.follow(map, (row, column) => this.go(this.over(row, column)));
        const window = grid(high, wide, words.window);
        const terms = kernel.weights ? [grid(high, wide, words.weights), grid(high, wide, words.product)] : [];
        if (kernel.weights) write(terms[0], kernel.weights[j], bound);
        const total = make("strong", "total");
        return { plane, map, frames: [frame], window, terms, total };
      });
      this.inputs.replaceChildren(...this.reads.map((read) => this.line(read, this.channel(read.plane.channel))));
      this.outputs.forEach((made, k) => made.figure.classList.toggle("chosen", k === chosen));
      this.show();
      this.fit();
    }

    /** A channel of the input in a line: where the kernel lies, and what comes of it. */
    line(/** @type {Live["reads"][number]} */ read, /** @type {string} */ channel) {
      const line = make("div", "read");
      if (read.plane.overview) line.append(this.overview(read, channel));
      const terms = make("div", "terms");
      const signs = ["·", "="];
      terms.append(read.window.figure);
      read.terms.forEach((term, k) => terms.append(make("span", "sign", signs[k]), term.figure));
      const sum = make("div", "sums");
      sum.append(read.total, make("span", "caption", this.data.how === "sum" ? words.sum : ""));
      terms.append(make("span", "sign", "→"), sum);
      line.append(read.map.figure, terms);
      return line;
    }

    /** The whole channel, with frames around the part that is shown and what lies under the kernel. */
    overview(/** @type {Live["reads"][number]} */ read, /** @type {string} */ channel) {
      const { data } = this;
      const figure = make("figure", "whole");
      const image = make("img", "map");
      image.src = read.plane.overview ?? "";
      image.alt = said(words.whole, { channel });
      const part = make("div", "part");
      const kernel = make("div", "frame");
      const shown = /** @type {Pair} */ ([read.plane.numbers.length, read.plane.numbers[0].length]);
      this.within(part, data.start, shown);
      read.frames.push(kernel);
      const picture = make("div", "picture");
      picture.append(image, part, kernel);
      figure.append(picture);
      return figure;
    }

    /** Lay a frame over a part of a picture of the whole input. */
    within(/** @type {HTMLElement} */ frame, /** @type {Pair} */ start, /** @type {Pair} */ size) {
      const [height, width] = this.data.size;
      frame.style.top = `${(100 * start[0]) / height}%`;
      frame.style.left = `${(100 * start[1]) / width}%`;
      frame.style.height = `${(100 * size[0]) / height}%`;
      frame.style.width = `${(100 * size[1]) / width}%`;
    }

    /** The rows and columns from the first cell of the kernel to the last. @returns {Pair} */
    extent() {
      const { kernel, dilation } = this.data;
      return [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
    }

    /** The place of the kernel whose middle is the nearest to a cell of the input. */
    over(/** @type {number} */ row, /** @type {number} */ column) {
      const { stride } = this.data;
      const [high, wide] = this.extent();
      const r = Math.round((row - (high - 1) / 2) / stride[0]);
      const c = Math.round((column - (wide - 1) / 2) / stride[1]);
      return Math.min(Math.max(r, 0), this.rows - 1) * this.columns + Math.min(Math.max(c, 0), this.columns - 1);
    }

    /** Whether a cell of the input lies within these ends. */
    lies(/** @type {[Pair, Pair]} */ ends, /** @type {number} */ row, /** @type {number} */ column) {
      return ends[0][0] <= row && row < ends[0][1] && ends[1][0] <= column && column < ends[1][1];
    }

    /** The rows and columns of the input under the kernel. @returns {[number[], number[]]} */
    under() {
      const { kernel, stride, dilation } = this.data;
      const place = [Math.floor(this.place / this.columns), this.place % this.columns];
      const [rows, columns] = [0, 1].map((axis) =>
        Array.from({ length: kernel[axis] }, (_, k) => place[axis] * stride[axis] + k * dilation[axis]),
      );
      return [rows, columns];
    }

    /** Everything for the place where the kernel is. */
    show() {
      const { data, place } = this;
      const kernel = data.kernels[this.chosen];
      const [row, column] = [Math.floor(place / this.columns), place % this.columns];
      const [rows, columns] = this.under();
      const result = kernel.results[row][column];
      const [high, wide] = this.extent();
      const isSpread = data.dilation.some((d) => d > 1);
      const totals = this.reads.map((read, j) => {
        const numbers = rows.map((r) => columns.map((c) => read.plane.numbers[r]?.[c] ?? 0));
        write(read.window, numbers, largest(read.plane.numbers));
        read.window.cells.forEach((cells, r) =>
          cells.forEach((cell, c) => {
            const isCounted = this.lies(data.counted, rows[r], columns[c]);
            cell.classList.toggle("padding", !this.lies(data.inside, rows[r], columns[c]));
            cell.classList.toggle("uncounted", !isCounted && data.how !== "sum");
            cell.classList.toggle("hit", data.how === "max" && isCounted && numbers[r][c] === result);
          }),
        );
        read.map.cells.forEach((cells, r) =>
          cells.forEach((cell, c) => cell.classList.toggle("under", isSpread && rows.includes(r) && columns.includes(c))),
        );
        const [frame, small] = read.frames;
        for (const [name, value] of Object.entries({ row: rows[0], column: columns[0], high, wide }))
          frame.style.setProperty(`--${name}`, String(value));
        if (small) this.within(small, [data.start[0] + rows[0], data.start[1] + columns[0]], [high, wide]);
        if (!kernel.weights) {
          read.total.textContent = short(result);
          return result;
        }
        const weights = kernel.weights[j];
        const products = numbers.map((line, r) => line.map((x, c) => x * weights[r][c]));
        write(read.terms[1], products);
        const total = products.flat().reduce((sum, x) => sum + x, 0);
        read.total.textContent = short(total);
        return total;
      });
      this.outputs.forEach((made, k) =>
        made.cells.flat().forEach((cell, at) => {
          cell.classList.toggle("later", at > place);
          cell.classList.toggle("here", at === place);
        }),
      );
      const at = this.said(row, column, kernel.channel);
      if (this.slider) {
        this.slider.value = String(place);
        this.slider.setAttribute("aria-valuetext", at);
      }
      const heading = make("p");
      heading.append(make("strong", "", said(words.heading, { place: at })));
      const lines = this.lines(kernel, totals, row, column).map((line) => {
        const paragraph = make("p", "sum");
        paragraph.append(make("code", "", line));
        return paragraph;
      });
      this.status.replaceChildren(heading, ...lines.slice(-1));
      this.parts.replaceChildren(...lines.slice(0, -1)); // too long to be read aloud at each place
    }

    /** Where a number of the output is, in words. */
    said(/** @type {number} */ row, /** @type {number} */ column, /** @type {number} */ channel) {
      const { first, signal } = this.data;
      const across = said(signal ? words.position : words.column, { number: first[1] + column });
      const places = signal ? across : said(words.row, { number: first[0] + row }) + words.comma + across;
      return said(words.places, { places, channel: this.channel(channel) });
    }

    /** The arithmetic, a line for each channel of the input that is shown, and one for what comes of them. */
    lines(/** @type {Kernel} */ kernel, /** @type {number[]} */ totals, /** @type {number} */ row, /** @type {number} */ column) {
      const { data } = this;
      const result = kernel.results[row][column];
      const [rows, columns] = this.under();
      /** @param {(r: number, c: number, r0: number, c0: number) => void} look */
      const each = (look) => rows.forEach((r, r0) => columns.forEach((c, c0) => look(r, c, r0, c0)));
      if (!kernel.weights) {
        /** @type {number[]} */
        const read = [];
        each((r, c) => {
          if (this.lies(data.counted, r, c)) read.push(this.reads[0].plane.numbers[r][c]);
        });
        const listed = read.map((x) => short(x)).join(", ");
        const numbers = read.length <= MOST_TERMS ? listed : said(words.numbers, { count: read.length });
        const which = said(data.how === "max" ? words.largest : words.mean, { numbers });
        return [`${which} ${equals(result, ...read)} ${short(result)}`];
      }
      const weights = kernel.weights;
      const isAlone = this.reads.length === 1 && !kernel.rest && kernel.bias === null;
      const found = this.reads.map((read, j) => {
        const before = isAlone ? "" : `${this.channel(read.plane.channel)}: `;
        /** @type {[number, number][]} */
        const terms = [];
        each((r, c, r0, c0) => terms.push([read.plane.numbers[r][c], weights[j][r0][c0]]));
        if (terms.length > MOST_TERMS)
          return `${before}${said(words.products, { count: terms.length })} ≈ ${short(totals[j])}`;
        const written = terms.map(([a, b]) => `${bracketed(a)}·${bracketed(b)}`).join(" + ");
        return `${before}${written} ${equals(totals[j], ...terms.flat())} ${short(totals[j])}`;
      });
      if (isAlone) return found;
      const parts = [...totals];
      const told = totals.map((total, j) => (j ? signed(total) : short(total)));
      if (kernel.rest) {
        parts.push(kernel.rest[row][column]);
        told.push(`${signed(kernel.rest[row][column])} (${data.others})`);
      }
      if (kernel.bias !== null) {
        parts.push(kernel.bias);
        told.push(`${signed(kernel.bias)} (${words.bias})`);
      }
      return [...found, `${told.join(" ")} ${equals(result, ...parts)} ${short(result)}`];
    }

    /** Give the cells the size for which there is room, so that what moves is seen at a glance. */
    fit() {
      const room = this.stage.clientWidth - 12;
      const [first] = this.reads;
      if (room <= 0 || !first) return;
      const [rows, columns] = [first.map.cells.length, first.map.cells[0].length];
      const [high, wide] = this.data.kernel;
      const terms = first.terms.length + 1;
      const beside = first.plane.overview ? 110 : 0;
      const gaps = 70 + 28 * terms;
      const view = Math.min(Math.max(window.innerHeight - 110, 400), 900); // what is seen above the buttons
      const height = (0.64 * view) / this.reads.length - 26;
      /** @param {number} side @param {number} least */
      const sides = (side, least) => Math.max(Math.min(Math.floor(side), LARGEST), least);
      const alike = (room - beside - gaps - 24) / (columns + terms * wide); // all in one line, of one size
      const least = rows === 1 ? 3 : columns > 20 ? 6 : 9;
      let map = sides(Math.min(height / rows, alike < 22 ? (room - beside) / columns : alike), least);
      let term = Math.min((room - beside - gaps - 24 - map * columns) / (terms * wide), Math.max(height / high, 30));
      if (term < Math.min(20, map)) {
        term = Math.min((room - gaps) / (terms * wide), 28); // below the map
        map = sides(Math.min(Math.max(height - high * term - 24, 120) / rows, (room - beside) / columns), least);
      }
      const isLong = rows === 1 && term < 12;
      if (isLong) term = (room - 4) / wide; // each in a line of its own
      this.stage.classList.toggle("long", isLong);
      this.stage.style.setProperty("--term", `${sides(term, 20)}px`);
      scale(this.reads.map((read) => read.map), map);
      const side = sides(term, Math.min(8, least));
      scale(this.reads.map((read) => read.window), side);
      for (const k of first.terms.keys()) scale(this.reads.map((read) => read.terms[k]), side);
      /** @param {number} beside */
      const output = (beside) => (room - 20 * (beside - 1)) / (beside * this.columns);
      const count = this.outputs.length;
      const wanted = output(count) < 16 ? Math.min(output(Math.min(count, 2)), 28) : output(count);
      scale(this.outputs, sides(Math.min(wanted, Math.max((0.3 * view) / this.rows, 16)), 8));
    }
  }

  /** Make a part of the page live. @param {HTMLElement} root */
  function begin(root) {
    const given = root.querySelector("script");
    if (!given) return;
    /** @type {Sliding} */
    const data = JSON.parse(given.textContent ?? "");
    given.remove();
    /** @param {Rows} rows */
    const numbers = (rows) => rows.map((row) => row.map(Number)); // NaN is a text in JSON
    for (const plane of data.planes) plane.numbers = numbers(plane.numbers);
    for (const kernel of data.kernels) {
      kernel.results = numbers(kernel.results);
      kernel.weights = kernel.weights && kernel.weights.map(numbers);
      kernel.rest = kernel.rest && numbers(kernel.rest);
      kernel.bias = kernel.bias === null ? null : Number(kernel.bias);
    }
    new Live(root, data);
  }

  for (const root of document.querySelectorAll(".live")) {
    if (!(root instanceof HTMLElement)) continue;
    const folded = root.closest("details.sliding");
    if (folded instanceof HTMLDetailsElement && !folded.open)
      folded.addEventListener("toggle", () => begin(root), { once: true });
    else begin(root);
  }
})();
