// @ts-check
/*
 * What stands around the picture: words and answers, tables, where a number comes from, weights, training, flow.
 */

/** @param {string} tag @param {Record<string, any>} [given] @param {(Node | string)[]} children */
function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** A field whose text is a cell's. @param {any} app @param {number} cell @param {Record<string, any>} given */
function field(app, cell, given) {
  const input = /** @type {HTMLInputElement} */ (
    el("input", { type: "text", autocomplete: "off", spellcheck: "false", "data-field": cell, ...given })
  );
  input.addEventListener("input", () => app.type([[cell, input.value]]));
  return input;
}

/** Shows in each field what its cell has, but in the one that is being typed into. @param {any} app @param {HTMLElement} root */
function refreshFields(app, root) {
  for (const each of root.querySelectorAll("input[data-field]")) {
    const input = /** @type {HTMLInputElement} */ (each);
    const text = app.typedText(Number(input.dataset.field));
    if (input !== document.activeElement || input.type === "range")
      if (input.value !== text) input.value = text;
    input.classList.toggle("changed", app.isChanged(Number(input.dataset.field)));
  }
}

/** What is typed, and what the network says to it, letter by letter. */
class Head {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    const inputs = app.model.inputs.filter(
      (/** @type {any} */ input) => input.kind === "text" || input.kind === "picture",
    );
    this.answers = el("div", { class: "answers" });
    this.state = el("p", { class: "message", role: "status" });
    const tries = app.model.tries.map((/** @type {string} */ word) =>
      app.button(word, () => app.type([[app.wordCell, word]]), "chip"),
    );
    this.root = el("section", { class: "head", "aria-label": app.text("says") });
    const fields = el("div", { class: "fields" });
    for (const input of inputs)
      fields.append(input.kind === "text" ? this.#text(input) : this.#drawing(input));
    this.root.append(el("div", { class: "both" }, fields, this.answers), this.state);
    if (tries.length && app.wordCell >= 0)
      fields.append(el("p", { class: "tries" }, app.text("try"), " ", ...tries));
  }

