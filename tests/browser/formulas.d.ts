declare const FORMULAS: ((i: number, r: number, c: number) => number | string | boolean | null)[];
