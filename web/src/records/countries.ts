/*
 * countries.ts: sources by the countries in which their addresses are, as the database
 * that the daemon was given has it.
 */
import type { Source } from "./networks";

export interface Country {
	/** ISO 3166-1: "NL". */
	code: string;
	name?: string;
}

export interface CountryShare {
	/** undefined: the database does not know. */
	country?: Country;
	value: number;
	sources: number;
	/** Of all, 0..1. */
	share: number;
}

/** "NL Netherlands" */
export function countryName({ code, name }: Country): string {
	return name === undefined ? code : `${code} ${name}`;
}

/** The largest first, and those of which it is not known last. */
export function ranked(sources: readonly Source[], countryOf: (ip: string) => Country | undefined): CountryShare[] {
	const found = new Map<string | undefined, CountryShare>();
	let total = 0;
	for (const { ip, value } of sources) {
		const country = countryOf(ip);
		const known = found.get(country?.code) ?? { country, value: 0, sources: 0, share: 0 };
		known.value += value;
		known.sources++;
		total += value;
		found.set(country?.code, known);
	}
	const all = [...found.values()].map((one) => ({ ...one, share: total > 0 ? one.value / total : 0 }));
	return all.sort((a, b) => Number(a.country === undefined) - Number(b.country === undefined) || b.value - a.value ||
		(a.country?.code ?? "").localeCompare(b.country?.code ?? ""));
}

/* A request's line has room for so many characters, and an answer is to come soon. */
const LINE_MAX = 12000, ADDRESSES_MAX = 1000;

/** Addresses in pieces that one question can have. */
export function pieces(addresses: readonly string[]): string[][] {
	const all: string[][] = [];
	let piece: string[] = [], length = 0;
	for (const address of addresses) {
		const more = encodeURIComponent(`${address},`).length;
		if (piece.length === ADDRESSES_MAX || length + more > LINE_MAX) {
			all.push(piece);
			piece = [];
			length = 0;
		}
		piece.push(address);
		length += more;
	}
	return piece.length > 0 ? [...all, piece] : all;
}
