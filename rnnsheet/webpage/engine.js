/*
 * The spreadsheet: cells in typed arrays, the functions that compiled formulas call, and recalculation.
 * A formula is a function (i, r, c) of its cell's place in the arrays, its row and its column.
 */
"use strict";

/** A cell's error, such as #VALUE!; formulas throw it. */
class Fault {
	constructor(text) {
		this.text = text;
	}
}
const [VALUE, DIV, NUM, NA, REF] = ["VALUE!", "DIV/0!", "NUM!", "N/A", "REF!"].map(
	(name) => new Fault(`#${name}`),
);

const KINDS = { number: 1, string: 2, boolean: 3 };
/** What stands in each cell: 0 nothing, 1 a number, 2 a text, 3 TRUE or FALSE, 4 an error. */
let K = new Uint8Array(0);
/** The number, or 1 for TRUE. */
let N = new Float64Array(0);
/** The text or the error. @type {any[]} */
let T = [];

/** A cell's value; throws its error. @param {number} i @returns {Value} */
function v(i) {
	if (K[i] === 1) return N[i];
	if (K[i] === 4) throw T[i];
	return K[i] === 0 ? null : K[i] === 3 ? N[i] === 1 : T[i];
}

/** A cell's value in arithmetic. */
const n = (i) => (K[i] === 1 ? N[i] : num(v(i)));

const NUMERIC = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

function num(value) {
	if (typeof value === "number") return value;
	if (typeof value !== "string") return value ? 1 : 0;
	if (NUMERIC.test(value)) return Number(value);
	throw VALUE;
}

function str(value) {
	if (typeof value === "string") return value;
	if (typeof value === "number") return String(Number(value.toPrecision(15))).toUpperCase();
	return value === null ? "" : value ? "TRUE" : "FALSE";
}

function truth(value) {
	if (typeof value === "string") throw VALUE;
	return !!value;
}

const RANKS = ["number", "string", "boolean"];
const EMPTY = { number: 0, string: "", boolean: false, object: 0 };

/** Numbers come before texts, texts before FALSE and TRUE; small and capital letters are alike. */
function cmp(a, b) {
	a ??= EMPTY[typeof b];
	b ??= EMPTY[typeof a];
	if (typeof a !== typeof b) return RANKS.indexOf(typeof a) - RANKS.indexOf(typeof b);
	if (typeof a === "string" && a !== b) [a, b] = [a.toLowerCase(), b.toLowerCase()];
	return a === b ? 0 : a < b ? -1 : 1;
}

/** What is computed, or the error if it is none of the numbers wanted. */
function checked(good, result, fault) {
	if (good) return result;
	throw fault;
}

const div = (a, b) => checked(b !== 0, a / b, DIV);
const exp = (x) => checked(Math.exp(x) < Infinity, Math.exp(x), NUM);
const ln = (x) => checked(x > 0, Math.log(x), NUM);
const sqrt = (x) => checked(x >= 0, Math.sqrt(x), NUM);
const mod = (a, b) => a - b * Math.floor(div(a, b));
/** The greatest or least, 0 where there is none. */
const some = (x) => (Math.abs(x) === Infinity ? 0 : x);

/** A cell's number, or `other` where it has none; throws its error. */
function among(i, other) {
	if (K[i] === 1) return N[i];
	if (K[i] === 4) throw T[i];
	return other;
}

/*
 * Areas: the first cell, rows, columns, and how far the next row is.
 */

function fold(result, add, first, rows, cols, width) {
	for (let r = 0; r < rows; r++)
		for (let i = first + r * width, end = i + cols; i < end; i++) result = add(result, i);
	return result;
}

const addNumber = (total, i) => total + among(i, 0);
const counted = (i) => (K[i] === 1 ? 1 : 0);
const addCount = (total, i) => total + counted(i);
const greater = (most, i) => Math.max(most, among(i, -Infinity));
const less = (least, i) => Math.min(least, among(i, Infinity));

const sum = (...area) => fold(0, addNumber, ...area);
const count = (...area) => fold(0, addCount, ...area);
const max = (...area) => fold(-Infinity, greater, ...area);
const min = (...area) => fold(Infinity, less, ...area);

function large(first, rows, cols, width, k) {
	const found = [];
	fold(0, (_, i) => among(i, null) !== null && found.push(N[i]), first, rows, cols, width);
	return checked(k >= 1 && k <= found.length, found.sort((a, b) => b - a)[Math.ceil(k) - 1], NUM);
}

function sumproduct(a, rows, cols, width, b, widthB) {
	let total = 0;
	for (let r = 0; r < rows; r++)
		for (let c = 0; c < cols; c++) total += among(a + r * width + c, 0) * among(b + r * widthB + c, 0);
	return total;
}

/** A row times a column, of numbers alone. */
function dot(a, stepA, b, stepB, many) {
	let total = 0;
	for (let k = 0; k < many; k++, a += stepA, b += stepB) {
		if (K[a] !== 1 || K[b] !== 1) throw VALUE;
		total += N[a] * N[b];
	}
	return total;
}

