// @ts-check
/*
 * The picture: the unrolled network as SVG. Time runs to the right, what is said stands above what is read.
 */

const ROW = 74;
const TALL = 30;
const GAP = 10;
/** No wider is what stands beside each other. */
const WIDE = 1400;
/** With more weights than these each arrow is one line. */
const MOST_LINES = 700;

/** @param {string} tag @param {Record<string, any>} given @param {(Node | string)[]} children @returns {any} */
function svg(tag, given, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(given)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets what is another one than before: the browser draws the rest no second time. */
function set(node, given) {
  for (const [name, value] of Object.entries(given))
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Writes a text if it is another one than before. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The network as nodes, one for each value that is drawn at each time step, and the edges between them. */
class Graph {
  /** @param {any} model */
  constructor(model) {
    /** @type {Map<string, Equation>} */
    this.equations = new Map(model.equations.map((eq) => [eq.name, eq]));
    this.steps = model.sequences;
    /** @type {Map<string, Box>} */
    this.nodes = new Map();
    /** @type {Edge[]} */
    this.edges = [];
    this.#place();
    for (const node of this.nodes.values()) if (node.t >= 0) this.#connect(node);
  }

  /** By sequence, what stands above each other, from below: of what is computed once, a stack for each answer. */
  #stacks() {
    return Object.keys(this.steps).map((sequence) => {
      /** @type {Equation[][][]} */
      const stacks = [[]];
      for (const eq of this.equations.values()) {
        if (!eq.drawn || eq.sequence !== sequence) continue;
        const rows = stacks[stacks.length - 1];
        const beside = rows.find((row) => row[0].drawn === "gate" && row[0].layer === eq.layer);
        if (eq.drawn === "gate" && beside) beside.push(eq);
        else rows.push([eq]);
        if (eq.drawn === "said" && sequence === "once") stacks.push([]);
      }
      return { sequence, stacks: stacks.filter((rows) => rows.length) };
    });
  }

  /** Beside each other as far as there is room, then above: what is said stands above what is read. */
  #place() {
    const across = (row) => row.reduce((total, eq) => total + this.#size(eq)[1] + GAP, -GAP);
    const shelves = [{ x: 12, rows: 0, stacks: [] }];
    for (const { sequence, stacks } of this.#stacks()) {
      const placed = stacks.map((rows) => {
        const wide = Math.max(64, ...rows.map(across));
        const first = rows.some((row) => row.some((eq) => eq.before)) ? wide / 2 + 34 : 0;
        return { sequence, rows, wide, first, width: first + this.steps[sequence] * (wide + 40) + 16 };
      });
      const width = placed.reduce((total, stack) => total + stack.width, 0);
      if (shelves[0].x > 12 && shelves[0].x + width > WIDE) shelves.unshift({ x: 12, rows: 0, stacks: [] });
      const [shelf] = shelves;
      for (const stack of placed) {
        shelf.stacks.push({ ...stack, left: shelf.x });
        shelf.x += stack.width;
        shelf.rows = Math.max(shelf.rows, stack.rows.length);
      }
    }
    this.width = Math.max(...shelves.map(({ x }) => x));
    this.height = 26;
    for (const shelf of shelves) {
      this.height += shelf.rows * ROW + (shelf === shelves[0] ? 0 : 30);
      // What is computed once of the last time steps stands above these.
      const above =
        shelf !== shelves[shelves.length - 1] && shelf.stacks.every((stack) => stack.sequence === "once");
      const right = above ? this.width - shelf.x : 0;
      for (const stack of shelf.stacks)
        stack.rows.forEach((row, level) => this.#row(stack, row, level, across(row), right));
    }
  }

  /** The nodes of a row, at each time step, and before the first of what is handed on. */
  #row({ sequence, wide, left, first }, row, level, across, right) {
    const y = this.height - 46 - TALL - level * ROW;
    for (let t = first ? -1 : 0; t < this.steps[sequence]; t++) {
      let x = right + left + (t < 0 ? 0 : first + t * (wide + 40) + (wide - across) / 2);
      for (const eq of row) {
        let [size, width] = this.#size(eq);
        if (t < 0 && size) width = (size = Math.min(size, wide / 2 / eq.rows.length)) * eq.rows.length;
        if (t >= 0 || eq.before)
          this.nodes.set(`${eq.name} ${t}`, { eq, t, x, y, size, wide: width, count: eq.rows.length });
        x += width + GAP;
      }
    }
  }

  /** The width of a unit, 0 where the greatest are listed, and of all. @param {Equation} eq */
  #size(eq) {
    const count = eq.rows.length;
    if (eq.drawn === "said" || (count > 8 && eq.drawn !== "state" && eq.drawn !== "gate")) return [0, 92];
    const size = eq.drawn === "gate" ? 15 : count <= 4 ? 34 : count <= 8 ? 22 : 13;
    const fitting = Math.min(size, 260 / count);
    return [fitting, Math.max(fitting * count, 30)];
  }

  /** @param {Box} node */
  #connect(node) {
    const known = new Set();
    for (const [name, when, weight] of this.#sources(node.eq.reads)) {
      if (known.has(`${name} ${when} ${weight}`)) continue;
      known.add(`${name} ${when} ${weight}`);
      for (const t of this.#times(name, node.t, when)) {
        const from = this.nodes.get(`${name} ${t}`);
        if (from && from !== node) this.edges.push({ from, to: node, weight });
      }
    }
  }

  /** The time steps at which a value is read. */
  #times(name, t, when) {
    const { sequence } = this.equations.get(name);
    if (when === "all") return Array(this.steps[sequence]).keys();
    const at = { before: t - 1, after: t + 1, now: sequence === "once" ? 0 : t };
    return [at[when] ?? Number(when) - 1];
  }

  /** What is read, as far as it is drawn; else what that is computed of. @returns {[string, string, string][]} */
  #sources(reads) {
    return reads.flatMap(([name, when, weight]) => {
      const eq = this.equations.get(name);
      if (!eq || eq.drawn) return eq ? [[name, when, weight]] : [];
      return this.#sources(
        eq.reads.map(([inner, then, own]) => [inner, then === "now" ? when : then, own || weight]),
      );
    });
  }

  /** The equation in whose node a value goes: its own, or the first that is computed of it. @param {Equation} eq */
  home(eq) {
    const of = (each) =>
      each.reads.some(([name]) => {
        const other = this.equations.get(name);
        return name === eq.name || (other && !other.drawn && of(other));
      });
    return eq.drawn ? eq : [...this.equations.values()].find((each) => each.drawn && of(each));
  }
}

