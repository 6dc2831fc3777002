/*
 * schema.ts: what the daemon says of its records: their fields, units and filters.  By it
 * any record can be shown, also one that this page has no columns for.
 */
import type { Kind } from "../api";
import type { Params } from "../state";
import { bytes, count, duration, exact, percent, short, span, time, UNKNOWN } from "../words";

export interface Field {
	name: string;
	type: "integer" | "number" | "boolean" | "string";
	/** "us", "s", "bytes", "ratio", "date-time", "ip", or "" */
	unit: string;
	role: "key" | "counter" | "gauge" | "note";
	doc: string;
}

export interface RecordSchema {
	name: Kind;
	doc: string;
	fields: Field[];
	/** Parameters of the API that say which of them are wanted. */
	filters: string[];
}

export type Schemas = Map<string, RecordSchema>;

/** Names of filters that are not those of the fields they look at. */
const FIELDS_OF: Record<string, readonly string[]> = {
	port: ["server_port", "port"], client_ip: ["client_ip", "address"], host: ["server_ip", "ip"],
};

/** The filter that looks at a field; undefined if none does. */
export function filterOf(schema: RecordSchema, field: string): string | undefined {
	if (schema.filters.includes(field))
		return field;
	const found = Object.entries(FIELDS_OF).find(([, fields]) => fields.includes(field));
	return found !== undefined && schema.filters.includes(found[0]) ? found[0] : undefined;
}

/** Fields to which filters of an address belong, and which the daemon has no filter for. */
export function ownFilters(schema: RecordSchema, params: Params): Params {
	return Object.fromEntries(Object.entries(params).filter(([name]) =>
		!schema.filters.includes(name) && schema.fields.some((field) => field.name === name)));
}

/** "bytes" and "packets" are sums of both directions, where a record has these. */
export function fieldNamed(schema: RecordSchema, name: string): Field | undefined {
	const found = schema.fields.find((field) => field.name === name);
	if (found !== undefined || !sumsOf(schema).includes(name))
		return found;
	return { name, type: "integer", unit: name === "bytes" ? "bytes" : "", role: "counter", doc: `${name} of both directions` };
}

export function sumsOf(schema: RecordSchema): string[] {
	const has = (name: string) => schema.fields.some((field) => field.name === name);
	return ["bytes", "packets"].filter((name) => !has(name) && has(`client_${name}`) && has(`server_${name}`));
}

export function isNumber(field: Field): boolean {
	return field.type === "integer" || field.type === "number";
}

/** A number of a field in words; of a number of the kind, not of a time. */
export function numberWords(unit: string): (value: number) => string {
	switch (unit) {
	case "us": return duration;
	case "s": return span;
	case "bytes": return bytes;
	case "ratio": return percent;
	case "date-time": return (ms) => time(new Date(ms).toISOString());
	default: return (value) => (Number.isInteger(value) && Math.abs(value) < 100000 ? count(value) : short(value));
	}
}

/** A value of a field in words. */
export function valueWords(field: Field, value: unknown): string {
	if (value === undefined || value === null || value === "")
		return UNKNOWN;
	if (typeof value === "boolean")
		return value ? "yes" : "no";
	if (field.unit === "date-time")
		return time(String(value));
	/* A port is a name, not an amount. */
	if (typeof value === "number" && (field.role === "counter" || field.role === "gauge"))
		return numberWords(field.unit)(value);
	return String(value);
}

/** The whole of it, for title=. */
export function exactWords(field: Field, value: unknown): string | undefined {
	if (value === undefined || value === null)
		return undefined;
	return field.unit === "date-time" ? exact(String(value)) : String(value);
}
