/*
 * words.ts: values in words for people: durations, sizes, rates, times.
 *
 * What is unknown is "–", never 0.  Times are in the viewer's time zone; exact() is for
 * title=, where the same time stands to the second, with the zone's name.
 */
export const UNKNOWN = "–";

const NUMBER = new Intl.NumberFormat("en");

interface Formats {
	clock: Intl.DateTimeFormat;
	day: Intl.DateTimeFormat;
	longAgo: Intl.DateTimeFormat;
	exact: Intl.DateTimeFormat;
}
let formats: Formats | undefined, formatsOffset = 0;

/**
 * Each takes longer to make than a hundred times to use, and a table writes three times a row:
 * they are kept, until the viewer is in another time zone.
 */
function formatsOf(now: Date): Formats {
	const offset = now.getTimezoneOffset();
	if (formats === undefined || offset !== formatsOffset) {
		const minute = { hour: "2-digit", minute: "2-digit" } as const, day = { day: "numeric", month: "short" } as const;
		formatsOffset = offset;
		formats = {
			clock: new Intl.DateTimeFormat("en-GB", { ...minute, second: "2-digit" }),
			day: new Intl.DateTimeFormat("en-GB", { ...day, ...minute }),
			longAgo: new Intl.DateTimeFormat("en-GB", { ...day, year: "numeric" }),
			exact: new Intl.DateTimeFormat("sv-SE", { year: "numeric", month: "2-digit", day: "2-digit", ...minute, second: "2-digit", timeZoneName: "short" }),
		};
	}
	return formats;
}

/** What is no time is told as such, and not thrown. */
function written(format: Intl.DateTimeFormat, date: Date): string {
	return Number.isNaN(date.getTime()) ? String(date) : format.format(date);
}

/** Never in the form 1.0e+2, as toPrecision alone gives it. */
function digits(value: number, count: number): string {
	return String(Number(value.toPrecision(count)));
}

function scaled(value: number, units: readonly string[]): string {
	let unit = 0;
	while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	const text = unit === 0 && Number.isInteger(value) ? String(value) : digits(value, Math.abs(value) >= 100 ? 3 : 2);
	return `${text} ${units[unit]}`;
}

/** 12,345 */
export function count(value: number | undefined): string {
	return value === undefined ? UNKNOWN : NUMBER.format(Math.round(value));
}

/** 1.2 k, for axes and narrow places. */
export function short(value: number | undefined): string {
	return value === undefined ? UNKNOWN : scaled(value, ["", "k", "M", "G", "T"]).trim();
}

/** 1.2 MB */
export function bytes(value: number | undefined): string {
	return value === undefined ? UNKNOWN : scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

/** 1.2 MB/s */
export function rate(value: number | undefined): string {
	return value === undefined ? UNKNOWN : `${bytes(value)}/s`;
}

/** 250 µs, 1.5 ms, 12 s; from microseconds. */
export function duration(us: number | undefined): string {
	if (us === undefined)
		return UNKNOWN;
	if (us < 1000)
		return `${Math.round(us)} µs`;
	if (us < 1e6)
		return `${digits(us / 1000, 3)} ms`;
	return us < 120e6 ? `${digits(us / 1e6, 3)} s` : span(us / 1e6);
}

/** 0.5 %; from 0..1 */
export function percent(ratio: number | undefined): string {
	if (ratio === undefined)
		return UNKNOWN;
	return ratio === 0 ? "0 %" : `${digits(ratio * 100, Math.abs(ratio) >= 0.9995 ? 4 : 3)} %`;
}

/** 45 s, 12 min, 5 h, 3 d */
export function span(seconds: number): string {
	if (seconds < 120)
		return `${Math.max(0, Math.floor(seconds))} s`;
	if (seconds < 7200)
		return `${Math.floor(seconds / 60)} min`;
	return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

/** 12 min ago; in 3 h */
export function ago(time: string | undefined, now_ms = Date.now()): string {
	if (time === undefined)
		return UNKNOWN;
	const seconds = (now_ms - Date.parse(time)) / 1000;
	return seconds < -1 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
}

/** 14:05:09 today, 24 Nov 14:05 this year, 24 Nov 2025 before. */
export function time(at: string | undefined, now_ms = Date.now()): string {
	if (at === undefined)
		return UNKNOWN;
	const date = new Date(at), now = new Date(now_ms);
	if (date.toDateString() === now.toDateString())
		return written(formatsOf(now).clock, date);
	return written(date.getFullYear() === now.getFullYear() ? formatsOf(now).day : formatsOf(now).longAgo, date);
}

/** 2026-11-24 14:05:09 CET, for title=. */
export function exact(at: string | undefined): string | undefined {
	return at === undefined ? undefined : written(formatsOf(new Date()).exact, new Date(at));
}

/** A sentence of the daemon, its times (RFC 3339, in UTC) in the viewer's zone. */
export function inOwnTime(text: string): string {
	return text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (at) => exact(at) ?? at);
}

/** 1 port, 2 ports */
export function plural(value: number, one: string, many = `${one}s`): string {
	return `${count(value)} ${value === 1 ? one : many}`;
}

/** port_scan as "port scan" */
export function spaced(word: string | undefined): string {
	return word === undefined ? UNKNOWN : word.replaceAll("_", " ");
}

/** 192.0.2.1:443 or [2001:db8::1]:443, with /tcp if it is known. */
export function endpoint(ip: string | undefined, port: number | undefined, transport?: string): string {
	const host = ip === undefined ? "" : port !== undefined && ip.includes(":") ? `[${ip}]` : ip;
	const place = port === undefined ? host : `${host}${host === "" ? "" : ":"}${port}`;
	return place === "" ? UNKNOWN : `${place}${transport === undefined ? "" : `/${transport}`}`;
}

/** "15 % more than the day before"; before undefined: it is not known. */
export function compared(now: number | undefined, before: number | undefined, when: string): string {
	if (before === undefined || now === undefined)
		return `${when} is not known`;
	if (before === 0)
		return now === 0 ? `as ${when}` : `none ${when}`;
	const change = now / before - 1;
	if (Math.abs(change) < 0.005)
		return `as ${when}`;
	return change > 1 ? `${digits(now / before, 2)} times ${when}`
		: `${percent(Number(Math.abs(change).toPrecision(2)))} ${change > 0 ? "more" : "less"} than ${when}`;
}
