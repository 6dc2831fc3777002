/*
 * heat.ts: how many answers took how long, over time: what a heat map shows.
 *
 * Buckets of time to answer grow by the square root of ten, so that a tail can be seen
 * beside what is usual.
 */
import type { HeatLine } from "../parts/HeatGrid";
import type { HeatValue } from "../parts/heat_scale";
import { duration, exact, time } from "../words";

export interface Heat {
	/** Upper ends of the buckets in microseconds, ascending; the last has none. */
	bounds_us: number[];
	begin_ms: number;
	step_ms: number;
	/** counts[column][bucket] */
	counts: number[][];
	most: number;
	/** Answers that are in it. */
	all: number;
}

const FIRST_US = 10, PER_DECADE = 2;

function bucketOf(us: number): number {
	return us <= FIRST_US ? 0 : Math.ceil(Math.log10(us / FIRST_US) * PER_DECADE - 1e-9);
}

function boundOf(bucket: number): number {
	return FIRST_US * 10 ** (bucket / PER_DECADE);
}

/** undefined: none answered. */
export function heatOf(answers: readonly { at_ms: number; us: number }[], begin_ms: number, end_ms: number, columns: number): Heat | undefined {
	if (answers.length === 0)
		return undefined;
	const buckets = answers.map((answer) => bucketOf(answer.us));
	const low = buckets.reduce((least, one) => Math.min(least, one)), high = buckets.reduce((most, one) => Math.max(most, one));
	const step_ms = (end_ms - begin_ms) / columns;
	const counts = Array.from({ length: columns }, () => new Array<number>(high - low + 1).fill(0));
	let most = 0, all = 0;
	answers.forEach(({ at_ms }, i) => {
		const column = counts[Math.floor((at_ms - begin_ms) / step_ms)];
		if (column === undefined)
			return;
		const bucket = buckets[i]! - low;
		column[bucket]!++;
		all++;
		most = Math.max(most, column[bucket]!);
	});
	return { bounds_us: Array.from({ length: high - low + 1 }, (_, i) => boundOf(low + i)), begin_ms, step_ms, counts, most, all };
}

export interface HeatTable {
	rows: HeatLine[];
	columns: HeatLine[];
	values: HeatValue[][];
}

/** As a heat map takes it: the longest above; of a time without any answer nothing is known. */
export function heatTable({ bounds_us, begin_ms, step_ms, counts }: Heat): HeatTable {
	const buckets = bounds_us.map((_, i) => bounds_us.length - 1 - i);
	return {
		rows: buckets.map((bucket) => ({ key: String(bucket), label: duration(bounds_us[bucket]), exact: `up to ${duration(bounds_us[bucket])}` })),
		columns: counts.map((_, i) => {
			const at = new Date(begin_ms + i * step_ms).toISOString();
			return { key: at, label: time(at), exact: exact(at) };
		}),
		values: buckets.map((bucket) => counts.map((column) => (column.every((one) => one === 0) ? null : column[bucket]))),
	};
}

/** The value that a share of them does not exceed (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number | undefined {
	return sorted.length === 0 ? undefined : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
