// @ts-check
/*
 * The page: what is chosen, what was changed, and that all parts show it; the address, files, languages.
 */

/** What each question shows of the equations; nothing where it has an experiment of its own. */
const VIEWS = {
  say: (eq) => eq.part !== "loss" && eq.part !== "gradient",
  wrong: (eq) => eq.part === "loss" || eq.part === "answer" || eq.part === "mark" || eq.base === "p",
  blame: (eq) => eq.part === "gradient",
  learn: null,
  flow: null,
};

class App {
  /** @param {any} model @param {any} root The picture. */
  constructor(model, root) {
    this.model = model;
    this.sheets = new Sheets(model.book, FORMULAS);
    /** @type {Equation[]} */
    this.equations = model.equations.filter((eq) => eq.at);
    this.byName = new Map(model.equations.map((eq) => [eq.name, eq]));
    this.weights = new Map(this.inputs("weight").map((each) => [each.name, each]));
    this.epochs = model.training ? model.training.loss[3] - 1 : 0;
    const word = this.inputs("text")[0];
    this.wordCell = word ? this.cell(word.at) : -1;
    /** What was in each input that was changed. @type {Map<number, Value>} */
    this.originals = new Map();
    /** What was looked at before. @type {number[]} */
    this.trail = [];
    this.hovered = -1;
    this.timer = 0;
    this.most = 0;
    /** What stands around the picture. @type {any[]} */
    this.around = [];
    /** What shows the question. @type {{update: () => void}[]} */
    this.parts = [];
    const parts = new Set(model.equations.map((eq) => eq.part));
    const there = { wrong: parts.has("loss"), blame: parts.has("gradient"), learn: this.epochs, ...model };
    this.views = Object.keys(VIEWS).filter((view) => there[view] ?? view === "say");
    this.state = { language: model.language, view: "say", step: Infinity, back: false, cell: -1 };
    for (const eq of this.equations)
      this.cells(eq.at).forEach((cell, k) => put(cell, model.values[eq.name]?.[k] ?? null));
    this.fromAddress();
    this.picture = new Picture(this, root);
    this.build();
    // The values that the page was exported with are seen before anything is computed.
    const known = VIEWS[this.state.view] && !this.originals.size;
    if (known) this.idle(() => (this.want(), this.refresh()));
    else this.want();
    addEventListener("hashchange", () => location.reload());
    document.addEventListener("input", (/** @type {any} */ { target: { dataset, value } }) => {
      if (dataset.field) this.type([[Number(dataset.field), value]]);
    });
    document.addEventListener("focusin", (/** @type {any} */ { target }) => {
      if (target.closest(".weights [data-field]")) this.choose(Number(target.dataset.field));
    });
    document.addEventListener("click", (/** @type {any} */ { target }) => {
      if (target.matches("td[data-cell]")) this.choose(Number(target.dataset.cell));
    });
  }

  /** Does something when what is seen now is on the screen. @param {() => void} act */
  idle(act) {
    const later = window.requestIdleCallback ?? setTimeout;
    requestAnimationFrame(() => later(act, { timeout: 500 }));
  }

  /** A text in the page's language. @returns {string} */
  text(key, given = {}) {
    return this.model.texts[this.state.language][key].replace(/\{(\w+)\}/g, (_, name) => given[name]);
  }

  /** That of several languages which is the page's. */
  told(by) {
    return by[this.state.language] ?? "";
  }

  /** The question of a view, or what to try in it: the lesson's own, where it has one. */
  question(key, view) {
    return view === "say" && this.model.own ? this.told(this.model.own[key]) : this.text(`${key}_${view}`);
  }

  /** What may be changed, of one kind. @returns {any[]} */
  inputs(kind) {
    return this.model.inputs.filter((each) => each.kind === kind);
  }

  /** @param {number[]} area */
  cell([sheet, row, col], r = 0, c = 0) {
    return this.sheets.at(sheet, row + r, col + c);
  }

