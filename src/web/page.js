/*
 * The page: asks for ports, listeners, findings and status each second and shows them.  Text goes into
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
	{ name: "Protocol", doc: "What is spoken; with a question mark: only the port suggests it",
	  text: true, value: (p) => (p.protocol && p.protocol_by === "port" ? `${p.protocol}?` : p.protocol) },
	{ name: "Process", doc: "Process that listens",
	  text: true, value: (p) => p.process },
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
	{ name: "Errors", doc: "Share of connections that failed and of answers that were errors",
	  value: (p) => p.error_ratio, show: percent,
	  over: (v, p) => v > limits.errors && !p.unused },
	{ name: "In/s", doc: "Bytes per second from clients",
	  value: (p) => perSecond(p.client_bytes, p), show: bytes },
	{ name: "Out/s", doc: "Bytes per second to clients",
	  value: (p) => perSecond(p.server_bytes, p), show: bytes },
];

/* Of listening sockets; the same form, but in the order of the answer. */
const listenerColumns = [
	{ name: "Address", doc: "Address it is bound to",
	  text: true, value: (l) => (l.iface ? `${l.ip}%${l.iface}` : l.ip) },
	{ name: "Port", doc: "Its port and transport",
	  value: (l) => l.port, show: (v, l) => `${v}/${l.transport}` },
	{ name: "Process", doc: "Process that holds it",
	  text: true, value: (l) => l.process ?? (l.hidden ? "hidden" : undefined), over: (v, l) => Boolean(l.hidden) },
	{ name: "User", doc: "User it runs as",
	  text: true, value: (l) => l.user },
	{ name: "Unit", doc: "systemd unit or container",
	  text: true, value: (l) => l.container?.slice(0, 12) ?? l.unit?.replace(/\.service$/, "") },
	{ name: "Reach", doc: "From where it can be reached",
	  text: true, value: (l) => l.reach },
	{ name: "Since", doc: "Listening since",
	  text: true, value: (l) => l.since, show: (v) => `${span((Date.now() - Date.parse(v)) / 1000)} ago` },
	{ name: "Queue", doc: "Clients that wait to be accepted, of the most that may",
	  value: (l) => l.backlog, show: (v, l) => (l.backlog_max === undefined ? count(v) : `${count(v)}/${count(l.backlog_max)}`),
	  over: (v, l) => l.backlog_max > 0 && v > l.backlog_max },
	{ name: "Allowed", doc: "Whether the register of authorised ports allows it",
	  text: true, value: (l) => l.authorized, show: (v) => (v ? "yes" : "no"), over: (v) => v === false },
];

/* Of services that are asked; state is what holds after retries. */
const probeColumns = [
	{ name: "Service asked", doc: "As configured, or of this machine's own",
	  text: true, value: (p) => p.target },
	{ name: "State", doc: "up, degraded, down or unknown, after retries",
	  text: true, value: (p) => p.hard_state, show: (v, p) => (p.maintenance ? `${v}, in maintenance` : v),
	  over: (v) => v === "down" || v === "degraded" },
	{ name: "Since", doc: "Since when it has that",
	  text: true, value: (p) => p.hard_since, show: (v) => `${span((Date.now() - Date.parse(v)) / 1000)} ago` },
	{ name: "Connect", doc: "Time of the handshake",
	  value: (p) => p.connect_us, show: duration },
	{ name: "First byte", doc: "Question to answer",
	  value: (p) => p.first_byte_us, show: duration },
	{ name: "Software", doc: "What it says that it is",
	  text: true, value: (p) => p.software },
	{ name: "Certificate", doc: "When it ends",
	  text: true, value: (p) => p.cert_not_after, show: (v) => v.slice(0, 10) },
	{ name: "Why", doc: "What the last answer was, if it was not well",
	  text: true, value: (p) => p.detail ?? p.reason },
];
const states = ["down", "degraded", "unknown", "up"];

