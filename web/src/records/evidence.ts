/*
 * evidence.ts: a report as the daemon makes it (docs/compliance.md): controls, the evidence
 * behind them, and how much of the time was really observed.
 */
import type { Tone } from "../parts/Badge";
import { link, type Params } from "../state";
import { percent, plural, span, spaced, UNKNOWN } from "../words";

/** One of GET /api/v1/reports. */
export interface Kind {
	name: string;
	title: string;
	document: boolean;
	edition?: string;
	reviewed?: string;
	purpose?: string;
	controls?: number;
	/** Whom it has to be told: incident, or host-or-user. */
	about?: string;
	formats: string[];
}

export type Cell = string | number | undefined;

export interface Coverage {
	/** Of the time asked for, 0 to 1. */
	ratio?: number;
	known_since?: string;
	/** Why nothing is known before: began, or kept. */
	why?: string;
	lossy_us?: number;
}

export interface Review {
	/** no, other_rows, expired or these_rows. */
	reviewed: string;
	at?: string;
	actor?: string;
	outcome?: string;
	comment?: string;
	/** The time whose rows were looked at. */
	since?: string;
	until?: string;
	expires?: string;
}

export interface Evidence {
	id: string;
	version: number;
	title: string;
	question: string;
	shows: string;
	limits: string;
	observer: string;
	outcome: string;
	row_count: number;
	/** How many rows deviate; undefined: they are for a person to judge. */
	deviations?: number;
	sha256: string;
	query_sha256: string;
	expires: string;
	/** Why it is not known, or not all of it. */
	problem?: string;
	coverage: Coverage;
	/** Absent: not known. */
	review?: Review;
	columns: string[];
	/** The first of them. */
	rows: Record<string, Cell>[];
}

export interface Control {
	id: string;
	title: string;
	strength: string;
	outcome: string;
	shows: string;
	missing: string;
	evidence: string[];
}

export interface Unwatched {
	start: string;
	end: string;
	reason?: string;
	/** Nobody watched; else something was lost. */
	blind: boolean;
	count?: number;
}

export interface Report {
	host?: string;
	since: string;
	until: string;
	made: string;
	framework?: { name: string; title: string; edition: string; published: string; reviewed: string; source: string; note?: string };
	document?: { name: string; title: string; purpose: string; about_host?: string; about_user?: string; about_incident?: string };
	controls?: Control[];
	beyond?: { id: string; title: string; why: string }[];
	sections?: { title: string; text?: string; evidence: string[]; blanks: string[] }[];
	gaps: Unwatched[];
	/** At a hub: whose records it is made of. */
	fleet?: { chosen: string; limits: string; sensors: { sensor: string; site?: string; tags?: string; told_since: string; told_until: string }[] };
	audit: { checked: boolean; problem?: string; records?: number; faults?: number; in_doubt?: boolean; said: { notice: boolean; text: string }[] };
	evidence: Evidence[];
}

/* ---- words ---- */

/** From the gravest on. */
export const OUTCOMES = ["deviations", "unknown", "review", "clear"] as const;

const OUTCOME_WORDS: Record<string, string> = { clear: "clear", review: "to review", unknown: "not known", deviations: "deviates" };
const OUTCOME_TONES: Record<string, Tone> = { clear: "good", review: "info", unknown: "unknown", deviations: "bad" };
const OUTCOME_HELP: Record<string, string> = {
	clear: "Nothing that was observed deviates.",
	review: "Rows for a person to look at: nothing here judges them.",
	unknown: "Nothing was observed, or it could not be read.",
	deviations: "Something is not as it should be.",
};

export const outcomeWords = (outcome: string): string => OUTCOME_WORDS[outcome] ?? outcome;
export const outcomeTone = (outcome: string): Tone => OUTCOME_TONES[outcome] ?? "unknown";
export const outcomeHelp = (outcome: string): string => OUTCOME_HELP[outcome] ?? "";

const STRENGTHS: Record<string, string> = {
	direct: "The evidence shows what the control asks for.",
	partial: "The evidence shows a part of what the control asks for.",
	supporting: "The evidence helps whoever judges the control.",
};
export const strengthHelp = (strength: string): string => STRENGTHS[strength] ?? "";

const WHY: Record<string, string> = { began: "before this the monitor was not here", kept: "what was before this is kept no longer" };

/** "Observed: 97.3 % of the time; from 2026-01-02 on: ..."; at: as the page writes times. */
export function coverageWords({ ratio, known_since, why, lossy_us }: Coverage, at: (time: string | undefined) => string | undefined): string {
	const parts = [`Observed: ${percent(ratio)} of the time`];
	if (why !== undefined)
		parts.push(`from ${at(known_since)} on: ${WHY[why] ?? why}`);
	if ((lossy_us ?? 0) > 0)
		parts.push(`packets or records were lost in ${span((lossy_us ?? 0) / 1e6)} of it`);
	return parts.join("; ");
}

/** "12 rows, 3 of them deviate" */
export function rowWords({ row_count, deviations }: Evidence): string {
	const rows = plural(row_count, "row");
	return deviations === undefined || deviations === 0 ? rows : `${rows}, ${deviations} of them ${deviations === 1 ? "deviates" : "deviate"}`;
}

const REVIEWED: Record<string, string> = {
	these_rows: "Reviewed", expired: "Reviewed, and to be reviewed again", other_rows: "Other rows of it were reviewed, not these",
};