  /** All cells of an area, row by row. */
  cells(area) {
    const [, , , rows, cols] = area;
    return range(rows * cols).map((k) => this.cell(area, Math.floor(k / cols), k % cols));
  }

  /** @param {number[]} area @param {number} cell */
  holds([sheet, row, col, rows, cols], cell) {
    const [on, r, c] = this.sheets.where(cell);
    return on === sheet && r >= row && r < row + rows && c >= col && c < col + cols;
  }

  /** The cell of a value's row at a time step. @param {Equation} eq */
  cellOf(eq, row, t) {
    return this.cell(eq.at, row, t);
  }

  value(eq, row, t) {
    return seen(this.cellOf(eq, row, t));
  }

  /** @returns {Equation | undefined} */
  known(name) {
    return this.byName.get(name);
  }

  named(name, t, row = 0) {
    const eq = this.known(name);
    return eq ? this.value(eq, row, t) : null;
  }

  greatestGradient() {
    const drawn = new Set(this.equations.map((eq) => eq.gradient));
    const shown = this.equations.filter((eq) => drawn.has(eq.name));
    return Math.max(1e-12, ...shown.flatMap((eq) => this.cells(eq.at)).map((cell) => Math.abs(number(cell))));
  }

  /** 1 if what is said is right, 0 if not; null where nothing is asked. @param {Equation} eq */
  isRight(eq, t) {
    const output = this.model.outputs.find((each) => each.predicted === eq.name);
    return output ? this.named(output.right, t) : null;
  }

  /** What the network says, in words. */
  summary() {
    const said = this.model.outputs.map(({ sequence, predicted }) =>
      range(this.model.sequences[sequence])
        .map((t) => told(this.named(predicted, t)))
        .join(" "),
    );
    return this.text("picture_about", { said: said.join("; ") });
  }

  /** What is told one after the other: each equation at each time step, as the network computes them. */
  steps() {
    const { back } = this.state;
    const told = this.equations.filter(back ? VIEWS.blame : VIEWS.say);
    const sequences = Object.entries(this.model.sequences);
    const steps = [];
    for (const [sequence, count] of back ? sequences.reverse() : sequences) {
      /** Of equations behind each other those that go the same way in time. @type {Equation[][]} */
      const runs = [];
      for (const eq of told.filter((each) => each.sequence === sequence)) {
        if (runs.length && !runs[runs.length - 1][0].reverse === !eq.reverse) runs[runs.length - 1].push(eq);
        else runs.push([eq]);
      }
      for (const run of runs) {
        const times = range(count);
        if (back === !run[0].reverse) times.reverse();
        steps.push(...times.flatMap((t) => run.map((eq) => ({ eq, t }))));
      }
    }
    return steps;
  }

