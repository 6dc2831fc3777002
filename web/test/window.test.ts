import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollFor, windowOf } from "../src/parts/window";

const ROW = 32, HEIGHT = 640;

test("of 5,000 rows only those that can be seen are drawn", () => {
	for (let scroll = 0; scroll <= 5000 * ROW - HEIGHT; scroll += 1111) {
		const { begin, end } = windowOf(scroll, HEIGHT, ROW, 5000);
		assert.ok(begin * ROW <= scroll, `nothing is missing above at ${scroll}`);
		assert.ok(end * ROW >= Math.min(scroll + HEIGHT, 5000 * ROW), `nor below at ${scroll}`);
		assert.ok(end - begin <= 45, `${end - begin} rows at ${scroll}`);
		assert.equal(begin % 2, 0);
	}
});

test("the ends of the table are whole, also where it was longer before", () => {
	assert.deepEqual(windowOf(0, HEIGHT, ROW, 5), { begin: 0, end: 5 });
	assert.equal(windowOf(5000 * ROW, HEIGHT, ROW, 100).end, 100);
	assert.ok(windowOf(5000 * ROW, HEIGHT, ROW, 100).begin < 100 - HEIGHT / ROW + 1);
	assert.deepEqual(windowOf(-50, HEIGHT, ROW, 0), { begin: 0, end: 0 });
	assert.equal(windowOf(0, 0, ROW, 50).begin, 0);
});

test("a row that is not seen is scrolled to, one that is stays where it is", () => {
	assert.equal(scrollFor(0, 320, HEIGHT, ROW), 0);
	assert.equal(scrollFor(12, 320, HEIGHT, ROW), 320);
	assert.equal(scrollFor(100, 320, HEIGHT, ROW), 101 * ROW - HEIGHT);
});
