/*
 * forecast.ts: what will cross its limit, how surely, and how values of each metric are
 * said in words.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { ago, bytes, count, duration, exact, percent, rate, span, time } from "../words";

export type Forecast = Row<"forecast">;

/** A value of a metric in its unit: "port.response_p95_us", "bytes_per_s". */
export function ofMetric(metric: string | undefined, value: number | undefined): string {
	const name = metric?.split(".").pop() ?? "";
	if (name.endsWith("_us"))
		return duration(value);
	if (name.endsWith("_ratio"))
		return percent(value);
	if (name.endsWith("bytes_per_s"))
		return rate(value);
	if (name.endsWith("_s"))
		return value === undefined ? count(value) : span(value);
	return name.endsWith("bytes") ? bytes(value) : count(value);
}

const METRICS: Record<string, string> = {
	response_p95_us: "response time, p95", lost_ratio: "payload lost", retransmit_ratio: "segments sent again",
	error_ratio: "errors", bytes_per_s: "throughput", flows: "connections an hour", active_max: "connections at once",
	client_ports_ratio: "ephemeral ports taken", files_ratio: "descriptors open", store_bytes: "size of the store",
	certificate_s: "time until the certificate ends",
};

export function metricWords(metric: string | undefined): string {
	const name = metric?.split(".").pop() ?? "";
	return METRICS[name] ?? name.replaceAll("_", " ");
}

/** "errors of 192.0.2.1:443/tcp", "size of the store" */
export function whatOf({ metric, subject }: Forecast): string {
	if (subject === "store")
		return metricWords(metric);
	return `${metricWords(metric)} of ${subject === "machine" ? "this machine" : subject}`;
}

/** What is a guess is not told in tenths of a per cent. */
export function hundredths(ratio: number | undefined): string {
	return percent(ratio === undefined ? undefined : Math.round(ratio * 100) / 100);
}

/** From which on it crosses rather than not, and from which on it may. */
export const LIKELY = 0.5, POSSIBLE = 0.1;

/** Why nothing is told of it; undefined: it is told. */
export function hiddenBecause(forecast: Forecast): string | undefined {
	if (forecast.hidden !== undefined)
		return forecast.hidden;
	return forecast.skill !== undefined && forecast.skill <= 0 ? `no better than "it stays" (skill ${percent(forecast.skill)})` : undefined;
}

/** Of each subject and metric the newest, the surest to cross first, then by when, then by room. */
export function newestOf(forecasts: readonly Forecast[]): Forecast[] {
	const newest = new Map<string, Forecast>();
	for (const one of forecasts) {
		const key = `${one.subject} ${one.metric}`, known = newest.get(key);
		if (known === undefined || (one.at ?? "") > (known.at ?? ""))
			newest.set(key, one);
	}
	return [...newest.values()].sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0) ||
		(a.crosses_at ?? "9").localeCompare(b.crosses_at ?? "9") || (a.headroom_ratio ?? 1) - (b.headroom_ratio ?? 1));
}

/** "in 2 d (6 h to 5 d)" */
export function crossesWords(forecast: Forecast, now_ms = Date.now()): string | undefined {
	if (forecast.crosses_at === undefined)
		return undefined;
	const until = (at: string | undefined) => (at === undefined ? "?" : span((Date.parse(at) - now_ms) / 1000));
	return `${ago(forecast.crosses_at, now_ms)} (${until(forecast.crosses_low)} to ${until(forecast.crosses_high)})`;
}

/** What will come, in one sentence. */
export function sentenceOf(forecast: Forecast, now_ms = Date.now()): string {
	const what = whatOf(forecast), value = (one: number | undefined) => ofMetric(forecast.metric, one);
	const within = span(forecast.horizon_s ?? 0);
	if ((forecast.probability ?? 0) < POSSIBLE || forecast.crosses_at === undefined)
		return `The ${what} stays within its limit of ${value(forecast.limit)} for the next ${within}, as far as its past tells.`;
	const verb = (forecast.probability ?? 0) >= LIKELY ? "will" : "may";
	return `The ${what} ${verb} cross ${value(forecast.limit)} ${ago(forecast.crosses_at, now_ms)}, with a probability of ${hundredths(forecast.probability)} within ${within}.`;
}

