/* Elements of the page, and numbers and texts as they are written there. */

/** An element: "p.note" has a class; its attributes may be left out. @returns {any} */
function el(kind, given, ...children) {
	const [tag, ...classes] = kind.split(".");
	const drawn = /^(svg|line|path|circle|text)$/.test(tag);
	const node = document.createElementNS(`http://www.w3.org/${drawn ? "2000/svg" : "1999/xhtml"}`, tag);
	if (classes.length) node.setAttribute("class", classes.join(" "));
	if (typeof given === "string" || given instanceof Node) children.unshift(given);
	else set(node, given ?? {});
	node.append(...children);
	return node;
}

/** Sets what is not so yet: the browser draws the rest no second time. */
function set(node, given) {
	for (const [name, value] of Object.entries(given))
		if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function write(node, words) {
	if (node.textContent !== words) node.textContent = words;
}

/** @returns {any} */
const one = (selector) => document.querySelector(selector);
/** @returns {any[]} */
const every = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A cell's number, 0 where it has none. */
const number = (cell) => (K[cell] === 1 ? N[cell] : 0);

/** A number in few signs. @param {number} value */
function short(value) {
	const size = Math.abs(value);
	let words = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
	if (Number.isInteger(value) && size < 1000) words = String(value);
	else if (size && (size < 0.005 || size >= 1000)) words = value.toExponential(0).replace("e+", "e");
	return words.replaceAll("-", "−");
}

/** A number with four digits behind the point, or a text. @param {Value} value */
function told(value) {
	if (typeof value !== "number") return value === null ? "" : String(value);
	const size = Math.abs(value);
	if (Number.isInteger(value) && size < 1e6) return String(value).replace("-", "−");
	return (size < 0.001 || size >= 1e6 ? value.toExponential(3) : value.toFixed(4)).replace("-", "−");
}

/** A table of lines, each with what names it first. */
function table(given, caption, heads, lines) {
	const named = (name, scope) => (name ? el("th", { scope }, name) : el("td"));
	const head = heads.map((name) => named(name, "col"));
	const rows = lines.map(([name, ...cells]) => el("tr", {}, named(name, "row"), ...cells));
	const top = heads.length ? [el("thead", el("tr", ...head))] : [];
	const over = caption.length ? [el("caption", {}, ...caption)] : [];
	return el("div.scroll", el("table", given, ...over, ...top, el("tbody", {}, ...rows)));
}

/** A field whose text is a cell's. */
const field = (cell, name, given) =>
	el("input", { "data-field": cell, "aria-label": name, type: "text", autocomplete: "off", ...given });

/** Lines over a number, with their axes; of powers of ten with `log`. @param {any[][]} lines */
function chart(lines, { log = false, label, x, y, at = -1 }) {
	const [wide, high, left, low] = [640, 260, 56, 34];
	const points = lines.map((line) => line.map((value) => (log ? Math.log10(Math.max(value, 1e-45)) : value)));
	const flat = points.flat().filter(Number.isFinite);
	const top = log ? Math.ceil(Math.max(0, ...flat)) : Math.max(1e-9, ...flat);
	const bottom = log ? top - 4 * Math.ceil((top - Math.min(-1, ...flat)) / 4) : 0;
	const most = Math.max(1, lines[0].length - 1);
	const px = (k) => left + ((wide - left - 12) * k) / most;
	const py = (value) => 26 + ((high - low - 26) * (top - value)) / (top - bottom);
	const root = el("svg.chart", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label });
	const say = (kind, x, y, words) => root.append(el(kind, { x, y }, words));
	for (const k of range(5)) {
		const value = bottom + ((top - bottom) * k) / 4;
		const step = Math.round((most * k) / 4);
		const tick = log ? `1e${Math.round(value)}` : String(Number(value.toPrecision(2))).replace("e+", "e");
		root.append(el("line.axis", { x1: left, x2: wide - 12, y1: py(value), y2: py(value) }));
		say("text.end", left - 6, py(value) + 4, tick.replace("-", "−"));
		say("text", px(step), high - low + 16, String(step));
	}
	points.forEach((line, number) => {
		// Behind a number that is none the line begins again.
		const d = line.map((value, k) => {
			if (!Number.isFinite(value)) return "";
			return `${Number.isFinite(line[k - 1]) ? "L" : "M"}${px(k).toFixed(1)} ${py(value).toFixed(1)}`;
		});
		root.append(el(`path.line.line${number}`, { d: d.join("") }));
	});
	if (at >= 0 && Number.isFinite(points[0][at]))
		root.append(el("circle.at", { cx: px(at), cy: py(points[0][at]), r: 5 }));
	say("text", (wide + left) / 2, high - 3, x);
	say("text.start", 4, 12, y);
	return root;
}
