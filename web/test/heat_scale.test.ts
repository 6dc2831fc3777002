import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAT_STEPS, heatMove, heatScale, heatStep } from "../src/parts/heat_scale";

test("what is not known is no step, and zero is not the least", () => {
	const scale = heatScale([null, undefined, 0, 1, 10]);
	assert.equal(heatStep(null, scale), undefined);
	assert.equal(heatStep(undefined, scale), undefined);
	assert.equal(heatStep(0, scale), 0);
	assert.equal(heatStep(1, scale), 1);
	assert.equal(heatStep(10, scale), HEAT_STEPS);
});

test("values that lie far apart are told apart by their order of magnitude", () => {
	const scale = heatScale([1, 2, 3, 4, 5, 6, 1e6]);
	assert.deepEqual([1, 9, 11, 101, 1001, 10001, 100001, 1e6].map((value) => heatStep(value, scale)), [1, 1, 2, 3, 4, 5, 6, 6]);
});

test("values that are close have even steps", () => {
	const scale = heatScale([10, 11, 12, 13, 14, 15, 70]);
	assert.deepEqual([10, 20, 30, 40, 50, 60, 70].map((value) => heatStep(value, scale)), [1, 2, 3, 4, 5, 6, 6]);
});

test("a step never falls while a value rises", () => {
	for (const most of [1.5, 3, 19, 21, 1e4, 1e12]) {
		const scale = heatScale([1, 1.1, 1.2, 1.3, 1.35, 1.4, most]);
		let last = 0;
		for (let i = 0; i <= 100; i++) {
			const step = heatStep(1 + (most - 1) * i / 100, scale)!;
			assert.ok(step >= last && step >= 1 && step <= HEAT_STEPS);
			last = step;
		}
	}
});

test("few values have a step each, as far apart as can be", () => {
	assert.deepEqual(heatScale([2, 1, 2, 0, 1]).bounds, [1, 2]);
	assert.deepEqual([1, 2].map((value) => heatStep(value, heatScale([1, 2]))), [1, HEAT_STEPS]);
	assert.deepEqual([1, 2, 9].map((value) => heatStep(value, heatScale([9, 2, 1]))), [1, 4, HEAT_STEPS]);
});

test("one value, or none at all, is a scale too", () => {
	assert.equal(heatStep(7, heatScale([7, 0, 7])), HEAT_STEPS);
	assert.equal(heatStep(0, heatScale([0, 0])), 0);
	assert.deepEqual(heatScale([null]), { bounds: [], most: 0 });
});

test("keys move within the map", () => {
	assert.deepEqual(heatMove("ArrowRight", [0, 23], 5, 24), [0, 23]);
	assert.deepEqual(heatMove("ArrowLeft", [2, 3], 5, 24), [2, 2]);
	assert.deepEqual(heatMove("PageDown", [0, 3], 5, 24), [4, 3]);
	assert.deepEqual(heatMove("Home", [3, 9], 5, 24), [3, 0]);
	assert.equal(heatMove("x", [0, 0], 5, 24), undefined);
});
