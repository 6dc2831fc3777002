/*
 * Chart.tsx: values over time, drawn by uPlot.
 *
 * Where nothing is known the line is broken and the ground grey, never zero.  Lines differ
 * by dash as well as by colour.  Below each chart stands what it shows, in a sentence for
 * a screen reader, and its values as a table.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Gap } from "../api";
import { theme } from "../theme";
import { exact, UNKNOWN } from "../words";

export interface Series {
	name: string;
	/** One per time; null: not known. */
	values: readonly (number | null | undefined)[];
	/** A previous period or a bound: drawn faintly. */
	faint?: boolean;
	/** Drawn as filled area down to zero. */
	fill?: boolean;
}

export interface Threshold {
	value: number;
	label: string;
}

/** Between two series, by their names: what is expected to lie there. */
export interface Band {
	upper: string;
	lower: string;
}

/** A value that is told apart: drawn as a hollow triangle. */
export interface Mark {
	at_s: number;
	value: number;
}

export interface ChartProps {
	/** What it shows: "Throughput of 443/tcp". */
	label: string;
	/** Unix time in seconds, ascending. */
	times: readonly number[];
	series: readonly Series[];
	/** A value in words, for axis, legend and table (words.ts). */
	show: (value: number) => string;
	thresholds?: readonly Threshold[];
	bands?: readonly Band[];
	marks?: readonly Mark[];
	/** Times of which nothing is known. */
	gaps?: readonly Gap[];
	height?: number;
	/** Called with the times between which the viewer dragged. */
	onSelect?: (since_s: number, until_s: number) => void;
}

const DASHES: number[][] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
const TABLE_MAX = 200;

/** A colour of the style, as it is now. */
function colour(name: string): string {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawGaps(plot: uPlot, gaps: readonly Gap[]): void {
	const { left, width, top, height } = plot.bbox;
	plot.ctx.fillStyle = colour("--gap");
	for (const gap of gaps) {
		const begin = Math.max(left, plot.valToPos(Date.parse(gap.since) / 1000, "x", true));
		const end = Math.min(left + width, plot.valToPos(Date.parse(gap.until) / 1000, "x", true));
		if (end > begin)
			plot.ctx.fillRect(begin, top, Math.max(1, end - begin), height);
	}
}

function drawThresholds(plot: uPlot, thresholds: readonly Threshold[]): void {
	const { left, width, top } = plot.bbox;
	const ctx = plot.ctx;
	ctx.save();
	ctx.strokeStyle = ctx.fillStyle = colour("--bad");
	ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.textAlign = "right";
	for (const { value, label } of thresholds) {
		const y = plot.valToPos(value, "y", true);
		if (y < top)
			continue;
		ctx.beginPath();
		ctx.moveTo(left, y);
		ctx.lineTo(left + width, y);
		ctx.stroke();
		ctx.fillText(label, left + width - 4, y - 4);
	}
	ctx.restore();
}

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
	const { left, width } = plot.bbox, size = 5 * devicePixelRatio, ctx = plot.ctx;
	ctx.save();
	ctx.strokeStyle = colour("--warn");
	ctx.lineWidth = 1.5 * devicePixelRatio;
	for (const { at_s, value } of marks) {
		const x = plot.valToPos(at_s, "x", true), y = plot.valToPos(value, "y", true);
		if (x < left || x > left + width)
			continue;
		ctx.beginPath();
		ctx.moveTo(x, y - size);
		ctx.lineTo(x + size, y + size);
		ctx.lineTo(x - size, y + size);
		ctx.closePath();
		ctx.stroke();
	}
	ctx.restore();
}

/** uPlot counts the times as the first of the series. */
function bandsOf({ bands, series }: ChartProps): uPlot.Band[] {
	const indexOf = (name: string) => series.findIndex((one) => one.name === name) + 1;
	return (bands ?? []).map(({ upper, lower }) => ({ series: [indexOf(upper), indexOf(lower)], fill: `${colour("--line-1")}2e` }));
}

/** Values between gaps: no line leads to them. */
function lonely(values: uPlot.AlignedData[number] | (number | null | undefined)[]): number[] {
	const isKnown = (i: number) => values[i] !== null && values[i] !== undefined;
	return Array.from(values, (_, i) => i).filter((i) => isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1));
}

function seriesOf(series: Series, index: number, show: (value: number) => string): uPlot.Series {
	const stroke = colour(`--line-${index % 6 + 1}`);
	return {
		label: series.name,
		stroke,
		width: series.faint ? 1 : 1.5,
		alpha: series.faint ? 0.55 : 1,
		dash: DASHES[index % DASHES.length],
		fill: series.fill ? `${stroke}22` : undefined,
		spanGaps: false,
		points: { filter: (plot, index, show) => (show ? null : lonely(plot.data[index]!)) },
		value: (_plot, value) => (value === null || value === undefined ? UNKNOWN : show(value)),
	};
}

