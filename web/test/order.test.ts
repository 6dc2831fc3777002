import assert from "node:assert/strict";
import { test } from "node:test";
import { readOrder, sorted, writeOrder } from "../src/parts/order";

const rows = [{ n: 2, s: "b10" }, { n: undefined, s: "b9" }, { n: 10, s: "a" }, { n: 2, s: undefined }];

test("what is unknown comes last, either way", () => {
	assert.deepEqual(sorted(rows, (row) => row.n, false).map((row) => row.n), [2, 2, 10, undefined]);
	assert.deepEqual(sorted(rows, (row) => row.n, true).map((row) => row.n), [10, 2, 2, undefined]);
});

test("rows that are equal stay as they were", () => {
	assert.deepEqual(sorted(rows, (row) => row.n, true).map((row) => row.s), ["a", "b10", undefined, "b9"]);
});

test("numbers within names count as numbers", () => {
	assert.deepEqual(sorted(rows, (row) => row.s, false).map((row) => row.s), ["a", "b9", "b10", undefined]);
});

test("an order is the same from and to the address", () => {
	for (const text of ["port", "-port"])
		assert.equal(writeOrder(readOrder(text)!), text);
	assert.equal(readOrder(undefined), undefined);
});