  /** @param {any} input */
  #text(input) {
    const { app } = this;
    return el(
      "label",
      {},
      el("span", {}, app.told(input.meaning)),
      field(app, app.cell(input.at), { class: `word ${app.model.split}` }),
    );
  }

  /** @param {any} input */
  #drawing(input) {
    const { app } = this;
    const [, , , rows, cols] = input.at;
    const grid = el("div", { class: "drawing", role: "group", "aria-label": app.told(input.meaning) });
    grid.style.gridTemplateColumns = `repeat(${cols}, 1fr)`;
    for (let k = 0; k < rows * cols; k++) {
      const cell = app.cell(input.at, Math.floor(k / cols), k % cols);
      const name = `${Math.floor(k / cols) + 1}, ${(k % cols) + 1}`;
      const flip = () => app.type([[cell, K[cell] === 1 && N[cell] > 0.5 ? "0" : "1"]]);
      grid.append(el("button", { type: "button", "data-pixel": cell, "aria-label": name, onclick: flip }));
    }
    return grid;
  }

  update() {
    const { app } = this;
    refreshFields(app, this.root);
    for (const pixel of this.root.querySelectorAll("[data-pixel]")) {
      const cell = Number(/** @type {HTMLElement} */ (pixel).dataset.pixel);
      pixel.setAttribute("aria-pressed", String(K[cell] === 1 && N[cell] > 0.5));
    }
    this.state.textContent = String(seen(app.cell(app.model.state)) ?? "");
    this.answers.replaceChildren(
      ...app.model.outputs.map((/** @type {any} */ output) => this.#answer(output)),
    );
  }

  /** @param {any} output */
  #answer(output) {
    const { app } = this;
    const steps = app.model.sequences[output.sequence];
    const row = el("ol", { class: "said" });
    const letters = app.find("letter", output.sequence);
    for (let t = 0; t < steps; t++) {
      const said = String(app.named(output.predicted, t) ?? "");
      const right = String(app.named(output.target, t) ?? "");
      const good = app.named(output.right, t);
      const sure = app.named(output.confidence, t);
      if (!said && !right) continue;
      const mark = good === 1 ? "right" : good === 0 ? "wrong" : "open";
      const read = letters ? String(app.value(letters, 0, t) ?? "") : "";
      const item = el("li", { class: mark });
      if (read) item.append(el("span", { class: "read" }, `${read} →`));
      item.append(el("strong", {}, said || "–"));
      if (typeof sure === "number") item.append(el("small", {}, `${Math.round(sure * 100)} %`));
      if (mark !== "open")
        item.append(el("span", { class: "mark" }, good === 1 ? "✓" : `✗ ${app.text("right_is", { right })}`));
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
    this.root = el("section", { class: "tables", "aria-label": app.text("numbers") });
    /** @type {[HTMLElement, number][]} */
    this.cells = [];
    for (const eq of equations) if (eq.at) this.root.append(this.#table(eq));
    this.root.addEventListener("click", (event) => this.#choose(event.target));
    this.root.addEventListener("keydown", (event) => this.#move(event));
  }

  /** @param {Equation} eq */
  #table(eq) {
    const { app } = this;
    const [, , , rows, cols] = eq.at;
    const caption = el(
      "caption",
      {},
      el("b", {}, `${eq.symbol} = ${eq.symbols}`),
      el("span", {}, app.told(eq.meaning)),
    );
    const times = [...Array(cols).keys()].map((t) =>
      el("th", { scope: "col" }, eq.sequence === "once" ? app.text("once") : `t = ${t + 1}`),
    );
    const body = el("tbody");
    for (let r = 0; r < rows; r++) {
      const row = el("tr", {}, el("th", { scope: "row" }, eq.rows[r] || eq.symbol));
      for (let t = 0; t < cols; t++) {
        const cell = app.cell(eq.at, r, t);
        const item = el("td", { tabindex: r || t ? -1 : 0, "data-cell": cell });
        this.cells.push([item, cell]);
        row.append(item);
      }
      body.append(row);
    }
    const head = el("thead", {}, el("tr", {}, el("td"), ...times));
    return el(
      "div",
      { class: "scroll" },
      el("table", { role: "grid", "data-name": eq.name }, caption, head, body),
    );
  }

  /** @param {EventTarget | null} target */
  #choose(target) {
    const cell = /** @type {HTMLElement} */ (target).dataset?.cell;
    if (cell) this.app.choose(Number(cell));
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLTableRowElement} */ (target.parentElement);
    if (target.tagName !== "TD") return;
    const place = [...row.children].indexOf(target);
    const next = {
      ArrowLeft: target.previousElementSibling,
      ArrowRight: target.nextElementSibling,
      ArrowUp: row.previousElementSibling?.children[place],
      ArrowDown: row.nextElementSibling?.children[place],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#choose(target);
    else if (next?.tagName !== "TD") return;
    else {
      target.tabIndex = -1;
      /** @type {HTMLElement} */ (next).tabIndex = 0;
      /** @type {HTMLElement} */ (next).focus();
    }
    event.preventDefault();
  }

  update() {
    const { app } = this;
    const lit = app.lit();
    for (const [item, cell] of this.cells) {
      const value = seen(cell);
      const text = told(value);
      if (item.textContent !== text) item.textContent = text;
      item.classList.toggle("chosen", cell === app.state.cell);
      item.classList.toggle("lit", !!lit && lit.cells.has(cell));
    }
  }
}

/** Where a number comes from: its equation, its formula, its numbers, and what it is computed of. */
class Inspector {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    this.body = el("div", { class: "found" });
    this.root = el(
      "section",
      { class: "inspector", "aria-live": "polite" },
      el("h2", {}, app.text("inspector")),
      this.body,
    );
    this.shown = "";
  }

  update() {
    const { app } = this;
    const cell = app.shownCell();
    if (cell < 0) {
      this.body.replaceChildren(el("p", { class: "hint" }, app.text("point")));
      return;
    }
    const focused = document.activeElement;
    if (
      focused &&
      this.body.contains(focused) &&
      focused.tagName === "INPUT" &&
      this.shown === String(cell)
    ) {
      refreshFields(app, this.body);
      return;
    }
    this.shown = String(cell);
    const about = app.about(cell);
    const parts = [el("h3", {}, about.title)];
    if (about.equation) {
      parts.push(el("p", { class: "equation" }, `${about.equation.symbol} = ${about.equation.symbols}`));
      parts.push(el("p", {}, app.told(about.equation.words)));
    }
    if (about.meaning) parts.push(el("p", { class: "meaning" }, about.meaning));
    if (about.equation?.note) parts.push(el("p", { class: "note" }, app.told(about.equation.note)));
    const list = el("dl");
    /** @param {string} key @param {string} value */
    const line = (key, value) => list.append(el("dt", {}, app.text(key)), el("dd", {}, value));
    line("where", app.address(cell));
    if (about.formula) {
      line("formula", `=${about.formula}`);
      line("with_numbers", `=${about.numbers}`);
    }
    line("result", told(seen(cell)));
    parts.push(list);
    if (about.input) parts.push(...this.#slider(cell, about.title));
    if (about.operands.length) {
      parts.push(el("h4", {}, app.text("operands")));
      const found = about.operands.slice(0, 12).map((/** @type {number} */ i) =>
        el(
          "li",
          {},
          app.button(`${app.title(i)} = ${told(seen(i))}`, () => app.choose(i), "link"),
        ),
      );
      parts.push(el("ul", { class: "operands" }, ...found));
      if (about.operands.length > 12)
        parts.push(el("p", { class: "hint" }, app.text("more", { count: about.operands.length - 12 })));
    }
    if (app.trail.length) parts.push(app.button(app.text("return"), () => app.goBack(), "quiet"));
    this.body.replaceChildren(...parts);
    refreshFields(app, this.body);
  }

  /** @param {number} cell @param {string} name */
  #slider(cell, name) {
    const { app } = this;
    const most = Math.max(2, Math.ceil(Math.abs(K[cell] === 1 ? N[cell] : 0)));
    return [
      field(app, cell, { "aria-label": name, inputmode: "decimal" }),
      field(app, cell, {
        type: "range",
        min: -most,
        max: most,
        step: 0.01,
        "aria-label": `${name}, ${app.text("drag")}`,
      }),
    ];
  }
}

