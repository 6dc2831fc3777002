import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group } from "../src/api";
import { heatOf, quantile } from "../src/records/heat";
import { outagesOf } from "../src/records/outage";
import { answeredOf, periodsOf, sentenceOf, summaryOf, sumOf, uptimeOf, uptimeOver, uptimeWords } from "../src/records/uptime";

const HOUR = 3600000;
const at = (hour: number) => new Date(hour * HOUR).toISOString();
const group = (hour: number, hard_state: string, count: number, maintenance = false): Group =>
	({ target: "ssh://192.0.2.1", at: at(hour), count: 1, [`sum_${maintenance ? "maintenance" : hard_state}`]: count });

function periods(...rows: Group[]) {
	return periodsOf(rows, 0, 4 * HOUR, HOUR).get("ssh://192.0.2.1")!;
}

test("a period is as the worst that was seen in it, and one without probes was not observed", () => {
	const all = periods(group(0, "up", 59), group(0, "down", 1), group(1, "up", 50), group(1, "degraded", 10), group(3, "up", 60));
	assert.deepEqual(all.map((period) => period.was), ["down", "degraded", "unseen", "up"]);
	assert.match(sentenceOf(all[0]!), /down in 1 of 60 probes$/);
	assert.match(sentenceOf(all[2]!), /not observed$/);
	assert.match(sentenceOf(all[3]!), /up in all 60 probes$/);
});

test("maintenance is neither well nor bad, whatever was answered", () => {
	const all = periods(group(0, "down", 60, true), group(1, "up", 30), group(1, "up", 30, true));
	assert.deepEqual(all.map((period) => period.was), ["maintenance", "up", "unseen", "unseen"]);
	assert.equal(uptimeOf(sumOf(all)), 1);
	assert.equal(uptimeOf(sumOf(periods(group(0, "down", 60, true)))), undefined);
});

test("what is unknown is no uptime, and no outage", () => {
	const all = periods(group(0, "unknown", 60), group(1, "unknown", 30), group(1, "unknown", 30), group(2, "up", 3), group(2, "down", 1));
	assert.equal(all[0]!.was, "unseen");
	assert.equal(uptimeOf(sumOf(all)), 0.75);
	assert.match(summaryOf(all), /^Up for 75 % of what is known; of 4 periods down in 1, not observed in 3\.$/);
});

test("a period counts by its length, however often it was asked then", () => {
	const all = periods(group(0, "up", 12), group(1, "up", 12), group(2, "down", 1200), group(3, "up", 12));
	assert.equal(uptimeOver(all), 0.75);
	assert.equal(uptimeOver(periods(group(0, "up", 1), group(2, "down", 1, true))), 1);
	assert.equal(uptimeOver([]), undefined);
});

test("100 % is said only of what was never down", () => {
	assert.deepEqual([1, 0.9999999, 0.99998, 0.5, 0, undefined].map(uptimeWords), ["100 %", "99.999 %", "99.998 %", "50 %", "0 %", "–"]);
});

test("what lies outside of the time is left out", () => {
	assert.equal(sumOf(periods(group(9, "down", 5), group(0, "up", 1))).down, 0);
});

test("times of answers are of those that answered, means by how many they are of", () => {
	const rows: Group[] = [
		{ at: at(1), state: "up", count: 3, mean_answer_us: 100, max_answer_us: 150 },
		{ at: at(1), state: "degraded", count: 1, mean_answer_us: 500, max_answer_us: 500 },
		{ at: at(1), state: "down", count: 1, mean_answer_us: 5e6 },
		{ at: at(0), state: "up", count: 1 },
	];
	const { times, of } = answeredOf(rows);
	assert.deepEqual(times, [0, 3600]);
	assert.deepEqual(of("mean_answer_us"), [null, 200]);
	assert.deepEqual(of("max_answer_us"), [null, 500]);
});

test("a heat map holds each answer once, in the bucket whose end it does not exceed", () => {
	const heat = heatOf([{ at_ms: 0, us: 100 }, { at_ms: 1, us: 101 }, { at_ms: 99, us: 1000 }, { at_ms: 99, us: 900 }], 0, 100, 2)!;
	assert.deepEqual(heat.bounds_us.map(Math.round), [100, 316, 1000]);
	assert.deepEqual(heat.counts, [[1, 1, 0], [0, 0, 2]]);
	assert.equal(heat.most, 2);
	assert.equal(heat.all, 4);
	assert.equal(heatOf([], 0, 100, 2), undefined);
});

test("quantiles are values that came", () => {
	assert.deepEqual([0.5, 0.95, 1].map((share) => quantile([1, 2, 3, 4], share)), [2, 4, 4]);
	assert.equal(quantile([], 0.5), undefined);
});

test("an outage that is over keeps its cause: what the recorder kept, else what its incident says", () => {
	const alert = { record: "alert" as const, id: "a", target: "t", metric: "probe.hard_state", start: at(5), end: at(6), state: "resolved", summary: "t is up again", incident: "i" };
	const failures = [{ record: "failure" as const, id: "f", target: "t", at: at(2), summary: "long before" }, { record: "failure" as const, id: "g", target: "t", at: at(5), summary: "refused" }];
	const incidents = [{ record: "incident" as const, id: "i", summary: "t is down: refused" }];
	assert.equal(outagesOf([alert], failures, incidents)[0]!.cause, "refused");
	assert.equal(outagesOf([alert], [failures[0]!], incidents)[0]!.cause, "t is down: refused");
	assert.deepEqual(outagesOf([{ ...alert, metric: "port.lost_ratio" }], failures, incidents), []);
});
