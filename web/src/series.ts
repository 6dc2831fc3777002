/*
 * series.ts: records over time as the lines of a chart.  What no record tells of is null:
 * the line is broken there.
 */
import type { Gap } from "./api";
import { rangeTimes, type Range } from "./state";

/** The steps in which ports are kept (docs/store.md), in seconds. */
const STEPS: readonly [string, number][] = [["10s", 10], ["1m", 60], ["1h", 3600], ["1d", 86400]];
const POINTS_MAX = 800;

/** The finest step that does not give more points than a chart can show. */
export function stepFor(range: Range, now_ms = Date.now()): string {
	const [since, until] = rangeTimes(range, now_ms);
	const seconds = (until - since) / 1000;
	return (STEPS.find(([, step]) => seconds / step <= POINTS_MAX) ?? STEPS[STEPS.length - 1]!)[0];
}

export function stepSeconds(step: string): number {
	return STEPS.find(([name]) => name === step)?.[1] ?? 60;
}

export interface Lines {
	/** Unix seconds. */
	times: number[];
	/** One array per field. */
	values: (number | null)[][];
}

export interface Field<R> {
	value: (row: R) => number | undefined;
	/** Of several rows in one step: their sum, or the largest. */
	fold: "sum" | "max";
	/** A counter: where no row is and no gap, nothing happened, which is 0. */
	counts?: boolean;
}

/** Which time is drawn, and of which parts of it nothing is known. */
export interface Within {
	from_s: number;
	to_s: number;
	gaps: readonly Gap[];
}

function foldRows<R>(rows: readonly R[], at: (row: R) => string | undefined, step_s: number,
	fields: readonly Field<R>[]): Map<number, (number | null)[]> {
	const byStep = new Map<number, (number | null)[]>();
	for (const row of rows) {
		const time = at(row);
		if (time === undefined)
			continue;
		const step = Math.floor(Date.parse(time) / 1000 / step_s);
		const values = byStep.get(step) ?? fields.map(() => null);
		fields.forEach(({ value, fold }, i) => {
			const one = value(row), old = values[i] ?? null;
			if (one !== undefined)
				values[i] = old === null ? one : fold === "sum" ? old + one : Math.max(old, one);
		});
		byStep.set(step, values);
	}
	return byStep;
}

function isInGap(gaps: readonly Gap[], begin_s: number, end_s: number): boolean {
	return gaps.some((gap) => Date.parse(gap.since) / 1000 < end_s && Date.parse(gap.until) / 1000 > begin_s);
}

/**
 * One value per step and field, of all rows that begin in it.  Each step within has its
 * place, also where there is no row.
 */
export function linesOf<R>(rows: readonly R[], at: (row: R) => string | undefined, step_s: number,
	fields: readonly Field<R>[], within: Within): Lines {
	const byStep = foldRows(rows, at, step_s, fields);
	const lines: Lines = { times: [], values: fields.map(() => []) };
	for (let step = Math.ceil(within.from_s / step_s); (step + 1) * step_s <= within.to_s; step++) {
		const values = byStep.get(step);
		const isKnown = values !== undefined || !isInGap(within.gaps, step * step_s, (step + 1) * step_s);
		lines.times.push(step * step_s);
		lines.values.forEach((line, i) => line.push(values?.[i] ?? (isKnown && fields[i]!.counts ? 0 : null)));
	}
	return lines;
}

export interface Counted {
	at_ms: number;
	values: (number | undefined)[];
}

/* So much longer than the last step, and nothing was counted in between. */
const MISSING_S = 150;

/**
 * How fast counters rose from one record to the next, per second.  One that fell began
 * anew: what it rose by is not known.  Where records are missing the line is broken.
 */
export function ratesOf(records: readonly Counted[], missing_s = MISSING_S): Lines {
	const width = records[0]?.values.length ?? 0;
	const lines: Lines = { times: [], values: Array.from({ length: width }, () => []) };
	for (let i = 1; i < records.length; i++) {
		const before = records[i - 1]!, now = records[i]!;
		const seconds = (now.at_ms - before.at_ms) / 1000;
		if (seconds <= 0)
			continue;
		if (seconds > missing_s) {
			lines.times.push(before.at_ms / 1000 + 1);
			lines.values.forEach((line) => line.push(null));
		}
		lines.times.push(now.at_ms / 1000);
		lines.values.forEach((line, n) => {
			const a = before.values[n], b = now.values[n];
			line.push(a === undefined || b === undefined || b < a || seconds > missing_s ? null : (b - a) / seconds);
		});
	}
	return lines;
}
