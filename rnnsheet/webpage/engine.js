// @ts-check
/*
 * The spreadsheet: cells in typed arrays, the functions that compiled formulas call, and recalculation.
 * A formula is a function (i, r, c) of its cell's place in the arrays, its row and its column.
 */
"use strict";

/** @typedef {number | string | boolean | null} Value */

/** A cell's error, such as #VALUE!; formulas throw it. */
class Fault {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}
const VALUE = new Fault("#VALUE!");
const DIV = new Fault("#DIV/0!");
const NUM = new Fault("#NUM!");
const NA = new Fault("#N/A");
const REF = new Fault("#REF!");

/** What stands in each cell: 0 nothing, 1 a number, 2 a text, 3 TRUE or FALSE, 4 an error. */
let K = new Uint8Array(0);
/** The number, or 1 for TRUE. */
let N = new Float64Array(0);
/** The text or the error. @type {(string | Fault)[]} */
let T = [];

/** A cell's value; throws its error. @param {number} i @returns {Value} */
function v(i) {
  switch (K[i]) {
    case 0:
      return null;
    case 1:
      return N[i];
    case 2:
      return /** @type {string} */ (T[i]);
    case 3:
      return N[i] === 1;
    default:
      throw T[i];
  }
}

/** A cell's value in arithmetic. @param {number} i */
function n(i) {
  return K[i] === 1 ? N[i] : num(v(i));
}

const NUMERIC = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/** @param {Value} value @returns {number} */
function num(value) {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    if (NUMERIC.test(value)) return Number(value);
    throw VALUE;
  }
  return value ? 1 : 0;
}

/** @param {Value} value @returns {string} */
function str(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(Number(value.toPrecision(15))).toUpperCase();
  return value === null ? "" : value ? "TRUE" : "FALSE";
}

/** @param {Value} value @returns {boolean} */
function truth(value) {
  if (typeof value === "string") throw VALUE;
  return !!value;
}

/** Numbers come before texts, texts before FALSE and TRUE; small and capital letters are alike. */
/** @param {Value} a @param {Value} b @returns {number} */
function cmp(a, b) {
  if (a === null) a = typeof b === "string" ? "" : typeof b === "boolean" ? false : 0;
  if (b === null) b = typeof a === "string" ? "" : typeof a === "boolean" ? false : 0;
  if (typeof a !== typeof b) return rank(a) - rank(b);
  if (typeof a === "string" && a !== b) {
    a = a.toLowerCase();
    b = /** @type {string} */ (b).toLowerCase();
  }
  return a === b ? 0 : a < b ? -1 : 1;
}

/** @param {Value} value */
function rank(value) {
  return typeof value === "number" ? 0 : typeof value === "string" ? 1 : 2;
}

/** @param {number} a @param {number} b */
function div(a, b) {
  if (b === 0) throw DIV;
  return a / b;
}

/** @param {number} x */
function exp(x) {
  const result = Math.exp(x);
  if (result === Infinity) throw NUM;
  return result;
}

/** @param {number} x */
function ln(x) {
  if (x <= 0) throw NUM;
  return Math.log(x);
}

/** @param {number} x */
function sqrt(x) {
  if (x < 0) throw NUM;
  return Math.sqrt(x);
}

/** @param {number} a @param {number} b */
function mod(a, b) {
  return a - b * Math.floor(div(a, b));
}

/** A cell's number, or `other` where it has none; throws its error. @param {number} i @param {number} other */
function among(i, other) {
  if (K[i] === 1) return N[i];
  if (K[i] === 4) throw T[i];
  return other;
}

/** 0 for the greatest or least of no numbers. @param {number} x */
function some(x) {
  return x === Infinity || x === -Infinity ? 0 : x;
}

/** @param {number} i */
function counted(i) {
  return K[i] === 1 ? 1 : 0;
}

/*
 * Areas: the first cell, rows, columns, and how far the next row is.
 */

