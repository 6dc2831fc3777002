/*
 * availability_target.tsx: all that is known of one target that is asked: how it is and
 * was, where its time goes, its certificate, and what was said when it failed.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { aggregate, type Aggregate, type Row } from "../api";
import { useData, useRecords, type Data } from "../data";
import { Badge, toneOfState } from "../parts/Badge";
import { Chart } from "../parts/Chart";
import { Empty, Loaded } from "../parts/Empty";
import { Figure, Figures } from "../parts/Figure";
import { HeatGrid } from "../parts/HeatGrid";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { UptimeBars } from "../parts/UptimeBars";
import { heatOf, heatTable, quantile } from "../records/heat";
import { portHref } from "../records/port";
import { probeColumns } from "../records/probe";
import { answeredOf, periodsOf, sumOf, uptimeOver, uptimeWords } from "../records/uptime";
import { here, param, rangeOf, rangeTimes, setParams, type Range } from "../state";
import { ago, count, duration, endpoint, exact, spaced, time } from "../words";
import { Maintenance } from "../parts/Maintenance";
import { Counted, Levels, Outages, stepOf, useUptime } from "./availability";

/* Of more probes the daemon makes means; single ones are not counted here. */
const SINGLE_MAX = 5000;
/* From more places nobody reads it; those that are worst come first. */
const PLACES_MAX = 1000;
const HEAT_COLUMNS = 60;

const PHASES = [
	{ field: "resolve_us", name: "Name", help: "until the name was an address" },
	{ field: "connect_us", name: "Connect", help: "SYN to SYN-ACK" },
	{ field: "tls_us", name: "TLS", help: "the TLS handshake" },
	{ field: "first_byte_us", name: "First byte", help: "from the question to the first byte of the answer" },
] as const;

