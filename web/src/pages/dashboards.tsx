/*
 * dashboards.tsx: dashboards: all of them, or one, which is dashboard.tsx.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, getJson, may } from "../api";
import { useData } from "../data";
import { Confirm } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { Table, type Column } from "../parts/Table";
import { go, link, param } from "../state";
import { count } from "../words";
import { Dashboard } from "./dashboard";

export interface Listed {
	name: string;
	title: string;
	read_only: boolean;
	panels: number;
	/** Why it can't be shown. */
	error?: string;
}

export const DASHBOARDS = "/api/v1/dashboards";
const NAME = "[a-z0-9\\-]{1,64}";

const columns: Column<Listed>[] = [
	{ name: "title", title: "Dashboard", help: "Its title; opens it.", value: (row) => row.title },
	{ name: "name", title: "Name", help: "Name of its file, without .yaml.", value: (row) => row.name },
	{ name: "panels", title: "Panels", help: "How many it has.", numeric: true, value: (row) => row.panels, show: (value) => count(Number(value)) },
	{ name: "kept", title: "Kept", help: "Here: it can be changed on this page. Folder: it comes from the folder web.dashboards and is only read.",
	  value: (row) => (row.read_only ? "in the folder, read-only" : "here") },
];
const wrong: Column<Listed> = { name: "error", title: "Wrong", help: "What is wrong with its file.", value: (row) => row.error, over: () => true };

/** A name made of a title: "Web servers" as "web-servers". */
export function nameOf(title: string): string {
	return title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}

interface MakeProps {
	onClose: () => void;
	known: readonly Listed[];
}

function New({ onClose, known }: MakeProps): JSX.Element {
	const [title, setTitle] = useState(""), [name, setName] = useState<string | undefined>(undefined);
	const chosen = name ?? nameOf(title);
	const make = async () => {
		if (known.some((one) => one.name === chosen))
			throw new Error(`There is a dashboard of the name ${chosen} already.`);
		await change(`${DASHBOARDS}/${chosen}`, JSON.stringify({ title, panels: [] }), "application/json");
		go(link("/dashboards", { name: chosen, edit: 1 }));
		return "";
	};
	return (
		<Confirm title="New dashboard" action="Make it" onConfirm={make} onClose={onClose}>
			<label><span>Title</span><input required maxLength={120} value={title} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
			<label><span>Name of its file</span><input required pattern={NAME} title="1 to 64 of a-z, 0-9 and -" value={chosen} onInput={(event) => setName(event.currentTarget.value)} /></label>
		</Confirm>
	);
}

function Import({ onClose }: MakeProps): JSX.Element {
	const [text, setText] = useState(""), [name, setName] = useState("");
	const take = async (file: File | undefined) => {
		if (file === undefined)
			return;
		setText(await file.text());
		setName((old) => old || nameOf(file.name.replace(/\.(ya?ml|json)$/i, "")));
	};
	const put = async () => {
		const said = await change(`${DASHBOARDS}/${name}`, text, "application/yaml");
		go(link("/dashboards", { name }));
		return said;
	};
	return (
		<Confirm title="Import a dashboard" action="Import" onConfirm={put} onClose={onClose}>
			<label><span>File</span><input type="file" accept=".yaml,.yml,.json" onChange={(event) => void take(event.currentTarget.files?.[0])} /></label>
			<label><span>or its text, in YAML</span><textarea rows={8} required spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
			<label><span>Name of its file here</span><input required pattern={NAME} title="1 to 64 of a-z, 0-9 and -" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
			<p class="quiet">One of the same name that is kept here is replaced.</p>
		</Confirm>
	);
}

function All(): JSX.Element {
	const [asks, setAsks] = useState<"new" | "import" | undefined>(undefined);
	const list = useData("dashboards", (abort) => getJson<Listed[]>(DASHBOARDS, {}, abort), { every_s: 10 });
	const Ask = asks === "new" ? New : Import;
	return (
		<section>
			{!may("operator") && <p class="quiet">An operator can make one, or import its file: sign in as one.</p>}
			{may("operator") && (
				<p class="buttons">
					<button type="button" class="primary" onClick={() => setAsks("new")}>New dashboard</button>
					<button type="button" onClick={() => setAsks("import")}>Import</button>
				</p>
			)}
			<Loaded data={list} what="dashboards">
				{(rows) => (
					<Table label="Dashboards" columns={rows.some((row) => row.error !== undefined) ? [...columns, wrong] : columns} rows={rows} rowKey={(row) => `${row.name} ${row.read_only}`}
						href={(row) => (row.error === undefined ? link("/dashboards", { name: row.name }) : undefined)}
						empty={<Empty>There are none yet. {may("operator") && "“New dashboard” makes one. "}
							Files of the folder <code>web.dashboards</code> (by default /etc/breakwater/dashboards.d) stand here, too.</Empty>} />
				)}
			</Loaded>
			{asks !== undefined && <Ask known={list.value ?? []} onClose={() => setAsks(undefined)} />}
		</section>
	);
}

export default function Dashboards(): JSX.Element {
	const name = param("name");
	return name === undefined ? <All /> : <Dashboard key={name} name={name} />;
}
