import assert from "node:assert/strict";
import { test } from "node:test";
import { byUrgency, headlineOf, machinesOf, silenceFor, targetHref, tellsOf, toldOf, type Incident, type Notification } from "../src/records/incident";

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

test("of a fleet it is of the machines that it lists, and links and silences of one are of that one", () => {
	const of = (sensors: string) => incident({ sensor: "hub", sensors, rule: "port_down", target: "0.0.0.0:80/tcp", server_ip: "0.0.0.0", port: 80, transport: "tcp" });
	assert.deepEqual(machinesOf(of("web-1,web-2")), ["web-1", "web-2"]);
	assert.deepEqual(machinesOf(of("hub")), [], "what only the hubs tell is of none");
	assert.deepEqual(machinesOf(incident({ sensor: "web-3" })), ["web-3"]);
	assert.deepEqual(machinesOf(incident({})), []);
	assert.equal(silenceFor(of("web-1")), "sensor=web-1 rule=port_down target=0.0.0.0:80/tcp");
	assert.equal(silenceFor(of("web-1,web-2")), "rule=port_down target=0.0.0.0:80/tcp");
	assert.match(targetHref(of("web-1")) ?? "", /sensor=web-1/);
	assert.doesNotMatch(targetHref(of("web-1,...")) ?? "", /sensor=/);
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