/** Where the time of the last probe went, as bars with their values. */
function Phases({ probe }: { probe: Row<"probe"> }): JSX.Element {
	const known = PHASES.map((phase) => ({ ...phase, us: probe[phase.field] })).filter((phase) => phase.us !== undefined);
	const most = known.reduce((high, phase) => Math.max(high, phase.us!), 1);
	if (known.length === 0)
		return <Empty>Of the last probe no phase was timed: {probe.detail ?? probe.reason ?? "its clients proved that it is well"}.</Empty>;
	return (
		<table class="availability-phases">
			<caption>Where the time of the last probe went</caption>
			<tbody>
				{known.map(({ field, name, help, us }) => (
					<tr key={field} title={help}>
						<th scope="row">{name}</th>
						<td><meter min={0} max={most} value={us} aria-label={`${name}, ${help}`}>{duration(us)}</meter></td>
						<td class="number">{duration(us)}</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}

function Certificate({ probe }: { probe: Row<"probe"> }): JSX.Element | null {
	if (probe.tls_version === undefined && probe.cert_not_after === undefined)
		return null;
	return (
		<section>
			<h2>Certificate</h2>
			<dl class="facts card">
				<dt>Ends</dt><dd title={exact(probe.cert_not_after)}>{ago(probe.cert_not_after)} ({time(probe.cert_not_after)}), the first of its chain</dd>
				<dt>Subject</dt><dd>{probe.cert_subject ?? "not told"}</dd>
				<dt>Issuer</dt><dd>{probe.cert_issuer ?? "not told"}</dd>
				<dt>TLS</dt><dd>{probe.tls_version ?? "not told"}{probe.cipher === undefined ? "" : `, ${probe.cipher}`}</dd>
			</dl>
		</section>
	);
}

function usePhases(target: string, range: Range): Data<Aggregate> {
	const step = stepOf(range) === 3600 ? "5m" : "1h";
	return useData(`phases ${target} ${JSON.stringify(range)}`, (abort) => aggregate({
		record: "probe", by: ["state"], mean: ["connect_us", "tls_us", "first_byte_us", "answer_us"], max: ["answer_us"], step,
		where: { ...range, target },
	}, abort), { every_s: 60 });
}

/** Means and the slowest, which the daemon made. */
function PhaseChart({ data }: { data: Data<Aggregate> }): JSX.Element {
	return (
		<Loaded data={data} what="response times">
			{(all) => {
				const { times, of } = answeredOf(all.rows);
				const values = (field: string) => of(`mean_${field}`);
				const series = [
					{ name: "Slowest answer", values: of("max_answer_us"), faint: true },
					{ name: "Answer, mean", values: values("answer_us"), fill: true },
					{ name: "First byte, mean", values: values("first_byte_us") },
					{ name: "TLS, mean", values: values("tls_us") },
					{ name: "Connect, mean", values: values("connect_us") },
				].filter((one) => one.values.some((value) => value !== null));
				if (series.length === 0)
					return <Empty>No answer was timed in this time.</Empty>;
				return (
					<Chart label="Where the time goes" times={times} series={series} show={duration} gaps={all.gaps}
						onSelect={(since_s, until_s) => setParams({ since: new Date(since_s * 1000).toISOString(), until: new Date(until_s * 1000).toISOString() }, false)} />
				);
			}}
		</Loaded>
	);
}

/** How answers are spread, of so many that single ones can be looked at. */
function Spread({ target, range, answered }: { target: string; range: Range; answered: number }): JSX.Element | null {
	const isFew = answered > 0 && answered <= SINGLE_MAX;
	const probes = useRecords("probe", isFew ? { ...range, target, limit: SINGLE_MAX } : undefined, { every_s: 60 });
	const [since, until] = rangeTimes(range);
	const answers = useMemo(() => (probes.value ?? []).filter((probe) => probe.answer_us !== undefined && probe.state !== "down" && probe.at !== undefined)
		.map((probe) => ({ at_ms: Date.parse(probe.at!), us: probe.answer_us! })), [probes.value]);
	if (!isFew)
		return answered === 0 ? null : <p class="help">{count(answered)} probes are too many to look at each: choose a shorter time to see how their answers are spread.</p>;
	return (
		<Loaded data={probes} what="single answers">
			{() => {
				const heat = heatOf(answers, since, until, HEAT_COLUMNS);
				if (heat === undefined)
					return <Empty>No answer was timed in this time.</Empty>;
				const sorted = answers.map((one) => one.us).sort((a, b) => a - b);
				return (
					<>
						<Figures>
							{[0.5, 0.95, 0.99].map((share) => <Figure key={share} label={`p${share * 100}`} value={duration(quantile(sorted, share))}
								help={`${share * 100} % of the answers took no longer.`} note={`of ${count(sorted.length)} answers`} />)}
						</Figures>
						<HeatGrid label="How many answers took how long" {...heatTable(heat)} show={count} why={() => "no answer was timed"} />
					</>
				);
			}}
		</Loaded>
	);
}

function Transcript({ id }: { id: string }): JSX.Element {
	const lines = useRecords("transcript", { id, limit: 1000 }, { every_s: 0 });
	return (
		<Loaded data={lines} what="transcript">
			{(rows) => (rows.length === 0
				? <Empty>Nothing was said.</Empty>
				: (
					<div class="scroll" tabIndex={0} role="region" aria-label="Transcript">
						<table class="availability-transcript">
							<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th></tr></thead>
							<tbody>
								{[...rows].sort((a, b) => (a.number ?? 0) - (b.number ?? 0)).map((line) => (
									<tr key={line.number}><td title={exact(line.at)}>{time(line.at)}</td><td>{line.by}</td><td><code>{line.text}</code></td></tr>
								))}
							</tbody>
						</table>
					</div>
				))}
		</Loaded>
	);
}

/** What the flight recorder kept; the newest, or the one that was chosen. */
function Failures({ target, range }: { target: string; range: Range }): JSX.Element {
	const failures = useRecords("failure", { ...range, target, limit: 100 }, { live: ["failure"], every_s: 60 });
	return (
		<section>
			<header><h2>What was said when it failed</h2><p>Kept by the flight recorder, of the first of a series and one in ten minutes.</p></header>
			<Loaded data={failures} what="failures">
				{(rows) => {
					const chosen = rows.find((one) => one.id === param("failure")) ?? rows[0];
					if (chosen === undefined)
						return <Empty>No failure of it was recorded, in this time.</Empty>;
					return (
						<>
							<ul class="availability-failures">
								{rows.slice(0, 20).map((one) => (
									<li key={one.id}>
										<a href={here({ failure: one.id })} aria-current={one === chosen ? "true" : undefined} title={exact(one.at)}>{time(one.at)}</a> {one.summary}
									</li>
								))}
							</ul>
							<h3>{time(chosen.at)}: {spaced(chosen.reason)}</h3>
							<p>{chosen.last_up === undefined ? "" : `Last up ${time(chosen.last_up)}. `}
								{(chosen.packets ?? 0) > 0 && <a href={`/api/v1/packets?id=${chosen.id}&format=pcap`} download={`${chosen.id}.pcap`}>Its {chosen.packets} packets, for Wireshark</a>}
								{chosen.packets_missing === undefined ? "" : ` ${chosen.packets_missing}`}</p>
							<Transcript id={chosen.id ?? ""} />
						</>
					);
				}}
			</Loaded>
		</section>
	);
}

function Now({ probe, uptime, known }: { probe: Row<"probe">; uptime: number | undefined; known: number }): JSX.Element {
	const href = portHref(probe.ip, probe.port, probe.transport, probe.sensor);
	return (
		<>
			<p class="availability-now">
				<Badge tone={toneOfState(probe.hard_state)}>{probe.hard_state ?? "unknown"}</Badge>
				{probe.maintenance && <Badge tone="info">in maintenance</Badge>}
				{probe.flapping && <Badge tone="warn">flapping</Badge>}
				{" since "}<span title={exact(probe.hard_since)}>{time(probe.hard_since)}</span>
				{probe.detail === undefined ? "" : `: ${probe.detail}`}
			</p>
			<Figures>
				<Figure label="Uptime" value={uptimeWords(uptime)} help="Share of the time that is known in which it was not down." note={`of ${count(known)} probes`} />
				<Figure label="Last answer" value={duration(probe.answer_us ?? probe.first_byte_us)} note={`${probe.by === "traffic" ? "to a client, " : "asked "}${ago(probe.at)}`} />
				<Figure label="Address" value={endpoint(probe.ip, probe.port, probe.transport)} href={href} />
				<Figure label="Protocol" value={probe.version === undefined ? probe.protocol ?? "–" : `${probe.protocol} ${probe.version}`} note={probe.software} />
				{probe.lost !== undefined && <Figure label="Lost" value={`${count(probe.lost)} of ${count(probe.sent)}`} help="Packets of the last burst, or tries, without an answer." over={probe.lost > 0} />}
				{probe.parent !== undefined && <Figure label="Reached through" value={probe.parent} href={here({ target: probe.parent })} />}
			</Figures>
		</>
	);
}

/** Of a fleet: what each machine that asks it met; down for one may be up for all others. */
function Places({ rows }: { rows: readonly Row<"probe">[] }): JSX.Element {
	return (
		<section>
			<header><h2>From each place</h2><p>what follows is of all of them together; a row leads to one</p></header>
			<Table label="From each place" prefix="places-" columns={probeColumns} rows={rows} rowKey={(p) => p.target ?? ""} usualSort="hard_state"
				href={(p) => here({ sensor: p.sensor })} empty={null} />
		</section>
	);
}

export function AvailabilityTarget({ target }: { target: string }): JSX.Element {
	const range = rangeOf("24h");
	const probes = useRecords("probe", { target, limit: PLACES_MAX }, { live: ["probe"], every_s: 10 });
	const levels = useRecords("level", { target }, { every_s: 15 });
	const uptime = useUptime(range, target), phases = usePhases(target, range);
	const periods = useMemo(() => {
		const [since, until] = rangeTimes(range);
		/* From all places together: the worst that any of them met. */
		const rows = (uptime.value?.rows ?? []).map((row) => ({ ...row, sensor: undefined }));
		return periodsOf(rows, since, until, stepOf(range, true) * 1000).get(target) ?? [];
	}, [uptime.value, range.since, range.until]);
	const sum = sumOf(periods);
	return (
		<>
			<p><a href={here({ target: undefined, failure: undefined })}>All targets</a></p>
			<header class="availability-head"><h2>{target}</h2><Maintenance target={target} /><TimeRange usual="24h" /></header>
			<Loaded data={probes} what={target}>
				{(rows) => (rows[0] === undefined
					? <Empty>{target} is not asked now. What is known of it in the time chosen stands below.</Empty>
					: rows.length > 1 ? <Places rows={rows} />
					: <Now probe={rows[0]} uptime={uptimeOver(periods)} known={sum.up + sum.degraded + sum.down} />)}
			</Loaded>
			<section>
				<h2>Uptime</h2>
				{periods.length > 0 ? <UptimeBars periods={periods} label={`Uptime of ${target}`} detailed />
					: uptime.value === undefined ? <Counted uptime={uptime} range={range} /> : <Empty>It was not asked in this time.</Empty>}
			</section>
			<section>
				<h2>Response</h2>
				<div class="availability-response">
					{probes.value?.[0] && <div class="card"><Phases probe={probes.value[0]} /></div>}
					<PhaseChart data={phases} />
				</div>
				<Spread target={target} range={range} answered={sum.up + sum.degraded} />
			</section>
			{probes.value?.[0] && <Certificate probe={probes.value[0]} />}
			<Levels levels={levels} target={target} />
			<Failures target={target} range={range} />
			<Outages range={range} target={target} />
		</>
	);
}
