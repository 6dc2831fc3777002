/*
 * incident.ts: how incidents are shown, and which words choose those that are alike.
 */
import type { Row } from "../api";
import type { Column } from "../parts/Table";
import { Severity } from "../parts/Badge";
import { portHref } from "./port";
import { machineOf } from "./sensor";
import { link } from "../state";
import { endpoint, exact, span, spaced, time } from "../words";

export type Incident = Row<"incident">;
export type Notification = Row<"notification">;

const RANKS = ["notice", "low", "medium", "high", "critical"];

export function isOpen(incident: Incident): boolean {
	return incident.state === "firing";
}

const PART_OF = "part of incident ";

/** Whether it was found to be part of another, which goes on: it is not over by itself. */
export function isPart(incident: Incident): boolean {
	return incident.close_reason?.startsWith(PART_OF) ?? false;
}

/** Whether somebody has it, or it was answered without a person. */
export function isTaken(incident: Incident): boolean {
	return incident.acknowledged !== undefined || incident.automatic === true;
}

/** What needs somebody first: what is, before what will be; the gravest; what nobody has; the newest. */
export function byUrgency(a: Incident, b: Incident): number {
	const rank = (one: Incident) => RANKS.indexOf(one.severity ?? "");
	return Number(a.ahead ?? false) - Number(b.ahead ?? false) || rank(b) - rank(a) ||
		Number(isTaken(a)) - Number(isTaken(b)) ||
		(b.first ?? "").localeCompare(a.first ?? "");
}

/** The one sentence: why it is so, or, if that is not known, what it is. */
export function headlineOf(incident: Incident): string {
	return incident.cause ?? incident.summary ?? `${spaced(incident.rule)} ${incident.target ?? ""}`;
}

/** Of a fleet, the machines that it is about, as far as it lists them; none is the hubs' own. */
export function machinesOf(incident: Incident): string[] {
	return (incident.sensors ?? incident.sensor ?? "").split(",").filter((name) => name !== "" && machineOf(name) !== undefined);
}

/* Of one machine all links go to that; of several there is no one to choose. */
function machine(incident: Incident): string | undefined {
	const [one, ...others] = machinesOf(incident);
	return others.length === 0 ? one : undefined;
}

/** Where more is known of what it is about. */
export function targetHref(incident: Incident): string | undefined {
	if (incident.target?.includes("://"))
		return link("/availability", { target: incident.target });
	return portHref(incident.server_ip, incident.port, incident.transport, machine(incident));
}

export function lengthOf(incident: Incident, now_ms = Date.now()): number {
	const end = incident.end === undefined ? now_ms : Date.parse(incident.end);
	return (end - Date.parse(incident.first ?? "")) / 1000;
}

function word(text: string): string {
	return /[ ,]/.test(text) ? `"${text}"` : text;
}

/** A silence for it and what is like it: conditions as routes have them. */
export function silenceFor(incident: Incident): string {
	const target = incident.target?.includes('"') ? undefined : incident.target, sensor = machine(incident);
	const terms = [
		sensor === undefined ? "" : `sensor=${word(sensor)}`,
		incident.rule === undefined ? "" : `rule=${word(incident.rule)}`,
		target === undefined ? "" : `target=${word(target)}`,
		target === undefined && incident.server_ip !== undefined ? `server_ip=${incident.server_ip}` : "",
		target === undefined && incident.port !== undefined ? `port=${incident.port}` : "",
	];
	return terms.filter((term) => term !== "").join(" ");
}

/** Whether a message told of it, alone or among others. */
export function tellsOf(notification: Notification, id: string): boolean {
	return notification.incident === id || (notification.others?.split(",").includes(id) ?? false);
}

export interface Told {
	sink: string;
	last: Notification;
	sent: number;
}

/** Who was told, and whether that arrived: the last word of each sink. */
export function toldOf(notifications: readonly Notification[], id: string): Told[] {
	const told = new Map<string, Told>();
	const oldestFirst = notifications.filter((one) => tellsOf(one, id)).sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
	for (const last of oldestFirst) {
		const sink = last.sink ?? "", sent = (told.get(sink)?.sent ?? 0) + Number(last.state === "sent");
		told.set(sink, { sink, last, sent });
	}
	return [...told.values()];
}

export const incidentColumns: Column<Incident>[] = [
	{ name: "first", title: "Since", help: "When it began: the first evidence.", value: (one) => one.first, show: (_v, one) => time(one.first), exact: (one) => exact(one.first) },
	{ name: "severity", title: "Severity", help: "The gravest of its alerts and findings.", value: (one) => RANKS.indexOf(one.severity ?? ""), show: (_v, one) => Severity({ severity: one.severity }) },
	{ name: "cause", title: "Cause", help: "Most probably why; if that is not known, what happened.", value: (one) => headlineOf(one) },
	{ name: "target", title: "Target", help: "What it is about.", value: (one) => one.target },
	{ name: "length", title: "Lasted", help: "From its first evidence until it was over.", numeric: true, value: (one) => lengthOf(one), show: (value) => span(Number(value)) },
	{ name: "closed_by", title: "Ended by", help: "Who closed it; breakwater: it was over by itself.", value: (one) => one.closed_by, show: (value, one) => (one.false_positive ? `${String(value)}, false positive` : String(value)) },
	{ name: "owner", title: "Owner", help: "Who took care of it.", value: (one) => one.owner },
	{ name: "rule", title: "Rule", help: "Of its first alert, or the kind of its first finding.", optional: true, value: (one) => one.rule, show: (value) => spaced(String(value)) },
	{ name: "client", title: "From", help: "Who did it, if somebody remote did.", optional: true, value: (one) => one.client_ip },
	{ name: "server", title: "Address", help: "That is concerned.", optional: true, value: (one) => (one.server_ip === undefined ? undefined : endpoint(one.server_ip, one.port, one.transport)) },
	{ name: "notifications", title: "Messages", help: "That were sent about it.", optional: true, numeric: true, value: (one) => one.notifications },
];