/* In seconds: finer than one their words would be the same. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
	86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400, 365 * 86400];
const WHOLE_STEPS = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const ANY_STEPS = [...Array.from({ length: 9 }, (_, i) => [1, 2, 5].map((digit) => digit * 10 ** (i - 9))).flat(), ...WHOLE_STEPS];

/** Between whole numbers there is nothing to be marked on the axis. */
function stepsOf(plot: uPlot): number[] {
	const isWhole = plot.data.slice(1).every((values) => (values as (number | null)[]).every((value) => value === null || Number.isInteger(value)));
	return isWhole ? WHOLE_STEPS : ANY_STEPS;
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
	const axis: uPlot.Axis = {
		stroke: colour("--quiet"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule"), width: 1 },
		font: `11px ${colour("--font")}`,
	};
	const thresholds = props.thresholds ?? [];
	return {
		width,
		height: props.height ?? 180,
		legend: { live: true },
		cursor: { drag: { x: props.onSelect !== undefined, y: false }, points: { size: 6 } },
		scales: {
			x: { time: true },
			y: {
				range: (_plot, low, high) => {
					const top = Math.max(high ?? 0, 0), bottom = Math.min(low ?? 0, 0);
					return [bottom, top === bottom ? bottom + 1 : top + (top - bottom) * 0.08];
				},
			},
		},
		axes: [
			{ ...axis, space: 70, incrs: TIME_STEPS, values: timeLabels },
			{ ...axis, size: 64, incrs: stepsOf, values: (_plot, splits) => splits.map((value) => props.show(value)) },
		],
		series: [
			{ label: "Time", value: (_plot, at) => (at === null ? UNKNOWN : exact(new Date(at * 1000).toISOString()) ?? UNKNOWN) },
			...props.series.map((one, i) => seriesOf(one, i, props.show)),
		],
		bands: bandsOf(props),
		hooks: {
			drawClear: [(plot) => drawGaps(plot, props.gaps ?? [])],
			draw: [(plot) => drawThresholds(plot, thresholds), (plot) => drawMarks(plot, props.marks ?? [])],
			setSelect: [(plot) => {
				if (plot.select.width > 5)
					props.onSelect?.(plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x"));
			}],
		},
	};
}

/** 14:05, or the day where one begins; seconds where they differ. */
function timeLabels(_plot: uPlot, splits: number[], _axis: number, _space: number, step_s: number): string[] {
	return splits.map((at) => {
		const date = new Date(at * 1000);
		if (step_s >= 86400 || (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0))
			return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
		return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: step_s < 60 ? "2-digit" : undefined });
	});
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
	return [[...times], ...series.map((one) => one.values.map((value) => value ?? null))] as uPlot.AlignedData;
}

/** "Out: 1.2 MB/s now, from 0 B/s to 3 MB/s" */
export function summaryOf({ series, show }: Pick<ChartProps, "series" | "show">): string {
	return series.map(({ name, values }) => {
		const known = values.filter((value): value is number => value !== null && value !== undefined);
		if (known.length === 0)
			return `${name}: nothing is known`;
		const last = known[known.length - 1]!;
		return `${name}: last ${show(last)}, from ${show(Math.min(...known))} to ${show(Math.max(...known))}`;
	}).join("; ");
}

function Values({ label, times, series, show }: ChartProps): JSX.Element {
	const begin = Math.max(0, times.length - TABLE_MAX);
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead><tr><th scope="col">Time</th>{series.map(({ name }) => <th key={name} scope="col" class="number">{name}</th>)}</tr></thead>
					<tbody>
						{times.slice(begin).map((at, i) => (
							<tr key={at}>
								<th scope="row">{exact(new Date(at * 1000).toISOString())}</th>
								{series.map(({ name, values }) => {
									const value = values[begin + i];
									return <td key={name} class="number">{value === null || value === undefined ? UNKNOWN : show(value)}</td>;
								})}
							</tr>
						)).reverse()}
					</tbody>
				</table>
			</div>
		</details>
	);
}

export function Chart(props: ChartProps): JSX.Element {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot>();
	const latest = useRef(props);
	latest.current = props;
	const shape = `${theme.value} ${props.height} ${props.series.map((one) => one.name).join("\0")} ${JSON.stringify(props.thresholds)} ${JSON.stringify(props.gaps)} ${JSON.stringify(props.marks)}`;
	useEffect(() => {
		const at = box.current!;
		plot.current = new uPlot(optionsOf(latest.current, at.clientWidth), dataOf(latest.current), at);
		const resized = new ResizeObserver(() => plot.current?.setSize({ width: at.clientWidth, height: latest.current.height ?? 180 }));
		resized.observe(at);
		return () => {
			resized.disconnect();
			plot.current?.destroy();
			plot.current = undefined;
		};
	}, [shape]);
	useEffect(() => {
		plot.current?.setData(dataOf(latest.current));
	}, [props.times, props.series]);
	return (
		<figure class="chart" aria-label={props.label}>
			<figcaption>{props.label}</figcaption>
			<div ref={box} aria-hidden="true" />
			<p class="hidden">{summaryOf(props)}</p>
			<Values {...props} />
		</figure>
	);
}