function match(wanted, first, rows, cols, width) {
	const [step, same] = [cols === 1 ? width : 1, like(wanted)];
	for (let k = 0; k < rows * cols; k++) if (same(first + k * step)) return k + 1;
	throw NA;
}

function countif(wanted, first, rows, cols, width) {
	const [, sign, text] = /^(<>|[<>]=?|=)([^]*)$/.exec(wanted) ?? [];
	const than = typed(text ?? "");
	const same = like(sign ? than : wanted);
	const compared = {
		"<": (x) => x < 0,
		">": (x) => x > 0,
		"<=": (x) => x <= 0,
		">=": (x) => x >= 0,
	}[sign];
	const counts = (i) =>
		compared ? K[i] === KINDS[typeof than] && compared(cmp(v(i), than)) : same(i) !== (sign === "<>");
	return fold(0, (total, i) => total + counts(i), first, rows, cols, width);
}

/** Whether a cell has what is wanted: ? is any sign, * any signs, ~ before one that sign. */
function like(wanted) {
	if (typeof wanted !== "string" || !/[*?~]/.test(wanted)) {
		const kind = KINDS[typeof wanted];
		return (i) => K[i] === kind && cmp(v(i), wanted) === 0;
	}
	const any = { "*": "[^]*", "?": "[^]" };
	const pattern = wanted.replace(
		/~([*?~])|[\\^$.*+?()[\]{}|]/g,
		(sign, kept) => any[sign] ?? `\\${kept ?? sign}`,
	);
	const found = new RegExp(`^${pattern}$`, "i");
	return (i) => K[i] === 2 && found.test(T[i]);
}

function index(first, rows, cols, width, row, col = 1) {
	[row, col] = [Math.floor(row), Math.floor(col)];
	if (row < 1 || row > rows || col < 1 || col > cols) throw REF;
	return v(first + (row - 1) * width + col - 1);
}

function choose(which, ...values) {
	return checked(which >= 1 && which < values.length + 1, values[Math.floor(which) - 1], VALUE)();
}

function iferror(value, other) {
	try {
		return value();
	} catch (fault) {
		if (fault instanceof Fault) return other();
		throw fault;
	}
}

const iserror = (value) =>
	iferror(
		() => (value(), false),
		() => true,
	);
const isnumber = (value) => typeof iferror(value, () => "") === "number";
// Letters are code points: some take two places in a JavaScript text.
const len = (text) => [...text].length;
const mid = (text, start, length) => {
	const from = Math.floor(start) - 1;
	return checked(from >= 0 && length >= 0, [...text].slice(from, from + Math.floor(length)).join(""), VALUE);
};
/** Everywhere, or where `old` stands for the nth time. */
const substitute = (text, old, put, nth = 0) => {
	let found = 0;
	return old ? text.replaceAll(old, () => (!nth || ++found === nth ? put : old)) : text;
};
const trim = (text) => text.replace(/^ +| +$/g, "").replace(/ +/g, " ");
const unicode = (text) => checked(text, text.codePointAt(0), VALUE);
const find = (wanted, text, start = 1) => {
	const found = text.indexOf(wanted, mid(text, 1, start - 1).length);
	return checked(found >= 0, len(text.slice(0, found)) + 1, VALUE);
};

/*
 * The book: its sheets, and its formulas in an order in which they can be computed.
 */

/** A workbook that computes: of its formulas those that are wanted. */
class Sheets {
	/** @param {Book} book @param {Compiled[]} compiled */
	constructor(book, compiled) {
		this.book = book;
		this.compiled = compiled;
		/** Where row 0 and column 0 of each sheet would be. */
		this.starts = [];
		let size = 0;
		for (const [, rows, cols] of book.sheets) {
			this.starts.push(size - cols - 1);
			size += rows * cols;
		}
		K = new Uint8Array(size);
		N = new Float64Array(size);
		T = [];
		for (const [sheet, row, col, cols, values] of book.constants)
			values.forEach((value, k) => put(this.at(sheet, row + Math.floor(k / cols), col + (k % cols)), value));
		/** By its place, a cell's sheet, row, column, and fill, from 1, or 0 for none. */
		this.sheetOf = new Uint8Array(size);
		this.rowOf = new Uint32Array(size);
		this.colOf = new Uint16Array(size);
		this.fillOf = new Uint16Array(size);
		book.sheets.forEach(([, rows, cols], sheet) => {
			for (let i = this.at(sheet, 1, 1), k = 0; k < rows * cols; i++, k++) {
				this.sheetOf[i] = sheet;
				this.rowOf[i] = 1 + Math.floor(k / cols);
				this.colOf[i] = 1 + (k % cols);
			}
		});
		book.fills.forEach(([sheet, row, col, rows, cols], number) => {
			for (let r = row; r < row + rows; r++) {
				const first = this.at(sheet, r, col);
				this.fillOf.fill(number + 1, first, first + cols);
			}
		});
		this.arranged = this.#arranged([]);
	}

