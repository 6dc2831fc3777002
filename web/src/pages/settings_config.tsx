/*
 * settings_config.tsx: the configuration in force, and where each value is from.
 */
import type { JSX } from "preact";
import { getJson } from "../api";
import { useData } from "../data";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, matches, type Filter } from "../parts/Filters";
import { Table, type Column } from "../parts/Table";
import { param } from "../state";
import { plural } from "../words";

interface Key {
	key: string;
	value: unknown;
	default: unknown;
	/** default, a file and its line, or the command. */
	from: string;
	doc: string;
}

function shown(value: unknown): string {
	if (Array.isArray(value))
		return value.length === 0 ? "none" : value.map(shown).join(", ");
	if (typeof value === "boolean")
		return value ? "yes" : "no";
	return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "") || "not set";
}

const isDefault = (key: Key): boolean => JSON.stringify(key.value) === JSON.stringify(key.default);

const columns: Column<Key>[] = [
	{ name: "key", title: "Key", help: "As it stands in the file; docs/config.md.", value: (k) => k.key, exact: (k) => k.doc },
	{ name: "value", title: "Value", help: "That is in force; passwords are ***.", value: (k) => shown(k.value) },
	{ name: "default", title: "Default", help: "Without a configuration.", value: (k) => (isDefault(k) ? "the same" : shown(k.default)) },
	{ name: "from", title: "From", help: "Which file and line set it, or that none did.", value: (k) => k.from },
	{ name: "doc", title: "Meaning", help: "What it is for.", value: (k) => k.doc },
];

const filters: Filter[] = [
	{ name: "text", label: "Search", placeholder: "key, value, meaning" },
	{ name: "set", label: "Shown", choices: [{ value: "yes", label: "set by somebody" }, { value: "no", label: "as by default" }] },
];

function isWanted(key: Key): boolean {
	const set = param("set");
	return (set === undefined || (set === "no") === (key.from === "default")) && matches(param("text"), key.key, shown(key.value), key.from, key.doc);
}

export function Configuration(): JSX.Element {
	const config = useData("config", (abort) => getJson<{ keys: Key[] }>("/api/v1/config", {}, abort), { every_s: 60 });
	return (
		<section>
			<header><h2>Configuration in force</h2><p>It is changed in its file: breakwater config check says whether that is right, and SIGHUP has it read again.</p></header>
			<Loaded data={config} what="configuration">
				{({ keys }) => {
					const rows = keys.filter(isWanted);
					return (
						<>
							<Filters filters={filters}><span role="status">{rows.length === keys.length ? "" : `${rows.length} of `}{plural(keys.length, "key")}</span></Filters>
							<Table label="Configuration" columns={columns} rows={rows} rowKey={(k) => k.key} empty={<Empty>None is left by these filters.</Empty>} />
						</>
					);
				}}
			</Loaded>
		</section>
	);
}
