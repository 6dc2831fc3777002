/*
 * PortMap.tsx: all ports at one look: a tile each, coloured and shaped by how it is.
 */
import type { JSX } from "preact";
import { portHref } from "../records/port";
import { GROUPS, type GroupBy, type PortGroup, type PortTile } from "../records/port_health";
import { link, param, setParams } from "../state";
import { count, plural } from "../words";
import { SHAPES, type Tone } from "./Badge";

/* More tiles than these can't be told apart; the worst are among the first. */
const TILES_MAX = 120;
/* Of those where nobody answers: who scans us makes hundreds. */
const CLOSED_MAX = 12;

const MEANING: readonly [Tone, string][] = [
	["bad", "not well"], ["warn", "over a limit"], ["unknown", "closed or silent"], ["good", "well"],
];

export function groupedBy(): GroupBy {
	const given = param("map");
	return GROUPS.find((one) => one === given) ?? "class";
}

function Tile({ row, health, addresses }: PortTile): JSX.Element {
	const where = addresses > 1 ? plural(addresses, "address", "addresses") : row.ip;
	const who = row.listener?.process ?? row.traffic?.service ?? "";
	return (
		<a class={`tile ${health.tone}`} href={portHref(addresses > 1 ? undefined : row.ip, row.port, row.transport, addresses > 1 ? undefined : row.sensor)}
			title={`${row.port}/${row.transport} on ${where}${who === "" ? "" : `, ${who}`}: ${health.why}`}>
			<span aria-hidden="true">{SHAPES[health.tone]}</span> {row.port}
			{row.transport !== "tcp" && <span class="quiet">/{row.transport}</span>}
			{addresses > 1 && <span class="quiet" aria-hidden="true"> ×{addresses}</span>}
			<span class="hidden"> on {where}: {health.why}</span>
		</a>
	);
}

function Group({ group, by }: { group: PortGroup; by: GroupBy }): JSX.Element {
	const unwell = group.ports.filter(({ health }) => health.tone === "bad" || health.tone === "warn").length;
	const answer = group.ports.filter(({ health }) => health.tone !== "unknown");
	const closed = group.ports.filter(({ health }) => health.tone === "unknown");
	const shown = [...answer.slice(0, TILES_MAX), ...closed.slice(0, CLOSED_MAX)];
	const rest = group.ports.length - shown.length;
	return (
		<div class="portmap-group">
			<h3>{group.name} <span class="quiet">{count(group.ports.length)}{unwell > 0 && <span class="over">, ! {unwell}</span>}</span></h3>
			<ul>
				{shown.map((tile) => <li key={tile.key}><Tile {...tile} /></li>)}
				{rest > 0 && <li><a class="tile more" href={link("/ports", by === "health" ? {} : { [by]: group.name })}>and {plural(rest, "more", "more")}</a></li>}
			</ul>
		</div>
	);
}

export function PortMap({ groups }: { groups: readonly PortGroup[] }): JSX.Element {
	const by = groupedBy();
	return (
		<>
			<div class="portmap-bar">
				<label>By <select value={by} onChange={(event) => setParams({ map: event.currentTarget.value === "class" ? undefined : event.currentTarget.value })}>
					{GROUPS.map((one) => <option key={one} value={one}>{one}</option>)}
				</select></label>
				<ul class="legend" aria-label="What the shapes mean">
					{MEANING.map(([tone, words]) => <li key={tone} class={tone}><span aria-hidden="true">{SHAPES[tone]}</span> {words}</li>)}
				</ul>
			</div>
			<div class="portmap">{groups.map((group) => <Group key={group.name} group={group} by={by} />)}</div>
		</>
	);
}