/* Of attacks; the first column opens the rest. */
const incidentColumns = [
	{ name: "Incident", doc: "Rule of its first alert, or kind of its first finding",
	  text: true, value: (i) => i.rule?.replaceAll("_", " ") },
	{ name: "Id", doc: "First digits of its id",
	  text: true, value: (i) => i.id?.slice(0, 8) },
	{ name: "Severity", doc: "low, medium, high or critical",
	  text: true, value: (i) => i.severity, over: (v) => v === "high" || v === "critical" },
	{ name: "Target", doc: "What it is about",
	  text: true, value: (i) => i.target },
	{ name: "Since", doc: "When it began",
	  text: true, value: (i) => i.first, show: (v) => `${span((Date.now() - Date.parse(v)) / 1000)} ago` },
	{ name: "Owner", doc: "Who takes care of it",
	  text: true, value: (i) => i.owner },
	{ name: "Cause", doc: "The most probable cause",
	  text: true, value: (i) => i.cause ?? i.summary },
];
const alertColumns = [
	{ name: "Alert", doc: "Name of the rule",
	  text: true, value: (a) => a.rule },
	{ name: "Id", doc: "First digits of its id",
	  text: true, value: (a) => a.id?.slice(0, 8) },
	{ name: "Severity", doc: "Of the gravest limit that was crossed",
	  text: true, value: (a) => a.severity, over: (v) => v === "high" || v === "critical" },
	{ name: "Target", doc: "What it is about",
	  text: true, value: (a) => a.target },
	{ name: "Since", doc: "Since when the limit is crossed",
	  text: true, value: (a) => a.start, show: (v) => `${span((Date.now() - Date.parse(v)) / 1000)} ago` },
	{ name: "How much", doc: "What it is, and what the limit is",
	  text: true, value: (a) => a.summary },
];
const silenceColumns = [
	{ name: "Silence", doc: "Of which incidents nobody is told",
	  text: true, value: (s) => s.match },
	{ name: "Id", doc: "First digits of its id",
	  text: true, value: (s) => s.id?.slice(0, 8) },
	{ name: "Ends", doc: "When somebody is told again",
	  text: true, value: (s) => s.until, show: (v) => `in ${span((Date.parse(v) - Date.now()) / 1000)}` },
	{ name: "By", doc: "Who made it",
	  text: true, value: (s) => s.actor },
	{ name: "Why", doc: "As that person says",
	  text: true, value: (s) => s.why },
];
const attackColumns = [
	{ name: "Attack", doc: "What it is, and how; opens what it rests on",
	  text: true, value: (f) => `${f.kind.replaceAll("_", " ")}${f.technique ? ` (${f.technique.replaceAll("_", " ")})` : ""}` },
	{ name: "Severity", doc: "low, medium, high or critical",
	  text: true, value: (f) => f.severity, over: (v) => v === "high" || v === "critical" },
	{ name: "Source", doc: "Who did it; nobody if it is many, or forged",
	  text: true, value: (f) => (f.client_ip && f.client_prefix === 64 ? `${f.client_ip}/64` : f.client_ip) },
	{ name: "Target", doc: "Address it is about",
	  text: true, value: (f) => f.server_ip },
	{ name: "Ports", doc: "Port, or ports that were tried",
	  text: true, value: (f) => (f.port === undefined ? f.port_list : `${f.port}/${f.transport ?? "?"}`) },
	{ name: "Attempts", doc: "How often it was seen",
	  value: (f) => f.attempts, show: count },
	{ name: "Proof", doc: "Of the source: unsolicited may be forged, handshake and dialogue may not",
	  text: true, value: (f) => f.proof },
	{ name: "Since", doc: "First evidence",
	  text: true, value: (f) => f.first, show: (v) => `${span((Date.now() - Date.parse(v)) / 1000)} ago` },
];
const severities = ["critical", "high", "medium", "low", "notice"];
const proofs = {
	unsolicited: "unsolicited: anybody could have sent these packets in this name",
	handshake: "handshake: the source received our answers, so it is where the address says",
	dialogue: "dialogue: the source talked with us, so it is where the address says",
};

