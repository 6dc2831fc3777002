/*
 * flows.tsx: who talks to what: from client by port to process, by port and hour, and how
 * much over time.  The daemon adds up, so that a hundred thousand clients are no more work
 * than ten.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { aggregate, type Aggregate, type Gap } from "../api";
import { useData } from "../data";
import { Chart } from "../parts/Chart";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, wrongPort, wrongPrefix, type Filter } from "../parts/Filters";
import { HeatGrid, type HeatLine } from "../parts/HeatGrid";
import { Sankey } from "../parts/Sankey";
import { TimeRange } from "../parts/TimeRange";
import { gapAt, gapsOf, reasonOf, stepFor, timesOf, valuesOf, wholeSteps } from "../records/steps";
import { measure, portLabel, trafficOf, type TrafficAnswers, type Unit } from "../records/traffic";
import { link, param, rangeOf, rangeTimes, setParams, type Params, type Range } from "../state";
import { bytes, count, exact, plural, rate, short, time } from "../words";

const USUAL = "24h";
const TOP = 10;
const HEAT_ROWS = 15;
const PORTS_MAX = 2000, PAIRS_MAX = 2000;
const EVERY = { every_s: 60 };
const TRANSPORTS = ["tcp", "udp", "sctp", "icmp", "icmp6", "ip"];

/** What of the flows is looked at, as the API takes it. */
function wanted(): Params {
	return {
		client_ip: param("client_ip"), port: param("port"), transport: param("transport"),
		process: param("process"), protocol: param("protocol"),
	};
}

/** The range as two times, so that all questions are about the same. */
function times(range: Range): { since_ms: number; until_ms: number; where: Params } {
	const [since_ms, until_ms] = rangeTimes(range);
	return { since_ms, until_ms, where: { since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString() } };
}

interface FlowAnswers extends TrafficAnswers {
	protocols: Aggregate;
	since_ms: number;
}

async function askFlows(range: Range, filters: Params, unit: Unit, abort: AbortSignal): Promise<FlowAnswers> {
	const { since_ms, where } = times(range);
	const ask = { record: "flow", sum: ["bytes"], sort: unit === "bytes" ? "sum_bytes" : "count", where: { ...filters, ...where } } as const;
	const of = (by: ("client_ip" | "server_port" | "transport" | "process" | "protocol")[], limit: number) =>
		aggregate({ ...ask, sum: ["bytes"], by, limit, min: ["start"] }, abort);
	const [clients, ports, pairs, protocols] = await Promise.all([
		of(["client_ip"], TOP), of(["server_port", "transport", "process"], PORTS_MAX),
		of(["client_ip", "server_port", "transport"], PAIRS_MAX), of(["protocol"], 100),
	]);
	return { clients, ports, pairs, protocols, since_ms };
}

/* Ports are counted second by second and kept for long; what is asked of clients only
 * flows can tell. */
function isOfPorts({ client_ip, transport }: Params): boolean {
	return client_ip === undefined && !["icmp", "icmp6", "ip"].includes(String(transport));
}

interface OverTime {
	total: Aggregate;
	heat: Aggregate;
	since_ms: number;
	until_ms: number;
	/** When anything was first watched, of this time. */
	first: string | undefined;
}

async function askOverTime(range: Range, filters: Params, unit: Unit, abort: AbortSignal): Promise<OverTime> {
	const { since_ms, until_ms, where } = times(range);
	const seconds = (until_ms - since_ms) / 1000, ofPorts = isOfPorts(filters);
	const fine = stepFor(seconds, 750, ofPorts ? "10s" : "1m"), coarse = stepFor(seconds, 200, "5m");
	const all = { ...filters, ...where, since: wholeSteps(since_ms, fine) }, hours = { ...all, since: wholeSteps(since_ms, coarse) };
	const sort = unit === "bytes" ? "sum_bytes" : ofPorts ? "sum_flows" : "count";
	const [total, heat, self] = await Promise.all([
		ofPorts ? aggregate({ record: "port", sum: ["client_bytes", "server_bytes", "flows"], step: fine, previous: true, where: all }, abort)
			: aggregate({ record: "flow", sum: ["client_bytes", "server_bytes"], step: fine, previous: true, where: all }, abort),
		ofPorts ? aggregate({ record: "port", by: ["port", "transport"], sum: ["bytes", "flows"], step: coarse, limit: HEAT_ROWS, sort, where: hours }, abort)
			: aggregate({ record: "flow", by: ["server_port", "transport"], sum: ["bytes"], step: coarse, limit: HEAT_ROWS, sort, where: hours }, abort),
		aggregate({ record: "self", min: ["at"], where }, abort),
	]);
	const first = self.rows[0]?.min_at;
	return { total, heat, since_ms, until_ms, first: typeof first === "string" ? first : undefined };
}

