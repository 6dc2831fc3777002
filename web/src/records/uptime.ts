/*
 * uptime.ts: how a target was, period by period, made of counts of its probes.
 *
 * A probe counts by its hard state (after retries), as service levels do.  Maintenance
 * and what is unknown count as neither well nor bad; a period without a probe was not
 * observed, which is not the same as well.
 */
import { aggregate, type Aggregate, type Group } from "../api";
import { isHub } from "../fleet";
import type { Params } from "../state";
import { count, time, UNKNOWN } from "../words";

export type Was = "up" | "degraded" | "down" | "maintenance" | "unseen";

/** Probes of one period, by what each said. */
export interface Counts {
	up: number;
	degraded: number;
	down: number;
	maintenance: number;
	unknown: number;
}

export interface Period extends Counts {
	begin_ms: number;
	end_ms: number;
	was: Was;
}

export const WORDS: Record<Was, string> = {
	up: "up", degraded: "degraded", down: "down", maintenance: "maintenance", unseen: "not observed",
};

const KINDS = ["up", "degraded", "down", "maintenance", "unknown"] as const;

/** Of all targets, each from wherever it is asked, by the hour or the day: counted by the daemon as probes come. */
export function askUptime(step: "1h" | "1d", where: Params, abort: AbortSignal): Promise<Aggregate> {
	return aggregate({ record: "uptime", by: isHub.value ? ["target", "sensor"] : ["target"], sum: [...KINDS], step, limit: 10000, where }, abort);
}

/** The worst that was seen: an outage of a minute is not hidden by a good day. */
function worstOf(counts: Counts): Was {
	if (counts.down > 0)
		return "down";
	if (counts.degraded > 0)
		return "degraded";
	if (counts.up > 0)
		return "up";
	return counts.maintenance > 0 ? "maintenance" : "unseen";
}

function emptyPeriods(since_ms: number, until_ms: number, step_ms: number): Period[] {
	const periods: Period[] = [];
	for (let at = Math.floor(since_ms / step_ms) * step_ms; at < until_ms; at += step_ms)
		periods.push({ begin_ms: at, end_ms: Math.min(at + step_ms, until_ms), was: "unseen",
			up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0 });
	return periods;
}

/** A target, and of a fleet from which machine it is asked. */
export function askedFrom(target: string | undefined, sensor: string | undefined): string {
	return sensor === undefined ? target ?? "" : `${target} from ${sensor}`;
}

/** Periods of each, by askedFrom(), of what askUptime() is told. */
export function periodsOf(rows: readonly Group[], since_ms: number, until_ms: number, step_ms: number): Map<string, Period[]> {
	const all = new Map<string, Period[]>();
	for (const row of rows) {
		const target = askedFrom(String(row.target), row.sensor === undefined ? undefined : String(row.sensor));
		let periods = all.get(target);
		if (periods === undefined)
			all.set(target, periods = emptyPeriods(since_ms, until_ms, step_ms));
		const at = Math.floor((Date.parse(row.at ?? "") - periods[0]!.begin_ms) / step_ms);
		const period = periods[at];
		if (period === undefined)
			continue;
		for (const kind of KINDS)
			period[kind] += Number(row[`sum_${kind}`] ?? 0);
		period.was = worstOf(period);
	}
	return all;
}

export function sumOf(periods: readonly Counts[]): Counts {
	const sum: Counts = { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0 };
	for (const period of periods)
		for (const name of KINDS)
			sum[name] += period[name];
	return sum;
}

/** Share of what is known in which it was not down; undefined: nothing is known. */
export function uptimeOf(counts: Counts): number | undefined {
	const known = counts.up + counts.degraded + counts.down;
	return known === 0 ? undefined : 1 - counts.down / known;
}

/**
 * The same of several periods, each by its length: a target that is asked more often
 * while it is down counts no more for that.
 */
export function uptimeOver(periods: readonly Period[]): number | undefined {
	let known_ms = 0, up_ms = 0;
	for (const period of periods) {
		const uptime = uptimeOf(period), length_ms = period.end_ms - period.begin_ms;
		if (uptime === undefined)
			continue;
		known_ms += length_ms;
		up_ms += uptime * length_ms;
	}
	return known_ms === 0 ? undefined : up_ms / known_ms;
}

/** 99.998 %: rounded down, so that 100 % is never said of what was down. */
export function uptimeWords(ratio: number | undefined): string {
	return ratio === undefined ? UNKNOWN : `${Math.floor(ratio * 1e5 + 1e-6) / 1e3} %`;
}

/** "24 Nov 14:00 to 15:00: down in 3 of 60 probes" */
export function sentenceOf(period: Period): string {
	const when = `${time(new Date(period.begin_ms).toISOString())} to ${time(new Date(period.end_ms).toISOString())}`;
	const known = period.up + period.degraded + period.down;
	const all = known + period.maintenance + period.unknown;
	if (all === 0)
		return `${when}: not observed`;
	const parts = [
		period.down > 0 ? `down in ${count(period.down)}` : "",
		period.degraded > 0 ? `degraded in ${count(period.degraded)}` : "",
		period.maintenance > 0 ? `maintenance in ${count(period.maintenance)}` : "",
		period.unknown > 0 ? `unknown in ${count(period.unknown)}` : "",
	].filter((part) => part !== "");
	return parts.length === 0 ? `${when}: up in all ${count(all)} probes` : `${when}: ${parts.join(", ")} of ${count(all)} probes`;
}

/** For a screen reader: the whole of it in a sentence. */
export function summaryOf(periods: readonly Period[]): string {
	const uptime = uptimeOver(periods);
	if (uptime === undefined)
		return "Nothing was observed.";
	const times = (was: Was) => periods.filter((period) => period.was === was).length;
	const parts = (["down", "degraded", "maintenance", "unseen"] as const)
		.filter((was) => times(was) > 0).map((was) => `${WORDS[was]} in ${times(was)}`);
	return `Up for ${uptimeWords(uptime)} of what is known; of ${periods.length} periods ${parts.length === 0 ? "none was bad" : parts.join(", ")}.`;
}

/** Times in seconds, and a value of each, of the probes that were answered: what failed took as long as it was waited for. */
export function answeredOf(rows: readonly Group[]): { times: number[]; of: (name: string) => (number | null)[] } {
	const byTime = new Map<string, Group[]>();
	for (const row of rows)
		if (row.at !== undefined && (row.state === "up" || row.state === "degraded"))
			byTime.set(row.at, [...byTime.get(row.at) ?? [], row]);
	const ats = [...byTime.keys()].sort();
	const valueOf = (groups: readonly Group[], name: string): number | null => {
		const known = groups.filter((group) => group[name] !== undefined);
		if (known.length === 0)
			return null;
		if (name.startsWith("max_"))
			return Math.max(...known.map((group) => Number(group[name])));
		const all = known.reduce((sum, group) => sum + group.count, 0);
		return known.reduce((sum, group) => sum + Number(group[name]) * group.count, 0) / all;
	};
	return { times: ats.map((at) => Date.parse(at) / 1000), of: (name) => ats.map((at) => valueOf(byTime.get(at)!, name)) };
}
