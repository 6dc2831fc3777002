/*
 * finding.tsx: how a finding is shown, and what its words mean.
 */
import type { JSX } from "preact";
import type { Row } from "../api";
import { Severity } from "../parts/Badge";
import type { Column } from "../parts/Table";
import { ago, count, endpoint, exact, spaced, time } from "../words";

export const SEVERITIES = ["notice", "low", "medium", "high", "critical"];

/** docs/detect.md says more of each. */
export const KINDS: Record<string, string> = {
	port_scan: "One source tries many ports.",
	host_sweep: "One source tries the same ports of many hosts.",
	distributed_scan: "Many sources, each of which tries little, scan together.",
	brute_force: "Passwords are guessed.",
	password_spray: "A few passwords are tried with many users.",
	login_after_failures: "Somebody who failed to log in and failed again got in.",
	syn_flood: "A service is sent more connection requests than are ever completed.",
	udp_flood: "A port or host is sent more datagrams than it could mean to get.",
	icmp_flood: "A host is sent more ICMP than it asked for.",
	connection_flood: "A service is held or kept busy by more connections than usual.",
	reflection_victim: "Answers arrive that nobody here asked for: somebody asks in our name.",
	reflector: "A service of ours answers with more than it is asked, perhaps to somebody else than who asks.",
	spoofed_source: "Packets came from where their source can't be.",
	trap_hit: "Somebody tried a port where nobody has a reason to.",
	beacon: "A program connects to the same place again and again, as one that waits for orders does.",
	blocklisted_peer: "Somebody who is on a list of bad addresses.",
	new_listener: "A program listens at a port that had none.",
	unauthorized_port: "A port is open that the register of authorised ports does not have.",
	missing_listener: "A port that should be open is not.",
	service_change: "A port is served by another program or version than before.",
	hidden_listener: "A port answers, and no program is seen to listen there.",
	users_failing: "Many users fail to log in at once: the service may be the cause.",
	unexpected_protocol: "What is spoken is not what the port is for.",
	cleartext_login: "A password went over the network as it is.",
	weak_protocol: "A protocol or cipher that is known to be broken.",
	protocol_anomaly: "What was said is not as the protocol has it.",
	tunnel: "Other traffic is hidden in a protocol.",
};

const PROOFS: Record<string, string> = {
	unsolicited: "anybody could have sent these packets in this name: nothing shows that the source is where its address says",
	handshake: "the source received our answers (it completed a TCP handshake), so it is where its address says",
	dialogue: "the source talked with us, which takes reading our answers, so it is where its address says",
};

export function proofWords(proof: string | undefined): string | undefined {
	return proof === undefined ? undefined : PROOFS[proof] ?? proof;
}

/** "port scan (syn)" */
export function findingName(one: Pick<Row<"finding">, "kind" | "technique">): string {
	return `${spaced(one.kind)}${one.technique === undefined ? "" : ` (${spaced(one.technique)})`}`;
}

/** 192.0.2.7, or the prefix that counts as one source. */
export function sourceOf(one: Pick<Row<"finding">, "client_ip" | "client_prefix">): string | undefined {
	const ip = one.client_ip, whole = ip?.includes(":") ? 128 : 32;
	return ip === undefined || one.client_prefix === undefined || one.client_prefix === whole ? ip : `${ip}/${one.client_prefix}`;
}

export function targetOf(one: Row<"finding">): string | undefined {
	if (one.server_ip === undefined && one.port === undefined)
		return one.hosts === undefined ? undefined : `${count(one.hosts)} hosts`;
	return endpoint(one.server_ip, one.port, one.port === undefined ? undefined : one.transport);
}

export const findingColumns: Column<Row<"finding">>[] = [
	{ name: "kind", title: "Finding", help: "What it is, and how.", value: findingName, exact: (f) => KINDS[f.kind ?? ""] },
	{ name: "severity", title: "Severity", help: "notice: harmless by itself; low: an ordinary scan; medium: proven or large; high: a service suffers; critical: somebody may be in.",
	  numeric: false, value: (f) => SEVERITIES.indexOf(f.severity ?? ""), show: (_v, f): JSX.Element => <Severity severity={f.severity} />, exact: (f) => f.severity },
	{ name: "state", title: "State", help: "open: it goes on; closed: it is over.", value: (f) => f.state },
	{ name: "client_ip", title: "Source", help: "Who does it; nobody, if it is many or forged.", value: sourceOf },
	{ name: "server_ip", title: "Target", help: "What it is about.", value: targetOf },
	{ name: "attempts", title: "Attempts", help: "How often it was seen.", numeric: true, value: (f) => f.attempts, show: (v) => count(Number(v)) },
	{ name: "proof", title: "Proof", help: "How sure the source is: unsolicited (may be forged), handshake or dialogue (it is there).", value: (f) => f.proof, exact: (f) => proofWords(f.proof) },
	{ name: "first", title: "Since", help: "First evidence.", value: (f) => f.first, show: (v) => time(String(v)), exact: (f) => exact(f.first) },
	{ name: "last", title: "Last", help: "Last evidence.", value: (f) => f.last, show: (v) => ago(String(v)), exact: (f) => exact(f.last) },
	{ name: "summary", title: "What", help: "In one sentence.", value: (f) => f.summary },
	{ name: "ports", title: "Ports", help: "Distinct ports.", numeric: true, optional: true, value: (f) => f.ports, show: (v) => count(Number(v)) },
	{ name: "hosts", title: "Hosts", help: "Distinct hosts.", numeric: true, optional: true, value: (f) => f.hosts, show: (v) => count(Number(v)) },
	{ name: "tool", title: "Tool", help: "Program that did it, where its packets show that; anybody can make the same.", optional: true, value: (f) => f.tool },
	{ name: "process", title: "Process", help: "Process it is about.", optional: true, value: (f) => f.process },
	{ name: "mitre", title: "ATT&CK", help: "Technique of MITRE ATT&CK.", optional: true, value: (f) => f.mitre },
	{ name: "id", title: "Id", help: "By which it is named elsewhere.", optional: true, value: (f) => f.id },
];
