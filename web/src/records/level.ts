/*
 * level.ts: how a service level is shown: what was promised, what came of it, and how
 * fast the rest of its error budget is used up.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { count, percent, span, spaced } from "../words";

type Level = Row<"level">;

/** Burn rates above which an alert fires: docs/alerts.md, "Service levels". */
const BURNS = { burn_1h: 14.4, burn_6h: 6, burn_3d: 1 } as const;

/* Known to so much, a window is as good as known. */
const MOSTLY = 0.95;

function amount(value: number | undefined, level: Level): string {
	return value === undefined || level.unit !== "seconds" ? count(value) : span(value);
}

/** "4 d known of 30 d" */
export function knownOf(level: Level): string {
	const known = (level.good ?? 0) + (level.bad ?? 0);
	if (level.unit !== "seconds")
		return `${count(known)} counted in ${span(level.window_s ?? 0)}`;
	return `${span(known)} known of ${span(level.window_s ?? 0)}`;
}

/** "93.1 % of 4 min": of a month little may be known yet, of which the budget is a month's all the same. */
function reachedOf(_reached: unknown, level: Level): string {
	const known = (level.good ?? 0) + (level.bad ?? 0), isPartly = level.unit === "seconds" && known < MOSTLY * (level.window_s ?? 0);
	return percent(level.reached) + (isPartly ? ` of ${span(known)}` : "");
}

function burn(name: keyof typeof BURNS, title: string, over: string): Column<Level> {
	return {
		name, title, numeric: true, value: (level) => level[name],
		help: `How fast the budget was used up in the last ${over}: 1 uses it up exactly at the window's end, more is too fast.`,
		show: (value) => `${Number(Number(value).toPrecision(3))}×`,
		over: (value) => Number(value) > BURNS[name],
	};
}

export const levelColumns: Column<Level>[] = [
	{ name: "target", title: "Target", help: "What was promised of it.", value: (level) => level.target },
	{ name: "name", title: "Level", help: "Name of the service level; docs/alerts.md.", value: (level) => level.name },
	{ name: "measure", title: "Measure", help: "availability: how long it is not down; errors: how many answers do not fail; response: how many come in time.", value: (level) => spaced(level.measure) },
	{ name: "objective", title: "Promised", help: "Share that is to be good.", numeric: true, value: (level) => level.objective, show: (value) => percent(Number(value)) },
	{ name: "reached", title: "Reached", help: "Share that was good of what is known; with how much that is, if it is not the whole window.", numeric: true, value: (level) => level.reached, show: reachedOf,
	  over: (value, level) => Number(value) < (level.objective ?? 0), exact: knownOf },
	{ name: "budget_left", title: "Budget left", help: "Share of the error budget that is left: what may still be bad before the promise is broken.", numeric: true,
	  value: (level) => level.budget_left, show: (value) => percent(Number(value)), over: (value) => Number(value) <= 0 },
	burn("burn_1h", "Burn 1 h", "hour"), burn("burn_6h", "6 h", "six hours"), burn("burn_3d", "3 d", "three days"),
	{ name: "known", title: "Counted from", help: "What is known of the window; gaps, maintenance and our own trouble count as neither good nor bad.", value: knownOf },
	{ name: "bad", title: "Bad", help: "How long it was bad, or how many failed, in the window.", numeric: true, value: (level) => level.bad, show: (_value, level) => amount(level.bad, level) },
	{ name: "severity", title: "Alert", help: "Severity of its alert, while the budget burns too fast.", value: (level) => level.severity, over: () => true },
	{ name: "reached_7d", title: "7 d", help: "Reached in the last 7 days.", numeric: true, optional: true, value: (level) => level.reached_7d, show: (value) => percent(Number(value)) },
	{ name: "reached_30d", title: "30 d", help: "Reached in the last 30 days.", numeric: true, optional: true, value: (level) => level.reached_30d, show: (value) => percent(Number(value)) },
	{ name: "reached_90d", title: "90 d", help: "Reached in the last 90 days.", numeric: true, optional: true, value: (level) => level.reached_90d, show: (value) => percent(Number(value)) },
];
