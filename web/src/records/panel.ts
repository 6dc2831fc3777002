/*
 * panel.ts: a panel of a dashboard as a question, and its answer as what is drawn.
 *
 * docs/dashboards.md describes the file; here is only what the page makes of it.
 */
import type { Aggregate, AggregateQuery, Gap, Group, Kind } from "../api";
import type { SankeyLink, SankeyNode } from "../parts/ribbons";
import { link, rangeTimes, type Params, type Range } from "../state";
import { fieldNamed, filterOf, numberWords, valueWords, type RecordSchema } from "./schema";
import { gapAt, stepFor, timesOf, type Step } from "./steps";

export const VIEWS = ["line", "bar", "table", "number", "heat", "sankey"] as const;
export type View = typeof VIEWS[number];
export const MEASURES = ["sum", "max", "mean"] as const;
export type Measure = typeof MEASURES[number];

export interface Panel {
	title: string;
	record: string;
	view: View;
	by?: string[];
	sum?: string[];
	max?: string[];
	mean?: string[];
	where?: Record<string, string>;
	/** Without, what there is now. */
	since?: string;
	step?: string;
	limit?: number;
	sort?: string;
	width: number;
	height: number;
	thresholds?: number[];
}

export interface Dashboard {
	title: string;
	description?: string;
	panels: Panel[];
}

export const PANELS_MAX = 64;
export const COLUMNS = 12;
const HEIGHT_MAX = 8;
const LINES = 6, BARS = 12, CELLS = 15, WAYS = 20, ROWS = 100;
const LINE_STEPS = 400, HEAT_STEPS = 170;

/* ---- how it is edited ---- */

export function newPanel(): Panel {
	return { title: "New panel", record: "port", view: "line", sum: ["client_bytes", "server_bytes"], since: "24h", width: 6, height: 3 };
}

/** The panels with one of them moved by so many places. */
export function moved(panels: readonly Panel[], at: number, by: number): Panel[] {
	const to = Math.max(0, Math.min(panels.length - 1, at + by));
	const rest = panels.filter((_, i) => i !== at);
	return [...rest.slice(0, to), panels[at]!, ...rest.slice(to)];
}

/** A panel made wider and taller by so many columns and rows. */
export function resized(panel: Panel, width: number, height: number): Panel {
	return {
		...panel,
		width: Math.max(1, Math.min(COLUMNS, panel.width + width)),
		height: Math.max(1, Math.min(HEIGHT_MAX, panel.height + height)),
	};
}

/** Without what is empty, as the file has it. */
export function tidied(panel: Panel): Panel {
	return Object.fromEntries(Object.entries(panel).filter(([, value]) =>
		value !== undefined && value !== "" && !(typeof value === "object" && Object.keys(value).length === 0))) as unknown as Panel;
}

/** Why it can't be drawn as it is; the daemon has the last word on that. */
export function lacks(panel: Panel): string | undefined {
	const by = panel.by?.length ?? 0;
	if (panel.view === "sankey" && by < 2)
		return "A Sankey diagram needs at least two fields under Groups: from where, and where to.";
	return panel.view === "heat" && by < 1 ? "A heat map needs a field under Groups: its rows." : undefined;
}

/* ---- the question ---- */

/** Whether records themselves are shown, and no groups of them. */
export function isOfRecords(panel: Panel): boolean {
	return panel.view === "table" && [panel.by, panel.sum, panel.max, panel.mean].every((fields) => (fields ?? []).length === 0);
}

/** The time of a panel: its own, unless the viewer looks at another. */
export function rangeOfPanel(panel: Panel, looked: Range | undefined): Range | undefined {
	if (panel.since === undefined)
		return undefined;
	return looked ?? { since: panel.since, until: undefined };
}

export function stepOfPanel(panel: Panel, range: Range): Step | undefined {
	const [since, until] = rangeTimes(range), seconds = (until - since) / 1000;
	if (panel.view === "line" || panel.view === "heat") {
		const most = panel.view === "line" ? LINE_STEPS : HEAT_STEPS;
		const finest = stepFor(seconds, most);
		/* A step that suits a day is none for a month. */
		return panel.step === undefined || stepFor(seconds, most, panel.step as Step) !== panel.step ? finest : panel.step as Step;
	}
	return undefined;
}

const LIMITS: Record<View, number> = { line: LINES, bar: BARS, table: ROWS, number: 1, heat: CELLS, sankey: WAYS };

export function limitOf(panel: Panel): number {
	return panel.limit ?? LIMITS[panel.view];
}

/** What is asked of the daemon; groups of now are those of the last minutes. */
export function questionOf(panel: Panel, range: Range): AggregateQuery<Kind> {
	return {
		record: panel.record as Kind, by: panel.by as never, sum: panel.sum as never, max: panel.max as never, mean: panel.mean as never,
		step: stepOfPanel(panel, range), limit: limitOf(panel), sort: panel.sort, where: { ...panel.where, ...range },
	};
}

