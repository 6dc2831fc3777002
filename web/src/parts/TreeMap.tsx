/*
 * TreeMap.tsx: parts of a whole as tiles, each as large as its value; a tile leads to what
 * it is made of.
 *
 * Tiles too small to be pointed at are together one, and all stand below in a table.
 */
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { countFitting, labelIn, treemap, type Label } from "./tiles";
import { useWidth } from "./width";

export interface TreeBlock extends Label {
	key: string;
	value: number;
	/** Beside the value: "12 sources". */
	note?: string;
	href?: string;
}

interface Props {
	/** What it shows: "Attempts by network". */
	label: string;
	/** What a block is: "Network". */
	title: string;
	/** The largest first. */
	blocks: readonly TreeBlock[];
	/** A value in words (words.ts). */
	show: (value: number) => string;
}

const HEIGHT_PX = 260, NARROW_PX = 480, LEAST_PX = 46, TABLE_MAX = 500;

function shownOf(blocks: readonly TreeBlock[], width: number): TreeBlock[] {
	const fitting = Math.max(1, countFitting(blocks.map(({ value }) => value), width * HEIGHT_PX, LEAST_PX));
	const rest = blocks.slice(fitting);
	return rest.length === 0 ? [...blocks] : [...blocks.slice(0, fitting),
		{ key: "", label: `${rest.length} smaller ones`, shorter: `+${rest.length}`, value: rest.reduce((sum, { value }) => sum + value, 0) }];
}

function Values({ label, title, blocks, show }: Props): JSX.Element {
	return (
		<details class="values">
			<summary>Values as a table</summary>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${label}: values`}>
				<table>
					<thead><tr><th scope="col">{title}</th><th scope="col" class="number">{label.split(" ")[0]}</th><th scope="col">Of</th></tr></thead>
					<tbody>
						{blocks.slice(0, TABLE_MAX).map((block) => (
							<tr key={block.key}>
								<th scope="row">{block.href === undefined ? block.label : <a href={block.href}>{block.label}</a>}</th>
								<td class="number">{show(block.value)}</td>
								<td>{block.note}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
			{blocks.length > TABLE_MAX && <p>The largest {TABLE_MAX} of {blocks.length}.</p>}
		</details>
	);
}

export function TreeMap(props: Props): JSX.Element {
	const { label, blocks, show } = props;
	const box = useRef<HTMLDivElement>(null);
	const width = useWidth(box);
	const tiles = useMemo(() => (width === 0 ? [] : treemap(shownOf(blocks, width), ({ value }) => value, width, HEIGHT_PX)), [blocks, width]);
	return (
		<figure class="treemap" aria-label={label}>
			<figcaption>{label}</figcaption>
			<div ref={box}>
				<ul style={{ height: `${HEIGHT_PX}px` }}>
					{tiles.map(({ of, x, y, width: w, height: h }) => {
						const name = labelIn(of, w, h);
						const words = (
							<>
								<span class={name === undefined ? "hidden" : "name"}>{name ?? of.label}</span>{" "}
								<span class={h < 44 || w < NARROW_PX / 8 ? "hidden" : "value"}>{show(of.value)}{of.note === undefined ? "" : `, ${of.note}`}</span>
							</>
						);
						const title = `${of.label}: ${show(of.value)}${of.note === undefined ? "" : `, ${of.note}`}`;
						return (
							<li key={of.key} style={{ left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px` }}>
								{of.href === undefined ? <span class="area rest" title={title}>{words}</span>
									: <a class="area" href={of.href} title={title}>{words}</a>}
							</li>
						);
					})}
				</ul>
			</div>
			<Values {...props} />
		</figure>
	);
}
