/*
 * networks.ts: sources by the networks that they are in: /8, /16, /24 of IPv4, and /32,
 * /48, /64 of IPv6.
 */
const LEVELS = { 4: [8, 16, 24, 32], 16: [32, 48, 64, 128] } as const;

/** 4 or 16 bytes; undefined: no address. */
export function addressBytes(text: string): number[] | undefined {
	if (!text.includes(":")) {
		const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
		return parts.length === 4 && parts.every((part) => part <= 255) ? parts : undefined;
	}
	const [head, tail, more] = text.split("::");
	if (more !== undefined || head === undefined)
		return undefined;
	const words = (part: string | undefined) => (part === undefined || part === "" ? [] : part.split(":"));
	const left = words(head), right = words(tail);
	const missing = 8 - left.length - right.length;
	if (tail === undefined ? missing !== 0 : missing < 1)
		return undefined;
	const all = [...left, ...Array<string>(Math.max(0, missing)).fill("0"), ...right];
	if (!all.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word)))
		return undefined;
	return all.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255]);
}

/** As RFC 5952 writes it: the longest run of zeros as "::". */
export function addressText(bytes: readonly number[]): string {
	if (bytes.length === 4)
		return bytes.join(".");
	const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
	let begin = -1, length = 1;
	for (let i = 0, run = 0; i < 8; i++) {
		run = words[i] === 0 ? run + 1 : 0;
		if (run > length)
			[begin, length] = [i - run + 1, run];
	}
	const hex = (part: number[]) => part.map((word) => word.toString(16)).join(":");
	return begin < 0 ? hex(words) : `${hex(words.slice(0, begin))}::${hex(words.slice(begin + length))}`;
}

function masked(bytes: readonly number[], length: number): number[] {
	return bytes.map((byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, length - 8 * i))) & 0xff);
}

export interface Source {
	ip: string;
	value: number;
}

export interface Network {
	/** "192.0.0.0/8", or an address. */
	name: string;
	value: number;
	sources: number;
}

function lengthOf(prefix: string | undefined): number | undefined {
	const length = prefix?.split("/")[1];
	return length === undefined ? undefined : Number(length);
}

function grouped(sources: readonly { bytes: number[]; value: number }[], within: number): Network[] {
	const found = new Map<string, Network>();
	for (const { bytes, value } of sources) {
		const levels = LEVELS[bytes.length as 4 | 16];
		const length = levels.find((level) => level > within) ?? 8 * bytes.length;
		const text = addressText(masked(bytes, length));
		const name = length === 8 * bytes.length ? text : `${text}/${length}`;
		const known = found.get(name) ?? { name, value: 0, sources: 0 };
		known.value += value;
		known.sources++;
		found.set(name, known);
	}
	return [...found.values()].sort((a, b) => b.value - a.value);
}

/**
 * The networks next below a prefix ("192.0.0.0/8"; undefined: of all), the largest first.
 * A level at which all are in one is passed over.
 */
export function networksOf(sources: readonly Source[], prefix?: string): Network[] {
	const known = sources.flatMap(({ ip, value }) => {
		const bytes = addressBytes(ip.split("/")[0]!);
		return bytes === undefined ? [] : [{ bytes, value }];
	});
	let found = grouped(known, lengthOf(prefix) ?? 0);
	for (let length = lengthOf(found[0]?.name); found.length === 1 && length !== undefined; length = lengthOf(found[0]!.name))
		found = grouped(known, length);
	return found;
}
