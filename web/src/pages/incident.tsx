/*
 * incident.tsx: one incident, for whom was woken by it: the cause first, then what to do,
 * what happened when, who was told, and what belongs to it.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { Badge, Severity, toneOfSeverity, type Tone } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Events } from "../parts/Events";
import { Facts } from "../parts/Facts";
import { IncidentActions } from "../parts/IncidentActions";
import { Table, type Column } from "../parts/Table";
import { Whose } from "../parts/Whose";
import type { Event } from "../records/events";
import { headlineOf, isOpen, lengthOf, machinesOf, tellsOf, type Incident, type Notification } from "../records/incident";
import { link } from "../state";
import { count, duration, exact, plural, span, spaced, time } from "../words";
import { Target, Told } from "./incidents";

const LIMIT = 5000;

const TONES: Record<string, Tone> = {
	resolved: "good", probe: "unknown", listener: "unknown", block: "info",
	deployment: "info", notification: "unknown", acknowledged: "good", owner: "unknown", comment: "unknown", closed: "good",
};

function hrefOf(line: Row<"timeline">): string | undefined {
	if (line.kind === "finding" && line.about !== undefined)
		return link("/attacks", { id: line.about });
	return line.kind === "block" && line.about !== undefined ? link("/blocks", { id: line.about }) : undefined;
}

function toneOf(line: Row<"timeline">): Tone {
	return line.kind === "alert" || line.kind === "finding" ? toneOfSeverity(line.severity) : TONES[line.kind ?? ""] ?? "unknown";
}

/** Newest first, as the store gives them. */
function eventsOf(lines: readonly Row<"timeline">[]): Event[] {
	return lines.filter((line) => line.at !== undefined).map((line, i) => ({
		key: `${i} ${line.at}`, at: line.at!, what: line.kind ?? "", tone: toneOf(line),
		text: line.actor !== undefined && line.summary !== line.actor ? `${line.actor}: ${line.summary ?? ""}` : line.summary ?? "",
		href: hrefOf(line),
	}));
}

function Timeline({ id }: { id: string }): JSX.Element {
	const lines = useRecords("timeline", { incident: id, limit: LIMIT }, { live: ["timeline", "incident"], every_s: 30 });
	return (
		<section>
			<header><h2>What happened</h2><p>Newest first; what was within 15 minutes before is in it, and may be the cause.</p></header>
			<Loaded data={lines} what="timeline">
				{(rows) => (rows.length === 0 ? <Empty>Nothing is written down of it yet.</Empty>
					: <div class="card"><Events label="Timeline" events={eventsOf(rows)} shown={30} /></div>)}
			</Loaded>
		</section>
	);
}

const notificationColumns: Column<Notification>[] = [
	{ name: "at", title: "When", help: "When it was sent, or given up.", value: (one) => one.at, show: (_v, one) => time(one.at), exact: (one) => exact(one.at) },
	{ name: "sink", title: "To", help: "The sink's name.", value: (one) => one.sink },
	{ name: "state", title: "Arrived", help: "sent: it was taken; failed: it is tried again; dropped: given up.", value: (one) => one.state,
	  show: (value) => <Badge tone={value === "sent" ? "good" : value === "failed" ? "warn" : "bad"}>{value === "failed" ? "failed, tried again" : String(value)}</Badge> },
	{ name: "reason", title: "Why", help: "new, changed, repeated, escalated, resolved or test.", value: (one) => one.reason },
	{ name: "tries", title: "Tries", help: "How often it was tried.", numeric: true, value: (one) => one.tries, show: (value) => count(Number(value)) },
	{ name: "latency", title: "Took", help: "From when it was due until it was taken.", numeric: true, value: (one) => one.latency_us, show: (value) => duration(Number(value)) },
	{ name: "error", title: "Error", help: "Why it failed.", value: (one) => one.error },
];

function Notifications({ rows, id }: { rows: readonly Notification[]; id: string }): JSX.Element {
	const own = useMemo(() => rows.filter((one) => tellsOf(one, id)), [rows, id]);
	return (
		<section>
			<h2>Who was told</h2>
			<Table label="Messages about it" columns={notificationColumns} rows={own} rowKey={(one) => `${one.at} ${one.sink}`} prefix="told-"
				empty={<Empty>Nobody was told of it: no sink is configured for such (notify.to, routes), it is too young, or it is silenced.</Empty>} />
		</section>
	);
}

interface Member {
	id: string;
	kind: string;
	severity?: string;
	at?: string;
	state?: string;
	target?: string;
	summary?: string;
	href?: string;
}

const memberColumns: Column<Member>[] = [
	{ name: "at", title: "Since", help: "When it began.", value: (one) => one.at, show: (_v, one) => time(one.at), exact: (one) => exact(one.at) },
	{ name: "kind", title: "Kind", help: "An alert of which rule, or a finding of which kind.", value: (one) => one.kind },
	{ name: "severity", title: "Severity", help: "How bad it is.", value: (one) => one.severity, show: (value) => <Severity severity={String(value)} /> },
	{ name: "state", title: "State", help: "Whether it goes on.", value: (one) => one.state },
	{ name: "target", title: "Target", help: "What it is about.", value: (one) => one.target },
	{ name: "summary", title: "What", help: "In one sentence.", value: (one) => one.summary },
];

