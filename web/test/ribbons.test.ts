import assert from "node:assert/strict";
import { test } from "node:test";
import { leastHeight, related, sankeyLayout, type SankeyLink, type SankeyNode } from "../src/parts/ribbons";

const ROOM = { width: 800, height: 400, bar_px: 10, line_px: 17, gap_px: 5 };

/** So many nodes of each of three stages, and links among them of random values. */
function scene(counts: readonly [number, number, number], seed: number): { nodes: SankeyNode[]; links: SankeyLink[] } {
	let state = seed;
	const chance = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
	const nodes = counts.flatMap((count, stage) => Array.from({ length: count }, (_, i): SankeyNode =>
		({ id: `${stage}.${i}`, stage, label: `${stage}.${i}`, isRest: i === 0 })));
	const links = [0, 1].flatMap((stage) => nodes.filter((a) => a.stage === stage).flatMap((a) =>
		nodes.filter((b) => b.stage === stage + 1 && chance() < 0.5).map((b): SankeyLink =>
			({ from: a.id, to: b.id, value: Math.round(10 ** (chance() * 9)) }))));
	return { nodes, links };
}

test("bars of a stage never overlap, and all fit", () => {
	for (let seed = 1; seed < 60; seed++) {
		const { nodes, links } = scene([11, 11, 11], seed);
		const { bars } = sankeyLayout(nodes, links, ROOM);
		for (const stage of [0, 1, 2]) {
			const column = bars.filter(({ node }) => node.stage === stage);
			column.forEach((bar, i) => {
				const top = bar.y + (bar.height - bar.slot) / 2;
				assert.ok(top >= -0.01 && top + bar.slot <= ROOM.height + 0.01, `seed ${seed}: ${bar.node.id} at ${top}`);
				assert.ok(bar.slot >= ROOM.line_px);
				const before = column[i - 1];
				if (before)
					assert.ok(before.y + (before.height + before.slot) / 2 <= top + 0.01, `seed ${seed}`);
			});
		}
	}
});

test("a ribbon is as wide as its value, on one scale, and stays within its bars", () => {
	for (let seed = 1; seed < 60; seed++) {
		const { nodes, links } = scene([6, 8, 4], seed);
		const { bars, ribbons } = sankeyLayout(nodes, links, ROOM);
		const scale = bars[0]!.height / bars[0]!.value;
		for (const { link, from, to, y_from, y_to, height } of ribbons) {
			assert.ok(Math.abs(height - link.value * scale) < 1e-6 * Math.max(1, height), `seed ${seed}`);
			for (const [bar, y] of [[from, y_from], [to, y_to]] as const)
				assert.ok(y >= bar.y - 1e-6 && y + height <= bar.y + bar.height + 1e-6, `seed ${seed}: ${link.from} to ${link.to}`);
		}
		assert.equal(ribbons.length, links.filter(({ value }) => value > 0).length);
	}
});

test("the rest comes last, and what carries nothing is not drawn", () => {
	const nodes: SankeyNode[] = [
		{ id: "rest", stage: 0, label: "others", isRest: true }, { id: "a", stage: 0, label: "a" }, { id: "b", stage: 0, label: "b" },
		{ id: "idle", stage: 0, label: "idle" }, { id: "p", stage: 1, label: "p" },
	];
	const links = [{ from: "rest", to: "p", value: 900 }, { from: "a", to: "p", value: 1 }, { from: "b", to: "p", value: 5 }];
	assert.deepEqual(sankeyLayout(nodes, links, ROOM).bars.map(({ node }) => node.id), ["b", "a", "rest", "p"]);
});

test("without a value there is nothing, and no NaN", () => {
	const nodes: SankeyNode[] = [{ id: "a", stage: 0, label: "a" }, { id: "p", stage: 1, label: "p" }];
	assert.deepEqual(sankeyLayout(nodes, [{ from: "a", to: "p", value: 0 }], ROOM), { bars: [], ribbons: [] });
	assert.deepEqual(sankeyLayout([], [], ROOM), { bars: [], ribbons: [] });
	assert.equal(leastHeight([], ROOM), 0);
});

test("with a bar all ways that lead through it light up, and no others", () => {
	const links = [
		{ from: "c1", to: "p1", value: 1 }, { from: "c2", to: "p1", value: 1 }, { from: "c2", to: "p2", value: 1 },
		{ from: "p1", to: "q", value: 1 }, { from: "p2", to: "q", value: 1 }, { from: "c3", to: "p1", value: 0 },
	];
	assert.deepEqual([...related("p1", links)].sort(), ["c1", "c2", "p1", "q"]);
	assert.deepEqual([...related("c2", links)].sort(), ["c2", "p1", "p2", "q"]);
});
