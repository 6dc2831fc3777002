/*
 * ribbons.ts: where the bars and ribbons of a Sankey diagram lie.
 *
 * Without a browser, so that tests can measure it.  One scale holds for all stages, or a
 * ribbon would be wider at one end than at the other; a bar that is too thin for its name
 * still gets the room of a line.
 */
export interface SankeyNode {
	id: string;
	/** Its column, from 0. */
	stage: number;
	label: string;
	/** Records behind it. */
	href?: string;
	/** What stands for all that are not shown: last, and grey. */
	isRest?: boolean;
}

export interface SankeyLink {
	from: string;
	to: string;
	value: number;
	href?: string;
}

export interface Bar {
	node: SankeyNode;
	value: number;
	x: number;
	y: number;
	height: number;
	/** Room that it has, at least a line. */
	slot: number;
}

export interface Ribbon {
	link: SankeyLink;
	from: Bar;
	to: Bar;
	/** Of its upper edge, at either end. */
	y_from: number;
	y_to: number;
	height: number;
}

export interface Layout {
	bars: Bar[];
	ribbons: Ribbon[];
}

export interface Room {
	width: number;
	height: number;
	bar_px: number;
	/** Least height of a bar's slot: a line of text. */
	line_px: number;
	gap_px: number;
}

/** The whole of each node: the larger of what comes and what goes. */
export function totals(nodes: readonly SankeyNode[], links: readonly SankeyLink[]): Map<string, number> {
	const into = new Map<string, number>(), out = new Map<string, number>();
	for (const { from, to, value } of links) {
		out.set(from, (out.get(from) ?? 0) + value);
		into.set(to, (into.get(to) ?? 0) + value);
	}
	return new Map(nodes.map(({ id }) => [id, Math.max(into.get(id) ?? 0, out.get(id) ?? 0)]));
}

/** Nodes by stage, in each the largest first and the rest last. */
export function stagesOf(nodes: readonly SankeyNode[], values: Map<string, number>): SankeyNode[][] {
	const stages: SankeyNode[][] = [];
	for (const node of nodes)
		(stages[node.stage] ??= []).push(node);
	for (const stage of stages)
		stage?.sort((a, b) => Number(a.isRest ?? false) - Number(b.isRest ?? false) || values.get(b.id)! - values.get(a.id)!);
	return Array.from(stages, (stage) => stage ?? []);
}

const HALVINGS = 50;

/** Pixels per unit, so that the fullest stage just fits. */
function scaleOf(stages: SankeyNode[][], values: Map<string, number>, room: Room): number {
	const fits = (scale: number) => stages.every((stage) =>
		stage.reduce((sum, { id }) => sum + Math.max(room.line_px, values.get(id)! * scale), (stage.length - 1) * room.gap_px) <= room.height);
	const most = Math.max(...stages.map((stage) => stage.reduce((sum, { id }) => sum + values.get(id)!, 0)));
	if (!(most > 0))
		return 0;
	let low = 0, high = room.height / most;
	for (let i = 0; i < HALVINGS; i++) {
		const middle = (low + high) / 2;
		if (fits(middle))
			low = middle;
		else
			high = middle;
	}
	return low;
}

/** Height in which every name has its line, whatever the values are. */
export function leastHeight(nodes: readonly SankeyNode[], room: Pick<Room, "line_px" | "gap_px">): number {
	const counts = new Map<number, number>();
	for (const { stage } of nodes)
		counts.set(stage, (counts.get(stage) ?? 0) + 1);
	return Math.max(0, ...counts.values()) * (room.line_px + room.gap_px);
}

function placeBars(stages: SankeyNode[][], values: Map<string, number>, room: Room, scale: number): Bar[] {
	const step = stages.length > 1 ? (room.width - room.bar_px) / (stages.length - 1) : 0;
	return stages.flatMap((stage, s) => {
		let y = 0;
		return stage.map((node) => {
			const value = values.get(node.id)!;
			const height = value * scale, slot = Math.max(room.line_px, height);
			const bar: Bar = { node, value, x: s * step, y: y + (slot - height) / 2, height, slot };
			y += slot + room.gap_px;
			return bar;
		});
	});
}

/* Ribbons leave and arrive in the order of the bars at their other end, so they cross as
 * little as they can. */
function placeRibbons(links: readonly SankeyLink[], bars: Map<string, Bar>, scale: number): Ribbon[] {
	const ribbons = links.filter(({ value }) => value > 0).map((link): Ribbon => ({
		link, from: bars.get(link.from)!, to: bars.get(link.to)!, y_from: 0, y_to: 0, height: link.value * scale,
	}));
	const used = new Map<Bar, { out: number; into: number }>();
	const of = (bar: Bar) => {
		const known = used.get(bar) ?? { out: 0, into: 0 };
		used.set(bar, known);
		return known;
	};
	for (const ribbon of [...ribbons].sort((a, b) => a.to.y - b.to.y)) {
		ribbon.y_from = ribbon.from.y + of(ribbon.from).out;
		of(ribbon.from).out += ribbon.height;
	}
	for (const ribbon of [...ribbons].sort((a, b) => a.from.y - b.from.y)) {
		ribbon.y_to = ribbon.to.y + of(ribbon.to).into;
		of(ribbon.to).into += ribbon.height;
	}
	return ribbons;
}

export function sankeyLayout(nodes: readonly SankeyNode[], links: readonly SankeyLink[], room: Room): Layout {
	const values = totals(nodes, links);
	const stages = stagesOf(nodes.filter(({ id }) => values.get(id)! > 0), values);
	const scale = scaleOf(stages, values, room);
	const bars = placeBars(stages, values, room, scale);
	return { bars, ribbons: placeRibbons(links, new Map(bars.map((bar) => [bar.node.id, bar])), scale) };
}

/** The outline of a ribbon, as SVG's path takes it. */
export function ribbonPath({ from, to, y_from, y_to, height }: Ribbon, bar_px: number): string {
	const left = from.x + bar_px, right = to.x, middle = (left + right) / 2;
	const thick = Math.max(height, 0.75);
	return `M${left},${y_from}C${middle},${y_from} ${middle},${y_to} ${right},${y_to}` +
		`v${thick}C${middle},${y_to + thick} ${middle},${y_from + thick} ${left},${y_from + thick}Z`;
}

function reached(id: string, links: readonly SankeyLink[], forwards: boolean): Set<string> {
	const been = new Set([id]), ahead = [id];
	for (let at = ahead.pop(); at !== undefined; at = ahead.pop())
		for (const { from, to, value } of links) {
			const [here, there] = forwards ? [from, to] : [to, from];
			if (value > 0 && here === at && !been.has(there)) {
				been.add(there);
				ahead.push(there);
			}
		}
	return been;
}

/** What is on a way that leads through a node, and the node itself. */
export function related(id: string, links: readonly SankeyLink[]): Set<string> {
	return new Set([...reached(id, links, true), ...reached(id, links, false)]);
}