/** Who said what of these very rows; at: as the page writes times. */
export function reviewWords(review: Review | undefined, at: (time: string | undefined) => string | undefined): string {
	if (review === undefined)
		return "Who reviewed it is not known.";
	if (review.actor === undefined)
		return "Nobody has reviewed it.";
	const said = [spaced(review.outcome), review.comment].filter((one) => one !== undefined && one !== UNKNOWN).join(": ");
	const until = at(review.expires);
	const from = at(review.since), to = at(review.until);
	const rows = from === undefined || to === undefined ? "" : `, of ${from} to ${to}`;
	const counts = until === undefined ? "" : ` (${review.reviewed === "expired" ? "counted" : "counts"} until ${until})`;
	return `${REVIEWED[review.reviewed] ?? spaced(review.reviewed)}: by ${review.actor}, ${at(review.at) ?? UNKNOWN}, ${said}${rows}${counts}`;
}

/* ---- how much was observed ---- */

/** A part of the time, as shares of all of it. */
export interface Part {
	was: "observed" | "lossy" | "gap" | "nothing";
	/** Reasons of gaps and losses. */
	why: string;
	begin: number;
	end: number;
}

/**
 * What the time consists of, in order and without overlap: nothing is known before the first
 * record of any evidence, a gap counts over a loss, and the rest was observed.
 */
export function partsOf({ since, until, gaps, evidence }: Pick<Report, "since" | "until" | "gaps"> & { evidence: Pick<Evidence, "coverage">[] }): Part[] {
	const from = Date.parse(since), length = Date.parse(until) - from;
	const share = (at: string) => Math.min(1, Math.max(0, (Date.parse(at) - from) / length));
	const starts = evidence.flatMap(({ coverage }) => (coverage.known_since === undefined ? [] : [share(coverage.known_since)]));
	const known = starts.length === 0 ? 1 : Math.min(...starts);
	const spans = gaps.map(({ start, end, blind, reason }) => ({ begin: share(start), end: share(end), blind, why: spaced(reason) }))
		.filter(({ begin, end }) => end > begin).sort((a, b) => a.begin - b.begin);
	const ends = [...spans].sort((a, b) => a.end - b.end);
	const edges = [...new Set([0, known, 1, ...spans.flatMap(({ begin, end }) => [begin, end])])].sort((a, b) => a - b);
	const parts: Part[] = [];
	/* Of the spans over a part: how many of each reason, and how many blind. */
	const reasons = new Map<string, number>();
	let blinds = 0, begun = 0, ended = 0;
	const count = ({ blind, why }: typeof spans[number], by: 1 | -1): void => {
		const left = (reasons.get(why) ?? 0) + by;
		blinds += blind ? by : 0;
		if (left > 0)
			reasons.set(why, left);
		else
			reasons.delete(why);
	};
	for (let i = 0; i + 1 < edges.length; i++) {
		const begin = edges[i]!, end = edges[i + 1]!, middle = (begin + end) / 2;
		for (; ended < ends.length && ends[ended]!.end <= begin; ended++)
			count(ends[ended]!, -1);
		for (; begun < spans.length && spans[begun]!.begin <= begin; begun++)
			count(spans[begun]!, 1);
		const was = middle < known ? "nothing" : blinds > 0 ? "gap" : reasons.size > 0 ? "lossy" : "observed";
		const why = was === "nothing" ? "" : [...reasons.keys()].join(", ");
		const last = parts[parts.length - 1];
		if (last?.was === was && last.why === why)
			last.end = end;
		else
			parts.push({ was, why, begin, end });
	}
	return parts;
}

/** The least and the most of the time that any evidence has observed. */
export function observedShares(evidence: readonly Pick<Evidence, "coverage">[]): [number, number] | undefined {
	const ratios = evidence.flatMap(({ coverage }) => coverage.ratio ?? []);
	return ratios.length === 0 ? undefined : [Math.min(...ratios), Math.max(...ratios)];
}

/* ---- rows and files ---- */

/** Columns that have a value in any row; what deviates stands first. */
export function columnsOf({ columns, rows }: Pick<Evidence, "columns" | "rows">): string[] {
	const used = columns.filter((name) => rows.some((row) => row[name] !== undefined));
	return [...used.filter((name) => name === "deviation"), ...used.filter((name) => name !== "deviation")];
}

export function outcomesOf(all: readonly { outcome: string }[]): Map<string, number> {
	return all.reduce((counts, { outcome }) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1), new Map<string, number>());
}

export const FORMATS: Record<string, string> = {
	html: "HTML, for screens and paper", pdf: "PDF, for paper", csv: "CSV, the rows of the evidence",
	json: "JSON, all of it", oscal: "OSCAL assessment results", hdf: "HDF (Heimdall)",
};

/** Where a report is as a file; of exactly the time that is shown. */
export function fileHref(name: string, params: Params): string {
	return link(`/api/v1/report/${encodeURIComponent(name)}`, params);
}

/* ---- time ---- */

/** The quarter before the one of now, and 13 months until now, in whole days of UTC. */
export function presets(now_ms: number): { label: string; since: string; until?: string }[] {
	const now = new Date(now_ms), year = now.getUTCFullYear(), month = now.getUTCMonth();
	const quarter = Math.floor(month / 3) * 3;
	const at = (months: number, day = 1) => new Date(Date.UTC(year, months, day));
	const begun = at(quarter - 3);
	/* The 31st of what has 30 days would be the next month's first. */
	const first = at(month - 13, Math.min(now.getUTCDate(), at(month - 12, 0).getUTCDate()));
	return [
		{ label: "Last 30 days", since: "30d" },
		{ label: `Quarter ${begun.getUTCFullYear()} Q${begun.getUTCMonth() / 3 + 1}`, since: begun.toISOString(), until: at(quarter).toISOString() },
		{ label: "13 months", since: first.toISOString() },
	];
}
