/*
 * figures.ts: what each week was like, as `breakwater incidents --figures` counts it
 * (docs/alerts.md, "Figures"): weeks of ISO 8601 in UTC, times as medians with the mean
 * beside them, counts of the mean week by the time that is known.
 */
import type { Row } from "../api";
import { isPart } from "./incident";

const SECOND = 1000, DAY = 86400 * SECOND, WEEK = 7 * DAY;
/* 1970 began on a Thursday. */
const MONDAY = -3 * DAY;

export interface Span {
	median_s: number;
	mean_s: number;
	count: number;
}

export interface Week {
	/** 2026-W48; before: a mean week of those before this one. */
	week: string;
	begin_ms: number;
	/** Share of it that is over and was watched. */
	known: number;
	incidents?: number;
	said?: Span;
	acknowledged?: Span;
	over?: Span;
	automatic?: number;
	false?: number;
	messages?: number;
}

export interface Sources {
	incidents: readonly Row<"incident">[];
	gaps: readonly Row<"gap">[];
	/** Starts of the daemon: before the first nothing is known. */
	starts: readonly string[];
	/** Messages that were sent, by the begin of their day. */
	messages: readonly { at_ms: number; count: number }[];
}

export function weekBegin(at_ms: number): number {
	return Math.floor((at_ms - MONDAY) / WEEK) * WEEK + MONDAY;
}

/** By its Thursday. */
export function weekName(begin_ms: number): string {
	const thursday = new Date(begin_ms + 3 * DAY), year = thursday.getUTCFullYear();
	const number = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / WEEK) + 1;
	return `${year}-W${String(number).padStart(2, "0")}`;
}

function spanOf(seconds: (number | undefined)[]): Span | undefined {
	const known = seconds.filter((one): one is number => one !== undefined && one >= 0).sort((a, b) => a - b);
	if (known.length === 0)
		return undefined;
	/* Of an even number the greater of the two in the middle, as the command has it. */
	const median_s = known[known.length >> 1]!;
	return { median_s, mean_s: known.reduce((sum, one) => sum + one, 0) / known.length, count: known.length };
}

function between(from: string | undefined, to: string | undefined): number | undefined {
	return from === undefined || to === undefined ? undefined : (Date.parse(to) - Date.parse(from)) / SECOND;
}

/** Somebody looked at it, so that he could have said that it was none. */
function isJudged(one: Row<"incident">): boolean {
	return one.acknowledged !== undefined || one.false_positive === true ||
		(one.closed_by !== undefined && one.closed_by !== "" && one.closed_by !== "breakwater");
}

function overlap(begin: number, end: number, from: number, to: number): number {
	return Math.max(0, Math.min(end, to) - Math.max(begin, from));
}

/** A gap before the first start that is kept: something ran before. */
function knownSince(sources: Sources, hiding: readonly Row<"gap">[]): number {
	const first = Math.min(...sources.starts.map((at) => Date.parse(at)));
	const gap = Math.min(...hiding.map((one) => Date.parse(one.start!)));
	return Number.isFinite(first) && first <= gap ? first : -Infinity;
}

const ratio = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined);

/** This week, the mean of those before it, then each of them, the newest first, back to the first of which anything is known. */
export function figuresOf(sources: Sources, since_ms: number, now_ms: number): Week[] {
	const hiding = sources.gaps.filter((one) => (one.reason === "stopped" || one.reason === "suspended") && one.start !== undefined && one.end !== undefined);
	const since = knownSince(sources, hiding), current = weekBegin(now_ms), first = Math.min(weekBegin(since_ms), current);
	const known = (begin: number): number => {
		const end = Math.min(begin + WEEK, now_ms);
		const missing = hiding.reduce((sum, one) => sum + overlap(Date.parse(one.start!), Date.parse(one.end!), begin, end), 0);
		return Math.max(0, overlap(since, Infinity, begin, end) - missing);
	};
	const samples = sources.incidents.filter((one) => one.detected !== undefined && Date.parse(one.detected) >= first &&
		Date.parse(one.detected) <= now_ms && !isPart(one));
	const tell = (from: number, to: number, isMean: boolean): Week => {
		let known_ms = 0;
		for (let week = from; week < to; week += WEEK)
			known_ms += known(week);
		const weeks = isMean ? known_ms / WEEK : 1;
		const own = samples.filter((one) => Date.parse(one.detected!) >= from && Date.parse(one.detected!) < to);
		const messages = sources.messages.filter((one) => one.at_ms >= from && one.at_ms < to).reduce((sum, one) => sum + one.count, 0);
		return {
			week: isMean ? "before" : weekName(from), begin_ms: from, known: known_ms / (to - from),
			incidents: known_ms > 0 ? own.length / weeks : undefined, messages: known_ms > 0 ? messages / weeks : undefined,
			said: spanOf(own.map((one) => between(one.first, one.detected))),
			acknowledged: spanOf(own.map((one) => between(one.detected, one.acknowledged))),
			over: spanOf(own.map((one) => between(one.detected, one.end))),
			automatic: ratio(own.filter((one) => one.automatic === true).length, own.filter((one) => one.automatic !== undefined).length),
			false: ratio(own.filter((one) => one.false_positive === true).length, own.filter(isJudged).length),
		};
	};
	let begin = first;
	while (begin < current && known(begin) === 0)
		begin += WEEK;
	const rows = [tell(current, current + WEEK, false)];
	if (begin < current)
		rows.push(tell(first, current, true));
	for (let week = current - WEEK; week >= begin; week -= WEEK)
		rows.push(tell(week, week + WEEK, false));
	return rows;
}
