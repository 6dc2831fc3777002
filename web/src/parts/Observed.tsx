/*
 * Observed.tsx: how much of a time was observed, as a bar in which gaps are holes: hatched,
 * lower and named, never only another colour.
 */
import type { JSX } from "preact";
import { useId, useMemo } from "preact/hooks";
import { partsOf, type Evidence, type Part, type Report } from "../records/evidence";
import { count, exact, percent, plural, span } from "../words";

const WIDTH = 1000, HEIGHT = 28;
/* A gap of minutes in a year is still to be seen. */
const LEAST = 3;
const WORDS: Record<Part["was"], string> = {
	observed: "observed", lossy: "observed, with losses", gap: "nobody watched", nothing: "nothing is known",
};
const ORDER: readonly Part["was"][] = ["observed", "lossy", "gap", "nothing"];

function Shape({ part, hatch }: { part: Part; hatch: string }): JSX.Element {
	const x = part.begin * WIDTH, width = Math.max((part.end - part.begin) * WIDTH, part.was === "observed" ? 0 : LEAST);
	switch (part.was) {
	case "observed":
		return <rect class="observed" x={x} y={0} width={width} height={HEIGHT} />;
	case "lossy":
		return <g><rect class="observed" x={x} y={0} width={width} height={HEIGHT} /><rect class="lossy" x={x} y={0} width={width} height={7} /></g>;
	default:
		return <rect class={part.was} x={x} y={0} width={width} height={HEIGHT} fill={`url(#${hatch}-${part.was})`} />;
	}
}

function Hatches({ id }: { id: string }): JSX.Element {
	return (
		<defs>
			{(["gap", "nothing"] as const).map((was) => (
				<pattern key={was} id={`${id}-${was}`} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
					<rect class={`ground-${was}`} width={6} height={6} /><rect class={`line-${was}`} width={2} height={6} />
				</pattern>
			))}
		</defs>
	);
}

function Legend({ shown, hatch }: { shown: readonly Part["was"][]; hatch: string }): JSX.Element {
	return (
		<ul class="report-legend" aria-label="What the bar means">
			{ORDER.filter((was) => shown.includes(was)).map((was) => (
				<li key={was}>
					<svg class="report-observed" aria-hidden="true" width={20} height={14} viewBox={`0 0 40 ${HEIGHT}`}><Shape part={{ was, why: "", begin: 0, end: 40 / WIDTH }} hatch={hatch} /></svg> {WORDS[was]}
				</li>
			))}
		</ul>
	);
}

const PARTS_SHOWN = 500;

function Values({ parts, since, until }: { parts: readonly Part[]; since: string; until: string }): JSX.Element {
	const from = Date.parse(since), length = Date.parse(until) - from;
	const at = (share: number) => exact(new Date(from + share * length).toISOString());
	return (
		<details class="values">
			<summary>{plural(parts.filter(({ was }) => was === "gap").length, "gap")}; the same as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label="How much was observed"><table>
				<thead><tr><th scope="col">From</th><th scope="col">Until</th><th scope="col">How long</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>
				<tbody>{parts.slice(0, PARTS_SHOWN).map(({ was, why, begin, end }) => (
					<tr key={begin}>
						<td>{at(begin)}</td><td>{at(end)}</td><td>{span((end - begin) * length / 1000)}</td><td>{WORDS[was]}</td><td>{why}</td>
					</tr>
				))}</tbody>
			</table></div>
			{parts.length > PARTS_SHOWN && <p class="quiet">{count(parts.length - PARTS_SHOWN)} more are in the files.</p>}
		</details>
	);
}

export function Observed({ since, until, gaps, evidence }: Pick<Report, "since" | "until" | "gaps"> & { evidence: readonly Pick<Evidence, "coverage">[] }): JSX.Element {
	const hatch = useId();
	const parts = useMemo(() => partsOf({ since, until, gaps, evidence: [...evidence] }), [since, until, gaps, evidence]);
	const shareOf = (was: Part["was"]) => parts.filter((part) => part.was === was).reduce((sum, { begin, end }) => sum + end - begin, 0);
	const shown = ORDER.filter((was) => shareOf(was) > 0);
	return (
		<figure class="report-coverage">
			<svg class="report-observed" role="img" width="100%" height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none"
				aria-label={`Of this time: ${shown.map((was) => `${percent(shareOf(was))} ${WORDS[was]}`).join(", ")}`}>
				<Hatches id={hatch} />
				{/* What is only a sliver is drawn last, over what is beside it. */}
				{[...parts].sort((a, b) => ORDER.indexOf(a.was) - ORDER.indexOf(b.was)).map((part) => <Shape key={part.begin} part={part} hatch={hatch} />)}
			</svg>
			<figcaption><span>{exact(since)}</span><span>{exact(until)}</span></figcaption>
			<Legend shown={shown} hatch={hatch} />
			<Values parts={parts} since={since} until={until} />
		</figure>
	);
}
