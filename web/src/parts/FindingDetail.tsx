/*
 * FindingDetail.tsx: all of one finding: what it is, on what ground, what came of it, and
 * what can be done.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may, type Row } from "../api";
import { useRecords } from "../data";
import { blockColumns } from "../records/block";
import { findingName, KINDS, proofWords, sourceOf, targetOf } from "../records/finding";
import { mitreHref, TECHNIQUES } from "../records/mitre";
import { packetLine } from "../records/packet";
import { portHref } from "../records/port";
import { link, setParams } from "../state";
import { ago, count, duration, exact, percent, plural, time, UNKNOWN } from "../words";
import { Badge, Severity } from "./Badge";
import { BlockDialog } from "./BlockDialog";
import { CountryOf } from "./CountryBars";
import { Empty, Loaded } from "./Empty";
import { Facts } from "./Facts";
import { Table, type Column } from "./Table";
import { Whose } from "./Whose";

type Finding = Row<"finding">;

const PACKETS_MAX = 200;

function Attack({ id }: { id: string }): JSX.Element {
	const known = TECHNIQUES[id];
	return <><a href={mitreHref(id)} rel="noreferrer">{id}</a> {known ? `${known.name}: ${known.means}` : ""}</>;
}

function extent(one: Finding): string {
	const counts: [number | undefined, string][] = [[one.attempts, "attempt"], [one.ports, "port"], [one.hosts, "host"], [one.users, "user"]];
	return counts.filter(([value]) => value !== undefined).map(([value, name]) => plural(value!, name)).join(", ");
}

function What({ one }: { one: Finding }): JSX.Element {
	const lasts = one.first !== undefined && one.last !== undefined && one.first !== one.last;
	return (
		<Facts facts={[
			{ name: "What it is", value: KINDS[one.kind ?? ""] },
			{ name: "Machine", value: one.sensor && <Whose sensor={one.sensor} />, help: "The sensor that found it, or the hubs, of what all told." },
			{ name: "Source", value: one.client_ip === undefined ? "many, or forged: nobody is named"
				: <><a href={link("/connections", { client_ip: sourceOf(one) })}>{sourceOf(one)}</a><CountryOf ip={one.client_ip} /></> },
			{ name: "Target", value: one.port === undefined ? targetOf(one)
				: <a href={portHref(one.server_ip, one.port, one.transport, one.sensor)}>{targetOf(one)}</a> },
			{ name: "Ports", value: one.port_list },
			{ name: "Process", value: [one.process, one.exe].filter(Boolean).join(", ") },
			{ name: "When", value: <span title={exact(one.first)}>{time(one.first)}{lasts ? ` to ${time(one.last)}` : ""} ({ago(one.last)})</span> },
			{ name: "Extent", value: extent(one) },
			{ name: "User", value: one.user, help: "It is about, or was tried most." },
			{ name: "Evidence", value: one.evidence },
			{ name: "Proof", value: proofWords(one.proof), help: "What speaks against a forged source address." },
			{ name: "Sure", value: one.confidence === undefined ? undefined : `${percent(one.confidence)} that it is this` },
			{ name: "Tool", value: one.tool === undefined ? undefined : `looks like ${one.tool}, which anybody can imitate` },
			{ name: "Technique", value: one.mitre === undefined ? undefined : <Attack id={one.mitre} />, help: "In the words of MITRE ATT&CK." },
			{ name: "To do", value: one.advice },
			{ name: "Told", value: one.latency_us === undefined ? undefined : `${duration(one.latency_us)} after what decided it` },
			{ name: "Id", value: <code>{one.id}</code> },
		]} />
	);
}

function Actions({ one }: { one: Finding }): JSX.Element {
	const [blocks, setBlocks] = useState(false);
	const explained = portHref(one.server_ip, one.port, one.transport, one.sensor);
	return (
		<p class="attacks-actions">
			{may("operator") && one.client_ip !== undefined && (
				<button type="button" class="danger" onClick={() => setBlocks(true)}>Block source</button>
			)}
			{explained !== undefined && <a class="button" href={explained} title="All that is known of this port, and why it is as it is">Explain port {one.port}</a>}
			{one.client_ip !== undefined && <a class="button" href={link("/attacks", { client_ip: sourceOf(one), since: "30d" })}>All of this source</a>}
			{blocks && <BlockDialog onClose={() => setBlocks(false)}
				wanted={{ address: sourceOf(one), port: one.port, transport: one.transport, why: `${findingName(one)}, finding ${one.id?.slice(0, 8)}` }} />}
		</p>
	);
}

/** 14:05:09.123: packets come by the millisecond. */
function moment(at: string): string {
	return `${time(at)}.${/\.(\d{3})/.exec(at)?.[1] ?? "000"}`;
}

