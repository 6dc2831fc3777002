/*
 * order.ts: the order of a table's rows.  What is unknown comes last, either way.
 */
export type Value = string | number | boolean | undefined;

export interface Order {
	name: string;
	descending: boolean;
}

/** "name", or "-name" for the other way round, as it stands in the address. */
export function readOrder(text: string | undefined): Order | undefined {
	if (text === undefined)
		return undefined;
	return text.startsWith("-") ? { name: text.slice(1), descending: true } : { name: text, descending: false };
}

export function writeOrder(order: Order): string {
	return `${order.descending ? "-" : ""}${order.name}`;
}

const names = new Intl.Collator("en", { numeric: true });

export function compare(a: Value, b: Value, descending: boolean): number {
	if (a === undefined || b === undefined)
		return Number(a === undefined) - Number(b === undefined);
	const order = typeof a === "string" || typeof b === "string"
		? names.compare(String(a), String(b)) : Number(a) - Number(b);
	return descending ? -order : order;
}

/** The rows in that order; rows that are equal stay as they were. */
export function sorted<R>(rows: readonly R[], value: (row: R) => Value, descending: boolean): R[] {
	return rows.map((row) => ({ row, value: value(row) }))
		.sort((a, b) => compare(a.value, b.value, descending))
		.map(({ row }) => row);
}
