/*
 * PanelEditor.tsx: one panel made by clicking.  What can be chosen is what its kind of
 * record has; whether it fits together the daemon says when the dashboard is kept, and
 * the panel beside shows at once what it looks like.
 */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { MEASURES, resized, tidied, VIEWS, type Measure, type Panel, type View } from "../records/panel";
import { isNumber, sumsOf, type RecordSchema, type Schemas } from "../records/schema";
import { STEP_S } from "../records/steps";
import { spanSeconds } from "../state";
import { Dialog } from "./Dialog";
import { Panel as Preview } from "./Panel";

interface Props {
	panel: Panel;
	schemas: Schemas;
	onSave: (panel: Panel) => void;
	onClose: () => void;
}

const VIEW_WORDS: Record<View, string> = {
	line: "lines over time", bar: "bars, one per group", table: "a table", number: "numbers",
	heat: "heat map: group by time", sankey: "Sankey: from group to group",
};
const SPANS: readonly [string, string][] = [
	["", "now"], ["15m", "15 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"],
];
const MEASURE_WORDS: Record<Measure, string> = { sum: "sum of", max: "largest", mean: "mean of" };
const BY_MAX = 6, FILTERS_MAX = 8, MEASURES_OF_ONE = 6;

type Change = (changes: Partial<Panel>) => void;

interface PartProps {
	panel: Panel;
	schema: RecordSchema;
	change: Change;
}

interface ChipsProps {
	items: readonly { key: string; label: string }[];
	onRemove: (at: number) => void;
	children: JSX.Element | false;
}

/** What was chosen, each with a button that takes it out, and how to choose more. */
function Chips({ items, onRemove, children }: ChipsProps): JSX.Element {
	return (
		<div class="chips">
			{items.map(({ key, label }, i) => (
				<button key={key} type="button" class="chip" aria-label={`Without ${label}`} title={`Without ${label}`} onClick={() => onRemove(i)}>{label} ×</button>
			))}
			{children}
		</div>
	);
}

function ByFields({ panel, schema, change }: PartProps): JSX.Element {
	const by = panel.by ?? [];
	const others = schema.fields.filter(({ name, unit }) => !by.includes(name) && unit !== "date-time");
	return (
		<fieldset>
			<legend>Groups</legend>
			<p class="quiet">One for each value of these fields; without any, all records together.</p>
			<Chips items={by.map((name) => ({ key: name, label: name }))} onRemove={(at) => change({ by: by.filter((_, i) => i !== at) })}>
				{by.length < BY_MAX && (
					<select aria-label="Group by another field" value="" onChange={(event) => change({ by: [...by, event.currentTarget.value] })}>
						<option value="">add a field …</option>
						{others.map(({ name, doc }) => <option key={name} value={name} title={doc}>{name}</option>)}
					</select>
				)}
			</Chips>
		</fieldset>
	);
}

function Measured({ panel, schema, change }: PartProps): JSX.Element {
	const [how, setHow] = useState<Measure>("sum");
	const chosen = MEASURES.flatMap((measure) => (panel[measure] ?? []).map((name, at) => ({ measure, name, at })));
	const names = [...sumsOf(schema), ...schema.fields.filter((field) => isNumber(field) && field.role !== "key").map(({ name }) => name),
		...(how === "max" ? schema.fields.filter(({ unit }) => unit === "date-time").map(({ name }) => name) : [])];
	const without = ({ measure, at }: { measure: Measure; at: number }) => change({ [measure]: (panel[measure] ?? []).filter((_, i) => i !== at) });
	return (
		<fieldset>
			<legend>What is told of each group</legend>
			<p class="quiet">Without any, how many records it has.</p>
			<Chips items={chosen.map(({ measure, name }) => ({ key: `${measure} ${name}`, label: `${MEASURE_WORDS[measure]} ${name}` }))}
				onRemove={(at) => without(chosen[at]!)}>
				{chosen.length < MEASURES_OF_ONE && (
					<span>
						<select aria-label="Sum, largest or mean" value={how} onChange={(event) => setHow(event.currentTarget.value as Measure)}>
							{MEASURES.map((measure) => <option key={measure} value={measure}>{MEASURE_WORDS[measure]}</option>)}
						</select>
						<select aria-label={`${MEASURE_WORDS[how]} which field`} value=""
							onChange={(event) => change({ [how]: [...(panel[how] ?? []), event.currentTarget.value] })}>
							<option value="">add a field …</option>
							{names.filter((name) => !(panel[how] ?? []).includes(name)).map((name) => <option key={name} value={name}>{name}</option>)}
						</select>
					</span>
				)}
			</Chips>
		</fieldset>
	);
}

function Where({ panel, schema, change }: PartProps): JSX.Element {
	const where = Object.entries(panel.where ?? {});
	const names = schema.filters.filter((name) => !["since", "until", "step"].includes(name) && panel.where?.[name] === undefined);
	const put = (name: string, value: string) => change({ where: { ...panel.where, [name]: value } });
	const without = (name: string) => change({ where: Object.fromEntries(where.filter(([other]) => other !== name)) });
	return (
		<fieldset>
			<legend>Only records with</legend>
			{where.map(([name, value]) => (
				<label key={name} class="panel-filter"><span>{name}</span>
					<input value={value} onInput={(event) => put(name, event.currentTarget.value)} />
					<button type="button" aria-label={`Without the filter ${name}`} onClick={() => without(name)}>×</button>
				</label>
			))}
			{names.length > 0 && where.length < FILTERS_MAX && (
				<select aria-label="Another filter" value="" onChange={(event) => put(event.currentTarget.value, "")}>
					<option value="">add a filter …</option>
					{names.map((name) => <option key={name} value={name}>{name}</option>)}
				</select>
			)}
		</fieldset>
	);
}

