/*
 * listener.ts: what is known of a listening socket, as facts.
 */
import type { Row } from "../api";
import type { Fact } from "../parts/Facts";
import { ago, count, duration, endpoint, exact } from "../words";

const REACH: Record<string, string> = {
	loopback: "this machine only (loopback)",
	namespace: "its network namespace only",
	firewalled: "the firewall stands before it",
	outside: "other machines",
};

export function listenerFacts(one: Row<"listener">): Fact[] {
	const others = (one.processes ?? 1) - 1;
	return [
		{ name: "Bound to", value: `${endpoint(one.ip, one.port, one.transport)}${one.iface ? ` on ${one.iface}` : ""}` },
		{ name: "Process", value: one.hidden ? "hidden: the kernel shows the socket, /proc does not show its process"
			: one.process && `${one.process} (${one.pid ?? "?"})${others > 0 ? ` and ${others} more` : ""}` },
		{ name: "Program", value: one.exe }, { name: "Package", value: one.package, help: "Debian package that the program belongs to." },
		{ name: "User", value: one.user }, { name: "Unit", value: one.unit }, { name: "Container", value: one.container },
		{ name: "Reached from", value: REACH[one.reach ?? ""] ?? one.reach },
		{ name: "Expected", value: one.authorized === undefined ? undefined : one.authorized ? "yes, the register has it" : "! no, the register does not have it" },
		{ name: "Listens since", value: one.since && <time dateTime={one.since} title={exact(one.since)}>{ago(one.since)}</time> },
		{ name: "Queue", value: one.backlog === undefined ? undefined : `${count(one.backlog)}${one.backlog_max === undefined ? "" : ` of ${count(one.backlog_max)}`} wait to be accepted`,
		  help: "Connections that are complete and that the process has not taken." },
		{ name: "Overflows", value: one.overflows === undefined ? undefined : `${count(one.overflows)} dropped for lack of room${one.overflow_at ? `, last ${ago(one.overflow_at)}` : ""}` },
		{ name: "Round trip", value: one.rtt_us === undefined ? undefined : `${duration(one.rtt_us)}, as the kernel measures` },
	];
}
