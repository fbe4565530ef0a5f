/* The page: what is chosen, and that all parts show it; what is clicked and typed; address and files. */

/** The questions that this page answers. */
const views = every("nav button").map((button) => button.dataset.value);
/** What was looked at before. */
let trail = [];
/** The cell that is pointed at, or -1, and the one that is explained. */
let [hovered, explained] = [-1, -1];
/** What is told at this step, how many steps there are, and what was told before. */
let lit, most, past, lastLit;
let timer, frame, later;

/** Finds what is told at this step. */
function light() {
	const all = steps();
	const step = all[state.step];
	most = all.length;
	lit = past = null;
	if (!step) return;
	const { eq, t } = step;
	const cells = new Set(eq.rows.map((_, i) => cellIn(eq.at, i, t)));
	lit = { eq, t, cells, node: `${eq.home} ${t}` };
	past = new Set(all.slice(0, state.step + 1).map((each) => `${each.eq.name} ${each.t}`));
}

/** Shows everything as it is now, once before the next frame. */
function refresh() {
	frame ??= requestAnimationFrame(() => {
		frame = undefined;
		light();
		document.body.classList.toggle("back", state.back);
		showAnswers();
		showExplained();
		if (state.back) showGradients();
		(({ learn: showLearning, flow: showFlow })[state.view] ?? showNetwork)();
		every("input[data-field]").forEach(showField);
		clearTimeout(later);
		later = setTimeout(toAddress, 200);
	});
}

function showNetwork() {
	showPicture();
	showTables();
	showStep();
}

function showField(input) {
	const cell = Number(input.dataset.field);
	const now = typedText(cell);
	const typing = input === document.activeElement && input.type !== "range";
	if (input.value !== now && !typing) input.value = now;
	input.classList.toggle("changed", isChanged(cell));
}

function showStep() {
	const slider = one("#step");
	set(slider, { max: most });
	slider.value = Math.min(state.step, most);
	const time = lit && lit.eq.sequence !== "once" ? `t = ${lit.t + 1} · ` : "";
	const step = lit ? `${state.step + 1}/${most} · ${time}${lit.eq.symbol} = ${lit.eq.symbols}` : text("all");
	write(one("output"), step);
	set(slider, { "aria-valuetext": step });
	write(one(".turn"), text(state.back ? "forwards" : "backwards"));
	write(one(".play"), timer ? `❚❚ ${text("pause")}` : `▶ ${text("play")}`);
}

/** Does something when what is seen now is on the screen. */
const idle = (what) => requestAnimationFrame(() => (window.requestIdleCallback ?? setTimeout)(what));

/** Shows what belongs to the question. */
function showView() {
	const { view } = state;
	for (const button of every("nav button")) set(button, { "aria-current": button.dataset.value === view });
	for (const node of every("[data-view]")) node.hidden = !node.dataset.view.split(" ").includes(view);
	const tables = one(".tables");
	tables.replaceChildren();
	idle(() => {
		if (VIEWS[view] && view === state.view)
			tables.replaceChildren(...equations.filter(VIEWS[view]).map(tableOf));
		showTables();
	});
	refresh();
}

/** Puts the page's language into its texts, and what formulas may say in it into its cells. */
function speak() {
	const language = state.language;
	for (const node of every("[data-text]")) write(node, spoken(model.spoken)[node.dataset.text]);
	for (const node of every("[data-label]"))
		set(node, { "aria-label": spoken(model.spoken)[node.dataset.label] });
	for (const button of every("[data-act=setLanguage]")) button.hidden = button.dataset.value === language;
	document.documentElement.lang = one(`[data-value=${language}]`).lang;
	document.title = one("h1").textContent;
	const sheet = model.book.sheets.length - 1;
	sheets.edit(spoken(model.said).map(([row, words]) => [sheets.at(sheet, row, 2), words]));
}

/** Chooses the step to be told. */
function go(step) {
	Object.assign(state, { step: step >= most ? Infinity : Math.max(0, step), cell: -1 });
	trail = [];
	refresh();
}

/** On by so many steps, or back. */
const move = (by) => go(Math.min(state.step, most) + Number(by));

function play() {
	if (timer) timer = clearInterval(timer);
	else {
		if (state.step === Infinity) go(0);
		timer = setInterval(() => {
			move(1);
			if (state.step === Infinity) play();
		}, 900);
	}
	refresh();
}

function explain(cell) {
	state.cell = Number(cell);
	hovered = -1;
	refresh();
}