/** Points of a chart: what was, and from its end on what will be. */
export interface Curve {
	times: number[];
	was: (number | null)[];
	expected: (number | null)[];
	low: (number | null)[];
	high: (number | null)[];
}

export function curveOf(history: readonly { at_s: number; value: number | null }[], forecast: Forecast): Curve {
	const begin = Date.parse(forecast.at ?? "") / 1000, end = begin + (forecast.horizon_s ?? 0);
	const past = history.filter((one) => one.at_s < begin).sort((a, b) => a.at_s - b.at_s);
	const none = past.map(() => null), now = forecast.now ?? null;
	return {
		times: [...past.map((one) => one.at_s), begin, end],
		was: [...past.map((one) => one.value), now, null],
		expected: [...none, now, forecast.predicted ?? null],
		low: [...none, now, forecast.low ?? null],
		high: [...none, now, forecast.high ?? null],
	};
}

export const forecastColumns: Column<Forecast>[] = [
	{ name: "subject", title: "Of", help: "A service, a probe's target, the store or the machine; opens its past and its forecast.", value: (f) => f.subject },
	{ name: "metric", title: "Value", help: "What is foretold.", value: (f) => metricWords(f.metric), exact: (f) => f.metric },
	{ name: "probability", title: "Probability", help: "How many of the futures reach the limit within the time that is looked ahead.", numeric: true, value: (f) => f.probability,
	  show: (value) => hundredths(Number(value)), over: (value) => Number(value) >= LIKELY },
	{ name: "crosses", title: "Crosses its limit", help: "When it reaches it: the middle of the futures in which it does, and when the first and the last of 80 % do.", value: (f) => f.crosses_at,
	  show: (_v, f) => crossesWords(f), exact: (f) => exact(f.crosses_at) },
	{ name: "now", title: "Now", help: "Median of the last three hours.", numeric: true, value: (f) => f.now, show: (v, f) => ofMetric(f.metric, Number(v)) },
	{ name: "predicted", title: "Expected", help: "Its highest hour of the last day of that time, and the band that held 80 % of what came of such forecasts before.", numeric: true, value: (f) => f.predicted,
	  show: (v, f) => ofMetric(f.metric, Number(v)), exact: (f) => `${ofMetric(f.metric, f.low)} to ${ofMetric(f.metric, f.high)}` },
	{ name: "limit", title: "Limit", help: "What it must not reach, and where that is from.", numeric: true, value: (f) => f.limit, show: (v, f) => ofMetric(f.metric, Number(v)), exact: (f) => f.limit_of },
	{ name: "room", title: "Room", help: "What the upper end of the band leaves of the limit.", numeric: true, value: (f) => f.headroom_ratio, show: (v) => hundredths(Math.max(0, Number(v))), over: (v) => Number(v) <= 0 },
	{ name: "skill", title: "Skill", help: "How much smaller its errors were on its own past than those of the guess that all stays as it is; – is of what never changed, or is known.", numeric: true, value: (f) => f.skill, show: (v) => hundredths(Number(v)) },
	{ name: "method", title: "Method", help: "How it was made; docs/foresight.md.", optional: true, value: (f) => f.method },
	{ name: "history", title: "History", help: "Length of the history that it is made of.", optional: true, numeric: true, value: (f) => f.history_s, show: (v) => span(Number(v)) },
	{ name: "crossed_last", title: "Last at its limit", help: "The last hour in which it was at its limit.", optional: true, value: (f) => f.crossed_last, show: (_v, f) => time(f.crossed_last), exact: (f) => exact(f.crossed_last) },
];
