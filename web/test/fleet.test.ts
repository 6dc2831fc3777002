import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalesced } from "../src/coalesce";
import { choiceText, isChosen, sensors, sites, tags } from "../src/fleet";
import { withSensor, type Column } from "../src/parts/Table";
import { portHref } from "../src/records/port";
import { portRows } from "../src/records/port_rows";
import { outagesOf } from "../src/records/outage";
import { howOf, inOrder, offsetWords, sitesOf } from "../src/records/sensor";
import { askedFrom, periodsOf } from "../src/records/uptime";
import type { Row } from "../src/api";
import * as state from "../src/state";
import { Turned } from "./turned";

const sensor = (name: string, more: Partial<Row<"sensor">> = {}): Row<"sensor"> =>
	({ record: "sensor", sensor: name, state: "up", spool_bytes: 0, lag_us: 0, records_dropped: 0, packets_dropped: 0, clock_offset_ms: 3, ...more });

/** With the page at an address, and left as it was. */
function at(href: string, run: () => void): void {
	const before = location.href;
	Object.assign(globalThis, { history: { replaceState: (_state: unknown, _title: string, to: string) => {
		location.href = new URL(to, "http://localhost").href;
	} } });
	state.go(href, true);
	try {
		run();
	} finally {
		state.go(before, true);
	}
}

test("what is wrong with a sensor comes first, the gravest of it counts, and who left comes last", () => {
	const all = [sensor("well-10"), sensor("well-9"), sensor("blind", { blind: "processes" }), sensor("clock", { clock_offset_ms: -1001 }), sensor("lost", { packets_dropped: 1 }),
		sensor("lags", { lag_us: 61e6 }), sensor("refused", { config_refused: "why", lag_us: 90e6 }), sensor("cut", { cut_off: true, config_refused: "why" }),
		sensor("late", { state: "late", cut_off: true }), sensor("gone", { state: "gone", lag_us: 90e6 }), sensor("revoked", { state: "revoked" })];
	assert.deepEqual(inOrder(all).map((one) => one.sensor),
		["late", "cut", "refused", "lags", "lost", "clock", "blind", "well-9", "well-10", "gone", "revoked"]);
	assert.equal(howOf(sensor("a", { lag_us: 60e6, clock_offset_ms: 1000 })).word, "up", "at the limit it is well");
});

test("sites are counted, and what waits on those that are there", () => {
	const found = sitesOf([sensor("a", { site: "berlin", spool_bytes: 5, lag_us: 7 }), sensor("b", { site: "berlin", state: "gone", spool_bytes: 100, lag_us: 100 }),
		sensor("c", { site: "paris", state: "late", records_dropped: 3 }), sensor("d")]);
	assert.deepEqual(found.map((one) => [one.site, one.sensors, one.up, one.late, one.gone, one.spool_bytes, one.lag_us, one.dropped]),
		[["paris", 1, 0, 1, 0, 0, 0, 3], ["berlin", 2, 1, 0, 1, 5, 7, 0], [undefined, 1, 1, 0, 0, 0, 0, 0]]);
	assert.deepEqual([offsetWords(12.4), offsetWords(-3.2), offsetWords(-301250)], ["+12 ms", "−3.2 ms", "−301.3 s"]);
});

test("what is chosen stays in every link, unless the link chooses", () => {
	at("/ports?site=berlin&text=ssh", () => {
		assert.equal(state.link("/incidents", { id: "a" }), "/incidents?id=a&site=berlin");
		assert.equal(state.link("/fleet", { site: "", sensor: "web-1" }), "/fleet?sensor=web-1");
		assert.equal(portHref("10.0.0.1", 443, "tcp", "web-1"), "/port?port=443&transport=tcp&host=10.0.0.1&sensor=web-1&site=berlin");
		assert.equal(portHref("10.0.0.1", 443, "tcp", "hub"), "/port?port=443&transport=tcp&host=10.0.0.1&site=berlin", "what hubs say is of no machine's port");
		assert.equal(state.addressOf("/api/v1/sensors", {}), "/api/v1/sensors");
	});
	assert.equal(state.link("/incidents"), "/incidents");
});

