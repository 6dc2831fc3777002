import assert from "node:assert/strict";
import { test } from "node:test";
import { addressBytes, addressText, networksOf } from "../src/records/networks";

test("addresses are read and written as RFC 5952 has them", () => {
	for (const text of ["0.0.0.0", "192.0.2.255", "::", "::1", "2001:db8::", "2001:db8::1:0:0:1", "fe80::1", "1:2:3:4:5:6:7:8", "1:0:2:0:3:0:4:0"])
		assert.equal(addressText(addressBytes(text)!), text);
	assert.equal(addressText(addressBytes("2001:DB8:0:0:1:0:0:1")!), "2001:db8::1:0:0:1");
});

test("what is no address is none", () => {
	for (const text of ["", "192.0.2", "192.0.2.256", "1.2.3.4.5", "a.b.c.d", ":::", "1::2::3", "1:2:3", "1:2:3:4:5:6:7:8:9", "g::1", "12345::"])
		assert.equal(addressBytes(text), undefined, text);
});

const source = (ip: string, value = 1) => ({ ip, value });

test("sources are grouped by the level below, the largest first", () => {
	const sources = [source("192.0.2.1", 5), source("192.0.3.1", 1), source("10.1.1.1", 2), source("2001:db8:1::1", 4), source("2001:db8:2::1", 3)];
	assert.deepEqual(networksOf(sources).map(({ name, value, sources: many }) => [name, value, many]),
		[["2001:db8::/32", 7, 2], ["192.0.0.0/8", 6, 2], ["10.0.0.0/8", 2, 1]]);
	assert.deepEqual(networksOf(sources.slice(3), "2001:db8::/32").map(({ name }) => name), ["2001:db8:1::/48", "2001:db8:2::/48"]);
	assert.deepEqual(networksOf(sources.slice(0, 2), "192.0.0.0/16").map(({ name }) => name), ["192.0.2.0/24", "192.0.3.0/24"]);
});

test("a level at which all are in one is passed over, down to addresses", () => {
	assert.deepEqual(networksOf([source("192.0.2.1"), source("192.0.2.9")]).map(({ name }) => name), ["192.0.2.1", "192.0.2.9"]);
	assert.deepEqual(networksOf([source("192.0.2.1")]).map(({ name }) => name), ["192.0.2.1"]);
	assert.deepEqual(networksOf([source("192.0.2.1")], "192.0.2.1").map(({ name }) => name), ["192.0.2.1"]);
	assert.deepEqual(networksOf([]), []);
});

test("a prefix that is no multiple of eight goes on at the next level", () => {
	assert.deepEqual(networksOf([source("172.16.0.1"), source("172.31.0.1")], "172.16.0.0/12").map(({ name }) => name), ["172.16.0.0/16", "172.31.0.0/16"]);
});