/** Every weight as a field, and what may be done with all. */
class Weights {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    this.root = el("section", { class: "weights" }, el("h2", {}, app.text("weights")));
    const { model } = app;
    const actions = [
      app.button(app.text("train_one"), () => app.train(1)),
      app.button(app.text("train_all", { epochs: app.epochs }), () => app.train(app.epochs)),
      app.button(app.text("random"), () => app.randomize()),
      app.button(app.text("reset"), () => app.reset(), "quiet"),
    ];
    this.root.append(el("div", { class: "buttons" }, ...(model.training ? actions : actions.slice(2))));
    const inputs = model.inputs.filter((/** @type {any} */ input) => input.kind === "weight");
    const all = inputs.reduce(
      (/** @type {number} */ sum, /** @type {any} */ each) => sum + each.at[3] * each.at[4],
      0,
    );
    for (const input of inputs) this.root.append(this.#matrix(input, all <= 60));
  }

  /** @param {any} input @param {boolean} open */
  #matrix(input, open) {
    const { app } = this;
    const [, , , rows, cols] = input.at;
    const details = el(
      "details",
      { open },
      el("summary", {}, el("b", {}, input.name), " ", app.told(input.meaning)),
    );
    const fill = () => {
      if (details.querySelector("table")) return;
      const head =
        cols > 1
          ? [
              el(
                "tr",
                {},
                el("td"),
                ...input.cols.map((/** @type {string} */ name) => el("th", { scope: "col" }, name)),
              ),
            ]
          : [];
      const lines = [...Array(rows).keys()].map((r) =>
        el(
          "tr",
          {},
          input.rows[r] ? el("th", { scope: "row" }, input.rows[r]) : el("td"),
          ...[...Array(cols).keys()].map((c) => this.#weight(input, r, c)),
        ),
      );
      details.append(el("div", { class: "scroll" }, el("table", {}, ...head, ...lines)));
      refreshFields(app, details);
    };
    if (open) fill();
    details.addEventListener("toggle", fill);
    return details;
  }

