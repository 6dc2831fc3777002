import assert from "node:assert/strict";
import { test } from "node:test";
import type { Aggregate, Group } from "../src/api";
import { totals } from "../src/parts/ribbons";
import { trafficOf, type Traffic } from "../src/records/traffic";

function answer(rows: Group[], others?: Aggregate["others"]): Aggregate {
	return { record: "flow", by: [], since: "", until: "", rows, others, groups: rows.length + (others?.groups ?? 0), gaps: [] };
}

const group = (sum_bytes: number, fields: Record<string, string | number>): Group => ({ count: 1, sum_bytes, ...fields });
const client = (n: number) => `192.0.2.${n}`;

/** A hundred clients that all ask at 443; of their pairs only the first are told. */
function crowd(): Traffic {
	const each = (n: number) => 1000 - n;
	const all = Array.from({ length: 100 }, (_, i) => each(i));
	const whole = all.reduce((sum, value) => sum + value, 0);
	const shown = all.slice(0, 3).reduce((sum, value) => sum + value, 0);
	return trafficOf({
		clients: answer(all.slice(0, 3).map((value, i) => group(value, { client_ip: client(i) })), { groups: 97, count: 97, sum_bytes: whole - shown }),
		ports: answer([group(whole, { server_port: 443, transport: "tcp", process: "nginx" })]),
		pairs: answer(all.slice(0, 2).map((value, i) => group(value, { client_ip: client(i), server_port: 443, transport: "tcp" })),
			{ groups: 98, count: 98, sum_bytes: whole - each(0) - each(1) }),
	}, "bytes", 3, (filters) => JSON.stringify(filters));
}

test("what was not told one by one is where it belongs, not at other ports", () => {
	const { nodes, links, total, clients } = crowd();
	const values = totals(nodes, links);
	assert.equal(links.filter(({ to }) => to === "1 443/tcp").reduce((sum, { value }) => sum + value, 0), total);
	assert.equal(values.get("1 443/tcp"), total);
	assert.equal(values.get("2 nginx"), total);
	assert.equal(clients, 100);
	/* The third client's pair was not told: it is its own, to somewhere. */
	assert.equal(values.get(`0 ${client(2)}`), 998);
	assert.ok(links.every(({ value }) => value > 0));
});

test("a ribbon leads to the records of both its ends; the rest leads nowhere", () => {
	const { nodes, links } = crowd();
	const ribbon = links.find(({ from, to }) => from === `0 ${client(0)}` && to === "1 443/tcp");
	assert.deepEqual(JSON.parse(ribbon!.href!), { client_ip: client(0), transport: "tcp", port: 443 });
	assert.ok(links.filter(({ from }) => from === "0 others").every(({ href }) => href === undefined));
	assert.ok(nodes.filter(({ isRest }) => isRest).every(({ href }) => href === undefined));
});

test("what has no port is one thing, and a process that is not known no filter", () => {
	const rows = [8, 0].map((server_port) => group(10, { server_port, transport: "icmp" }));
	const { nodes, links } = trafficOf({
		clients: answer([group(20, { client_ip: client(1) })]), ports: answer(rows),
		pairs: answer(rows.map((row) => ({ ...row, client_ip: client(1) }))),
	}, "bytes", 5, (filters) => JSON.stringify(filters));
	const icmp = nodes.find(({ label }) => label === "icmp")!;
	assert.deepEqual(JSON.parse(icmp.href!), { transport: "icmp" });
	assert.equal(nodes.find(({ label }) => label === "not known")!.href, undefined);
	assert.deepEqual(links.map(({ value }) => value), [20, 20]);
});
