import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BLOCK_STATES, VETOES } from "../src/records/block";
import { KINDS } from "../src/records/finding";
import { TECHNIQUES } from "../src/records/mitre";

/* Tests run at the top of the project. */
const source = (path: string) => readFileSync(path, "utf8");
const doc = (record: string, field: string) =>
	new RegExp(`^FIELD\\(${record}, \\w+, ${field}, \\w+, "(.*)"\\)$`, "m").exec(source("src/record/record.def"))![1]!;

test("every technique that findings may name is explained, by its name", () => {
	const known = [...source("src/record/mitre.c").matchAll(/\{ "(T[\d.]+)",\s+"([^"]+)"/g)].map(([, id, name]) => [id!, name!]);
	assert.ok(known.length > 30);
	assert.deepEqual(Object.entries(TECHNIQUES).map(([id, { name }]) => [id, name]).sort(), known.sort());
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