/** What the buttons do, with their values. */
const ACTS = {
	move,
	play,
	reset,
	randomize,
	copyLink,
	type: (value, cell) => type(cell, value),
	flip: (cell) => type(cell, number(cell) > 0.5 ? "0" : "1"),
	train,
	take: () => train(one("#epoch").value),
	print: () => print(),
	chooseFile: () => one("[type=file]").click(),
	saveTable: () => save(`${model.name}.csv`, csv()),
	saveLesson() {
		const message = one(".message").textContent;
		if (message) say(text("not_saved", { message }));
		else save(`${model.name}.toml`, lesson().join("\n"));
	},
	choose(cell) {
		trail = [];
		explain(cell);
	},
	follow(cell) {
		trail.push(state.cell);
		explain(cell);
	},
	goBack: () => explain(trail.pop()),
	turn() {
		state.back = !state.back;
		want();
		go(Infinity);
	},
	setView(view) {
		if (timer) play();
		Object.assign(state, { view, back: view === "blame" });
		go(Infinity);
		showView();
		want();
	},
	setLanguage(language) {
		state.language = language;
		speak();
		say("");
		one("[data-act=setLanguage]:not([hidden])").focus();
		showView();
		want();
	},
	toggleTheme() {
		const { dataset } = document.documentElement;
		const dark = dataset.theme
			? dataset.theme === "dark"
			: matchMedia("(prefers-color-scheme: dark)").matches;
		dataset.theme = dark ? "light" : "dark";
	},
};

function toAddress() {
	const { language, view, step, back } = state;
	const found = new URLSearchParams({
		lang: language,
		view,
		step: step === Infinity ? "" : String(step),
		back: String(back),
	});
	for (const cell of [...originals.keys()].filter(isChanged)) {
		const name = title(cell);
		found.set(found.has(name) ? `${name}[1,1]` : name, typedText(cell));
	}
	try {
		history.replaceState(null, "", `#${found}`);
	} catch {
		// In a frame without an address there is nothing to set.
	}
	return location.href.split("#")[0] + `#${found}`;
}

function fromAddress() {
	const found = new URLSearchParams(location.hash.slice(1));
	const { lang = "", view = "", step, back, ...others } = Object.fromEntries(found);
	if (Object.hasOwn(model.texts, lang)) state.language = lang;
	if (views.includes(view)) state.view = view;
	state.back = views.includes("blame") && (back ? back === "true" : state.view === "blame");
	if (step) state.step = Math.max(0, Math.floor(Number(step)) || 0);
	for (const [key, written] of Object.entries(others)) {
		const [, name, r, c] = /^(.*?)(?:\[(\d+),(\d+)\])?$/.exec(key) ?? [];
		const { at } = model.inputs.find((each) => each.name === name) ?? {};
		const [row, col] = [Number(r ?? 1), Number(c ?? 1)];
		if (at && row >= 1 && row <= at[3] && col >= 1 && col <= at[4])
			type(cellIn(at, row - 1, col - 1), written);
	}
}

const say = (words) => write(one(".notice"), words);

function copyLink() {
	const link = toAddress();
	say(link);
	navigator.clipboard?.writeText(link).then(
		() => say(text("copied")),
		() => {},
	);
}

function save(name, words) {
	el("a", { href: URL.createObjectURL(new Blob([words])), download: name }).click();
}

/** Takes what a lesson has that this page has saved. @param {File} file */
async function openLesson(file) {
	const edits = changesIn((await file.text()).trimEnd().split(/\r?\n/));
	say(text(edits ? "opened" : "other_lesson", { file: file.name }));
	if (!edits) return;
	reset();
	edit(edits);
}

/** What other values a saved lesson has; null where it is none of this page. @param {string[]} lines */
function changesIn(lines) {
	const { lines: ours, inputs: places, steps } = model.saving;
	const all = range(Math.max(ours.length, lines.length));
	const others = new Set(all.filter((k) => k !== steps && (lines[k] ?? "") !== (ours[k] ?? "")));
	/** @type {[number, Value][]} */
	const edits = [];
	for (const { name, kind, at } of model.inputs) {
		const [line, key] = places[name];
		const values = others.has(line) ? listed(lines[line]?.split(`"${key}" = `)[1]) : [];
		const type = kind === "text" ? "string" : "number";
		if (values.length !== at[3] * at[4] || values.some((each) => typeof each !== type)) continue;
		cellsOf(at).forEach((cell, k) => edits.push([cell, entered(cell, String(values[k]))]));
		others.delete(line);
	}
	return others.size ? null : edits;
}

