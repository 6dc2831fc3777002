/*
 * The page: asks /api/v1/ports and /api/v1/status each second and shows them.  Text goes into
 * the page as text only (textContent), so nothing from the wire is ever read as HTML.
 */
"use strict";

const byId = (id) => document.getElementById(id);
const sum = (a, b) => (a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0));
const perSecond = (value, port) => (value === undefined ? undefined : value / (port.interval_s || 1));

/* What each column shows, by what it sorts, and when it is over its limit. */
const columns = [
	{ name: "Host", doc: "Address of the server",
	  text: true, value: (p) => p.server_ip },
	{ name: "Port", doc: "Its port and transport",
	  value: (p) => p.port, show: (v, p) => `${v}/${p.transport}` },
	{ name: "Service", doc: "IANA name of the port",
	  text: true, value: (p) => p.service },
	{ name: "Class", doc: "Class by RFC 6335",
	  text: true, value: (p) => p.class },
	{ name: "Flows", doc: "Connections that began",
	  value: (p) => p.flows, show: count },
	{ name: "Active", doc: "Connections open now",
	  value: (p) => p.active, show: count },
	{ name: "Clients", doc: "Distinct clients",
	  value: (p) => p.clients, show: count },
	{ name: "Resp p50", doc: "Median response time",
	  value: (p) => p.response_p50_us, show: duration, over: (v) => v > limits.response_ms * 1000 },
	{ name: "Resp p95", doc: "95 of 100 responses took at most this",
	  value: (p) => p.response_p95_us, show: duration, over: (v) => v > limits.response_ms * 1000 },
	{ name: "Loss", doc: "Payload lost before it came to us",
	  value: (p) => p.lost_ratio, show: percent, over: (v) => v > limits.loss },
	{ name: "Retrans", doc: "Share of segments sent again",
	  value: (p) => p.retransmit_ratio, show: percent, over: (v) => v > limits.loss },
	{ name: "Errors", doc: "Share of connections that failed",
	  value: (p) => p.error_ratio, show: percent, over: (v) => v > limits.errors },
	{ name: "In/s", doc: "Bytes per second from clients",
	  value: (p) => perSecond(p.client_bytes, p), show: bytes },
	{ name: "Out/s", doc: "Bytes per second to clients",
	  value: (p) => perSecond(p.server_bytes, p), show: bytes },
];
let limits = { response_ms: 100, loss: 0.01, errors: 0.001 };
let ports = [];
let sortBy = null; /* null: busiest first */
let backwards = false;
let paused = false;