/* ---- the answer ---- */

export interface Value {
	/** As rows of the answer have it: "sum_client_bytes" or "count". */
	key: string;
	/** Of a field: "client_bytes, sum". */
	name: string;
	how: Measure | "count";
	show: (value: number) => string;
}

/** What is told of each group: the measures, or how many records it has. */
export function valuesOfPanel(panel: Panel, schema: RecordSchema): Value[] {
	const values = MEASURES.flatMap((how) => (panel[how] ?? []).map((name): Value => ({
		key: `${how}_${name}`, name: name.replaceAll("_", " ").replace(/ us$/, "") + (how === "sum" ? "" : `, ${how}`), how,
		show: numberWords(fieldNamed(schema, name)?.unit ?? ""),
	})));
	return values.length > 0 ? values : [{ key: "count", name: "records", how: "count", show: numberWords("") }];
}

export function numberAt(row: Group | undefined, key: string): number | undefined {
	const value = row?.[key];
	if (typeof value === "string")
		return Number.isNaN(Date.parse(value)) ? undefined : Date.parse(value);
	return typeof value === "number" ? value : undefined;
}

/** The name of a group: "192.0.2.1 443 tcp". */
export function groupName(row: Group, by: readonly string[], schema: RecordSchema): string {
	return by.map((name) => {
		const field = fieldNamed(schema, name);
		return field === undefined ? String(row[name] ?? "–") : valueWords(field, row[name]);
	}).join(" ");
}

/** Groups in the order of the answer, each with its rows. */
export function groupsOf(answer: Aggregate): { row: Group; rows: Group[] }[] {
	const groups = new Map<string, { row: Group; rows: Group[] }>();
	for (const row of answer.rows) {
		const key = JSON.stringify(answer.by.map((name) => row[name]));
		const known = groups.get(key);
		if (known === undefined)
			groups.set(key, { row, rows: [row] });
		else
			known.rows.push(row);
	}
	return [...groups.values()];
}

/**
 * One value per time.  Where there is no record, nothing was added up: zero, but of an
 * extreme or a mean nothing is known; and in a gap nothing is known at all.
 */
export function overTime(rows: readonly Group[], times: readonly number[], step_s: number, gaps: readonly Gap[], { key, how }: Value): (number | null)[] {
	const known = new Map(rows.map((row) => [Math.round((Date.parse(row.at ?? "") / 1000 - times[0]!) / step_s), numberAt(row, key)]));
	const isCounted = how === "sum" || how === "count";
	return times.map((at, i) => known.get(i) ?? (isCounted && gapAt(gaps, at, step_s) === undefined ? 0 : null));
}

export function timesOfAnswer(answer: Aggregate): number[] {
	return timesOf(Date.parse(answer.since), Date.parse(answer.until), answer.step_s ?? 60);
}

/** Bars and ribbons between the values of each two fields that follow each other. */
export function waysOf(answer: Aggregate, value: Value, schema: RecordSchema, href: (row: Group) => string): { nodes: SankeyNode[]; links: SankeyLink[] } {
	const nodes = new Map<string, SankeyNode>(), links = new Map<string, SankeyLink>();
	for (const row of answer.rows) {
		const ids = answer.by.map((name, stage) => `${stage} ${groupName(row, [name], schema)}`);
		ids.forEach((id, stage) => nodes.set(id, { id, stage, label: id.slice(String(stage).length + 1) }));
		for (let i = 1; i < ids.length; i++) {
			const key = `${ids[i - 1]}\0${ids[i]}`, known = links.get(key);
			const more = numberAt(row, value.key) ?? 0;
			links.set(key, { from: ids[i - 1]!, to: ids[i]!, value: (known?.value ?? 0) + more, href: known === undefined ? href(row) : known.href });
		}
	}
	return { nodes: [...nodes.values()], links: [...links.values()] };
}

/* ---- the records behind it ---- */

/** Where the records of a group, or of a step of it, are shown. */
export function behind(panel: Panel, schema: RecordSchema, range: Range | undefined, row?: Group, step_s?: number): string {
	const filters: Params = { ...panel.where };
	for (const name of panel.by ?? [])
		if (row?.[name] !== undefined)
			filters[filterOf(schema, name) ?? name] = String(row[name]);
	if (range !== undefined)
		Object.assign(filters, range);
	if (row?.at !== undefined && step_s !== undefined) {
		filters.since = row.at;
		filters.until = new Date(Date.parse(row.at) + step_s * 1000 - 1).toISOString();
	}
	return link("/records", { record: panel.record, ...filters });
}
