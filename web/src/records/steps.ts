/*
 * steps.ts: groups by steps of time as rows and columns, and what is not known of them.
 */
import type { Aggregate, Gap, Group } from "../api";

export const STEP_S = { "10s": 10, "1m": 60, "5m": 300, "1h": 3600, "1d": 86400 } as const;
export type Step = keyof typeof STEP_S;

/** The finest step of which a time has at most so many. */
export function stepFor(seconds: number, most: number, least: Step = "10s"): Step {
	const steps = Object.entries(STEP_S) as [Step, number][];
	const found = steps.find(([, step_s]) => step_s >= STEP_S[least] && seconds / step_s <= most);
	return found?.[0] ?? "1d";
}

/** Begins of all steps of an answer in Unix seconds, also of those without a row. */
export function timesOf(since_ms: number, until_ms: number, step_s: number): number[] {
	const first = Math.floor(since_ms / 1000 / step_s) * step_s;
	return Array.from({ length: Math.max(1, Math.ceil((until_ms / 1000 - first) / step_s)) }, (_, i) => first + i * step_s);
}

/**
 * A time's begin, put back to that of its step: what is kept by the minute or hour counts
 * whole for the first step, so that one cut short would seem to have too much.  A
 * millisecond later, so that what ended just then is left out.
 */
export function wholeSteps(since_ms: number, step: Step): string {
	const step_ms = STEP_S[step] * 1000;
	return new Date(Math.floor(since_ms / step_ms) * step_ms + 1).toISOString();
}

const REASONS: Record<string, string> = {
	stopped: "Breakwater was not running", dropped: "packets were lost on the way to Breakwater",
	before: "Breakwater was not there yet",
};

export function reasonOf(gap: Gap | undefined): string | undefined {
	return gap?.why === undefined ? undefined : REASONS[gap.why] ?? gap.why.replaceAll("_", " ");
}

/* Breakwater's own health, by which is known when it watched, is kept by the minute. */
const SURE_MS = 90_000;

/** An answer's gaps, and the time before anything was watched at all. */
export function gapsOf(answer: Pick<Aggregate, "gaps">, since_ms: number, first: string | undefined): Gap[] {
	const gaps = [...answer.gaps].sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
	if (first === undefined || Date.parse(first) <= since_ms + SURE_MS)
		return gaps;
	return [{ since: new Date(since_ms).toISOString(), until: first, why: "before" }, ...gaps];
}

/** The gap that has at least half of a step. */
export function gapAt(gaps: readonly Gap[], at_s: number, step_s: number): Gap | undefined {
	return gaps.find(({ since, until }) =>
		Math.min(Date.parse(until) / 1000, at_s + step_s) - Math.max(Date.parse(since) / 1000, at_s) >= step_s / 2);
}

/**
 * One value per time: of the row there is, zero where there is none, null where that is
 * because nobody looked.  Rows may be of another time, as long ago as offset_s.
 */
export function valuesOf(rows: readonly Group[], times: readonly number[], step_s: number, gaps: readonly Gap[],
	value: (row: Group) => number | undefined, offset_s = 0): (number | null)[] {
	const known = new Map<number, number>();
	for (const row of rows) {
		/* The time before may be no whole number of steps ago. */
		const at = Math.floor((Date.parse(row.at ?? "") / 1000 + offset_s - times[0]! + step_s / 2) / step_s);
		known.set(at, (known.get(at) ?? 0) + (value(row) ?? 0));
	}
	return times.map((at, i) => known.get(i) ?? (gapAt(gaps, at, step_s) ? null : 0));
}
