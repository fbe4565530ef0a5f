// @ts-check
/*
 * What stands around the picture: words and answers, tables, where a number comes from, weights, training, flow.
 */

/** @param {string} tag @param {Record<string, any>} [given] @param {(Node | string)[]} children @returns {any} */
function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** A table of lines, each with what names it first. */
function table(given, caption, heads, lines) {
  const named = (name, scope) => (name ? el("th", { scope }, name) : el("td"));
  const head = heads.map((name) => named(name, "col"));
  const rows = lines.map(([name, ...cells]) => el("tr", {}, named(name, "row"), ...cells));
  const top = heads.length ? [el("thead", {}, el("tr", {}, ...head))] : [];
  const told = caption.length ? [el("caption", {}, ...caption)] : [];
  return el("div", { class: "scroll" }, el("table", given, ...told, ...top, el("tbody", {}, ...rows)));
}

/** The numbers from 0, so many. */
const range = (count) => [...Array(count).keys()];

/** A field whose text is a cell's. */
const field = (cell, given) =>
  el("input", { type: "text", autocomplete: "off", spellcheck: "false", "data-field": cell, ...given });

/** A slider whose number is a cell's. */
const slider = (cell, most, name) =>
  field(cell, { type: "range", min: -most, max: most, step: 0.01, "aria-label": name });

