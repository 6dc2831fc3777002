/*
 * overview.tsx: are the ports well, what changed, and who is looking at us.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { isHub, sensors } from "../fleet";
import { Badge, Severity } from "../parts/Badge";
import { DayBefore } from "../parts/DayBefore";
import { Empty, Loaded } from "../parts/Empty";
import { Events } from "../parts/Events";
import { Figure, Figures } from "../parts/Figure";
import { groupedBy, PortMap } from "../parts/PortMap";
import { Table, type Column } from "../parts/Table";
import { Throughput } from "../parts/Throughput";
import { postureOf, type Posture } from "../posture";
import { newestFirst, ofBlock, ofDeployment, ofFinding, ofGap, ofIncident } from "../records/events";
import { lookersOf, type Looker } from "../records/looker";
import { isUnwell, portColumns, type PortRow } from "../records/port";
import { groupsOf } from "../records/port_health";
import { usePortRows } from "../records/ports_now";
import { link } from "../state";
import { limitsOf, useHealth, useStatus, type Status } from "../status";
import { ago, count, duration, exact, plural, rate, span, spaced } from "../words";

const DAY = "24h";

function Sentence({ posture, status }: { posture: Posture; status: Status }): JSX.Element {
	const watched = isHub.value ? plural(sensors.value.length, "machine") : status.interfaces?.join(", ") || "this machine";
	const since = status.uptime_s === undefined ? "" : ` Watching ${watched} for ${span(status.uptime_s)}.`;
	return (
		<p class={`posture ${posture.tone}`} role="status">
			<Badge tone={posture.tone}>{posture.verdict}</Badge>{" "}
			{posture.facts.map((fact, i) => (
				<span key={fact.text}>
					{i > 0 ? "; " : ""}<a href={fact.href} class={fact.tone}>{fact.text}</a>
				</span>
			))}
			{posture.facts.length > 0 ? "." : "No incident, no attack, no port over a limit, nothing lost."}
			<span class="quiet">{since}</span>
		</p>
	);
}

function Numbers({ status, ports, over }: { status: Status; ports: number; over: number }): JSX.Element {
	const { firing = 0, ahead = 0 } = status.incidents ?? {}, incidents = firing - ahead;
	return (
		<Figures>
			<Figure label="Ports" value={count(ports)} note={over > 0 ? <span class="over">! {over} over a limit</span> : "none over a limit"} href={link("/ports")}
				help="Ports that listen or carried traffic in the last minute." />
			<Figure label="From outside" value={count(status.sockets?.outside)} note={`of ${count(status.sockets?.listening)} listening`} href={link("/ports", { reach: "outside" })}
				help="Listening sockets that can be reached from other machines." />
			<Figure label="Open connections" value={count(status.flows)} note={status.half_open ? `${count(status.half_open)} half open` : undefined} href={link("/connections")} />
			<Figure label="Traffic" value={rate(status.bytes_per_s)} note={status.packets_per_s === undefined ? undefined : `${count(status.packets_per_s)} packets/s`} href={link("/flows")} />
			<Figure label="Incidents" value={count(status.incidents && incidents)}
				note={[ahead > 0 ? `${count(ahead)} more foreseen` : "", status.incidents?.unacknowledged ? `${count(status.incidents.unacknowledged)} not acknowledged` : ""]
					.filter((one) => one !== "").join(", ") || undefined}
				over={incidents > 0} href={link("/incidents")} />
			<Figure label="Services asked" value={count(status.prober?.targets)} href={link("/availability")} over={(status.prober?.down ?? 0) > 0}
				note={`${count(status.prober?.up)} up${status.prober?.down ? `, ${count(status.prober.down)} down` : ""}`} />
			<Figure label="Blocks in force" value={count(status.firewall?.in_force)} href={link("/blocks")}
				note={status.firewall?.mode === "on" ? "blocking is on" : "only observed, nothing is blocked"} />
			<Figure label="Told after" value={duration(status.findings?.latency_p50_us)} help="Median time from the packet that decided a finding until it was said."
				note={status.findings?.latency_max_us === undefined ? "no finding yet" : `at most ${duration(status.findings.latency_max_us)}`} />
		</Figures>
	);
}

/** Of many machines; what each does is on its own. */
function NumbersOfHub({ status, ports, over }: { status: Status; ports: number; over: number }): JSX.Element {
	const { firing = 0, ahead = 0, unacknowledged } = status.incidents ?? {}, { up, late = 0 } = status.hub?.sensors ?? {};
	return (
		<Figures>
			<Figure label="Machines" value={count(up)} note={late > 0 ? <span class="over">! {late} late</span> : "none late"} href={link("/fleet")} help="Sensors that are heard." />
			<Figure label="Ports" value={count(ports)} note={over > 0 ? <span class="over">! {over} over a limit</span> : "none over a limit"} href={link("/ports")}
				help="Ports that listen or carried traffic in the last minute, of the machines that are chosen." />
			<Figure label="Incidents" value={count(firing - ahead)} note={unacknowledged ? `${count(unacknowledged)} not acknowledged` : undefined} over={firing - ahead > 0} href={link("/incidents")}
				help="Of the whole fleet." />
			<Figure label="Findings" value={count(status.hub?.board?.findings)} note="open" href={link("/attacks")} help="Of all machines." />
			<Figure label="Kept after" value={duration(status.hub?.lag_us)} help="From when a sensor's record was at the servers until a hub kept it." href={link("/monitor")} />
		</Figures>
	);
}

