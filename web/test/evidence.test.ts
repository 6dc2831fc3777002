import assert from "node:assert/strict";
import test from "node:test";
import { columnsOf, coverageWords, fileHref, observedShares, outcomesOf, partsOf, presets, reviewWords } from "../src/records/evidence";

const at = (hour: number): string => new Date(Date.UTC(2026, 2, 1, hour)).toISOString();
const short = (time: string | undefined): string | undefined => time?.slice(0, 10);
const known = (hour: number, ratio = 1) => ({ coverage: { ratio, known_since: at(hour) } });

test("the time is what was not known, gaps, losses and the rest, each once", () => {
	const gaps = [
		{ start: at(4), end: at(6), reason: "stopped", blind: true }, { start: at(5), end: at(7), reason: "dropped", blind: false },
		{ start: at(0), end: at(1), reason: "stopped", blind: true }, { start: at(9), end: at(30), reason: "host_lost", blind: true },
	];
	assert.deepEqual(partsOf({ since: at(0), until: at(10), gaps, evidence: [known(3), known(2)] }), [
		{ was: "nothing", why: "", begin: 0, end: 0.2 }, { was: "observed", why: "", begin: 0.2, end: 0.4 },
		{ was: "gap", why: "stopped", begin: 0.4, end: 0.5 }, { was: "gap", why: "stopped, dropped", begin: 0.5, end: 0.6 },
		{ was: "lossy", why: "dropped", begin: 0.6, end: 0.7 }, { was: "observed", why: "", begin: 0.7, end: 0.9 },
		{ was: "gap", why: "host lost", begin: 0.9, end: 1 },
	]);
});

test("thousands of gaps are told in no time, none of them lost", () => {
	const gaps = Array.from({ length: 10000 }, (_, i) => ({ start: new Date(i * 2000).toISOString(), end: new Date(i * 2000 + 1000).toISOString(), reason: `r${i % 3}`, blind: i % 2 === 0 }));
	const began = performance.now();
	const parts = partsOf({ since: new Date(0).toISOString(), until: new Date(20000000).toISOString(), gaps, evidence: [{ coverage: { ratio: 1, known_since: new Date(0).toISOString() } }] });
	assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
	assert.deepEqual([parts.length, parts.filter(({ was }) => was === "gap").length, parts.filter(({ was }) => was === "lossy").length], [20000, 5000, 5000]);
});

test("nor do gaps within gaps take long", () => {
	const gaps = Array.from({ length: 10000 }, (_, i) => ({ start: new Date(i * 1000).toISOString(), end: new Date(40000000 - i * 1000).toISOString(), reason: `r${Math.floor(i / 5000)}`, blind: i >= 5000 }));
	const began = performance.now();
	const parts = partsOf({ since: new Date(0).toISOString(), until: new Date(40000000).toISOString(), gaps, evidence: [{ coverage: { ratio: 1, known_since: new Date(0).toISOString() } }] });
	assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
	assert.deepEqual(parts.map(({ was, why }) => `${was} ${why}`), ["lossy r0", "gap r0, r1", "lossy r0"]);
});

test("without evidence nothing is known, and all of a time may have been observed", () => {
	assert.deepEqual(partsOf({ since: at(0), until: at(10), gaps: [], evidence: [] }), [{ was: "nothing", why: "", begin: 0, end: 1 }]);
	assert.deepEqual(partsOf({ since: at(0), until: at(10), gaps: [], evidence: [known(0)] }), [{ was: "observed", why: "", begin: 0, end: 1 }]);
	assert.equal(observedShares([]), undefined);
	assert.deepEqual(observedShares([known(0, 0.5), known(0, 0.9)]), [0.5, 0.9]);
});

test("coverage says from when on, and why not before", () => {
	assert.equal(coverageWords({ ratio: 0.5, known_since: "2026-01-02T03:04:05.000000Z", why: "kept", lossy_us: 60e6 }, short),
		"Observed: 50 % of the time; from 2026-01-02 on: what was before this is kept no longer; packets or records were lost in 60 s of it");
	assert.ok(coverageWords({}, short).startsWith("Observed: –"));
});

test("columns without a value are left out, what deviates comes first", () => {
	assert.deepEqual(columnsOf({ columns: ["port", "user", "deviation"], rows: [{ port: 22 }, { port: 80, deviation: "not approved" }] }), ["deviation", "port"]);
	assert.deepEqual(columnsOf({ columns: ["port"], rows: [] }), []);
	assert.deepEqual([...outcomesOf([{ outcome: "clear" }, { outcome: "review" }, { outcome: "clear" }])], [["clear", 2], ["review", 1]]);
});

test("a quarter is the one that is over, 13 months end on a day that there is", () => {
	const [, quarter, year] = presets(Date.UTC(2026, 1, 14, 5));
	assert.deepEqual(quarter, { label: "Quarter 2025 Q4", since: "2025-10-01T00:00:00.000Z", until: "2026-01-01T00:00:00.000Z" });
	assert.equal(year!.since, "2025-01-14T00:00:00.000Z");
	assert.equal(presets(Date.UTC(2026, 2, 31))[2]!.since, "2025-02-28T00:00:00.000Z");
	assert.equal(presets(Date.UTC(2026, 6, 1))[1]!.label, "Quarter 2026 Q2");
});

test("names can't leave the path, nor can what is asked for", () => {
	assert.equal(fileHref("../x?y", { format: "pdf", user: "a b&c", host: undefined }), "/api/v1/report/..%2Fx%3Fy?format=pdf&user=a+b%26c");
});

test("a review that is not known is not one that there was not", () => {
	assert.equal(reviewWords(undefined, short), "Who reviewed it is not known.");
	assert.equal(reviewWords({ reviewed: "no" }, short), "Nobody has reviewed it.");
	assert.equal(reviewWords({ reviewed: "expired", actor: "alice", at: at(0), outcome: "accepted", comment: "as in spring" }, short),
		"Reviewed, and to be reviewed again: by alice, 2026-03-01, accepted: as in spring");
	assert.ok(reviewWords({ reviewed: "these_rows", actor: "alice", at: at(0), expires: at(48) }, short).endsWith(" (counts until 2026-03-03)"));
	assert.ok(reviewWords({ reviewed: "other_rows", actor: "alice", at: at(48), outcome: "accepted", since: at(0), until: at(24) }, short)
		.endsWith("alice, 2026-03-03, accepted, of 2026-03-01 to 2026-03-02"));
});
