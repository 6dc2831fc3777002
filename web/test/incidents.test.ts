import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../src/api";
import { figuresOf, weekBegin, weekName, type Sources } from "../src/records/figures";
import { byUrgency, headlineOf, silenceFor, tellsOf, toldOf, type Incident, type Notification } from "../src/records/incident";

const incident = (fields: Partial<Incident>): Incident => ({ record: "incident", ...fields });
const notification = (fields: Partial<Notification>): Notification => ({ record: "notification", ...fields });

test("what is comes before what will be, then the gravest, then what nobody has, then the newest", () => {
	const rows = [
		incident({ id: "ahead", severity: "high", ahead: true }), incident({ id: "low", severity: "low" }),
		incident({ id: "blocked", severity: "high", automatic: true, first: "2026-01-04T00:00:00Z" }), incident({ id: "had", severity: "high", acknowledged: "2026-01-01T00:00:00Z", first: "2026-01-03T00:00:00Z" }),
		incident({ id: "old", severity: "high", first: "2026-01-01T00:00:00Z" }), incident({ id: "new", severity: "high", first: "2026-01-02T00:00:00Z" }),
	];
	assert.deepEqual(rows.sort(byUrgency).map((one) => one.id), ["new", "old", "blocked", "had", "low", "ahead"]);
});

test("the cause is told if there is one, else what happened", () => {
	assert.equal(headlineOf(incident({ cause: "a deployment", summary: "it is down" })), "a deployment");
	assert.equal(headlineOf(incident({ summary: "it is down" })), "it is down");
});

test("a silence names the rule and the target, in quotes where a blank or comma would end it", () => {
	assert.equal(silenceFor(incident({ rule: "down", target: "tcp://192.0.2.1:80" })), "rule=down target=tcp://192.0.2.1:80");
	assert.equal(silenceFor(incident({ rule: "down", target: "http://x/a, b" })), "rule=down target=\"http://x/a, b\"");
	assert.equal(silenceFor(incident({ rule: "down", target: "http://x/\"", server_ip: "192.0.2.1", port: 80 })), "rule=down server_ip=192.0.2.1 port=80");
});

test("of each sink the last word counts, also where it told of others beside", () => {
	const rows = [
		notification({ at: "2026-01-01T00:02:00Z", sink: "mail", incident: "x", others: "a,b", state: "sent" }),
		notification({ at: "2026-01-01T00:01:00Z", sink: "mail", incident: "a", state: "failed" }),
		notification({ at: "2026-01-01T00:03:00Z", sink: "pager", incident: "a", state: "dropped" }),
		notification({ at: "2026-01-01T00:03:00Z", sink: "chat", incident: "aa", state: "sent" }),
	];
	assert.equal(tellsOf(rows[3]!, "a"), false);
	assert.deepEqual(toldOf(rows, "a").map((one) => [one.sink, one.last.state, one.sent]), [["mail", "sent", 1], ["pager", "dropped", 0]]);
});

test("weeks are those of ISO 8601", () => {
	assert.equal(weekName(weekBegin(Date.parse("2026-11-26T12:00:00Z"))), "2026-W48");
	assert.equal(weekName(weekBegin(Date.parse("2027-01-01T00:00:00Z"))), "2026-W53");
	assert.equal(weekName(weekBegin(Date.parse("2024-12-30T00:00:00Z"))), "2025-W01");
	assert.equal(new Date(weekBegin(Date.parse("2026-11-29T23:59:59Z"))).toISOString(), "2026-11-23T00:00:00.000Z");
});

const NOW = Date.parse("2026-11-26T00:00:00Z");
const said = (at: string, fields: Partial<Row<"incident">> = {}) => incident({ first: at, detected: at, ...fields });
const sources = (fields: Partial<Sources>): Sources => ({ incidents: [], gaps: [], starts: [], messages: [], ...fields });

test("a week has its medians, and the mean week counts by the time that is known", () => {
	const weeks = figuresOf(sources({
		starts: ["2026-11-19T12:00:00Z"],
		incidents: [
			said("2026-11-20T00:00:00Z", { end: "2026-11-20T00:10:00Z", automatic: true }),
			said("2026-11-20T00:00:00Z", { end: "2026-11-20T00:20:00Z", automatic: false, acknowledged: "2026-11-20T00:05:00Z", false_positive: true }),
			said("2026-11-20T00:00:00Z", { end: "2026-11-20T05:00:00Z", acknowledged: "2026-11-20T00:15:00Z" }),
			said("2026-11-20T00:00:00Z", { close_reason: "part of incident 12" }),
			said("2026-11-24T00:00:00Z"),
		],
		messages: [{ at_ms: Date.parse("2026-11-20T00:00:00Z"), count: 4 }],
	}), NOW - 56 * 86400000, NOW);
	assert.deepEqual(weeks.map((one) => one.week), ["2026-W48", "before", "2026-W47"]);
	const [now, before, last] = weeks;
	assert.equal(now!.incidents, 1);
	assert.equal(now!.over, undefined);
	assert.equal(last!.incidents, 3);
	assert.equal(last!.over!.median_s, 1200);
	assert.equal(last!.acknowledged!.median_s, 900);
	assert.equal(last!.automatic, 0.5);
	assert.equal(last!.false, 0.5);
	/* Half a week was watched: three in it are six a week. */
	assert.equal(last!.known, 0.5);
	assert.equal(before!.incidents, 6);
	assert.equal(before!.messages, 8);
});

test("what nobody watched is not known, and that is not zero", () => {
	const gap: Row<"gap"> = { record: "gap", start: "2026-11-16T00:00:00Z", end: "2026-11-23T00:00:00Z", reason: "stopped" };
	const weeks = figuresOf(sources({ gaps: [gap, { ...gap, start: "2026-11-09T00:00:00Z", end: "2026-11-16T00:00:00Z", reason: "dropped" }] }),
		Date.parse("2026-11-09T00:00:00Z"), NOW);
	assert.deepEqual(weeks.map((one) => [one.week, one.incidents]), [["2026-W48", 0], ["before", 0], ["2026-W47", undefined], ["2026-W46", 0]]);
});
