/*
 * probe.ts: how a service is that is asked again and again.
 */
import type { Row } from "../api";
import { Badge, toneOfState } from "../parts/Badge";
import type { Column } from "../parts/Table";
import { ago, duration, exact } from "../words";

export const probeColumns: Column<Row<"probe">>[] = [
	{ name: "target", title: "Service asked", help: "As configured, or found on this machine.", value: (p) => p.target },
	{ name: "hard_state", title: "State", help: "After retries: up, degraded, down or unknown.", value: (p) => p.hard_state ?? p.state,
	  show: (v, p) => <Badge tone={toneOfState(String(v))}>{String(v)}{p.maintenance ? ", in maintenance" : ""}</Badge> },
	{ name: "hard_since", title: "Since", help: "Since when it has that state.", value: (p) => p.hard_since, show: (v) => ago(String(v)), exact: (p) => exact(p.hard_since) },
	{ name: "connect_us", title: "Connect", help: "From SYN to SYN-ACK.", numeric: true, value: (p) => p.connect_us, show: (v) => duration(Number(v)) },
	{ name: "tls_us", title: "TLS", help: "The TLS handshake.", numeric: true, optional: true, value: (p) => p.tls_us, show: (v) => duration(Number(v)) },
	{ name: "first_byte_us", title: "First byte", help: "From the question to the first byte of the answer.", numeric: true, value: (p) => p.first_byte_us, show: (v) => duration(Number(v)) },
	{ name: "total_us", title: "Total", help: "Until the answer was known.", numeric: true, optional: true, value: (p) => p.total_us, show: (v) => duration(Number(v)) },
	{ name: "software", title: "Software", help: "What it says that it is.", value: (p) => p.software },
	{ name: "cert_not_after", title: "Certificate ends", help: "When the first certificate of its chain ends.", value: (p) => p.cert_not_after, show: (v) => ago(String(v)), exact: (p) => exact(p.cert_not_after) },
	{ name: "detail", title: "Why", help: "What the last answer was, if it was not well.", value: (p) => p.detail ?? p.reason },
];
