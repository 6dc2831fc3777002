/*
 * anomaly.ts: values that are not as usual.  One of them tells nobody; several at the
 * same time are an alert.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { exact, time } from "../words";
import { metricWords, ofMetric } from "./forecast";

export const anomalyColumns: Column<Row<"anomaly">>[] = [
	{ name: "at", title: "When", help: "When it was measured.", value: (a) => a.at, show: (_v, a) => time(a.at), exact: (a) => exact(a.at) },
	{ name: "target", title: "Of", help: "What it is about.", value: (a) => a.target },
	{ name: "metric", title: "Value", help: "What is not as usual.", value: (a) => metricWords(a.metric), exact: (a) => a.metric },
	{ name: "value", title: "It was", help: "The value.", numeric: true, value: (a) => a.value, show: (v, a) => ofMetric(a.metric, Number(v)) },
	{ name: "usual", title: "Usually", help: "What was usual at that hour.", numeric: true, value: (a) => a.high, show: (_v, a) => `${ofMetric(a.metric, a.low)} to ${ofMetric(a.metric, a.high)}` },
	{ name: "score", title: "Score", help: "How unusual it is, from 0 to 1.", numeric: true, value: (a) => a.score, show: (v) => Number(v).toPrecision(2) },
];
