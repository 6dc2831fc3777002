import assert from "node:assert/strict";
import { test } from "node:test";
import { countFitting, labelIn, treemap } from "../src/parts/tiles";

function values(seed: number, count: number): number[] {
	let state = seed;
	const chance = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
	return Array.from({ length: count }, () => 10 ** (chance() * 4)).sort((a, b) => b - a);
}

test("tiles are as large as their values, within the whole, and do not overlap", () => {
	for (let seed = 1; seed < 40; seed++) {
		const all = values(seed, 1 + seed), total = all.reduce((sum, one) => sum + one, 0);
		const tiles = treemap(all, (one) => one, 800, 260);
		assert.equal(tiles.length, all.length);
		for (const tile of tiles) {
			assert.ok(Math.abs(tile.width * tile.height - tile.of / total * 800 * 260) < 0.01, `seed ${seed}`);
			assert.ok(tile.x >= -0.01 && tile.y >= -0.01 && tile.x + tile.width <= 800.01 && tile.y + tile.height <= 260.01, `seed ${seed}`);
		}
		tiles.forEach((a, i) => tiles.slice(i + 1).forEach((b) => {
			const isBeside = a.x + a.width <= b.x + 0.01 || b.x + b.width <= a.x + 0.01 || a.y + a.height <= b.y + 0.01 || b.y + b.height <= a.y + 0.01;
			assert.ok(isBeside, `seed ${seed}`);
		}));
	}
});

test("tiles of like values are about square", () => {
	for (const tile of treemap(Array(12).fill(1), (one) => one, 400, 300))
		assert.ok(Math.max(tile.width / tile.height, tile.height / tile.width) < 2);
});

test("what has no value has no tile", () => {
	assert.deepEqual(treemap([0, 0], (one) => one, 100, 100), []);
	assert.deepEqual(treemap([], (one: number) => one, 100, 100), []);
	assert.equal(treemap([1, 0], (one) => one, 100, 100).length, 1);
});

test("what could not be pointed at is not shown by itself", () => {
	assert.equal(countFitting([50, 49, 1], 10_000, 20), 2);
	assert.equal(countFitting([50, 49, 1], 10_000, 5), 3);
	assert.equal(countFitting([], 10_000, 20), 0);
});

test("a tile says no more than it has room for", () => {
	const rest = { label: "12 smaller ones", shorter: "+12" }, network = { label: "198.51.100.0/24", isToldByEnd: true };
	assert.equal(labelIn(rest, 200, 60), "12 smaller ones");
	assert.equal(labelIn(rest, 60, 60), "+12");
	assert.equal(labelIn(rest, 30, 60), undefined);
	assert.equal(labelIn(rest, 200, 10), undefined);
	assert.equal(labelIn(network, 200, 60), "198.51.100.0/24");
	assert.equal(labelIn(network, 80, 60), "…00.0/24");
	assert.equal(labelIn(network, 45, 60), undefined);
	assert.equal(labelIn({ label: "Netherlands" }, 80, 60), "Netherl…");
	for (let width = 0; width < 200; width++)
		for (const one of [rest, network, { label: "Netherlands" }])
			assert.ok((labelIn(one, width, 60)?.length ?? 0) * 7.4 <= Math.max(0, width - 18));
});
