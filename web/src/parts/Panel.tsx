/*
 * Panel.tsx: one panel of a dashboard: a question about records and its answer, drawn.
 *
 * A panel that is not in sight asks nothing.  Each number leads to the records behind it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { aggregate, type Aggregate, type Group } from "../api";
import { useData, useRecords } from "../data";
import { behind, groupName, groupsOf, isOfRecords, lacks, limitOf, numberAt, overTime, questionOf, rangeOfPanel, timesOfAnswer, valuesOfPanel, waysOf,
	type Panel as PanelOf, type Value } from "../records/panel";
import { exactWords, isNumber, valueWords, type RecordSchema, type Schemas } from "../records/schema";
import { gapAt, reasonOf } from "../records/steps";
import type { Range } from "../state";
import { exact, plural } from "../words";
import { Chart, type Series } from "./Chart";
import { Empty, Loaded } from "./Empty";
import { Figure, Figures } from "./Figure";
import { HeatGrid } from "./HeatGrid";
import { Sankey } from "./Sankey";
import { Table, type Column } from "./Table";

interface Props {
	panel: PanelOf;
	schemas: Schemas;
	/** What the viewer looks at instead of the panel's own time. */
	looked?: Range;
	/** Of its parameters in the address, if it is a table. */
	prefix: string;
	/** Buttons beside the title. */
	children?: ComponentChildren;
}

interface Shown {
	panel: PanelOf;
	schema: RecordSchema;
	answer: Aggregate;
	range: Range | undefined;
	prefix: string;
}

/* A row of the grid has so many pixels (dashboards.css); title and table take some. */
const ROW_PX = 100, AROUND_PX = 110;
const NOW_S = 300;

function heightOf(panel: PanelOf): number {
	return Math.max(120, panel.height * ROW_PX - AROUND_PX);
}

function Lines({ panel, schema, answer }: Shown): JSX.Element {
	const { times, series, show } = useMemo(() => {
		const times = timesOfAnswer(answer), values = valuesOfPanel(panel, schema), groups = groupsOf(answer);
		const step_s = answer.step_s ?? 60;
		const series = groups.flatMap(({ row, rows }) => values.map((value): Series => {
			const name = groupName(row, answer.by, schema);
			return {
				name: name === "" ? value.name : values.length > 1 ? `${name}: ${value.name}` : name,
				values: overTime(rows, times, step_s, answer.gaps, value),
			};
		}));
		return { times, series, show: values[0]!.show };
	}, [answer]);
	return (
		<Chart label={panel.title} times={times} series={series} gaps={answer.gaps} show={show} height={heightOf(panel)}
			thresholds={(panel.thresholds ?? []).map((value) => ({ value, label: show(value) }))} />
	);
}

function Bars({ panel, schema, answer, range }: Shown): JSX.Element {
	const values = valuesOfPanel(panel, schema), first = values[0]!;
	const most = Math.max(...answer.rows.map((row) => numberAt(row, first.key) ?? 0), 0);
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label={panel.title}>
			<table class="panel-bars">
				<thead><tr><th scope="col">{answer.by.map((name) => name.replaceAll("_", " ")).join(" ") || "all"}</th>
					{values.map(({ key, name }) => <th key={key} scope="col" class="number">{name}</th>)}
					<th scope="col"><span class="hidden">As a bar</span></th></tr></thead>
				<tbody>
					{answer.rows.map((row) => {
						const name = groupName(row, answer.by, schema), value = numberAt(row, first.key) ?? 0;
						const isOver = (panel.thresholds ?? []).some((threshold) => value > threshold);
						return (
							<tr key={name} class={isOver ? "over" : undefined}>
								<th scope="row"><a href={behind(panel, schema, range, row)}>{isOver && "! "}{name === "" ? "all" : name}</a></th>
								{values.map((one) => <td key={one.key} class="number">{shownValue(row, one)}</td>)}
								<td class="panel-bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
									<rect width={most > 0 ? value / most * 100 : 0} height="10" /></svg></td>
							</tr>
						);
					})}
				</tbody>
			</table>
		</div>
	);
}