/** @param {number} first @param {number} rows @param {number} cols @param {number} width */
function sum(first, rows, cols, width) {
  let total = 0;
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++) total += among(i, 0);
  }
  return total;
}

/** @param {number} first @param {number} rows @param {number} cols @param {number} width */
function count(first, rows, cols, width) {
  let total = 0;
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++) total += counted(i);
  }
  return total;
}

/** @param {number} first @param {number} rows @param {number} cols @param {number} width */
function max(first, rows, cols, width) {
  let most = -Infinity;
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++) {
      const x = among(i, -Infinity);
      if (x > most) most = x;
    }
  }
  return most;
}

/** @param {number} first @param {number} rows @param {number} cols @param {number} width */
function min(first, rows, cols, width) {
  let least = Infinity;
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++) {
      const x = among(i, Infinity);
      if (x < least) least = x;
    }
  }
  return least;
}

/** @param {number} first @param {number} rows @param {number} cols @param {number} width @param {number} k */
function large(first, rows, cols, width, k) {
  const found = [];
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++)
      if (among(i, -Infinity) !== -Infinity) found.push(N[i]);
  }
  if (k < 1 || k > found.length) throw NUM;
  return found.sort((a, b) => b - a)[Math.ceil(k) - 1];
}

/** @param {number} a @param {number} rows @param {number} cols @param {number} width @param {number} b @param {number} widthB */
function sumproduct(a, rows, cols, width, b, widthB) {
  let total = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) total += among(a + r * width + c, 0) * among(b + r * widthB + c, 0);
  }
  return total;
}

/** A row times a column, of numbers alone. */
/** @param {number} a @param {number} stepA @param {number} b @param {number} stepB @param {number} count */
function dot(a, stepA, b, stepB, count) {
  let total = 0;
  for (let k = 0; k < count; k++) {
    if (K[a + k * stepA] !== 1 || K[b + k * stepB] !== 1) throw VALUE;
    total += N[a + k * stepA] * N[b + k * stepB];
  }
  return total;
}

/** @param {Value} wanted @param {number} first @param {number} rows @param {number} cols @param {number} width */
function match(wanted, first, rows, cols, width) {
  const step = cols === 1 ? width : 1;
  const same = like(wanted);
  for (let k = 0; k < rows * cols; k++) {
    const i = first + k * step;
    if (K[i] !== 4 && same(v(i))) return k + 1;
  }
  throw NA;
}

/** @param {Value} wanted @param {number} first @param {number} rows @param {number} cols @param {number} width */
function countif(wanted, first, rows, cols, width) {
  const same = like(wanted);
  let total = 0;
  for (let r = 0; r < rows; r++) {
    for (let i = first + r * width, end = i + cols; i < end; i++) if (K[i] !== 4 && same(v(i))) total++;
  }
  return total;
}

/** Whether a value is the one wanted; in a text ? stands for any sign, * for any signs, ~ before one for itself. */
/** @param {Value} wanted @returns {(value: Value) => boolean} */
function like(wanted) {
  if (typeof wanted !== "string" || !/[*?~]/.test(wanted)) {
    return (value) => value !== null && typeof value === typeof wanted && cmp(value, wanted) === 0;
  }
  const pattern = wanted.replace(/~([*?~])|[\\^$.*+?()[\]{}|]/g, (sign, kept) => {
    if (kept) return `\\${kept}`;
    return sign === "*" ? "[^]*" : sign === "?" ? "[^]" : `\\${sign}`;
  });
  const found = new RegExp(`^${pattern}$`, "i");
  return (value) => typeof value === "string" && found.test(value);
}

/** @param {number} first @param {number} rows @param {number} cols @param {number} width @param {number} row @param {number} [col] */
function index(first, rows, cols, width, row, col = 1) {
  row = Math.floor(row);
  col = Math.floor(col);
  if (row < 1 || row > rows || col < 1 || col > cols) throw REF;
  return v(first + (row - 1) * width + col - 1);
}