/* Of blocks: what is done about whom, until when, and why. */
const blockColumns = [
	{ name: "Source", doc: "Who; a network with its length",
	  text: true, value: (b) => (b.prefix_len === (b.address?.includes(":") ? 128 : 32) ? b.address : `${b.address}/${b.prefix_len}`) },
	{ name: "Id", doc: "First digits of its id",
	  text: true, value: (b) => b.id?.slice(0, 8) },
	{ name: "Action", doc: "drop, limit (packets a second that pass) or reset; with a port: there only",
	  text: true, value: (b) => `${b.action}${b.port === undefined ? "" : ` ${b.port}/${b.transport}`}${b.rate === undefined ? "" : ` ${b.rate}/s`}` },
	{ name: "State", doc: "observed (nothing is done), active, unconfirmed, vetoed, expired, removing, removed, failed",
	  text: true, value: (b) => (b.state === "vetoed" && b.vetoed_by ? `vetoed: ${b.vetoed_by}` : b.state),
	  over: (v) => v === "failed" || v === "unconfirmed" },
	{ name: "Ends in", doc: "Until it ends by itself",
	  text: true, value: (b) => (lasts(b) ? b.until : undefined), show: (v) => span(Math.max(0, (Date.parse(v) - Date.now()) / 1000)) },
	{ name: "Stopped", doc: "Packets that it stopped",
	  value: (b) => b.packets, show: count },
	{ name: "Cuts", doc: "Clients of the last 30 days that it cuts off",
	  value: (b) => b.clients_cut, show: (v, b) => (b.clients === undefined ? count(v) : `${count(v)} of ${count(b.clients)}`),
	  over: (v) => v > 0 },
	{ name: "By", doc: "breakwater, or the user who asked for it",
	  text: true, value: (b) => b.actor },
	{ name: "Why", doc: "In one sentence",
	  text: true, value: (b) => b.reason },
];
const lasting = ["observed", "asked", "active", "unconfirmed"];
const lasts = (block) => lasting.includes(block.state);

const opened = new Set(); /* ids of attacks whose details are shown */
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
	return value !== undefined && column.over !== undefined && column.over(value, port);
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

function rowOf(columns, record) {
	const tr = document.createElement("tr");
	tr.append(...columns.map((column) => cell(column, record)));
	return tr;
}

/* A table that is only there if it has rows. */
function drawTable(name, columns, records) {
	byId(`${name}-title`).hidden = byId(name).hidden = records.length === 0;
	byId(`${name}-rows`).replaceChildren(...records.map((record) => rowOf(columns, record)));
}

/* The worst first; by name, so that rows stay where they are. */
function drawProbes(probes) {
	const rank = (probe) => states.indexOf(probe.hard_state);
	probes.sort((a, b) => rank(a) - rank(b) || (a.target < b.target ? -1 : 1));
	drawTable("asked", probeColumns, probes);
}

/* Where it is and who did it, unless the sentence tells. */
function placeOf(finding) {
	const port = `${finding.port}/${finding.transport}`;
	const told = finding.port === undefined || (finding.summary ?? "").includes(port);
	return `${told ? "" : `, ${port}`}${finding.client_ip ? `, by ${finding.client_ip}` : ""}`;
}

/* News of the machine, newest first but high ones before and notices last; the rest is a number. */
function drawFindings(findings) {
	const isNotice = (finding) => finding.severity === "notice";
	const isHigh = (finding) => finding.severity === "high" || finding.severity === "critical";
	const rank = (finding) => isNotice(finding) - isHigh(finding);
	findings.sort((a, b) => rank(a) - rank(b)); /* stable */
	const shown = 5, told = findings.map((finding) => `${finding.id} ${finding.summary}`).join();
	if (byId("findings").dataset.told === told)
		return; /* or a screen reader would say it every second */
	byId("findings").dataset.told = told;
	byId("findings").hidden = findings.length === 0;
	byId("findings").classList.toggle("quiet", findings.every(isNotice));
	byId("findings").replaceChildren(...findings.slice(0, shown).map((finding) => {
		const li = document.createElement("li");
		const kind = document.createElement("b");
		li.classList.toggle("notice", isNotice(finding));
		kind.textContent = `${isNotice(finding) ? "" : "! "}${finding.kind.replaceAll("_", " ")}`;
		li.append(kind, ` ${finding.severity ?? ""}${placeOf(finding)}: ${finding.summary ?? ""}`);
		return li;
	}));
	if (findings.length > shown) {
		const more = document.createElement("li");
		more.textContent = `and ${findings.length - shown} more`;
		byId("findings").append(more);
	}
}

