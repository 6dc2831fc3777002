/*
 * tiles.ts: tiles whose areas are values, as square as can be (Bruls, Huizing, van Wijk,
 * "Squarified Treemaps", 2000).
 *
 * Without a browser, so that tests can measure it.
 */
export interface Tile<T> {
	of: T;
	x: number;
	y: number;
	width: number;
	height: number;
}

interface Box {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** How far the least square of a row's tiles is from a square. */
function worst(areas: readonly number[], side: number): number {
	const sum = areas.reduce((all, one) => all + one, 0);
	return Math.max(...areas.map((area) => Math.max(side * side * area / (sum * sum), sum * sum / (side * side * area))));
}

/** Lays a row along the shorter side of a box; returns what is left of it. */
function layRow<T>(row: readonly { of: T; area: number }[], box: Box, tiles: Tile<T>[]): Box {
	const sum = row.reduce((all, { area }) => all + area, 0);
	const isColumn = box.width >= box.height;
	const thick = sum / (isColumn ? box.height : box.width);
	let at = isColumn ? box.y : box.x;
	for (const { of, area } of row) {
		const long = area / thick;
		tiles.push(isColumn ? { of, x: box.x, y: at, width: thick, height: long } : { of, x: at, y: box.y, width: long, height: thick });
		at += long;
	}
	return isColumn ? { ...box, x: box.x + thick, width: box.width - thick } : { ...box, y: box.y + thick, height: box.height - thick };
}

/** Tiles of all things with a value above zero; the largest first is best. */
export function treemap<T>(things: readonly T[], value: (thing: T) => number, width: number, height: number): Tile<T>[] {
	const known = things.filter((one) => value(one) > 0);
	const total = known.reduce((sum, one) => sum + value(one), 0);
	const areas = known.map((of) => ({ of, area: value(of) / total * width * height }));
	const tiles: Tile<T>[] = [];
	let box: Box = { x: 0, y: 0, width, height }, row: { of: T; area: number }[] = [];
	for (const one of areas) {
		const side = Math.min(box.width, box.height);
		const before = row.map(({ area }) => area);
		if (row.length > 0 && worst(before, side) < worst([...before, one.area], side)) {
			box = layRow(row, box, tiles);
			row = [];
		}
		row.push(one);
	}
	if (row.length > 0)
		layRow(row, box, tiles);
	return tiles;
}

/** How many of things in falling order have a tile that can be pointed at, if the rest is one more. */
export function countFitting(values: readonly number[], area_px: number, least_px: number): number {
	const total = values.reduce((sum, value) => sum + value, 0);
	let fitting = 0;
	while (fitting < values.length && values[fitting]! / total * area_px >= least_px * least_px)
		fitting++;
	return fitting;
}

/* Of the style's font at its size: enough to know what fits. */
const CHARACTER_PX = 7.4, EDGES_PX = 18, LINE_PX = 26;
/* With fewer it could be anything. */
const LEAST_CHARACTERS = 4;

export interface Label {
	label: string;
	/** The same, where there is less room. */
	shorter?: string;
	/** Where there is no room its end is what tells it from others: an address. */
	isToldByEnd?: boolean;
}

/** What a tile has room for; undefined: for none of it. */
export function labelIn({ label, shorter, isToldByEnd }: Label, width: number, height: number): string | undefined {
	const most = Math.floor((width - EDGES_PX) / CHARACTER_PX);
	if (height < LINE_PX)
		return undefined;
	const whole = [label, shorter].find((one) => one !== undefined && one.length <= most);
	if (whole !== undefined || most < LEAST_CHARACTERS)
		return whole;
	return isToldByEnd ? `…${label.slice(1 - most)}` : `${label.slice(0, most - 1)}…`;
}
