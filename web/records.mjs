/*
 * records.mjs: src/record/record.def as TypeScript types, so that a field that does not
 * exist is an error when the page is built.
 *
 * What is unknown is left out of JSON: every field may be undefined.
 */
const TYPES = {
	time: "string", addr: "string", word: "string", text32: "string", text64: "string",
	text256: "string", bytes1536: "string", u16: "number", u32: "number", u64: "number",
	ratio: "number", real: "number", flag: "boolean",
};

/** The text of FIELD(...) lines, by record; a macro of lines counts where it is used. */
function fieldsOf(source) {
	const field = /FIELD\(\s*(\w+),\s*(\w+),\s*(\w+),\s*\w+,\s*"((?:[^"\\]|\\.)*)"\)/g;
	const records = new Map(), macros = new Map();
	const text = source.replace(/#define (\w+)\(\w+\)((?:[^\n]*\\\n)+[^\n]*)/g, (_, name, body) => {
		macros.set(name, body.replaceAll("\\\n", "\n"));
		return "";
	});
	for (const [, name, body] of text.matchAll(/^RECORD\((\w+),[^\n]*\n([^]*?)^END\(/gm)) {
		const own = body.replace(/^(\w+)\((\w+)\)$/gm, (line, macro) => macros.get(macro) ?? line);
		const whole = own + macros.get("EVERY_RECORD"); /* which END() adds */
		records.set(name, [...whole.matchAll(field)].map(([, , type, field, doc]) => ({ type, field, doc })));
	}
	return records;
}

/** The text of record-types.d.ts. */
export function recordTypes(source) {
	const records = fieldsOf(source);
	let out = "/* Made of src/record/record.def by web/records.mjs. */\n";
	for (const [name, fields] of records) {
		out += `export interface ${name}_record {\n\trecord: "${name}";\n`;
		for (const { type, field, doc } of fields) {
			if (!(type in TYPES))
				throw new Error(`record.def: ${name}.${field}: type ${type} is not one of ${Object.keys(TYPES).join(", ")}`);
			out += `\t/** ${doc.replaceAll("*/", "* /")} */\n\t${field}?: ${TYPES[type]};\n`;
		}
		out += "}\n";
	}
	out += "export interface Records {\n";
	for (const name of records.keys())
		out += `\t${name}: ${name}_record;\n`;
	return `${out}}\n`;
}