function shownValue(row: Group | undefined, { key, show }: Value): string {
	const value = numberAt(row, key);
	return value === undefined ? "–" : show(value);
}

function Numbers({ panel, schema, answer, range }: Shown): JSX.Element {
	const row = answer.rows[0];
	return (
		<Figures>
			{valuesOfPanel(panel, schema).map((value) => {
				const number = numberAt(row, value.key) ?? (value.how === "count" || value.how === "sum" ? 0 : undefined);
				const limit = panel.thresholds?.[0];
				return (
					<Figure key={value.key} label={value.name} value={number === undefined ? "–" : value.show(number)} href={behind(panel, schema, range)}
						over={limit !== undefined && number !== undefined && number > limit}
						note={limit !== undefined ? `limit ${value.show(limit)}` : undefined} />
				);
			})}
		</Figures>
	);
}

function Groups({ panel, schema, answer, range, prefix }: Shown): JSX.Element {
	const columns = useMemo(() => [
		...answer.by.map((name): Column<Group> => {
			const field = schema.fields.find((one) => one.name === name);
			return {
				name, title: name.replaceAll("_", " "), help: field?.doc ?? name, value: (row) => row[name] as string | number | undefined,
				show: (value) => (field === undefined ? String(value) : valueWords(field, value)),
			};
		}),
		...valuesOfPanel(panel, schema).map((value): Column<Group> => ({
			name: value.key, title: value.name, help: value.how === "count" ? "How many records" : `${value.name} of the group`, numeric: true,
			value: (row) => numberAt(row, value.key), show: (number) => value.show(Number(number)),
			over: (number) => (panel.thresholds ?? []).some((threshold) => Number(number) > threshold),
		})),
	], [panel, schema]);
	return <Table small label={panel.title} columns={columns} rows={answer.rows} prefix={prefix} rowKey={(row) => groupName(row, answer.by, schema)}
		href={(row) => behind(panel, schema, range, row)} empty={<Empty>Nothing of this time.</Empty>} />;
}

function Heat({ panel, schema, answer, range }: Shown): JSX.Element {
	const times = timesOfAnswer(answer), step_s = answer.step_s ?? 3600;
	const value = valuesOfPanel(panel, schema)[0]!, groups = groupsOf(answer);
	const values = useMemo(() => groups.map(({ rows }) => overTime(rows, times, step_s, answer.gaps, value)), [answer]);
	return (
		<HeatGrid label={`${panel.title}: ${value.name}`} show={value.show} values={values}
			rows={groups.map(({ row }) => ({ key: groupName(row, answer.by, schema), label: groupName(row, answer.by, schema) }))}
			columns={times.map((at) => ({ key: String(at), label: labelOf(at, step_s, step_s * times.length), exact: exact(new Date(at * 1000).toISOString()) }))}
			href={(r, c) => behind(panel, schema, range, { ...groups[r]!.row, at: new Date(times[c]! * 1000).toISOString() }, step_s)}
			why={(_r, c) => reasonOf(gapAt(answer.gaps, times[c]!, step_s))} />
	);
}

/* Over more than two days the hour of a column is in its words, not in its label. */
const DAYS_S = 2 * 86400 + 3600;