  /** Finds what is told at this step, and what was told before; nothing where all is. */
  #light() {
    const steps = this.steps();
    const step = steps[this.state.step];
    this.most = steps.length;
    this.lit = this.past = null;
    if (!step) return;
    const { eq, t } = step;
    const cells = new Set(eq.rows.map((_, i) => this.cellOf(eq, i, t)));
    this.lit = { eq, t, cells, node: `${eq.home} ${t}` };
    this.past = new Set(steps.slice(0, this.state.step + 1).map((each) => `${each.eq.name} ${each.t}`));
  }

  /** Whether a value, or its gradient, is told by now. @param {Equation} eq @param {number} t */
  isTold(eq, t) {
    const shown = this.known(this.state.back ? eq.gradient : eq.name);
    return !this.past || t < 0 || !shown?.at || this.past.has(`${shown.name} ${t}`);
  }

  /** The cell that is explained: the one pointed at, or chosen, or the first of this step. */
  shownCell() {
    if (this.hovered >= 0) return this.hovered;
    if (this.state.cell >= 0) return this.state.cell;
    return this.lit ? this.cellOf(this.lit.eq, 0, this.lit.t) : -1;
  }

  /** A cell's address as a workbook has it, without the sheet that speaks. */
  address(cell, from = -1) {
    const [sheet, row, col] = this.sheets.where(cell);
    const name = this.model.book.sheets[sheet][0];
    return `${sheet === from ? "" : /^[A-Za-z_]\w*$/.test(name) ? `${name}!` : `'${name}'!`}${letters(col)}${row}`;
  }

  equationOf(cell) {
    return this.equations.find((eq) => this.holds(eq.at, cell));
  }

  /** What a cell is called. */
  title(cell) {
    const [, row, col] = this.sheets.where(cell);
    const eq = this.equationOf(cell);
    if (eq) {
      const unit = eq.rows.length > 1 ? `[${eq.rows[row - eq.at[1]]}]` : "";
      return eq.name + unit + (eq.sequence === "once" ? "" : `, t = ${col - eq.at[2] + 1}`);
    }
    const block = this.model.blocks.find(([, ...area]) => this.holds(area, cell));
    if (!block) return this.address(cell);
    const [name, , top, left, rows, cols] = block;
    return rows * cols > 1 ? `${name}[${row - top + 1},${col - left + 1}]` : name;
  }

  /** A message of the workbook, with what a page calls a cell where a workbook has its address. */
  placed(message) {
    const { sheets } = this.model.book;
    return message.replace(/^(.*?) ([A-Z]+)(\d+)(:[A-Z]+\d+)?/, (found, before, col, row) => {
      const sheet = sheets.findIndex(([name]) => before.endsWith(name));
      if (sheet < 0) return found;
      const column = [...col].reduce((total, letter) => total * 26 + letter.charCodeAt(0) - 64, 0);
      const cell = this.sheets.at(sheet, Number(row), column);
      const input = this.model.inputs.find(({ at }) => this.holds(at, cell));
      const name = input?.kind === "weight" ? this.title(cell) : this.told(input?.meaning ?? {});
      return before.slice(0, -sheets[sheet][0].length) + (name || this.title(cell));
    });
  }

  /** What is known of a cell. */
  about(cell) {
    const equation = this.equationOf(cell);
    const input = this.model.inputs.find((each) => each.kind !== "text" && this.holds(each.at, cell));
    const meaning = this.told(equation?.meaning ?? input?.meaning ?? {});
    return { title: this.title(cell), equation, meaning, input, ...this.#formula(cell) };
  }

  /** A cell's formula, the same with the numbers in it, and the cells that it reads. */
  #formula(cell) {
    const { book } = this.model;
    const fill = book.fills[this.sheets.fillOf[cell] - 1];
    const operands = new Set();
    let [formula, numbers] = ["", ""];
    const [sheet, row, col] = this.sheets.where(cell);
    for (const part of fill ? book.formulas[fill[6]] : []) {
      if (typeof part === "string") {
        [formula, numbers] = [formula + part, numbers + part];
        continue;
      }
      const [first, rows, cols, on] = this.sheets.area(part, sheet, row, col);
      const width = book.sheets[on][2];
      const cells = range(rows * cols).map((k) => first + Math.floor(k / cols) * width + (k % cols));
      cells.forEach((each) => operands.add(each));
      const last = cells[cells.length - 1];
      formula += this.address(first, sheet) + (last > first ? `:${this.address(last, on)}` : "");
      const shown = cells.slice(0, 6).map((each) => shownIn(seen(each)));
      numbers += last > first ? `{${shown.join("; ")}${cells.length > 6 ? "; …" : ""}}` : shown[0];
    }
    return { formula, numbers, operands: [...operands] };
  }

  typedText(cell) {
    return String(seen(cell) ?? "");
  }

  isChanged(cell) {
    return this.originals.has(cell) && this.originals.get(cell) !== seen(cell);
  }

  /** Puts values into inputs. @param {[number, Value][]} edits */
  edit(edits) {
    for (const [cell] of edits) if (!this.originals.has(cell)) this.originals.set(cell, seen(cell));
    this.sheets.edit(edits);
    this.refresh();
  }

  /** What is typed into cells. @param {[number, string][]} edits */
  type(edits) {
    this.edit(edits.map(([cell, text]) => [cell, typed(text)]));
  }

  reset() {
    this.sheets.edit(this.originals);
    this.originals.clear();
    this.refresh();
  }

  /** Has computed what is shown, or these areas, and what that is computed of. */
  want(areas = this.#shownAreas()) {
    this.sheets.want(areas.flatMap((area) => this.cells(area)));
    this.sheets.edit();
  }

  #shownAreas() {
    const { model, state } = this;
    const areas = this.equations.filter((eq) => state.back || !VIEWS.blame(eq)).map((eq) => eq.at);
    if (state.back)
      areas.push(...this.inputs("weight").flatMap(({ gradient }) => (gradient ? [gradient] : [])));
    if (state.view === "learn") areas.push(model.training.loss, ...model.training.said);
    if (state.view === "flow") areas.push(model.flow.steps, ...model.flow.lines.map(({ at }) => at));
    return [model.state, ...areas];
  }

  /** Takes the weights that the training has after so many epochs. @param {number} epoch */
  train(epoch) {
    const { weights } = this.model.training;
    this.want(weights.map(([, ...area]) => area));
    const edits = weights.flatMap(([name, ...area]) => {
      const trained = range(area[4]).map((k) => seen(this.cell(area, epoch, k)));
      return this.cells(this.weights.get(name).at).map((cell, k) => [cell, trained[k]]);
    });
    this.edit(edits);
    this.want();
  }

  randomize() {
    const cells = this.inputs("weight").flatMap(({ at }) => this.cells(at));
    this.edit(cells.map((cell) => [cell, Number((Math.random() * 2 - 1).toFixed(3))]));
  }

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
    Object.assign(this.state, { step: step >= this.most ? Infinity : Math.max(0, step), cell: -1 });
    this.trail = [];
    this.refresh();
  }

  /** On by so many steps, or back. @param {number} by */
  move(by) {
    this.go(Math.min(this.state.step, this.most) + by);
  }

  button(label, act, kind = "", given = {}) {
    return el("button", { type: "button", class: kind, onclick: act, ...given }, label);
  }

  /** Writes the page, in its language. */
  build() {
    const { model, state } = this;
    this.speak();
    const tag = (language) => (language === "zh" ? "zh-CN" : language);
    document.documentElement.lang = tag(state.language);
    document.title = this.told(model.title);
    const quiet = (key, act) => this.button(this.text(key), act, "quiet");
    const others = Object.keys(model.texts).filter((language) => language !== state.language);
    const turn = (to) =>
      this.button(model.texts[to].language, () => this.setLanguage(to), "quiet", { lang: tag(to) });
    const onchange = () => this.open(chosen.files[0]).finally(() => (chosen.value = ""));
    const given = { type: "file", accept: ".toml", hidden: true, "aria-label": this.text("open"), onchange };
    const chosen = el("input", given);
    const files = [
      quiet("save_lesson", () => this.saveLesson()),
      quiet("open", () => chosen.click()),
      chosen,
    ];
    const actions = [
      ...others.map(turn),
      quiet("theme", () => this.toggleTheme()),
      ...(model.lesson ? files : []),
      quiet("save_table", () => this.save(`${model.name}.csv`, this.csv())),
      quiet("copy_link", () => this.copyLink()),
      quiet("print", () => print()),
    ];
    const title = [el("h1", this.told(model.title)), el("div.row.actions", ...actions)];
    const header = el("header.row", ...title, el("p.about", this.told(model.about)));
    const ask = (view) => this.button(this.question("ask", view), () => this.setView(view), "tab");
    this.tabs = el("nav.row", { "aria-label": this.text("views") }, ...this.views.map(ask));
    this.tabs.hidden = this.views.length < 2;
    this.notice = el("p.notice", { role: "status" });
    this.around = [new Head(this), new Inspector(this), new Weights(this)];
    const [head, ...beside] = this.around.map((part) => part.root);
    this.shown = el("div.shown");
    this.below = el("div.below");
    const columns = el("div.columns", this.shown, el("aside", ...beside), this.below);
    document
      .getElementById("page")
      ?.replaceChildren(header, el("main", head, this.tabs, this.notice, columns));
    this.showView();
  }

  /** Writes what belongs to the question. */
  showView() {
    const { view } = this.state;
    const { picture } = this;
    this.views.forEach((each, k) => set(this.tabs.children[k], { "aria-current": each === view }));
    const what = el("p.try", this.question("try", view));
    this.playing = null;
    this.below.replaceChildren();
    if (VIEWS[view]) {
      const figure = el("div.figure.card", {
        tabindex: 0,
        role: "group",
        "aria-label": this.text("picture"),
      });
      figure.append(picture.root);
      this.listen(figure);
      const signs = ["positive", "negative"].flatMap((sign) => [el(`i.${sign}`), this.text(sign)]);
      this.shown.replaceChildren(what, this.controls(), figure, el("p.legend", ...signs));
      this.parts = [picture];
      this.idle(() => this.#addTables(figure, VIEWS[view]));
    } else {
      const experiment = view === "learn" ? new Learning(this) : new Flow(this);
      this.parts = [experiment];
      this.shown.replaceChildren(what, experiment.root);
    }
    this.refresh();
  }

  #addTables(figure, wanted) {
    if (!figure.isConnected) return;
    const tables = new Tables(this, this.equations.filter(wanted));
    tables.update();
    this.parts.push(tables);
    this.below.replaceChildren(tables.root);
  }

  controls() {
    const oninput = () => this.go(Number(this.slider.value));
    this.slider = el("input", {
      type: "range",
      min: 0,
      id: "step",
      "aria-label": this.text("step"),
      oninput,
    });
    this.stepText = el("output", { for: "step" });
    this.playing = this.button("", () => this.play());
    this.turn = this.button("", () => this.setBack(!this.state.back), "quiet");
    const round = (sign, key, by) =>
      this.button(sign, () => this.move(by), "round", { "aria-label": this.text(key) });
    const [back, on] = [round("‹", "back", -1), round("›", "forward", 1)];
    return el("div.row.controls", this.playing, back, this.slider, on, this.stepText, this.turn);
  }

  listen(figure) {
    const near = [0, 4, -4];
    /** What has a cell at a point, or nearby: lines are thin. */
    const at = ({ clientX: x, clientY: y }) =>
      near
        .flatMap((dx) => near.map((dy) => document.elementFromPoint(x + dx, y + dy)?.closest("[data-cell]")))
        .find((found) => figure.contains(found));
    const cellOf = (/** @type {any} */ found) => Number(found?.getAttribute("data-cell") ?? -1);
    /** @type {{cell: number, from: number, value: number} | null} */
    let dragged = null;
    const hover = (cell) => {
      if (cell === this.hovered) return;
      this.hovered = cell;
      this.around[1].update();
    };
    figure.addEventListener("pointermove", (event) => {
      if (!dragged) hover(cellOf(at(event)));
      else this.type([[dragged.cell, (dragged.value + (dragged.from - event.clientY) / 100).toFixed(3)]]);
    });
    figure.addEventListener("pointerleave", () => hover(-1));
    figure.addEventListener("pointerdown", (event) => {
      const found = /** @type {any} */ (at(event));
      const cell = cellOf(found);
      if (cell < 0) return;
      this.choose(cell);
      if (!found.matches(".edge") || event.pointerType === "touch") return;
      dragged = { cell, from: event.clientY, value: number(cell) };
      figure.setPointerCapture(event.pointerId);
    });
    figure.addEventListener("pointerup", () => (dragged = null));
    figure.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      this.move(by);
      event.preventDefault();
    });
  }

  play() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = 0;
    } else {
      if (this.state.step === Infinity) this.go(0);
      this.timer = setInterval(() => {
        this.move(1);
        if (this.state.step === Infinity) this.play();
      }, 900);
    }
    this.refresh();
  }

  setBack(back) {
    this.state.back = back;
    this.want();
    this.#light();
    this.go(Infinity);
  }

  setView(view) {
    if (this.timer) this.play();
    Object.assign(this.state, { view, back: view === "blame", step: Infinity, cell: -1 });
    this.showView();
    this.want();
  }

  setLanguage(language) {
    this.state.language = language;
    this.build();
    this.want();
  }

  /** Puts what formulas may say in the language into its cells. */
  speak() {
    const sheet = this.model.book.sheets.length - 1;
    this.sheets.edit(this.told(this.model.said).map(([row, text]) => [this.sheets.at(sheet, row, 2), text]));
  }

  toggleTheme() {
    const { dataset } = document.documentElement;
    const dark = dataset.theme
      ? dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = dark ? "light" : "dark";
  }

  /** Shows everything as it is now, once before the next frame. */
  refresh() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.#light();
      this.shown.classList.toggle("backward", this.state.back);
      for (const part of [...this.around, ...this.parts]) part.update();
      for (const input of document.querySelectorAll("input[data-field]")) this.#refreshField(input);
      if (this.playing) this.#showStep();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.toAddress(), 200);
    });
  }

  /** Shows in a field what its cell has, unless it is being typed into. */
  #refreshField(input) {
    const cell = Number(input.dataset.field);
    const text = this.typedText(cell);
    if (input.value !== text && (input !== document.activeElement || input.type === "range"))
      input.value = text;
    input.classList.toggle("changed", this.isChanged(cell));
  }

  #showStep() {
    const { lit, most } = this;
    set(this.slider, { max: most });
    this.slider.value = Math.min(this.state.step, most);
    const time = lit && lit.eq.sequence !== "once" ? `t = ${lit.t + 1} · ` : "";
    const step = lit
      ? `${this.state.step + 1}/${most} · ${time}${lit.eq.symbol} = ${lit.eq.symbols}`
      : this.text("all");
    write(this.stepText, step);
    set(this.slider, { "aria-valuetext": step });
    write(this.turn, this.text(this.state.back ? "forwards" : "backwards"));
    this.turn.hidden = !this.views.includes("blame");
    write(this.playing, this.timer ? `❚❚ ${this.text("pause")}` : `▶ ${this.text("play")}`);
  }

  /** By name, every input's cell. @returns {[string, number][]} */
  #addressed() {
    return this.model.inputs.flatMap(({ name, at }) => {
      const cells = this.cells(at);
      const label = (k) =>
        cells.length > 1 ? `${name}[${Math.floor(k / at[4]) + 1},${(k % at[4]) + 1}]` : name;
      return cells.map((cell, k) => [label(k), cell]);
    });
  }

  toAddress() {
    const { language, view, step, back } = this.state;
    const found = new URLSearchParams({ lang: language, view });
    if (step !== Infinity) found.set("step", String(step));
    if (back !== (view === "blame")) found.set("back", back ? "1" : "0");
    for (const [name, cell] of this.#addressed())
      if (this.isChanged(cell)) found.set(name, this.typedText(cell));
    try {
      history.replaceState(null, "", `#${found}`);
    } catch {
      // In a frame without an address there is nothing to set.
    }
    return location.href.split("#")[0] + `#${found}`;
  }

  fromAddress() {
    const { model, state } = this;
    if (!location.hash) return;
    const found = new URLSearchParams(location.hash.slice(1));
    const language = found.get("lang") ?? "";
    if (Object.hasOwn(model.texts, language)) state.language = language;
    const view = found.get("view") ?? "";
    if (this.views.includes(view)) state.view = view;
    state.back = found.has("back") ? found.get("back") === "1" : view === "blame";
    if (found.has("step")) state.step = Math.max(0, Math.floor(Number(found.get("step"))) || 0);
    const edits = this.#addressed().filter(([name]) => found.has(name));
    for (const [name, cell] of edits) {
      this.originals.set(cell, seen(cell));
      this.sheets.edit([[cell, typed(found.get(name) ?? "")]]);
    }
  }

  copyLink() {
    const link = this.toAddress();
    const done = () => this.say(this.text("copied"));
    if (navigator.clipboard) navigator.clipboard.writeText(link).then(done, () => this.say(link));
    else this.say(link);
  }

  say(text) {
    write(this.notice, text);
  }

  save(name, text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  saveLesson() {
    const lines = this.lesson();
    if (lines) this.save(`${this.model.name}.toml`, lines.join("\n"));
  }

  /** Takes what a lesson has that this page has saved; another one is named. @param {File} file */
  async open(file) {
    const edits = this.#saved((await file.text()).split("\n"));
    this.say(this.text(edits ? "opened" : "other_lesson", { file: file.name }));
    if (!edits) return;
    this.reset();
    this.edit(edits);
  }

  /** What other values a saved lesson has; nothing where it is no file of this page. @param {string[]} lines */
  #saved(lines) {
    const { lines: ours, inputs, steps } = this.model.saving;
    const others = new Set(range(ours.length).filter((k) => k !== steps && lines[k] !== ours[k]));
    /** @type {[number, Value][]} */
    const edits = [];
    for (const { name, at } of this.model.inputs) {
      const [line, key] = inputs[name];
      const cells = this.cells(at);
      const values = others.has(line) ? listed(lines[line]?.split(`"${key}" = `)[1]) : [];
      if (values.length !== cells.length) continue;
      cells.forEach((cell, k) => edits.push([cell, typed(String(values[k]))]));
      others.delete(line);
    }
    return lines.length === ours.length && !others.size ? edits : null;
  }

  /** The lines of the lesson with what was changed; nothing where something is no number. */
  lesson() {
    const { lines: ours, inputs, steps } = this.model.saving;
    const lines = [...ours];
    for (const { name, kind, at } of this.model.inputs) {
      const cells = this.cells(at);
      if (!cells.some((cell) => this.isChanged(cell))) continue;
      const value = { text: (cell) => this.typedText(cell), picture: number }[kind] ?? seen;
      const values = cells.map(value);
      const wrong = kind === "text" ? -1 : values.findIndex((each) => typeof each !== "number");
      if (wrong >= 0) {
        this.say(this.text("no_number", { name: this.title(cells[wrong]) }));
        return null;
      }
      const [line, key, depth] = inputs[name];
      const rows = range(at[3]).map((r) => values.slice(r * at[4], (r + 1) * at[4]));
      const written = JSON.stringify([values[0], values, rows][depth]).replaceAll("\x7f", "\\u007f");
      lines[line] = `"${key}" = ${written}`;
      if (kind === "text") lines[steps] = "";
    }
    return lines;
  }

  /** Every number of the equations as a table. */
  csv() {
    const lines = [["equation", "row", "t", "value"]];
    this.want(this.equations.map((eq) => eq.at));
    for (const eq of this.equations)
      for (const r of range(eq.at[3]))
        for (const t of range(eq.at[4]))
          lines.push([eq.name, eq.rows[r], String(t + 1), this.typedText(this.cell(eq.at, r, t))]);
    this.want();
    // A text that a spreadsheet would take for a formula gets a sign before it.
    const safe = (text) => (/^[=+\-@\t\r]/.test(text) && !NUMERIC.test(text) ? `'${text}` : text);
    const quoted = (text) => `"${safe(text).replaceAll('"', '""')}"`;
    return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
  }
}

/** The values that are written, or none. @param {string | undefined} text @returns {any[]} */
function listed(text) {
  try {
    return [JSON.parse(text ?? "[]")].flat(3);
  } catch {
    return [];
  }
}

/** The letters of a column. @param {number} col @returns {string} */
function letters(col) {
  return col ? letters(Math.floor((col - 1) / 26)) + String.fromCharCode(65 + ((col - 1) % 26)) : "";
}

/** A value inside a formula. @param {Value} value */
function shownIn(value) {
  if (typeof value === "number") return value < 0 ? `(${told(value)})` : told(value);
  return `"${value ?? ""}"`;
}

if (typeof document !== "undefined")
  new App(
    JSON.parse(document.getElementById("data")?.textContent ?? "{}"),
    document.getElementById("picture"),
  );
