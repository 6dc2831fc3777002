import assert from "node:assert/strict";
import { test } from "node:test";
import { postureOf, type Seen } from "../src/posture";

const well: Seen = { health: { status: "ok", reasons: [] }, status: { incidents: { firing: 0 } }, ports: 12, over: 0 };

test("when nothing is wrong it says so, and nothing else", () => {
	assert.deepEqual(postureOf(well), { tone: "good", verdict: "All is well", facts: [] });
});

test("the gravest comes first, and sets the tone", () => {
	const posture = postureOf({ ...well, over: 2, status: {
		incidents: { firing: 1, worst: { severity: "high", rule: "new_listener", target: "192.0.2.1:4444/tcp" } }, prober: { down: 2 } } });
	assert.equal(posture.tone, "bad");
	assert.equal(posture.facts[0]!.text, "1 incident, the gravest high: new listener of 192.0.2.1:4444/tcp");
	assert.deepEqual(posture.facts.map(({ tone }) => tone), ["bad", "bad", "warn"]);
	assert.ok(posture.facts.every(({ href }) => href !== undefined), "each fact leads to what it is about");
});

test("what the monitor itself lost is told, as all else is then less sure", () => {
	const posture = postureOf({ ...well, health: { status: "degraded", reasons: ["store: no space left"] }, status: { kernel_dropped: 5, ring_dropped: 2 } });
	assert.deepEqual(posture.facts.map(({ text }) => text), ["the monitor itself: store: no space left", "7 packets lost since the start"]);
	assert.equal(posture.tone, "warn");
});

test("what is only foreseen is not counted with what is", () => {
	const text = (firing: number, ahead: number) => postureOf({ ...well, status: { incidents: { firing, ahead } } }).facts[0]!.text;
	assert.equal(text(3, 2), "1 incident, 2 more foreseen");
	assert.equal(text(1, 1), "1 incident foreseen");
});