function labelOf(at_s: number, step_s: number, all_s: number): string {
	const date = new Date(at_s * 1000);
	return step_s >= 86400 || all_s > DAYS_S || (date.getHours() === 0 && date.getMinutes() === 0)
		? date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
		: date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

function Ways({ panel, schema, answer, range }: Shown): JSX.Element {
	const value = valuesOfPanel(panel, schema)[0]!;
	const { nodes, links } = useMemo(() => waysOf(answer, value, schema, (row) => behind(panel, schema, range, row)), [answer]);
	return <Sankey label={panel.title} stages={answer.by.map((name) => name.replaceAll("_", " "))} nodes={nodes} links={links} show={value.show} />;
}

const DRAWN = { line: Lines, bar: Bars, table: Groups, number: Numbers, heat: Heat, sankey: Ways };

function Grouped({ panel, schema, range, prefix }: Omit<Shown, "answer">): JSX.Element {
	/* Groups of now: what was in the last minutes. */
	const asked = range ?? { since: `${NOW_S}s`, until: undefined };
	const question = questionOf(panel, asked);
	const data = useData(`panel ${JSON.stringify(question)}`, (abort) => aggregate(question, abort), { every_s: 30 });
	const View = DRAWN[panel.view];
	return (
		<Loaded data={data} what={panel.title}>
			{(answer) => (answer.rows.length === 0 && panel.view !== "number"
				? <Empty>No {panel.record} record of this time passes its filters.</Empty>
				: (
					<>
						<View panel={panel} schema={schema} answer={answer} range={asked} prefix={prefix} />
						{answer.others !== undefined && answer.others.groups > 0 &&
							<p class="panel-note">and {plural(answer.others.groups, "more group", "more groups")}, not shown</p>}
						{answer.incomplete !== undefined && <p class="problem">! Not all of it: {answer.incomplete}</p>}
					</>
				))}
		</Loaded>
	);
}

function Plain({ panel, schema, range, prefix }: Omit<Shown, "answer">): JSX.Element {
	type AnyRow = Record<string, unknown>;
	const data = useRecords(schema.name, { ...panel.where, ...range, limit: limitOf(panel), sort: panel.sort }, { every_s: 30 });
	const columns = useMemo(() => schema.fields.map((field, i): Column<AnyRow> => ({
		name: field.name, title: field.name.replaceAll("_", " "), help: field.doc, optional: i >= 8, numeric: isNumber(field) && field.role !== "key",
		value: (row) => row[field.name] as string | number | undefined, show: (value) => valueWords(field, value),
		exact: (row) => exactWords(field, row[field.name]),
	})), [schema]);
	return (
		<Loaded data={data} what={panel.title}>
			{(rows) => <Table small label={panel.title} columns={columns} rows={rows as unknown as AnyRow[]} prefix={prefix} rowKey={(row) => JSON.stringify(row)}
				empty={<Empty>No {panel.record} record{range === undefined ? " now" : " of this time"} passes its filters.</Empty>} />}
		</Loaded>
	);
}

/** Whether it was ever in sight. */
function useSeen(box: { current: HTMLElement | null }): boolean {
	const [seen, setSeen] = useState(false);
	useEffect(() => {
		const watcher = new IntersectionObserver((entries) => {
			if (entries.some((entry) => entry.isIntersecting))
				setSeen(true);
		}, { rootMargin: "200px" });
		watcher.observe(box.current!);
		return () => watcher.disconnect();
	}, []);
	return seen;
}

export function Panel({ panel, schemas, looked, prefix, children }: Props): JSX.Element {
	const box = useRef<HTMLElement>(null);
	const seen = useSeen(box);
	const schema = schemas.get(panel.record as never);
	const range = rangeOfPanel(panel, looked);
	const Body = isOfRecords(panel) ? Plain : Grouped, missing = lacks(panel);
	return (
		<section ref={box} class="panel card" style={{ gridColumn: `span ${panel.width}`, minHeight: `${panel.height * ROW_PX}px` }}>
			<header>
				<h3>{panel.title}</h3>
				<p>{range === undefined ? "now" : looked === undefined ? `last ${panel.since}` : ""}</p>
				{schema !== undefined && <a class="quiet" href={behind(panel, schema, range)}>records</a>}
				{children}
			</header>
			{schema === undefined
				? <p class="problem">! There are no records of the kind “{panel.record}”.</p>
				: missing !== undefined ? <Empty>{missing}</Empty> : seen && <Body panel={panel} schema={schema} range={range} prefix={prefix} />}
		</section>
	);
}
