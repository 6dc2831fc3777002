/*
 * UptimeBars.tsx: one bar for each hour or day: how a target was then.
 *
 * States differ by shape as well as by colour: up is a whole bar, degraded a shorter one,
 * down a bar that is broken, maintenance an outline, and what was not observed a dot on
 * the ground, never a bar.  With `detailed` the arrow keys go from bar to bar, and the
 * same stands below as a table.
 */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { count, exact } from "../words";
import { sentenceOf, summaryOf, uptimeOf, uptimeWords, WORDS, type Period, type Was } from "../records/uptime";

interface Props {
	periods: readonly Period[];
	/** Of what. */
	label: string;
	/** With keys and a table. */
	detailed?: boolean;
}

const HEIGHT = 24, WIDE = 8, NARROW = 3;

/** The shape of one state, in a column from x on. */
function Shape({ was, x, width }: { was: Was; x: number; width: number }): JSX.Element {
	switch (was) {
	case "up":
		return <rect class="up" x={x} y={0} width={width} height={HEIGHT} />;
	case "degraded":
		return <rect class="degraded" x={x} y={HEIGHT * 0.4} width={width} height={HEIGHT * 0.6} />;
	case "down":
		return (
			<g class="down">
				<rect x={x} y={0} width={width} height={HEIGHT * 0.28} />
				<rect x={x} y={HEIGHT * 0.46} width={width} height={HEIGHT * 0.54} />
			</g>
		);
	case "maintenance":
		return <rect class="maintenance" x={x + 0.5} y={HEIGHT * 0.4 + 0.5} width={Math.max(width - 1, 1)} height={HEIGHT * 0.6 - 1} />;
	default:
		return <rect class="unseen" x={x} y={HEIGHT - 3} width={width} height={3} />;
	}
}

/* The same shapes as parts of a path. */
const box = (x: number, y: number, width: number, height: number): string => `M${x} ${y}h${width}v${height}h${-width}z`;
const PATHS: Record<Was, (x: number, width: number) => string> = {
	up: (x, width) => box(x, 0, width, HEIGHT),
	degraded: (x, width) => box(x, HEIGHT * 0.4, width, HEIGHT * 0.6),
	down: (x, width) => box(x, 0, width, HEIGHT * 0.28) + box(x, HEIGHT * 0.46, width, HEIGHT * 0.54),
	maintenance: (x, width) => box(x + 0.5, HEIGHT * 0.4 + 0.5, Math.max(width - 1, 1), HEIGHT * 0.6 - 1),
	unseen: (x, width) => box(x, HEIGHT - 3, width, 3),
};

/**
 * In a row of a table: one path for each state, and words only for the bar that is pointed
 * at.  A table draws some thirty rows anew with each turn of the wheel.
 */
function RowOfBars({ periods, label }: { periods: readonly Period[]; label: string }): JSX.Element {
	const title = useRef<Element | null>(null);
	const width = periods.length > 60 ? NARROW : WIDE, step = width + (width === NARROW ? 1 : 2);
	const paths = new Map<Was, string>();
	periods.forEach(({ was }, i) => paths.set(was, (paths.get(was) ?? "") + PATHS[was](i * step, width)));
	const tell = (event: JSX.TargetedPointerEvent<SVGSVGElement>) => {
		const { left, width: whole } = event.currentTarget.getBoundingClientRect();
		const period = periods[Math.floor((event.clientX - left) / whole * periods.length)];
		if (period !== undefined && title.current !== null)
			title.current.textContent = sentenceOf(period);
	};
	return (
		<svg class="uptime" role="img" aria-label={`${label}: ${summaryOf(periods)}`} width={periods.length * step} height={HEIGHT}
			viewBox={`0 0 ${periods.length * step} ${HEIGHT}`} preserveAspectRatio="none" onPointerMove={tell}>
			<title ref={element => { title.current = element; }} />
			<rect class="ground" x={0} y={0} width={periods.length * step} height={HEIGHT} />
			{[...paths].map(([was, path]) => <path key={was} class={was} d={path} />)}
		</svg>
	);
}

