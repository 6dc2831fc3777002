/*
 * schemas.ts: the schemas of all records, asked for once while the page is open.
 */
import { getJson } from "./api";
import { useData, type Data } from "./data";
import type { RecordSchema, Schemas } from "./records/schema";

let asked: Promise<Schemas> | undefined;

async function ask(): Promise<Schemas> {
	const [schema, filters] = await Promise.all([
		getJson<{ records: Omit<RecordSchema, "filters">[] }>("/api/v1/schema"),
		getJson<Record<string, string[]>>("/api/v1/filters"),
	]);
	return new Map(schema.records.filter(({ name }) => filters[name] !== undefined)
		.map((record) => [record.name, { ...record, filters: filters[record.name]! }]));
}

/** All records that can be asked for; the same as long as the page is open. */
export function useSchemas(): Data<Schemas> {
	return useData("schemas", () => {
		asked ??= ask().catch((error: unknown) => {
			asked = undefined;
			throw error;
		});
		return asked;
	}, { every_s: 0 });
}
