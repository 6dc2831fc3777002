/*
 * dashboard.tsx: one dashboard, as it is, and while it is made by clicking.
 *
 * What was changed and not kept yet is a draft of this tab: it survives a look at another
 * page, and the browser warns before it is lost.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { change, getJson, may, Problem } from "../api";
import { useData } from "../data";
import { Confirm } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { Panel } from "../parts/Panel";
import { PanelEditor } from "../parts/PanelEditor";
import { TimeRange } from "../parts/TimeRange";
import { moved, newPanel, PANELS_MAX, resized, type Dashboard as DashboardOf, type Panel as PanelOf } from "../records/panel";
import type { Schemas } from "../records/schema";
import { useSchemas } from "../schemas";
import { go, link, param, rangeOf, setParams, type Range } from "../state";
import { DASHBOARDS, nameOf, type Listed } from "./dashboards";

interface Draft {
	name: string;
	dashboard: DashboardOf;
}

const draft = signal<Draft | undefined>(undefined);

addEventListener("beforeunload", (event) => {
	if (draft.value !== undefined)
		event.preventDefault();
});

function pathOf(name: string): string {
	return `${DASHBOARDS}/${encodeURIComponent(name)}`;
}

interface EditProps {
	panel: PanelOf;
	at: number;
	panels: readonly PanelOf[];
	put: (panels: PanelOf[]) => void;
	open: (at: number) => void;
}

/** Where a panel stands, how large it is, and what it asks. */
function PanelButtons({ panel, at, panels, put, open }: EditProps): JSX.Element {
	const replace = (other: PanelOf) => put(panels.map((one, i) => (i === at ? other : one)));
	const buttons: [string, string, () => void, boolean?][] = [
		["‹", "Earlier", () => put(moved(panels, at, -1)), at === 0],
		["›", "Later", () => put(moved(panels, at, 1)), at === panels.length - 1],
		["↔+", "Wider", () => replace(resized(panel, 1, 0)), panel.width === 12],
		["↔−", "Narrower", () => replace(resized(panel, -1, 0)), panel.width === 1],
		["↕+", "Taller", () => replace(resized(panel, 0, 1)), panel.height === 8],
		["↕−", "Shorter", () => replace(resized(panel, 0, -1)), panel.height === 1],
		["×", "Remove", () => put(panels.filter((_, i) => i !== at))],
	];
	return (
		<span class="panel-buttons" role="group" aria-label={`Change ${panel.title}`}>
			<button type="button" onClick={() => open(at)}>Edit</button>
			{buttons.map(([sign, word, act, isOff]) => (
				<button key={word} type="button" title={word} aria-label={`${word}: ${panel.title}`} disabled={isOff} onClick={act}>{sign}</button>
			))}
		</span>
	);
}

interface GridProps {
	dashboard: DashboardOf;
	schemas: Schemas;
	looked: Range | undefined;
	/** While it is edited. */
	put?: (panels: PanelOf[]) => void;
}

function Grid({ dashboard: { panels }, schemas, looked, put }: GridProps): JSX.Element {
	const [edited, setEdited] = useState<number | undefined>(undefined);
	const isNew = edited === panels.length;
	return (
		<>
			<div class="panels">
				{panels.map((panel, at) => (
					<Panel key={`${at} ${JSON.stringify(panel)}`} panel={panel} schemas={schemas} looked={looked} prefix={`panel${at}_`}>
						{put !== undefined && <PanelButtons panel={panel} at={at} panels={panels} put={put} open={setEdited} />}
					</Panel>
				))}
			</div>
			{panels.length === 0 && <Empty>This dashboard has no panels yet.{put === undefined && may("operator") && " “Edit” adds some."}</Empty>}
			{put !== undefined && panels.length < PANELS_MAX &&
				<p class="buttons"><button type="button" onClick={() => setEdited(panels.length)}>Add a panel</button></p>}
			{put !== undefined && edited !== undefined && (
				<PanelEditor panel={isNew ? newPanel() : panels[edited]!} schemas={schemas} onClose={() => setEdited(undefined)}
					onSave={(panel) => {
						put(isNew ? [...panels, panel] : panels.map((one, i) => (i === edited ? panel : one)));
						setEdited(undefined);
					}} />
			)}
		</>
	);
}

interface OneProps {
	name: string;
	dashboard: DashboardOf;
	schemas: Schemas;
}