function membersOf(alerts: readonly Row<"alert">[], findings: readonly Row<"finding">[]): Member[] {
	return [
		...alerts.map((one) => ({ id: one.id ?? "", kind: `alert: ${spaced(one.rule)}`, severity: one.severity, at: one.start, state: one.state, target: one.target, summary: one.summary })),
		...findings.map((one) => ({ id: one.id ?? "", kind: `finding: ${spaced(one.kind)}`, severity: one.severity, at: one.first, state: one.state,
			target: one.server_ip, summary: one.summary, href: link("/attacks", { id: one.id }) })),
	].sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
}

function Members({ members }: { members: readonly Member[] }): JSX.Element {
	return (
		<section>
			<header><h2>What belongs to it</h2><p>Alerts and findings that have one cause.</p></header>
			<Table label="Alerts and findings of it" columns={memberColumns} rows={members} rowKey={(one) => one.id} prefix="members-"
				href={(one) => one.href} empty={<Empty>Its alerts and findings are not kept any more.</Empty>} />
		</section>
	);
}

/** What its rule says to look at, with what it is about in the place of the words for it. */
function adviceOf(alert: Row<"alert">): string[] {
	const filled = alert.advice?.replace(/\bTARGET\b/, alert.target ?? "TARGET").replace(/\bPORT\b/, String(alert.port ?? "PORT"));
	return filled === undefined ? [] : [filled];
}

function StateOf({ incident }: { incident: Incident }): JSX.Element {
	if (!isOpen(incident))
		return <Badge tone="good">over{incident.false_positive ? ", false positive" : ""}</Badge>;
	return incident.acknowledged === undefined
		? <Badge tone="warn">open, nobody has it</Badge>
		: <Badge tone="info">open, {incident.owner ?? incident.acknowledged_by} has it</Badge>;
}

function factsOf(incident: Incident, notifications: readonly Notification[]) {
	const closed = incident.closed_by === undefined ? undefined
		: `${incident.closed_by === "breakwater" ? "by itself" : `by ${incident.closed_by}`}${incident.close_reason === undefined ? "" : `: ${incident.close_reason}`}`;
	return [
		{ name: "Target", value: <Target incident={incident} /> },
		{ name: "From", value: incident.client_ip && <a href={link("/attacks", { client_ip: incident.client_ip })}>{incident.client_ip}</a> },
		{ name: "Since", value: <span title={exact(incident.first)}>{time(incident.first)}{incident.end === undefined ? "" : ` to ${time(incident.end)}`} ({span(lengthOf(incident))})</span> },
		{ name: "First said", value: incident.detected && <span title={exact(incident.detected)}>{time(incident.detected)}</span>, help: "When it was first said." },
		{ name: "Owner", value: incident.owner },
		{ name: "Acknowledged", value: incident.acknowledged && `${time(incident.acknowledged)}, by ${incident.acknowledged_by ?? "somebody"}` },
		{ name: "Closed", value: closed },
		{ name: "Answered", value: incident.automatic && "without a person: by a block, or it was over before anybody acted" },
		{ name: "Told", value: <Told incident={incident} notifications={notifications} /> },
		{ name: "Extent", value: `${plural(incident.alerts ?? 0, "alert")}, ${plural(incident.findings ?? 0, "finding")}, ${plural(incident.targets ?? 0, "target")}` },
		{ name: "Id", value: <code>{incident.id}</code> },
	];
}

function One({ incident }: { incident: Incident }): JSX.Element {
	const id = incident.id ?? "";
	const alerts = useRecords("alert", { incident: id, limit: LIMIT }, { live: ["alert"], every_s: 30 });
	const findings = useRecords("finding", { incident: id, limit: LIMIT }, { live: ["finding"], every_s: 30 });
	const notifications = useRecords("notification", { since: incident.first, limit: LIMIT }, { live: ["notification"], every_s: 30 });
	const members = useMemo(() => membersOf(alerts.value ?? [], findings.value ?? []), [alerts.value, findings.value]);
	const advice = [...new Set((alerts.value ?? []).filter((one) => one.state === "firing").flatMap(adviceOf))];
	const headline = headlineOf(incident);
	return (
		<>
			<section class={`incident-head ${isOpen(incident) ? incident.severity ?? "" : "over"}`}>
				<p class="incident-line"><Severity severity={incident.severity} /><StateOf incident={incident} /><span>{spaced(incident.rule)}</span><Whose sensor={incident.sensor} machines={machinesOf(incident)} /></p>
				<h2>{headline}</h2>
				{incident.cause === undefined ? <p class="quiet">No cause is given: nothing that happened before explains it.</p>
					: incident.summary !== headline && <p>{incident.summary}</p>}
				{advice.length > 0 && isOpen(incident) && <div class="incident-advice"><h3>What to look at</h3><ul>{advice.map((one) => <li key={one}>{one}</li>)}</ul></div>}
				<IncidentActions incident={incident} />
			</section>
			<section class="card"><Facts facts={factsOf(incident, notifications.value ?? [])} /></section>
			<Timeline id={id} />
			<Loaded data={notifications} what="messages">{(rows) => <Notifications rows={rows} id={id} />}</Loaded>
			<Loaded data={alerts} what="alerts">{() => <Loaded data={findings} what="findings">{() => <Members members={members} />}</Loaded>}</Loaded>
		</>
	);
}

export function IncidentPage({ id }: { id: string }): JSX.Element {
	const incidents = useRecords("incident", { id, limit: 10 }, { live: ["incident"], every_s: 15 });
	return (
		<>
			<p><a href={link("/incidents")}>All incidents</a></p>
			<Loaded data={incidents} what={`incident ${id}`}>
				{(rows) => (rows[0] === undefined
					? <Empty>There is no incident {id}, or it is not kept any more (retention.events).</Empty>
					: <One incident={rows[0]} />)}
			</Loaded>
		</>
	);
}