function Bars({ periods, label, chosen }: { periods: readonly Period[]; label: string; chosen?: number }): JSX.Element {
	const width = periods.length > 60 ? NARROW : WIDE, step = width + (width === NARROW ? 1 : 2);
	return (
		<svg class="uptime" role="img" aria-label={`${label}: ${summaryOf(periods)}`} width={periods.length * step} height={HEIGHT}
			viewBox={`0 0 ${periods.length * step} ${HEIGHT}`} preserveAspectRatio="none">
			{periods.map((period, i) => (
				<g key={period.begin_ms} class={i === chosen ? "chosen" : undefined}>
					<title>{sentenceOf(period)}</title>
					<rect class="ground" x={i * step} y={0} width={step} height={HEIGHT} />
					<Shape was={period.was} x={i * step} width={width} />
				</g>
			))}
		</svg>
	);
}

const ORDER: readonly Was[] = ["up", "degraded", "down", "maintenance", "unseen"];

/** What the shapes mean. */
export function UptimeLegend(): JSX.Element {
	return (
		<ul class="uptime-legend" aria-label="What the bars mean">
			{ORDER.map((was) => (
				<li key={was}>
					<svg class="uptime" aria-hidden="true" width={WIDE} height={14} viewBox={`0 0 ${WIDE} ${HEIGHT}`} preserveAspectRatio="none"><Shape was={was} x={0} width={WIDE} /></svg> {WORDS[was]}
				</li>
			))}
		</ul>
	);
}

function Values({ periods, label }: { periods: readonly Period[]; label: string }): JSX.Element {
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead>
						<tr>
							<th scope="col">From</th><th scope="col">State</th><th scope="col" class="number">Uptime</th>
							<th scope="col" class="number">Down</th><th scope="col" class="number">Degraded</th>
							<th scope="col" class="number">Maintenance</th><th scope="col" class="number">Probes</th>
						</tr>
					</thead>
					<tbody>
						{periods.map((period) => (
							<tr key={period.begin_ms}>
								<th scope="row">{exact(new Date(period.begin_ms).toISOString())}</th>
								<td>{WORDS[period.was]}</td>
								<td class="number">{uptimeWords(uptimeOf(period))}</td>
								<td class="number">{count(period.down)}</td>
								<td class="number">{count(period.degraded)}</td>
								<td class="number">{count(period.maintenance)}</td>
								<td class="number">{count(period.up + period.degraded + period.down + period.maintenance + period.unknown)}</td>
							</tr>
						)).reverse()}
					</tbody>
				</table>
			</div>
		</details>
	);
}

const MOVES: Record<string, (at: number, last: number) => number> = {
	ArrowRight: (at, last) => Math.min(at + 1, last), ArrowLeft: (at) => Math.max(at - 1, 0),
	Home: () => 0, End: (_at, last) => last,
};

function Detailed({ periods, label }: Props): JSX.Element {
	const [chosen, setChosen] = useState<number | undefined>(undefined);
	const last = periods.length - 1;
	const move = (event: KeyboardEvent) => {
		const to = MOVES[event.key]?.(chosen ?? last, last);
		if (to === undefined)
			return;
		event.preventDefault();
		setChosen(to);
	};
	const period = chosen === undefined ? undefined : periods[chosen];
	return (
		<figure class="uptime-figure">
			<div class="uptime-bars" tabIndex={0} role="group" aria-label={`${label}; arrow keys go from one to the next`}
				onKeyDown={move} onBlur={() => setChosen(undefined)}>
				<Bars periods={periods} label={label} chosen={chosen} />
			</div>
			<p class="uptime-said" role="status">{period === undefined ? "" : sentenceOf(period)}</p>
			<UptimeLegend />
			<Values periods={periods} label={label} />
		</figure>
	);
}

export function UptimeBars(props: Props): JSX.Element {
	return props.detailed ? <Detailed {...props} /> : <RowOfBars periods={props.periods} label={props.label} />;
}
