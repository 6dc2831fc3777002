/*
 * connections.tsx: who talks with this machine now; at a hub, which is told of connections when
 * they end, who did within the last hour.
 */
import type { JSX } from "preact";
import type { Row } from "../api";
import { useRecords } from "../data";
import { isHub } from "../fleet";
import { Empty, Loaded } from "../parts/Empty";
import { choicesOf, Filters, matches, wrongPort, wrongPrefix, type Filter } from "../parts/Filters";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { flowColumns, flowKey, isOpen } from "../records/flow";
import { portHref } from "../records/port";
import { here, param } from "../state";
import { bytes, count, plural } from "../words";

const LIMIT = 5000;
/* The "ports" of ICMP are its types. */
const HAVE_PORTS = new Set(["tcp", "udp", "sctp"]);
/** What a hub's API gives without a time. */
const HUB_SINCE = "1h";
const SHOWS = [{ value: "open", label: "open" }, { value: "ended", label: "ended just now" }];

function filtersOf(rows: readonly Row<"flow">[]): Filter[] {
	return [
		{ name: "text", label: "Search", placeholder: "address, process, name, software" },
		{ name: "host", label: "Host", placeholder: "address or prefix", wrong: wrongPrefix, help: "Either side." },
		{ name: "client_ip", label: "Client", placeholder: "address or prefix", wrong: wrongPrefix },
		{ name: "port", label: "Port", placeholder: "of the server", wrong: wrongPort },
		{ name: "transport", label: "Transport", choices: ["tcp", "udp", "icmp", "icmp6", "sctp"] },
		{ name: "protocol", label: "Protocol", choices: choicesOf(rows, (f) => f.protocol) },
		{ name: "process", label: "Process", choices: choicesOf(rows, (f) => f.process) },
		...isHub.value ? [] : [{ name: "show", label: "Show", choices: SHOWS, help: "Open ones, or those that ended and are still in memory." }],
	];
}

function isWanted(flow: Row<"flow">): boolean {
	const show = param("show");
	return (isHub.value || show === undefined || (show === "open") === isOpen(flow)) &&
		matches(param("text"), flow.client_ip, flow.server_ip, flow.server_port, flow.protocol, flow.process, flow.name, flow.software,
			flow.client_software, flow.user, flow.login_user, flow.community_id);
}

function Sum({ rows, total }: { rows: readonly Row<"flow">[]; total: number }): JSX.Element {
	const open = rows.filter(isOpen).length;
	const sum = rows.reduce((all, flow) => all + (flow.client_bytes ?? 0) + (flow.server_bytes ?? 0), 0);
	return (
		<span role="status">
			{plural(rows.length, "connection")}{isHub.value ? "" : `, ${count(open)} open`}, {bytes(sum)}
			{total > LIMIT && <span class="quiet">; the newest {count(LIMIT)} of {count(total)} are looked at, filters choose others</span>}
		</span>
	);
}

export default function Connections(): JSX.Element {
	/* With a time they are those of that time, from the store. */
	const filters = Object.fromEntries(["host", "client_ip", "port", "transport", "protocol", "process", "since", "until"].map((name) => [name, param(name)]));
	const isPast = filters.since !== undefined;
	const flows = useRecords("flow", { ...filters, limit: LIMIT }, isPast || isHub.value ? { every_s: 60 } : { live: ["flow"], every_s: 5 });
	const shown = (flows.value ?? []).filter(isWanted);
	return (
		<>
			<Filters filters={filtersOf(flows.value ?? [])}>
				<Sum rows={shown} total={flows.total} />
				{isHub.value && <TimeRange usual={HUB_SINCE} />}
				{isPast && !isHub.value && <><TimeRange usual="15m" /><a href={here({ since: undefined, until: undefined })}>Those of now</a></>}
			</Filters>
			{isHub.value && <p class="help">Connections that have ended: a sensor tells of each when it ends. Those that are open are on the page of the machine itself.</p>}
			<Loaded data={flows} what="connections">
				{(rows) => <Table label="Connections" columns={flowColumns} rows={shown} rowKey={flowKey} usualSort="-start"
					href={(f) => (HAVE_PORTS.has(f.transport ?? "") ? portHref(f.server_ip, f.server_port, f.transport, f.sensor) : undefined)}
					empty={<Empty>{rows.length === 0 && isHub.value ? "No connection ended within this time, of the sensors that are looked at."
						: rows.length === 0 ? "Nobody talks with this machine, nor did within the time that is kept in memory. /flows has the past."
						: "No connection is left by these filters."}</Empty>} />}
			</Loaded>
		</>
	);
}