/* Never in the form 1.0e+2, as toPrecision alone gives it. */
function digits(value, count) {
	return Number(value.toPrecision(count));
}
function scaled(value, units, step) {
	let unit = 0;
	while (value >= step && unit < units.length - 1) {
		value /= step;
		unit++;
	}
	return `${value >= 100 || unit === 0 ? Math.round(value) : digits(value, 2)} ${units[unit]}`;
}
function count(value) {
	return value.toLocaleString("en");
}
function bytes(value) {
	return scaled(value, ["B", "kB", "MB", "GB", "TB"], 1000);
}
function duration(us) {
	return us < 1000 ? `${us} µs` : us < 1e6 ? `${digits(us / 1000, 3)} ms` : `${digits(us / 1e6, 3)} s`;
}
function percent(ratio) {
	return ratio === 0 ? "0 %" : `${digits(ratio * 100, 2)} %`;
}
function span(seconds) {
	if (seconds < 120)
		return `${Math.floor(seconds)} s`;
	if (seconds < 7200)
		return `${Math.floor(seconds / 60)} min`;
	return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function compare(a, b) {
	const of = sortBy === null ? (p) => sum(p.client_bytes, p.server_bytes) : columns[sortBy].value;
	const x = of(a), y = of(b);
	if (x === undefined || y === undefined)
		return (x === undefined) - (y === undefined);
	const order = typeof x === "string" ? (x < y ? -1 : x > y ? 1 : 0) : y - x;
	return backwards ? -order : order;
}

function isOver(column, port) {
	const value = column.value(port);
	return value !== undefined && column.over !== undefined && column.over(value);
}

function cell(column, port) {
	const td = document.createElement("td");
	const value = column.value(port);
	td.className = column.text ? "text" : "";
	if (value === undefined) {
		td.textContent = "–";
		return td;
	}
	const over = isOver(column, port);
	td.textContent = (over ? "! " : "") + (column.show ? column.show(value, port) : value);
	if (column.text)
		td.title = td.textContent; /* long addresses are cut by the style */
	if (over)
		td.classList.add("over");
	return td;
}

function draw() {
	const wanted = byId("filter").value.trim().toLowerCase();
	const shown = ports
		.filter((p) => `${p.server_ip} ${p.port}/${p.transport} ${p.service ?? ""}`.toLowerCase().includes(wanted))
		.sort(compare);
	byId("rows").replaceChildren(...shown.map((port) => {
		const tr = document.createElement("tr");
		tr.append(...columns.map((column) => cell(column, port)));
		return tr;
	}));
	const over = shown.filter((port) => columns.some((column) => isOver(column, port))).length;
	const part = shown.length === ports.length ? "" : `${shown.length} of `;
	const warning = over > 0 ? `, ! ${over} over a limit` : "";
	byId("count").textContent = `${part}${ports.length} ports${warning}`;
	byId("empty").hidden = ports.length > 0;
}

function drawHead() {
	byId("head").replaceChildren(...columns.map((column, i) => {
		const th = document.createElement("th");
		const button = document.createElement("button");
		th.className = column.text ? "text" : "";
		th.scope = "col";
		th.title = column.doc;
		if (sortBy === i)
			th.setAttribute("aria-sort", backwards === Boolean(column.text) ? "descending" : "ascending");
		button.type = "button";
		button.textContent = column.name + (sortBy === i ? (backwards ? " ▴" : " ▾") : "");
		button.addEventListener("click", () => {
			backwards = sortBy === i && !backwards;
			sortBy = i;
			drawHead();
			draw();
		});
		th.append(button);
		return th;
	}));
}

function drawHealth(health, status) {
	const line = byId("health");
	line.className = health.status === "ok" ? "" : "bad";
	line.textContent = health.status === "ok" ? "● Fine" : `! ${health.status}: ${health.reasons.join("; ")}`;
	const facts = [`version ${status.version}`];
	if (status.interfaces)
		facts.push(`watching ${status.interfaces.join(", ")}`);
	if (status.uptime_s !== undefined)
		facts.push(`for ${span(status.uptime_s)}`);
	if (status.packets_per_s !== undefined)
		facts.push(`${count(Math.round(status.packets_per_s))} packets/s, ${bytes(status.bytes_per_s ?? 0)}/s`);
	if (status.flows !== undefined)
		facts.push(`${count(status.flows)} connections`);
	byId("facts").textContent = facts.join(" · ");
}

async function ask(path) {
	const answer = await fetch(path, { headers: { Accept: "application/json" } });
	return answer.json();
}

async function refresh() {
	try {
		const [health, status, list] = await Promise.all([ask("health"), ask("api/v1/status"), ask("api/v1/ports?limit=500")]);
		limits = { ...limits, ...status.limits };
		drawHealth(health, status);
		ports = list;
		draw();
	} catch (problem) {
		byId("health").className = "bad";
		byId("health").textContent = "! The daemon does not answer; what is shown is old.";
	}
}

byId("filter").addEventListener("input", draw);
byId("pause").addEventListener("click", () => {
	paused = !paused;
	byId("pause").setAttribute("aria-pressed", String(paused));
	byId("pause").textContent = paused ? "Go on" : "Pause";
});
drawHead();
refresh();
setInterval(() => {
	if (!paused && !document.hidden)
		refresh();
}, 1000);
