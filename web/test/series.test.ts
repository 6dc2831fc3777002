import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, ratesOf, stepFor, type Field } from "../src/series";

const at = (s: number) => new Date(s * 1000).toISOString();
interface One { start: string; bytes?: number; us?: number }
const fields: Field<One>[] = [{ value: (r) => r.bytes, fold: "sum", counts: true }, { value: (r) => r.us, fold: "max" }];

test("where no record is, a counter is 0 and a time not known; in a gap neither is known", () => {
	const rows = [{ start: at(600), bytes: 5, us: 9 }, { start: at(605), bytes: 7, us: 3 }, { start: at(640), bytes: 1 }];
	const lines = linesOf(rows, (r) => r.start, 10, fields,
		{ from_s: 590, to_s: 660, gaps: [{ since: at(615), until: at(625) }] });
	assert.deepEqual(lines.times, [590, 600, 610, 620, 630, 640, 650]);
	assert.deepEqual(lines.values[0], [0, 12, null, null, 0, 1, 0]);
	assert.deepEqual(lines.values[1], [null, 9, null, null, null, null, null]);
});

test("a step that has only begun is not drawn: it would look like a fall", () => {
	const lines = linesOf([{ start: at(60), bytes: 1 }], (r: One) => r.start, 60, fields, { from_s: 0, to_s: 119, gaps: [] });
	assert.deepEqual(lines.times, [0]);
});

test("a counter that began anew, and missing records, break the line", () => {
	const lines = ratesOf([
		{ at_ms: 0, values: [100] }, { at_ms: 10_000, values: [300] }, { at_ms: 20_000, values: [50] },
		{ at_ms: 30_000, values: [150] }, { at_ms: 400_000, values: [1000] }, { at_ms: 410_000, values: [1100] },
	]);
	assert.deepEqual(lines.times, [10, 20, 30, 31, 400, 410]);
	assert.deepEqual(lines.values[0], [20, null, 10, null, null, 10]);
	assert.deepEqual(ratesOf([]), { times: [], values: [] });
});

test("a long time has longer steps, and never more points than a chart can show", () => {
	assert.equal(stepFor({ since: "15m", until: undefined }), "10s");
	assert.equal(stepFor({ since: "1h", until: undefined }), "10s");
	assert.equal(stepFor({ since: "6h", until: undefined }), "1m");
	assert.equal(stepFor({ since: "7d", until: undefined }), "1h");
	assert.equal(stepFor({ since: "90d", until: undefined }), "1d");
});
