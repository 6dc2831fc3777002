import assert from "node:assert/strict";
import { test } from "node:test";
import { crossesWords, curveOf, hiddenBecause, newestOf, ofMetric, sentenceOf, type Forecast } from "../src/records/forecast";

const forecast = (fields: Partial<Forecast>): Forecast => ({ record: "forecast", subject: "192.0.2.1:443/tcp", metric: "response_p95_us", ...fields });
const NOW = Date.parse("2026-01-01T00:00:00Z");

test("of each value the newest forecast counts, and what crosses surest comes first", () => {
	const rows = [
		forecast({ at: "2026-01-01T00:00:00Z", probability: 0.1 }), forecast({ at: "2025-12-31T00:00:00Z", probability: 0.9 }),
		forecast({ metric: "error_ratio", probability: 0.6, crosses_at: "2026-01-09T00:00:00Z" }),
		forecast({ metric: "lost_ratio", probability: 0.6, crosses_at: "2026-01-02T00:00:00Z" }),
		forecast({ metric: "flows", headroom_ratio: 0.5 }), forecast({ metric: "bytes_per_s", headroom_ratio: 0.1 }),
	];
	assert.deepEqual(newestOf(rows).map((one) => one.metric), ["lost_ratio", "error_ratio", "response_p95_us", "bytes_per_s", "flows"]);
});

test("without skill nothing is told; of what never changed skill is not known, which is no reason", () => {
	assert.match(hiddenBecause(forecast({ skill: 0 }))!, /no better than "it stays"/);
	assert.match(hiddenBecause(forecast({ skill: -0.3 }))!, /skill -30 %/);
	assert.equal(hiddenBecause(forecast({ skill: 0.2 })), undefined);
	assert.equal(hiddenBecause(forecast({})), undefined);
	assert.equal(hiddenBecause(forecast({ hidden: "too short", skill: 0.9 })), "too short");
});

test("a crossing is told with its time and how surely, and only if it may come", () => {
	const one = forecast({ limit: 100000, probability: 0.82, horizon_s: 14 * 86400, crosses_at: "2026-01-11T00:00:00Z", crosses_low: "2026-01-05T00:00:00Z", crosses_high: "2026-01-13T00:00:00Z" });
	assert.equal(crossesWords(one, NOW), "in 10 d (4 d to 12 d)");
	assert.equal(sentenceOf(one, NOW), "The response time, p95 of 192.0.2.1:443/tcp will cross 100 ms in 10 d, with a probability of 82 % within 14 d.");
	assert.match(sentenceOf({ ...one, probability: 0.35 }, NOW), /may cross/);
	assert.match(sentenceOf({ ...one, subject: "store", metric: "store_bytes" }, NOW), /^The size of the store will/);
	assert.match(sentenceOf({ ...one, probability: 0.05 }, NOW), /stays within its limit of 100 ms for the next 14 d/);
});

test("values are in the unit of their metric", () => {
	assert.deepEqual([["port.response_p95_us", 1500], ["lost_ratio", 0.01], ["bytes_per_s", 1e6], ["certificate_s", 86400 * 3], ["store_bytes", 1e9], ["flows", 1200]]
		.map(([metric, value]) => ofMetric(metric as string, value as number)), ["1.5 ms", "1 %", "1 MB/s", "3 d", "1 GB", "1,200"]);
});

test("a curve is what was until the forecast's begin, then its two ends, and a hole stays one", () => {
	const one = forecast({ at: new Date(7200000).toISOString(), now: 5, predicted: 9, low: 8, high: 12, horizon_s: 3600 });
	const curve = curveOf([{ at_s: 3600, value: null }, { at_s: 0, value: 4 }, { at_s: 7200, value: 99 }], one);
	assert.deepEqual(curve.times, [0, 3600, 7200, 10800]);
	assert.deepEqual(curve.was, [4, null, 5, null]);
	assert.deepEqual(curve.expected, [null, null, 5, 9]);
	assert.deepEqual(curve.low, [null, null, 5, 8]);
	assert.deepEqual(curve.high, [null, null, 5, 12]);
});
