/*
 * places.ts: the places of the page, and how each is loaded: when it is first visited.
 *
 * A place is a row of places.json (from which the daemon knows its path, too) and a line
 * here; docs/page.md, "How to add a page".
 */
import type { ComponentType } from "preact";
import rows from "./places.json";

export interface Place {
	path: string;
	/** After "g"; without, it is not in the menu. */
	key?: string;
	/** Only in the menu of a hub. */
	fleet?: boolean;
	title: string;
	/** What the page is for, in one sentence. */
	help: string;
}

export const places: readonly Place[] = rows;

type Loader = () => Promise<{ default: ComponentType }>;

const loaders: Record<string, Loader> = {
	"/": () => import("./pages/overview"),
	"/fleet": () => import("./pages/fleet"),
	"/ports": () => import("./pages/ports"),
	"/port": () => import("./pages/port"),
	"/connections": () => import("./pages/connections"),
	"/flows": () => import("./pages/flows"),
	"/attacks": () => import("./pages/attacks"),
	"/blocks": () => import("./pages/blocks"),
	"/availability": () => import("./pages/availability"),
	"/incidents": () => import("./pages/incidents"),
	"/forecasts": () => import("./pages/forecasts"),
	"/settings": () => import("./pages/settings"),
	"/reports": () => import("./pages/reports"),
	"/dashboards": () => import("./pages/dashboards"),
	"/records": () => import("./pages/records"),
	"/monitor": () => import("./pages/monitor"),
};

export function placeAt(path: string): Place | undefined {
	return places.find((place) => place.path === path);
}

const loaded = new Map<string, Promise<ComponentType>>();

/** The page of a place; what could not be loaded is tried again the next time. */
export function load(place: Place): Promise<ComponentType> {
	const known = loaded.get(place.path);
	if (known !== undefined)
		return known;
	const loading = loaders[place.path]!().then((module) => module.default);
	loaded.set(place.path, loading);
	loading.catch(() => loaded.delete(place.path));
	return loading;
}
