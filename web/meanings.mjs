/*
 * meanings.mjs: what words of records mean, as src/record/*.def has it, for the page: a
 * TypeScript module.
 */

const TEXT = String.raw`"((?:[^"\\]|\\.)*)"`;

/** Lines MACRO(a, "b", c) of a list, as their arguments; without any it is no such list. */
function linesOf(source, macro, pattern) {
	const lines = [...source.matchAll(new RegExp(`^${macro}\\(${pattern}\\)`, "gm"))].map((found) => found.slice(1));
	const count = [...source.matchAll(new RegExp(`^${macro}\\(`, "gm"))].length;
	if (count === 0 || lines.length !== count)
		throw new Error(`${macro}: ${lines.length} of ${count} lines are ${macro}(${pattern})`);
	return lines;
}

/** The text of record-meanings.ts. */
export function meanings(mitre, veto) {
	const techniques = linesOf(mitre, "TECHNIQUE", `${TEXT}, ${TEXT}, \\w+, ${TEXT}`)
		.map(([id, name, means]) => [id, { name, means }]);
	const vetoes = [...linesOf(veto, "NEVER", `(\\w+), ${TEXT}`).map(([word, what]) => [word, `it is ${what}`]),
		...linesOf(veto, "VETO", `(\\w+), ${TEXT}`)];
	return "/* Made of src/record/mitre.def and veto.def by web/meanings.mjs. */\n" +
		`export const TECHNIQUES: Record<string, { name: string; means: string }> = ${JSON.stringify(Object.fromEntries(techniques), null, "\t")};\n` +
		"/** What speaks against a block, by its word. */\n" +
		`export const VETOES: Record<string, string> = ${JSON.stringify(Object.fromEntries(vetoes), null, "\t")};\n`;
}