/** Draws a graph, and its numbers as they are. */
class Picture {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    const { nodes, edges, steps, width, height } = (this.graph = app.graph);
    this.root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    this.root.style.maxWidth = `${width * 1.25}px`;
    this.root.style.minWidth = `${Math.min(width, Math.max(width * 0.55, 300))}px`;
    /** @type {{shape: Element, edge: Edge, cell: number}[]} */
    this.lines = [];
    /** @type {{node: Box, group: Element, units: Element[], words: Element[], label?: Element, name?: string}[]} */
    this.drawn = [];
    const pairs = ({ from, to, weight }) => (app.weights.has(weight) ? from.count * to.count : 1);
    this.count = edges.reduce((total, edge) => total + pairs(edge), 0);
    for (const edge of edges) this.#edge(edge);
    for (const node of nodes.values()) this.#node(node);
    for (const sequence of Object.keys(steps)) this.#letters(sequence);
  }

  /** Its weights as lines, or one line where they are too many. @param {Edge} edge */
  #edge(edge) {
    const { from, to, weight } = edge;
    const input = this.app.weights.get(weight);
    if (!input || this.count > MOST_LINES || !from.size || !to.size) {
      this.#line(edge, -1, from.x + from.wide / 2, to.x + to.wide / 2);
      return;
    }
    const [, , , rows, cols] = input.at;
    const one = rows * cols === 1;
    for (let i = 0; i < to.count; i++) {
      for (let j = 0; j < from.count; j++) {
        if (one ? i !== j : i >= rows || j >= cols) continue;
        const cell = this.app.cell(input.at, one ? 0 : i, one ? 0 : j);
        this.#line(edge, cell, from.x + (j + 0.5) * from.size, to.x + (i + 0.5) * to.size);
      }
    }
  }

  /** @param {Edge} edge @param {number} cell @param {number} x1 @param {number} x2 */
  #line(edge, cell, x1, x2) {
    const { from, to } = edge;
    const beside = from.y === to.y;
    const up = from.y > to.y;
    const y1 = up ? from.y : from.y + TALL;
    const y2 = up || beside ? to.y + TALL : to.y;
    const bend = beside ? 26 + Math.min(12, Math.abs(x2 - x1) / 20) : (y2 - y1) / 2;
    const d = `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 + (beside ? bend : -bend)} ${x2} ${y2}`;
    const shape = svg("path", { d, "data-cell": cell });
    this.root.append(shape);
    this.lines.push({ shape, edge, cell });
  }

  /** @param {Box} node */
  #node(node) {
    const { eq, x, y, size, count, wide, t } = node;
    const rx = eq.drawn === "gate" ? 12 : 5;
    const frame = svg("rect", { class: "frame", x: x - 3, y: y - 3, width: wide + 6, height: TALL + 6, rx });
    const group = svg("g", {}, frame);
    const rows = size || eq.drawn === "said" ? 1 : 3;
    const high = TALL / rows;
    const [units, words] = [[], []];
    for (let k = 0; k < (size ? count : rows); k++) {
      const place = size
        ? { x: x + k * size + size / 30, y, width: size * 0.93, height: TALL }
        : { x, y: y + k * high, width: 0, height: high - 1 };
      units.push(
        svg("rect", {
          ...place,
          rx: Math.min(3, size / 5),
          "data-cell": this.app.cellOf(eq, size ? k : 0, t),
        }),
      );
      const middle = size ? x + (k + 0.5) * size : x + wide / 2;
      words.push(
        rows === 3
          ? svg("text", { x: x + 3, y: y + k * high + 8, class: "small" })
          : svg("text", { x: middle, y: y + (size ? 19 : 21) }),
      );
    }
    group.append(...units, ...words);
    const name = t < 0 ? `${eq.symbol.replace("ₜ", "")}₀` : eq.symbol;
    const beside = eq.drawn !== "gate" && name.length < 4 && t >= 0;
    const labelled = size >= 20 && (eq.drawn === "read" || eq.drawn === "shares");
    const over = y - (labelled && eq.drawn === "shares" ? 21 : 8);
    const at = beside ? { x: x - 9, y: y + 20, class: "name end" } : { x, y: over, class: "name" };
    const label = svg("text", at, eq.drawn === "said" ? "" : name);
    group.append(label);
    const above = eq.drawn === "shares" ? y - 8 : y + TALL + 13;
    if (labelled)
      eq.rows.forEach((label, i) =>
        group.append(svg("text", { class: "label", x: x + (i + 0.5) * size, y: above }, label.slice(0, 3))),
      );
    this.root.append(group);
    this.drawn.push({ node, group, units, words, label, name });
  }

  /** What is read at each time step, below it. @param {string} sequence */
  #letters(sequence) {
    const eq = this.app.find("letter", sequence);
    const lowest = new Map();
    for (const node of this.graph.nodes.values())
      if (eq && node.t >= 0 && node.eq.sequence === sequence && !(lowest.get(node.t)?.y > node.y))
        lowest.set(node.t, node);
    for (const [t, { x, y, wide }] of lowest) {
      const group = svg("text", {
        x: x + wide / 2,
        y: y + TALL + 34,
        "data-cell": this.app.cellOf(eq, 0, t),
      });
      this.root.append(group);
      this.drawn.push({
        node: { eq, t, x, y: 0, size: -1, wide, count: 1 },
        group,
        units: [],
        words: [group],
      });
    }
  }

  /** Shows the numbers as they are now, and lights what is told at this step. */
  update() {
    const { app } = this;
    const { lit } = app;
    set(this.root, { class: app.state.back ? "back" : "", "aria-label": app.summary() });
    const faint = this.count > 200 ? 0.35 : 1;
    for (const { shape, edge, cell } of this.lines) {
      const to = lit && lit.home === edge.to.eq && lit.t === edge.to.t;
      const own = to && (!lit.weights.length || lit.weights.includes(edge.weight));
      const weight = cell >= 0 ? number(cell) : 0.35;
      const strength = Math.min(1, Math.abs(weight));
      const chosen = cell >= 0 && cell === app.state.cell;
      const opacity = own || chosen ? 1 : (0.14 + 0.4 * strength) * (cell < 0 ? 1 : faint) * (lit ? 0.4 : 1);
      set(shape, {
        class: `edge${weight < 0 ? " neg" : ""}${chosen ? " chosen" : ""}`,
        "stroke-width": (0.4 + 2.2 * strength).toFixed(2),
        "stroke-opacity": opacity.toFixed(2),
      });
    }
    const scale = app.state.back ? app.greatestGradient() : 1;
    for (const { node, group, units, words, label, name } of this.drawn) {
      const own = lit && lit.home === node.eq && lit.t === node.t && node.size >= 0;
      const classes = [
        `node ${node.size < 0 ? "letter" : node.eq.drawn}`,
        own && "lit",
        !app.isTold(node.eq, node.t) && "ghost",
      ];
      set(group, { class: classes.filter(Boolean).join(" ") });
      if (node.size < 0) write(words[0], told(app.value(node.eq, 0, node.t)));
      else if (node.size) {
        const shown = app.state.back && node.t >= 0 ? app.graph.equations.get(node.eq.gradient) : node.eq;
        write(label, shown === node.eq ? name : (shown?.symbol ?? ""));
        this.#units(node, shown, units, words, scale);
      } else if (node.eq.drawn === "said") this.#said(node, words[0]);
      else this.#list(node, units, words);
    }
  }

  /** Shows the values of an equation, forward the node's own, backward its gradient. @param {Box} node */
  #units({ t, size }, shown, units, words, scale) {
    const { app } = this;
    units.forEach((unit, i) => {
      const value = shown?.at ? app.value(shown, i, t) : null;
      const share = typeof value === "number" ? Math.min(1, Math.abs(value) / scale) : 0;
      const chosen = unit.getAttribute("data-cell") === String(app.state.cell);
      set(unit, {
        class: `unit${typeof value === "number" && value < 0 ? " neg" : ""}${chosen ? " chosen" : ""}`,
        "fill-opacity": share.toFixed(3),
      });
      const text = typeof value === "number" && size >= 30 ? short(value) : "";
      set(words[i], { class: `number${share > 0.55 ? " on" : ""}${text.length > 4 ? " long" : ""}` });
      write(words[i], text);
    });
  }

  /** @param {Box} node @param {Element} word */
  #said({ eq, t }, word) {
    const [said, right] = [told(this.app.value(eq, 0, t)), this.app.isRight(eq, t)];
    const mark = right === null ? "" : right ? "right" : "wrong";
    write(word, `${said || "–"} ${{ right: "✓", wrong: "✗" }[mark] ?? ""}`);
    set(word, { class: mark });
  }

  /** The greatest of many. @param {Box} node @param {Element[]} units @param {Element[]} words */
  #list({ eq, t, wide }, units, words) {
    const found = eq.rows.map((label, i) => ({ label, i, value: number(this.app.cellOf(eq, i, t)) }));
    found.sort((a, b) => b.value - a.value);
    units.forEach((unit, k) => {
      const { label, i, value } = found[k] ?? { label: "", i: 0, value: 0 };
      const share = Math.max(0, Math.min(1, value));
      set(unit, {
        class: "unit",
        width: share * wide,
        "data-cell": this.app.cellOf(eq, i, t),
        "fill-opacity": 0.45,
      });
      const text = `${label.slice(0, 9)} ${eq.drawn === "shares" ? value.toFixed(2) : ""}`;
      write(words[k], value > 0.0005 ? text : "");
    });
  }
}

/** A cell's number, 0 where it has none. @param {number} cell */
function number(cell) {
  return K[cell] === 1 ? N[cell] : 0;
}

/** A number in few signs. @param {number} value */
function short(value) {
  const size = Math.abs(value);
  let text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  if (Number.isInteger(value) && size < 1000) text = String(value);
  else if (size && (size < 0.005 || size >= 1000)) text = value.toExponential(0).replace("e+", "e");
  return text.replaceAll("-", "−");
}

/** A number with four digits behind the point, or a text. @param {Value} value */
function told(value) {
  if (typeof value !== "number") return value === null ? "" : String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value).replace("-", "−");
  return (size < 0.001 || size >= 1e6 ? value.toExponential(3) : value.toFixed(4)).replace("-", "−");
}
