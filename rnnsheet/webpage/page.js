// @ts-check
/*
 * The page: what is chosen, what was changed, and that all parts show it; the address, files, languages.
 */

/** @type {Record<string, (eq: Equation) => boolean>} */
const VIEWS = {
  say: (eq) => ["read", "cell", "output", "answer", "mark"].includes(eq.part),
  wrong: (eq) => ["loss", "answer", "mark"].includes(eq.part) || eq.base === "p",
  blame: (eq) => eq.part === "gradient",
  learn: () => false,
  flow: () => false,
};

class App {
  /** @param {any} model */
  constructor(model) {
    this.model = model;
    this.sheets = new Sheets(model.book, FORMULAS);
    this.graph = new Graph(model);
    /** @type {Map<string, any>} */
    this.weights = new Map(
      model.inputs
        .filter((/** @type {any} */ each) => each.kind === "weight")
        .map((/** @type {any} */ each) => [each.name, each]),
    );
    this.epochs = model.training ? model.training.loss[3] - 1 : 0;
    const word = model.inputs.find((/** @type {any} */ each) => each.name === "word");
    this.wordCell = word ? this.cell(word.at) : -1;
    /** What was in each input that was changed. @type {Map<number, Value>} */
    this.originals = new Map();
    /** What was looked at before. @type {number[]} */
    this.trail = [];
    this.hovered = -1;
    /** What is shown of the question. @type {{update: () => void}[]} */
    this.parts = [];
    this.views = Object.keys(VIEWS).filter(
      (view) => (view !== "learn" || model.training) && (view !== "flow" || model.flow),
    );
    this.state = { language: model.language, view: "say", step: Infinity, back: false, cell: -1 };
    this.speak();
    this.sheets.calculate();
    this.fromAddress();
    this.build();
    addEventListener("hashchange", () => location.reload());
  }

  /** @param {string} key @param {Record<string, any>} [given] */
  text(key, given = {}) {
    return this.model.texts[this.state.language][key].replace(
      /\{(\w+)\}/g,
      (/** @type {string} */ _, /** @type {string} */ name) => String(given[name]),
    );
  }

  /** What is asked in a view: the lesson's own question, where it has one. @param {string} view */
  question(view) {
    return view === "say" && this.model.own ? this.model.own : view;
  }

  /** @param {Told} by */
  told(by) {
    return by[this.state.language] ?? "";
  }

  /** Puts what formulas may say in the language into its cells. */
  speak() {
    const sheet = this.model.book.sheets.length - 1;
    this.sheets.edit(
      this.model.said[this.state.language].map((/** @type {[number, string]} */ [row, text]) => [
        this.sheets.at(sheet, row, 2),
        text,
      ]),
    );
  }

  /** @param {number[]} area @param {number} r @param {number} c */
  cell(area, r = 0, c = 0) {
    return this.sheets.at(area[0], area[1] + r, area[2] + c);
  }

  /** The cell of a value's row at a time step; before the first, of its first state. @param {Equation} eq @param {number} i @param {number} t */
  cellOf(eq, i, t) {
    if (t >= 0) return this.cell(eq.at, i, t);
    const before = /** @type {Area} */ (eq.before);
    return this.cell(before, before[3] === 1 ? 0 : i);
  }

  /** @param {Equation} eq @param {number} i @param {number} t @returns {Value} */
  value(eq, i, t) {
    return seen(this.cellOf(eq, i, t));
  }

  /** @param {string} name @param {number} t @returns {Value} */
  named(name, t) {
    const eq = this.graph.equations.get(name);
    return eq ? this.value(eq, 0, t) : null;
  }

  /** @param {string} base @param {string} sequence */
  find(base, sequence) {
    return this.model.equations.find(
      (/** @type {Equation} */ eq) => eq.base === base && eq.sequence === sequence,
    );
  }

  /** @param {Equation} eq @param {number} i @param {number} t @returns {Value} */
  gradient(eq, i, t) {
    const found = this.gradientOf(eq);
    return found && found.at ? this.value(found, i, t) : null;
  }

