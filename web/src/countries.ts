/*
 * countries.ts: asks the daemon in which countries addresses are; each address once, as
 * long as its database stays the same.
 */
import { getJson } from "./api";
import { pieces, type Country } from "./records/countries";

interface Answer {
	/** Whether it was given a database. */
	known: boolean;
	built?: string;
	countries?: Record<string, Country>;
}

/** undefined: the daemon was given no database. */
export type Countries = ReadonlyMap<string, Country | undefined> | undefined;

/* What was answered, by which database. */
let built: string | undefined;
let answered = new Map<string, Country | undefined>();

async function askOf(addresses: readonly string[], abort?: AbortSignal): Promise<"known" | "unknown" | "another"> {
	const { known, built: by, countries = {} } = await getJson<Answer>("/api/v1/countries", { ip: addresses.join() }, abort);
	if (!known)
		return "unknown";
	const isAnother = by !== built && answered.size > 0;
	if (isAnother)
		answered = new Map();
	built = by;
	for (const address of addresses)
		answered.set(address, Object.hasOwn(countries, address) ? countries[address] : undefined);
	return isAnother ? "another" : "known";
}

/** Where they are.  A database that is exchanged meanwhile is asked for all of them. */
export async function countriesOf(addresses: readonly string[], abort?: AbortSignal): Promise<Countries> {
	let isWhole = false;
	while (!isWhole) {
		isWhole = true;
		for (const piece of pieces(addresses.filter((address) => !answered.has(address)))) {
			const outcome = await askOf(piece, abort);
			if (outcome === "unknown") {
				answered = new Map();
				return undefined;
			}
			isWhole &&= outcome !== "another";
		}
	}
	return answered;
}
