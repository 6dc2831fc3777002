import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalesced, type Batch } from "../src/coalesce";
import { Turned } from "./turned";

function scene(): { clock: Turned; given: { at: number; batch: Batch }[]; events: Coalesced } {
	const clock = new Turned();
	const given: { at: number; batch: Batch }[] = [];
	return { clock, given, events: new Coalesced(1000, (batch) => given.push({ at: clock.now(), batch }), clock) };
}

test("the first event is given at once, more at most once a second, and none is lost", () => {
	const { clock, given, events } = scene();
	for (let i = 0; i < 500; i++) {
		events.add("finding", JSON.stringify({ record: "finding", id: String(i) }));
		clock.turn(10);
	}
	clock.turn(2000);
	assert.ok(given.length <= 7, `${given.length} in 5 s`);
	assert.ok(given[0]!.at === 0);
	for (let i = 1; i < given.length; i++)
		assert.ok(given[i]!.at - given[i - 1]!.at >= 1000);
	assert.deepEqual(given.flatMap(({ batch }) => batch.records.finding ?? []).map(({ id }) => id),
		Array.from({ length: 500 }, (_, i) => String(i)));
});

test("a batch of the daemon is its records, each of its kind", () => {
	const { clock, given, events } = scene();
	events.add("batch", '[{"record":"port","port":443},{"record":"port","port":22}]');
	events.add("batch", '[{"record":"self","packets":7}]');
	clock.turn(2000);
	const ports = given.flatMap(({ batch }) => batch.records.port ?? []);
	assert.deepEqual(ports.map(({ port }) => port), [443, 22]);
	assert.equal(given.flatMap(({ batch }) => batch.records.self ?? []).length, 1);
});

test("while it is held nothing is given, and then all of it", () => {
	const { clock, given, events } = scene();
	events.hold(true);
	events.add("alert", '{"record":"alert","id":"a"}');
	clock.turn(60000);
	assert.equal(given.length, 0);
	events.hold(false);
	clock.turn(0);
	assert.equal(given[0]!.batch.records.alert?.length, 1);
});

test("holding while an update waits keeps it", () => {
	const { clock, given, events } = scene();
	events.add("alert", '{"record":"alert","id":"a"}');
	clock.turn(0);
	events.add("alert", '{"record":"alert","id":"b"}');
	events.hold(true);
	clock.turn(5000);
	assert.equal(given.length, 1);
	events.hold(false);
	clock.turn(0);
	assert.equal(given[1]!.batch.records.alert?.[0]?.id, "b");
});

test("what the daemon could not send is counted, and after sleep all is asked for again", () => {
	const { clock, given, events } = scene();
	events.add("lost", '{"lost":3}');
	events.add("lost", '{"lost":4}');
	events.resume();
	clock.turn(1000);
	assert.equal(given.length, 1);
	assert.equal(given[0]!.batch.lost, 7);
	assert.equal(given[0]!.batch.resumed, true);
});

test("a flood of events takes no more memory than a batch has", () => {
	const { clock, given, events } = scene();
	clock.turn(0);
	events.add("flow", '{"record":"flow"}');
	clock.turn(0);
	for (let i = 0; i < 50000; i++)
		events.add("flow", '{"record":"flow"}');
	clock.turn(1000);
	assert.equal(given[1]!.batch.records.flow?.length, 2000);
	assert.equal(given[1]!.batch.resumed, true);
});
