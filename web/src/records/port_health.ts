/*
 * port_health.ts: how a port is, in one word: for its colour, shape and place on the map.
 */
import type { Tone } from "../parts/Badge";
import type { Column } from "../parts/Table";
import { type PortRow } from "./port";

export interface PortHealth {
	tone: Tone;
	/** Why, in words. */
	why: string;
}

/** The worst of what is known: what is over a limit, what is not expected, what is silent. */
export function healthOf(row: PortRow, columns: readonly Column<PortRow>[]): PortHealth {
	const over = columns.filter((column) => {
		const value = column.value(row);
		return value !== undefined && (column.over?.(value, row) ?? false);
	});
	if (over.length > 0)
		return { tone: over.some(({ name }) => name === "drift" || name === "process") ? "bad" : "warn",
			why: over.map((column) => {
				const value = column.value(row)!;
				return `${column.title.toLowerCase()} ${String(column.show ? column.show(value, row) : value)}`;
			}).join(", ") };
	const state = row.traffic?.state ?? (row.listener ? "open" : undefined);
	if (state === "open")
		return { tone: "good", why: "open, nothing over a limit" };
	return { tone: "unknown", why: state === "closed" ? "closed: it refuses" : state === "silent" ? "silent: nobody answers" : "nothing is known of its state" };
}

export const GROUPS = ["class", "service", "process", "health"] as const;
export type GroupBy = (typeof GROUPS)[number];

/** A port number, on however many addresses; as well as the worst of them. */
export interface PortTile {
	key: string;
	row: PortRow;
	health: PortHealth;
	addresses: number;
}

export interface PortGroup {
	name: string;
	ports: PortTile[];
}

const TONES: readonly Tone[] = ["bad", "warn", "unknown", "good", "info"];
const HEALTHS: Partial<Record<Tone, string>> = {
	bad: "not well", warn: "over a limit", unknown: "closed or silent", good: "well",
};
const CLASSES = ["well-known", "registered", "dynamic"];

function nameIn(row: PortRow, health: PortHealth, by: GroupBy): string {
	switch (by) {
	case "class":
		return row.traffic?.class ?? row.listener?.class ?? "unknown";
	case "service":
		return row.traffic?.service ?? row.listener?.service ?? row.traffic?.protocol ?? "unknown";
	case "process":
		return row.listener?.process ?? row.traffic?.process ?? "not of this machine, or unknown";
	case "health":
		return HEALTHS[health.tone] ?? "unknown";
	}
}

function addTo(group: Map<string, PortTile>, row: PortRow, health: PortHealth): void {
	const key = `${row.port}/${row.transport}`;
	const old = group.get(key);
	const isWorse = old === undefined || TONES.indexOf(health.tone) < TONES.indexOf(old.health.tone);
	group.set(key, { ...(isWorse ? { key, row, health } : old), addresses: (old?.addresses ?? 0) + 1 });
}

/** Within a group the worst come first, then by number, so that each stays where it is. */
export function groupsOf(rows: readonly PortRow[], columns: readonly Column<PortRow>[], by: GroupBy): PortGroup[] {
	const tiles = new Map<string, Map<string, PortTile>>();
	for (const row of rows) {
		const health = healthOf(row, columns), name = nameIn(row, health, by);
		let group = tiles.get(name);
		if (group === undefined)
			tiles.set(name, group = new Map());
		addTo(group, row, health);
	}
	const groups = [...tiles].map(([name, group]): PortGroup => ({ name, ports: [...group.values()].sort((a, b) =>
		TONES.indexOf(a.health.tone) - TONES.indexOf(b.health.tone) || a.row.port - b.row.port) }));
	const rank = ({ name, ports }: PortGroup) => (by === "class" ? CLASSES.indexOf(name)
		: by === "health" ? TONES.indexOf(ports[0]!.health.tone) : -ports.length);
	return groups.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