function Basics({ panel, schemas, change }: { panel: Panel; schemas: Schemas; change: Change }): JSX.Element {
	const spans = SPANS.some(([span]) => span === (panel.since ?? "")) ? SPANS : [...SPANS, [panel.since!, panel.since!] as [string, string]];
	return (
		<>
			<label><span>Title</span><input required maxLength={120} value={panel.title} onInput={(event) => change({ title: event.currentTarget.value })} /></label>
			<label><span>Records</span>
				{/* Fields and filters of one kind mean nothing for another. */}
				<select value={panel.record} onChange={(event) => change({ record: event.currentTarget.value, by: [], sum: [], max: [], mean: [], where: {}, sort: "" })}>
					{[...schemas.values()].map(({ name, doc }) => <option key={name} value={name} title={doc}>{name}</option>)}
				</select></label>
			<label><span>Shown as</span>
				<select value={panel.view} onChange={(event) => change({ view: event.currentTarget.value as View })}>
					{VIEWS.map((view) => <option key={view} value={view}>{VIEW_WORDS[view]}</option>)}
				</select></label>
			<label><span>Of the last</span>
				<select value={panel.since ?? ""} onChange={(event) => change({ since: event.currentTarget.value })}>
					{spans.map(([span, label]) => <option key={span} value={span}>{label}</option>)}
				</select></label>
		</>
	);
}

/** "100 200" as numbers; undefined while that is none. */
function numbersOf(text: string): number[] | undefined {
	const numbers = text.split(/[\s,]+/).filter((word) => word !== "").map(Number);
	return numbers.every(Number.isFinite) ? numbers : undefined;
}

function Details({ panel, schema, change }: PartProps): JSX.Element {
	const [limits, setLimits] = useState((panel.thresholds ?? []).join(" "));
	const seconds = spanSeconds(panel.since ?? "");
	return (
		<details>
			<summary>More</summary>
			{(panel.view === "line" || panel.view === "heat") && (
				<label><span>One value per</span>
					<select value={panel.step ?? ""} onChange={(event) => change({ step: event.currentTarget.value })}>
						<option value="">as fits</option>
						{Object.entries(STEP_S).filter(([, step_s]) => seconds === undefined || step_s < seconds).map(([step]) => <option key={step} value={step}>{step}</option>)}
					</select></label>
			)}
			<label><span>At most so many groups or rows</span>
				<input type="number" min={1} max={1000} value={panel.limit ?? ""} onInput={(event) => change({ limit: Number(event.currentTarget.value) || undefined })} /></label>
			<label><span>In the order of</span>
				<input value={panel.sort ?? ""} placeholder="the largest first" list="panel-orders" onInput={(event) => change({ sort: event.currentTarget.value })} /></label>
			<datalist id="panel-orders">
				{["count", ...(panel.by ?? []), ...MEASURES.flatMap((how) => panel[how] ?? []),
					...(panel.view === "table" ? schema.fields.map(({ name }) => name) : [])].map((name) => <option key={name} value={name} />)}
			</datalist>
			<label><span>Limits</span>
				<input value={limits} placeholder="in the field's unit: 250000" aria-invalid={numbersOf(limits) === undefined}
					onInput={(event) => {
						setLimits(event.currentTarget.value);
						const numbers = numbersOf(event.currentTarget.value);
						if (numbers !== undefined)
							change({ thresholds: numbers });
					}} /></label>
			<label><span>Width, of 12 columns</span>
				<input type="number" min={1} max={12} value={panel.width} onInput={(event) => change({ width: resized({ ...panel, width: Number(event.currentTarget.value) }, 0, 0).width })} /></label>
			<label><span>Height, in rows</span>
				<input type="number" min={1} max={8} value={panel.height} onInput={(event) => change({ height: resized({ ...panel, height: Number(event.currentTarget.value) }, 0, 0).height })} /></label>
		</details>
	);
}

export function PanelEditor({ panel, schemas, onSave, onClose }: Props): JSX.Element {
	const [draft, setDraft] = useState(panel);
	const id = useId();
	const schema = schemas.get(draft.record as never);
	const change: Change = (changes) => setDraft((old) => tidied({ ...old, ...changes }));
	/* A filter that is still empty is not asked for yet. */
	const shown = tidied({ ...draft, where: Object.fromEntries(Object.entries(draft.where ?? {}).filter(([, value]) => value !== "")) });
	return (
		<Dialog title="Panel" wide onClose={onClose}>
			<div class="panel-editor">
				<form id={id} onSubmit={(event) => {
					event.preventDefault();
					onSave(shown);
				}}>
					<Basics panel={draft} schemas={schemas} change={change} />
					{schema !== undefined && (
						<>
							<Measured panel={draft} schema={schema} change={change} />
							<ByFields panel={draft} schema={schema} change={change} />
							<Where panel={draft} schema={schema} change={change} />
							<Details panel={draft} schema={schema} change={change} />
						</>
					)}
				</form>
				<div class="panel-preview" role="region" aria-label="What it looks like">
					<Preview panel={shown} schemas={schemas} prefix="preview_" />
				</div>
			</div>
			<footer>
				<button type="button" onClick={onClose}>Cancel</button>
				<button type="submit" form={id} class="primary">Take this panel</button>
			</footer>
		</Dialog>
	);
}
