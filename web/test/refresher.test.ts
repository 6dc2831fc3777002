import assert from "node:assert/strict";
import { test } from "node:test";
import { Refresher, type Outcome } from "../src/refresher";
import { Turned } from "./turned";

interface Scene {
	clock: Turned;
	asked: number[];
	outcome: Outcome;
	isIdle: boolean;
	takes_ms: number;
	refresher: Refresher;
}

function scene(every_ms: number): Scene {
	const clock = new Turned(), asked: number[] = [];
	const made = { clock, asked, outcome: "answered" as Outcome, isIdle: false, takes_ms: 0 } as Scene;
	made.refresher = new Refresher(() => {
		asked.push(clock.now());
		return new Promise((done) => {
			clock.later(() => done(made.outcome), made.takes_ms);
		});
	}, every_ms, () => made.isIdle, clock);
	made.refresher.begin();
	return made;
}

test("by time alone it is asked as often as it is meant to be", async () => {
	const one = scene(10_000);
	await one.clock.turnSlowly(35_000);
	assert.equal(one.asked.length, 4);
});

test("however much happens, it is asked at most once a second", async () => {
	const one = scene(0);
	for (let i = 0; i < 100; i++) {
		one.refresher.changed();
		await one.clock.turnSlowly(50);
	}
	assert.ok(one.asked.length >= 4 && one.asked.length <= 6, String(one.asked));
	const before = one.asked.length;
	await one.clock.turnSlowly(60_000);
	assert.ok(one.asked.length <= before + 1, "and not at all when nothing happens");
});

test("an answer that takes a second is asked for every ten", async () => {
	const one = scene(0);
	one.takes_ms = 1000;
	for (let i = 0; i < 300; i++) {
		one.refresher.changed();
		await one.clock.turnSlowly(100);
	}
	assert.ok(one.asked.length <= 4, String(one.asked));
});

test("what happens while it is asked is asked about afterwards", async () => {
	const one = scene(0);
	one.takes_ms = 50;
	one.refresher.changed();
	await one.clock.turnSlowly(3000);
	assert.equal(one.asked.length, 2);
});

test("while nobody looks it is not asked, and soon after somebody does", async () => {
	const one = scene(5000);
	await one.clock.turnSlowly(200);
	one.isIdle = true;
	await one.clock.turnSlowly(60_000);
	assert.equal(one.asked.length, 1);
	one.isIdle = false;
	await one.clock.turnSlowly(2000);
	assert.equal(one.asked.length, 2);
});

test("a refusal is final, a failure is not", async () => {
	const one = scene(5000);
	one.outcome = "failed";
	await one.clock.turnSlowly(3500);
	assert.equal(one.asked.length, 2);
	one.outcome = "refused";
	await one.clock.turnSlowly(60_000);
	assert.equal(one.asked.length, 3);
});

test("ended, it asks no more", async () => {
	const one = scene(1000);
	one.refresher.end();
	await one.clock.turnSlowly(10_000);
	assert.equal(one.asked.length, 1);
});
