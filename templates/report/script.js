"use strict";

// Every .pattern shows one group of heads: two canvases for A and B, one for arcs between positions. The entries
// come as rows of bits in the .squares of the same section. Positions are 0-based; (i, j) is row and column.
(() => {
  const MOST_ZOOM_CELLS = 8; // what the closest view still shows
  const DRAG = 4; // pixels that make a drag of a click

  // -- entries ----------------------------------------------------------------------------------------------

  /** The columns of each row. */
  function rowsOf(text, length) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const width = Math.ceil(length / 8);
    return Array.from({ length }, (_, row) => {
      const columns = [];
      for (let column = 0; column < length; column++) {
        if (bytes[row * width + (column >> 3)] & (0x80 >> (column & 7))) columns.push(column);
      }
      return columns;
    });
  }

  /** For an output i: the next output on a shortest way from each output to i, and how many hops are left. */
  function waysTo(i, b) {
    const hops = new Int32Array(i + 1).fill(-1);
    const next = new Int32Array(i + 1).fill(-1);
    hops[i] = 0;
    for (const queue = [i]; queue.length; ) {
      const later = queue.shift();
      for (const earlier of b[later]) {
        if (hops[earlier] < 0) {
          hops[earlier] = hops[later] + 1;
          next[earlier] = later;
          queue.push(earlier);
        }
      }
    }
    return { hops, next };
  }

  /** The outputs of a shortest influence path x_j → y_m → … → y_i, and its length; null if there is none. */
  function shortestPath(j, i, a, ways) {
    let best = null;
    for (let m = j; m <= i; m++) {
      if (ways.hops[m] < 0 || !a[m].includes(j)) continue;
      const length = ways.hops[m] + (m === j ? 0 : 1);
      if (best === null || length < best.length) best = { first: m, length };
    }
    if (best === null) return null;
    const outputs = [best.first];
    while (outputs.at(-1) !== i) outputs.push(ways.next[outputs.at(-1)]);
    return { outputs, length: best.length };
  }

  /** How far down the line of positions is: A's arcs hang below it, B's stand above it. */
  function arcLevel({ a, b }) {
    const below = a.some((columns, row) => columns.some((column) => column < row));
    const above = b.some((columns) => columns.length);
    return above === below ? 0.5 : above ? 0.75 : 0.25;
  }

  // -- words ------------------------------------------------------------------------------------------------

  /** Ascending numbers, neighbours joined: 0–3, 7. */
  function listed(numbers) {
    const parts = [];
    for (let start = 0; start < numbers.length; ) {
      let stop = start;
      while (numbers[stop + 1] === numbers[stop] + 1) stop++;
      parts.push(stop - start > 1 ? `${numbers[start]}–${numbers[stop]}` : numbers.slice(start, stop + 1).join(", "));
      start = stop + 1;
    }
    return parts.length > 40 ? `${parts.slice(0, 39).join(", ")}, … ${parts.at(-1)}` : parts.join(", ");
  }

  function counted(name, numbers) {
    if (!numbers.length) return `no ${name}s`;
    return `${name}${numbers.length === 1 ? "" : "s"} ${listed(numbers)}`;
  }

  function pathInWords({ i, j }, path) {
    if (j > i) return `x_${j} comes after y_${i}.`;
    if (path === null) return `No influence path leads from x_${j} to y_${i}.`;
    const stations = [`x_${j}`, ...path.outputs.map((output) => `y_${output}`)];
    return `Shortest influence path: ${stations.join(" → ")}, length ${path.length}.`;
  }

  // -- colours ----------------------------------------------------------------------------------------------

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  function channels(hex) {
    return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
  }

  /** The entries of a side, a dot each, on a canvas that is never shown itself. */
  function painted(rows, side) {
    const length = rows.length;
    const image = new ImageData(length, length);
    const entry = channels(colour(side));
    const causal = channels(colour("causal"));
    rows.forEach((columns, row) => {
      for (let column = 0; column <= row; column++) image.data.set([...causal, 255], 4 * (row * length + column));
      for (const column of columns) image.data.set([...entry, 255], 4 * (row * length + column));
    });
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = length;
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  // -- one group of heads -----------------------------------------------------------------------------------

  class Pattern {
    constructor(root, { length, a, b }) {
      this.root = root;
      this.length = length;
      this.rows = { a: rowsOf(a, length), b: rowsOf(b, length) };
      this.level = arcLevel(this.rows);
      this.view = { left: 0, top: 0, size: length };
      this.cell = { i: length - 1, j: 0 };
      this.pointers = new Map();
      this.sides = [...root.querySelectorAll("canvas[data-side]")];
      this.arcs = root.querySelector("canvas.arcs");
      this.asks = { i: root.querySelector("[data-ask=i]"), j: root.querySelector("[data-ask=j]") };
      this.repaint();
      this.listen();
      this.look(this.view);
      this.select(this.cell);
    }

    shown(name) {
      return this.root.querySelector(`[data-shown=${name}]`);
    }

    listen() {
      for (const canvas of this.sides) {
        canvas.addEventListener("pointerdown", (event) => this.press(canvas, event));
        canvas.addEventListener("pointermove", (event) => this.move(canvas, event));
        canvas.addEventListener("pointerup", (event) => this.lift(canvas, event));
        canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
        canvas.addEventListener("wheel", (event) => this.wheel(canvas, event), { passive: false });
        canvas.addEventListener("keydown", (event) => this.key(event));
      }
      for (const button of this.root.querySelectorAll("[data-zoom]")) {
        const factor = { in: 2, out: 0.5, whole: 0 }[button.dataset.zoom];
        button.addEventListener("click", () => this.zoom(factor, this.middle()));
      }
      for (const [name, input] of Object.entries(this.asks)) {
        input.addEventListener("input", () => {
          if (input.value !== "" && input.checkValidity()) this.select({ ...this.cell, [name]: input.valueAsNumber });
        });
      }
      new ResizeObserver(() => this.draw()).observe(this.root);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    }

    // -- pointing

    /** The place of an event in cells, fractions included. */
    place(canvas, event) {
      const box = canvas.getBoundingClientRect();
      const { left, top, size } = this.view;
      return {
        x: left + ((event.clientX - box.left) / box.width) * size,
        y: top + ((event.clientY - box.top) / box.height) * size,
      };
    }

    point(canvas, event) {
      const { x, y } = this.place(canvas, event);
      this.select({ i: Math.floor(y), j: Math.floor(x) });
    }

    press(canvas, event) {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: 0 });
    }

    move(canvas, event) {
      const pointer = this.pointers.get(event.pointerId);
      if (!pointer) {
        if (event.pointerType !== "touch") this.point(canvas, event);
        return;
      }
      const before = this.spread();
      const step = { x: event.clientX - pointer.x, y: event.clientY - pointer.y };
      pointer.moved += Math.hypot(step.x, step.y);
      pointer.x = event.clientX;
      pointer.y = event.clientY;
      const cells = this.view.size / canvas.getBoundingClientRect().width / this.pointers.size;
      this.look({ left: this.view.left - step.x * cells, top: this.view.top - step.y * cells, size: this.view.size });
      if (before) this.zoom(this.spread() / before, this.place(canvas, this.centre()));
    }

    lift(canvas, event) {
      const pointer = this.pointers.get(event.pointerId);
      if (pointer && pointer.moved < DRAG) this.point(canvas, event);
      this.pointers.delete(event.pointerId);
    }

    /** How far two fingers are apart; 0 for other numbers of them. */
    spread() {
      const [first, second, ...more] = this.pointers.values();
      return second && !more.length ? Math.hypot(first.x - second.x, first.y - second.y) : 0;
    }

    centre() {
      const all = [...this.pointers.values()];
      const mean = (name) => all.reduce((sum, pointer) => sum + pointer[name], 0) / all.length;
      return { clientX: mean("x"), clientY: mean("y") };
    }

    /** Plain wheels scroll the page, unless the canvas was chosen and there is something to zoom. */
    wheel(canvas, event) {
      const idle = document.activeElement !== canvas || (event.deltaY > 0 && this.view.size === this.length);
      if (idle && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(2 ** Math.max(-1, Math.min(1, -event.deltaY / 100)), this.place(canvas, event));
    }

    key(event) {
      const step = event.shiftKey ? 8 : 1;
      const { i, j } = this.cell;
      const moves = {
        ArrowLeft: { i, j: j - step },
        ArrowRight: { i, j: j + step },
        ArrowUp: { i: i - step, j },
        ArrowDown: { i: i + step, j },
      };
      const factors = { "+": 2, "=": 2, "-": 0.5, 0: 0 };
      if (event.key in moves) {
        this.select(moves[event.key]);
        this.follow();
      } else if (event.key in factors) {
        this.zoom(factors[event.key], { x: j + 0.5, y: i + 0.5 });
      } else return;
      event.preventDefault();
    }

    // -- the view

    middle() {
      const { left, top, size } = this.view;
      return { x: left + size / 2, y: top + size / 2 };
    }

    /** Show ``factor`` times less, 0 for everything, with the place (in cells) where it was. */
    zoom(factor, { x, y }) {
      const { left, top, size } = this.view;
      const closest = Math.min(MOST_ZOOM_CELLS, this.length);
      const wanted = factor ? Math.max(closest, Math.min(this.length, size / factor)) : this.length;
      const share = wanted / size;
      this.look({ left: x - (x - left) * share, top: y - (y - top) * share, size: wanted });
    }

    look({ left, top, size }) {
      const within = (start) => Math.max(0, Math.min(this.length - size, start));
      this.view = { left: within(left), top: within(top), size };
      const times = this.length / size;
      this.shown("zoom").textContent = `${Number(times.toFixed(1))}×`;
      const range = (start) => `${Math.floor(start + 1e-6)}–${Math.ceil(start + size - 1e-6) - 1}`;
      this.shown("range").textContent = `rows ${range(this.view.top)}, columns ${range(this.view.left)}`;
      for (const canvas of this.sides) canvas.classList.toggle("zoomed", times > 1);
      this.draw();
    }

    /** Move the view as little as needed for the chosen cell to be in it. */
    follow() {
      const { left, top, size } = this.view;
      const near = (start, position) => Math.max(position + 1 - size, Math.min(start, position));
      this.look({ left: near(left, this.cell.j), top: near(top, this.cell.i), size });
    }

    select({ i, j }) {
      const within = (position) => Math.max(0, Math.min(this.length - 1, position));
      const cell = { i: within(i), j: within(j) };
      if (!this.ways || cell.i !== this.cell.i) this.ways = waysTo(cell.i, this.rows.b);
      this.cell = cell;
      this.path = cell.j > cell.i ? null : shortestPath(cell.j, cell.i, this.rows.a, this.ways);
      const inputs = counted("input", this.rows.a[cell.i]);
      const outputs = counted("output", this.rows.b[cell.i]);
      this.shown("reads").textContent = `Output ${cell.i} reads ${inputs} and ${outputs}.`;
      this.shown("path").textContent = pathInWords(cell, this.path);
      for (const [name, input] of Object.entries(this.asks)) {
        if (document.activeElement !== input) input.value = cell[name];
      }
      this.draw();
    }

    // -- drawing

    repaint() {
      this.images = { a: painted(this.rows.a, "a"), b: painted(this.rows.b, "b") };
      this.draw();
    }

    draw() {
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        for (const canvas of this.sides) this.drawSide(canvas, canvas.dataset.side);
        this.drawArcs();
      });
    }

    /** A context in CSS pixels, cleared, and its size. */
    context(canvas) {
      const { width, height } = canvas.getBoundingClientRect();
      const dots = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
      const context = canvas.getContext("2d");
      context.scale(canvas.width / width, canvas.height / height);
      return [context, width, height];
    }

    drawSide(canvas, side) {
      const [context, width] = this.context(canvas);
      if (!width) return;
      const { left, top, size } = this.view;
      const cell = width / size;
      const { i, j } = this.cell;
      const at = (column, row) => [(column - left) * cell, (row - top) * cell];
      context.imageSmoothingEnabled = false;
      context.drawImage(this.images[side], left, top, size, size, 0, 0, width, width);

      const thick = Math.max(cell, 3);
      const [, y] = at(0, i + 0.5);
      context.globalAlpha = 0.22;
      context.fillStyle = colour("ink");
      context.fillRect(0, y - thick / 2, at(i + 1, 0)[0], thick);
      context.globalAlpha = 1;
      context.fillStyle = colour("ink");
      for (const column of this.rows[side][i]) {
        const [x] = at(column + 0.5, 0);
        context.fillRect(x - thick / 2, y - thick / 2, thick, thick);
      }

      context.strokeStyle = context.fillStyle = colour("path");
      context.lineWidth = 2;
      const steps = this.path ? this.stairs(side) : [];
      context.beginPath();
      for (const [from, to] of steps) {
        context.moveTo(...at(from + 0.5, from + 0.5));
        context.lineTo(...at(from + 0.5, to + 0.5));
        context.lineTo(...at(to + 0.5, to + 0.5));
      }
      context.stroke();
      for (const [from, to] of steps) {
        const [x, down] = at(from + 0.5, to + 0.5);
        context.beginPath();
        context.arc(x, down, Math.max(Math.min(cell / 2, 8), 3), 0, 2 * Math.PI);
        context.fill();
      }
      const [x] = at(j + 0.5, 0);
      const half = thick / 2 + 2;
      context.strokeRect(x - half, y - half, 2 * half, 2 * half);
    }

    /** The edges of the path that are entries of a side, from column to row. */
    stairs(side) {
      const { outputs } = this.path;
      if (side === "a") return [[this.cell.j, outputs[0]]];
      return outputs.slice(1).map((output, place) => [outputs[place], output]);
    }

    drawArcs() {
      const [context, width, height] = this.context(this.arcs);
      if (!width) return;
      const { i, j } = this.cell;
      const margin = 14;
      const line = height * this.level;
      const at = (position) => margin + (position / Math.max(this.length - 1, 1)) * (width - 2 * margin);
      const arc = (from, to, above) => {
        const radius = Math.abs(at(to) - at(from)) / 2;
        const tall = Math.min(radius, above ? line - 8 : height - line - 18);
        context.beginPath();
        context.ellipse((at(from) + at(to)) / 2, line, radius, tall, 0, above ? Math.PI : 0, above ? 0 : Math.PI);
        context.stroke();
      };
      const mark = (position, name, below) => {
        context.beginPath();
        context.arc(at(position), line, 4, 0, 2 * Math.PI);
        context.fill();
        context.textAlign = at(position) < 40 ? "left" : at(position) > width - 40 ? "right" : "center";
        context.fillText(name, at(position), below ? height - 3 : 11);
      };
      context.font = "12px system-ui, sans-serif";
      context.lineWidth = 1;
      context.strokeStyle = colour("line");
      context.beginPath();
      context.moveTo(at(0), line);
      context.lineTo(at(this.length - 1), line);
      context.stroke();

      context.globalAlpha = 0.6;
      context.strokeStyle = colour("a");
      for (const column of this.rows.a[i]) arc(column, i, false);
      context.strokeStyle = colour("b");
      for (const column of this.rows.b[i]) arc(column, i, true);
      context.globalAlpha = 1;

      context.strokeStyle = context.fillStyle = colour("path");
      context.lineWidth = 2.5;
      if (this.path) {
        for (const [from, to] of this.stairs("a")) arc(from, to, false);
        for (const [from, to] of this.stairs("b")) arc(from, to, true);
        for (const output of this.path.outputs) mark(output, "", true);
      }
      mark(j, `x_${j}`, true);
      mark(i, `y_${i}`, false);
    }
  }

  for (const section of document.querySelectorAll(".mixer")) {
    const groups = JSON.parse(section.querySelector(".squares").textContent);
    section.querySelectorAll(".pattern").forEach((root, place) => new Pattern(root, groups[place]));
  }
})();
