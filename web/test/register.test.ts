import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, faultsOf, offsetOf } from "../src/records/register";

const REGISTER = `# Who may listen here.
ports:
  # Administration.
  - port: 22
    transport: tcp
    clients: [10.0.0.0/8, "fd00:12::/32"]
    owner: platform # the team
    reason: "see: runbook #7"

  - transport: udp
    port: 8000-8010
    owner: ''
`;

test("entries are found with the line where they begin, remarks left out", () => {
	assert.deepEqual(entriesOf(REGISTER), [
		{ line: 4, keys: { port: "22", transport: "tcp", clients: "[10.0.0.0/8, \"fd00:12::/32\"]", owner: "platform", reason: "see: runbook #7" } },
		{ line: 10, keys: { transport: "udp", port: "8000-8010", owner: "" } },
	]);
	assert.deepEqual(entriesOf("ports: []\n"), []);
});

test("quotes within quotes are those of YAML", () => {
	const [entry] = entriesOf("ports:\n  - port: 1\n    owner: \"the \\\"A\\\" team # 1\" # remark\n    reason: 'it''s # so'\n")!;
	assert.deepEqual([entry!.keys.owner, entry!.keys.reason], ["the \"A\" team # 1", "it's # so"]);
});

test("what is written otherwise is not guessed at", () => {
	assert.equal(entriesOf("ports:\n  - {port: 22, transport: tcp}\n"), undefined);
	assert.equal(entriesOf("ports:\n    port: 22\n"), undefined);
});

test("faults have their place, and the place is found in the text", () => {
	const [first, second] = faultsOf("policy.yaml:4:11: port can't be \"x\"\npolicy.yaml:11:5: unknown key");
	assert.deepEqual(first, { line: 4, column: 11, what: "port can't be \"x\"" });
	assert.equal(second!.line, 11);
	assert.equal(REGISTER.slice(offsetOf(REGISTER, 4, 11), offsetOf(REGISTER, 4, 13)), "22");
	assert.equal(offsetOf("a\nb", 9, 9), 3);
	assert.deepEqual(faultsOf("no register is in force"), []);
});
