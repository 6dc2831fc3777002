import assert from "node:assert/strict";
import { test } from "node:test";
import * as state from "../src/state";

test("every view is a link: what is unknown is left out", () => {
	assert.equal(state.link("/ports", { port: 443, text: "a b&c", host: undefined, class: "" }), "/ports?port=443&text=a+b%26c");
	assert.equal(state.link("/ports"), "/ports");
	assert.equal(state.here({ text: undefined, page: 2 }), "/ports?since=6h&page=2");
	assert.equal(state.param("text"), "ssh");
	assert.equal(state.param("none"), undefined);
});

test("a range is a span before now, or two times", () => {
	const now = Date.parse("2026-11-26T12:00:00Z");
	assert.deepEqual(state.rangeOf("1h"), { since: "6h", until: undefined });
	assert.deepEqual(state.rangeTimes({ since: "1h", until: undefined }, now), [now - 3600e3, now]);
	assert.deepEqual(state.rangeTimes({ since: "2026-11-26T10:00:00Z", until: "2026-11-26T11:00:00Z" }, now), [now - 7200e3, now - 3600e3]);
	assert.equal(state.spanSeconds("90m"), 5400);
	assert.equal(state.spanSeconds("90"), undefined);
});

test("earlier and later move by half the range, and end at now", () => {
	const now = Date.parse("2026-11-26T12:00:00Z");
	const before = state.shifted({ since: "1h", until: undefined }, -1, now);
	assert.deepEqual(before, { since: "2026-11-26T10:30:00.000Z", until: "2026-11-26T11:30:00.000Z" });
	const after = state.shifted(before, 1, now);
	assert.deepEqual(after, { since: "2026-11-26T11:00:00.000Z", until: "2026-11-26T12:00:00.000Z" });
	assert.deepEqual(state.shifted(after, 1, now), after);
	assert.deepEqual(state.shifted({ since: "1h", until: undefined }, 1, now), { since: "1h", until: undefined });
});

test("a range that is none is the usual one", () => {
	Object.assign(globalThis, { history: { replaceState: (_state: unknown, _title: string, href: string) => {
		location.href = new URL(href, "http://localhost").href;
	} } });
	for (const [query, since, until] of [["since=nonsense", "1h", undefined], ["since=2h&until=then", "2h", undefined], ["since=-1h", "1h", undefined],
		["since=2026-11-26T10:00:00Z&until=2026-11-26T11:00:00Z", "2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"]] as const) {
		state.go(`/ports?${query}`, true);
		assert.deepEqual(state.rangeOf("1h"), { since, until }, query);
	}
});
