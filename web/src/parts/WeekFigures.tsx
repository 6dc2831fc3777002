/*
 * WeekFigures.tsx: what each week was like: how many incidents, how soon they were said,
 * taken care of and over, and how many of them in vain; as the daemon counts them.
 */
import type { JSX } from "preact";
import { get, type Row } from "../api";
import { useData } from "../data";
import { count, duration, percent, plural } from "../words";
import { Empty, Loaded } from "./Empty";
import { Table, type Column } from "./Table";

type Figures = Row<"figures">;

const WEEK_S = 7 * 86400;
/* Of how many of them a span is; of all that were said it is known. */
const COUNTS = { acknowledge: "acknowledged", resolve: "resolved" } as const;

/** The mean only where it says something else. */
function spanText(median_us: number, mean_us: number | undefined): string {
	const median = median_us === 0 ? "0 s" : duration(median_us);
	return mean_us !== undefined && mean_us > 2 * median_us ? `${median} (mean ${duration(mean_us)})` : median;
}

function spanColumn(name: "detect" | "acknowledge" | "resolve", title: string, help: string): Column<Figures> {
	return {
		name, title, help, numeric: true, value: (week) => week[`${name}_median_us`],
		show: (value, week) => spanText(Number(value), week[`${name}_mean_us`]),
		exact: (week) => (name === "detect" ? undefined : `of ${plural(week[COUNTS[name]] ?? 0, "incident")}`),
	};
}

/** Of how much of it anything is known. */
function knownText(week: Figures): string {
	return week.week === "before" ? plural(week.weeks ?? 0, "week") : percent((week.known_s ?? 0) / WEEK_S);
}

const one = (value: number): string => String(Math.round(value * 10) / 10);

const columns: Column<Figures>[] = [
	{ name: "week", title: "Week", help: "ISO 8601, in UTC; before: a mean week of those before this one.", value: (week) => week.week, show: (value) => (value === "before" ? "mean before" : String(value)) },
	{ name: "known", title: "Known", help: "How much of the week is over and was watched; of the mean week: of how many weeks anything is known.", numeric: true, value: (week) => week.known_s, show: (_value, week) => knownText(week) },
	{ name: "incidents", title: "Incidents", help: "That were first said in it.", numeric: true, value: (week) => week.incidents, show: (value) => one(Number(value)) },
	spanColumn("detect", "Until said", "From the first evidence until it was said (time to detect, MTTD)."),
	spanColumn("acknowledge", "Until acknowledged", "From said until acknowledged (MTTA), of those that were."),
	spanColumn("resolve", "Until over", "From said until over (MTTR), of those that are."),
	{ name: "automatic", title: "Automatic", help: "Share that was blocked, or over, before anybody acted.", numeric: true, value: (week) => week.automatic_ratio, show: (value) => percent(Number(value)) },
	{ name: "false", title: "False positives", help: "Of those that a person acknowledged or closed.", numeric: true, value: (week) => week.false_ratio, show: (value) => percent(Number(value)), exact: (week) => `of ${count(week.judged)}` },
	{ name: "messages", title: "Messages", help: "That were sent and taken.", numeric: true, value: (week) => week.messages, show: (value) => one(Number(value)) },
];

export function WeekFigures(): JSX.Element {
	const weeks = useData("figures", (abort) => get("figures", {}, abort), { every_s: 300 });
	return (
		<section>
			<header><h2>By week</h2><p>Times are medians; a mean stands beside one where it is more than twice as long.</p></header>
			<Loaded data={weeks} what="figures">
				{({ rows }) => <Table label="Incidents by week" columns={columns} rows={rows} rowKey={(week) => week.week ?? ""} prefix="weeks-" empty={<Empty>No week is known yet.</Empty>} />}
			</Loaded>
		</section>
	);
}
