/*
 * HubHealth.tsx: how a hub is: whether what sensors tell arrives, is kept and is judged.
 */
import type { JSX } from "preact";
import type { HubStatus, Lane } from "../status";
import { link } from "../state";
import { count, bytes, duration } from "../words";
import { Badge } from "./Badge";
import { Facts } from "./Facts";
import { Figure, Figures } from "./Figure";
import { Table, type Column } from "./Table";

interface LaneRow extends Lane {
	name: string;
}

/* What each carries, in the order in which the last to be dropped comes first. */
const LANES: Record<string, string> = {
	event: "findings, alerts, incidents, blocks, listeners, logins, probes, the audit trail",
	port: "what ports did",
	evidence: "what attacks are judged by",
	flow: "connections",
};

const columns: Column<LaneRow>[] = [
	{ name: "name", title: "Lane", help: "What travels apart from the others.", value: (l) => l.name, show: (v) => String(v), exact: (l) => LANES[l.name] },
	{ name: "carries", title: "Carries", help: "Kinds of records.", value: (l) => LANES[l.name] },
	{ name: "batches", title: "Batches", help: "Kept since this hub began.", numeric: true, value: (l) => l.batches, show: (v) => count(Number(v)) },
	{ name: "bytes", title: "Bytes", help: "Of them, compressed.", numeric: true, value: (l) => l.bytes, show: (v) => bytes(Number(v)) },
	{ name: "again", title: "Again", help: "Came once more, and were kept once.", numeric: true, value: (l) => l.again, show: (v) => count(Number(v)) },
	{ name: "refused", title: "Refused", help: "Were no batches, or lied about their sensor.", numeric: true, value: (l) => l.refused, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "lost_records", title: "Lost", help: "Records that sensors had no room for until they could be sent.", numeric: true, value: (l) => l.lost_records, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "waiting", title: "Waiting", help: "Batches in the stream that no hub has kept yet.", numeric: true, value: (l) => l.waiting, show: (v) => count(Number(v)) },
	{ name: "lag_us", title: "Kept after", help: "From when the stream had the last batch until it was kept.", numeric: true, value: (l) => l.lag_us, show: (v) => duration(Number(v)) },
];

const known = (text: string | undefined): string | undefined => text || undefined;

/** What sensors told this hub, and what of it is missing. */
export function HubTaken({ hub }: { hub: HubStatus }): JSX.Element {
	const sensors = hub.sensors ?? {};
	const lanes = Object.keys(LANES).filter((name) => hub.lanes?.[name] !== undefined).map((name) => ({ name, ...hub.lanes![name]! }));
	const lost = lanes.reduce((sum, lane) => sum + (lane.lost_records ?? 0), 0);
	return (
		<section>
			<header><h2>What sensors tell</h2><p>each counts from the start of this hub</p></header>
			<Figures>
				<Figure label="Sensors up" value={count(sensors.up)} note={`${count(sensors.late)} late`} over={(sensors.late ?? 0) > 0} href={link("/fleet")} />
				<Figure label="Waiting" value={count(hub.waiting)} note="batches in the streams" help="Told by sensors, and not kept by any hub yet." />
				<Figure label="Kept after" value={duration(hub.lag_us)} help="From when the stream had it until it was kept, at most." />
				<Figure label="Lost by sensors" value={count(lost)} note="records" over={lost > 0} help="They had no room for them until they could be sent." />
				<Figure label="Refused" value={count(hub.refused)} note="batches" over={(hub.refused ?? 0) > 0} help="Were none, or lied about their sensor: findings say whose." />
				<Figure label="Not shown" value={count(hub.unshown)} note="records" over={(hub.unshown ?? 0) > 0} help="Kept, but more came at once than memory had room for." />
				<Figure label="Not said" value={count(hub.unsaid)} note="records" over={(hub.unsaid ?? 0) > 0} help="What this hub itself found, and could not tell the other hubs." />
			</Figures>
			<Table label="Lanes" prefix="l_" small columns={columns} rows={lanes} rowKey={(lane) => lane.name} empty={null} />
		</section>
	);
}

/** What it needs of others, and whether that is there. */
export function HubNeeds({ hub, listen }: { hub: HubStatus; listen: string | undefined }): JSX.Element {
	const there = (part: { up?: boolean; trouble?: string } | undefined) => part && (
		<><Badge tone={part.up ? "good" : "bad"}>{part.up ? "there" : "not there"}</Badge> {known(part.trouble)}</>
	);
	return (
		<section>
			<header><h2>What it needs</h2></header>
			<div class="card">
				<Facts facts={[
					{ name: "Hub", value: hub.name },
					{ name: "Leads", value: hub.leads ? "yes: it judges what all sensors tell, and tells people" : `no: ${known(hub.leader) ?? "nobody"} does`, help: "One hub at a time; another one goes on when it is gone." },
					{ name: "NATS servers", value: there(hub.servers), help: "What carries the records of sensors to hubs." },
					{ name: "Depot", value: hub.depot && <>{hub.depot.kind} {there(hub.depot)}</>, help: "Where hubs keep what sensors tell." },
					{ name: "Listens at", value: listen },
				]} />
			</div>
		</section>
	);
}
