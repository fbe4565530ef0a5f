/* What stands around the picture: answers, where a number comes from, weights, tables, training, flow. */

function showAnswers() {
	for (const pixel of every("[data-pixel]"))
		set(pixel, { "aria-pressed": number(pixel.dataset.pixel) > 0.5 });
	const message = told(seen(cellIn(model.state)));
	write(one(".message"), message === spoken(model.said)[0][1] ? "" : placed(message));
	one(".answers").replaceChildren(...model.outputs.map(answer));
	if (model.loss) write(one(".loss"), `${text("loss")} ${told(seen(cellIn(model.loss))) || "–"}`);
}

function answer({ sequence, name, predicted, target, right, confidence, row = 0, share }) {
	const items = el("ol.said");
	const letter = equations.find((eq) => eq.base === "letter" && eq.sequence === sequence);
	for (const t of range(model.sequences[sequence])) {
		const [said, wanted] = [predicted, target].map((each) => told(valueOf(known(each), row, t)));
		if (!said && !wanted) continue;
		const sure = valueOf(known(confidence), 0, t);
		const mark = { 0: "wrong", 1: "right" }[valueOf(known(right), 0, t)] ?? "";
		const item = el("li", { class: mark });
		if (letter) item.append(el("span.read", `${told(valueOf(letter, 0, t))} →`));
		item.append(el("strong", said || "–"));
		if (share && typeof sure === "number") item.append(el("small", `${Math.round(sure * 100)} %`));
		const words = { right: "✓", wrong: `✗ ${text("right_is", { right: wanted })}` }[mark];
		if (words) item.append(el("span.mark", words));
		items.append(item);
	}
	return el("div", el("span.caption", text("says") + (name ? ` (${name})` : "")), items);
}

/** The cell that is explained: the one pointed at, or chosen, or the first of this step. */
function explainedCell() {
	if (hovered >= 0) return hovered;
	if (state.cell >= 0) return state.cell;
	return lit ? cellIn(lit.eq.at, 0, lit.t) : -1;
}

/** Where a number comes from: its equation, its formula, its numbers, and what it is computed of. */
function showExplained() {
	const cell = explainedCell();
	const body = one(".found");
	const focused = body.contains(document.activeElement);
	if (focused && document.activeElement?.tagName === "INPUT" && explained === cell) return;
	explained = cell;
	body.replaceChildren(...(cell < 0 ? [el("p.hint", text("point"))] : explanation(cell)));
	if (focused) body.focus();
}

function* explanation(cell) {
	const eq = equationOf(cell);
	const input = inputOf(cell);
	const { formula, numbers, operands } = formulaOf(cell);
	yield el("h3", title(cell));
	if (eq) {
		yield el("p.equation", `${eq.symbol} = ${eq.symbols}`);
		yield el("p", spoken(eq.words));
	}
	const meaning = spoken(eq?.meaning ?? input?.meaning ?? {});
	if (meaning) yield el("p.meaning", meaning);
	if (eq?.note) yield el("p.note", spoken(eq.note));
	const lines = [["where", address(cell)]];
	if (formula) lines.push(["formula", `=${formula}`], ["with_numbers", `=${numbers}`]);
	lines.push(["result", told(seen(cell))]);
	yield el("dl", {}, ...lines.flatMap(([key, words]) => [el("dt", text(key)), el("dd", words)]));
	if (input && input.kind !== "text") {
		const most = Math.max(2, Math.ceil(Math.abs(number(cell))));
		const name = `${title(cell)}, ${text("drag")}`;
		yield field(cell, title(cell), { inputmode: "decimal" });
		yield field(cell, name, { type: "range", min: -most, max: most, step: 0.01 });
	}
	if (operands.length) yield el("h4", text("operands"));
	const link = (i) => act("follow", `${title(i)} = ${told(seen(i))}`, { "data-value": i, class: "link" });
	yield el("ul.operands", {}, ...operands.slice(0, 12).map((i) => el("li", link(i))));
	if (operands.length > 12) yield el("p.hint", text("more", { count: operands.length - 12 }));
	if (trail.length) yield act("goBack", text("return"), { class: "quiet" });
}

const act = (name, words, given) => el("button", { type: "button", "data-act": name, ...given }, words);

