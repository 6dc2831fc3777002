/*
 * outage.ts: times in which a target was down or degraded, and why.
 *
 * They are alerts about a probe's hard state.  What an alert says when it is over is that
 * it is over; why it was, the flight recorder kept (failure), or its incident.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { Severity } from "../parts/Badge";
import { exact, span, time } from "../words";
import { askedFrom } from "./uptime";

export interface Outage {
	id: string;
	/** Of a fleet: who met it. */
	sensor?: string;
	target: string;
	start: string;
	end?: string;
	severity?: string;
	cause?: string;
	incident?: string;
}

const METRIC = "probe.hard_state";
/* Retries come before a state holds: so long before may the first failure lie. */
const RETRIES_MS = 15 * 60000;

function failureOf(alert: Row<"alert">, failures: readonly Row<"failure">[]): Row<"failure"> | undefined {
	const begin = Date.parse(alert.start!) - RETRIES_MS, end = alert.end === undefined ? Infinity : Date.parse(alert.end);
	const of = failures.filter((one) => one.at !== undefined && Date.parse(one.at) >= begin && Date.parse(one.at) <= end);
	/* The nearest to its begin: the first of that outage. */
	const away = (one: Row<"failure">) => Math.abs(Date.parse(one.at!) - Date.parse(alert.start!));
	return of.reduce<Row<"failure"> | undefined>((best, one) => (best === undefined || away(one) < away(best) ? one : best), undefined);
}

/** Newest first. */
export function outagesOf(alerts: readonly Row<"alert">[], failures: readonly Row<"failure">[], incidents: readonly Row<"incident">[]): Outage[] {
	const byTarget = new Map<string | undefined, Row<"failure">[]>();
	for (const failure of failures)
		byTarget.set(askedFrom(failure.target, failure.sensor), [...byTarget.get(askedFrom(failure.target, failure.sensor)) ?? [], failure]);
	const byId = new Map(incidents.map((one) => [one.id, one]));
	return alerts.filter((one) => one.metric === METRIC && one.start !== undefined && one.target !== undefined)
		.map((one) => {
			const incident = one.incident === undefined ? undefined : byId.get(one.incident);
			const failure = failureOf(one, byTarget.get(askedFrom(one.target, one.sensor)) ?? []);
			const said = one.state === "firing" ? one.summary : undefined;
			return { id: one.id ?? "", sensor: one.sensor, target: one.target!, start: one.start!, end: one.end, severity: one.severity, incident: one.incident,
				cause: failure?.summary ?? said ?? incident?.cause ?? incident?.summary ?? one.summary };
		}).sort((a, b) => b.start.localeCompare(a.start));
}

export function lengthOf(outage: Outage, now_ms = Date.now()): number {
	return ((outage.end === undefined ? now_ms : Date.parse(outage.end)) - Date.parse(outage.start)) / 1000;
}

export const outageColumns: Column<Outage>[] = [
	{ name: "start", title: "Since", help: "When it began to be so.", value: (one) => one.start, show: (_value, one) => time(one.start), exact: (one) => exact(one.start) },
	{ name: "length", title: "For", help: "How long; of what is not over, until now.", numeric: true, value: (one) => lengthOf(one),
	  show: (value, one) => `${span(Number(value))}${one.end === undefined ? ", goes on" : ""}`, over: (_value, one) => one.end === undefined },
	{ name: "target", title: "Target", help: "What was not well.", value: (one) => one.target },
	{ name: "severity", title: "Severity", help: "low: degraded; high: down, by the usual rule.", value: (one) => one.severity, show: (value) => Severity({ severity: String(value) }) },
	{ name: "cause", title: "Cause", help: "What the first probe that failed met.", value: (one) => one.cause },
];
