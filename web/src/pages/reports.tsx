/*
 * reports.tsx: which reports there are, with evidence (report.tsx), and what was in a time:
 * to print, or to hand on as a table.  It says how much of the time was watched before it
 * says anything else.
 */
import type { JSX } from "preact";
import { aggregate, get, pathOf, type Aggregate, type Gap, type Kind, type Row } from "../api";
import { useData } from "../data";
import { Empty, Loaded } from "../parts/Empty";
import { Figure, Figures } from "../parts/Figure";
import { Kinds, Made } from "../parts/ReportList";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { isInForce } from "../records/block";
import { hiddenBecause, LIKELY, newestOf, sentenceOf } from "../records/forecast";
import { incidentColumns } from "../records/incident";
import { levelColumns } from "../records/level";
import { countsBy, coverage, happened, judged } from "../records/report";
import { gapsOf, reasonOf } from "../records/steps";
import { askUptime, periodsOf, sumOf, uptimeOf, uptimeWords } from "../records/uptime";
import { link, param, rangeOf, rangeTimes } from "../state";
import { count, exact, percent, plural, span, spaced, UNKNOWN } from "../words";
import { OneReport } from "./report";

const USUAL = "30d", LIMIT = 100000;
const HOURS_MAX_MS = 3 * 86400e3;

/* How fast a budget burns now is on the page Availability. */
const PROMISED = ["target", "name", "measure", "objective", "reached", "budget_left", "bad"];
const promised = levelColumns.filter(({ name }) => PROMISED.includes(name));

interface Answers {
	since_ms: number;
	until_ms: number;
	probes: Aggregate;
	findings: Aggregate;
	/** Also the time before Breakwater watched at all. */
	gaps: Gap[];
	blocks: Row<"block">[];
	incidents: Row<"incident">[];
	levels: Row<"level">[];
	listeners: Row<"listener">[];
	forecasts: Row<"forecast">[];
}

async function read(since_ms: number, until_ms: number, abort: AbortSignal): Promise<Answers> {
	const where = { since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString() };
	const [self, probes, findings, blocks, incidents, levels, listeners, forecasts] = await Promise.all([
		aggregate({ record: "self", min: ["at"], where }, abort),
		/* Of a time that is about a day, its own hours and not all of two days. */
		askUptime(until_ms - since_ms <= HOURS_MAX_MS ? "1h" : "1d", where, abort),
		aggregate({ record: "finding", by: ["kind", "severity"], limit: 1000, where }, abort),
		get("block", { ...where, limit: LIMIT }, abort), get("incident", { ...where, limit: LIMIT }, abort),
		get("level", {}, abort), get("listener", {}, abort), get("forecast", { since: "2d", limit: LIMIT }, abort),
	]);
	const first = self.rows[0]?.min_at ?? where.until;
	return { since_ms, until_ms, probes, findings, gaps: gapsOf(findings, since_ms, String(first)), blocks: blocks.rows, incidents: incidents.rows, levels: levels.rows, listeners: listeners.rows, forecasts: forecasts.rows };
}

/** The worst uptime of a target, and whose it is. */
function worstOf({ probes, since_ms, until_ms }: Answers): { target: string; uptime: number } | undefined {
	const all = [...periodsOf(probes.rows, since_ms, until_ms, 86400000)].flatMap(([target, periods]) => {
		const uptime = uptimeOf(sumOf(periods));
		return uptime === undefined ? [] : [{ target, uptime }];
	});
	return all.sort((a, b) => a.uptime - b.uptime)[0];
}

function InShort({ answers }: { answers: Answers }): JSX.Element {
	const { since_ms, until_ms, findings, gaps, blocks, incidents, levels, listeners } = answers;
	const watched = coverage(gaps, since_ms, until_ms), of = judged(incidents), worst = worstOf(answers);
	const findingsAll = findings.rows.reduce((sum, row) => sum + row.count, 0);
	const spent = levels.filter((level) => (level.budget_left ?? 1) <= 0).length;
	const unapproved = listeners.filter((one) => one.authorized === false).length;
	const seconds = (value: number | undefined) => (value === undefined ? UNKNOWN : span(value));
	return (
		<Figures>
			<Figure label="Watched" value={percent(watched)} over={watched < 0.99} help="Share of the time in which Breakwater ran and lost nothing: of the rest this report knows nothing." />
			<Figure label="Lowest uptime" value={worst === undefined ? UNKNOWN : uptimeWords(worst.uptime)} note={worst?.target ?? "nothing was asked"} href={link("/availability")} />
			<Figure label="Budgets used up" value={count(spent)} note={`of ${plural(levels.length, "service level")}`} over={spent > 0} />
			<Figure label="Incidents" value={count(of.all)} note={`${of.open} open, ${of.falsePositive} false positives, ${of.automatic} over by themselves`} href={link("/incidents")} />
			<Figure label="Until acknowledged" value={seconds(of.acknowledge_s)} help="Median, from the first evidence; of those that were." />
			<Figure label="Until over" value={seconds(of.resolve_s)} help="Median, from the first evidence; of those that are." />
			<Figure label="Findings" value={count(findingsAll)} help="Attacks and other things found in packets and logs." href={link("/attacks", { since: rangeOf(USUAL).since })} />
			<Figure label="Blocks" value={count(blocks.length)} note={`${blocks.filter(isInForce).length} in force`} href={link("/blocks")} />
			<Figure label="Listeners" value={count(listeners.length)} note={unapproved > 0 ? `${unapproved} not in the register` : "none beside the register"} over={unapproved > 0} href={link("/ports")} />
		</Figures>
	);
}

