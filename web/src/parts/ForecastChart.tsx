/*
 * ForecastChart.tsx: a value as it was and as it is expected to become, with its band and
 * its limit.  Import it from a page only: it brings uPlot.
 *
 * A forecast tells of its end: the highest hour of the last day of its time.  So the lines
 * from now to there are straight, and it is said that they are.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { aggregate, get, type Gap, type Row } from "../api";
import { useData } from "../data";
import { curveOf, ofMetric, whatOf, type Forecast } from "../records/forecast";
import { span } from "../words";
import { Chart, type Mark } from "./Chart";
import { Empty, Loaded } from "./Empty";

const SINCE = "30d", HOURS_MAX = 1000;

interface Past {
	points: { at_s: number; value: number | null }[];
	gaps: Gap[];
}

function ofPort(metric: string, port: Row<"port">): number | null {
	if (metric === "bytes_per_s")
		return Math.max(port.client_bytes ?? 0, port.server_bytes ?? 0) / (port.interval_s || 1);
	const value = port[metric as keyof Row<"port">];
	return typeof value === "number" ? value : null;
}

async function readPort(forecast: Forecast, abort: AbortSignal): Promise<Past> {
	const { port, transport, server_ip } = forecast;
	const [ports, gaps] = await Promise.all([
		get("port", { port, transport, host: server_ip, step: "1h", since: SINCE, limit: HOURS_MAX }, abort),
		get("gap", { since: SINCE, limit: HOURS_MAX }, abort),
	]);
	return {
		points: ports.rows.filter((row) => row.start !== undefined).map((row) => ({ at_s: Date.parse(row.start!) / 1000, value: ofPort(forecast.metric ?? "", row) })),
		gaps: gaps.rows.filter((gap) => gap.reason !== "dropped").flatMap((gap) => (gap.start === undefined || gap.end === undefined ? [] : { since: gap.start, until: gap.end, why: gap.reason })),
	};
}

/* Of the machine and the store: fields of self, and what they are shares of. */
const OWN: Record<string, { field: keyof Row<"self"> & string; of?: keyof Row<"self"> & string }> = {
	store_bytes: { field: "store_bytes" },
	client_ports_ratio: { field: "client_ports", of: "client_ports_max" },
	files_ratio: { field: "files", of: "files_max" },
};

async function readOwn(metric: string, abort: AbortSignal): Promise<Past> {
	const { field, of } = OWN[metric]!;
	const all = await aggregate({ record: "self", max: of === undefined ? [field] : [field, of], step: "1h", where: { since: SINCE } }, abort);
	const value = (row: Record<string, unknown>): number | null => {
		const part = row[`max_${field}`], whole = of === undefined ? 1 : row[`max_${of}`];
		return typeof part === "number" && typeof whole === "number" && whole > 0 ? part / whole : null;
	};
	return { points: all.rows.filter((row) => row.at !== undefined).map((row) => ({ at_s: Date.parse(row.at!) / 1000, value: value(row) })), gaps: all.gaps };
}

export function hasPast(forecast: Forecast): boolean {
	return forecast.port !== undefined || (forecast.metric !== undefined && forecast.metric in OWN);
}

interface Props {
	forecast: Forecast;
	anomalies: readonly Row<"anomaly">[];
}

function Drawn({ forecast, past, anomalies }: Props & { past: Past }): JSX.Element {
	const curve = useMemo(() => curveOf(past.points, forecast), [past, forecast]);
	const series = useMemo(() => [
		{ name: "Measured, by hour", values: curve.was },
		{ name: "Expected", values: curve.expected },
		{ name: "Upper end", values: curve.high, faint: true },
		{ name: "Lower end", values: curve.low, faint: true },
	], [curve]);
	const marks: Mark[] = useMemo(() => anomalies.filter((one) => one.metric === `port.${forecast.metric}` && one.at !== undefined && one.value !== undefined)
		.map((one) => ({ at_s: Date.parse(one.at!) / 1000, value: one.value! })), [anomalies, forecast.metric]);
	const show = (value: number) => ofMetric(forecast.metric, value);
	const highest = [...curve.was, ...curve.high].reduce<number>((most, one) => Math.max(most, one ?? 0), 0);
	return (
		<>
			<Chart label={whatOf(forecast)} times={curve.times} series={series} show={show} height={260}
				bands={[{ upper: "Upper end", lower: "Lower end" }]} marks={marks} gaps={past.gaps}
				thresholds={forecast.limit === undefined ? [] : [{ value: forecast.limit, label: `limit ${show(forecast.limit)}` }]} />
			<p class="quiet">
				The band at its end held 80 % of what came of such forecasts before. Only the end is foretold, in {span(forecast.horizon_s ?? 0)}: the lines to it are drawn straight.
				{forecast.limit !== undefined && forecast.limit > highest * 1.08 ? ` The limit, ${show(forecast.limit)}, lies above the picture.` : ""}
				{marks.length > 0 ? " Hollow triangles are values that were not as usual." : ""}
			</p>
		</>
	);
}

export function ForecastChart({ forecast, anomalies }: Props): JSX.Element {
	const past = useData(`past ${forecast.subject} ${forecast.metric}`, (abort) =>
		(forecast.port === undefined ? readOwn(forecast.metric ?? "", abort) : readPort(forecast, abort)), { every_s: 300 });
	return (
		<Loaded data={past} what="its past">
			{(value) => (value.points.length === 0 ? <Empty>Its past is not kept any more.</Empty> : <Drawn forecast={forecast} past={value} anomalies={anomalies} />)}
		</Loaded>
	);
}