/** Fills an input's table with fields when it is opened. @param {any} details */
function fill(details) {
	const input = model.inputs[details.dataset.input];
	if (!input || !details.open || details.children.length > 1) return;
	const item = (r, c) => {
		const given = { inputmode: "decimal" };
		const made = el("td", field(cellIn(input.at, r, c), `${input.name}[${r + 1},${c + 1}]`, given));
		if (input.gradient) made.append(el("small", { "data-gradient": cellIn(input.gradient, r, c) }));
		return made;
	};
	const { rows, cols } = input;
	const lines = rows.map((row, r) => [row, ...cols.map((_, c) => item(r, c))]);
	details.append(table({}, [], cols.length > 1 ? ["", ...cols] : [], lines));
	refresh();
}

/** The gradient below each weight, the greatest of them told apart. */
function showGradients() {
	const items = every("[data-gradient]");
	const values = items.map((item) => number(item.dataset.gradient));
	const most = Math.max(...values.map(Math.abs));
	items.forEach((item, k) => {
		write(item, short(values[k]));
		item.classList.toggle("strong", most && Math.abs(values[k]) >= most * 0.6);
	});
}

/** The numbers of an equation as a table, under the picture. @param {Equation} eq */
function tableOf(eq) {
	const [, , , rows, cols] = eq.at;
	const caption = [el("b", `${eq.symbol} = ${eq.symbols}`), el("span", spoken(eq.meaning))];
	const times = range(cols).map((t) => (eq.sequence === "once" ? text("once") : `t = ${t + 1}`));
	const item = (r, t) => el("td", { tabindex: r || t ? -1 : 0, "data-cell": cellIn(eq.at, r, t) });
	const lines = range(rows).map((r) => [eq.rows[r] || eq.symbol, ...range(cols).map((t) => item(r, t))]);
	return table({ role: "grid", "data-name": eq.name }, caption, ["", ...times], lines);
}

function showTables() {
	for (const item of every(".tables td[data-cell]")) {
		const cell = Number(item.dataset.cell);
		write(item, told(seen(cell)));
		set(item, { class: cell === state.cell ? "chosen" : lit?.cells.has(cell) ? "lit" : "" });
	}
}

/** To the cell beside one; says whether the key meant that. */
function goInTable(cell, key) {
	const [down, right] =
		{ ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key] ?? [];
	const row = cell.closest("table").rows[cell.parentElement.rowIndex + down];
	const next = row?.cells[cell.cellIndex + right];
	if (next?.tagName !== "TD") return false;
	[cell.tabIndex, next.tabIndex] = [-1, 0];
	next.focus();
	return true;
}

/** A chart, and its numbers as a table. */
function showExperiment(lines, given, heads, rows) {
	const root = one(`section[data-view=${state.view}]`);
	const label = root.getAttribute("aria-label");
	root.querySelector(".curve").replaceChildren(chart(lines, { label, x: heads[0], y: heads[1], ...given }));
	root.querySelector(".numbers").replaceChildren(table({ class: "plain" }, [label], heads, rows));
}

/** What the network says after so many epochs. @param {number} epoch */
function saidAfter(epoch) {
	const says = (at) => range(at[4]).map((t) => told(seen(cellIn(at, epoch, t))));
	return model.training.said.map((at) => says(at).join(model.between)).join(" · ");
}

/** The training: the loss over the epochs, and what is said at each. */
function showLearning() {
	const losses = cellsOf(model.training.loss).map(seen);
	const [last, epoch] = [losses.length - 1, Number(one("#epoch").value)];
	write(
		one(".epoch"),
		text("epoch_says", { epoch, loss: told(losses[epoch]), said: saidAfter(epoch) || "–" }),
	);
	const some = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((k) => k < last);
	const row = (k) => [String(k), el("td", told(losses[k])), el("td", saidAfter(k))];
	const heads = ["epoch", "loss", "says"].map((key) => text(key));
	showExperiment([losses], { at: epoch }, heads, [...some, last].map(row));
}

/** How much of the gradient is left, step by step back in time. */
function showFlow() {
	const { steps, lines } = model.flow;
	const far = cellsOf(steps).map(number);
	const order = range(far.length).sort((a, b) => far[a] - far[b]);
	const sizes = lines.map(({ at }) => order.map((k) => seen(cellIn(at, 0, k))));
	const some = range(order.length).filter((k) => k % 5 === 0 || k === order.length - 1);
	const rows = some.map((k) => [String(k), ...sizes.map((line) => el("td", told(line[k])))]);
	const heads = [text("flow_x"), ...lines.map(({ meaning }) => spoken(meaning))];
	showExperiment(sizes, { log: true, y: text("flow_y") }, heads, rows);
}