const packetColumns: Column<Row<"packet">>[] = [
	{ name: "number", title: "No.", help: "Which packet of it, from 1.", numeric: true, value: (p) => p.number },
	{ name: "at", title: "At", help: "By the kernel's stamp.", value: (p) => p.at, show: (v) => moment(String(v)), exact: (p) => exact(p.at) },
	{ name: "from", title: "From", help: "Who sent it.", value: (p) => packetLine(p).from },
	{ name: "to", title: "To", help: "To whom.", value: (p) => packetLine(p).to },
	{ name: "what", title: "What", help: "Protocol, flags, and how much it carried.", value: (p) => packetLine(p).what },
];

function Packets({ one }: { one: Finding }): JSX.Element {
	const packets = useRecords("packet", one.packets ? { id: one.id, sort: "number:asc", limit: PACKETS_MAX } : undefined, { every_s: 0 });
	return (
		<section>
			<header><h2>Packets</h2>
				{one.packets ? <p>{count(one.packets)} kept; <a href={link("/api/v1/packets", { id: one.id, format: "pcap" })} download={`${one.id}.pcap`}>download as pcap</a></p> : null}
			</header>
			{one.packets
				? (
					<Loaded data={packets} what="packets">
						{(rows) => <Table label="Packets that led to it" prefix="k_" columns={packetColumns} rows={rows} rowKey={(p) => String(p.number)}
							empty={<Empty>They are not kept any more (<code>retention.packets</code>).</Empty>} />}
					</Loaded>
				) : <Empty>No packet is kept of it: it was found in logs or counters, or is older than <code>retention.packets</code>.</Empty>}
		</section>
	);
}

const incidentColumns: Column<Row<"incident">>[] = [
	{ name: "summary", title: "Incident", help: "In one sentence.", value: (i) => i.summary ?? i.rule },
	{ name: "severity", title: "Severity", help: "The gravest of what belongs to it.", value: (i) => i.severity, show: (_v, i) => <Severity severity={i.severity} /> },
	{ name: "state", title: "State", help: "firing: it goes on; resolved: it is over.", value: (i) => i.state,
	  show: (_v, i) => <Badge tone={i.state === "resolved" ? "good" : "bad"}>{i.state}</Badge> },
	{ name: "first", title: "Since", help: "When it began.", value: (i) => i.first, show: (v) => time(String(v)), exact: (i) => exact(i.first) },
	{ name: "findings", title: "Findings", help: "That belong to it.", numeric: true, value: (i) => i.findings },
	{ name: "owner", title: "Owner", help: "Who takes care of it.", value: (i) => i.owner },
];

function CameOfIt({ one }: { one: Finding }): JSX.Element {
	const incidents = useRecords("incident", one.incident === undefined ? undefined : { id: one.incident }, { live: ["incident"], every_s: 0 });
	const blocks = useRecords("block", { finding: one.id, since: one.first }, { live: ["block"], every_s: 0 });
	return (
		<>
			<section>
				<h2>Blocks</h2>
				<Loaded data={blocks} what="blocks">
					{(rows) => <Table label="Blocks because of it" small prefix="b_" columns={blockColumns} rows={rows} rowKey={(b) => b.id ?? ""}
						href={(b) => link("/blocks", { id: b.id })}
						empty={<Empty>Nobody was blocked because of it: it is graver, better proven findings of certain kinds that are (<a href={link("/blocks")}>Blocks</a> says
							whether automatic blocking is on).</Empty>} />}
				</Loaded>
			</section>
			<section>
				<h2>Incident</h2>
				{one.incident === undefined ? <Empty>It belongs to no incident: nobody needed to be told.</Empty> : (
					<Loaded data={incidents} what="incidents">
						{(rows) => <Table label="Incident it belongs to" small prefix="i_" columns={incidentColumns} rows={rows} rowKey={(i) => i.id ?? ""}
							href={(i) => link("/incidents", { id: i.id })} empty={<Empty>Its incident {one.incident} is not kept any more.</Empty>} />}
					</Loaded>
				)}
			</section>
		</>
	);
}

export function FindingDetail({ id }: { id: string }): JSX.Element {
	const found = useRecords("finding", { id }, { live: ["finding"], every_s: 0 });
	return (
		<>
			<p><a href={link("/attacks")} onClick={(event) => {
				event.preventDefault();
				setParams({ id: undefined }, false);
			}}>‹ All attacks</a></p>
			<Loaded data={found} what={`finding ${id}`}>
				{(rows) => {
					const one = rows[0];
					if (one === undefined)
						return <Empty>There is no finding {id}, or it is not kept any more (<code>retention.events</code>).</Empty>;
					return (
						<>
							<section class="card">
								<header><h2>{findingName(one)}</h2> <Severity severity={one.severity} />
									<Badge tone={one.state === "open" ? "bad" : "good"}>{one.state ?? UNKNOWN}</Badge></header>
								<p class="attacks-summary">{one.summary}</p>
								<Actions one={one} />
								<What one={one} />
							</section>
							<Packets one={one} />
							<CameOfIt one={one} />
						</>
					);
				}}
			</Loaded>
		</>
	);
}
