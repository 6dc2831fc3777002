/*
 * state.ts: where the viewer is.  Everything that makes a view is in the address: the
 * place, filters, order and range, so that every view is a link.
 */
import { computed, signal } from "@preact/signals";

export type Params = Record<string, string | number | undefined>;

const address = signal(new URL(location.href));

/** The path of the place that is shown. */
export const place = computed(() => address.value.pathname);
const search = computed(() => address.value.searchParams);

/** One parameter of the address; "" counts as not given. */
export function param(name: string): string | undefined {
	return search.value.get(name) || undefined;
}

/** All of them, as they stand. */
export function allParams(): Params {
	return Object.fromEntries(search.value);
}

/** Of a hub, whose records are looked at: the same in every view, until somebody chooses anew. */
export const CHOICE = ["sensor", "site", "tag"] as const;

/** Parameters with the choice of the address, but for what of it they have themselves; "": all. */
export function chosen(params: Params = {}): Params {
	return { ...params, ...Object.fromEntries(CHOICE.map((name) => [name, params[name] ?? param(name)])) };
}

/** An address with these parameters; what is undefined or "" is left out. */
export function addressOf(path: string, params: Params = {}): string {
	const wanted = new URLSearchParams();
	for (const [name, value] of Object.entries(params))
		if (value !== undefined && value !== "")
			wanted.set(name, String(value));
	const text = wanted.toString();
	return text === "" ? path : `${path}?${text}`;
}

/** The address of a place of the page, where the choice stays. */
export function link(path: string, params: Params = {}): string {
	return addressOf(path, chosen(params));
}

/** This view with some parameters changed. */
export function here(changes: Params): string {
	return addressOf(place.value, { ...allParams(), ...changes });
}

/** Goes to an address of the page; what is typed replaces, so that Back leaves the view. */
export function go(href: string, replace = false): void {
	if (replace)
		history.replaceState(null, "", href);
	else
		history.pushState(null, "", href);
	address.value = new URL(location.href);
}

export function setParams(changes: Params, replace = true): void {
	go(here(changes), replace);
}

/** Whether a click is the page's to follow: not one that opens a tab or leaves the page. */
function isOurs(event: MouseEvent, anchor: Element, to: URL): boolean {
	return event.button === 0 && !event.defaultPrevented &&
		!event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey &&
		to.origin === location.origin && !anchor.hasAttribute("target") && !anchor.hasAttribute("download") &&
		!/^\/(api|metrics|health|probe|enter)(\/|$)/.test(to.pathname);
}

/** Follows links within the page without loading it again, and Back and Forward. */
export function followLinks(): void {
	addEventListener("popstate", () => {
		address.value = new URL(location.href);
	});
	document.addEventListener("click", (event) => {
		/* Of a drawing (SVG), too, whose links know nothing of URLs. */
		const anchor = event.target instanceof Element ? event.target.closest("a") : null;
		const href = anchor?.getAttribute("href");
		if (anchor === null || href === null || href === undefined || href.startsWith("#"))
			return;
		const to = new URL(href, location.href);
		if (!isOurs(event, anchor, to))
			return;
		event.preventDefault();
		const moved = to.pathname !== location.pathname;
		go(to.href);
		if (moved)
			scrollTo(0, 0);
	});
}

/* ---- the range of time that is looked at ---- */

export interface Range {
	/** As the API takes it: "1h" before now, or RFC 3339. */
	since: string;
	/** undefined: now. */
	until: string | undefined;
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** "90m" in seconds; undefined if it is no such text. */
export function spanSeconds(text: string): number | undefined {
	const match = /^(\d+)([smhdw])$/.exec(text);
	return match ? Number(match[1]) * UNITS[match[2]!]! : undefined;
}

function isTime(text: string | undefined): text is string {
	return text !== undefined && !Number.isNaN(Date.parse(text));
}

/** The range of the address, or the page's usual one; what is no time counts as not given. */
export function rangeOf(usual: string): Range {
	const since = param("since"), until = param("until");
	const isKnown = since !== undefined && (spanSeconds(since) !== undefined || isTime(since));
	return { since: isKnown ? since : usual, until: isTime(until) ? until : undefined };
}

/** A range as two times in milliseconds. */
export function rangeTimes(range: Range, now_ms = Date.now()): [number, number] {
	const until = range.until === undefined ? now_ms : Date.parse(range.until);
	const seconds = spanSeconds(range.since);
	return [seconds === undefined ? Date.parse(range.since) : until - seconds * 1000, until];
}

/** The range half its length earlier (-1) or later (1); never later than now. */
export function shifted(range: Range, direction: -1 | 1, now_ms = Date.now()): Range {
	const [since, until] = rangeTimes(range, now_ms);
	const length = until - since;
	const end = Math.min(until + direction * length / 2, now_ms);
	if (end >= now_ms && spanSeconds(range.since) !== undefined)
		return { since: range.since, until: undefined };
	return { since: new Date(end - length).toISOString(), until: new Date(end).toISOString() };
}