/** The values that are written, or none. */
function listed(written) {
	try {
		return [JSON.parse(written ?? "[]")].flat(3);
	} catch {
		return [];
	}
}

/** The lesson with what was changed. */
function lesson() {
	const { lines: ours, inputs: places, steps } = model.saving;
	const lines = [...ours];
	for (const { name, kind, at } of model.inputs) {
		const cells = cellsOf(at);
		if (!cells.some(isChanged)) continue;
		const values = cells.map({ text: typedText, picture: number }[kind] ?? seen);
		const [line, key, depth] = places[name];
		const rows = range(at[3]).map((r) => values.slice(r * at[4], (r + 1) * at[4]));
		const written = JSON.stringify([values[0], values, rows][depth]).replaceAll("\x7f", "\\u007f");
		lines[line] = `"${key}" = ${written}`;
		if (kind === "text") lines[steps] = "";
	}
	return lines;
}

/** Every number of the equations as a table. */
function csv() {
	const lines = [["equation", "row", "t", "value"]];
	want(equations.map((eq) => eq.at));
	for (const { name, rows, at } of equations)
		cellsOf(at).forEach((cell, k) => {
			const t = String((k % at[4]) + 1);
			lines.push([name, rows[Math.floor(k / at[4])], t, typedText(cell)]);
		});
	want();
	// A text that a spreadsheet would take for a formula gets a sign before it.
	const safe = (words) => (/^[=+\-@\t\r]/.test(words) && !NUMERIC.test(words) ? `'${words}` : words);
	const quoted = (words) => `"${safe(words).replaceAll('"', '""')}"`;
	return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

/** What has a cell at a point of the picture, or nearby: lines are thin. */
function pointed({ clientX: x, clientY: y }) {
	const near = [0, 4, -4];
	const found = near.flatMap((dx) => near.map((dy) => document.elementFromPoint(x + dx, y + dy)));
	return found.map((each) => each?.closest("[data-cell]")).find((each) => picture.contains(each ?? null));
}

const figure = picture.parentElement;
const cellOf = (found) => Number(found?.dataset.cell ?? -1);
/** The weight that is pulled, where that began, and what it was. */
let pulled;

function hover(cell) {
	if (cell === hovered) return;
	hovered = cell;
	showExplained();
}

figure.onpointermove = (event) => {
	if (!pulled) hover(cellOf(pointed(event)));
	else type(pulled.cell, (pulled.value + (pulled.from - event.clientY) / 100).toFixed(3));
};
figure.onpointerleave = () => hover(-1);
figure.onpointerdown = (event) => {
	const found = pointed(event);
	const cell = cellOf(found);
	if (cell < 0 || event.button) return;
	ACTS.choose(cell);
	if (!found?.matches(".edge") || event.pointerType === "touch") return;
	pulled = { cell, from: event.clientY, value: number(cell) };
	figure.setPointerCapture(event.pointerId);
};
figure.onpointerup = figure.onpointercancel = () => (pulled = null);

/** @param {string} name @param {(target: any, event: any) => void} use */
const on = (name, use) => document.addEventListener(name, (event) => use(event.target, event), true);

on("click", (target) => {
	const { act, value, cell } = target.closest("[data-act], td[data-cell]")?.dataset ?? {};
	if (act) ACTS[act](value, cell);
	else if (cell) ACTS.choose(cell);
});
on("input", ({ id, value, dataset }) => {
	if (dataset.field) type(dataset.field, value);
	else if (id === "step") go(Number(value));
	else if (id === "epoch") refresh();
});
on("change", (target) => {
	if (target.type === "file") openLesson(target.files[0]).finally(() => (target.value = ""));
});
on("focusin", (target) => {
	if (target.matches(".weights [data-field]")) ACTS.choose(target.dataset.field);
});
on("toggle", fill);
on("keydown", (target, event) => {
	const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
	const cell = target.matches("td[data-cell]");
	if (cell && (event.key === "Enter" || event.key === " ")) target.click();
	else if (by && target.matches(".figure")) move(by);
	else if (!cell || !goInTable(target, event.key)) return;
	event.preventDefault();
});
addEventListener("hashchange", () => location.reload());

for (const eq of equations)
	cellsOf(eq.at).forEach((cell, k) => put(cell, model.values[eq.name]?.[k] ?? null));
fromAddress();
speak();
showView();
idle(() => every("details[open]").forEach(fill));
// The values that the page was exported with are seen before anything is computed.
if (VIEWS[state.view] && !originals.size) idle(() => (want(), refresh()));
else want();
