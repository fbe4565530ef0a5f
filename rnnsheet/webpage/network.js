/* The network of the page: where its values stand, what was changed in it, and what is known of a cell. */

const model = JSON.parse(document.getElementById("data")?.textContent ?? "");
const sheets = new Sheets(model.book, FORMULAS);
/** @type {Equation[]} */
const equations = model.equations.filter((eq) => eq.at);
/** What is chosen; of cells -1 is none. */
const state = { language: model.language, view: "say", step: Infinity, back: false, cell: -1 };
/** What was in each input that was changed. @type {Map<number, Value>} */
const originals = new Map();

/** The numbers from 0, so many. */
const range = (count) => [...Array(count).keys()];

/** That of several languages which is the page's. */
const spoken = (by) => by[state.language] ?? "";

/** A text in the page's language. @returns {string} */
const text = (key, given = {}) => spoken(model.texts)[key].replace(/\{(\w+)\}/g, (_, name) => given[name]);

/** What may be changed, of one kind. @returns {any[]} */
const inputs = (kind) => model.inputs.filter((each) => each.kind === kind);

/** A cell of an area. @param {number[]} area */
const cellIn = ([sheet, row, col], r = 0, c = 0) => sheets.at(sheet, row + r, col + c);

/** All cells of an area, row by row. */
const cellsOf = (area) =>
	range(area[3] * area[4]).map((k) => cellIn(area, Math.floor(k / area[4]), k % area[4]));

/** Whether an area has a cell. @param {number[]} area */
function holds([sheet, row, col, rows, cols], cell) {
	const [on, r, c] = sheets.where(cell);
	return on === sheet && r >= row && r < row + rows && c >= col && c < col + cols;
}

const known = (name) => equations.find((eq) => eq.name === name);

/** A value's row at a time step. */
const valueOf = (eq, row, t) => (eq ? seen(cellIn(eq.at, row, t)) : null);

/** Which equations a question is about. */
const VIEWS = {
	say: (eq) => eq.part !== "loss" && eq.part !== "gradient",
	wrong: (eq) => eq.part === "loss" || eq.part === "answer" || eq.part === "mark" || eq.base === "p",
	blame: (eq) => eq.part === "gradient",
};

/** Each equation at each time step, as the network computes them. */
function steps() {
	const { back } = state;
	const sequences = Object.entries(model.sequences);
	const found = [];
	for (const [sequence, count] of back ? sequences.reverse() : sequences) {
		/** Those that go the same way in time. @type {Equation[][]} */
		const runs = [];
		for (const eq of equations.filter(back ? VIEWS.blame : VIEWS.say)) {
			if (eq.sequence !== sequence) continue;
			const run = runs[runs.length - 1];
			if (run && !run[0].reverse === !eq.reverse) run.push(eq);
			else runs.push([eq]);
		}
		for (const run of runs) {
			const times = range(count);
			if (back === !run[0].reverse) times.reverse();
			found.push(...times.flatMap((t) => run.map((eq) => ({ eq, t }))));
		}
	}
	return found;
}

/** A cell's address as a workbook has it, without the sheet where `from` stands. */
function address(cell, from = -1) {
	const [sheet, row, col] = sheets.where(cell);
	const place = letters(col) + row;
	if (sheets.where(from)[0] === sheet) return place;
	const [name] = model.book.sheets[sheet];
	return /^[A-Za-z_]\w*$/.test(name) ? `${name}!${place}` : `'${name}'!${place}`;
}

/** The letters of a column. @param {number} col @returns {string} */
const letters = (col) =>
	col ? letters(Math.floor((col - 1) / 26)) + String.fromCharCode(65 + ((col - 1) % 26)) : "";

const equationOf = (cell) => equations.find((eq) => holds(eq.at, cell));
const inputOf = (cell) => model.inputs.find(({ at }) => holds(at, cell));

/** What a cell is called. */
function title(cell) {
	const [, row, col] = sheets.where(cell);
	const eq = equationOf(cell);
	if (eq) {
		const unit = eq.rows.length > 1 ? `[${eq.rows[row - eq.at[1]]}]` : "";
		return eq.name + unit + (eq.sequence === "once" ? "" : `, t = ${col - eq.at[2] + 1}`);
	}
	const [name, , top, left, rows, cols] = model.blocks.find(([, ...area]) => holds(area, cell)) ?? [];
	if (!name) return address(cell);
	return rows * cols > 1 ? `${name}[${row - top + 1},${col - left + 1}]` : name;
}