	/** A cell's place in the arrays. @param {number} sheet @param {number} row @param {number} col */
	at(sheet, row, col) {
		return this.starts[sheet] + row * this.book.sheets[sheet][2] + col;
	}

	/** Sheet, row and column of a place. @param {number} cell @returns {[number, number, number]} */
	where(cell) {
		return [this.sheetOf[cell], this.rowOf[cell], this.colOf[cell]];
	}

	/** The area that a cell's formula refers to. @param {number[]} reference @returns {Area} */
	area([named, moves, r, c, r2 = r, c2 = c], cell) {
		const [sheet, row, col] = this.where(cell);
		const [top, left] = [r + (moves & 1 ? row : 0), c + (moves & 2 ? col : 0)];
		const [bottom, right] = [r2 + (moves & 4 ? row : 0), c2 + (moves & 8 ? col : 0)];
		return [named < 0 ? sheet : named, top, left, bottom - top + 1, right - left + 1];
	}

	/** Calls `use` with each cell that a cell's formula refers to. */
	reads(cell, use) {
		for (const part of this.book.formulas[this.book.fills[this.fillOf[cell] - 1][6]]) {
			if (typeof part === "string") continue;
			const [sheet, row, col, rows, cols] = this.area(part, cell);
			fold(0, (_, i) => use(i), this.at(sheet, row, col), rows, cols, this.book.sheets[sheet][2]);
		}
	}

	/** From the next edit on these cells are computed, or all, and what they are computed of; no other. @param {any} cells */
	want(cells = this.fillOf.keys()) {
		this.wanted = cells;
	}

	/** In which order cells can be computed, and who reads each. @param {Iterable<number>} cells */
	#arranged(cells) {
		/** @type {number[][]} */
		const [order, from, to] = [[], [], []];
		const found = new Uint8Array(K.length);
		const waiting = [...cells].filter((cell) => this.fillOf[cell]);
		// Depth first: a cell comes into the order when all that it reads is there.
		while (waiting.length) {
			const cell = waiting[waiting.length - 1];
			if (found[cell]) {
				waiting.pop();
				if (found[cell]++ === 1) order.push(cell);
				else found[cell] = 2;
				continue;
			}
			found[cell] = 1;
			this.reads(cell, (read) => {
				from.push(read);
				to.push(cell);
				if (this.fillOf[read] && !found[read]) waiting.push(read);
			});
		}
		const place = new Uint32Array(K.length);
		order.forEach((cell, k) => (place[cell] = k));
		/** Where in `readers` those of a cell begin. */
		const first = new Uint32Array(K.length + 1);
		for (const read of from) first[read + 1]++;
		for (let i = 0; i < K.length; i++) first[i + 1] += first[i];
		const [readers, next] = [new Uint32Array(from.length), first.slice()];
		from.forEach((read, k) => (readers[next[read]++] = place[to[k]]));
		return { order, first, readers, stale: new Uint8Array(order.length).fill(1) };
	}

	/** Puts values into cells, and computes what depends on them. @param {Iterable<[number, Value]>} edits */
	edit(edits = []) {
		if (this.wanted) this.arranged = this.#arranged(this.wanted);
		this.want(null);
		const { order, first, readers, stale } = this.arranged;
		const change = (cell, value) => {
			if (put(cell, value)) for (let k = first[cell]; k < first[cell + 1]; k++) stale[readers[k]] = 1;
		};
		for (const [cell, value] of edits) change(cell, value);
		for (let k = stale.indexOf(1); k >= 0; k = stale.indexOf(1, k)) {
			stale[k] = 0;
			change(order[k], this.#computed(order[k]));
		}
	}

	/** What its formula gives; 0 for nothing. */
	#computed(cell) {
		const compiled = this.compiled[this.book.fills[this.fillOf[cell] - 1][5]];
		try {
			return compiled(cell, this.rowOf[cell], this.colOf[cell]) ?? 0;
		} catch (fault) {
			if (fault instanceof Fault) return fault;
			throw fault;
		}
	}
}

/** Puts a value into a cell; says whether it is another one. @param {number} i @param {Value | Fault} value */
function put(i, value) {
	if (typeof value === "number" && !Number.isFinite(value)) value = NUM;
	const kind = value === null ? 0 : (KINDS[typeof value] ?? 4);
	const numeric = kind === 1 || kind === 3;
	if (K[i] === kind && (kind === 0 || (numeric ? N[i] === Number(value) : T[i] === value))) return false;
	K[i] = kind;
	if (numeric) N[i] = Number(value);
	else T[i] = value;
	return true;
}

/** What is seen of a cell: its value, or the text of its error. @returns {Value} */
const seen = (i) => (K[i] === 4 ? T[i].text : v(i));

/** What stands in a cell after this is typed into it. @param {string} text @returns {Value} */
function typed(text) {
	return text === "" ? null : NUMERIC.test(text) && Number.isFinite(Number(text)) ? Number(text) : text;
}
