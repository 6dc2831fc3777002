import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../src/api";
import { lookersOf } from "../src/records/looker";
import { portColumns, USUAL_LIMITS } from "../src/records/port";
import { groupsOf, healthOf } from "../src/records/port_health";
import { missingRows, portRows } from "../src/records/port_rows";

const port = (more: Partial<Row<"port">>): Row<"port"> => ({ record: "port", server_ip: "192.0.2.1", port: 443, transport: "tcp", class: "well-known", state: "open", ...more });
const listener = (more: Partial<Row<"listener">>): Row<"listener"> => ({ record: "listener", ip: "::", port: 443, transport: "tcp", process: "nginx", ...more });
const columns = portColumns(USUAL_LIMITS);

test("a socket of every address belongs to the traffic of each of ours, and to nobody else's", () => {
	const rows = portRows([port({ process: "nginx" }), port({ server_ip: "192.0.2.2", process: "nginx" }), port({ server_ip: "198.51.100.1" })], [listener({})]);
	assert.deepEqual(rows.map((row) => row.listener?.process), ["nginx", "nginx", undefined]);
});

test("who listens without traffic is a port, too; who has closed is none", () => {
	const rows = portRows([], [listener({}), listener({ port: 22, change: "closed" }), listener({ netns: 7 })]);
	assert.deepEqual(rows.map((row) => row.port), [443, 443]);
	assert.equal(new Set(rows.map((row) => row.key)).size, 2, "also the same port of another network namespace");
});

test("drift is told only where the register says something", () => {
	const drift = (...listeners: Row<"listener">[]) => portRows([], listeners).map((row) => row.drift);
	assert.deepEqual(drift(listener({})), [undefined]);
	assert.deepEqual(drift(listener({ authorized: true }), listener({ port: 23, authorized: false })), ["as expected", "unexpected"]);
	const missing = missingRows([{ record: "finding", id: "a", kind: "missing_listener", port: 25, transport: "tcp" }, { record: "finding", id: "b", kind: "port_scan", port: 25 }]);
	assert.deepEqual(missing.map((row) => [row.port, row.drift]), [[25, "missing"]]);
	assert.equal(healthOf(missing[0]!, columns).tone, "bad");
});

test("a port is as well as the worst that is known of it, and says why", () => {
	const health = (more: Partial<Row<"port">>) => healthOf(portRows([port(more)], [])[0]!, columns);
	assert.equal(health({}).tone, "good");
	assert.equal(health({ state: "closed" }).tone, "unknown");
	assert.deepEqual(health({ response_p95_us: 150_000 }), { tone: "warn", why: "resp. p95 150 ms" });
	assert.equal(health({ error_ratio: 1, unused: true, state: "closed" }).tone, "unknown", "that an unused port refuses is no error");
});

test("the map has a tile per number, as bad as its worst address, the worst first", () => {
	const rows = portRows([port({}), port({ server_ip: "192.0.2.2", lost_ratio: 0.5 }), port({ port: 80 }), port({ port: 8080, class: "registered" })], []);
	const groups = groupsOf(rows, columns, "class");
	assert.deepEqual(groups.map(({ name, ports }) => [name, ports.map(({ key, addresses, health }) => `${key} ${addresses} ${health.tone}`)]),
		[["well-known", ["443/tcp 2 warn", "80/tcp 1 good"]], ["registered", ["8080/tcp 1 good"]]]);
});

test("who is looking at us is told once, with the gravest of what it did", () => {
	const finding = (more: Partial<Row<"finding">>): Row<"finding"> => ({ record: "finding", kind: "port_scan", severity: "low", client_ip: "198.51.100.7", ...more });
	const lookers = lookersOf([finding({ attempts: 10, proof: "unsolicited", last: "2026-01-01T00:00:00Z" }), finding({ kind: "brute_force", severity: "high", attempts: 5, proof: "dialogue", last: "2026-01-02T00:00:00Z" }),
		finding({ client_ip: "2001:db8::", client_prefix: 64 }), finding({ client_ip: undefined })]);
	assert.deepEqual(lookers.map(({ ip, kinds, severity, proof, attempts }) => ({ ip, kinds, severity, proof, attempts })), [
		{ ip: "198.51.100.7", kinds: ["port_scan", "brute_force"], severity: "high", proof: "dialogue", attempts: 15 },
		{ ip: "2001:db8::/64", kinds: ["port_scan"], severity: "low", proof: undefined, attempts: undefined },
	]);
});
