// @ts-check
/*
 * The picture: the unrolled network as SVG. Time runs to the right, what is said stands above what is read.
 */

/** @typedef {[number, number, number, number, number]} Area sheet, row, column, rows, columns */
/** @typedef {Record<string, string>} Told a text by language */
/**
 * @typedef {object} Equation
 * @property {string} name
 * @property {string} base
 * @property {string} symbol
 * @property {string} symbols
 * @property {Told} words
 * @property {Told} meaning
 * @property {Told} [note]
 * @property {string} part
 * @property {string} sequence
 * @property {string} layer
 * @property {string[]} rows
 * @property {Area} at
 * @property {Area} [before]
 * @property {[string, string, string][]} reads name, when, weight
 * @property {string} [drawn]
 * @property {string} [gradient]
 */
/** @typedef {{eq: Equation, t: number, x: number, y: number, size: number, count: number, wide: number}} Node_ */
/** @typedef {{from: Node_, to: Node_, weight: string}} Edge */

const SVG = "http://www.w3.org/2000/svg";
const ROW = 74;
const TALL = 30;
const MOST_LINES = 700;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The network as nodes, one for each value that is drawn at each time step, and the edges between them. */
class Graph {
  /** @param {any} model */
  constructor(model) {
    /** @type {Map<string, Equation>} */
    this.equations = new Map(model.equations.map((/** @type {Equation} */ eq) => [eq.name, eq]));
    /** @type {Record<string, number>} */
    this.steps = model.sequences;
    /** @type {Map<string, Node_>} */
    this.nodes = new Map();
    /** @type {Edge[]} */
    this.edges = [];
    this.width = 0;
    this.height = 0;
    this.#place(model);
    for (const node of this.nodes.values()) if (node.t >= 0) this.#connect(node);
  }

  /** @param {any} model */
  #place(model) {
    /** @type {Equation[]} */
    const drawn = model.equations.filter((/** @type {Equation} */ eq) => eq.drawn);
    /** What stands above each other, from below; what is computed once has a stack for each answer. */
    /** @type {[string, Equation[][]][]} */
    const stacks = [];
    for (const sequence of Object.keys(this.steps)) {
      /** @type {Equation[][]} */
      let rows = [];
      for (const eq of drawn.filter((each) => each.sequence === sequence)) {
        const beside = rows.find((row) => row[0].drawn === "gate" && row[0].layer === eq.layer);
        if (eq.drawn === "gate" && beside) beside.push(eq);
        else rows.push([eq]);
        if (eq.drawn === "said" && sequence === "once") {
          stacks.push([sequence, rows]);
          rows = [];
        }
      }
      if (rows.length) stacks.push([sequence, rows]);
    }
    const most = Math.max(...stacks.map(([, rows]) => rows.length));
    this.height = most * ROW + 26;
    let left = 12;
    for (const [sequence, rows] of stacks) {
      const wide = Math.max(
        64,
        ...rows.map((row) => row.reduce((sum, eq) => sum + this.#size(eq)[1] + 10, -10)),
      );
      const handed = rows.some((row) => row.some((eq) => eq.before));
      const start = left + (handed ? wide / 2 + 34 : 0);
      rows.forEach((row, level) => {
        const y = this.height - 46 - TALL - level * ROW;
        const total = row.reduce((sum, eq) => sum + this.#size(eq)[1] + 10, -10);
        for (let t = handed ? -1 : 0; t < this.steps[sequence]; t++) {
          let x = t < 0 ? left : start + t * (wide + 40) + (wide - total) / 2;
          for (const eq of row) {
            const [size, width] = this.#size(eq);
            if (t >= 0 || eq.before) {
              const small = t < 0 ? Math.min(size, wide / 2 / eq.rows.length) : size;
              const node = {
                eq,
                t,
                x,
                y,
                size: small,
                count: eq.rows.length,
                wide: t < 0 && size ? small * eq.rows.length : width,
              };
              this.nodes.set(`${eq.name} ${t}`, node);
            }
            x += width + 10;
          }
        }
      });
      left = start + this.steps[sequence] * (wide + 40) + 16;
    }
    this.width = left;
  }

  /** The width of a unit and of all. @param {Equation} eq @returns {[number, number]} */
  #size(eq) {
    const count = eq.rows.length;
    if (eq.drawn === "said" || (count > 8 && eq.drawn !== "state" && eq.drawn !== "gate")) return [0, 92];
    const size = eq.drawn === "gate" ? 15 : count <= 4 ? 34 : count <= 8 ? 22 : 13;
    return [size, Math.max(size * count, 30)];
  }

  /** @param {Node_} node */
  #connect(node) {
    const known = new Set();
    for (const [name, when, weight] of this.sources(node.eq)) {
      const key = `${name} ${when} ${weight}`;
      if (known.has(key)) continue;
      known.add(key);
      for (const t of this.times(node.eq, name, node.t, when)) {
        const from = this.nodes.get(`${name} ${t}`);
        if (from && from !== node) this.edges.push({ from, to: node, weight });
      }
    }
  }

