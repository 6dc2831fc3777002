/*
 * spoken.ts: what connections of a port say of its protocol, and its sockets of TCP.
 */
import type { Row } from "../api";
import type { Fact } from "../parts/Facts";
import { bytes, count, duration } from "../words";

/** The different values, the most frequent first; so many, and how many more. */
function several(rows: readonly Row<"flow">[], value: (row: Row<"flow">) => string | undefined, shown = 4): string | undefined {
	const counts = new Map<string, number>();
	for (const row of rows) {
		const one = value(row);
		if (one !== undefined && one !== "")
			counts.set(one, (counts.get(one) ?? 0) + 1);
	}
	const words = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
	const rest = words.length - shown;
	return words.length === 0 ? undefined : `${words.slice(0, shown).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

export function spokenFacts(rows: readonly Row<"flow">[], speaks: string | undefined): Fact[] {
	const clear = rows.filter((row) => row.cleartext === true).length, known = rows.filter((row) => row.cleartext !== undefined).length;
	return [
		{ name: "In short", value: speaks },
		{ name: "Protocol", value: several(rows, (row) => row.protocol && `${row.protocol}${row.protocol_by === "port" ? "?" : ""}`),
		  help: "With a question mark, only the port suggests it." },
		{ name: "Version", value: several(rows, (row) => row.version) },
		{ name: "Server software", value: several(rows, (row) => row.software), help: "As it says itself." },
		{ name: "Client software", value: several(rows, (row) => row.client_software), help: "As they say themselves." },
		{ name: "Names asked for", value: several(rows, (row) => row.name), help: "TLS server name, HTTP host or DNS name." },
		{ name: "Cipher", value: several(rows, (row) => row.cipher) },
		{ name: "Users", value: several(rows, (row) => row.login_user), help: "Who logged in or tried to." },
		{ name: "Encrypted", value: known === 0 ? undefined : clear === 0 ? "yes" : clear === known ? "! no: anybody on the way can read it" : `! ${count(clear)} of ${count(known)} connections are not` },
	].filter(({ value }) => value !== undefined);
}

const STATES = ["established", "syn_recv", "time_wait", "close_wait", "fin_wait1", "fin_wait2", "last_ack", "closing"] as const;

export function socketFacts(one: Row<"socket">): Fact[] {
	const states = STATES.filter((state) => (one[state] ?? 0) > 0).map((state) => `${count(one[state])} ${state}`);
	const isWaiting = (one.unread_bytes ?? 0) > 0 || (one.unsent_bytes ?? 0) > 0;
	return [
		{ name: "TCP states", value: states.join(", "), help: "Sockets of this service by state, as the kernel counts them." },
		{ name: "Round trips", value: one.rtt_p50_us === undefined ? undefined : `${duration(one.rtt_p50_us)} median, ${duration(one.rtt_p95_us)} for 95 of 100`, help: "As the kernel measures them." },
		{ name: "Waiting", value: isWaiting ? `${bytes(one.unread_bytes)} unread by the process, ${bytes(one.unsent_bytes)} unsent` : undefined },
	];
}
