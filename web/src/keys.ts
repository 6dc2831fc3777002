/*
 * keys.ts: the page by keyboard alone.
 */
import { paused } from "./live";
import { moveRange } from "./parts/TimeRange";
import { places } from "./places";
import { go, link, rangeOf } from "./state";

export const KEYS: readonly [string, string][] = [
	["?", "this help"],
	["/", "to the search"],
	["t", "to the range of time"],
	["[ and ]", "earlier, later"],
	["p", "pause live updates, or go on"],
	["↑ ↓ Page Up Page Down Home End", "from row to row of a table"],
	["Enter", "opens the row"],
	["Esc", "closes a dialog"],
];

const SEQUENCE_MS = 1500;

function focusFirst(selector: string): boolean {
	const found = document.querySelector<HTMLElement>(`main ${selector}`);
	found?.focus();
	return found !== null;
}

function shift(direction: -1 | 1): boolean {
	const usual = document.querySelector<HTMLElement>("main [data-usual]")?.dataset.usual;
	if (usual === undefined)
		return false;
	moveRange(rangeOf(usual), direction);
	return true;
}

function goTo(key: string): boolean {
	const place = places.find((one) => one.key === key);
	if (place === undefined)
		return false;
	go(link(place.path));
	document.querySelector<HTMLElement>("main")?.focus();
	return true;
}

const ACTIONS: Record<string, () => boolean> = {
	"/": () => focusFirst("[data-search]"),
	t: () => focusFirst("[data-range]"),
	"[": () => shift(-1),
	"]": () => shift(1),
	p: () => {
		paused.value = !paused.value;
		return true;
	},
};

/** Listens to keys, but for what is typed into a field. */
export function listenToKeys(showHelp: () => void): void {
	let went_ms = -Infinity;
	addEventListener("keydown", (event) => {
		const isTyping = event.target instanceof Element && event.target.closest("input, select, textarea, dialog") !== null;
		if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
			return;
		let isDone = false;
		if (performance.now() - went_ms < SEQUENCE_MS) {
			went_ms = -Infinity;
			isDone = goTo(event.key);
		} else if (event.key === "g") {
			went_ms = performance.now();
			isDone = true;
		} else if (event.key === "?") {
			showHelp();
			isDone = true;
		} else
			isDone = ACTIONS[event.key]?.() ?? false;
		if (isDone)
			event.preventDefault();
	});
}
