/*
 * report_forms.mjs FOLDER: each FOLDER/NAME.oscal.json is what OSCAL allows, each
 * FOLDER/NAME.hdf.json what Heimdall reads.
 *
 * OSCAL_SCHEMA: NIST's own schema of assessment results, whose word then counts as well.
 */
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, tap } from "./harness.mjs";
import { danglingOf, schema } from "./oscal.mjs";

const require = createRequire(join(root, "build/npm/package.json"));
const { default: Ajv } = require("ajv");
const { default: addFormats } = require("ajv-formats");
const { convertFile, convertFileContextual } = require("inspecjs");
const [folder] = process.argv.slice(2);

const files = (kind) => readdirSync(folder).filter((name) => name.endsWith(kind)).sort();
const read = (name) => readFileSync(join(folder, name), "utf8");

function validatorOf(some) {
	const ajv = new Ajv({ strict: false, allErrors: true });   /* NIST's has titles beside $ref */
	addFormats(ajv);
	const validate = ajv.compile(some);
	return (document) => (validate(document) ? [] : validate.errors.map((error) =>
		`${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`));
}

function isOscal() {
	const ours = validatorOf(schema);
	const path = process.env.OSCAL_SCHEMA;
	const nist = path ? validatorOf(JSON.parse(readFileSync(path, "utf8"))) : null;
	for (const name of files(".oscal.json")) {
		const document = JSON.parse(read(name));
		tap.equal(ours(document), [], `${name} holds what assessment results may`);
		tap.equal(danglingOf(document), [], `${name}: what is pointed to is there, once`);
		if (nist)
			tap.equal(nist(document), [], `${name}: NIST's schema allows it`);
	}
}

/* A control is passed for Heimdall only if it asks for no more than what was seen. */
function isHdf() {
	for (const name of files(".hdf.json")) {
		const text = read(name);
		tap.equal(Object.keys(convertFile(text)), ["1_0_ExecJson"], `${name} is HDF`);
		const controls = convertFileContextual(text).contains.flatMap((profile) => profile.contains);
		const claimed = controls.filter((control) => control.hdf.status === "Passed" &&
			control.data.tags.strength !== "direct");
		tap.equal(claimed.map((control) => control.data.id), [], `${name}: nothing is passed by a part`);
		const odd = controls.filter((control) =>
			!["Passed", "Failed", "Not Reviewed"].includes(control.hdf.status));
		tap.equal(odd.map((control) => control.data.id), [], `${name}: Heimdall knows each status`);
	}
}

isOscal();
isHdf();
process.exitCode = tap.finish();
