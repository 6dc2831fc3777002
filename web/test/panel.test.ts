import assert from "node:assert/strict";
import test from "node:test";
import type { Aggregate, Group } from "../src/api";
import { behind, groupsOf, moved, newPanel, overTime, questionOf, resized, stepOfPanel, tidied, valuesOfPanel, waysOf, type Panel } from "../src/records/panel";
import { filterOf, ownFilters, valueWords, type RecordSchema } from "../src/records/schema";

const field = (name: string, unit = "", role: "key" | "counter" = "key") =>
	({ name, unit, role, type: unit === "" && role === "key" ? "string" : "integer", doc: name }) as RecordSchema["fields"][number];
const schema: RecordSchema = {
	name: "flow", doc: "a connection", filters: ["port", "host", "client_ip", "process", "since", "until"],
	fields: [field("client_ip"), field("server_port"), field("process"), field("cipher"), field("client_bytes", "bytes", "counter"), field("server_bytes", "bytes", "counter")],
};
const panel: Panel = { ...newPanel(), record: "flow", view: "sankey", by: ["client_ip", "server_port", "cipher"], sum: ["bytes"], where: { process: "nginx" } };

function answer(rows: Group[], step_s?: number): Aggregate {
	return { record: "flow", by: ["client_ip", "server_port"], step_s, since: "2026-03-01T00:00:00Z", until: "2026-03-01T04:00:00Z", rows, groups: 2,
		gaps: [{ since: "2026-03-01T02:00:00Z", until: "2026-03-01T03:00:00Z" }] };
}

test("panels are moved and resized within the grid", () => {
	const panels = ["a", "b", "c"].map((title) => ({ ...newPanel(), title }));
	assert.deepEqual(moved(panels, 2, -1).map(({ title }) => title), ["a", "c", "b"]);
	assert.deepEqual(moved(panels, 0, -1).map(({ title }) => title), ["a", "b", "c"]);
	assert.equal(resized(panels[0]!, 99, -99).width, 12);
	assert.equal(resized(panels[0]!, 99, -99).height, 1);
});

test("what is empty does not come into the file", () => {
	assert.deepEqual(Object.keys(tidied({ ...newPanel(), sum: [], where: {}, sort: "", limit: undefined })).sort(),
		["height", "record", "since", "title", "view", "width"]);
});

test("the step of a panel gives way where the time is too long for it", () => {
	const line: Panel = { ...panel, view: "line", step: "10s" };
	assert.equal(stepOfPanel(line, { since: "1h", until: undefined }), "10s");
	assert.equal(stepOfPanel(line, { since: "30d", until: undefined }), "1d");
	assert.equal(questionOf(panel, { since: "1h", until: undefined }).step, undefined);
});

test("a number leads to its records, also by fields that the daemon has no filter for", () => {
	const row = { client_ip: "192.0.2.1", server_port: 443, cipher: "AES", count: 1, at: "2026-03-01T01:00:00.000Z" };
	const url = new URL(behind(panel, schema, { since: "24h", until: undefined }, row, 3600), "http://x");
	assert.deepEqual(Object.fromEntries(url.searchParams), {
		record: "flow", process: "nginx", client_ip: "192.0.2.1", port: "443", cipher: "AES",
		since: "2026-03-01T01:00:00.000Z", until: "2026-03-01T01:59:59.999Z",
	});
	assert.equal(filterOf(schema, "cipher"), undefined);
	assert.deepEqual(ownFilters(schema, Object.fromEntries(url.searchParams)), { cipher: "AES" });
});

test("a sum without records is zero, an extreme and a gap are not known", () => {
	const rows: Group[] = [{ at: "2026-03-01T01:00:00Z", count: 1, sum_bytes: 7, max_server_bytes: 5 }];
	const times = [0, 1, 2, 3].map((hour) => Date.parse("2026-03-01T00:00:00Z") / 1000 + hour * 3600);
	const gaps = answer([]).gaps;
	const [sum] = valuesOfPanel({ ...panel, sum: ["bytes"] }, schema), [max] = valuesOfPanel({ ...panel, sum: [], max: ["server_bytes"] }, schema);
	assert.deepEqual(overTime(rows, times, 3600, gaps, sum!), [0, 7, null, 0]);
	assert.deepEqual(overTime(rows, times, 3600, gaps, max!), [null, 5, null, null]);
});

test("groups keep the order of the answer, and ways add up between each two fields", () => {
	const rows: Group[] = [
		{ client_ip: "b", server_port: 443, count: 1, sum_bytes: 3 }, { client_ip: "a", server_port: 443, count: 1, sum_bytes: 2 },
		{ client_ip: "b", server_port: 443, count: 1, sum_bytes: 5 },
	];
	assert.deepEqual(groupsOf(answer(rows)).map(({ row, rows: own }) => [row.client_ip, own.length]), [["b", 2], ["a", 1]]);
	const [value] = valuesOfPanel({ ...panel, sum: ["bytes"] }, schema);
	const { nodes, links } = waysOf(answer(rows), value!, schema, () => "/records");
	assert.deepEqual(nodes.map(({ label, stage }) => [label, stage]), [["b", 0], ["443", 1], ["a", 0]]);
	assert.deepEqual(links.map(({ value: sum }) => sum), [8, 2]);
});

test("a port is a name and no amount", () => {
	assert.equal(valueWords({ ...field("server_port"), type: "integer" }, 18443), "18443");
	assert.equal(valueWords(field("client_bytes", "bytes", "counter"), 1200), "1.2 kB");
});