function Editing({ name, dashboard, schemas }: OneProps): JSX.Element {
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const edited = draft.value?.name === name ? draft.value.dashboard : dashboard;
	const put = (changes: Partial<DashboardOf>) => {
		draft.value = { name, dashboard: { ...edited, ...changes } };
	};
	const leave = () => {
		draft.value = undefined;
		setParams({ edit: undefined }, false);
	};
	const keep = async () => {
		try {
			await change(pathOf(name), JSON.stringify(edited), "application/json");
			leave();
		} catch (error) {
			setProblem(error instanceof Problem ? error.message : String(error));
		}
	};
	return (
		<section>
			<form class="dashboard-head" onSubmit={(event) => {
				event.preventDefault();
				void keep();
			}}>
				<label><span>Title</span><input required maxLength={120} value={edited.title} onInput={(event) => put({ title: event.currentTarget.value })} /></label>
				<label><span>What it is for</span><input maxLength={1000} value={edited.description ?? ""}
					onInput={(event) => put({ description: event.currentTarget.value || undefined })} /></label>
				<p class="buttons">
					<button type="submit" class="primary" disabled={draft.value === undefined}>Keep</button>
					<button type="button" onClick={leave}>{draft.value === undefined ? "Close" : "Discard changes"}</button>
				</p>
			</form>
			{problem !== undefined && <p class="problem problem-lines" role="alert">! {problem}</p>}
			<Grid dashboard={edited} schemas={schemas} looked={undefined} put={(panels) => put({ panels })} />
		</section>
	);
}

/** The time of all panels, where it is not each panel's own. */
function Time(): JSX.Element {
	if (param("since") === undefined)
		return <button type="button" onClick={() => setParams({ since: "24h" })} title="Each panel shows the time that it is made for">Another time</button>;
	return (
		<>
			<TimeRange usual="24h" />
			<button type="button" onClick={() => setParams({ since: undefined, until: undefined })}>Each panel's own</button>
		</>
	);
}

function Removal({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
	const remove = async () => {
		const said = await change(`${pathOf(name)}/delete`, {});
		go("/dashboards");
		return said;
	};
	return (
		<Confirm title={`Remove ${name}`} action="Remove" danger onConfirm={remove} onClose={onClose}>
			<p>The dashboard is gone for everybody. Who exported its file can import it again.</p>
		</Confirm>
	);
}

function Copy({ dashboard, onClose }: { dashboard: DashboardOf; onClose: () => void }): JSX.Element {
	const [title, setTitle] = useState(`${dashboard.title}, copy`);
	const copy = async () => {
		const list = await getJson<Listed[]>(DASHBOARDS), name = nameOf(title);
		if (list.some((one) => one.name === name))
			throw new Error(`There is a dashboard of the name ${name} already.`);
		const said = await change(pathOf(name), JSON.stringify({ ...dashboard, title }), "application/json");
		go(link("/dashboards", { name, edit: 1 }));
		return said;
	};
	return (
		<Confirm title="Copy" action="Copy" onConfirm={copy} onClose={onClose}>
			<label><span>Title of the copy</span><input required maxLength={120} value={title} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
		</Confirm>
	);
}

function Showing({ name, dashboard, schemas, isReadOnly }: OneProps & { isReadOnly: boolean }): JSX.Element {
	const [asks, setAsks] = useState<"copy" | "remove" | undefined>(undefined);
	const looked = param("since") === undefined ? undefined : rangeOf("24h");
	const file = `${pathOf(name)}?format=yaml`;
	return (
		<section>
			<header class="dashboard-head">
				<h2>{dashboard.title}</h2>
				{dashboard.description !== undefined && <p>{dashboard.description}</p>}
				<p class="buttons">
					<a href={link("/dashboards")}>All dashboards</a>
					<Time />
					<a href={file} download={`${name}.yaml`}>Export</a>
					{may("operator") && <button type="button" onClick={() => setAsks("copy")}>Copy</button>}
					{may("operator") && !isReadOnly && <button type="button" onClick={() => setParams({ edit: 1 }, false)}>Edit</button>}
					{may("operator") && !isReadOnly && <button type="button" onClick={() => setAsks("remove")}>Remove</button>}
				</p>
				{isReadOnly && <p class="quiet">Its file is in a folder that the setting <code>web.dashboards</code> names: it is changed there, or copied here and the copy changed.</p>}
			</header>
			<Grid dashboard={dashboard} schemas={schemas} looked={looked} />
			{asks === "copy" && <Copy dashboard={dashboard} onClose={() => setAsks(undefined)} />}
			{asks === "remove" && <Removal name={name} onClose={() => setAsks(undefined)} />}
		</section>
	);
}

export function Dashboard({ name }: { name: string }): JSX.Element {
	const schemas = useSchemas();
	const isEdited = param("edit") !== undefined && may("operator");
	const both = useData(`dashboard ${name} ${isEdited}`, async (abort) => ({
		dashboard: await getJson<DashboardOf>(pathOf(name), {}, abort),
		list: await getJson<Listed[]>(DASHBOARDS, {}, abort),
	}), { every_s: isEdited ? 0 : 30 });
	useEffect(() => {
		if (both.value !== undefined)
			document.title = `${both.value.dashboard.title} · Breakwater`;
	}, [both.value?.dashboard.title]);
	return (
		<Loaded data={both} what={`dashboard ${name}`}>
			{({ dashboard, list }) => (
				<Loaded data={schemas} what="kinds of records">
					{(all) => {
						const isReadOnly = list.some((one) => one.name === name && one.read_only);
						return isEdited && !isReadOnly ? <Editing name={name} dashboard={dashboard} schemas={all} />
							: <Showing name={name} dashboard={dashboard} schemas={all} isReadOnly={isReadOnly} />;
					}}
				</Loaded>
			)}
		</Loaded>
	);
}
