/*
 * fleet_capacity.tsx: what a service of a fleet carries and could carry, in columns.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { exact, percent, rate, time } from "../words";
import { hundredths, metricWords } from "./forecast";

type Capacity = Row<"fleet_capacity">;

/** Less is little, as 80 % of a limit is much. */
const LITTLE = 0.2, MUCH = 0.8;

/** Below 0: by so much of what there is it is too little. */
function room(ratio: unknown): string {
	return Number(ratio) < 0 ? `−${hundredths(-Number(ratio))}` : hundredths(Number(ratio));
}

function isLittle(ratio: unknown): boolean {
	return Number(ratio) < LITTLE;
}

export const fleetCapacityColumns: Column<Capacity>[] = [
	{ name: "service", title: "Service", help: "Port and transport, and what it is usually for.", value: (c) => `${c.port}/${c.transport}${c.service === undefined ? "" : ` ${c.service}`}` },
	{ name: "sensors", title: "Sensors", help: "How many are up and have it, and of how many the speed of the link is known.", numeric: true, value: (c) => c.sensors,
	  show: (v, c) => ((c.limits_known ?? 0) < Number(v) ? `${v} (limit of ${c.limits_known} known)` : String(v)) },
	{ name: "load", title: "Load", help: "What all of them carry now, each in its busier direction.", numeric: true, value: (c) => c.load_bytes, show: (v) => rate(Number(v)) },
	{ name: "limit", title: "Limit", help: "What they could carry: what they do, and what their links have left besides all their services.", numeric: true, value: (c) => c.limit_bytes, show: (v) => rate(Number(v)) },
	{ name: "room", title: "Room", help: "What is left of the limit now.", numeric: true, value: (c) => c.headroom_ratio, show: room, over: isLittle },
	{ name: "busiest", title: "Busiest", help: "The sum of the busiest hours of the week of each, as far as they are known.", numeric: true, optional: true, value: (c) => c.peak_bytes, show: (v) => rate(Number(v)) },
	{ name: "then", title: "Room then", help: "What is left if all of them are at their busiest at once.", numeric: true, value: (c) => c.peak_headroom_ratio, show: room, over: isLittle },
	{ name: "without", title: "Without one", help: "What is left then without the sensor whose loss would leave least, if the others took over what it carries; below 0 they can't.", numeric: true,
	  value: (c) => c.lost_headroom_ratio, show: (v, c) => `${room(v)} without ${c.lost_sensor}`, over: isLittle },
	{ name: "nearest", title: "Nearest to a limit", help: "The sensor that is nearest to a limit of its own, by which value, and how near.", value: (c) => c.nearest_ratio,
	  show: (v, c) => `${c.nearest_sensor}: ${metricWords(c.nearest_metric)} at ${percent(Number(v))}`, over: (v) => Number(v) > MUCH },
	{ name: "crosses", title: "Reaches it", help: "When the first of them is expected to reach a limit, by its own forecast, rather than not.", value: (c) => c.crosses_at,
	  show: (_v, c) => `${time(c.crosses_at)} at ${c.crosses_sensor}: ${metricWords(c.crosses_metric)}`, exact: (c) => exact(c.crosses_at), over: () => true },
];