/** @param {number} which @param {(() => Value)[]} values @returns {Value} */
function choose(which, ...values) {
  const chosen = values[Math.floor(which) - 1];
  if (!chosen) throw VALUE;
  return chosen();
}

/** @param {() => Value} value @param {() => Value} other @returns {Value} */
function iferror(value, other) {
  try {
    return value();
  } catch (fault) {
    if (fault instanceof Fault) return other();
    throw fault;
  }
}

/** @param {() => Value} value */
function iserror(value) {
  return (
    iferror(
      () => (value(), false),
      () => true,
    ) === true
  );
}

/** @param {() => Value} value */
function isnumber(value) {
  return typeof iferror(value, () => "") === "number";
}

/** @param {string} text @param {number} start @param {number} length */
function mid(text, start, length) {
  if (start < 1 || length < 0) throw VALUE;
  return text.substr(Math.floor(start) - 1, Math.floor(length));
}

/** @param {string} text @param {string} old @param {string} put */
function substitute(text, old, put) {
  return old ? text.split(old).join(put) : text;
}

/** @param {string} text */
function trim(text) {
  return text.replace(/^ +| +$/g, "").replace(/ +/g, " ");
}

/** @param {string} text */
function unicode(text) {
  if (!text) throw VALUE;
  return /** @type {number} */ (text.codePointAt(0));
}

/** @param {string} wanted @param {string} text @param {number} [start] */
function find(wanted, text, start = 1) {
  const found = text.indexOf(wanted, start - 1);
  if (found < 0) throw VALUE;
  return found + 1;
}

/*
 * The book: its sheets, its formulas in the order in which they can be computed, and what each change reaches.
 */

/**
 * @typedef {object} Book
 * @property {[string, number, number][]} sheets name, rows, columns
 * @property {[number, number, number, number, Value[]][]} constants sheet, row, column, columns, values
 * @property {string[]} formulas
 * @property {[number, number, number, number, number, number, number][]} fills
 *   sheet, row, column, rows, columns, function, formula
 */
/** @typedef {(i: number, r: number, c: number) => Value} Compiled */
/** @typedef {{sheet: number, row: number, col: number, rowFixed: boolean, colFixed: boolean}} Corner */
/** @typedef {{first: Corner, last: Corner}} Reference */

const PART = /"[^"]*"|\{(?:(\d+)!)?(\$?)(-?\d+),(\$?)(-?\d+)(?::(\$?)(-?\d+),(\$?)(-?\d+))?\}/g;

/** A workbook that computes. */
class Sheets {
  /** @param {Book} book @param {Compiled[]} compiled */
  constructor(book, compiled) {
    this.book = book;
    this.compiled = compiled;
    /** Where row 0 and column 0 of each sheet would be. @type {number[]} */
    this.starts = [];
    let size = 0;
    for (const [, rows, cols] of book.sheets) {
      this.starts.push(size - cols - 1);
      size += rows * cols;
    }
    K = new Uint8Array(size);
    N = new Float64Array(size);
    T = [];
    /** By its place, which fill a cell belongs to, from 1; 0 for none. */
    this.fillOf = new Uint16Array(size);
    for (const [sheet, row, col, cols, values] of book.constants) {
      values.forEach((value, k) => put(this.at(sheet, row + Math.floor(k / cols), col + (k % cols)), value));
    }
    /** The references of each formula. */
    this.references = book.formulas.map(references);
    /** The number of each fill's function. */
    this.calls = Uint16Array.from(book.fills, (fill) => fill[5]);
    this.rowOf = new Uint32Array(size);
    this.colOf = new Uint16Array(size);
    const { first, readers, order, place } = this.#order();
    /** By a cell's place, where in `readers` the cells begin that read it. */
    this.first = first;
    this.readers = readers;
    /** Every cell with a formula, each behind those that it reads, and the place of each in there. */
    this.order = order;
    this.place = place;
    this.stale = new Uint8Array(order.length);
  }

