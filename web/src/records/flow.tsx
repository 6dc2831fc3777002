/*
 * flow.tsx: how a connection is shown.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { ago, bytes, count, duration, endpoint, exact } from "../words";

type Flow = Row<"flow">;

/** Zeek's conn_state, in words. */
export const STATES: Record<string, string> = {
	S0: "asked, no answer", S1: "open", SF: "closed in order", REJ: "refused", S2: "client closed, server has not",
	S3: "server closed, client has not", RSTO: "reset by the client", RSTR: "reset by the server",
	RSTOS0: "asked, then reset by the client", RSTRH: "server answered, then reset", SH: "asked and closed, no answer",
	SHR: "server answered and closed, nobody asked", OTH: "seen from its middle",
};
const OVER = new Set(["SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR"]);

/** It goes on, as far as is known. */
export function isOpen(flow: Flow): boolean {
	return (flow.end_reason === undefined || flow.end_reason === "active") && !OVER.has(flow.state ?? "");
}

export function flowKey(flow: Flow): string {
	return `${flow.start} ${flow.transport} ${flow.client_ip} ${flow.client_port} ${flow.server_ip} ${flow.server_port} ${flow.flows ?? ""}`;
}

const payload = (flow: Flow) => (flow.client_bytes === undefined && flow.server_bytes === undefined ? undefined : (flow.client_bytes ?? 0) + (flow.server_bytes ?? 0));
const took = (flow: Flow) => (flow.start === undefined || flow.end === undefined ? undefined : (Date.parse(flow.end) - Date.parse(flow.start)) * 1000);
const resent = (flow: Flow) => (flow.client_retransmits === undefined ? undefined : flow.client_retransmits + (flow.server_retransmits ?? 0));

export const flowColumns: Column<Flow>[] = [
	{ name: "client", title: "Client", help: "Side that asks; Zeek's originator.", value: (f) => f.client_ip, show: (_v, f) => endpoint(f.client_ip, f.client_port) },
	{ name: "server", title: "Server", help: "Side that answers, and its port.", value: (f) => f.server_ip, show: (_v, f) => endpoint(f.server_ip, f.server_port, f.transport) },
	{ name: "protocol", title: "Protocol", help: "What is spoken; with a question mark, only the port suggests it.", value: (f) => f.protocol && `${f.protocol}${f.protocol_by === "port" ? "?" : ""}` },
	{ name: "process", title: "Process", help: "Process of this machine's end.", value: (f) => f.process, exact: (f) => f.process && `${f.process} (${f.pid ?? "?"}), user ${f.user ?? "?"}` },
	{ name: "state", title: "State", help: "How the connection is; the letters are Zeek's conn_state.", value: (f) => f.state, show: (v) => STATES[String(v)] ?? String(v),
	  exact: (f) => f.state && `${f.state}: ${STATES[f.state] ?? ""}; history ${f.history ?? "–"}; ${f.end_reason ?? ""}` },
	{ name: "start", title: "Began", help: "First packet.", value: (f) => f.start, show: (v) => ago(String(v)), exact: (f) => exact(f.start) },
	{ name: "took", title: "Lasted", help: "First to last packet.", numeric: true, value: took, show: (v) => duration(Number(v)) },
	{ name: "client_bytes", title: "From client", help: "IP bytes from the client.", numeric: true, value: (f) => f.client_bytes, show: (v) => bytes(Number(v)) },
	{ name: "server_bytes", title: "To client", help: "IP bytes from the server.", numeric: true, value: (f) => f.server_bytes, show: (v) => bytes(Number(v)) },
	{ name: "bytes", title: "Bytes", help: "IP bytes of both sides.", numeric: true, optional: true, value: payload, show: (v) => bytes(Number(v)) },
	{ name: "response_mean_us", title: "Response", help: "Mean time from a question to its answer.", numeric: true, value: (f) => f.response_mean_us, show: (v) => duration(Number(v)) },
	{ name: "handshake_us", title: "Handshake", help: "First SYN to the ACK that completes the handshake.", numeric: true, optional: true, value: (f) => f.handshake_us, show: (v) => duration(Number(v)) },
	{ name: "resent", title: "Resent", help: "Segments sent again, of both sides.", numeric: true, value: resent, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "lost_bytes", title: "Lost", help: "Payload acknowledged but never seen here.", numeric: true, optional: true, value: (f) => f.lost_bytes, show: (v) => bytes(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "name", title: "Name asked for", help: "TLS server name, HTTP host or DNS name.", value: (f) => f.name },
	{ name: "version", title: "Version", help: "Version of the protocol, in its own words.", optional: true, value: (f) => f.version },
	{ name: "software", title: "Server software", help: "As it says itself.", optional: true, value: (f) => f.software },
	{ name: "client_software", title: "Client software", help: "As it says itself.", optional: true, value: (f) => f.client_software },
	{ name: "cleartext", title: "Encrypted", help: "Whether anybody on the way could read it.", optional: true, value: (f) => (f.cleartext === undefined ? undefined : f.cleartext ? "no" : "yes"), over: (v) => v === "no" },
	{ name: "user", title: "User", help: "User of the process.", optional: true, value: (f) => f.user },
	{ name: "iface", title: "Interface", help: "Interface that saw it.", optional: true, value: (f) => f.iface },
	{ name: "community_id", title: "Community ID", help: "The same in Zeek, Suricata and others: finds the connection there.", optional: true, value: (f) => f.community_id },
];