  /** @param {Equation} eq @returns {Equation | undefined} */
  gradientOf(eq) {
    return this.model.gradients.find((/** @type {Equation} */ each) => each.name === eq.gradient);
  }

  greatestGradient() {
    let most = 1e-12;
    for (const { eq, t, count } of this.graph.nodes.values()) {
      for (let i = 0; t >= 0 && i < count; i++) {
        const value = this.gradient(eq, i, t);
        if (typeof value === "number") most = Math.max(most, Math.abs(value));
      }
    }
    return most;
  }

  /** @param {HTMLElement} root */
  greatestOf(root) {
    const cells = [...root.querySelectorAll("[data-gradient]")].map((each) =>
      Number(/** @type {HTMLElement} */ (each).dataset.gradient),
    );
    return Math.max(0, ...cells.map((cell) => (K[cell] === 1 ? Math.abs(N[cell]) : 0)));
  }

  /** Whether what is said is right; null where nothing is asked. @param {Equation} eq @param {number} t */
  isRight(eq, t) {
    if (t < 0) return null;
    const output = this.model.outputs.find((/** @type {any} */ each) => each.predicted === eq.name);
    const right = output && this.named(output.right, t);
    return typeof right === "number" ? right === 1 : null;
  }

  /** What is told one after the other: each equation at each time step. @returns {{eq: Equation, t: number}[]} */
  steps() {
    const told = /** @type {Equation[]} */ (
      this.state.back
        ? this.model.gradients
        : this.model.equations.filter((/** @type {Equation} */ eq) => eq.at && eq.part !== "loss")
    );
    const steps = [];
    const sequences = Object.entries(this.model.sequences);
    for (const [sequence, count] of this.state.back ? sequences.reverse() : sequences) {
      const times = [...Array(count).keys()];
      if (this.state.back) times.reverse();
      for (const t of times)
        for (const eq of told) if (eq.sequence === sequence && eq.at) steps.push({ eq, t });
    }
    return steps;
  }

  /** What is told at this step; nothing where all is. */
  lit() {
    return this.litNow;
  }