/* A link to packets as pcap; ids are ours, and still looked at. */
function packetsOf(finding) {
	if (!finding.packets || !/^[0-9a-f]{16}$/.test(finding.id))
		return undefined;
	const link = document.createElement("a");
	link.href = `api/v1/packets?id=${finding.id}&format=pcap`;
	link.download = `${finding.id}.pcap`;
	link.textContent = `${finding.packets} packets as pcap`;
	return link;
}

function detailsOf(finding, attacks) {
	const others = attacks.filter((f) => f.incident === finding.incident && f.id !== finding.id);
	return [
		["What", finding.summary],
		["Evidence", finding.evidence],
		["Proof", proofs[finding.proof]],
		["Tool", finding.tool && `looks like ${finding.tool}, which anybody can imitate`],
		["User", finding.user],
		["ATT&CK", finding.mitre],
		["To do", finding.advice],
		["Incident", others.length === 0 ? finding.incident : `${finding.incident}, with ${others.map((f) => f.kind.replaceAll("_", " ")).join(", ")}`],
		["Said", finding.latency_us === undefined ? undefined : `${duration(finding.latency_us)} after what decided it`],
		["Packets", packetsOf(finding)],
	].filter(([, value]) => value);
}

function detailRow(finding, attacks) {
	const tr = document.createElement("tr");
	const td = document.createElement("td");
	const dl = document.createElement("dl");
	tr.className = "detail";
	td.colSpan = attackColumns.length;
	for (const [name, value] of detailsOf(finding, attacks)) {
		const dt = document.createElement("dt");
		const dd = document.createElement("dd");
		dt.textContent = name;
		dd.append(value); /* a text becomes a text node */
		dl.append(dt, dd);
	}
	td.append(dl);
	tr.append(td);
	return tr;
}

/* The row, whose first cell is a button, and what it opens. */
function attackRows(finding, attacks) {
	const row = rowOf(attackColumns, finding);
	const button = document.createElement("button");
	button.type = "button";
	button.dataset.id = finding.id;
	button.textContent = row.cells[0].textContent;
	button.setAttribute("aria-expanded", String(opened.has(finding.id)));
	button.addEventListener("click", () => {
		if (!opened.delete(finding.id))
			opened.add(finding.id);
		drawAttacks(attacks);
	});
	row.cells[0].replaceChildren(button);
	return opened.has(finding.id) ? [row, detailRow(finding, attacks)] : [row];
}

/* The worst first, and among them the newest. Who is on a button stays on it. */
function drawAttacks(findings) {
	const shown = 50;
	const rank = (finding) => severities.indexOf(finding.severity);
	const attacks = findings.filter((finding) => finding.incident).sort((a, b) => rank(a) - rank(b));
	const focused = document.activeElement?.dataset.id;
	byId("attacks-title").hidden = byId("attacks").hidden = attacks.length === 0;
	byId("attacks-title").textContent = attacks.length > shown ? `Attacks (${shown} of ${count(attacks.length)})` : "Attacks";
	byId("attacks-rows").replaceChildren(...attacks.slice(0, shown).flatMap((finding) => attackRows(finding, attacks)));
	if (focused)
		[...byId("attacks-rows").querySelectorAll("button")].find((button) => button.dataset.id === focused)?.focus();
}

/* Those that last; the worst first, and among them the newest. */
function drawWorst(name, title, columns, records) {
	const shown = 50;
	const rank = (record) => severities.indexOf(record.severity);
	drawTable(name, columns, records.sort((a, b) => rank(a) - rank(b)).slice(0, shown));
	byId(`${name}-title`).textContent = records.length > shown ? `${title} (${shown} of ${count(records.length)})` : title;
}

