// @ts-check
/*
 * The picture's numbers: colours, widths and words in the SVG that stands in the page, as they are now.
 */

/** An element: "p.note" has a class; `given` are attributes, listeners ("onclick"), and may be left out. @returns {any} */
function el(kind, given, ...children) {
  const [tag, ...classes] = kind.split(".");
  const drawn = /^(svg|line|path|circle|text)$/.test(tag);
  const node = document.createElementNS(`http://www.w3.org/${drawn ? "2000/svg" : "1999/xhtml"}`, tag);
  if (classes.length) node.setAttribute("class", classes.join(" "));
  if (typeof given === "string" || given instanceof Node) children.unshift(given);
  else
    for (const [name, value] of Object.entries(given ?? {}))
      if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
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

class Picture {
  /** @param {any} app @param {any} root */
  constructor(app, root) {
    this.app = app;
    this.root = root;
    const all = (node, kind) => [...node.querySelectorAll(kind)];
    const { width } = root.viewBox.baseVal;
    root.style.maxWidth = `${width * 1.25}px`;
    root.style.minWidth = `${Math.min(width, Math.max(width * 0.48, 300))}px`;
    this.lines = all(root, "path").map((shape) => ({
      shape,
      cell: Number(shape.dataset.cell ?? -1),
      ...shape.parentNode.dataset,
    }));
    this.nodes = all(root, "[data-node]").map((node) => {
      const [name, t] = node.dataset.node.split(" ");
      const label = node.querySelector(".name");
      const units = all(node, ".unit").map((unit) => ({ unit, cell: Number(unit.dataset.cell) }));
      const words = all(node, "text:not(.name, .label)");
      return { node, eq: app.known(name), t: Number(t), label, own: label?.textContent, units, words };
    });
  }

  /** Shows the numbers as they are now, and lights what is told at this step. */
  update() {
    const { app, root } = this;
    const { lit, state } = app;
    if (lit?.node !== this.seen) this.#see((this.seen = lit?.node));
    set(root, { class: state.back ? "back" : "", "aria-label": app.summary() });
    const faint = this.lines.length > 200 ? 0.35 : 1;
    for (const { shape, cell, to, weight } of this.lines) {
      const own = lit?.node === to && (!lit.eq.weights.length || lit.eq.weights.includes(weight));
      const size = cell < 0 ? 0.35 : number(cell);
      const strength = Math.min(1, Math.abs(size));
      const chosen = cell >= 0 && cell === state.cell;
      const opacity = own || chosen ? 1 : (0.14 + 0.4 * strength) * (cell < 0 ? 1 : faint) * (lit ? 0.4 : 1);
      set(shape, {
        class: `edge${size < 0 ? " neg" : ""}${chosen ? " chosen" : ""}`,
        "stroke-width": (0.4 + 2.2 * strength).toFixed(2),
        "stroke-opacity": opacity.toFixed(2),
      });
    }
    const scale = state.back ? app.greatestGradient() : 1;
    for (const drawn of this.nodes) {
      const { node, eq, t } = drawn;
      node.classList.toggle("lit", lit?.node === node.dataset.node);
      node.classList.toggle("ghost", !app.isTold(eq, t));
      if (node.matches(".letter")) write(node, told(app.value(eq, 0, t)));
      else if (node.matches(".said")) this.#said(drawn);
      else if (node.matches(".list")) this.#list(drawn);
      else this.#units(drawn, scale);
    }
  }

  /** Scrolls a wide picture so that a node stands in the middle. @param {string} node */
  #see(node) {
    const { node: found } = this.nodes.find((each) => each.node.dataset.node === node) ?? {};
    const frame = this.root.parentElement;
    if (!found || frame.scrollWidth <= frame.clientWidth) return;
    const [at, around] = [found, frame].map((each) => each.getBoundingClientRect());
    frame.scrollLeft += at.left + at.width / 2 - around.left - around.width / 2;
  }

  /** Shows the values of a node forward, and their gradients backward. */
  #units({ eq, t, label, own, units, words }, scale) {
    const { app } = this;
    const back = app.state.back && t >= 0;
    const gradient = app.known(eq.gradient);
    write(label, back ? (gradient?.symbol ?? "") : own);
    units.forEach(({ unit, cell }, i) => {
      const value = !back ? seen(cell) : gradient?.at ? app.value(gradient, i, t) : null;
      const size = typeof value === "number" ? value : 0;
      const share = Math.min(1, Math.abs(size) / scale);
      set(unit, {
        class: `unit${size < 0 ? " neg" : ""}${cell === app.state.cell ? " chosen" : ""}`,
        "fill-opacity": share.toFixed(3),
      });
      if (!words[i]) return;
      const text = typeof value === "number" ? short(value) : "";
      set(words[i], {
        class: `number${share > 0.55 ? " on" : ""}${text.length > 4 ? " long" : ""}`,
      });
      write(words[i], text);
    });
  }

  #said({ eq, t, words }) {
    const word = words[0];
    const mark = { 1: "right", 0: "wrong" }[this.app.isRight(eq, t)] ?? "";
    write(word, `${told(this.app.value(eq, 0, t)) || "–"} ${{ right: "✓", wrong: "✗" }[mark] ?? ""}`);
    set(word, { class: mark });
  }

  /** The greatest of many. */
  #list({ eq, t, units, words }) {
    const found = eq.rows.map((label, i) => ({ label, i, value: number(this.app.cellOf(eq, i, t)) }));
    found.sort((a, b) => b.value - a.value);
    units.forEach(({ unit }, k) => {
      const { label, i, value } = found[k] ?? { label: "", i: 0, value: 0 };
      unit.style.scale = `${Math.max(0, Math.min(1, value))} 1`;
      set(unit, { "data-cell": this.app.cellOf(eq, i, t), "fill-opacity": 0.45 });
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