/** How many connections: counted as such of ports, as records of flows. */
function flowsOf(row: Record<string, unknown>): number {
	return typeof row.sum_flows === "number" ? row.sum_flows : Number(row.count);
}

function Throughput({ answers, unit, onSelect }: { answers: OverTime; unit: Unit; onSelect: (since_s: number, until_s: number) => void }): JSX.Element {
	const { total, since_ms, until_ms, first } = answers;
	const { at, series, gaps } = useMemo(() => {
		const step_s = total.step_s ?? 60;
		const at = timesOf(since_ms, until_ms, step_s);
		const gaps = gapsOf(total, since_ms, first);
		/* The last step is seldom whole. */
		const lengths = at.map((t) => Math.max(1, Math.min(t + step_s, until_ms / 1000) - t));
		const per = (name: string, rows: typeof total.rows, known: Gap[], offset_s: number) => valuesOf(rows, at, step_s, known,
			(row) => (unit === "flows" ? flowsOf(row) : Number(row[name] ?? 0)), offset_s)
			.map((value, i) => (value === null ? null : value / lengths[i]!));
		const before_s = (until_ms - Date.parse(total.since)) / 1000, before = total.previous ?? [];
		const one = (title: string, name: string) => [
			{ name: title, values: per(name, total.rows, gaps, 0) },
			...(before.length > 0 ? [{ name: `${title}, period before`, values: per(name, before, [], before_s), faint: true }] : []),
		];
		return { at, gaps, series: unit === "flows" ? one("New connections", "") : [...one("In", "sum_client_bytes"), ...one("Out", "sum_server_bytes")] };
	}, [answers, unit]);
	return (
		<Chart label={unit === "bytes" ? "Throughput" : "New connections"} times={at} series={series} gaps={gaps} onSelect={onSelect}
			show={unit === "bytes" ? rate : (value) => `${short(value)}/s`} height={220} />
	);
}

interface HeatProps {
	answers: OverTime;
	unit: Unit;
	href: (filters: Params) => string;
}

function columnsOf(at: readonly number[], step_s: number): HeatLine[] {
	return at.map((t) => {
		const date = new Date(t * 1000), day = { day: "numeric", month: "short" } as const;
		const isDay = step_s >= 86400 || (date.getHours() === 0 && date.getMinutes() === 0);
		return {
			key: String(t), exact: exact(date.toISOString()),
			label: isDay ? date.toLocaleDateString("en-GB", day) : date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
		};
	});
}

function Heat({ answers, unit, href }: HeatProps): JSX.Element {
	const { heat, since_ms, until_ms, first } = answers;
	const made = useMemo(() => {
		const step_s = heat.step_s ?? 3600;
		const at = timesOf(since_ms, until_ms, step_s), gaps = gapsOf(heat, since_ms, first);
		const byPort = new Map<string, { row: HeatLine; filters: Params; groups: typeof heat.rows }>();
		for (const group of heat.rows) {
			const port = group.port ?? group.server_port;
			const label = port === undefined ? "no answer" : portLabel(port, group.transport);
			const known = byPort.get(label) ?? { groups: [], filters: { port: port as number | undefined, transport: group.transport as string | undefined },
				row: { key: label, label, exact: port === undefined ? "Ports that nobody answers at, together" : label } };
			known.groups.push(group);
			byPort.set(label, known);
		}
		const ports = [...byPort.values()];
		const values = ports.map(({ groups }) => valuesOf(groups, at, step_s, gaps, (row) => (unit === "bytes" ? measure(row, unit) : flowsOf(row))));
		return { step_s, at, gaps, ports, values, rows: ports.map(({ row }) => row), columns: columnsOf(at, step_s) };
	}, [answers, unit]);
	const { step_s, at, gaps, ports } = made;
	const open = (r: number, c: number) => {
		const { filters } = ports[r]!;
		return filters.port === undefined ? undefined
			: href({ ...filters, since: new Date(at[c]! * 1000).toISOString(), until: new Date((at[c]! + step_s) * 1000 - 1).toISOString() });
	};
	const step = step_s >= 86400 ? "day" : step_s >= 3600 ? "hour" : plural(step_s / 60, "minute");
	return (
		<HeatGrid label={`${unit === "bytes" ? "Bytes" : "New connections"} by port and ${step}`} rows={made.rows} columns={made.columns} values={made.values}
			show={unit === "bytes" ? bytes : (value) => short(Math.ceil(value))} href={open} why={(_r, c) => reasonOf(gapAt(gaps, at[c]!, step_s))} />
	);
}

