/*
 * availability.tsx: what is asked whether it is well: how each was, what was promised of
 * it, and when and why it was not well.  One target is availability_target.tsx.
 *
 * The daemon counts the probes: of a thousand targets come a thousand rows of bars, and
 * not the probes that they are made of.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Aggregate, Row } from "../api";
import { useData, useRecords, type Data } from "../data";
import { toneOfState, Badge } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Figure, Figures } from "../parts/Figure";
import { choicesOf, Filters, matches, type Filter } from "../parts/Filters";
import { Table, type Column } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { UptimeBars, UptimeLegend } from "../parts/UptimeBars";
import { levelColumns } from "../records/level";
import { outageColumns, outagesOf } from "../records/outage";
import { askedFrom, askUptime, periodsOf, sumOf, uptimeOver, uptimeWords, type Period } from "../records/uptime";
import { here, link, param, rangeOf, rangeTimes, type Range } from "../state";
import { ago, count, duration, plural, span, spaced } from "../words";
import { AvailabilityTarget } from "./availability_target";

const USUAL = "24h";
const HOUR_S = 3600, DAY_S = 86400;
/* Up to so long an hour is a bar, then a day; one target has more room. */
const HOURS_MAX_S = 3 * DAY_S, HOURS_OF_ONE_MAX_S = 7 * DAY_S;
const OUTAGES_MAX = 2000;

interface Asked {
	/** Of a fleet: from where it is asked. */
	sensor?: string;
	probe: Row<"probe">;
	target: string;
	periods: readonly Period[];
	uptime?: number;
	known: number;
	level?: Row<"level">;
}

/** The step of the bars of a range, in seconds. */
export function stepOf(range: Range, isOne = false): number {
	const [since, until] = rangeTimes(range);
	return (until - since) / 1000 <= (isOne ? HOURS_OF_ONE_MAX_S : HOURS_MAX_S) ? HOUR_S : DAY_S;
}

/** Counts of probes by state, target and time; of one target, from wherever it is asked, or of all. */
export function useUptime(range: Range, target?: string): Data<Aggregate> {
	const step = stepOf(range, target !== undefined) === HOUR_S ? "1h" : "1d";
	return useData(`uptime ${JSON.stringify(range)} ${target}`, (abort) => askUptime(step, { ...range, target }, abort), { every_s: 60 });
}

/** What is worse comes first. */
const RANK: Record<string, number> = { down: 0, degraded: 1, unknown: 2, up: 3 };
const rankOf = (asked: Asked): number => RANK[asked.probe.hard_state ?? "unknown"] ?? 2;

function askedOf(probes: readonly Row<"probe">[], uptime: Aggregate | undefined, levels: readonly Row<"level">[], range: Range): Asked[] {
	const [since, until] = rangeTimes(range);
	const periods = periodsOf(uptime?.rows ?? [], since, until, stepOf(range) * 1000);
	const levelOf = new Map(levels.filter((one) => one.measure === "availability").map((one) => [askedFrom(one.target, one.sensor), one]));
	return probes.map((probe) => {
		const from = askedFrom(probe.target, probe.sensor), own = periods.get(from) ?? [], sum = sumOf(own);
		return { sensor: probe.sensor, probe, target: probe.target ?? "", periods: own, uptime: uptimeOver(own), known: sum.up + sum.degraded + sum.down, level: levelOf.get(from) };
	}).sort((a, b) => rankOf(a) - rankOf(b) || (a.uptime ?? 1) - (b.uptime ?? 1) || a.target.localeCompare(b.target) || (a.sensor ?? "").localeCompare(b.sensor ?? ""));
}

