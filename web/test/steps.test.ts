import assert from "node:assert/strict";
import { test } from "node:test";
import { gapsOf, stepFor, timesOf, valuesOf, wholeSteps } from "../src/records/steps";

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

test("a step that nobody looked at is not known, one without a row is zero", () => {
	const times = timesOf(0, 400_000, 100);
	assert.deepEqual(times, [0, 100, 200, 300]);
	const gaps = [{ since: iso(150), until: iso(250), why: "stopped" }];
	const rows = [{ at: iso(0), count: 1 }, { at: iso(200), count: 5 }];
	assert.deepEqual(valuesOf(rows, times, 100, gaps, (row) => row.count), [1, null, 5, 0]);
});

test("the time before lies over this one, also if it is no whole number of steps ago", () => {
	const times = timesOf(1000_000, 1250_000, 100);
	/* 250 s before: steps at 700 to 1000. */
	const rows = [{ at: iso(700), count: 1 }, { at: iso(800), count: 2 }, { at: iso(900), count: 3 }];
	const values = valuesOf(rows, times, 100, [], (row) => row.count, 250);
	assert.deepEqual(values, [1, 2, 3]);
});

test("before anything was watched nothing is known", () => {
	const gaps = gapsOf({ gaps: [] }, 0, iso(160));
	assert.equal(gaps.length, 1);
	assert.deepEqual(valuesOf([], [0, 100, 200], 100, gaps, () => 0), [null, null, 0]);
	assert.deepEqual(gapsOf({ gaps: [] }, 200_000, iso(100)), []);
});

test("steps are as fine as there is room", () => {
	assert.equal(stepFor(3600, 750), "10s");
	assert.equal(stepFor(3600, 750, "1m"), "1m");
	assert.equal(stepFor(86400, 750), "5m");
	assert.equal(stepFor(30 * 86400, 750), "1h");
	assert.equal(stepFor(3650 * 86400, 750), "1d");
});

test("the first step is asked for from its begin, without what ended just then", () => {
	assert.equal(wholeSteps(Date.parse("2026-11-26T12:34:56Z"), "5m"), "2026-11-26T12:30:00.001Z");
	assert.equal(wholeSteps(Date.parse("2026-11-26T12:30:00Z"), "1h"), "2026-11-26T12:00:00.001Z");
});
