// What stands in a page besides the files of its script, and what the script's own words mean.

type Value = number | string | boolean | null;
type Compiled = (i: number, r: number, c: number) => Value;
declare const FORMULAS: Compiled[];

interface Book {
	/** Name, rows, columns. */
	sheets: [string, number, number][];
	/** Sheet, row, column, columns, values. */
	constants: [number, number, number, number, Value[]][];
	/** Texts and references: sheet, what moves, row, column, and of areas the last row and column. */
	formulas: (string | number[])[][];
	/** Sheet, row, column, rows, columns, function, formula. */
	fills: [number, number, number, number, number, number, number][];
}

/** Sheet, row, column, rows, columns. */
type Area = [number, number, number, number, number];
/** A text by language. */
type Told = Record<string, string>;

interface Equation {
	name: string;
	base: string;
	symbol: string;
	symbols: string;
	words: Told;
	meaning: Told;
	note?: Told;
	part: string;
	sequence: string;
	rows: string[];
	at: Area;
	/** The weights that it has. */
	weights: string[];
	/** As what it is drawn, if it is. */
	drawn: string;
	/** In whose frame it is told. */
	home: string;
	gradient: string;
	reverse?: boolean;
}