  /** The time steps at which a value is read. @param {Equation} eq @param {string} name @param {number} t @param {string} when */
  times(eq, name, t, when) {
    const other = this.equations.get(name);
    if (!other) return [];
    if (when === "all") return [...Array(this.steps[other.sequence]).keys()];
    if (/^\d+$/.test(when)) return [Number(when) - 1];
    if (when === "before") return [t - 1];
    if (when === "after") return [t + 1];
    return [other.sequence === "once" ? 0 : t];
  }

  /** What a value is computed of, as far as it is drawn. @param {Equation} eq @returns {[string, string, string][]} */
  sources(eq) {
    return eq.reads.flatMap(([name, when, weight]) => this.#drawn(name, when, weight));
  }

  /** @param {string} name @param {string} when @param {string} weight @returns {[string, string, string][]} */
  #drawn(name, when, weight) {
    const eq = this.equations.get(name);
    if (!eq) return [];
    if (eq.drawn) return [[name, when, weight]];
    return eq.reads.flatMap(([inner, then, own]) =>
      this.#drawn(inner, then === "now" ? when : then, own || weight),
    );
  }

  /** The node in which a value goes: its own, or the first that is computed of it. @param {Equation} eq */
  home(eq) {
    if (eq.drawn) return eq;
    return [...this.equations.values()].find((each) => each.drawn && this.#computedOf(each, eq.name));
  }

  /** @param {Equation} eq @param {string} name @returns {boolean} */
  #computedOf(eq, name) {
    return eq.reads.some(([inner]) => {
      const other = this.equations.get(inner);
      return inner === name || (!!other && !other.drawn && this.#computedOf(other, name));
    });
  }
}

/** Draws a graph, and its numbers as they are. */
class Picture {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    const graph = (this.graph = /** @type {Graph} */ (app.graph));
    this.root = svg("svg", {
      viewBox: `0 0 ${graph.width} ${graph.height}`,
      width: graph.width,
      height: graph.height,
      role: "img",
    });
    /** @type {{shape: Element, edge: Edge, cell: number, i: number, j: number}[]} */
    this.lines = [];
    /** @type {{node: Node_, group: Element, units: Element[], words: Element[]}[]} */
    this.drawn = [];
    const count = graph.edges.reduce((sum, edge) => sum + this.#pairs(edge), 0);
    for (const edge of graph.edges) {
      const each = count <= MOST_LINES && app.weights.has(edge.weight) && edge.from.size && edge.to.size;
      if (each) this.#lines(edge);
      else this.#line(edge, -1, 0, 0);
    }
    for (const node of graph.nodes.values()) this.#node(node);
    for (const [sequence, steps] of Object.entries(graph.steps)) this.#letters(sequence, steps);
  }

  /** @param {Edge} edge */
  #pairs(edge) {
    return this.app.weights.has(edge.weight) ? edge.from.count * edge.to.count : 1;
  }

