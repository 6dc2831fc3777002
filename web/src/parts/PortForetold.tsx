/*
 * PortForetold.tsx: what of a port is not as usual, what is promised of it, and what it
 * will come to.
 */
import type { JSX } from "preact";
import type { Row } from "../api";
import { useRecords } from "../data";
import { link } from "../state";
import { ofMetric } from "../records/forecast";
import { ago, endpoint, exact, percent, spaced } from "../words";
import { Empty, Loaded } from "./Empty";
import { Table, type Column } from "./Table";

const forecastColumns: Column<Row<"forecast">>[] = [
	{ name: "metric", title: "Value", help: "What is foretold.", value: (f) => f.metric, show: (v) => spaced(String(v)) },
	{ name: "now", title: "Now", help: "Median of the last three hours.", numeric: true, value: (f) => f.now, show: (v, f) => ofMetric(f.metric, Number(v)) },
	{ name: "predicted", title: "Foretold", help: "Its highest hour of the last day of the time that is looked ahead.", numeric: true, value: (f) => f.predicted, show: (v, f) => ofMetric(f.metric, Number(v)) },
	{ name: "high", title: "Between", help: "The band that held 80 of 100 such forecasts before.", numeric: true, value: (f) => f.high, show: (_v, f) => `${ofMetric(f.metric, f.low)} to ${ofMetric(f.metric, f.high)}` },
	{ name: "limit", title: "Limit", help: "What it must not reach.", numeric: true, value: (f) => f.limit, show: (v, f) => ofMetric(f.metric, Number(v)) },
	{ name: "crosses_at", title: "Crosses it", help: "When it reaches its limit, if it does.", value: (f) => f.crosses_at, show: (v) => ago(String(v)), exact: (f) => exact(f.crosses_at), over: () => true },
	{ name: "probability", title: "Probability", help: "How many of the futures reach the limit.", numeric: true, value: (f) => f.probability, show: (v) => percent(Number(v)) },
	{ name: "hidden", title: "Why not", help: "Why nothing is foretold of it.", value: (f) => f.hidden },
];

const anomalyColumns: Column<Row<"anomaly">>[] = [
	{ name: "metric", title: "Value", help: "What is not as usual.", value: (a) => a.metric, show: (v) => spaced(String(v).split(".").pop()) },
	{ name: "at", title: "When", help: "When it was measured.", value: (a) => a.at, show: (v) => ago(String(v)), exact: (a) => exact(a.at) },
	{ name: "value", title: "It was", help: "The value.", numeric: true, value: (a) => a.value, show: (v, a) => ofMetric(a.metric, Number(v)) },
	{ name: "high", title: "Usually", help: "What it was in the same hour before.", numeric: true, value: (a) => a.high, show: (_v, a) => `${ofMetric(a.metric, a.low)} to ${ofMetric(a.metric, a.high)}` },
	{ name: "score", title: "Score", help: "How unusual it is, from 0 to 1.", numeric: true, value: (a) => a.score, show: (v) => Number(v).toPrecision(2) },
];

interface Props {
	port: number;
	transport: string;
	host: string | undefined;
}

export function PortForetold({ port, transport, host }: Props): JSX.Element {
	const forecasts = useRecords("forecast", { port, host, limit: 100 }, { every_s: 300 });
	const anomalies = useRecords("anomaly", host === undefined ? undefined : { target: endpoint(host, port, transport), since: "7d", limit: 100 }, { every_s: 60 });
	return (
		<div class="halves">
			<section>
				<header><h2>Unusual</h2><p>values of the last 7 days that were not as in the same hour before</p></header>
				{host === undefined ? <Empty>Choose one address: each has its own history.</Empty> : (
					<Loaded data={anomalies} what="unusual values">
						{(rows) => <Table label="Unusual values" prefix="u_" small columns={anomalyColumns} rows={rows.slice(0, 10)} rowKey={(a) => `${a.metric} ${a.at}`}
							empty={<Empty>All values were as usual, or the history is too short to tell.</Empty>} />}
					</Loaded>
				)}
			</section>
			<section>
				<header><h2>Foretold</h2><p>what it will come to</p></header>
				<Loaded data={forecasts} what="forecasts">
					{(rows) => <Table label="Forecasts of this port" prefix="f_" small columns={forecastColumns} rows={rows.filter((f) => f.transport === undefined || f.transport === transport)}
						rowKey={(f) => `${f.subject} ${f.metric}`} href={(f) => link("/forecasts", { subject: f.subject })}
						empty={<Empty>Nothing yet: a forecast needs some days of history. It is made once a day.</Empty>} />}
				</Loaded>
			</section>
		</div>
	);
}