const columns: Column<Asked>[] = [
	{ name: "target", title: "Target", help: "What is asked; opens all that is known of it.", value: (r) => r.target },
	{ name: "state", title: "State", help: "After retries (hard state): up, degraded, down, or unknown by our own trouble.", value: (r) => rankOf(r),
	  show: (_v, r) => <Badge tone={r.probe.maintenance ? "info" : toneOfState(r.probe.hard_state)} title={r.probe.detail}>{r.probe.maintenance ? "maintenance" : r.probe.hard_state ?? "unknown"}</Badge> },
	{ name: "since", title: "For", help: "Since when it has that state.", numeric: true, value: (r) => (r.probe.hard_since === undefined ? undefined : (Date.now() - Date.parse(r.probe.hard_since)) / 1000),
	  show: (value) => span(Number(value)), exact: (r) => ago(r.probe.hard_since) },
	{ name: "bars", title: "In this time", help: "An hour or a day each, by the worst that was seen in it.", value: (r) => r.uptime,
	  show: (_v, r) => <UptimeBars periods={r.periods} label={r.target} />, exact: () => "" },
	{ name: "uptime", title: "Uptime", help: "Share of the time that is known in which it was not down, and of how many probes that is known; maintenance and unknown count as neither.", numeric: true, value: (r) => r.uptime,
	  show: (value, r) => <>{uptimeWords(Number(value))} <span class="availability-of">of {count(r.known)}</span></>, exact: (r) => `of ${count(r.known)} probes`, over: (value, r) => r.level?.objective !== undefined && Number(value) < r.level.objective },
	{ name: "budget", title: "Budget left", help: "Of its service level: share of the error budget that is left.", numeric: true, value: (r) => r.level?.budget_left,
	  show: (value) => `${Math.floor(Number(value) * 100)} %`, over: (value) => Number(value) <= 0 },
	{ name: "answer", title: "Answers in", help: "What it took the last time, without its name.", numeric: true, value: (r) => r.probe.answer_us ?? r.probe.first_byte_us, show: (value) => duration(Number(value)) },
	{ name: "reason", title: "Reason", help: "Why it is not up.", value: (r) => r.probe.reason, show: (value) => spaced(String(value)), exact: (r) => r.probe.detail },
	{ name: "protocol", title: "Protocol", help: "In which words it is asked.", optional: true, value: (r) => r.probe.protocol },
	{ name: "by", title: "By", help: "Who proved it last: a probe, a client's traffic, or a heartbeat of its own (push).", optional: true, value: (r) => r.probe.by },
	{ name: "software", title: "Software", help: "As it says itself.", optional: true, value: (r) => r.probe.software },
	{ name: "certificate", title: "Certificate ends", help: "When the first certificate of its chain ends.", optional: true, numeric: true, value: (r) => (r.probe.cert_not_after === undefined ? undefined : Date.parse(r.probe.cert_not_after)),
	  show: (_v, r) => ago(r.probe.cert_not_after) },
];

function filtersOf(rows: readonly Asked[]): Filter[] {
	return [
		{ name: "text", label: "Search", placeholder: "target, reason, software" },
		{ name: "state", label: "State", choices: ["up", "degraded", "down", "unknown"] },
		{ name: "protocol", label: "Protocol", choices: choicesOf(rows, (r) => r.probe.protocol) },
	];
}

function isWanted(row: Asked): boolean {
	const is = (name: string, value: string | undefined) => param(name) === undefined || param(name) === value;
	return is("state", row.probe.hard_state ?? "unknown") && is("protocol", row.probe.protocol) &&
		matches(param("text"), row.target, row.probe.reason, row.probe.detail, row.probe.software, row.probe.ip);
}

function Summary({ rows }: { rows: readonly Asked[] }): JSX.Element {
	const of = (state: string) => rows.filter((row) => (row.probe.hard_state ?? "unknown") === state).length;
	const ends = rows.map((row) => row.probe.cert_not_after).filter((at): at is string => at !== undefined).sort()[0];
	const used = rows.filter((row) => (row.level?.budget_left ?? 1) <= 0).length;
	return (
		<Figures>
			<Figure label="Targets" value={count(rows.length)} help="Services that are asked whether they are well." />
			<Figure label="Down" value={count(of("down"))} over={of("down") > 0} href={here({ state: "down" })} />
			<Figure label="Degraded" value={count(of("degraded"))} href={here({ state: "degraded" })} />
			<Figure label="Unknown" value={count(of("unknown"))} help="By our own trouble, or as what they are reached through is down." href={here({ state: "unknown" })} />
			<Figure label="Budgets used up" value={count(used)} over={used > 0} help="Service levels whose error budget is spent." />
			<Figure label="First certificate ends" value={ago(ends)} />
		</Figures>
	);
}

