import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, compared, count, duration, endpoint, exact, inOwnTime, percent, plural, rate, short, span, spaced, UNKNOWN } from "../src/words";

test("what is unknown is a dash, never zero", () => {
	for (const words of [count, bytes, rate, duration, percent, short])
		assert.equal(words(undefined), UNKNOWN);
	assert.equal(ago(undefined), UNKNOWN);
	assert.equal(spaced(undefined), UNKNOWN);
	assert.equal(endpoint(undefined, undefined), UNKNOWN);
});

test("durations choose their unit", () => {
	assert.deepEqual([0, 999, 1000, 1499, 999_400, 1_500_000, 119e6, 121e6, 7200e6].map(duration),
		["0 µs", "999 µs", "1 ms", "1.5 ms", "999 ms", "1.5 s", "119 s", "2 min", "2 h"]);
});

test("sizes are decimal, and never in exponents", () => {
	assert.deepEqual([0, 1, 999, 1000, 1234, 99_999, 999_499, 999_600, 5e6, 1e15, 1e18].map(bytes),
		["0 B", "1 B", "999 B", "1 kB", "1.2 kB", "100 kB", "999 kB", "1 MB", "5 MB", "1 PB", "1000 PB"]);
	assert.equal(rate(0.25), "0.25 B/s");
	assert.equal(short(1234567), "1.2 M");
});

test("a ratio is a percentage, small ones too", () => {
	assert.deepEqual([0, 1, 0.5, 0.0123, 0.00001, 0.99995, 0.999].map(percent),
		["0 %", "100 %", "50 %", "1.23 %", "0.001 %", "100 %", "99.9 %"]);
});

test("times are told from now, before and after", () => {
	const now = Date.parse("2026-11-26T12:00:00Z");
	assert.equal(ago("2026-11-26T11:59:58Z", now), "2 s ago");
	assert.equal(ago("2026-11-26T09:00:00Z", now), "3 h ago");
	assert.equal(ago("2026-11-28T13:00:00Z", now), "in 2 d");
	assert.equal(span(-5), "0 s");
});

test("an IPv6 address with a port has brackets", () => {
	assert.equal(endpoint("2001:db8::1", 443, "tcp"), "[2001:db8::1]:443/tcp");
	assert.equal(endpoint("2001:db8::1", undefined), "2001:db8::1");
	assert.equal(endpoint("192.0.2.1", 53), "192.0.2.1:53");
	assert.equal(endpoint(undefined, 53, "udp"), "53/udp");
});

test("one is not many", () => {
	assert.equal(plural(1, "port"), "1 port");
	assert.equal(plural(0, "port"), "0 ports");
	assert.equal(plural(1200, "entry", "entries"), "1,200 entries");
});

test("two times are compared in words, and not where one is not known", () => {
	const words = (now: number | undefined, before: number | undefined) => compared(now, before, "the day before");
	assert.equal(words(5, undefined), "the day before is not known");
	assert.equal(words(undefined, 5), "the day before is not known");
	assert.equal(words(115, 100), "15 % more than the day before");
	assert.equal(words(40, 100), "60 % less than the day before");
	assert.equal(words(0, 100), "100 % less than the day before");
	assert.equal(words(12345, 100), "120 times the day before");
	assert.equal(words(100, 100), "as the day before");
	assert.equal(words(5, 0), "none the day before");
	assert.equal(words(0, 0), "as the day before");
});

test("a sentence has its times in the viewer's zone", () => {
	const zone = process.env.TZ;
	process.env.TZ = "Asia/Tokyo";
	try {
		assert.equal(inOwnTime("drop until 2026-11-24T20:05:09.123456Z by root, as of 2026-11-24T20:05:09Z."),
			"drop until 2026-11-25 05:05:09 GMT+9 by root, as of 2026-11-25 05:05:09 GMT+9.");
		assert.equal(inOwnTime("192.0.2.7, 12:30, 2026-11-24"), "192.0.2.7, 12:30, 2026-11-24");
		assert.equal(inOwnTime("2026-11-24T20:05:09Z"), exact("2026-11-24T20:05:09Z"));
	} finally {
		process.env.TZ = zone;
	}
});
