/*
 * WeekFigures.tsx: what each week was like: how many incidents, how soon they were said,
 * taken care of and over, and how many of them in vain.
 */
import type { JSX } from "preact";
import { aggregate, get } from "../api";
import { useData } from "../data";
import { figuresOf, weekBegin, type Sources, type Span, type Week } from "../records/figures";
import { count, duration, percent } from "../words";
import { Empty, Loaded } from "./Empty";
import { Table, type Column } from "./Table";

const WEEKS = 8, WEEK_MS = 7 * 86400000, LIMIT = 100000;

async function read(abort: AbortSignal): Promise<Week[]> {
	const now = Date.now(), since_ms = weekBegin(now - WEEKS * WEEK_MS), since = new Date(since_ms).toISOString();
	const [incidents, gaps, starts, messages] = await Promise.all([
		get("incident", { since, limit: LIMIT }, abort), get("gap", { since, limit: LIMIT }, abort),
		get("audit", { action: "start", limit: LIMIT }, abort),
		aggregate({ record: "notification", step: "1d", where: { state: "sent", since } }, abort),
	]);
	const sources: Sources = {
		incidents: incidents.rows, gaps: gaps.rows, starts: starts.rows.flatMap((one) => one.at ?? []),
		messages: messages.rows.map((row) => ({ at_ms: Date.parse(row.at ?? ""), count: row.count })),
	};
	return figuresOf(sources, since_ms, now);
}

function spanText(span: Span): string {
	const median = span.median_s === 0 ? "0 s" : duration(span.median_s * 1e6);
	return span.mean_s > 2 * span.median_s ? `${median} (mean ${duration(span.mean_s * 1e6)})` : median;
}

function spanColumn(name: "said" | "acknowledged" | "over", title: string, help: string): Column<Week> {
	return { name, title, help, numeric: true, value: (week) => week[name]?.median_s, show: (_v, week) => spanText(week[name]!), exact: (week) => `of ${count(week[name]?.count)} incidents` };
}

const one = (value: number): string => String(Math.round(value * 10) / 10);

const columns: Column<Week>[] = [
	{ name: "week", title: "Week", help: "ISO 8601, in UTC; before: a mean week of those before this one.", value: (week) => week.week, show: (value) => (value === "before" ? "mean before" : String(value)) },
	{ name: "known", title: "Known", help: "How much of the week is over and was watched.", numeric: true, value: (week) => week.known, show: (value) => percent(Number(value)) },
	{ name: "incidents", title: "Incidents", help: "That were first said in it.", numeric: true, value: (week) => week.incidents, show: (value) => one(Number(value)) },
	spanColumn("said", "Until said", "From the first evidence until it was said (time to detect, MTTD)."),
	spanColumn("acknowledged", "Until acknowledged", "From said until acknowledged (MTTA), of those that were."),
	spanColumn("over", "Until over", "From said until over (MTTR), of those that are."),
	{ name: "automatic", title: "Automatic", help: "Share that was blocked, or over, before anybody acted.", numeric: true, value: (week) => week.automatic, show: (value) => percent(Number(value)) },
	{ name: "false", title: "False positives", help: "Of those that a person acknowledged or closed.", numeric: true, value: (week) => week.false, show: (value) => percent(Number(value)) },
	{ name: "messages", title: "Messages", help: "That were sent and taken.", numeric: true, value: (week) => week.messages, show: (value) => one(Number(value)) },
];

export function WeekFigures(): JSX.Element {
	const weeks = useData("figures", read, { every_s: 300 });
	return (
		<section>
			<header><h2>By week</h2><p>Times are medians; a mean stands beside one where it is more than twice as long.</p></header>
			<Loaded data={weeks} what="figures">
				{(rows) => <Table label="Incidents by week" columns={columns} rows={rows} rowKey={(week) => week.week} prefix="weeks-" empty={<Empty>No week is known yet.</Empty>} />}
			</Loaded>
		</section>
	);
}