/** Of all targets, or of one. */
export function Outages({ range, target }: { range: Range; target?: string }): JSX.Element {
	const alerts = useRecords("alert", { ...range, target, limit: OUTAGES_MAX }, { live: ["alert"], every_s: 60 });
	const failures = useRecords("failure", { ...range, target, limit: OUTAGES_MAX }, { live: ["failure"], every_s: 60 });
	const incidents = useRecords("incident", { ...range, limit: OUTAGES_MAX }, { live: ["incident"], every_s: 60 });
	const outages = useMemo(() => outagesOf(alerts.value ?? [], failures.value ?? [], incidents.value ?? []),
		[alerts.value, failures.value, incidents.value]);
	return (
		<section>
			<h2>Last outages</h2>
			<Loaded data={alerts} what="outages">
				{() => (
					<Table label="Last outages" columns={outageColumns} rows={outages} rowKey={(row) => row.id} prefix="outages-"
						href={(row) => (row.incident === undefined ? undefined : link("/incidents", { id: row.incident }))}
						empty={<Empty>Nothing that is asked was down or degraded, in this time.</Empty>} />
				)}
			</Loaded>
		</section>
	);
}

export function Levels({ levels, target }: { levels: Data<Row<"level">[]>; target?: string }): JSX.Element {
	return (
		<section>
			<header><h2>Service levels</h2><p>What was promised, and how much of the error budget is left.</p></header>
			<Loaded data={levels} what="service levels">
				{(rows) => (
					<Table label="Service levels" columns={target === undefined ? levelColumns : levelColumns.slice(1)} rows={rows} rowKey={(row) => `${row.name} ${row.target}`} prefix="levels-"
						usualSort="budget_left" empty={<Empty>Nothing is promised{target === undefined ? "" : " of it"}. Levels are in limits.files of the configuration; docs/alerts.md.</Empty>} />
				)}
			</Loaded>
		</section>
	);
}

function All(): JSX.Element {
	const range = rangeOf(USUAL);
	const probes = useRecords("probe", { limit: 20000 }, { live: ["probe"], every_s: 10 });
	const levels = useRecords("level", { limit: 20000 }, { every_s: 15 });
	const uptime = useUptime(range);
	const rows = useMemo(() => askedOf(probes.value ?? [], uptime.value, levels.value ?? [], range),
		[probes.value, uptime.value, levels.value, range.since, range.until]);
	const shown = rows.filter(isWanted);
	return (
		<Loaded data={probes} what="targets">
			{() => (
				<>
					<Summary rows={rows} />
					<section>
						<h2 class="hidden">Targets</h2>
						<Filters filters={filtersOf(rows)}>
							<TimeRange usual={USUAL} />
							<span role="status">{shown.length === rows.length ? "" : `${shown.length} of `}{plural(rows.length, "target")}</span>
						</Filters>
						<Table label="Targets" columns={columns} rows={shown} rowKey={(row) => row.target} href={(row) => here({ target: row.target, sensor: row.sensor ?? param("sensor") })}
							empty={<Empty>{rows.length === 0
								? "Nothing is asked. Services of this machine are asked by themselves (probe.own); others are named in probe.targets or probe.files of the configuration."
								: "No target is left by these filters."}</Empty>} />
						<Counted uptime={uptime} range={range} />
					</section>
					<Levels levels={levels} />
					<Outages range={range} />
				</>
			)}
		</Loaded>
	);
}

/** What the bars are made of, or why there are none. */
export function Counted({ uptime, range }: { uptime: Data<Aggregate>; range: Range }): JSX.Element {
	if (uptime.problem !== undefined && uptime.value === undefined)
		return <p class="problem" role="alert">! No bars: {uptime.problem}</p>;
	return (
		<div class="availability-counted">
			<UptimeLegend />
			{uptime.value?.incomplete !== undefined && <p class="problem" role="status">! Not all is counted: {uptime.value.incomplete}</p>}
			<p>A bar is {stepOf(range) === HOUR_S ? "an hour" : "a day (UTC)"}, by the worst state in it. While nothing ran is not observed; nor is what is longer ago than it is kept (retention.events).</p>
		</div>
	);
}

export default function Availability(): JSX.Element {
	const target = param("target");
	return target === undefined ? <All /> : <AvailabilityTarget target={target} />;
}