const attackColumns: Column<Row<"finding">>[] = [
	{ name: "kind", title: "Attack", help: "What it is, and how.", value: (f) => f.kind, show: (_v, f) => `${spaced(f.kind)}${f.technique ? ` (${spaced(f.technique)})` : ""}` },
	{ name: "severity", title: "Severity", help: "notice, low, medium, high or critical.", value: (f) => f.severity, show: (_v, f) => <Severity severity={f.severity} /> },
	{ name: "client_ip", title: "Source", help: "Who does it; nobody, if it is many or forged.", value: (f) => f.client_ip },
	{ name: "summary", title: "What", help: "In one sentence.", value: (f) => f.summary },
	{ name: "last", title: "Last", help: "Last evidence.", value: (f) => f.last, show: (v) => ago(String(v)), exact: (f) => exact(f.last) },
];

const lookerColumns: Column<Looker>[] = [
	{ name: "ip", title: "Source", help: "Address that tried; with its prefix if that counts as one source.", value: (l) => l.ip },
	{ name: "severity", title: "Severity", help: "The gravest of what it did.", value: (l) => l.severity, show: (_v, l) => <Severity severity={l.severity} /> },
	{ name: "kinds", title: "What it did", help: "Kinds of findings.", value: (l) => l.kinds.map(spaced).join(", ") },
	{ name: "ports", title: "Ports", help: "Most ports that it tried at once.", numeric: true, value: (l) => l.ports, show: (v) => count(Number(v)) },
	{ name: "attempts", title: "Attempts", help: "How often it was seen.", numeric: true, value: (l) => l.attempts, show: (v) => count(Number(v)) },
	{ name: "proof", title: "Proof", help: "Unsolicited: anybody could have sent it in this name. Handshake, dialogue: it is there, as it had our answers.", value: (l) => l.proof },
	{ name: "last", title: "Last", help: "Last evidence.", value: (l) => l.last, show: (v) => ago(String(v)), exact: (l) => exact(l.last) },
];

function Attacks(): JSX.Element {
	const findings = useRecords("finding", { since: DAY, limit: 5000 }, { live: ["finding"], every_s: 30 });
	const remote = (findings.value ?? []).filter((one) => one.client_ip !== undefined || one.incident !== undefined && one.kind?.endsWith("flood"));
	const open = remote.filter((one) => one.state !== "closed").sort((a, b) => rank(b) - rank(a));
	const lookers = lookersOf(findings.value ?? []);
	return (
		<>
			<section>
				<header><h2>Attacks</h2><p>that go on now</p></header>
				<Loaded data={findings} what="findings">
					{() => <Table label="Attacks that go on now" prefix="a_" small columns={attackColumns} rows={open.slice(0, 10)} rowKey={(f) => f.id ?? ""}
						href={(f) => link("/attacks", { id: f.id })} empty={<Empty>Nobody attacks this machine, as far as its packets and logs tell.</Empty>} />}
				</Loaded>
				{open.length > 10 && <p><a href={link("/attacks")}>All {count(open.length)} attacks</a></p>}
			</section>
			<section>
				<header><h2>Who is looking at us</h2><p>sources of scans and attempts, last 24 hours</p></header>
				<Loaded data={findings} what="findings">
					{() => <Table label="Sources, last 24 hours" prefix="w_" small columns={lookerColumns} rows={lookers.slice(0, 10)} rowKey={(l) => l.ip}
						href={(l) => link("/attacks", { client_ip: l.ip })} empty={<Empty>Nobody scanned or tried anything in the last 24 hours.</Empty>} />}
				</Loaded>
				{lookers.length > 10 && <p><a href={link("/attacks")}>All {plural(lookers.length, "source")}</a></p>}
			</section>
		</>
	);
}