  /** @param {any} input @param {number} r @param {number} c */
  #weight(input, r, c) {
    const { app } = this;
    const cell = app.cell(input.at, r, c);
    const focus = () => app.choose(cell);
    const shown = field(app, cell, {
      "aria-label": `${input.name}[${r + 1},${c + 1}]`,
      inputmode: "decimal",
      onfocus: focus,
    });
    const item = el("td", {}, shown);
    if (input.gradient) item.append(el("small", { "data-gradient": app.cell(input.gradient, r, c) }));
    return item;
  }

  update() {
    const { app } = this;
    refreshFields(app, this.root);
    this.root.classList.toggle("gradients", app.state.back);
    if (!app.state.back) return;
    const most = app.greatestOf(this.root);
    for (const each of this.root.querySelectorAll("[data-gradient]")) {
      const cell = Number(/** @type {HTMLElement} */ (each).dataset.gradient);
      const value = K[cell] === 1 ? N[cell] : 0;
      each.textContent = short(value);
      each.classList.toggle("strong", Math.abs(value) >= most * 0.6 && most > 0);
    }
  }
}

/** Lines over a number, with their axes. @param {number[][]} lines @param {{log?: boolean, label: string, x: string, y: string, at?: number}} given */
function chart(lines, { log = false, label, x, y, at }) {
  const [wide, high, left, low] = [640, 260, 56, 34];
  const points = lines.map((line) => line.map((value) => (log ? Math.log10(Math.max(value, 1e-45)) : value)));
  const flat = points.flat().filter(Number.isFinite);
  const top = log ? Math.ceil(Math.max(0, ...flat)) : Math.max(1e-9, ...flat);
  const bottom = log ? Math.floor(Math.min(-1, ...flat)) : 0;
  const count = Math.max(2, ...lines.map((line) => line.length));
  /** @param {number} k */
  const px = (k) => left + ((wide - left - 12) * k) / (count - 1);
  /** @param {number} value */
  const py = (value) => 26 + ((high - low - 26) * (top - value)) / (top - bottom || 1);
  const root = svg("svg", {
    viewBox: `0 0 ${wide} ${high}`,
    role: "img",
    "aria-label": label,
    class: "chart",
  });
  for (let k = 0; k <= 4; k++) {
    const value = bottom + ((top - bottom) * k) / 4;
    root.append(svg("line", { x1: left, x2: wide - 12, y1: py(value), y2: py(value), class: "grid" }));
    const tick = log ? `1e${Math.round(value)}`.replace("-", "−") : short(value);
    root.append(svg("text", { x: left - 6, y: py(value) + 4, class: "tick end" }, tick));
    const step = Math.round(((count - 1) * k) / 4);
    root.append(svg("text", { x: px(step), y: high - low + 16, class: "tick" }, String(step)));
  }
  points.forEach((line, number) => {
    const d = line
      .map((value, k) =>
        Number.isFinite(value) ? `${k ? "L" : "M"}${px(k).toFixed(1)} ${py(value).toFixed(1)}` : "",
      )
      .join("");
    root.append(svg("path", { d, class: `line line${number}` }));
  });
  if (at !== undefined)
    root.append(svg("circle", { cx: px(at), cy: py(points[0][at] ?? 0), r: 5, class: "at" }));
  root.append(
    svg("text", { x: (wide + left) / 2, y: high - 3, class: "tick" }, x),
    svg("text", { x: 4, y: 12, class: "tick start" }, y),
  );
  return root;
}

/** A setting of an experiment as a field, with values to try. @param {any} app @param {any} input @param {[number, number, number] | null} range @param {string[]} tries */
function setting(app, input, range, tries) {
  const cell = app.cell(input.at);
  const name = app.told(input.meaning);
  const parts = [el("label", {}, el("span", {}, name), field(app, cell, { inputmode: "decimal" }))];
  if (range)
    parts.push(
      field(app, cell, {
        type: "range",
        min: range[0],
        max: range[1],
        step: range[2],
        "aria-label": `${name}, ${app.text("drag")}`,
      }),
    );
  for (const value of tries) parts.push(app.button(value, () => app.type([[cell, value]]), "chip"));
  return el("div", { class: "setting" }, ...parts);
}

