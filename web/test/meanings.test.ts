import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VETOES } from "record-meanings";
import { BLOCK_STATES } from "../src/records/block";
import { KINDS } from "../src/records/finding";
import { TECHNIQUES } from "../src/records/mitre";

/* Tests run at the top of the project. */
const source = (path: string) => readFileSync(path, "utf8");
const doc = (record: string, field: string) =>
	new RegExp(`^FIELD\\(${record}, \\w+, ${field}, \\w+, "(.*)"\\)$`, "m").exec(source("src/record/record.def"))![1]!;

test("techniques and vetoes are those of the daemon's lists", () => {
	assert.ok(Object.keys(TECHNIQUES).length > 30);
	assert.deepEqual(TECHNIQUES["T1557.001"], {
		name: "Adversary-in-the-Middle: LLMNR/NBT-NS Poisoning and SMB Relay",
		means: "Somebody answers for a name on the local network, and passes on who falls for it.",
	});
	assert.equal(VETOES.gateway, "it is this machine's gateway");
	assert.equal(VETOES.self_test, "it is the self-test's");
});

test("every kind of finding is explained", () => {
	const kinds = doc("finding", "kind").replace(/^What it is: /, "").replace(/\.$/, "").split(", ");
	assert.deepEqual(Object.keys(KINDS).sort(), kinds.sort());
});

test("every state of a block, and all that may speak against one, is explained", () => {
	const words = (text: string) => text.replaceAll(/\([^)]*\)/g, "").replace(/^[^:]*: /, "").split(/[,.]/).map((word) => word.trim()).filter((word) => word !== "");
	assert.deepEqual(Object.keys(VETOES).sort(), words(doc("block", "vetoed_by")).sort());
	assert.deepEqual(Object.keys(BLOCK_STATES).sort(), words(doc("block", "state")).sort());
});
