// Prints what SheetJS and ExcelJS find in a workbook: per reader a list of [sheet, cell, value, what is shown].
const ExcelJS = require("exceljs");
const SheetJS = require("xlsx");

function sheetjs(path) {
  const book = SheetJS.readFile(path, { cellFormula: false, cellHTML: false });
  return book.SheetNames.flatMap((name) =>
    Object.entries(book.Sheets[name])
      .filter(([place]) => !place.startsWith("!"))
      .map(([place, cell]) => [name, place, cell.v, cell.w])
  );
}

async function exceljs(path) {
  const book = new ExcelJS.Workbook();
  await book.xlsx.readFile(path);
  const found = [];
  book.eachSheet((sheet) =>
    sheet.eachRow((row) =>
      row.eachCell((cell) => {
        if (cell.type === ExcelJS.ValueType.Merge) return;
        const value = cell.type === ExcelJS.ValueType.Formula ? cell.result : cell.value;
        found.push([sheet.name, cell.address, value?.hyperlink ? value.text : value]);
      })
    )
  );
  return found;
}

(async () => {
  const path = process.argv[2];
  process.stdout.write(JSON.stringify({ SheetJS: sheetjs(path), ExcelJS: await exceljs(path) }));
})();
