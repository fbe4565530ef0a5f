// Opens a page offline in Chromium, does what the tests ask, and prints what it found as JSON.
const fs = require("fs");
const { chromium } = require("playwright-core");
const [, , browser, file, folder] = process.argv;

/** Waits until what was typed is on the screen. */
const settle = (page) =>
	page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30))));
const cell = (page, name) => page.locator(`table[data-name="${name}"] td[data-cell]`);
const focus = (page) => page.evaluate(() => document.activeElement.className || document.activeElement.lang);
const said = (page) => page.locator(".said strong").allTextContents();

async function violations(page) {
	// Through the protocol, past the page's policy, which lets no other script run.
	await page.evaluate(fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8"));
	// The tables of numbers are all of one form: the first stand for the others.
	const some = { exclude: [[".tables .scroll:nth-child(n+4)"]] };
	const found = await page.evaluate((some) => window.axe.run(some, { resultTypes: ["violations"] }), some);
	return found.violations.map(
		(each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 120)).slice(0, 2)}`,
	);
}

async function main() {
	const launched = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
	const found = { trouble: [], requests: [], shown: {} };
	const open = async (options, hash = "", name = file) => {
		const context = await launched.newContext({
			viewport: { width: 1280, height: 720 },
			acceptDownloads: true,
			...options,
		});
		const page = await context.newPage();
		page.on("console", (message) => found.trouble.push(message.text()));
		page.on("pageerror", (error) => found.trouble.push(error.stack));
		page.on("request", (request) => found.requests.push(request.url()));
		await page.goto(`file://${name}${hash}`);
		await settle(page);
		return page;
	};
	const download = async (page, label, name) => {
		const [saved] = await Promise.all([
			page.waitForEvent("download"),
			page.getByRole("button", { name: label }).click(),
		]);
		await saved.saveAs(`${folder}/${name}`);
	};

	const page = await open({});
	found.says = await said(page);
	await page.fill(".word", "olleh");
	await settle(page);
	found.saysThen = await said(page);
	await page.fill(".word", "he😀p");
	await settle(page);
	found.state = await page.locator(".message").textContent();
	await page.getByRole("button", { name: "Save lesson" }).click();
	found.notSaved = await page.locator(".notice").textContent();
	await page.fill(".word", "007");
	await page.waitForFunction(() => location.hash.includes("word=007"));
	await page.fill(".word", "hello");
	await page.getByRole("button", { name: "One step back" }).click();
	await settle(page);
	found.step = await page.locator("output").textContent();
	await page.locator("#step").focus();
	await page.keyboard.press("ArrowLeft");
	await settle(page);
	found.stepThen = await page.locator("output").textContent();

	await cell(page, "h").first().focus();
	await page.keyboard.press("ArrowRight");
	await page.keyboard.press("Enter");
	await settle(page);
	found.explained = await page.locator(".found").innerText();
	await page.locator(".operands button").first().focus();
	await page.keyboard.press("Enter");
	await settle(page);
	found.followed = await page.locator(".found h3").textContent();
	found.focus = [await focus(page)];
	await page.getByRole("button", { name: "Back", exact: true }).click();
	await settle(page);
	found.returned = await page.locator(".found h3").textContent();

	await page.getByLabel("Whh[1,1]").first().fill("0.9");
	await settle(page);
	found.weight = await cell(page, "h").nth(1).textContent();
	await page.waitForFunction(() => location.hash.includes("Whh=0.9"));
	found.address = await page.evaluate(() => location.hash);
	await download(page, "Save lesson", "saved.toml");
	await download(page, "Save table", "saved.csv");
	const other = await open({}, found.address);
	found.weightByLink = await cell(other, "h").nth(1).textContent();
	await other.context().close();

	await page.getByRole("button", { name: "Reset" }).click();
	// As an editor on Windows may leave it.
	const edited = fs.readFileSync(`${folder}/saved.toml`, "utf-8").trimEnd().replaceAll("\n", "\r\n");
	const saved = { name: "saved.toml", mimeType: "text/plain", buffer: Buffer.from(edited) };
	await page.setInputFiles("input[type=file]", saved);
	await page.waitForFunction(() => document.querySelector(".notice").textContent);
	await settle(page);
	found.opened = await cell(page, "h").nth(1).textContent();
	found.openedSays = await page.locator(".notice").textContent();
	const foreign = {
		name: "other.toml",
		mimeType: "text/plain",
		buffer: Buffer.from('[data]\n"word" = "hell"\n'),
	};
	await page.setInputFiles("input[type=file]", foreign);
	await page.waitForFunction(() => document.querySelector(".notice").textContent.includes("other.toml"));
	await settle(page);
	found.otherSays = await page.locator(".notice").textContent();
	found.otherLeaves = await cell(page, "h").nth(1).textContent();
	await page.getByRole("button", { name: "Reset" }).click();
	await page.getByRole("button", { name: /^Train \d/ }).click();
	await settle(page);
	found.trained = await said(page);
	found.violations = await violations(page);
	await page.getByRole("button", { name: "中文" }).click();
	await settle(page);
	found.focus.push(await focus(page));
	found.chinese = await page.locator("h1").textContent();
	found.language = await page.evaluate(() => document.documentElement.lang);
	await page.screenshot({ path: `${folder}/chinese.png` });

	for (const view of ["blame", "flow", "wrong"]) {
		const shown = await open({ colorScheme: "dark" }, `#view=${view}`);
		found.shown[view] = await shown
			.locator("[data-view]:visible")
			.evaluateAll((all) => all.map((each) => each.dataset.view));
		found.violations.push(...(await violations(shown)).map((each) => `${view}, dark: ${each}`));
		await shown.screenshot({ path: `${folder}/${view}.png` });
		await shown.context().close();
	}
	for (const [name, hash, colorScheme] of [
		["lstm", "#lang=zh&view=blame&step=9", "dark"],
		["caption", "#view=learn", "dark"],
	]) {
		const shown = await open({ colorScheme }, hash, `${folder}/${name}.html`);
		found.violations.push(...(await violations(shown)).map((each) => `${name}${hash}: ${each}`));
		if (hash.includes("learn")) found.learned = await shown.locator(".epoch").textContent();
		await shown.context().close();
	}
	const beyond = await open({}, "#view=flow");
	found.ticks = await beyond.locator(".chart text.end").allTextContents();
	for (const field of await beyond.locator("[data-field]:visible:not([type=range])").all())
		await field.fill("1e308");
	await settle(beyond);
	found.beyond = await beyond.locator(".numbers td").allTextContents();
	await beyond.context().close();
	const lstm = await open({}, "#view=learn", `${folder}/lstm.html`);
	await lstm.fill(".word", "hé天o&=#%");
	for (const [label, value] of [
		["learning rate", "0.5"],
		["clip threshold", "0.25"],
	])
		await lstm.getByLabel(label).fill(value);
	await lstm.locator("summary", { hasText: "Whi" }).click();
	await lstm.getByLabel("Whi[2,3]").fill("-2");
	await lstm.waitForFunction(() => location.hash.includes("Whi"));
	await lstm.reload();
	await lstm.locator("summary", { hasText: "Whi" }).click();
	await settle(lstm);
	const fields = [
		lstm.locator(".word"),
		...["learning rate", "Whi[2,3]", "clip threshold"].map((label) => lstm.getByLabel(label)),
	];
	found.again = await Promise.all(fields.map((field) => field.inputValue()));
	await lstm.context().close();

	const moods = await open({}, "#step=0&back=true", `${folder}/moods.html`);
	found.backwards = await moods.evaluate(async () => {
		const [slider, told] = ["#step", "output"].map((each) => document.querySelector(each));
		const steps = [];
		for (let step = 0; step < Number(slider.max); step++) {
			slider.value = step;
			slider.dispatchEvent(new Event("input"));
			await new Promise(requestAnimationFrame);
			steps.push(told.textContent);
		}
		return steps;
	});
	found.violations.push(...(await violations(moods)));
	await moods.context().close();

	const hostile =
		"#lang=toString&view=constructor&step=-3&word=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&Whh=abc&bh=1e999";
	const odd = await open({}, hostile);
	found.odd = [
		await odd.locator("h1").textContent(),
		await odd.locator(".word").inputValue(),
		await odd.getByLabel("bh[1,1]").first().inputValue(),
		await odd.locator("img").count(),
	];
	await odd.context().close();
	const phone = await open({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
	found.wide = await phone.evaluate(() => document.documentElement.scrollWidth);
	await phone.screenshot({ path: `${folder}/phone.png` });
	await launched.close();
	console.log(JSON.stringify(found));
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
