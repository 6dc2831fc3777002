/*
 * port_rows.ts: ports as a person means them: traffic and listening sockets together.
 *
 * A socket bound to every address (:: or 0.0.0.0) belongs to the traffic of each address.
 */
import type { Row } from "../api";
import type { Drift, PortRow } from "./port";

const ANY = new Set(["::", "0.0.0.0"]);

function driftOf(listener: Row<"listener"> | undefined, hasRegister: boolean): [Drift, string] {
	if (!hasRegister)
		return [undefined, "There is no register of authorised ports; breakwater policy propose writes one of what is seen."];
	if (listener?.authorized === undefined)
		return [undefined, "Nobody listens there on this machine, so that the register says nothing of it."];
	return listener.authorized
		? ["as expected", "The register of authorised ports has it."]
		: ["unexpected", "The register of authorised ports does not have it."];
}

function rowOf(ip: string, port: number, transport: string, traffic: Row<"port"> | undefined,
	listener: Row<"listener"> | undefined, hasRegister: boolean): PortRow {
	const [drift, help] = driftOf(listener, hasRegister);
	const sensor = traffic?.sensor ?? listener?.sensor;
	return { key: `${ip} ${port} ${transport} ${listener?.netns ?? ""} ${sensor ?? ""}`, sensor, ip, port, transport, traffic, listener, drift, drift_help: help };
}

/** A port of one machine. */
function placeOf({ port, transport, sensor }: { port?: number; transport?: string; sensor?: string }): string {
	return `${port} ${transport} ${sensor ?? ""}`;
}

/** One row per address, port and transport of each sensor; the busiest first, as the daemon gives them. */
export function portRows(ports: readonly Row<"port">[], listeners: readonly Row<"listener">[]): PortRow[] {
	const hasRegister = listeners.some((listener) => listener.authorized !== undefined);
	const byPlace = new Map<string, Row<"listener">>();
	for (const listener of listeners)
		if (listener.netns === undefined)
			byPlace.set(`${ANY.has(listener.ip ?? "") ? "*" : listener.ip} ${placeOf(listener)}`, listener);
	const used = new Set<Row<"listener">>();
	const rows = ports.filter((port) => port.port !== undefined && port.server_ip !== undefined).map((port) => {
		const place = placeOf(port);
		/* Only what the daemon knows to be open here has a socket of ours. */
		const listener = byPlace.get(`${port.server_ip} ${place}`) ?? (port.process ? byPlace.get(`* ${place}`) : undefined);
		if (listener)
			used.add(listener);
		return rowOf(port.server_ip!, port.port!, port.transport ?? "tcp", port, listener, hasRegister);
	});
	for (const listener of listeners)
		if (!used.has(listener) && listener.port !== undefined && listener.change !== "closed")
			rows.push(rowOf(listener.ip ?? "::", listener.port, listener.transport ?? "tcp", undefined, listener, hasRegister));
	return rows;
}

/** What the register expects and nobody offers, as the findings about that tell. */
export function missingRows(findings: readonly Row<"finding">[]): PortRow[] {
	return findings.filter((one) => one.kind === "missing_listener" && one.port !== undefined).map((one) => ({
		key: `missing ${one.id} ${one.sensor ?? ""}`, sensor: one.sensor, ip: one.server_ip ?? "::", port: one.port!, transport: one.transport ?? "tcp",
		drift: "missing", drift_help: one.summary ?? "The register of authorised ports has it, and nobody listens.",
	}));
}