/** What is typed, and what the network says to it, letter by letter. */
class Head {
  constructor(app) {
    this.app = app;
    const { model } = app;
    this.answers = el("div", { class: "answers" });
    this.state = el("p", { class: "message", role: "status" });
    const fields = el("div", { class: "fields" }, ...app.inputs("text").map((input) => this.#text(input)));
    fields.append(...app.inputs("picture").map((input) => this.#drawing(input)));
    fields.append(...app.inputs("numbers").map((input) => matrix(app, input)));
    const tries = model.tries.map((word) => app.button(word, () => app.type([[app.wordCell, word]]), "chip"));
    const typing = el("div", {}, fields);
    if (tries.length) typing.append(el("p", { class: "row tries" }, app.text("try"), ...tries));
    const knows = model.knows.join(model.split === "letters" ? " " : ", ");
    if (knows) typing.append(el("p", { class: "knows" }, app.text("knows", { knows })));
    const label = { class: "head", "aria-label": app.text("says") };
    this.root = el("section", label, el("div", { class: "both" }, typing, this.answers), this.state);
  }

  #text(input) {
    const { app } = this;
    const shown = field(app.cell(input.at), { class: `word ${app.model.split}` });
    return el("label", {}, el("span", {}, app.told(input.meaning)), shown);
  }

  #drawing(input) {
    const [, , , rows, cols] = input.at;
    const grid = el("div", { class: "drawing", role: "group", "aria-label": this.app.told(input.meaning) });
    grid.style.gridTemplateColumns = `repeat(${cols}, 1fr)`;
    for (const k of range(rows * cols)) {
      const [r, c] = [Math.floor(k / cols), k % cols];
      const cell = this.app.cell(input.at, r, c);
      const flip = () => this.app.type([[cell, number(cell) > 0.5 ? "0" : "1"]]);
      const label = `${r + 1}, ${c + 1}`;
      grid.append(el("button", { type: "button", "data-pixel": cell, "aria-label": label, onclick: flip }));
    }
    return grid;
  }

  update() {
    const { app } = this;
    for (const pixel of this.root.querySelectorAll("[data-pixel]"))
      set(pixel, { "aria-pressed": number(pixel.dataset.pixel) > 0.5 });
    const message = told(seen(app.cell(app.model.state)));
    const fine = app.model.said[app.state.language][0][1];
    write(this.state, message === fine ? "" : message);
    this.answers.replaceChildren(...app.model.outputs.map((output) => this.#answer(output)));
  }

  #answer(output) {
    const { app } = this;
    const row = el("ol", { class: "said" });
    const letters = app.find("letter", output.sequence);
    for (const t of range(app.model.sequences[output.sequence])) {
      const [said, right] = [output.predicted, output.target].map((name) =>
        told(app.named(name, t, output.row)),
      );
      const [good, sure] = [output.right, output.confidence].map((name) => app.named(name, t));
      if (!said && !right) continue;
      const mark = { 0: "wrong", 1: "right" }[good] ?? "";
      const item = el("li", { class: mark });
      if (letters) item.append(el("span", { class: "read" }, `${told(app.value(letters, 0, t))} →`));
      item.append(el("strong", {}, said || "–"));
      if (typeof sure === "number" && output.share)
        item.append(el("small", {}, `${Math.round(sure * 100)} %`));
      const words = { right: "✓", wrong: `✗ ${app.text("right_is", { right })}` }[mark];
      if (words) item.append(el("span", { class: "mark" }, words));
      row.append(item);
    }
    const name = output.name ? ` (${output.name})` : "";
    return el("div", {}, el("span", { class: "caption" }, app.text("says") + name), row);
  }
}

/** The numbers as tables, under the picture. */
class Tables {
  /** @param {any} app @param {Equation[]} equations */
  constructor(app, equations) {
    this.app = app;
    this.cells = [];
    this.root = el("section", { class: "tables", "aria-label": app.text("numbers") });
    this.root.addEventListener("keydown", (event) => this.#move(event));
    this.root.append(...equations.filter((eq) => eq.at).map((eq) => this.#table(eq)));
  }

  /** @param {Equation} eq */
  #table(eq) {
    const { app } = this;
    const [, , , rows, cols] = eq.at;
    const caption = [el("b", {}, `${eq.symbol} = ${eq.symbols}`), el("span", {}, app.told(eq.meaning))];
    const times = range(cols).map((t) => (eq.sequence === "once" ? app.text("once") : `t = ${t + 1}`));
    const lines = range(rows).map((r) => {
      const cells = range(cols).map((t) => {
        const cell = app.cell(eq.at, r, t);
        const item = el("td", { tabindex: r || t ? -1 : 0, "data-cell": cell });
        this.cells.push([item, cell]);
        return item;
      });
      return [eq.rows[r] || eq.symbol, ...cells];
    });
    return table({ role: "grid", "data-name": eq.name }, caption, ["", ...times], lines);
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const cell = /** @type {any} */ (event.target);
    const row = cell.parentElement;
    const beside = (line) => line?.children[[...row.children].indexOf(cell)];
    const next = {
      ArrowLeft: cell.previousElementSibling,
      ArrowRight: cell.nextElementSibling,
      ArrowUp: beside(row.previousElementSibling),
      ArrowDown: beside(row.nextElementSibling),
    }[event.key];
    if (event.key === "Enter" || event.key === " ") cell.click();
    else if (next?.tagName !== "TD") return;
    else {
      [cell.tabIndex, next.tabIndex] = [-1, 0];
      next.focus();
    }
    event.preventDefault();
  }

  update() {
    const { lit, state } = this.app;
    for (const [item, cell] of this.cells) {
      write(item, told(seen(cell)));
      set(item, { class: cell === state.cell ? "chosen" : lit?.cells.has(cell) ? "lit" : "" });
    }
  }
}

/** Where a number comes from: its equation, its formula, its numbers, and what it is computed of. */
class Inspector {
  constructor(app) {
    this.app = app;
    this.body = el("div", { class: "found" });
    const title = el("h2", {}, app.text("inspector"));
    this.root = el("section", { class: "inspector card", "aria-live": "polite" }, title, this.body);
    this.shown = -1;
  }

  update() {
    const { app } = this;
    const cell = app.shownCell();
    const typing = this.body.contains(document.activeElement) && document.activeElement?.tagName === "INPUT";
    if (typing && this.shown === cell) return;
    this.shown = cell;
    if (cell < 0) this.body.replaceChildren(el("p", { class: "hint" }, app.text("point")));
    else this.body.replaceChildren(...this.#explained(cell));
  }

  /** @param {number} cell */
  *#explained(cell) {
    const { app } = this;
    const { title, equation, meaning, formula, numbers, input, operands } = app.about(cell);
    yield el("h3", {}, title);
    if (equation) {
      yield el("p", { class: "equation" }, `${equation.symbol} = ${equation.symbols}`);
      yield el("p", {}, app.told(equation.words));
    }
    if (meaning) yield el("p", { class: "meaning" }, meaning);
    if (equation?.note) yield el("p", { class: "note" }, app.told(equation.note));
    const lines = { where: app.address(cell) };
    if (formula) Object.assign(lines, { formula: `=${formula}`, with_numbers: `=${numbers}` });
    lines.result = told(seen(cell));
    const pairs = Object.entries(lines).flatMap(([key, text]) => [
      el("dt", {}, app.text(key)),
      el("dd", {}, text),
    ]);
    yield el("dl", {}, ...pairs);
    if (input) {
      const most = Math.max(2, Math.ceil(Math.abs(number(cell))));
      yield field(cell, { "aria-label": title, inputmode: "decimal" });
      yield slider(cell, most, `${title}, ${app.text("drag")}`);
    }
    if (operands.length) {
      yield el("h4", {}, app.text("operands"));
      const found = operands.slice(0, 12).map((i) => {
        const name = `${app.title(i)} = ${told(seen(i))}`;
        return el(
          "li",
          {},
          app.button(name, () => app.choose(i), "link"),
        );
      });
      yield el("ul", { class: "operands" }, ...found);
    }
    if (operands.length > 12)
      yield el("p", { class: "hint" }, app.text("more", { count: operands.length - 12 }));
    if (app.trail.length) yield app.button(app.text("return"), () => app.goBack(), "quiet");
  }
}

/** An input as a table of fields, under its name; a large one is filled when it is opened. */
function matrix(app, input, open = true) {
  const [, , , rows, cols] = input.at;
  const name = el("summary", {}, el("b", {}, input.name), " ", app.told(input.meaning));
  const details = el("details", { open }, name);
  const weight = (r, c) => {
    const label = `${input.name}[${r + 1},${c + 1}]`;
    const item = el("td", {}, field(app.cell(input.at, r, c), { "aria-label": label, inputmode: "decimal" }));
    if (input.gradient) item.append(el("small", { "data-gradient": app.cell(input.gradient, r, c) }));
    return item;
  };
  const fill = () => {
    if (details.children.length > 1) return;
    const heads = cols > 1 ? ["", ...input.cols] : [];
    const lines = range(rows).map((r) => [input.rows[r], ...range(cols).map((c) => weight(r, c))]);
    details.append(table({}, [], heads, lines));
    app.refresh();
  };
  if (open) fill();
  details.addEventListener("toggle", fill);
  return details;
}

/** Every weight as a field, and what may be done with all. */
class Weights {
  constructor(app) {
    this.app = app;
    const inputs = app.inputs("weight");
    const train = (key, count) => app.button(app.text(key, { epochs: count }), () => app.train(count));
    const training = app.epochs ? [train("train_one", 1), train("train_all", app.epochs)] : [];
    const random = app.button(app.text("random"), () => app.randomize());
    const reset = app.button(app.text("reset"), () => app.reset(), "quiet");
    const few = inputs.reduce((total, { at }) => total + at[3] * at[4], 0) <= 60;
    this.root = el(
      "section",
      { class: "weights card" },
      el("h2", {}, app.text("weights")),
      el("div", { class: "row buttons" }, ...training, random, reset),
      ...inputs.map((input) => matrix(app, input, few)),
    );
  }

  update() {
    const { back } = this.app.state;
    this.root.classList.toggle("gradients", back);
    if (!back) return;
    const items = [...this.root.querySelectorAll("[data-gradient]")];
    const values = items.map((item) => number(item.dataset.gradient));
    const most = Math.max(...values.map(Math.abs));
    items.forEach((item, k) => {
      write(item, short(values[k]));
      set(item, { class: most && Math.abs(values[k]) >= most * 0.6 ? "strong" : "" });
    });
  }
}

/** Lines over a number, with their axes; of powers of ten with `log`. @param {number[][]} lines */
function chart(lines, { log = false, label, x, y, at = -1 }) {
  const [wide, high, left, low] = [640, 260, 56, 34];
  const points = lines.map((line) => line.map((value) => (log ? Math.log10(Math.max(value, 1e-45)) : value)));
  const flat = points.flat().filter(Number.isFinite);
  const top = log ? Math.ceil(Math.max(0, ...flat)) : Math.max(1e-9, ...flat);
  const bottom = log ? Math.floor(Math.min(-1, ...flat)) : 0;
  const most = Math.max(1, lines[0].length - 1);
  const px = (k) => left + ((wide - left - 12) * k) / most;
  const py = (value) => 26 + ((high - low - 26) * (top - value)) / (top - bottom);
  const root = svg("svg", {
    viewBox: `0 0 ${wide} ${high}`,
    role: "img",
    "aria-label": label,
    class: "chart",
  });
  for (const k of range(5)) {
    const value = bottom + ((top - bottom) * k) / 4;
    const step = Math.round((most * k) / 4);
    const tick = log ? `1e${Math.round(value)}` : String(Number(value.toPrecision(2))).replace("e+", "e");
    root.append(
      svg("line", { x1: left, x2: wide - 12, y1: py(value), y2: py(value), class: "axis" }),
      svg("text", { x: left - 6, y: py(value) + 4, class: "end" }, tick.replace("-", "−")),
      svg("text", { x: px(step), y: high - low + 16 }, String(step)),
    );
  }
  points.forEach((line, number) => {
    // Behind a number that is none the line begins again.
    const d = line.map((value, k) => {
      if (!Number.isFinite(value)) return "";
      return `${Number.isFinite(line[k - 1]) ? "L" : "M"}${px(k).toFixed(1)} ${py(value).toFixed(1)}`;
    });
    root.append(svg("path", { d: d.join(""), class: `line line${number}` }));
  });
  if (at >= 0 && Number.isFinite(points[0][at]))
    root.append(svg("circle", { cx: px(at), cy: py(points[0][at]), r: 5, class: "at" }));
  root.append(
    svg("text", { x: (wide + left) / 2, y: high - 3 }, x),
    svg("text", { x: 4, y: 12, class: "start" }, y),
  );
  return root;
}

/** A setting of an experiment as a field, with values to try. */
function setting(app, name, most, tries) {
  const input = app.inputs("setting").find((each) => each.name === name || each.entry === name);
  if (!input) return [];
  const [cell, meaning] = [app.cell(input.at), app.told(input.meaning)];
  const label = el("label", {}, el("span", {}, meaning), field(cell, { inputmode: "decimal" }));
  const sliders = most ? [slider(cell, most, `${meaning}, ${app.text("drag")}`)] : [];
  const chips = tries.map((value) => app.button(value, () => app.type([[cell, value]]), "chip"));
  return [el("div", { class: "row" }, label, ...sliders, ...chips)];
}

/** The training: its rate and clip, the loss over the epochs, and what is said at each. */
class Learning {
  constructor(app) {
    this.app = app;
    const { epochs } = app;
    this.curve = el("div");
    this.said = el("p", { class: "epoch", role: "status" });
    this.numbers = el("div");
    this.slider = el("input", { type: "range", max: epochs, value: epochs, id: "epoch" });
    this.slider.addEventListener("input", () => this.update());
    const take = app.button(app.text("take"), () => app.train(Number(this.slider.value)));
    this.root = el(
      "section",
      { class: "experiment card", "aria-label": app.text("loss_curve") },
      ...setting(app, "rate", 0, ["0.1", "1"]),
      ...setting(app, "clip", 0, ["0.25", "1000"]),
      this.curve,
      el("div", { class: "row" }, el("label", { for: "epoch" }, app.text("epoch")), this.slider, take),
      this.said,
      this.numbers,
    );
  }

  /** What the network says after so many epochs. @param {number} epoch */
  #says(epoch) {
    const { app } = this;
    const { said } = app.model.training;
    const blank = app.model.split === "letters" ? "" : " ";
    return said
      .map((at) =>
        range(at[4])
          .map((t) => told(seen(app.cell(at, epoch, t))))
          .join(blank),
      )
      .join(" · ");
  }

  update() {
    const { app, slider } = this;
    const { loss } = app.model.training;
    const losses = range(loss[3]).map((k) => Number(seen(app.cell(loss, k))));
    const at = Number(slider.value);
    const [label, epoch, y] = ["loss_curve", "epoch", "loss"].map((key) => app.text(key));
    this.curve.replaceChildren(chart([losses], { label, x: epoch, y, at }));
    const said = this.#says(at) || "–";
    write(this.said, app.text("epoch_says", { epoch: at, loss: told(losses[at]), said }));
    const some = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((k) => k < app.epochs);
    const lines = [...some, app.epochs].map((k) => [
      String(k),
      el("td", {}, told(losses[k])),
      el("td", {}, this.#says(k)),
    ]);
    this.numbers.replaceChildren(table({ class: "plain" }, [label], [epoch, y, app.text("says")], lines));
  }
}

/** How much of the gradient is left, step by step back in time. */
class Flow {
  constructor(app) {
    this.app = app;
    this.names = app.model.flow.lines.map((line) => app.told(line.meaning));
    this.curve = el("div");
    this.numbers = el("div");
    this.root = el(
      "section",
      { class: "experiment card", "aria-label": app.text("flow") },
      ...setting(app, "slider", 5, ["0.5", "1", "2"]),
      this.curve,
      el("ul", { class: "key" }, ...this.names.map((name, k) => el("li", { class: `line${k}` }, name))),
      this.numbers,
    );
  }

  update() {
    const { app, names } = this;
    const { steps, lines: shown } = app.model.flow;
    const far = (k) => number(app.cell(steps, 0, k));
    const order = range(steps[4]).sort((a, b) => far(a) - far(b));
    const sizes = shown.map(({ at }) => order.map((k) => Number(seen(app.cell(at, 0, k)))));
    const [label, x, y] = ["flow", "flow_x", "flow_y"].map((key) => app.text(key));
    this.curve.replaceChildren(chart(sizes, { log: true, label, x, y }));
    const some = range(order.length).filter((k) => k % 5 === 0 || k === order.length - 1);
    const lines = some.map((k) => [String(k), ...sizes.map((line) => el("td", {}, told(line[k])))]);
    this.numbers.replaceChildren(table({ class: "plain" }, [label], [x, ...names], lines));
  }
}
