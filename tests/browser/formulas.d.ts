// What stands in a page besides the files of its script, and what the script's own words mean.

type Value = number | string | boolean | null;
type Compiled = (i: number, r: number, c: number) => Value;
declare const FORMULAS: Compiled[];

interface Book {
  /** Name, rows, columns. */
  sheets: [string, number, number][];
  /** Sheet, row, column, columns, values. */
  constants: [number, number, number, number, Value[]][];
  formulas: string[];
  /** Sheet, row, column, rows, columns, function, formula. */
  fills: [number, number, number, number, number, number, number][];
}

interface Corner {
  row: number;
  col: number;
  rowFixed: boolean;
  colFixed: boolean;
}

interface Reference {
  sheet: number;
  first: Corner;
  last: Corner;
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
  layer: string;
  rows: string[];
  at: Area;
  before?: Area;
  /** Name, when, weight. */
  reads: [string, string, string][];
  drawn?: string;
  gradient?: string;
  reverse?: boolean;
}

/** A value at one time step, as it is drawn. */
interface Box {
  eq: Equation;
  t: number;
  x: number;
  y: number;
  size: number;
  wide: number;
  count: number;
}

interface Edge {
  from: Box;
  to: Box;
  weight: string;
}
