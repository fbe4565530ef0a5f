// @ts-check
// Behind a page's script: computes what it is given, and prints the values of all cells after each edit.
const fs = require("fs");
const given = JSON.parse(fs.readFileSync(process.argv[2], "utf-8"));
const sheets = new Sheets(given.book, FORMULAS);
sheets.want();
const found = given.edits.map((/** @type {[number, Value][]} */ edits) => {
  sheets.edit(edits);
  return Array.from(K, (kind, i) => (kind === 4 ? [seen(i)] : seen(i)));
});
process.stdout.write(JSON.stringify(found));