  /** A cell's place in the arrays. @param {number} sheet @param {number} row @param {number} col */
  at(sheet, row, col) {
    return this.starts[sheet] + row * this.book.sheets[sheet][2] + col;
  }

  /** Sheet, row and column of a place. @param {number} i @returns {[number, number, number]} */
  where(i) {
    let sheet = this.starts.length - 1;
    while (sheet && i < this.at(sheet, 1, 1)) sheet--;
    const cols = this.book.sheets[sheet][2];
    const first = i - this.at(sheet, 1, 1);
    return [sheet, 1 + Math.floor(first / cols), 1 + (first % cols)];
  }

  /** What a formula at a place refers to: first cell, rows, columns, sheet. */
  /** @param {Reference} reference @param {number} sheet @param {number} row @param {number} col @returns {[number, number, number, number]} */
  area({ first, last }, sheet, row, col) {
    const on = first.sheet < 0 ? sheet : first.sheet;
    const top = first.rowFixed ? first.row : row + first.row;
    const left = first.colFixed ? first.col : col + first.col;
    const bottom = last.rowFixed ? last.row : row + last.row;
    const right = last.colFixed ? last.col : col + last.col;
    return [this.at(on, top, left), bottom - top + 1, right - left + 1, on];
  }

  /** Finds what reads each cell, and an order in which every formula comes behind what it reads. */
  #order() {
    const size = K.length;
    let count = 0;
    this.book.fills.forEach(([sheet, row, col, rows, cols], number) => {
      for (let r = row; r < row + rows; r++) {
        const start = this.at(sheet, r, col);
        this.fillOf.fill(number + 1, start, start + cols);
        this.rowOf.fill(r, start, start + cols);
        for (let c = 0; c < cols; c++) this.colOf[start + c] = col + c;
      }
      count += rows * cols;
    });
    const [cells, reads] = this.#edges();
    const first = new Uint32Array(size + 1);
    const waiting = new Uint32Array(size);
    for (let k = 0; k < cells.length; k++) {
      first[reads[k] + 1]++;
      if (this.fillOf[reads[k]]) waiting[cells[k]]++;
    }
    for (let i = 0; i < size; i++) first[i + 1] += first[i];
    const readers = new Uint32Array(cells.length);
    const next = first.slice();
    for (let k = 0; k < cells.length; k++) readers[next[reads[k]]++] = cells[k];
    const order = new Uint32Array(count);
    const place = new Uint32Array(size);
    let known = 0;
    for (let i = 0; i < size; i++) if (this.fillOf[i] && !waiting[i]) order[known++] = i;
    for (let done = 0; done < known; done++) {
      const cell = order[done];
      place[cell] = done;
      for (let k = first[cell]; k < first[cell + 1]; k++) {
        if (--waiting[readers[k]] === 0) order[known++] = readers[k];
      }
    }
    if (known < count) throw new Error("A formula refers to itself.");
    return { first, readers, order, place };
  }

  /** Each formula's cell, as often as it reads one, and beside it the cell that it reads. */
  #edges() {
    let cells = new Uint32Array(1 << 16);
    let reads = new Uint32Array(1 << 16);
    let count = 0;
    for (const [sheet, row, col, rows, cols, , formula] of this.book.fills) {
      for (const reference of this.references[formula]) {
        const { first, last } = reference;
        let [start, high, wide, on] = this.area(reference, sheet, row, col);
        const width = this.book.sheets[on][2];
        const grows = first.rowFixed !== last.rowFixed || first.colFixed !== last.colFixed;
        for (let r = row; r < row + rows; r++) {
          for (let c = col; c < col + cols; c++) {
            if (grows) [, high, wide] = this.area(reference, sheet, r, c);
            const top = start + (first.rowFixed ? 0 : (r - row) * width) + (first.colFixed ? 0 : c - col);
            const cell = this.at(sheet, r, c);
            while (count + high * wide > cells.length) {
              cells = longer(cells);
              reads = longer(reads);
            }
            for (let k = 0; k < high; k++) {
              for (let i = top + k * width, end = i + wide; i < end; i++) {
                cells[count] = cell;
                reads[count++] = i;
              }
            }
          }
        }
      }
    }
    return [cells.subarray(0, count), reads.subarray(0, count)];
  }

  /** Computes every formula. */
  calculate() {
    for (let k = 0; k < this.order.length; k++) this.#compute(k);
  }

  /** Puts values into cells, and computes what depends on them. @param {Iterable<[number, Value]>} edits */
  edit(edits) {
    let from = this.order.length;
    for (const [cell, value] of edits) if (put(cell, value)) from = Math.min(from, this.#mark(cell));
    for (let k = from; k < this.order.length; k++) {
      if (!this.stale[k]) continue;
      this.stale[k] = 0;
      if (this.#compute(k)) this.#mark(this.order[k]);
    }
  }

  /** Marks what reads a cell as stale; gives the first in the order. @param {number} cell */
  #mark(cell) {
    let least = this.order.length;
    for (let k = this.first[cell]; k < this.first[cell + 1]; k++) {
      const place = this.place[this.readers[k]];
      this.stale[place] = 1;
      if (place < least) least = place;
    }
    return least;
  }

  /** Whether its value is another one now. @param {number} k */
  #compute(k) {
    const cell = this.order[k];
    /** @type {Value | Fault} */
    let value;
    try {
      value = this.compiled[this.calls[this.fillOf[cell] - 1]](cell, this.rowOf[cell], this.colOf[cell]);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      value = fault;
    }
    return put(cell, value === null ? 0 : value);
  }
}