const SEVERITIES = ["notice", "low", "medium", "high", "critical"];
const rank = (one: { severity?: string }) => SEVERITIES.indexOf(one.severity ?? "");
/* Of the machine itself, not of somebody remote. */
const isChange = (one: Row<"finding">) => one.client_ip === undefined;

function Changes(): JSX.Element {
	const refresh = { every_s: 30 };
	const findings = useRecords("finding", { since: DAY, limit: 2000 }, { live: ["finding"], ...refresh });
	const incidents = useRecords("incident", { since: DAY, limit: 500 }, { live: ["incident"], ...refresh });
	const blocks = useRecords("block", { since: DAY, limit: 500 }, { live: ["block"], ...refresh });
	const deployments = useRecords("deployment", { since: DAY, limit: 200 }, refresh);
	const gaps = useRecords("gap", { since: DAY, limit: 200 }, refresh);
	const since = new Date(Date.now() - 86400e3).toISOString();
	const events = newestFirst([
		...(findings.value ?? []).filter(isChange).flatMap(ofFinding), ...(incidents.value ?? []).flatMap(ofIncident),
		...(blocks.value ?? []).flatMap(ofBlock), ...(deployments.value ?? []).flatMap(ofDeployment),
		...(gaps.value ?? []).flatMap(ofGap),
	].filter(({ at }) => at >= since));
	return (
		<section>
			<header><h2>What changed since yesterday</h2><p>{plural(events.length, "change")} in 24 hours</p></header>
			<DayBefore />
			<Loaded data={incidents} what="incidents">
				{() => (events.length === 0 ? <Empty>Nothing: no listener, incident, block or deployment began or ended in the last 24 hours.</Empty>
					: <div class="card"><Events label="Changes of the last 24 hours, the newest first" events={events} shown={6} /></div>)}
			</Loaded>
		</section>
	);
}

function Map({ rows, status }: { rows: readonly PortRow[]; status: Status | undefined }): JSX.Element {
	const columns = portColumns(limitsOf(status));
	return (
		<section>
			<header><h2>Ports</h2><p>each leads to all that is known of it</p></header>
			{rows.length === 0 ? <Empty>No port listens or carried traffic in the last minute.</Empty>
				: <PortMap groups={groupsOf(rows, columns, groupedBy())} />}
		</section>
	);
}

export default function Overview(): JSX.Element {
	const status = useStatus(), health = useHealth();
	const ports = usePortRows();
	const columns = useMemo(() => portColumns(limitsOf(status.value)), [status.value?.limits?.response_ms, status.value?.limits?.loss, status.value?.limits?.errors]);
	const rows = ports.value ?? [];
	const over = rows.filter((row) => isUnwell(row, columns)).length;
	return (
		<>
			<Loaded data={status} what="status">
				{(value) => (
					<>
						<Sentence posture={postureOf({ health: health.value, status: value, ports: rows.length, over })} status={value} />
						{value.hub === undefined ? <Numbers status={value} ports={rows.length} over={over} />
							: <NumbersOfHub status={value} ports={rows.length} over={over} />}
					</>
				)}
			</Loaded>
			{/* Packets pass by machines, and by no hub. */}
			{isHub.value ? <Changes /> : <div class="halves"><section><h2>Throughput</h2><Throughput /></section><Changes /></div>}
			<Loaded data={ports} what="ports">{(value) => <Map rows={value} status={status.value} />}</Loaded>
			<Attacks />
		</>
	);
}

