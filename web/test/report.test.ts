import assert from "node:assert/strict";
import test from "node:test";
import type { Row } from "../src/api";
import { answersOf } from "../src/records/block";
import { countsBy, coverage, judged } from "../src/records/report";

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString();
const ms = (minute: number): number => Date.parse(at(minute));

test("gaps that overlap, or reach beyond the time, count once", () => {
	const gaps = [[-10, 10], [5, 20], [50, 90]].map(([since, until]) => ({ since: at(since!), until: at(until!) }));
	assert.equal(coverage(gaps, ms(0), ms(60)), 0.5);
	assert.equal(coverage([], ms(0), ms(60)), 1);
	assert.equal(coverage([{ since: at(0), until: at(60) }, { since: at(10), until: at(20) }], ms(0), ms(60)), 0);
});

test("what is only foreseen, or part of another, is no incident, and times are medians of those that are known", () => {
	const incident = (about: Partial<Row<"incident">>): Row<"incident"> => ({ record: "incident", first: at(0), state: "resolved", ...about });
	const of = judged([
		incident({ acknowledged: at(1), end: at(10) }), incident({ acknowledged: at(3), end: at(30), automatic: true }),
		incident({ end: at(20), false_positive: true }), incident({ state: "firing" }), incident({ ahead: true, state: "firing" }),
		incident({ close_reason: "part of incident 0123456789abcdef", end: at(50) }),
	]);
	assert.deepEqual(of, { all: 4, open: 1, falsePositive: 1, automatic: 1, acknowledge_s: 120, resolve_s: 1200 });
	assert.equal(judged([]).resolve_s, undefined);
});

test("groups are added up by one of their fields", () => {
	const rows = [{ kind: "a", severity: "low", count: 1 }, { kind: "b", severity: "low", count: 5 }, { kind: "a", severity: "high", count: 2 }];
	assert.deepEqual(countsBy(rows, "kind"), [["b", 5], ["a", 3]]);
});

test("what came of a finding is its own newest block, or one of its source that lasts", () => {
	const block = (about: Partial<Row<"block">>): Row<"block"> => ({ record: "block", at: at(0), address: "192.0.2.7", ...about });
	const finding = { id: "f", client_ip: "192.0.2.7" };
	assert.equal(answersOf([])(finding), "not blocked");
	assert.equal(answersOf([])({ id: "g", client_ip: undefined }), undefined);
	assert.equal(answersOf([block({ finding: "f", state: "active" }), block({ finding: "f", state: "expired", at: at(5) })])(finding), "block expired");
	assert.equal(answersOf([block({ state: "expired" })])(finding), "not blocked");
	assert.equal(answersOf([block({ state: "active" })])(finding), "blocked");
	assert.equal(answersOf([block({ finding: "f", state: "vetoed" })])(finding), "not blocked (vetoed)");
});
