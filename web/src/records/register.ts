/*
 * register.ts: the register of authorised ports as a list, for people to look through.
 *
 * The daemon alone says what the text means; here each entry is found by its lines, as
 * people and `policy propose` write it.  What is written otherwise (in braces) is left
 * to the text.
 */
export interface Entry {
	/** Where it begins, from 1. */
	line: number;
	/** Its keys, with their values as they are written. */
	keys: Record<string, string>;
}

/** Without a remark behind it, and without quotes around it. */
function valueOf(text: string): string {
	const double = /^"((?:[^"\\]|\\.)*)"\s*(#.*)?$/.exec(text), single = /^'((?:[^']|'')*)'\s*(#.*)?$/.exec(text);
	if (double)
		return double[1]!.replace(/\\(["\\/])/g, "$1");
	if (single)
		return single[1]!.replaceAll("''", "'");
	return text.replace(/(^|\s)#.*$/, "").trim();
}

/** Entries in their order; undefined: some are written in a way that is not read here. */
export function entriesOf(yaml: string): Entry[] | undefined {
	const entries: Entry[] = [];
	for (const [number, line] of yaml.split("\n").entries()) {
		if (/^\s*(#.*)?$/.test(line) || /^ports:\s*(\[\s*\])?\s*(#.*)?$/.test(line))
			continue;
		const found = /^(\s*-\s+|\s+)([a-z_]+):(?:\s+(.*))?$/.exec(line);
		const begins = found?.[1]?.includes("-") ?? false;
		const entry = begins ? { line: number + 1, keys: {} } : entries[entries.length - 1];
		if (found === null || entry === undefined)
			return undefined;
		entry.keys[found[2]!] = valueOf(found[3] ?? "");
		if (begins)
			entries.push(entry);
	}
	return entries;
}

/** "policy.yaml:12:11: what" */
export interface Fault {
	line: number;
	column: number;
	what: string;
}

/** Where the daemon says that a register is wrong. */
export function faultsOf(message: string): Fault[] {
	return message.split("\n").flatMap((text) => {
		const found = /:(\d+):(\d+): (.*)$/.exec(text);
		return found === null ? [] : [{ line: Number(found[1]), column: Number(found[2]), what: found[3]! }];
	});
}

/** Where in the text a line and column are. */
export function offsetOf(text: string, line: number, column: number): number {
	const lines = text.split("\n");
	const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
	return Math.min(before + Math.max(0, column - 1), text.length);
}
