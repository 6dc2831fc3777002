/*
 * HeatGrid.tsx: how much, by row and column; the darker (on a dark ground: the lighter)
 * the more.
 *
 * One hue, so that everybody can tell the steps apart, and the scale stands below in
 * words.  What is not known is grey and hatched, never the step of zero.  By keyboard it is
 * one stop: arrow keys move from cell to cell, whose value is spoken; Enter opens the
 * records behind it.  The same stands below as a table.
 */
import type { JSX } from "preact";
import { useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { UNKNOWN } from "../words";
import { go } from "../state";
import { heatMove, heatScale, heatShade, heatStep, type HeatScale, type HeatValue } from "./heat_scale";
import { useWidth } from "./width";

export interface HeatLine {
	key: string;
	label: string;
	/** The whole of it, where the label shortens. */
	exact?: string;
}

export interface HeatGridProps {
	/** What it shows: "Bytes by port and hour". */
	label: string;
	rows: readonly HeatLine[];
	columns: readonly HeatLine[];
	/** values[row][column]; null: not known. */
	values: readonly (readonly HeatValue[])[];
	/** A value in words (words.ts). */
	show: (value: number) => string;
	/** Records behind a cell. */
	href?: (row: number, column: number) => string | undefined;
	/** Why a cell is not known. */
	why?: (row: number, column: number) => string | undefined;
}

const ROW_PX = 24, LEAST_COLUMN_PX = 5, FOOT_PX = 18, CHARACTER_PX = 6.4, LABEL_GAP_PX = 12;
/* Names of rows take no more of the width than this. */
const LABEL_SHARE = 0.36;

interface Grid {
	/** Width of the names of the rows, which stand before it. */
	label_px: number;
	column_px: number;
	width: number;
	height: number;
}

function gridOf(width: number, rows: readonly HeatLine[], columns: number): Grid {
	const longest = rows.reduce((most, { label }) => Math.max(most, label.length), 0);
	const label_px = Math.min(longest * CHARACTER_PX + LABEL_GAP_PX, Math.floor(width * LABEL_SHARE)), room = width - label_px;
	const column_px = Math.max(LEAST_COLUMN_PX, room / Math.max(1, columns));
	return { label_px, column_px, width: Math.max(room, columns * column_px), height: rows.length * ROW_PX };
}

/** One outline for all cells of a step: thousands of cells are a handful of elements. */
function outlines({ rows, columns, values }: HeatGridProps, scale: HeatScale, grid: Grid): Map<number | undefined, string> {
	const paths = new Map<number | undefined, string>();
	rows.forEach((_, r) => columns.forEach((_column, c) => {
		const step = heatStep(values[r]?.[c], scale);
		const x = c * grid.column_px, w = grid.column_px - (grid.column_px > 5 ? 1 : 0);
		paths.set(step, `${paths.get(step) ?? ""}M${x.toFixed(2)},${r * ROW_PX}h${w.toFixed(2)}v${ROW_PX - 1}h-${w.toFixed(2)}Z`);
	}));
	return paths;
}

function spoken({ rows, columns, values, show, why }: HeatGridProps, r: number, c: number): string {
	const value = values[r]?.[c];
	const words = value === null || value === undefined ? `not known${why?.(r, c) ? `: ${why(r, c)}` : ""}` : show(value);
	return `${rows[r]!.exact ?? rows[r]!.label}, ${columns[c]!.exact ?? columns[c]!.label}: ${words}`;
}

/** Columns that are named: the first of each label, as many as there is room for. */
function namedColumns(columns: readonly HeatLine[], column_px: number, width: number): number[] {
	const first = columns.flatMap(({ label }, c) => (c > 0 && columns[c - 1]!.label === label ? [] : [c]));
	const longest = columns.reduce((most, { label }) => Math.max(most, label.length), 0) * CHARACTER_PX + LABEL_GAP_PX;
	const every = Math.max(1, Math.ceil(longest / (column_px * columns.length / Math.max(1, first.length))));
	const named: number[] = [];
	/* From the end, as the first label may have less room than the others. */
	for (let i = (Math.ceil(first.length / every) - 1) * every, right = width + LABEL_GAP_PX; i >= 0; i -= every) {
		const left = first[i]! * column_px;
		if (left + columns[first[i]!]!.label.length * CHARACTER_PX + LABEL_GAP_PX > right)
			continue;
		named.unshift(first[i]!);
		right = left;
	}
	return named;
}

function ColumnLabels({ columns, grid }: { columns: readonly HeatLine[]; grid: Grid }): JSX.Element {
	return (
		<g class="columns" aria-hidden="true">
			{namedColumns(columns, grid.column_px, grid.width).map((c) => (
				<text key={columns[c]!.key} x={c * grid.column_px} y={grid.height + 13}>{columns[c]!.label}</text>
			))}
		</g>
	);
}

function Legend({ scale, show }: { scale: HeatScale; show: (value: number) => string }): JSX.Element {
	return (
		<ul class="legend" aria-label="Scale">
			<li><span class="swatch unknown" aria-hidden="true" /> not known</li>
			<li><span class="swatch heat-0" aria-hidden="true" /> none</li>
			{scale.bounds.map((bound, i) => (
				<li key={bound}><span class={`swatch heat-${heatShade(i, scale.bounds.length)}`} aria-hidden="true" /> from {show(bound)}</li>
			))}
			{scale.most > 0 && <li>most: {show(scale.most)}</li>}
		</ul>
	);
}

function Values({ label, rows, columns, values, show }: HeatGridProps): JSX.Element {
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead><tr><td />{rows.map((row) => <th key={row.key} scope="col" class="number">{row.label}</th>)}</tr></thead>
					<tbody>
						{columns.map((column, c) => (
							<tr key={column.key}>
								<th scope="row">{column.exact ?? column.label}</th>
								{rows.map((row, r) => {
									const value = values[r]?.[c];
									return <td key={row.key} class="number">{value === null || value === undefined ? UNKNOWN : show(value)}</td>;
								})}
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</details>
	);
}

type Cell = readonly [number, number];

function cellAt(event: MouseEvent, svg: Element, grid: Grid, rows: number, columns: number): Cell | undefined {
	const box = svg.getBoundingClientRect();
	const r = Math.floor((event.clientY - box.top) / ROW_PX), c = Math.floor((event.clientX - box.left) / grid.column_px);
	return r >= 0 && r < rows && c >= 0 && c < columns ? [r, c] : undefined;
}

/** Names of the rows: they stay where they are when the cells move sideways. */
function RowLabels({ rows, grid }: { rows: readonly HeatLine[]; grid: Grid }): JSX.Element {
	const most = Math.floor((grid.label_px - LABEL_GAP_PX) / CHARACTER_PX);
	return (
		<svg class="rows" width={grid.label_px} height={grid.height} aria-hidden="true">
			{rows.map((row, r) => (
				<text key={row.key} x={0} y={r * ROW_PX + 16}>
					{row.label.length > most ? `${row.label.slice(0, most - 1)}…` : row.label}<title>{row.exact ?? row.label}</title>
				</text>
			))}
		</svg>
	);
}

interface CursorProps {
	cell: Cell;
	grid: Grid;
	href: string | undefined;
	words: string;
}

/* The cell that is looked at is the link that it stands for. */
function Cursor({ cell: [r, c], grid, href, words }: CursorProps): JSX.Element {
	const drawn = (
		<rect class="cursor" x={c * grid.column_px} y={r * ROW_PX} width={grid.column_px} height={ROW_PX}>
			<title>{words}</title>
		</rect>
	);
	return href === undefined ? <g>{drawn}</g> : <a href={href} tabindex={-1}>{drawn}</a>;
}

export function HeatGrid(props: HeatGridProps): JSX.Element {
	const { label, rows, columns, values, show, href } = props;
	const box = useRef<HTMLDivElement>(null), svg = useRef<SVGSVGElement>(null);
	const width = useWidth(box);
	const id = useId();
	const [cell, setCell] = useState<Cell | undefined>(undefined);
	const scale = useMemo(() => heatScale(values.flat()), [values]);
	const grid = gridOf(width, rows, columns.length);
	/* Of time that has no room the newest is seen. */
	useLayoutEffect(() => box.current?.scrollTo({ left: grid.width }), [grid.width, width > 0]);
	const paths = useMemo(() => outlines(props, scale, grid), [values, rows, columns, width]);
	const at = cell && cell[0] < rows.length && cell[1] < columns.length ? cell : undefined;
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key === "Enter" && at && href?.(...at) !== undefined) {
			event.preventDefault();
			go(href(...at)!);
			return;
		}
		const to = heatMove(event.key, at ?? [0, columns.length], rows.length, columns.length);
		if (to === undefined)
			return;
		event.preventDefault();
		setCell(to);
		const left = to[1] * grid.column_px;
		if (box.current)
			box.current.scrollLeft = Math.max(Math.min(box.current.scrollLeft, left), left + grid.label_px + grid.column_px - box.current.clientWidth);
	};
	const words = at === undefined ? "" : spoken(props, ...at);
	return (
		<figure class="heatgrid" aria-label={label}>
			<figcaption>{label}</figcaption>
			<div class="sideways" ref={box} tabIndex={0} role="application" aria-label={`${label}; arrow keys move between cells, Enter opens the records`}
				aria-describedby={id} onKeyDown={onKeyDown} onFocus={() => at === undefined && setCell([0, columns.length - 1])}>
				{width > 0 && <RowLabels rows={rows} grid={grid} />}
				{width > 0 && (
					<svg ref={svg} width={grid.width} height={grid.height + FOOT_PX} aria-hidden="true"
						onMouseMove={(event) => setCell(cellAt(event, svg.current!, grid, rows.length, columns.length))}
						onMouseLeave={() => setCell(undefined)}>
						<defs>
							<pattern id={`${id}-hatch`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
								<rect class="hatch-ground" width="6" height="6" /><rect class="hatch-line" width="1.5" height="6" />
							</pattern>
						</defs>
						{[...paths].map(([step, d]) => (step === undefined
							? <path key="unknown" d={d} fill={`url(#${id}-hatch)`} /> : <path key={step} d={d} class={`heat-${step}`} />))}
						<ColumnLabels columns={columns} grid={grid} />
						{at && <Cursor cell={at} grid={grid} href={href?.(...at)} words={words} />}
					</svg>
				)}
			</div>
			<p class="spoken" id={id} role="status">{words === "" ? "Point at a cell, or move there with the arrow keys." : words}</p>
			<Legend scale={scale} show={show} />
			<Values {...props} />
		</figure>
	);
}