/** The training: its rate and clip, the loss over the epochs, and what is said at each. */
class Learning {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    this.root = el("section", { class: "experiment", "aria-label": app.text("loss_curve") });
    this.curve = el("div", { class: "curve" });
    this.said = el("p", { class: "epoch", role: "status" });
    this.table = el("div", { class: "scroll" });
    const { epochs } = app;
    this.slider = /** @type {HTMLInputElement} */ (
      el("input", { type: "range", min: 0, max: epochs, value: epochs, id: "epoch" })
    );
    this.slider.addEventListener("input", () => this.update());
    const settings = app.settings();
    if (settings.rate) this.root.append(setting(app, settings.rate, [0.01, 2, 0.01], ["0.1", "1"]));
    if (settings.clip) this.root.append(setting(app, settings.clip, null, ["0.25", "1000"]));
    const take = app.button(app.text("take"), () => app.train(Number(this.slider.value)));
    this.root.append(
      this.curve,
      el("div", { class: "setting" }, el("label", { for: "epoch" }, app.text("epoch")), this.slider, take),
      this.said,
      this.table,
    );
  }

  update() {
    const { app } = this;
    const { loss, said } = app.model.training;
    const numbers = [...Array(loss[3]).keys()].map((k) => Number(seen(app.cell(loss, k))));
    const at = Number(this.slider.value);
    this.curve.replaceChildren(
      chart([numbers], { label: app.text("loss_curve"), x: app.text("epoch"), y: app.text("loss"), at }),
    );
    /** @param {number} k */
    const words = (k) =>
      said
        .map((/** @type {any} */ [, ...area]) =>
          [...Array(area[4]).keys()]
            .map((t) => seen(app.cell(area, k, t)) ?? "")
            .join(app.model.split === "letters" ? "" : " "),
        )
        .join(" · ");
    this.said.textContent = app.text("epoch_says", {
      epoch: at,
      loss: told(numbers[at]),
      said: words(at) || "–",
    });
    const some = [...new Set([0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, loss[3] - 1])].filter(
      (k) => k < loss[3],
    );
    const rows = some.map((k) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, String(k)),
        el("td", {}, told(numbers[k])),
        el("td", {}, words(k)),
      ),
    );
    const head = el(
      "tr",
      {},
      ...["epoch", "loss", "says"].map((key) => el("th", { scope: "col" }, app.text(key))),
    );
    this.table.replaceChildren(
      el(
        "table",
        { class: "plain" },
        el("caption", {}, app.text("loss_curve")),
        el("thead", {}, head),
        el("tbody", {}, ...rows),
      ),
    );
    refreshFields(app, this.root);
  }
}

/** How much of the gradient is left, step by step back in time. */
class Flow {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    this.root = el("section", { class: "experiment", "aria-label": app.text("flow") });
    this.curve = el("div", { class: "curve" });
    this.table = el("div", { class: "scroll" });
    const slider = app.settings().slider;
    if (slider) this.root.append(setting(app, slider, [-5, 5, 0.01], ["0.5", "1", "2"]));
    const key = el(
      "ul",
      { class: "key" },
      ...app.model.flow.lines.map((/** @type {any} */ line, /** @type {number} */ k) =>
        el("li", { class: `line${k}` }, app.told(line.meaning)),
      ),
    );
    this.root.append(this.curve, key, this.table);
  }

  update() {
    const { app } = this;
    const { steps, lines } = app.model.flow;
    const order = [...Array(steps[4]).keys()].sort(
      (a, b) => N[app.cell(steps, 0, a)] - N[app.cell(steps, 0, b)],
    );
    const numbers = lines.map((/** @type {any} */ line) =>
      order.map((k) => Number(seen(app.cell(line.at, 0, k)))),
    );
    this.curve.replaceChildren(
      chart(numbers, { log: true, label: app.text("flow"), x: app.text("flow_x"), y: app.text("flow_y") }),
    );
    const head = el(
      "tr",
      {},
      el("th", { scope: "col" }, app.text("flow_x")),
      ...lines.map((/** @type {any} */ line) => el("th", { scope: "col" }, app.told(line.meaning))),
    );
    const rows = order.map((_, k) => k).filter((k) => k % 5 === 0 || k === order.length - 1);
    const body = rows.map((k) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, String(k)),
        ...numbers.map((/** @type {number[]} */ line) => el("td", {}, told(line[k]))),
      ),
    );
    this.table.replaceChildren(
      el(
        "table",
        { class: "plain" },
        el("caption", {}, app.text("flow")),
        el("thead", {}, head),
        el("tbody", {}, ...body),
      ),
    );
    refreshFields(app, this.root);
  }
}