test("of what is live only records of those sensors count", () => {
	sensors.value = [{ name: "web-1", site: "berlin", tags: ["web", "old"] }, { name: "web-2", site: "paris", tags: ["web"] }];
	assert.deepEqual([sites.value, tags.value], [["berlin", "paris"], ["old", "web"]]);
	const of = (name: string | undefined) => isChosen({ sensor: name });
	at("/ports", () => assert.deepEqual([of("web-1"), of("hub"), of(undefined), choiceText.value], [true, true, true, ""]));
	at("/ports?site=berlin", () => {
		assert.deepEqual([of("web-1"), of("web-2"), of("hub"), of(undefined), choiceText.value], [true, false, false, false, "&site=berlin"]);
		const clock = new Turned(), heard: unknown[] = [];
		const events = new Coalesced(1000, (batch) => heard.push(...batch.records.port ?? []), clock, isChosen);
		events.add("batch", '[{"record":"port","sensor":"web-2"},{"record":"port","sensor":"web-1"}]');
		clock.turn(1000);
		assert.deepEqual(heard, [{ record: "port", sensor: "web-1" }]);
	});
	at("/ports?tag=web&sensor=web-2,web-9", () => assert.deepEqual([of("web-1"), of("web-2"), of("web-9"), choiceText.value], [false, true, false, ""], "what there is not is no question to the daemon"));
	at("/incidents?site=berlin", () => assert.deepEqual(["web-2,web-1", "web-2", "web-2,...", ""].map((all) => isChosen({ sensor: "hub", sensors: all })), [true, false, true, false],
		"an incident of many sensors is of each, and of any where there are more than it lists"));
	at("/ports?sensor=hub", () => assert.deepEqual([of("hub"), of("web-1"), choiceText.value], [true, false, "&sensor=hub"]));
	sensors.value = [];
});

test("rows say whose they are where there are sensors, once", () => {
	const columns: Column<{ sensor?: string }>[] = [{ name: "a", title: "A", help: "", value: () => 1 }, { name: "b", title: "B", help: "", value: () => 2 }];
	const names = (rows: { sensor?: string }[], of = columns) => withSensor(of, rows).map((column) => column.name);
	assert.deepEqual(names([{}, {}]), ["a", "b"]);
	assert.deepEqual(names([{}, { sensor: "web-1" }]), ["a", "sensor", "b"]);
	assert.deepEqual(names([{ sensor: "web-1" }], [{ ...columns[0]!, name: "sensor" }]), ["sensor"]);
});

test("the same port of two machines is two, each with its own socket", () => {
	const port = { record: "port", server_ip: "10.0.0.1", port: 443, transport: "tcp", process: "nginx" } as const;
	const listener = { record: "listener", ip: "::", port: 443, transport: "tcp" } as const;
	const rows = portRows([{ ...port, sensor: "web-1" }, { ...port, sensor: "web-2" }], [{ ...listener, sensor: "web-1", process: "nginx" }, { ...listener, sensor: "web-2", process: "caddy" }]);
	assert.deepEqual(rows.map((row) => [row.sensor, row.listener?.process]), [["web-1", "nginx"], ["web-2", "caddy"]]);
	assert.equal(new Set(rows.map((row) => row.key)).size, 2);
});

test("a target is as each machine that asks it met it", () => {
	const rows = [{ target: "tcp://x:1", sensor: "a", at: "1970-01-01T00:00:00Z", count: 1, sum_up: 2 }, { target: "tcp://x:1", sensor: "b", at: "1970-01-01T00:00:00Z", count: 1, sum_down: 1 }];
	const periods = periodsOf(rows, 0, 3600e3, 3600e3);
	assert.deepEqual([...periods].map(([from, [first]]) => [from, first!.was]), [["tcp://x:1 from a", "up"], ["tcp://x:1 from b", "down"]]);
	assert.equal(askedFrom("tcp://x:1", undefined), "tcp://x:1");
	const alert = { record: "alert", metric: "probe.hard_state", target: "tcp://x:1", start: "1970-01-01T00:10:00Z", state: "resolved" } as const;
	const failure = { record: "failure", target: "tcp://x:1", at: "1970-01-01T00:10:00Z" } as const;
	const outages = outagesOf([{ ...alert, id: "1", sensor: "a" }, { ...alert, id: "2", sensor: "b" }], [{ ...failure, sensor: "b", summary: "refused" }], []);
	assert.deepEqual(outages.map(({ sensor, cause }) => [sensor, cause]), [["a", undefined], ["b", "refused"]]);
});
