/*
 * HeatMap.tsx: how many answers took how long, over time: darker is more.  A column
 * without any answer is grey: nothing is known of it.
 */
import type { JSX } from "preact";
import { count, duration, exact, time } from "../words";
import type { Heat } from "../records/heat";

interface Props {
	heat: Heat;
	label: string;
}

const ROW = 18, COLUMN = 15, AXIS = 62;

/** 1..5; 0: none. */
function shade(value: number, most: number): number {
	return value === 0 ? 0 : Math.max(1, Math.ceil(5 * Math.sqrt(value / most)));
}

function Cells({ heat }: { heat: Heat }): JSX.Element {
	const rows = heat.bounds_us.length;
	return (
		<>
			{heat.counts.map((column, x) => {
				const at = new Date(heat.begin_ms + x * heat.step_ms).toISOString();
				const all = column.reduce((sum, one) => sum + one, 0);
				return (
					<g key={x}>
						{all === 0 && <rect class="unseen" x={AXIS + x * COLUMN} y={0} width={COLUMN} height={rows * ROW}><title>{`${time(at)}: no answer`}</title></rect>}
						{column.map((value, bucket) => value > 0 && (
							<rect key={bucket} class={`shade-${shade(value, heat.most)}`} x={AXIS + x * COLUMN} y={(rows - 1 - bucket) * ROW}
								width={COLUMN - 1} height={ROW - 1}>
								<title>{`${time(at)}: ${count(value)} of ${count(all)} answers took up to ${duration(heat.bounds_us[bucket])}`}</title>
							</rect>
						))}
					</g>
				);
			})}
		</>
	);
}

function Values({ heat, label }: Props): JSX.Element {
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead><tr><th scope="col">From</th>{heat.bounds_us.map((us) => <th key={us} scope="col" class="number">≤ {duration(us)}</th>)}</tr></thead>
					<tbody>
						{heat.counts.map((column, x) => (
							<tr key={x}>
								<th scope="row">{exact(new Date(heat.begin_ms + x * heat.step_ms).toISOString())}</th>
								{column.map((value, bucket) => <td key={bucket} class="number">{count(value)}</td>)}
							</tr>
						)).reverse()}
					</tbody>
				</table>
			</div>
		</details>
	);
}

export function HeatMap({ heat, label }: Props): JSX.Element {
	const rows = heat.bounds_us.length, width = AXIS + heat.counts.length * COLUMN, height = rows * ROW;
	const times = [0, Math.floor(heat.counts.length / 2)];
	return (
		<figure class="chart heat">
			<figcaption>{label}</figcaption>
			<div class="heat-scroll" tabIndex={0} role="region" aria-label={`${label}, as a picture`}>
				<svg role="img" aria-label={`${count(heat.all)} answers; the table below has how many took how long, and when`}
					width={width} height={height + 20}>
					{heat.bounds_us.map((us, bucket) => <text key={us} class="axis" x={AXIS - 6} y={(rows - 1 - bucket) * ROW + 13} text-anchor="end">{duration(us)}</text>)}
					<Cells heat={heat} />
					{times.map((x) => <text key={x} class="axis" x={AXIS + x * COLUMN} y={height + 15}>{time(new Date(heat.begin_ms + x * heat.step_ms).toISOString())}</text>)}
				</svg>
			</div>
			<Values heat={heat} label={label} />
		</figure>
	);
}