/* Whether what is decided is done, and whether the kernel holds it. */
function drawWall(firewall) {
	const line = byId("wall");
	line.hidden = firewall === undefined;
	if (firewall === undefined)
		return;
	const bad = firewall.holds === false || firewall.frozen_by !== undefined;
	const facts = [firewall.mode === "on" ? "on" : "observe: automatic blocks are written down, and not done",
		`${count(firewall.in_force)} in force`, `${count(firewall.in_kernel)} in the kernel`];
	if (firewall.holds === false)
		facts.push(firewall.detail);
	if (firewall.frozen_by !== undefined)
		facts.push(`automatic blocks have stopped (${firewall.frozen_by})`);
	line.classList.toggle("bad", bad);
	line.textContent = `${bad ? "! " : ""}Firewall ${facts.join("; ")}`;
}

/* In force first, and of those that are over the latest. */
function drawBlocks(blocks) {
	const shown = 50, overShown = 10;
	const inForce = blocks.filter(lasts), over = blocks.filter((block) => !lasts(block));
	drawTable("blocked", blockColumns, [...inForce.slice(0, shown), ...over.slice(0, overShown)]);
	byId("blocked-title").textContent = inForce.length > shown ? `Blocked (${shown} of ${count(inForce.length)})` : "Blocked";
}

function draw() {
	const wanted = byId("filter").value.trim().toLowerCase();
	const shown = ports
		.filter((p) => `${p.server_ip} ${p.port}/${p.transport} ${p.service ?? ""} ${p.protocol ?? ""}`.toLowerCase().includes(wanted))
		.sort(compare);
	byId("rows").replaceChildren(...shown.map((port) => rowOf(columns, port)));
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
	const incidents = status.incidents ?? { firing: 0 };
	const grave = ["medium", "high", "critical"].includes(incidents.worst?.severity);
	line.className = health.status === "ok" && !grave ? "" : "bad";
	if (health.status !== "ok")
		line.textContent = `! ${health.status}: ${health.reasons.join("; ")}`;
	else
		line.textContent = grave ? `! ${incidents.firing} incident${incidents.firing === 1 ? "" : "s"}` : "● Fine";
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

function drawTableHead(name, columns) {
	byId(`${name}-head`).replaceChildren(...columns.map((column) => {
		const th = document.createElement("th");
		th.className = column.text ? "text" : "";
		th.scope = "col";
		th.title = column.doc;
		th.textContent = column.name;
		return th;
	}));
}

async function ask(path) {
	const answer = await fetch(path, { headers: { Accept: "application/json" } });
	return answer.json();
}

async function refresh() {
	try {
		const [health, status, list, listeners, probes, findings, blocks, incidents, alerts, silences] = await Promise.all(["health", "api/v1/status",
			"api/v1/ports?limit=500", "api/v1/listeners?limit=500", "api/v1/probes?limit=500",
			"api/v1/findings?state=open&limit=500", "api/v1/blocks?limit=500", "api/v1/incidents?state=firing&limit=500",
			"api/v1/alerts?state=firing&limit=500", "api/v1/silences?state=active"].map(ask));
		limits = { ...limits, ...status.limits };
		drawHealth(health, status);
		ports = list;
		draw();
		drawProbes(probes);
		drawTable("listening", listenerColumns, listeners);
		drawFindings(findings.filter((finding) => !finding.incident));
		drawWorst("incidents", "Incidents", incidentColumns, incidents);
		drawWorst("alerts", "Alerts", alertColumns, alerts);
		drawTable("silences", silenceColumns, silences);
		drawAttacks(findings);
		drawBlocks(blocks);
		drawWall(blocks.length > 0 ? status.firewall : undefined);
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
drawTableHead("incidents", incidentColumns);
drawTableHead("alerts", alertColumns);
drawTableHead("silences", silenceColumns);
drawTableHead("attacks", attackColumns);
drawTableHead("blocked", blockColumns);
drawTableHead("asked", probeColumns);
drawTableHead("listening", listenerColumns);
refresh();
setInterval(() => {
	if (!paused && !document.hidden)
		refresh();
}, 1000);
