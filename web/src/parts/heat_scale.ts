/*
 * heat_scale.ts: the scale of a heat map: into which of a few steps a value falls.
 *
 * Steps are even, or where values lie far apart even on a logarithmic scale, or all but
 * the largest would look the same.  Zero is a step of its own, and what is not known is
 * none.
 */
export const HEAT_STEPS = 6;

/* So many times the least: then steps are logarithmic. */
const FAR_APART = 20;

export interface HeatScale {
	/** The least value of each step, ascending. */
	bounds: number[];
	most: number;
}

export type HeatValue = number | null | undefined;

export function heatScale(values: Iterable<HeatValue>): HeatScale {
	const known = new Set<number>();
	for (const value of values)
		if (value !== null && value !== undefined && value > 0)
			known.add(value);
	const inOrder = [...known].sort((a, b) => a - b);
	const least = inOrder[0] ?? 0, most = inOrder[inOrder.length - 1] ?? 0;
	/* Few values have a step each, or several steps would say the same. */
	if (inOrder.length <= HEAT_STEPS)
		return { bounds: inOrder, most };
	const bound = (i: number) => (most / least > FAR_APART
		? least * (most / least) ** (i / HEAT_STEPS) : least + (most - least) * i / HEAT_STEPS);
	return { bounds: Array.from({ length: HEAT_STEPS }, (_, i) => bound(i)), most };
}

/** The shade of a bound: fewer of them are as far apart as can be, and the last is the darkest. */
export function heatShade(bound: number, bounds: number): number {
	return bounds === 1 ? HEAT_STEPS : 1 + Math.round(bound * (HEAT_STEPS - 1) / (bounds - 1));
}

/** 0 for zero, 1 to HEAT_STEPS for more; undefined: not known. */
export function heatStep(value: HeatValue, { bounds }: HeatScale): number | undefined {
	if (value === null || value === undefined)
		return undefined;
	if (value <= 0)
		return 0;
	let bound = 0;
	while (bound + 1 < bounds.length && value >= bounds[bound + 1]!)
		bound++;
	return heatShade(bound, bounds.length);
}

/** The cell that a key moves to. */
export function heatMove(key: string, [row, column]: readonly [number, number], rows: number, columns: number): [number, number] | undefined {
	const moves: Record<string, [number, number]> = {
		ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
		Home: [row, 0], End: [row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column],
	};
	const to = moves[key];
	return to && [Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))];
}