/** Flows may be kept for a shorter time than is looked at. */
function Oldest({ answers }: { answers: FlowAnswers }): JSX.Element | null {
	const { clients, since_ms } = answers;
	const starts = [...clients.rows, clients.others].map((group) => group?.min_start).filter((at): at is string => typeof at === "string").sort();
	const tenth_ms = (Date.now() - since_ms) / 10;
	if (starts[0] === undefined || Date.parse(starts[0]) < since_ms + tenth_ms)
		return null;
	return <p class="flows-note">The oldest flow of this time is of {time(starts[0])}: what was before is not kept
		(<code>retention.flows</code>), was not watched, or there was none.</p>;
}

function Who({ answers, unit, href }: { answers: FlowAnswers; unit: Unit; href: (filters: Params) => string }): JSX.Element {
	const traffic = useMemo(() => trafficOf(answers, unit, TOP, href), [answers, unit]);
	const show = unit === "bytes" ? bytes : count;
	if (traffic.total === 0)
		return <Empty>No flow of this time passes these filters. What ends now stands here within a minute.</Empty>;
	return (
		<>
			<p class="flows-note" role="status">{show(traffic.total)}{unit === "flows" ? " flow records" : ""} of {plural(traffic.clients, "client")}.{" "}
				{answers.clients.incomplete !== undefined && <span class="over">! Not all of it: {answers.clients.incomplete}.</span>}</p>
			<Oldest answers={answers} />
			<Sankey label={`${unit === "bytes" ? "Bytes" : "Flows"} by client, port and process`} stages={["Clients", "Ports", "Processes"]}
				nodes={traffic.nodes} links={traffic.links} show={show} />
		</>
	);
}

function filtersOf(answers: FlowAnswers | undefined): Filter[] {
	const names = (answer: Aggregate | undefined, field: string) =>
		[...new Set((answer?.rows ?? []).map((row) => row[field]))].filter((name): name is string => typeof name === "string" && name !== "").sort();
	return [
		{ name: "client_ip", label: "Client", placeholder: "192.0.2.0/24", wrong: wrongPrefix, help: "An address or a network of clients." },
		{ name: "port", label: "Port", placeholder: "443", wrong: wrongPort, help: "Port of the server." },
		{ name: "transport", label: "Transport", choices: TRANSPORTS },
		{ name: "process", label: "Process", choices: names(answers?.ports, "process"), help: "Process of this machine that the flow belongs to." },
		{ name: "protocol", label: "Protocol", choices: names(answers?.protocols, "protocol"), help: "Application protocol." },
	];
}

const UNITS: readonly [Unit, string, string][] = [
	["bytes", "Bytes", "IP bytes of both directions."],
	["flows", "Flows", "Flow records: one for each connection, and one a minute of a long one."],
];

function UnitChoice({ unit }: { unit: Unit }): JSX.Element {
	return (
		<fieldset class="flows-unit">
			<legend class="hidden">What is counted</legend>
			{UNITS.map(([name, title, help]) => (
				<button key={name} type="button" title={help} aria-pressed={name === unit}
					onClick={() => setParams({ unit: name === "bytes" ? undefined : name })}>{title}</button>
			))}
		</fieldset>
	);
}

export default function Flows(): JSX.Element {
	const range = rangeOf(USUAL), filters = wanted();
	const unit: Unit = param("unit") === "flows" ? "flows" : "bytes";
	const key = JSON.stringify([range, filters, unit]);
	const flows = useData(`who ${key}`, (abort) => askFlows(range, filters, unit, abort), EVERY);
	const over = useData(`when ${key}`, (abort) => askOverTime(range, filters, unit, abort), EVERY);
	const href = (more: Params) => link("/connections", { ...filters, since: range.since, until: range.until, ...more });
	const select = (since_s: number, until_s: number) =>
		setParams({ since: new Date(since_s * 1000).toISOString(), until: new Date(until_s * 1000).toISOString() }, false);
	return (
		<>
			<Filters filters={filtersOf(flows.value)}><UnitChoice unit={unit} /><TimeRange usual={USUAL} /></Filters>
			<section>
				<h2>Who talks to what</h2>
				<Loaded data={flows} what="flows">{(answers) => <Who answers={answers} unit={unit} href={href} />}</Loaded>
			</section>
			<Loaded data={over} what="what ports carried">
				{(answers) => (
					<>
						<section>
							<h2>When</h2>
							{answers.heat.rows.length === 0
								? <Empty>No port carried anything, in this time.</Empty>
								: <Heat answers={answers} unit={unit} href={href} />}
						</section>
						<section>
							<h2>How much over time</h2>
							<Throughput answers={answers} unit={unit} onSelect={select} />
						</section>
					</>
				)}
			</Loaded>
		</>
	);
}
