/*
 * port.ts: how the traffic of a port is shown, with its limits and its listener.
 */
import type { Column } from "../parts/Table";
import type { Row } from "../api";
import { link } from "../state";
import { machineOf } from "./sensor";
import { bytes, count, duration, endpoint, percent, rate } from "../words";

export interface Limits {
	response_ms: number;
	loss: number;
	errors: number;
}

/** As they are without a configuration. */
export const USUAL_LIMITS: Limits = { response_ms: 100, loss: 0.01, errors: 0.001 };

/** What the register of authorised ports says of one; undefined: nothing, or there is none. */
export type Drift = "as expected" | "unexpected" | "missing" | undefined;

/** One port: what it carried in the last minute, and the sockets that listen there. */
export interface PortRow {
	key: string;
	/** Of a fleet: whose it is. */
	sensor?: string;
	ip: string;
	port: number;
	transport: string;
	traffic?: Row<"port">;
	listener?: Row<"listener">;
	drift: Drift;
	drift_help: string;
}

export function perSecond(value: number | undefined, port: Row<"port"> | undefined): number | undefined {
	return value === undefined || port === undefined ? undefined : value / (port.interval_s || 1);
}

const protocol = (row: PortRow): string | undefined => {
	const traffic = row.traffic;
	return traffic?.protocol !== undefined && traffic.protocol_by === "port" ? `${traffic.protocol}?` : traffic?.protocol;
};

/** Where all of a port is; of a fleet, of which sensor. */
export function portHref(ip: string | undefined, port: number | undefined, transport: string | undefined, sensor?: string): string | undefined {
	if (port === undefined)
		return undefined;
	return link("/port", { port, transport, host: ip, sensor: machineOf(sensor) });
}

/** Its columns; limits as the daemon's status has them. */
export function portColumns(limits: Limits): Column<PortRow>[] {
	const slow = (us: unknown) => Number(us) > limits.response_ms * 1000;
	const lossy = (ratio: unknown) => Number(ratio) > limits.loss;
	const failing = (ratio: unknown, row: PortRow) => Number(ratio) > limits.errors && !row.traffic?.unused;
	return [
		{ name: "port", title: "Port", help: "Number and transport; opens all that is known of it.", value: (r) => r.port,
		  show: (_v, r) => `${r.port}/${r.transport}`, exact: (r) => endpoint(r.ip, r.port, r.transport) },
		{ name: "ip", title: "Address", help: "Address of the server; :: or 0.0.0.0 is every address of this machine.", value: (r) => r.ip },
		{ name: "protocol", title: "Protocol", help: "What is spoken; with a question mark, only the port suggests it.", value: protocol },
		{ name: "process", title: "Process", help: "Process that listens.", value: (r) => r.listener?.process ?? r.traffic?.process ?? (r.listener?.hidden ? "hidden" : undefined),
		  over: (_v, r) => r.listener?.hidden ?? false },
		{ name: "drift", title: "Expected", help: "Whether the register of authorised ports has it.", value: (r) => r.drift,
		  exact: (r) => r.drift_help, over: (v) => v === "unexpected" || v === "missing" },
		{ name: "state", title: "State", help: "open: a socket listens or the port answered; closed: it refused; silent: nobody answered.", value: (r) => r.traffic?.state ?? (r.listener ? "open" : undefined) },
		{ name: "active", title: "Open", help: "Connections that are open now.", numeric: true, value: (r) => r.traffic?.active ?? r.listener?.established, show: (v) => count(Number(v)) },
		{ name: "clients", title: "Clients", help: "Distinct clients of the last minute.", numeric: true, value: (r) => r.traffic?.clients, show: (v) => count(Number(v)) },
		{ name: "response_p95_us", title: "Resp. p95", help: "95 of 100 answers came within this time.", numeric: true, value: (r) => r.traffic?.response_p95_us, show: (v) => duration(Number(v)), over: slow },
		{ name: "lost_ratio", title: "Loss", help: "Share of the payload that was lost before it came by here.", numeric: true, value: (r) => r.traffic?.lost_ratio, show: (v) => percent(Number(v)), over: lossy },
		{ name: "error_ratio", title: "Errors", help: "Share of connections that failed and of answers that were errors.", numeric: true, value: (r) => r.traffic?.error_ratio, show: (v) => percent(Number(v)), over: failing },
		{ name: "in", title: "In", help: "Bytes per second from clients.", numeric: true, value: (r) => perSecond(r.traffic?.client_bytes, r.traffic), show: (v) => rate(Number(v)) },
		{ name: "out", title: "Out", help: "Bytes per second to clients.", numeric: true, value: (r) => perSecond(r.traffic?.server_bytes, r.traffic), show: (v) => rate(Number(v)) },
		{ name: "findings", title: "Findings", help: "Open findings about this port.", numeric: true, value: (r) => r.traffic?.findings, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
		{ name: "reach", title: "Reach", help: "From where it can be reached: this machine (loopback), its namespace, behind the firewall, or outside.", value: (r) => r.listener?.reach },
		{ name: "service", title: "Service", help: "Name that IANA gives the port.", optional: true, value: (r) => r.traffic?.service ?? r.listener?.service },
		{ name: "flows", title: "New", help: "Connections that began in the last minute.", numeric: true, optional: true, value: (r) => r.traffic?.flows, show: (v) => count(Number(v)) },
		{ name: "response_p50_us", title: "Resp. p50", help: "Median response time: half of the answers came sooner.", numeric: true, optional: true, value: (r) => r.traffic?.response_p50_us, show: (v) => duration(Number(v)), over: slow },
		{ name: "retransmit_ratio", title: "Resent", help: "Share of segments that were sent again.", numeric: true, optional: true, value: (r) => r.traffic?.retransmit_ratio, show: (v) => percent(Number(v)), over: lossy },
		{ name: "total", title: "Bytes", help: "Bytes of the last minute, both ways.", numeric: true, optional: true, value: (r) => (r.traffic ? (r.traffic.client_bytes ?? 0) + (r.traffic.server_bytes ?? 0) : undefined), show: (v) => bytes(Number(v)) },
		{ name: "user", title: "User", help: "User that the process runs as.", optional: true, value: (r) => r.listener?.user },
		{ name: "unit", title: "Unit", help: "systemd unit or container of the process.", optional: true, value: (r) => r.listener?.container?.slice(0, 12) ?? r.listener?.unit },
		{ name: "class", title: "Class", help: "well-known (0 to 1023), registered (to 49151) or dynamic (RFC 6335).", optional: true, value: (r) => r.traffic?.class ?? r.listener?.class },
		{ name: "backlog", title: "Queue", help: "Clients that wait to be accepted.", optional: true, numeric: true, value: (r) => r.listener?.backlog, show: (v, r) => (r.listener?.backlog_max === undefined ? count(Number(v)) : `${count(Number(v))} of ${count(r.listener.backlog_max)}`) },
	];
}

/** Whether anything of it is over a limit. */
export function isUnwell(row: PortRow, columns: readonly Column<PortRow>[]): boolean {
	return columns.some((column) => {
		const value = column.value(row);
		return value !== undefined && (column.over?.(value, row) ?? false);
	});
}