function Found({ findings }: Answers): JSX.Element {
	const kinds = countsBy(findings.rows, "kind"), severities = new Map(countsBy(findings.rows, "severity"));
	if (kinds.length === 0)
		return <Empty>Nothing was found in this time.</Empty>;
	return (
		<>
			<p>By severity: {["critical", "high", "medium", "low", "notice"].filter((one) => severities.has(one)).map((one) => `${count(severities.get(one))} ${one}`).join(", ")}.</p>
			<table>
				<thead><tr><th scope="col">What</th><th scope="col" class="number">Findings</th></tr></thead>
				<tbody>{kinds.map(([kind, of]) => <tr key={kind}><th scope="row">{spaced(kind)}</th><td class="number">{count(of)}</td></tr>)}</tbody>
			</table>
		</>
	);
}

function Ahead({ forecasts }: Answers): JSX.Element {
	const likely = newestOf(forecasts).filter((one) => hiddenBecause(one) === undefined && (one.probability ?? 0) >= LIKELY);
	if (likely.length === 0)
		return <Empty>No limit is likely to be crossed, as far as forecasts of skill tell.</Empty>;
	return <ul>{likely.map((one) => <li key={`${one.subject} ${one.metric}`}>{sentenceOf(one)}</li>)}</ul>;
}

function NotWatched({ gaps }: Answers): JSX.Element {
	if (gaps.length === 0)
		return <Empty>All of this time was watched.</Empty>;
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label="What was not watched"><table>
			<thead><tr><th scope="col">From</th><th scope="col">Until</th><th scope="col">Why</th></tr></thead>
			<tbody>{gaps.map((gap) => (
				<tr key={gap.since}><td>{exact(gap.since)}</td><td>{exact(gap.until)}</td><td>{reasonOf(gap) ?? UNKNOWN}</td></tr>
			))}</tbody>
		</table></div>
	);
}

const TABLES: readonly [Kind, string][] = [
	["incident", "Incidents"], ["alert", "Alerts"], ["finding", "Findings"], ["block", "Blocks"], ["login", "Logins"], ["listener", "Listeners, as they are now"],
	["level", "Service levels, as they stand now"], ["gap", "What was not watched"], ["audit", "Changes and decisions"], ["notification", "Who was told"],
];
const OF_NOW: readonly Kind[] = ["listener", "level"];

function Tables({ since_ms, until_ms }: Answers): JSX.Element {
	const times = { since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString() };
	const file = (kind: Kind, format: string) => link(pathOf(kind), { ...(OF_NOW.includes(kind) ? {} : times), limit: LIMIT, format });
	return (
		<ul class="report-tables">
			{TABLES.map(([kind, title]) => (
				<li key={kind}>{title}: <a href={file(kind, "csv")} download={`${kind}.csv`}>CSV</a>{" "}
					<a href={file(kind, "ndjson")} download={`${kind}.ndjson`}>JSON lines</a></li>
			))}
		</ul>
	);
}

function Report({ answers }: { answers: Answers }): JSX.Element {
	const { since_ms, until_ms, levels, incidents } = answers;
	const at = (ms: number) => exact(new Date(ms).toISOString());
	return (
		<article class="report">
			<section>
				<header><h2>In short</h2><p>{at(since_ms)} to {at(until_ms)}, made {at(Date.now())}</p></header>
				<InShort answers={answers} />
			</section>
			<section><h2>What was not watched</h2><NotWatched {...answers} /></section>
			<section><h2>Service levels</h2>
				<Table small label="Service levels" prefix="levels-" columns={promised} rows={levels} rowKey={(level) => `${level.name} ${level.target} ${level.measure}`}
					empty={<Empty>No target is asked, and no service level is set: <code>levels</code> in the configuration.</Empty>} /></section>
			<section><h2>Incidents</h2>
				<Table small label="Incidents" prefix="incidents-" columns={incidentColumns} rows={happened(incidents)} rowKey={(one) => one.id ?? ""}
					href={(one) => link("/incidents", { id: one.id })} empty={<Empty>There was none in this time.</Empty>} /></section>
			<section><h2>What was found</h2><Found {...answers} /></section>
			<section><h2>What will be</h2><Ahead {...answers} /></section>
			<section class="no-print"><header><h2>As tables</h2><p>The records themselves, for a spreadsheet or a script.</p></header><Tables {...answers} /></section>
		</article>
	);
}

function Summary(): JSX.Element {
	const range = rangeOf(USUAL);
	const answers = useData(`report ${JSON.stringify(range)}`, (abort) => {
		const [since_ms, until_ms] = rangeTimes(range);
		return read(since_ms, until_ms, abort);
	}, { every_s: 0 });
	return (
		<>
			<Kinds />
			<Made />
			<div class="filters no-print report-time">
				<button type="button" onClick={() => print()}>Print, or save as PDF</button>
				<span class="rest"><TimeRange usual={USUAL} /></span>
			</div>
			<Loaded data={answers} what="the report">{(value) => <Report answers={value} />}</Loaded>
		</>
	);
}

export default function Reports(): JSX.Element {
	const name = param("report");
	return name === undefined ? <Summary /> : <OneReport name={name} />;
}
