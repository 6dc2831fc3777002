/*
 * Sankey.tsx: from where how much goes by what to where.
 *
 * Bars are things, ribbons between them how much.  A bar under the pointer or with the
 * focus shows all ways that lead through it.  By keyboard it is one stop: arrow keys move
 * from bar to bar, Enter opens the records behind it.  The same stands below as a table.
 */
import { Fragment, type JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { leastHeight, related, ribbonPath, sankeyLayout, type Bar, type Layout, type Ribbon, type SankeyLink, type SankeyNode } from "./ribbons";
import { useWidth } from "./width";

export interface SankeyProps {
	/** What it shows: "Bytes by client, port and process". */
	label: string;
	/** What the bars of each stage are: "Clients", "Ports". */
	stages: readonly string[];
	nodes: readonly SankeyNode[];
	links: readonly SankeyLink[];
	/** A value in words (words.ts). */
	show: (value: number) => string;
}

const BAR_PX = 10, LINE_PX = 17, GAP_PX = 5, HEAD_PX = 24, USUAL_PX = 360;
/* Of the style's font at its size: enough to know what fits. */
const CHARACTER_PX = 6.7;
const COLOURS = 6;

function cut(text: string, room_px: number): string {
	const most = Math.max(4, Math.floor(room_px / CHARACTER_PX));
	return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

interface LabelProps {
	bar: Bar;
	bars: readonly Bar[];
	stages: number;
	step_px: number;
	isDim: boolean;
	show: (value: number) => string;
}

/* Names of the last stage stand to the left of their bars, towards those of the one before. */
function roomOf(bar: Bar, bars: readonly Bar[], stages: number, step_px: number): number {
	const most = step_px - BAR_PX - 8;
	if (bar.node.stage < stages - 1)
		return bar.node.stage === stages - 2 ? most * 0.62 : most;
	const beside = bars.filter((other) => other.node.stage === stages - 2 &&
		Math.abs(other.y + other.height / 2 - bar.y - bar.height / 2) < LINE_PX);
	return most - Math.max(0, ...beside.map(({ node }) => Math.min(node.label.length * CHARACTER_PX, most * 0.62) + 8));
}

function Label({ bar, bars, stages, step_px, isDim, show }: LabelProps): JSX.Element {
	const isLast = bar.node.stage === stages - 1;
	const value = show(bar.value), room = roomOf(bar, bars, stages, step_px);
	/* Two values side by side have to fit as well. */
	const wantsValue = room - bar.node.label.length * CHARACTER_PX > 2 * (value.length + 1) * CHARACTER_PX;
	return (
		<text class={isDim ? "name dim" : "name"} x={isLast ? bar.x - 5 : bar.x + BAR_PX + 5} y={bar.y + bar.height / 2} dy="0.33em"
			text-anchor={isLast ? "end" : "start"} aria-hidden="true">
			{cut(bar.node.label, room)}
			{wantsValue && <tspan class="value"> {value}</tspan>}
		</text>
	);
}

/** "Clients: 192.0.2.1, 1.2 MB; 1 MB to 443/tcp, 0.2 MB to 22/tcp" */
function spoken(bar: Bar, { ribbons }: Layout, names: readonly string[], show: (value: number) => string): string {
	const far = ribbons.filter(({ from, to }) => from === bar || (to === bar && bar.node.stage === names.length - 1));
	const ways = far.sort((a, b) => b.link.value - a.link.value).slice(0, 5)
		.map(({ link, from, to }) => `${show(link.value)} ${from === bar ? `to ${to.node.label}` : `from ${from.node.label}`}`);
	return `${names[bar.node.stage]}: ${bar.node.label}, ${show(bar.value)}; ${ways.join(", ")}`;
}

/** The bar that a key moves to. */
function moved(key: string, at: Bar, { bars }: Layout): Bar | undefined {
	const stage = bars.filter(({ node }) => node.stage === at.node.stage);
	const place = stage.indexOf(at);
	const beside = (stage_no: number) => {
		const others = bars.filter(({ node }) => node.stage === stage_no);
		const middle = at.y + at.height / 2;
		return others.sort((a, b) => Math.abs(a.y + a.height / 2 - middle) - Math.abs(b.y + b.height / 2 - middle))[0];
	};
	switch (key) {
	case "ArrowDown": return stage[place + 1] ?? at;
	case "ArrowUp": return stage[place - 1] ?? at;
	case "Home": return stage[0];
	case "End": return stage[stage.length - 1];
	case "ArrowRight": return beside(at.node.stage + 1) ?? at;
	case "ArrowLeft": return beside(at.node.stage - 1) ?? at;
	default: return undefined;
	}
}

/* Ribbons have the colour of what they have in common: the bar of the second stage. */
function colourOf({ from, to }: Ribbon, colours: Map<string, string>): string {
	const common = from.node.stage === 0 ? to : from;
	return common.node.isRest ? "rest" : colours.get(common.node.id) ?? "rest";
}

interface RibbonsProps {
	layout: Layout;
	lit: Set<string> | undefined;
	show: (value: number) => string;
}

function Ribbons({ layout, lit, show }: RibbonsProps): JSX.Element {
	const second = layout.bars.filter(({ node }) => node.stage === 1 && !node.isRest);
	const colours = new Map(second.map(({ node }, i) => [node.id, `line-${i % COLOURS + 1}`]));
	return (
		<g aria-hidden="true">
			{layout.ribbons.map((ribbon) => {
				const { link, from, to } = ribbon;
				const isLit = lit === undefined || (lit.has(link.from) && lit.has(link.to));
				const path = (
					<path d={ribbonPath(ribbon, BAR_PX)} class={`ribbon ${colourOf(ribbon, colours)}${isLit ? "" : " dim"}`}>
						<title>{`${from.node.label} → ${to.node.label}: ${show(link.value)}`}</title>
					</path>
				);
				const key = `${link.from} ${link.to}`;
				return link.href === undefined ? <g key={key}>{path}</g> : <a key={key} href={link.href} tabindex={-1}>{path}</a>;
			})}
		</g>
	);
}

interface BarsProps {
	layout: Layout;
	names: readonly string[];
	lit: Set<string> | undefined;
	/** The one that Tab leads to. */
	stop: string | undefined;
	step_px: number;
	show: (value: number) => string;
	onActive: (id: string | undefined) => void;
}

function Bars({ layout, names, lit, stop, step_px, show, onActive }: BarsProps): JSX.Element {
	return (
		<>
			{layout.bars.map((bar) => {
				const { id, href, isRest, stage } = bar.node;
				const isDim = lit !== undefined && !lit.has(id);
				const named_px = bar.node.label.length * CHARACTER_PX, isLast = stage === names.length - 1;
				const drawn = (
					<>
						<rect class="hit" x={isLast ? bar.x - named_px : bar.x - 2} y={bar.y + (bar.height - bar.slot) / 2}
							width={BAR_PX + named_px} height={bar.slot} />
						<rect class={isRest ? "bar rest" : "bar"} x={bar.x} y={bar.y} width={BAR_PX} height={Math.max(1, bar.height)} />
					</>
				);
				const about = {
					class: isDim ? "node dim" : "node",
					tabindex: id === stop ? 0 : -1, "data-bar": id, "aria-label": spoken(bar, layout, names, show),
					onMouseEnter: () => onActive(id), onMouseLeave: () => onActive(undefined),
					onFocus: () => onActive(id), onBlur: () => onActive(undefined),
				};
				return (
					<Fragment key={id}>
						{href === undefined ? <g role="img" {...about}>{drawn}</g> : <a href={href} {...about}>{drawn}</a>}
						<Label bar={bar} bars={layout.bars} stages={names.length} step_px={step_px} isDim={isDim} show={show} />
					</Fragment>
				);
			})}
		</>
	);
}

function Links({ label, stages, nodes, links, show }: SankeyProps): JSX.Element {
	const names = new Map(nodes.map((node) => [node.id, node]));
	const rows = [...links].filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="number">{label.split(" ")[0]}</th></tr></thead>
					<tbody>
						{rows.map(({ from, to, value, href }) => (
							<tr key={`${from} ${to}`}>
								<th scope="row">{names.get(from)?.label}</th>
								<td>{href === undefined ? names.get(to)?.label : <a href={href}>{names.get(to)?.label}</a>}
									<span class="hidden"> ({stages[names.get(to)?.stage ?? 0]})</span></td>
								<td class="number">{show(value)}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</details>
	);
}

export function Sankey(props: SankeyProps): JSX.Element {
	const { label, stages, nodes, links, show } = props;
	const box = useRef<HTMLDivElement>(null);
	const width = useWidth(box);
	const [active, setActive] = useState<string | undefined>(undefined);
	const [stop, setStop] = useState<string | undefined>(undefined);
	const height = Math.max(USUAL_PX, leastHeight(nodes, { line_px: LINE_PX, gap_px: GAP_PX }));
	const layout = useMemo(() => sankeyLayout(nodes, links, { width, height, bar_px: BAR_PX, line_px: LINE_PX, gap_px: GAP_PX }),
		[nodes, links, width, height]);
	const lit = active === undefined ? undefined : related(active, links);
	const first = layout.bars.find(({ node }) => node.id === stop) ?? layout.bars[0];
	const onKeyDown = (event: KeyboardEvent) => {
		const id = event.target instanceof Element ? event.target.getAttribute("data-bar") : null;
		const at = layout.bars.find(({ node }) => node.id === id);
		const to = at && moved(event.key, at, layout);
		if (to === undefined)
			return;
		event.preventDefault();
		setStop(to.node.id);
		box.current?.querySelector<SVGElement>(`[data-bar="${CSS.escape(to.node.id)}"]`)?.focus();
	};
	const step_px = stages.length > 1 ? (width - BAR_PX) / (stages.length - 1) : width;
	return (
		<figure class="sankey" aria-label={label}>
			<figcaption>{label}</figcaption>
			<div ref={box}>
				{width > 0 && (
					<svg width={width} height={height + HEAD_PX} role="group" aria-label={`${label}; arrow keys move between bars`} onKeyDown={onKeyDown}>
						{stages.map((name, i) => (
							<text key={name} class="stage" x={i === stages.length - 1 ? width : i * step_px} y={14}
								text-anchor={i === stages.length - 1 ? "end" : "start"}>{name}</text>
						))}
						<g transform={`translate(0 ${HEAD_PX})`}>
							<Ribbons layout={layout} lit={lit} show={show} />
							<Bars layout={layout} names={stages} lit={lit} stop={first?.node.id} step_px={step_px} show={show} onActive={setActive} />
						</g>
					</svg>
				)}
			</div>
			<Links {...props} />
		</figure>
	);
}