/** The same numbers with room for as many more. @param {Uint32Array} numbers */
function longer(numbers) {
  const found = new Uint32Array(2 * numbers.length);
  found.set(numbers);
  return found;
}

/** Puts a value into a cell; says whether it is another one. @param {number} i @param {Value | Fault} value */
function put(i, value) {
  if (typeof value === "number") {
    if (value - value === 0) {
      if (K[i] === 1 && N[i] === value) return false;
      K[i] = 1;
      N[i] = value;
      return true;
    }
    value = NUM;
  }
  const kind = value === null ? 0 : typeof value === "string" ? 2 : typeof value === "boolean" ? 3 : 4;
  if (kind === 3) {
    const bit = value ? 1 : 0;
    if (K[i] === 3 && N[i] === bit) return false;
    N[i] = bit;
  } else if (kind) {
    if (K[i] === kind && T[i] === value) return false;
    T[i] = /** @type {string | Fault} */ (value);
  } else if (K[i] === 0) return false;
  K[i] = kind;
  return true;
}

/** What is seen of a cell: its value, or the text of its error. @param {number} i @returns {Value} */
function seen(i) {
  return K[i] === 4 ? /** @type {Fault} */ (T[i]).text : v(i);
}

/** What stands in a cell after this is typed into it. @param {string} text @returns {Value} */
function typed(text) {
  return text === "" ? null : NUMERIC.test(text) ? Number(text) : text;
}

/** The references in a formula, in reading order. @param {string} formula @returns {Reference[]} */
function references(formula) {
  return [...formula.matchAll(PART)].filter((part) => part[3]).map(reference);
}

/** @param {RegExpMatchArray} part @returns {Reference} */
function reference(part) {
  const sheet = part[1] === undefined ? -1 : Number(part[1]);
  /** @param {number} k */
  const corner = (k) => ({
    sheet,
    row: Number(part[k + 1]),
    col: Number(part[k + 3]),
    rowFixed: part[k] === "$",
    colFixed: part[k + 2] === "$",
  });
  const first = corner(2);
  return { first, last: part[7] === undefined ? first : corner(6) };
}
