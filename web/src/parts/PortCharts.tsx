/*
 * PortCharts.tsx: a port over time: throughput, response time, connections, what failed.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { useGaps } from "../gaps";
import type { Limits } from "../records/port";
import { linesOf, stepFor, stepSeconds, type Field, type Within } from "../series";
import { rangeOf, rangeTimes, setParams } from "../state";
import { count, duration, percent, rate } from "../words";
import { Chart, type Series, type Threshold } from "./Chart";
import { Empty, Loaded } from "./Empty";

type Port = Row<"port">;

interface Line extends Field<Port> {
	name: string;
}

interface Drawing {
	label: string;
	lines: readonly Line[];
	show: (value: number) => string;
	/** Its lines are counters, and drawn per second. */
	perSecond?: boolean;
	threshold?: (limits: Limits) => Threshold;
}

const DRAWINGS: readonly Drawing[] = [
	{ label: "Throughput", show: rate, perSecond: true, lines: [
		{ name: "Out", value: (p) => p.server_bytes, fold: "sum", counts: true },
		{ name: "In", value: (p) => p.client_bytes, fold: "sum", counts: true },
	] },
	{ label: "Response time", show: duration, threshold: ({ response_ms }) => ({ value: response_ms * 1000, label: "limit" }), lines: [
		{ name: "95 of 100 within", value: (p) => p.response_p95_us, fold: "max" },
		{ name: "Median", value: (p) => p.response_p50_us, fold: "max" },
		{ name: "Handshake, median", value: (p) => p.handshake_p50_us, fold: "max" },
	] },
	{ label: "Connections", show: count, lines: [
		{ name: "Open", value: (p) => p.active, fold: "sum", counts: true },
		{ name: "Clients", value: (p) => p.clients, fold: "max" },
	] },
	{ label: "Loss and errors", show: percent, threshold: ({ loss }) => ({ value: loss, label: "limit of loss" }), lines: [
		{ name: "Errors", value: (p) => p.error_ratio, fold: "max" },
		{ name: "Loss", value: (p) => p.lost_ratio, fold: "max" },
		{ name: "Sent again", value: (p) => p.retransmit_ratio, fold: "max" },
	] },
];

function seriesOf(rows: readonly Port[], drawing: Drawing, step_s: number, within: Within): { times: number[]; series: Series[] } {
	const { times, values } = linesOf(rows, (row) => row.start, step_s, drawing.lines, within);
	return { times, series: drawing.lines.map(({ name }, i) => ({
		name, fill: i === 0 && drawing.perSecond,
		values: drawing.perSecond ? values[i]!.map((value) => (value === null ? null : value / step_s)) : values[i]!,
	})) };
}

function zoom(since_s: number, until_s: number): void {
	setParams({ since: new Date(since_s * 1000).toISOString(), until: new Date(until_s * 1000).toISOString() }, false);
}

interface Props {
	port: number;
	transport: string;
	/** undefined: every address. */
	host: string | undefined;
	limits: Limits;
	usual: string;
}

export function PortCharts({ port, transport, host, limits, usual }: Props): JSX.Element {
	const range = rangeOf(usual);
	const step = stepFor(range), step_s = stepSeconds(step);
	const rows = useRecords("port", { port, transport, host, ...range, step, limit: 20000 }, { every_s: Math.max(10, step_s / 2) });
	const gaps = useGaps(range);
	const drawn = useMemo(() => {
		const [since_ms, until_ms] = rangeTimes(range, rows.at_ms || Date.now());
		return DRAWINGS.map((drawing) => seriesOf(rows.value ?? [], drawing, step_s, { from_s: since_ms / 1000, to_s: until_ms / 1000, gaps }));
	}, [rows.value, step_s, gaps, range.since, range.until]);
	return (
		<Loaded data={rows} what="history">
			{(value) => (value.length === 0
				? <Empty>No traffic of this port is kept of this time. Choose a longer one above.</Empty>
				: <div class="halves">
					{DRAWINGS.map((drawing, i) => (
						<Chart key={drawing.label} label={drawing.label} {...drawn[i]!} show={drawing.show} gaps={gaps} onSelect={zoom}
							thresholds={drawing.threshold && [drawing.threshold(limits)]} />
					))}
				</div>)}
		</Loaded>
	);
}
