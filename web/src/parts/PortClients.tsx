/*
 * PortClients.tsx: who used a port, most bytes first; counted by the daemon.
 */
import type { JSX } from "preact";
import { aggregate, type Group } from "../api";
import { useData } from "../data";
import { link, type Range } from "../state";
import { bytes, count, plural } from "../words";
import { Empty, Loaded } from "./Empty";
import { Table, type Column } from "./Table";

const columns: Column<Group>[] = [
	{ name: "client_ip", title: "Client", help: "Address of the client.", value: (g) => g.client_ip },
	{ name: "count", title: "Connections", help: "Connections that were recorded.", numeric: true, value: (g) => g.count, show: (v) => count(Number(v)) },
	{ name: "sum_client_bytes", title: "From it", help: "IP bytes from the client.", numeric: true, value: (g) => g.sum_client_bytes, show: (v) => bytes(Number(v)) },
	{ name: "sum_server_bytes", title: "To it", help: "IP bytes to the client.", numeric: true, value: (g) => g.sum_server_bytes, show: (v) => bytes(Number(v)) },
	{ name: "sum_resets", title: "Resets", help: "Connections that ended with a reset segment.", numeric: true, value: (g) => g.sum_resets, show: (v) => count(Number(v)) },
];
const SHOWN = 20;

interface Props {
	port: number;
	transport: string;
	host: string | undefined;
	range: Range;
}

export function PortClients({ port, transport, host, range }: Props): JSX.Element {
	const key = `clients ${JSON.stringify([port, transport, host, range])}`;
	const data = useData(key, (abort) => aggregate({ record: "flow", by: ["client_ip"], sum: ["client_bytes", "server_bytes", "resets"],
		limit: SHOWN, sort: "server_bytes", where: { port, transport, host, ...range } }, abort), { every_s: 60 });
	return (
		<Loaded data={data} what="clients">
			{(answer) => (
				<>
					<Table label="Clients, most bytes first" prefix="k_" small columns={columns} rows={answer.rows} rowKey={(g) => String(g.client_ip)}
						href={(g) => link("/connections", { client_ip: String(g.client_ip), port, transport })}
						empty={<Empty>Nobody used this port in this time.</Empty>} />
					{answer.others && <p class="quiet">and {plural(answer.others.groups, "other client")} with {plural(answer.others.count, "connection")}</p>}
				</>
			)}
		</Loaded>
	);
}
