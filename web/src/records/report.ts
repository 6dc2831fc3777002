/*
 * report.ts: what of a time is worth a sentence in a report.
 */
import type { Gap, Group, Row } from "../api";
import { isOpen, isPart } from "./incident";

/** Share of a time that was watched, from 0 to 1. */
export function coverage(gaps: readonly Gap[], since_ms: number, until_ms: number): number {
	const spans = gaps.map((gap) => [Math.max(since_ms, Date.parse(gap.since)), Math.min(until_ms, Date.parse(gap.until))] as const)
		.filter(([begin, end]) => end > begin).sort((a, b) => a[0] - b[0]);
	let missing = 0, known = since_ms;
	/* Gaps of several causes may be at the same time. */
	for (const [begin, end] of spans) {
		missing += Math.max(0, end - Math.max(begin, known));
		known = Math.max(known, end);
	}
	return until_ms > since_ms ? 1 - missing / (until_ms - since_ms) : 1;
}

export interface Judged {
	all: number;
	open: number;
	falsePositive: number;
	/** Handled without a person, such as by a block. */
	automatic: number;
	/** Median times in seconds; undefined where none is known. */
	acknowledge_s: number | undefined;
	resolve_s: number | undefined;
}

function median(values: number[]): number | undefined {
	const sorted = values.sort((a, b) => a - b);
	return sorted.length === 0 ? undefined : (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function secondsBetween(from: string | undefined, to: string | undefined): number[] {
	return from === undefined || to === undefined ? [] : [(Date.parse(to) - Date.parse(from)) / 1000];
}

/** Incidents that happened: what is only foreseen is none yet, and what is part of another is told with it. */
export function happened(incidents: readonly Row<"incident">[]): Row<"incident">[] {
	return incidents.filter((one) => !one.ahead && !isPart(one));
}

export function judged(incidents: readonly Row<"incident">[]): Judged {
	const real = happened(incidents);
	const count = (is: (one: Row<"incident">) => boolean | undefined) => real.filter((one) => is(one) === true).length;
	return {
		all: real.length, open: count(isOpen), falsePositive: count((one) => one.false_positive), automatic: count((one) => one.automatic),
		acknowledge_s: median(real.flatMap((one) => secondsBetween(one.first, one.acknowledged))),
		resolve_s: median(real.flatMap((one) => (isOpen(one) ? [] : secondsBetween(one.first, one.end ?? one.last)))),
	};
}

/** Groups of groups: how many records in all, by the value of one field. */
export function countsBy(rows: readonly Group[], field: string): [string, number][] {
	const counts = new Map<string, number>();
	for (const row of rows) {
		const name = String(row[field] ?? "not known");
		counts.set(name, (counts.get(name) ?? 0) + row.count);
	}
	return [...counts].sort((a, b) => b[1] - a[1]);
}
