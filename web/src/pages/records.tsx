/*
 * records.tsx: the records behind a number: of any kind, with all their fields.
 *
 * The daemon filters by what it has filters for; by other fields the page does, among
 * those that came.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type Kind } from "../api";
import { useRecords } from "../data";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, matches, type Filter } from "../parts/Filters";
import { Table, type Column } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { exactWords, filterOf, isNumber, ownFilters, valueWords, type RecordSchema, type Schemas } from "../records/schema";
import { useSchemas } from "../schemas";
import { allParams, link, param, rangeOf, setParams, type Params } from "../state";
import { count, plural } from "../words";

const LIMIT = 5000;
/* Keys and what is measured first; more can be chosen. */
const SHOWN = 12;

type AnyRow = Record<string, unknown>;

function columnsOf(schema: RecordSchema): Column<AnyRow>[] {
	return schema.fields.map((field, i) => ({
		name: field.name, title: field.name, help: field.doc, optional: i >= SHOWN,
		numeric: isNumber(field) && field.role !== "key",
		value: (row) => row[field.name] as string | number | undefined,
		show: (value) => valueWords(field, value),
		exact: (row) => exactWords(field, row[field.name]),
	}));
}

function filtersOf(schema: RecordSchema, own: Params): Filter[] {
	const names = schema.filters.filter((name) => !["since", "until", "step", "at_least"].includes(name));
	return [
		{ name: "text", label: "Search", placeholder: "in all fields" },
		...[...names, ...Object.keys(own)].map((name): Filter => ({
			name, label: name.replaceAll("_", " "), help: schema.fields.find((field) => filterOf(schema, field.name) === name)?.doc,
		})),
	];
}

function Rows({ schema }: { schema: RecordSchema }): JSX.Element {
	const own = ownFilters(schema, allParams());
	const hasTime = schema.filters.includes("since");
	const range = rangeOf("24h");
	/* Without a time the daemon tells what there is now. */
	const times: Params = hasTime && param("since") !== undefined ? { ...range } : {};
	const asked: Params = Object.fromEntries(schema.filters.map((name) => [name, param(name)]));
	const data = useRecords(schema.name, { ...asked, ...times, limit: LIMIT }, { live: [schema.name], every_s: 30 });
	const columns = useMemo(() => columnsOf(schema), [schema]);
	return (
		<>
			<Filters filters={filtersOf(schema, own)}>
				{hasTime && (param("since") === undefined
					? <button type="button" onClick={() => setParams({ since: "24h" })}>What there is now; look back</button>
					: <TimeRange usual="24h" />)}
			</Filters>
			<Loaded data={data} what={`${schema.name} records`}>
				{(all) => {
					const rows = (all as unknown as AnyRow[]).filter((row) => matches(param("text"), ...Object.values(row).map(String)) &&
						Object.entries(own).every(([name, wanted]) => String(row[name] ?? "") === wanted));
					return (
						<>
							<p role="status">{plural(rows.length, "record")}
								{data.total > all.length && <>; of {count(data.total)} only the first {count(all.length)} were looked at: narrow the filters</>}</p>
							<Table label={`${schema.name} records`} columns={columns} rows={rows} rowKey={keyOf}
								empty={<Empty>No {schema.name} record passes these filters{times.since === undefined ? " now" : " in this time"}.</Empty>} />
						</>
					);
				}}
			</Loaded>
		</>
	);
}

const keys = new WeakMap<object, string>();
let last = 0;

/** Records have no key in common: each is its own. */
function keyOf(row: AnyRow): string {
	const known = keys.get(row) ?? String(++last);
	keys.set(row, known);
	return known;
}

function Kinds({ schemas }: { schemas: Schemas }): JSX.Element {
	return (
		<dl class="facts records-kinds">
			{[...schemas.values()].map(({ name, doc }) => (
				<>
					<dt key={name}><a href={link("/records", { record: name })}>{name}</a></dt>
					<dd>{doc}</dd>
				</>
			))}
		</dl>
	);
}

export default function Records(): JSX.Element {
	const schemas = useSchemas();
	const wanted = param("record");
	return (
		<Loaded data={schemas} what="kinds of records">
			{(all) => {
				const schema = wanted === undefined ? undefined : all.get(wanted as Kind);
				return (
					<section>
						<header>
							<h2>{schema === undefined ? "Kinds of records" : schema.name}</h2>
							<p>{schema?.doc ?? "What Breakwater notes down; each kind with its own fields."}</p>
							{schema !== undefined && <a href={link("/records")}>other kinds</a>}
						</header>
						{wanted !== undefined && schema === undefined && <p class="problem">! There are no records of the kind “{wanted}”.</p>}
						{schema === undefined ? <Kinds schemas={all} /> : <Rows key={schema.name} schema={schema} />}
					</section>
				);
			}}
		</Loaded>
	);
}