/** A message of the workbook with what a page calls a cell in place of its address. */
function placed(message) {
	const { sheets: named } = model.book;
	return message.replace(/^(.*?) ([A-Z]+)(\d+)(:[A-Z]+\d+)?/, (found, before, col, row) => {
		const sheet = named.findIndex(([name]) => before.endsWith(name));
		if (sheet < 0) return found;
		const column = [...col].reduce((total, letter) => total * 26 + letter.charCodeAt(0) - 64, 0);
		const cell = sheets.at(sheet, Number(row), column);
		const input = inputOf(cell);
		const meaning = input && input.kind !== "weight" ? spoken(input.meaning) : title(cell);
		return before.slice(0, -named[sheet][0].length) + meaning;
	});
}

/** A cell's formula, the same with the numbers in it, and the cells that it reads. */
function formulaOf(cell) {
	const { fills, formulas } = model.book;
	const fill = fills[sheets.fillOf[cell] - 1];
	const operands = new Set();
	let [formula, numbers] = ["", ""];
	for (const part of fill ? formulas[fill[6]] : []) {
		if (typeof part === "string") {
			[formula, numbers] = [formula + part, numbers + part];
			continue;
		}
		const cells = cellsOf(sheets.area(part, cell));
		const [first, last] = [cells[0], cells[cells.length - 1]];
		cells.forEach((each) => operands.add(each));
		formula += address(first, cell) + (last > first ? `:${address(last, first)}` : "");
		const some = cells.slice(0, 6).map((each) => inFormula(seen(each)));
		numbers += last > first ? `{${some.join("; ")}${cells.length > 6 ? "; …" : ""}}` : some[0];
	}
	return { formula, numbers, operands: [...operands] };
}

/** A value inside a formula. @param {Value} value */
const inFormula = (value) =>
	typeof value !== "number" ? `"${value ?? ""}"` : value < 0 ? `(${told(value)})` : told(value);

const typedText = (cell) => String(seen(cell) ?? "");
const isChanged = (cell) => originals.has(cell) && originals.get(cell) !== seen(cell);

/** Puts values into inputs. @param {[number, Value][]} edits */
function edit(edits) {
	for (const [cell] of edits) if (!originals.has(cell)) originals.set(cell, seen(cell));
	sheets.edit(edits);
	refresh();
}

/** What a cell holds after that is typed: digits of a word are no number. @returns {Value} */
const entered = (cell, written) => (inputOf(cell)?.kind === "text" ? written || null : typed(written));

/** What is typed into a cell. */
const type = (cell, written) => edit([[Number(cell), entered(Number(cell), written)]]);

function reset() {
	sheets.edit(originals);
	originals.clear();
	refresh();
}

/** Has computed what is shown, or these areas, and what that is computed of. */
function want(areas = shownAreas()) {
	sheets.want(areas.flatMap(cellsOf));
	sheets.edit();
}

function shownAreas() {
	const { training, flow } = model;
	const areas = equations.filter((eq) => state.back || !VIEWS.blame(eq)).map((eq) => eq.at);
	if (state.back) areas.push(...inputs("weight").flatMap(({ gradient }) => (gradient ? [gradient] : [])));
	if (state.view === "learn") areas.push(training.loss, ...training.said);
	if (state.view === "flow") areas.push(flow.steps, ...flow.lines.map(({ at }) => at));
	return [model.state, ...(model.loss ? [model.loss] : []), ...areas];
}

/** Takes the weights that the training has after so many epochs. */
function train(epoch) {
	const { weights } = model.training;
	want(weights.map(([, ...area]) => area));
	const trained = weights.flatMap(([name, ...area]) => {
		const { at } = model.inputs.find((each) => each.name === name);
		return cellsOf(at).map((cell, k) => [cell, seen(cellIn(area, Number(epoch), k))]);
	});
	edit(trained);
	want();
}

function randomize() {
	const cells = inputs("weight").flatMap(({ at }) => cellsOf(at));
	edit(cells.map((cell) => [cell, Number((Math.random() * 2 - 1).toFixed(3))]));
}
