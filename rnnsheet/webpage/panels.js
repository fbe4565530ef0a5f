// @ts-check
/*
 * What stands around the picture: words and answers, tables, where a number comes from, weights, training, flow.
 */

/** A table of lines, each with what names it first. */
function table(given, caption, heads, lines) {
  const named = (name, scope) => (name ? el("th", { scope }, name) : el("td"));
  const head = heads.map((name) => named(name, "col"));
  const rows = lines.map(([name, ...cells]) => el("tr", {}, named(name, "row"), ...cells));
  const top = heads.length ? [el("thead", el("tr", ...head))] : [];
  const told = caption.length ? [el("caption", {}, ...caption)] : [];
  return el("div.scroll", el("table", given, ...told, ...top, el("tbody", {}, ...rows)));
}

/** The numbers from 0, so many. */
const range = (count) => [...Array(count).keys()];

/** A field whose text is a cell's. */
const field = (cell, given) =>
  el("input", { type: "text", autocomplete: "off", spellcheck: "false", "data-field": cell, ...given });

/** A field for a number. */
const decimal = (cell, name) => field(cell, { inputmode: "decimal", "aria-label": name });

/** A slider whose number is a cell's. */
const slider = (cell, most, name) =>
  field(cell, { type: "range", min: -most, max: most, step: 0.01, "aria-label": name });

/** What is typed, and what the network says to it, letter by letter. */
class Head {
  constructor(app) {
    this.app = app;
    const { model } = app;
    this.answers = el("div.answers");
    this.state = el("p.message", { role: "status" });
    const fields = el(
      "div.fields",
      {},
      ...app.inputs("text").map((input) => this.#text(input)),
      ...app.inputs("picture").map((input) => this.#drawing(input)),
      ...app.inputs("numbers").map((input) => matrix(app, input)),
    );
    const tries = model.tries.map((word) => app.button(word, () => app.type([[app.wordCell, word]]), "chip"));
    const typing = el("div", fields);
    if (tries.length) typing.append(el("p.row.tries", app.text("try"), ...tries));
    const knows = model.knows.join(model.split === "letters" ? " " : ", ");
    if (knows) typing.append(el("p.knows", app.text("knows", { knows })));
    const both = el("div.both", typing, this.answers);
    this.root = el("section.head", { "aria-label": app.text("says") }, both, this.state);
  }

  #text({ at, meaning }) {
    const shown = field(this.app.cell(at), {
      class: `word ${this.app.model.split}`,
    });
    return el("label", el("span", this.app.told(meaning)), shown);
  }

  #drawing({ at, meaning }) {
    const { app } = this;
    const cols = at[4];
    const grid = el("div.drawing", { role: "group", "aria-label": app.told(meaning) });
    grid.style.gridTemplateColumns = `repeat(${cols}, 1fr)`;
    app.cells(at).forEach((cell, k) => {
      const onclick = () => app.type([[cell, number(cell) > 0.5 ? "0" : "1"]]);
      const label = `${Math.floor(k / cols) + 1}, ${(k % cols) + 1}`;
      grid.append(el("button", { type: "button", "data-pixel": cell, "aria-label": label, onclick }));
    });
    return grid;
  }

