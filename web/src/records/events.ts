/*
 * events.ts: records of every kind as lines of a timeline.
 */
import type { Row } from "../api";
import type { Tone } from "../parts/Badge";
import { toneOfSeverity } from "../parts/Badge";
import { link } from "../state";
import { endpoint, spaced } from "../words";
import { machineOf } from "./sensor";

export interface Event {
	key: string;
	/** RFC 3339. */
	at: string;
	/** What kind of thing happened: "finding", "incident over". */
	what: string;
	tone: Tone;
	text: string;
	href?: string;
	/** Of a fleet: the machine on which it happened. */
	sensor?: string;
}

function event({ sensor }: { sensor?: string }, what: string, at: string | undefined, id: string | undefined, tone: Tone, text: string, href?: string): Event[] {
	return at === undefined ? [] : [{ key: `${what} ${id} ${at} ${sensor ?? ""}`, at, what, tone, text, href, sensor: machineOf(sensor) }];
}

export function ofFinding(one: Row<"finding">): Event[] {
	return event(one, spaced(one.kind), one.first, one.id, toneOfSeverity(one.severity), one.summary ?? spaced(one.kind),
		link("/attacks", { id: one.id }));
}

/** Its begin, and its end. */
export function ofIncident(one: Row<"incident">): Event[] {
	const text = one.summary ?? `${spaced(one.rule)} ${one.target ?? ""}`;
	const href = link("/incidents", { id: one.id });
	return [
		...event(one, "incident", one.first, one.id, toneOfSeverity(one.severity), text, href),
		...event(one, "incident over", one.end, one.id, "good", text, href),
	];
}

export function ofAlert(one: Row<"alert">): Event[] {
	const href = one.incident === undefined ? undefined : link("/incidents", { id: one.incident });
	return [
		...event(one, `alert ${spaced(one.rule)}`, one.start, one.id, toneOfSeverity(one.severity), one.summary ?? "", href),
		...event(one, `alert ${spaced(one.rule)} over`, one.end, one.id, "good", one.summary ?? "", href),
	];
}

export function ofBlock(one: Row<"block">): Event[] {
	const who = endpoint(one.address, one.port, one.transport);
	return event(one, `block ${one.state ?? ""}`.trim(), one.start, one.id, one.state === "failed" ? "bad" : "info",
		`${who}: ${one.reason ?? spaced(one.action)}`, link("/blocks", { id: one.id }));
}

export function ofDeployment(one: Row<"deployment">): Event[] {
	return event(one, "deployment", one.at, one.name, "info",
		one.summary ?? `${one.name ?? ""} ${one.version ?? ""}`.trim());
}

export function ofFailure(one: Row<"failure">): Event[] {
	return event(one, "probe failed", one.at, one.id, one.state === "down" ? "bad" : "warn",
		`${one.target ?? ""}: ${one.summary ?? spaced(one.reason)}`, link("/availability", { target: one.target }));
}

export function ofAnomaly(one: Row<"anomaly">): Event[] {
	return event(one, "unusual value", one.at, `${one.target} ${one.metric}`, "unknown",
		`${one.metric ?? ""} of ${one.target ?? ""} was ${one.value ?? "?"}, usually ${one.low ?? "?"} to ${one.high ?? "?"}`);
}

export function ofGap(one: Row<"gap">): Event[] {
	return event(one, "not known", one.start, one.reason, "unknown", GAPS[one.reason ?? ""] ?? spaced(one.reason), link("/monitor"));
}

/** Why something is not known, in a sentence. */
export const GAPS: Record<string, string> = {
	stopped: "The monitor did not run.",
	dropped: "Packets or records were lost.",
	suspended: "The machine slept.",
	unwritten: "The store could not be written.",
	spool: "A sensor had no room to keep them until they were sent.",
};

/** The newest first. */
export function newestFirst(events: Event[]): Event[] {
	return events.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}
