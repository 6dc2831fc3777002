/*
 * window.ts: which rows of a long table are drawn: those that can be seen, and a few.
 */
export interface Window {
	/** The first that is drawn, and the first that is not. */
	begin: number;
	end: number;
}

/* Scrolling by a little draws nothing new; even, so that stripes stay where they are. */
const MARGIN = 10;

export function windowOf(scroll_px: number, height_px: number, row_px: number, rows: number): Window {
	const first = Math.floor(Math.max(0, scroll_px) / row_px);
	const seen = Math.ceil(Math.max(0, height_px) / row_px) + 1;
	const begin = Math.max(0, Math.min(first, rows - seen) - MARGIN);
	return { begin: begin - begin % 2, end: Math.min(rows, first + seen + MARGIN) };
}

/** Where to scroll so that a row is seen whole; where it is, if it is already. */
export function scrollFor(row: number, scroll_px: number, height_px: number, row_px: number): number {
	const top = row * row_px;
	if (top < scroll_px)
		return top;
	return top + row_px > scroll_px + height_px ? top + row_px - height_px : scroll_px;
}