  update() {
    const { app } = this;
    for (const pixel of this.root.querySelectorAll("[data-pixel]"))
      set(pixel, { "aria-pressed": number(pixel.dataset.pixel) > 0.5 });
    const message = told(seen(app.cell(app.model.state)));
    const fine = app.told(app.model.said)[0][1];
    write(this.state, message === fine ? "" : app.placed(message));
    this.answers.replaceChildren(...app.model.outputs.map((output) => this.#answer(output)));
  }

  #answer({ sequence, name, predicted, target, right, confidence, row, share }) {
    const { app } = this;
    const items = el("ol.said");
    const letters = app.equations.find((eq) => eq.base === "letter" && eq.sequence === sequence);
    for (const t of range(app.model.sequences[sequence])) {
      const [said, wanted] = [predicted, target].map((each) => told(app.named(each, t, row)));
      if (!said && !wanted) continue;
      const sure = app.named(confidence, t);
      const mark = { 0: "wrong", 1: "right" }[app.named(right, t)] ?? "";
      const item = el("li", { class: mark });
      if (letters) item.append(el("span.read", `${told(app.value(letters, 0, t))} →`));
      item.append(el("strong", said || "–"));
      if (share && typeof sure === "number") item.append(el("small", `${Math.round(sure * 100)} %`));
      const words = {
        right: "✓",
        wrong: `✗ ${app.text("right_is", { right: wanted })}`,
      }[mark];
      if (words) item.append(el("span.mark", words));
      items.append(item);
    }
    return el("div", el("span.caption", app.text("says") + (name ? ` (${name})` : "")), items);
  }
}

/** The numbers as tables, under the picture. */
class Tables {
  /** @param {any} app @param {Equation[]} equations */
  constructor(app, equations) {
    this.app = app;
    this.cells = [];
    this.root = el("section.tables", {
      "aria-label": app.text("numbers"),
      onkeydown: (event) => this.#move(event),
    });
    this.root.append(...equations.map((eq) => this.#table(eq)));
  }

  /** @param {Equation} eq */
  #table(eq) {
    const { app } = this;
    const [, , , rows, cols] = eq.at;
    const caption = [el("b", `${eq.symbol} = ${eq.symbols}`), el("span", app.told(eq.meaning))];
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

  #move(event) {
    const cell = event.target;
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
    this.body = el("div.found");
    this.root = el("section.inspector.card", { "aria-live": "polite" });
    this.root.append(el("h2", app.text("inspector")), this.body);
    this.shown = -1;
  }

  update() {
    const cell = this.app.shownCell();
    const typing = this.body.contains(document.activeElement) && document.activeElement?.tagName === "INPUT";
    if (typing && this.shown === cell) return;
    this.shown = cell;
    if (cell < 0) this.body.replaceChildren(el("p.hint", this.app.text("point")));
    else this.body.replaceChildren(...this.#explained(cell));
  }

  /** @param {number} cell */
  *#explained(cell) {
    const { app } = this;
    const { title, equation, meaning, formula, numbers, input, operands } = app.about(cell);
    yield el("h3", title);
    if (equation) {
      yield el("p.equation", `${equation.symbol} = ${equation.symbols}`);
      yield el("p", app.told(equation.words));
    }
    if (meaning) yield el("p.meaning", meaning);
    if (equation?.note) yield el("p.note", app.told(equation.note));
    const lines = { where: app.address(cell) };
    if (formula)
      Object.assign(lines, {
        formula: `=${formula}`,
        with_numbers: `=${numbers}`,
      });
    lines.result = told(seen(cell));
    yield el(
      "dl",
      {},
      ...Object.entries(lines).flatMap(([key, text]) => [el("dt", app.text(key)), el("dd", text)]),
    );
    if (input) {
      yield decimal(cell, title);
      yield slider(cell, Math.max(2, Math.ceil(Math.abs(number(cell)))), `${title}, ${app.text("drag")}`);
    }
    if (operands.length) yield el("h4", app.text("operands"));
    const link = (i) => app.button(`${app.title(i)} = ${told(seen(i))}`, () => app.choose(i), "link");
    yield el("ul.operands", {}, ...operands.slice(0, 12).map((i) => el("li", link(i))));
    if (operands.length > 12) yield el("p.hint", app.text("more", { count: operands.length - 12 }));
    if (app.trail.length) yield app.button(app.text("return"), () => app.goBack(), "quiet");
  }
}

/** An input as a table of fields, under its name; a large one is filled when it is opened. */
function matrix(app, input, open = true) {
  const [, , , rows, cols] = input.at;
  const name = el("summary", el("b", input.name), " ", app.told(input.meaning));
  const weight = (r, c) => {
    const item = el("td", decimal(app.cell(input.at, r, c), `${input.name}[${r + 1},${c + 1}]`));
    if (input.gradient) item.append(el("small", { "data-gradient": app.cell(input.gradient, r, c) }));
    return item;
  };
  const fill = () => {
    if (!details.open || details.children.length > 1) return;
    const lines = range(rows).map((r) => [input.rows[r], ...range(cols).map((c) => weight(r, c))]);
    details.append(table({}, [], cols > 1 ? ["", ...input.cols] : [], lines));
    app.refresh();
  };
  const details = el("details", { open }, name);
  app.idle(() => (fill(), details.addEventListener("toggle", fill)));
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
    const buttons = el("div.row.buttons", {}, ...training, random, reset);
    const fields = inputs.map((input) => matrix(app, input, few));
    this.root = el("section.weights.card", el("h2", app.text("weights")), buttons, ...fields);
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
      item.classList.toggle("strong", most && Math.abs(values[k]) >= most * 0.6);
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
  const root = el("svg.chart", {
    viewBox: `0 0 ${wide} ${high}`,
    role: "img",
    "aria-label": label,
  });
  const say = (kind, x, y, said) => root.append(el(kind, { x, y }, said));
  for (const k of range(5)) {
    const value = bottom + ((top - bottom) * k) / 4;
    const step = Math.round((most * k) / 4);
    const tick = log ? `1e${Math.round(value)}` : String(Number(value.toPrecision(2))).replace("e+", "e");
    root.append(el("line.axis", { x1: left, x2: wide - 12, y1: py(value), y2: py(value) }));
    say("text.end", left - 6, py(value) + 4, tick.replace("-", "−"));
    say("text", px(step), high - low + 16, String(step));
  }
  points.forEach((line, number) => {
    // Behind a number that is none the line begins again.
    const d = line.map((value, k) => {
      if (!Number.isFinite(value)) return "";
      return `${Number.isFinite(line[k - 1]) ? "L" : "M"}${px(k).toFixed(1)} ${py(value).toFixed(1)}`;
    });
    root.append(el(`path.line.line${number}`, { d: d.join("") }));
  });
  if (at >= 0 && Number.isFinite(points[0][at]))
    root.append(el("circle.at", { cx: px(at), cy: py(points[0][at]), r: 5 }));
  say("text", (wide + left) / 2, high - 3, x);
  say("text.start", 4, 12, y);
  return root;
}

/** A setting of an experiment as a field, with values to try. */
function setting(app, name, most, tries) {
  const input = app.inputs("setting").find((each) => each.name === name || each.entry === name);
  if (!input) return [];
  const [cell, meaning] = [app.cell(input.at), app.told(input.meaning)];
  const sliders = most ? [slider(cell, most, `${meaning}, ${app.text("drag")}`)] : [];
  const chips = tries.map((value) => app.button(value, () => app.type([[cell, value]]), "chip"));
  return [el("div.row", el("label", el("span", meaning), decimal(cell)), ...sliders, ...chips)];
}

/** A chart and its numbers as a table, under settings. */
class Experiment {
  constructor(app, key, settings, ...below) {
    this.app = app;
    this.label = app.text(key);
    this.curve = el("div");
    this.numbers = el("div");
    const parts = [...settings, this.curve, ...below, this.numbers];
    this.root = el("section.experiment.card", { "aria-label": this.label }, ...parts);
  }