  #light() {
    const steps = this.steps();
    const step = steps[this.state.step];
    this.litNow = null;
    this.known = null;
    if (!step) return;
    const { eq, t } = step;
    const home = this.state.back
      ? [...this.graph.equations.values()].find(
          (each) => each.drawn && (each.gradient === eq.name || eq.name.startsWith(`d${each.name}`)),
        )
      : this.graph.home(eq);
    const weights = eq.reads.map((read) => read[2]).filter(Boolean);
    const cells = new Set(eq.rows.map((_, i) => this.cellOf(eq, i, t)));
    this.known = new Set(steps.slice(0, this.state.step + 1).map((each) => `${each.eq.name} ${each.t}`));
    this.litNow = { eq, t, home, weights, cells };
  }

  /** Whether a value is told by now. @param {Equation} eq @param {number} t */
  isTold(eq, t) {
    if (!this.known || t < 0) return true;
    return (
      this.known.has(`${this.state.back ? eq.gradient : eq.name} ${t}`) || (this.state.back && !eq.gradient)
    );
  }

  /** The cell that is explained: the one pointed at, or chosen, or the first of this step. */
  shownCell() {
    if (this.hovered >= 0) return this.hovered;
    if (this.state.cell >= 0) return this.state.cell;
    return this.litNow ? this.cellOf(this.litNow.eq, 0, this.litNow.t) : -1;
  }

  /** A cell's address as a workbook has it. @param {number} cell @param {number} [from] the sheet that speaks */
  address(cell, from = -1) {
    const [sheet, row, col] = this.sheets.where(cell);
    const name = this.model.book.sheets[sheet][0];
    return `${sheet === from ? "" : name.includes(" ") ? `'${name}'!` : `${name}!`}${letters(col)}${row}`;
  }

  /** The equation of a cell, with its row and time step from 0. */
  /** @param {number} cell @returns {[Equation, number, number] | null} */
  equationOf(cell) {
    const [, row, col] = this.sheets.where(cell);
    for (const eq of [...this.model.equations, ...this.model.gradients]) {
      if (eq.at && this.holds(eq.at, cell)) return [eq, row - eq.at[1], col - eq.at[2]];
    }
    return null;
  }

  /** What a cell is called. @param {number} cell */
  title(cell) {
    const found = this.equationOf(cell);
    if (found) {
      const [eq, i, t] = found;
      const unit = eq.rows.length > 1 ? `[${eq.rows[i]}]` : "";
      return eq.sequence === "once" ? eq.name + unit : `${eq.name}${unit}, t = ${t + 1}`;
    }
    const block = this.model.blocks.find((/** @type {any} */ [, ...area]) => this.holds(area, cell));
    if (!block) return this.address(cell);
    const [, row, col] = this.sheets.where(cell);
    const [name, , top, left, rows, cols] = block;
    return rows * cols > 1 ? `${name}[${row - top + 1},${col - left + 1}]` : name;
  }

  /** What is known of a cell. @param {number} cell */
  about(cell) {
    const [sheet, row, col] = this.sheets.where(cell);
    const fill = this.model.book.fills[this.sheets.fillOf[cell] - 1];
    const found = this.equationOf(cell);
    const input = this.model.inputs.find(
      (/** @type {any} */ each) => each.kind !== "text" && this.holds(each.at, cell),
    );
    /** @type {Set<number>} */
    const operands = new Set();
    let formula = "";
    let numbers = "";
    if (fill) {
      const parts = this.model.book.formulas[fill[6]].split(/("[^"]*"|\{[^}]*\})/);
      let k = 0;
      for (const part of parts) {
        if (!part.startsWith("{")) {
          formula += part;
          numbers += part;
          continue;
        }
        const ref = this.sheets.references[fill[6]][k++];
        const [start, high, wide, on] = this.sheets.area(ref, sheet, row, col);
        const width = this.model.book.sheets[on][2];
        const cells = [...Array(high * wide).keys()].map(
          (each) => start + Math.floor(each / wide) * width + (each % wide),
        );
        cells.forEach((each) => operands.add(each));
        formula +=
          this.address(start, sheet) +
          (cells.length > 1 ? `:${this.address(cells[cells.length - 1], on)}` : "");
        const shown = cells.slice(0, 6).map((each) => shownIn(seen(each)));
        numbers += cells.length === 1 ? shown[0] : `{${shown.join("; ")}${cells.length > 6 ? "; …" : ""}}`;
      }
    }
    const meaning = found ? this.told(found[0].meaning) : input ? this.told(input.meaning) : "";
    return {
      title: this.title(cell),
      equation: found?.[0],
      meaning,
      formula,
      numbers,
      input,
      operands: [...operands],
    };
  }

  /** @param {number[]} area @param {number} cell */
  holds([sheet, row, col, rows, cols], cell) {
    const [on, r, c] = this.sheets.where(cell);
    return on === sheet && r >= row && r < row + rows && c >= col && c < col + cols;
  }

  /** @returns {any} */
  settings() {
    const found = this.model.inputs.filter((/** @type {any} */ each) => each.kind === "setting");
    return Object.fromEntries(
      found.map((/** @type {any} */ each) => [each.entry === "slider" ? "slider" : each.name, each]),
    );
  }

  /** @param {number} cell */
  typedText(cell) {
    return String(seen(cell) ?? "");
  }

  /** @param {number} cell */
  isChanged(cell) {
    return this.originals.has(cell) && this.originals.get(cell) !== seen(cell);
  }

  /** What is typed into cells. @param {[number, string][]} edits */
  type(edits) {
    for (const [cell] of edits) if (!this.originals.has(cell)) this.originals.set(cell, seen(cell));
    this.sheets.edit(edits.map(([cell, text]) => [cell, typed(text)]));
    this.refresh();
  }

  reset() {
    this.sheets.edit(this.originals);
    this.originals.clear();
    this.refresh();
  }

  /** Takes the weights that the training has after so many epochs. @param {number} epoch */
  train(epoch) {
    /** @type {[number, string][]} */
    const edits = [];
    for (const [name, ...area] of this.model.training.weights) {
      const { at } = this.weights.get(name);
      for (let k = 0; k < area[4]; k++)
        edits.push([
          this.cell(at, Math.floor(k / at[4]), k % at[4]),
          String(seen(this.cell(area, epoch, k))),
        ]);
    }
    this.type(edits);
  }

  randomize() {
    /** @type {[number, string][]} */
    const edits = [];
    for (const { at } of this.weights.values()) {
      for (let k = 0; k < at[3] * at[4]; k++)
        edits.push([this.cell(at, Math.floor(k / at[4]), k % at[4]), (Math.random() * 2 - 1).toFixed(3)]);
    }
    this.type(edits);
  }

  /** @param {number} cell */
  choose(cell) {
    if (this.state.cell >= 0 && this.state.cell !== cell) this.trail.push(this.state.cell);
    this.state.cell = cell;
    this.hovered = -1;
    this.refresh();
  }

  goBack() {
    this.state.cell = this.trail.pop() ?? -1;
    this.refresh();
  }

  /** @param {number} step */
  go(step) {
    const most = this.steps().length;
    this.state.step = step >= most ? Infinity : Math.max(0, step);
    this.state.cell = -1;
    this.trail = [];
    this.refresh();
  }

  summary() {
    const said = this.model.outputs.map((/** @type {any} */ output) =>
      [...Array(this.model.sequences[output.sequence]).keys()]
        .map((t) => this.named(output.predicted, t) ?? "")
        .join(" "),
    );
    return this.text("picture_about", { said: said.join("; ") });
  }

  /** @param {string} label @param {() => void} act @param {string} [kind] */
  button(label, act, kind = "") {
    return el("button", { type: "button", class: kind, onclick: act }, label);
  }

  /** Writes the page, in its language. */
  build() {
    const { model, state } = this;
    document.documentElement.lang = state.language === "zh" ? "zh-CN" : state.language;
    document.title = this.told(model.title);
    const others = Object.keys(model.texts).filter((language) => language !== state.language);
    const languages = others.map((language) => {
      const other = this.button(model.texts[language].language, () => this.setLanguage(language), "quiet");
      other.lang = language === "zh" ? "zh-CN" : language;
      return other;
    });
    const actions = el(
      "div",
      { class: "actions" },
      ...languages,
      this.button(this.text("theme"), () => this.toggleTheme(), "quiet"),
      this.button(
        this.text("save_lesson"),
        () => this.save(`${model.name}.toml`, toml(this.lesson())),
        "quiet",
      ),
      this.button(this.text("save_table"), () => this.save(`${model.name}.csv`, this.csv()), "quiet"),
      this.button(this.text("copy_link"), () => this.copyLink(), "quiet"),
      this.button(this.text("print"), () => print(), "quiet"),
    );
    this.notice = el("p", { class: "notice", role: "status" });
    const header = el(
      "header",
      {},
      el(
        "div",
        {},
        el("h1", {}, this.told(model.title)),
        el("p", { class: "about" }, this.told(model.about)),
      ),
      actions,
    );
    const tabs = el(
      "nav",
      { "aria-label": this.text("views") },
      ...this.views.map((view) => {
        const tab = this.button(this.text(`ask_${this.question(view)}`), () => this.setView(view), "tab");
        tab.setAttribute("aria-current", String(view === state.view));
        return tab;
      }),
    );
    this.head = new Head(this);
    this.inspector = new Inspector(this);
    this.weightsPanel = new Weights(this);
    this.shown = el("div", { class: "shown" });
    const side = el("aside", {}, this.inspector.root, this.weightsPanel.root);
    const main = el(
      "main",
      {},
      this.head.root,
      tabs,
      this.notice,
      el("div", { class: "columns" }, this.shown, side),
    );
    /** @type {HTMLElement} */ (document.getElementById("page")).replaceChildren(header, main);
    this.tabs = tabs;
    this.showView();
  }

  /** Writes what belongs to the question. */
  showView() {
    const { view } = this.state;
    const what = el("p", { class: "try" }, this.text(`try_${this.question(view)}`));
    this.picture = null;
    this.parts = [];
    if (view === "learn" || view === "flow") {
      const part = view === "learn" ? new Learning(this) : new Flow(this);
      this.parts.push(part);
      this.shown?.replaceChildren(what, part.root);
    } else {
      this.picture = new Picture(this);
      const tables = new Tables(this, [...this.model.equations, ...this.model.gradients].filter(VIEWS[view]));
      this.parts.push(this.picture, tables);
      const figure = el(
        "div",
        { class: "figure", tabindex: 0, role: "group", "aria-label": this.text("picture") },
        this.picture.root,
      );
      this.listen(figure);
      this.shown?.replaceChildren(
        what,
        this.controls(),
        figure,
        el(
          "p",
          { class: "legend" },
          el("i", { class: "pos" }),
          this.text("positive"),
          el("i", { class: "neg" }),
          this.text("negative"),
        ),
        tables.root,
      );
    }
    this.refresh();
  }

  controls() {
    this.slider = /** @type {HTMLInputElement} */ (
      el("input", { type: "range", min: 0, id: "step", oninput: () => this.go(Number(this.slider?.value)) })
    );
    this.stepText = el("output", { for: "step" });
    this.playing = this.button("▶", () => this.play(), "round");
    this.playing.setAttribute("aria-label", this.text("play"));
    const back = this.button(
      "◀",
      () => this.go(Math.min(this.state.step, this.steps().length) - 1),
      "round",
    );
    back.setAttribute("aria-label", this.text("back"));
    const on = this.button("▷", () => this.go(this.state.step + 1), "round");
    on.setAttribute("aria-label", this.text("forward"));
    this.turn = this.button("", () => this.setBack(!this.state.back), "quiet");
    return el(
      "div",
      { class: "controls" },
      back,
      on,
      this.playing,
      el("label", { for: "step", class: "hidden" }, this.text("step")),
      this.slider,
      this.stepText,
      this.turn,
    );
  }

  /** @param {HTMLElement} figure */
  listen(figure) {
    /** @param {Event} event */
    const at = (event) => Number(/** @type {Element} */ (event.target).getAttribute?.("data-cell") ?? -1);
    figure.addEventListener("pointermove", (event) => {
      const cell = at(event);
      if (this.dragged !== undefined) this.drag(event);
      else if (cell !== this.hovered) {
        this.hovered = cell;
        this.inspector?.update();
      }
    });
    figure.addEventListener("pointerleave", () => {
      this.hovered = -1;
      this.inspector?.update();
    });
    figure.addEventListener("pointerdown", (event) => {
      const cell = at(event);
      if (cell < 0) return;
      this.choose(cell);
      if (/** @type {Element} */ (event.target).classList.contains("reach")) {
        this.dragged = { cell, from: event.clientY, value: K[cell] === 1 ? N[cell] : 0 };
        figure.setPointerCapture(event.pointerId);
      }
    });
    figure.addEventListener("pointerup", () => (this.dragged = undefined));
    figure.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      this.go(Math.min(this.state.step, this.steps().length) + (event.key === "ArrowLeft" ? -1 : 1));
      event.preventDefault();
    });
  }

  /** A weight that is pulled up or down. @param {PointerEvent} event */
  drag(event) {
    const { cell, from, value } = /** @type {{cell: number, from: number, value: number}} */ (this.dragged);
    this.type([[cell, (value + (from - event.clientY) / 100).toFixed(3)]]);
  }

  play() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = 0;
    } else {
      if (this.state.step === Infinity) this.go(0);
      this.timer = setInterval(() => {
        this.go(this.state.step + 1);
        if (this.state.step === Infinity) this.play();
      }, 900);
    }
    if (this.playing) {
      this.playing.textContent = this.timer ? "❚❚" : "▶";
      this.playing.setAttribute("aria-label", this.text(this.timer ? "pause" : "play"));
    }
  }

  /** @param {boolean} back */
  setBack(back) {
    this.state.back = back;
    this.go(Infinity);
  }

  /** @param {string} view */
  setView(view) {
    if (this.timer) this.play();
    this.state.view = view;
    this.state.back = view === "blame";
    this.state.step = Infinity;
    this.state.cell = -1;
    for (const [k, tab] of [...(this.tabs?.children ?? [])].entries())
      tab.setAttribute("aria-current", String(this.views[k] === view));
    this.showView();
  }

  /** @param {string} language */
  setLanguage(language) {
    this.state.language = language;
    this.speak();
    this.build();
  }

  toggleTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }

  /** Shows everything as it is now, once before the next frame. */
  refresh() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.#light();
      this.head?.update();
      this.parts?.forEach((part) => part.update());
      this.inspector?.update();
      this.weightsPanel?.update();
      this.#showStep();
      this.toAddress();
    });
  }

  #showStep() {
    if (!this.picture || !this.slider || !this.stepText || !this.turn) return;
    const most = this.steps().length;
    this.slider.max = String(most);
    this.slider.value = String(Math.min(this.state.step, most));
    const lit = this.litNow;
    const label = lit
      ? `${this.state.step + 1}/${most} · ${lit.eq.sequence === "once" ? "" : `t = ${lit.t + 1} · `}${lit.eq.symbol} = ${lit.eq.symbols}`
      : this.text("all");
    this.stepText.textContent = label;
    this.slider.setAttribute("aria-valuetext", label);
    this.turn.textContent = this.text(this.state.back ? "forwards" : "backwards");
  }

  /** By name, every input with what it has. @returns {[string, number][]} */
  named_inputs() {
    return this.model.inputs.flatMap((/** @type {any} */ { name, at }) => {
      const [, , , rows, cols] = at;
      if (rows * cols === 1) return [[name, this.cell(at)]];
      return [...Array(rows * cols).keys()].map((k) => [
        `${name}[${Math.floor(k / cols) + 1},${(k % cols) + 1}]`,
        this.cell(at, Math.floor(k / cols), k % cols),
      ]);
    });
  }

  toAddress() {
    const { state } = this;
    const found = new URLSearchParams({ lang: state.language, view: state.view });
    if (state.step !== Infinity) found.set("step", String(state.step));
    if (state.back !== (state.view === "blame")) found.set("back", state.back ? "1" : "0");
    for (const [name, cell] of this.named_inputs())
      if (this.isChanged(cell)) found.set(name, this.typedText(cell));
    this.address_ = `#${found}`;
    try {
      history.replaceState(null, "", this.address_);
    } catch {
      // In a frame without an address there is nothing to set.
    }
  }

  fromAddress() {
    const found = new URLSearchParams(location.hash.slice(1));
    const language = found.get("lang") ?? "";
    if (Object.hasOwn(this.model.texts, language)) this.state.language = language;
    const view = found.get("view") ?? "";
    if (this.views.includes(view)) this.state.view = view;
    this.state.back = found.has("back") ? found.get("back") === "1" : this.state.view === "blame";
    if (found.has("step")) this.state.step = Math.max(0, Math.floor(Number(found.get("step"))) || 0);
    const cells = new Map(this.named_inputs());
    /** @type {[number, Value][]} */
    const edits = [];
    for (const [name, text] of found) {
      const cell = cells.get(name);
      if (cell === undefined) continue;
      this.originals.set(cell, seen(cell));
      edits.push([cell, typed(text)]);
    }
    this.speak();
    this.sheets.edit(edits);
  }

  copyLink() {
    this.toAddress();
    const link = location.href.split("#")[0] + this.address_;
    const done = () => this.say(this.text("copied"));
    if (navigator.clipboard) navigator.clipboard.writeText(link).then(done, () => this.say(link));
    else this.say(link);
  }

  /** @param {string} text */
  say(text) {
    if (this.notice) this.notice.textContent = text;
  }

  /** @param {string} name @param {string} text */
  save(name, text) {
    if (!text) return;
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    const link = /** @type {HTMLAnchorElement} */ (el("a", { href: url, download: name }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  /** The lesson with what was changed. */
  lesson() {
    const lesson = structuredClone(this.model.lesson);
    for (const { name, at, kind, entry } of this.model.inputs) {
      const [, , , rows, cols] = at;
      for (let k = 0; k < rows * cols; k++) {
        const [r, c] = [Math.floor(k / cols), k % cols];
        const cell = this.cell(at, r, c);
        if (!this.isChanged(cell)) continue;
        const value = seen(cell);
        if (kind === "text") {
          const key =
            { wanted: "target", wanted_second: "second_target" }[/** @type {string} */ (name)] ?? name;
          lesson.data[key] = String(value ?? "");
          delete lesson.data.steps;
          continue;
        }
        if (typeof value !== "number") {
          this.say(this.text("no_number", { name: this.title(cell) }));
          return null;
        }
        if (kind === "setting") {
          lesson.settings = { ...lesson.settings, [entry === "slider" ? "flow_whh" : name]: value };
        } else if (kind === "picture") {
          lesson.data.picture = [...Array(rows).keys()].map((row) =>
            [...Array(cols).keys()].map((col) => Number(seen(this.cell(at, row, col))) || 0),
          );
        } else {
          const table = lesson.weights;
          if (!(name in table)) table[name] = Array(rows).fill(0);
          if (!Array.isArray(table[name]))
            table[name] = rows * cols === 1 ? value : Array(rows).fill(table[name]);
          if (Array.isArray(table[name][r])) table[name][r][c] = value;
          else if (Array.isArray(table[name])) table[name][r] = value;
        }
      }
    }
    return lesson;
  }

  /** Every number of the equations as a table. */
  csv() {
    const lines = [["equation", "row", "t", "value"]];
    for (const eq of [...this.model.equations, ...this.model.gradients]) {
      for (let r = 0; eq.at && r < eq.at[3]; r++)
        for (let t = 0; t < eq.at[4]; t++)
          lines.push([eq.name, eq.rows[r], String(t + 1), String(seen(this.cell(eq.at, r, t)) ?? "")]);
    }
    /** A text that a spreadsheet would take for a formula gets a sign before it. @param {string} text */
    const quoted = (text) =>
      `"${(/^[=+\-@\t\r]/.test(text) && !NUMERIC.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
    return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
  }
}

/** @param {number} col */
function letters(col) {
  let text = "";
  for (; col; col = Math.floor((col - 1) / 26)) text = String.fromCharCode(65 + ((col - 1) % 26)) + text;
  return text;
}

/** A value inside a formula. @param {Value} value */
function shownIn(value) {
  if (typeof value === "number") return value < 0 ? `(${told(value)})` : told(value);
  return `"${value ?? ""}"`;
}

/** Tables as TOML, as `rnnsheet` takes it. @param {any} tree */
function toml(tree) {
  if (!tree) return "";
  /** @param {any} value @returns {string} */
  const written = (value) => {
    if (typeof value === "string") return JSON.stringify(value).replaceAll("\x7f", "\\u007f");
    return Array.isArray(value) ? `[${value.map(written).join(", ")}]` : String(value);
  };
  /** @param {any} table @param {string} head @returns {string} */
  const lines = (table, head) => {
    const entries = Object.entries(table);
    const isTable = (/** @type {any} */ value) => value && typeof value === "object" && !Array.isArray(value);
    const plain = entries
      .filter(([, value]) => !isTable(value))
      .map(([key, value]) => `${written(key)} = ${written(value)}\n`);
    return (
      `${head}\n${plain.join("")}\n` +
      entries
        .filter(([, value]) => isTable(value))
        .map(([key, value]) => lines(value, `${head.slice(0, -1)}.${written(key)}]`))
        .join("")
    );
  };
  return Object.entries(tree)
    .map(([key, table]) =>
      Array.isArray(table)
        ? table.map((each) => lines(each, `[[${key}]]`)).join("")
        : lines(table, `[${key}]`),
    )
    .join("");
}

if (typeof document !== "undefined")
  new App(JSON.parse(document.getElementById("data")?.textContent ?? "{}"));
