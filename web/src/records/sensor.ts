/*
 * sensor.ts: how a sensor of a fleet is: what is wrong with it, the gravest first, by the
 * same limits as `breakwater fleet status`.
 */
import type { Row } from "../api";
import type { Tone } from "../parts/Badge";

type Sensor = Row<"sensor">;

/** What hubs themselves tell is of this name, and no machine's. */
const HUB = "hub";

/** In a list of sensors: there are more than there was room for. */
export const MORE = "...";

/** The machine that a record is of; undefined: it is of none, or of all together. */
export function machineOf(sensor: string | undefined): string | undefined {
	return sensor === HUB ? undefined : sensor;
}

/* What waits longer does not get away; times of two clocks that differ more can't be compared. */
const LAG_US = 60e6, OFFSET_MS = 1000;

export const lags = (sensor: Sensor): boolean => (sensor.lag_us ?? 0) > LAG_US;
export const clockIsOff = (sensor: Sensor): boolean => Math.abs(sensor.clock_offset_ms ?? 0) > OFFSET_MS;

export const chainIsBad = (sensor: Sensor): boolean => !["holds", "unsigned", undefined].includes(sensor.audit_chain);

export interface How {
	/** 0 is the gravest. */
	rank: number;
	tone: Tone;
	word: string;
	help: string;
}

const HOWS: readonly [tone: Tone, word: string, help: string, is: (sensor: Sensor) => boolean][] = [
	["unknown", "revoked", "Its key is not taken any more.", (s) => s.state === "revoked"],
	["unknown", "gone", "It ended in order.", (s) => s.state === "gone"],
	["bad", "late", "Nothing was heard of it for 30 s.", (s) => s.state === "late"],
	["bad", "chain broken", "What it told of its audit chain does not hold: somebody may have changed its history.", chainIsBad],
	["bad", "cut off", "None of the other places that it asks answers: it is itself cut off.", (s) => s.cut_off === true],
	["bad", "refused", "It refused a newer configuration, and goes on with the last good one.", (s) => (s.config_refused ?? "") !== ""],
	["warn", "lags", "What it saw waits on its disk for more than a minute.", lags],
	["warn", "lost", "Records or packets were lost since its start.", (s) => (s.records_dropped ?? 0) > 0 || (s.packets_dropped ?? 0) > 0],
	["warn", "clock off", "Its clock is off by more than a second: its times can't be compared with others'.", clockIsOff],
	["info", "up, blind", "It is well, but can't see everything.", (s) => (s.blind ?? "") !== ""],
	["good", "up", "It is heard, loses nothing and sees all.", () => true],
];
/* Who left in order, or was put out, comes after all that are expected to be there. */
const LAST = 2;

/** How it is, by the gravest that is wrong with it. */
export function howOf(sensor: Sensor): How {
	const at = HOWS.findIndex(([, , , is]) => is(sensor));
	const [tone, word, help] = HOWS[at]!;
	return { rank: at < LAST ? HOWS.length - at : at - LAST, tone, word, help };
}

/** "web-9" before "web-10". */
function byName(a: string | undefined, b: string | undefined): number {
	return (a ?? "").localeCompare(b ?? "", "en", { numeric: true });
}

/** What is wrong first, then by name. */
export function inOrder(sensors: readonly Sensor[]): Sensor[] {
	const ranks = new Map(sensors.map((sensor) => [sensor, howOf(sensor).rank]));
	return [...sensors].sort((a, b) => ranks.get(a)! - ranks.get(b)! || byName(a.sensor, b.sensor));
}

/** Whether it is expected to be heard. */
export const isExpected = (sensor: Sensor): boolean => sensor.state !== "revoked" && sensor.state !== "gone";

export interface Site {
	site: string | undefined;
	sensors: number;
	up: number;
	late: number;
	gone: number;
	revoked: number;
	spool_bytes: number;
	/** Of the sensor that lags most. */
	lag_us: number;
	dropped: number;
}

/** Sites, with those first of which most is missing. */
export function sitesOf(sensors: readonly Sensor[]): Site[] {
	const sites = new Map<string | undefined, Site>();
	for (const sensor of sensors) {
		const site = sites.get(sensor.site) ?? { site: sensor.site, sensors: 0, up: 0, late: 0, gone: 0, revoked: 0, spool_bytes: 0, lag_us: 0, dropped: 0 };
		sites.set(sensor.site, site);
		site.sensors++;
		const state = sensor.state;
		if (state === "up" || state === "late" || state === "gone" || state === "revoked")
			site[state]++;
		if (!isExpected(sensor))
			continue;
		site.spool_bytes += sensor.spool_bytes ?? 0;
		site.lag_us = Math.max(site.lag_us, sensor.lag_us ?? 0);
		site.dropped += sensor.records_dropped ?? 0;
	}
	return [...sites.values()].sort((a, b) => b.late - a.late || b.lag_us - a.lag_us || (a.site ?? "").localeCompare(b.site ?? ""));
}

/** "+12 ms", "−3.2 s": which way it is off matters to who compares times. */
export function offsetWords(ms: number): string {
	const size = Math.abs(ms);
	return `${ms < 0 ? "−" : "+"}${size >= 1000 ? `${(size / 1000).toFixed(1)} s` : `${size >= 10 ? Math.round(size) : size.toFixed(1)} ms`}`;
}