  /** @param {number[][]} lines @param {any[][]} rows */
  show(lines, given, heads, rows) {
    const { label } = this;
    this.curve.replaceChildren(chart(lines, { label, x: heads[0], y: heads[1], ...given }));
    this.numbers.replaceChildren(table({ class: "plain" }, [label], heads, rows));
  }
}

/** The training: its rate and clip, the loss over the epochs, and what is said at each. */
class Learning extends Experiment {
  constructor(app) {
    const { epochs } = app;
    const along = el("input", { type: "range", max: epochs, value: epochs, id: "epoch" });
    const said = el("p.epoch", { role: "status" });
    const take = app.button(app.text("take"), () => app.train(Number(along.value)));
    const settings = [...setting(app, "rate", 0, ["0.1", "1"]), ...setting(app, "clip", 0, ["0.25", "1000"])];
    const row = el("div.row", el("label", { for: "epoch" }, app.text("epoch")), along, take);
    super(app, "loss_curve", settings, row, said);
    along.addEventListener("input", () => this.update());
    this.along = along;
    this.said = said;
  }

  /** What the network says after so many epochs. @param {number} epoch */
  #says(epoch) {
    const { app } = this;
    const { training, split } = app.model;
    const says = (at) => range(at[4]).map((t) => told(seen(app.cell(at, epoch, t))));
    return training.said.map((at) => says(at).join(split === "letters" ? "" : " ")).join(" · ");
  }

  update() {
    const { app } = this;
    const losses = app.cells(app.model.training.loss).map((cell) => Number(seen(cell)));
    const at = Number(this.along.value);
    const words = { epoch: at, loss: told(losses[at]), said: this.#says(at) || "–" };
    write(this.said, app.text("epoch_says", words));
    const some = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((k) => k < app.epochs);
    const row = (k) => [String(k), el("td", told(losses[k])), el("td", this.#says(k))];
    const heads = ["epoch", "loss", "says"].map((key) => app.text(key));
    this.show([losses], { at }, heads, [...some, app.epochs].map(row));
  }
}

/** How much of the gradient is left, step by step back in time. */
class Flow extends Experiment {
  constructor(app) {
    const names = app.model.flow.lines.map((line) => app.told(line.meaning));
    const key = el("ul.key", {}, ...names.map((name, k) => el(`li.line${k}`, name)));
    super(app, "flow", setting(app, "slider", 5, ["0.5", "1", "2"]), key);
    this.names = names;
  }

  update() {
    const { app, names } = this;
    const { steps, lines } = app.model.flow;
    const far = app.cells(steps).map(number);
    const order = range(far.length).sort((a, b) => far[a] - far[b]);
    const sizes = lines.map(({ at }) => order.map((k) => Number(seen(app.cell(at, 0, k)))));
    const some = range(order.length).filter((k) => k % 5 === 0 || k === order.length - 1);
    const rows = some.map((k) => [String(k), ...sizes.map((line) => el("td", told(line[k])))]);
    this.show(sizes, { log: true, y: app.text("flow_y") }, [app.text("flow_x"), ...names], rows);
  }
}
