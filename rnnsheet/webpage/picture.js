/* The picture's numbers: colours, widths and words in the SVG that stands in the page, as they are now. */

const picture = one("#picture");
picture.style.minWidth = `${Math.max(picture.viewBox.baseVal.width * 0.48, 260)}px`;
const LINES = every("path", picture).map((shape) => ({
	shape,
	cell: Number(shape.dataset.cell ?? -1),
	...shape.parentNode.dataset,
}));
const NODES = every("[data-node]", picture).map((node) => {
	const [name, t] = node.dataset.node.split(" ");
	const label = node.querySelector(".name");
	const units = every(".unit", node).map((unit) => ({ unit, cell: Number(unit.dataset.cell) }));
	const words = every("text:not(.name, .label)", node);
	return { node, eq: known(name), t: Number(t), label, own: label?.textContent, units, words };
});

function showPicture() {
	if (lit?.node !== lastLit) bringIntoView((lastLit = lit?.node));
	const said = every(".answers strong").map((each) => each.textContent);
	set(picture, { "aria-label": text("picture_about", { said: said.join(" ") }) });
	const faint = LINES.length > 200 ? 0.35 : 1;
	for (const { shape, cell, to, weight } of LINES) {
		const own = lit?.node === to && (!lit.eq.weights.length || lit.eq.weights.includes(weight));
		const size = cell < 0 ? 0.35 : number(cell);
		const strength = Math.min(1, Math.abs(size));
		const chosen = cell >= 0 && cell === state.cell;
		const opacity = own || chosen ? 1 : (0.14 + 0.4 * strength) * (cell < 0 ? 1 : faint) * (lit ? 0.4 : 1);
		set(shape, {
			class: `edge${size < 0 ? " neg" : ""}${chosen ? " chosen" : ""}`,
			"stroke-width": (0.4 + 2.2 * strength).toFixed(2),
			"stroke-opacity": opacity.toFixed(2),
		});
	}
	const scale = state.back ? greatestGradient() : 1;
	for (const drawn of NODES) {
		const { node, eq, t } = drawn;
		node.classList.toggle("lit", lit?.node === node.dataset.node);
		node.classList.toggle("ghost", !isTold(eq, t));
		if (node.matches(".letter")) write(node, told(valueOf(eq, 0, t)));
		else if (node.matches(".said")) showSaid(drawn);
		else if (node.matches(".list")) showList(drawn);
		else showUnits(drawn, scale);
	}
}

/** Scrolls a wide picture so that a node stands in the middle. @param {string} node */
function bringIntoView(node) {
	const { node: found } = NODES.find((each) => each.node.dataset.node === node) ?? {};
	const frame = picture.parentElement;
	if (!found || frame.scrollWidth <= frame.clientWidth) return;
	const [at, around] = [found, frame].map((each) => each.getBoundingClientRect());
	frame.scrollLeft += at.left + at.width / 2 - around.left - around.width / 2;
}

function greatestGradient() {
	const drawn = new Set(equations.map((eq) => eq.gradient));
	const cells = equations.filter((eq) => drawn.has(eq.name)).flatMap((eq) => cellsOf(eq.at));
	return Math.max(1e-12, ...cells.map((cell) => Math.abs(number(cell))));
}

/** Whether a value, or its gradient, is told by now. */
function isTold(eq, t) {
	const shown = state.back ? known(eq.gradient) : eq;
	return !past || t < 0 || !shown || past.has(`${shown.name} ${t}`);
}

/** Shows the values of a node forward, and their gradients backward. */
function showUnits({ eq, t, label, own, units, words }, scale) {
	const back = state.back && t >= 0;
	const gradient = known(eq.gradient);
	write(label, back ? (gradient?.symbol ?? "") : own);
	units.forEach(({ unit, cell }, i) => {
		const value = back ? valueOf(gradient, i, t) : seen(cell);
		const size = typeof value === "number" ? value : 0;
		const share = Math.min(1, Math.abs(size) / scale);
		const kind = `unit${size < 0 ? " neg" : ""}${cell === state.cell ? " chosen" : ""}`;
		set(unit, { class: kind, "fill-opacity": share.toFixed(3) });
		if (!words[i]) return;
		const digits = typeof value === "number" ? short(value) : "";
		set(words[i], { class: `number${share > 0.55 ? " on" : ""}${digits.length > 4 ? " long" : ""}` });
		write(words[i], digits);
	});
}

function showSaid({ eq, t, words }) {
	const word = words[0];
	const { right } = model.outputs.find(({ predicted }) => predicted === eq.name) ?? {};
	const mark = { 1: "right", 0: "wrong" }[valueOf(known(right), 0, t)] ?? "";
	write(word, `${told(valueOf(eq, 0, t)) || "–"} ${{ right: "✓", wrong: "✗" }[mark] ?? ""}`);
	set(word, { class: mark });
}

/** The greatest of many. */
function showList({ eq, t, units, words }) {
	const found = eq.rows.map((label, i) => ({ label, cell: cellIn(eq.at, i, t) }));
	found.sort((a, b) => number(b.cell) - number(a.cell));
	units.forEach(({ unit }, k) => {
		const { label, cell } = found[k] ?? { label: "", cell: -1 };
		const value = number(cell);
		unit.style.scale = `${Math.max(0, Math.min(1, value))} 1`;
		set(unit, { "data-cell": cell, "fill-opacity": 0.45 });
		const digits = eq.drawn === "shares" ? value.toFixed(2) : "";
		write(words[k], value > 0.0005 ? `${label.slice(0, 9)} ${digits}` : "");
	});
}