  /** @param {Edge} edge */
  #lines(edge) {
    const [sheet, row, col, rows, cols] = this.app.weights.get(edge.weight).at;
    const one = rows === 1 && cols === 1 && edge.to.count > 1;
    for (let i = 0; i < edge.to.count; i++) {
      for (let j = 0; j < edge.from.count; j++) {
        if (one ? i === j : i < rows && j < cols) {
          this.#line(edge, this.app.sheets.at(sheet, row + (one ? 0 : i), col + (one ? 0 : j)), i, j);
        }
      }
    }
  }

  /** @param {Edge} edge @param {number} cell @param {number} i @param {number} j */
  #line(edge, cell, i, j) {
    const { from, to } = edge;
    const x1 = cell < 0 ? from.x + from.wide / 2 : from.x + (j + 0.5) * from.size;
    const x2 = cell < 0 ? to.x + to.wide / 2 : to.x + (i + 0.5) * to.size;
    const up = from.y > to.y;
    const y1 = up ? from.y - 2 : from.y + (from.y === to.y ? TALL : TALL / 2);
    const y2 = to.y + (up || from.y === to.y ? TALL : 0) + 2;
    const bend = from.y === to.y ? 26 + Math.min(12, Math.abs(x2 - x1) / 20) : (y1 - y2) / 2;
    const d = up
      ? `M${x1} ${y1}C${x1} ${y1 - bend} ${x2} ${y2 + bend} ${x2} ${y2}`
      : `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 + bend} ${x2} ${y2}`;
    const shape = svg("path", { d, class: "edge", "data-cell": cell });
    this.root.append(shape);
    if (cell >= 0) this.root.append(svg("path", { d, class: "reach", "data-cell": cell }));
    this.lines.push({ shape, edge, cell, i, j });
  }

  /** @param {Node_} node */
  #node(node) {
    const { eq, x, y, size, count, wide, t } = node;
    const group = svg("g", { class: `node ${eq.drawn}` });
    /** @type {Element[]} */
    const units = [];
    /** @type {Element[]} */
    const words = [];
    group.append(
      svg("rect", {
        class: "frame",
        x: x - 3,
        y: y - 3,
        width: wide + 6,
        height: TALL + 6,
        rx: eq.drawn === "gate" ? 12 : 5,
      }),
    );
    if (!size) {
      const list = eq.drawn === "said" ? 1 : 3;
      for (let k = 0; k < list; k++) {
        const high = TALL / list;
        units.push(svg("rect", { class: "unit", x, y: y + k * high, width: 0, height: high - 1, rx: 2 }));
        words.push(
          svg("text", {
            x: list > 1 ? x + 3 : x + wide / 2,
            y: y + k * high + (list > 1 ? 8 : 21),
            class: list > 1 ? "small" : "big",
          }),
        );
      }
    } else {
      for (let i = 0; i < count; i++) {
        units.push(
          svg("rect", { class: "unit", x: x + i * size + 1, y, width: size - 2, height: TALL, rx: 3 }),
        );
        words.push(svg("text", { x: x + (i + 0.5) * size, y: y + 19, class: "number" }));
      }
    }
    units.forEach((unit, i) => unit.setAttribute("data-cell", String(this.app.cellOf(eq, size ? i : 0, t))));
    group.append(...units, ...words);
    const name = t < 0 ? `${eq.symbol.replace("ₜ", "")}₀` : eq.symbol;
    const beside = eq.drawn !== "gate" && name.length < 4 && t >= 0;
    const at = beside ? { x: x - 9, y: y + 20, class: "name end" } : { x, y: y - 7, class: "name" };
    if (eq.drawn !== "said") group.append(svg("text", at, name));
    if (size >= 20 && (eq.drawn === "read" || eq.drawn === "shares")) {
      const above = eq.drawn === "shares" ? y - 7 : y + TALL + 13;
      eq.rows.forEach((label, i) => {
        const middle = x + (i + 0.5) * size;
        group.append(svg("text", { class: "label", x: middle, y: above }, label.slice(0, 3)));
      });
    }
    this.root.append(group);
    this.drawn.push({ node, group, units, words });
  }

  /** @param {string} sequence @param {number} steps */
  #letters(sequence, steps) {
    const eq = [...this.graph.equations.values()].find(
      (each) => each.base === "letter" && each.sequence === sequence,
    );
    const below = [...this.graph.nodes.values()].filter(
      (node) => node.eq.sequence === sequence && node.t >= 0,
    );
    for (let t = 0; t < steps; t++) {
      const node = below.filter((each) => each.t === t).sort((a, b) => b.y - a.y)[0];
      if (!node) continue;
      const x = node.x + node.wide / 2;
      const word = svg("text", { class: "letter", x, y: this.graph.height - 12 });
      if (eq) word.setAttribute("data-cell", String(this.app.cellOf(eq, 0, t)));
      this.root.append(word);
      this.drawn.push({
        node: { ...node, eq: eq || node.eq, size: -1 },
        group: word,
        units: [],
        words: [word],
      });
    }
  }

  /** Shows the numbers as they are now, and lights what is told at this step. */
  update() {
    const { app } = this;
    const back = app.state.back;
    this.root.setAttribute("class", back ? "back" : "forth");
    this.root.setAttribute("aria-label", app.summary());
    const lit = app.lit();
    const scale = back ? app.greatestGradient() : 1;
    for (const { shape, edge, cell } of this.lines) {
      const to = lit && lit.home === edge.to.eq && lit.t === edge.to.t;
      const own = to && (!lit.weights.length || lit.weights.includes(edge.weight));
      let strength = 0.35;
      if (cell >= 0) {
        const weight = K[cell] === 1 ? N[cell] : 0;
        shape.classList.toggle("neg", weight < 0);
        strength = Math.min(1, Math.abs(weight));
        shape.setAttribute("stroke-width", String(0.4 + 2.2 * strength));
      }
      shape.classList.toggle("lit", !!own);
      shape.classList.toggle("chosen", cell >= 0 && cell === app.state.cell);
      shape.setAttribute(
        "stroke-opacity",
        String(own ? 0.9 : (lit ? 0.07 : 0.14) + 0.4 * strength * (lit ? 0.3 : 1)),
      );
    }
    for (const { node, group, units, words } of this.drawn) {
      const ghost = !!lit && !app.isTold(node.eq, node.t);
      group.classList.toggle("ghost", ghost);
      group.classList.toggle("lit", !!lit && lit.home === node.eq && lit.t === node.t && node.size >= 0);
      if (node.size === -1) words[0].textContent = String(app.value(node.eq, 0, node.t) ?? "");
      else if (!node.size) this.#list(node, units, words);
      else this.#units(node, units, words, back, scale);
    }
  }

  /** @param {Node_} node @param {Element[]} units @param {Element[]} words @param {boolean} back @param {number} scale */
  #units(node, units, words, back, scale) {
    const { app } = this;
    units.forEach((unit, i) => {
      const value = back && node.t >= 0 ? app.gradient(node.eq, i, node.t) : app.value(node.eq, i, node.t);
      const known = typeof value === "number";
      unit.classList.toggle("neg", known && value < 0);
      unit.classList.toggle("chosen", Number(unit.getAttribute("data-cell")) === app.state.cell);
      unit.setAttribute("fill-opacity", String(known ? Math.min(1, Math.abs(value) / scale) : 0));
      const strong = known && Math.abs(value) / scale > 0.55;
      words[i].classList.toggle("on", strong);
      words[i].textContent = known && node.size >= 30 ? short(value) : "";
    });
  }

  /** @param {Node_} node @param {Element[]} units @param {Element[]} words */
  #list(node, units, words) {
    const { app } = this;
    const { eq, t } = node;
    if (eq.drawn === "said") {
      const said = String(app.value(eq, 0, t) ?? "");
      const right = app.isRight(eq, t);
      words[0].textContent = said ? said + (right === null ? "" : right ? " ✓" : " ✗") : "–";
      words[0].classList.toggle("wrong", right === false);
      words[0].classList.toggle("right", right === true);
      return;
    }
    const found = eq.rows.map((label, i) => ({ label, i, value: Number(app.value(eq, i, t)) || 0 }));
    found.sort((a, b) => b.value - a.value);
    units.forEach((unit, k) => {
      const { label, i, value } = found[k];
      unit.setAttribute("width", String(Math.max(0, Math.min(1, value)) * node.wide));
      unit.setAttribute("data-cell", String(app.cellOf(eq, i, t)));
      unit.setAttribute("fill-opacity", "0.45");
      words[k].textContent =
        value > 0.0005 ? `${label.slice(0, 9)} ${eq.drawn === "shares" ? value.toFixed(2) : ""}` : "";
    });
  }
}

/** A number in few signs. @param {number} value */
function short(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1000) return String(value).replace("-", "−");
  if (size && (size < 0.005 || size >= 1000))
    return value.toExponential(0).replace("e-", "e−").replace("e+", "e");
  return (size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)).replace(
    "-",
    "−",
  );
}

/** A number with four digits behind the point, or a text. @param {Value} value */
function told(value) {
  if (typeof value !== "number") return value === null ? "" : String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value).replace("-", "−");
  const text = size < 0.001 || size >= 1e6 ? value.toExponential(3) : value.toFixed(4);
  return text.replace("-", "−");
}
