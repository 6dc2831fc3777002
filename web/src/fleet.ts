/*
 * fleet.ts: which sensors a hub knows, and which of them are looked at.
 *
 * What is chosen stands in the address (state.ts); here is what there is to choose among.
 * One machine knows none, and then nothing of this is shown.
 */
import { computed, effect, signal } from "@preact/signals";
import { aggregateOfAll, getJson, needsLogin, viewer } from "./api";
import { MORE } from "./records/sensor";
import { CHOICE, param } from "./state";

export interface Sensor {
	name: string;
	site: string | undefined;
	tags: string[];
}

/** Whose a record is, as it says; sensors: of an incident of a fleet. */
export interface Told {
	sensor?: string;
	sensors?: string;
}

const EVERY_MS = 60000;
const LIMIT = 10000;

/** All there are, by name. */
export const sensors = signal<readonly Sensor[]>([]);
/** Whether the daemon is a hub; undefined until it is known. */
export const isHub = signal<boolean | undefined>(undefined);

function wordsOf(tags: unknown): string[] {
	return String(tags ?? "").split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
}

/** Names, sites and tags alone: of a thousand sensors all fields would be half a megabyte. */
async function ask(): Promise<void> {
	const { rows } = await aggregateOfAll({ record: "sensor", by: ["sensor", "site", "tags"], sort: "sensor:asc", limit: LIMIT });
	const known = rows.map((row) => ({ name: String(row.sensor), site: row.site === undefined ? undefined : String(row.site), tags: wordsOf(row.tags) }));
	sensors.value = known.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
	if (rows.length > 0)
		isHub.value = true;
	else if (isHub.value === undefined)
		isHub.value = (await getJson<Record<string, string[]>>("/api/v1/filters")).sensor?.includes("sensor") ?? false;
}

/** Once somebody may ask; again from time to time, if there may be others. */
export function watchFleet(): void {
	const again = () => {
		if (!document.hidden && isHub.value !== false && !needsLogin.value)
			ask().catch(() => undefined);
	};
	effect(() => {
		if (viewer.value !== undefined && !needsLogin.value)
			again();
	});
	setInterval(again, EVERY_MS);
}

/** What there is to choose among, in order, without doubles. */
export const sites = computed(() => [...new Set(sensors.value.map(({ site }) => site))].filter((site): site is string => site !== undefined).sort());
export const tags = computed(() => [...new Set(sensors.value.flatMap((sensor) => sensor.tags))].sort());

function namesOf(text: string | undefined): string[] | undefined {
	return text?.split(",").map((name) => name.trim());
}

/** Whether a sensor is among those of the address. */
export function isMeant(sensor: Sensor): boolean {
	const names = namesOf(param("sensor")), site = param("site"), tag = param("tag");
	return (names === undefined || names.includes(sensor.name)) && (site === undefined || sensor.site === site) &&
		(tag === undefined || sensor.tags.includes(tag));
}

/** Names of those that are looked at; undefined: all, and what is of none. */
const meant = computed(() => (CHOICE.every((name) => param(name) === undefined) ? undefined
	: new Set([...sensors.value.filter(isMeant).map(({ name }) => name),
		...(param("site") ?? param("tag")) === undefined ? namesOf(param("sensor")) ?? [] : []])));

/**
 * Whether a record is of a sensor that is looked at; an incident of a fleet is of all that it
 * lists, and of one that lists more than there is room for ("...") any may be meant.
 */
export function isChosen(record: Told): boolean {
	const names = meant.value;
	return names === undefined || names.has(record.sensor ?? "") ||
		(namesOf(record.sensors) ?? []).some((name) => name === MORE || names.has(name));
}

/** Whether all of the address is something that there is: the daemon refuses the rest. */
function isKnown(): boolean {
	const known = new Set([...sensors.value.map(({ name }) => name), "hub"]), site = param("site"), tag = param("tag");
	return (namesOf(param("sensor")) ?? []).every((name) => known.has(name)) &&
		(site === undefined || sites.value.includes(site)) && (tag === undefined || tags.value.includes(tag));
}

/**
 * The live record that tells that ports have news: the second of one machine; of a hub the
 * ports themselves, as they come from elsewhere.
 */
export function tickOfPorts(): "self" | "port" {
	return isHub.value ? "port" : "self";
}

/** The choice as parameters of the live stream, "&site=berlin"; "": all. */
export const choiceText = computed(() => (!isKnown() ? ""
	: CHOICE.map((name) => (param(name) === undefined ? "" : `&${name}=${encodeURIComponent(param(name)!)}`)).join("")));
