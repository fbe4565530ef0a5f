// Times a page against an empty one, the processor slowed four times; prints medians in milliseconds as JSON.
const { chromium } = require("playwright-core");
const [, , browser, file, empty, count] = process.argv;

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function main() {
	const launched = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
	const times = { load: [], empty: [], edit: [] };
	for (let k = 0; k < Number(count); k++) {
		for (const [kind, path] of [
			["empty", empty],
			["load", file],
		]) {
			const page = await launched.newPage();
			const client = await page.context().newCDPSession(page);
			await client.send("Emulation.setCPUThrottlingRate", { rate: 4 });
			const start = Date.now();
			await page.goto(`file://${path}`);
			await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
			times[kind].push(Date.now() - start);
			if (kind === "load") {
				const edits = await page.evaluate(async () => {
					const word = document.querySelector(".word") ?? document.querySelector("[data-field]");
					const found = [];
					for (const text of ["olleh", "hello", "hole"]) {
						const begun = performance.now();
						word.value = text;
						word.dispatchEvent(new Event("input", { bubbles: true }));
						await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
						found.push(performance.now() - begun);
					}
					return found;
				});
				times.edit.push(...edits);
			}
			await page.close();
		}
	}
	await launched.close();
	console.log(
		JSON.stringify(Object.fromEntries(Object.entries(times).map(([key, all]) => [key, median(all)]))),
	);
}

main();
