/*
 * posture.ts: how all is, in one sentence: the facts of `breakwater status`, the gravest
 * first.
 */
import type { Tone } from "./parts/Badge";
import type { Health, Status } from "./status";
import { link } from "./state";
import { plural, spaced } from "./words";

export interface Fact {
	tone: Tone;
	text: string;
	href?: string;
}

export interface Posture {
	tone: Tone;
	/** "All is well", "Not well". */
	verdict: string;
	/** What is not well; none if all is. */
	facts: Fact[];
}

export interface Seen {
	health: Health | undefined;
	status: Status | undefined;
	/** Ports, and how many of them are over a limit. */
	ports: number;
	over: number;
}

const GRAVE = ["medium", "high", "critical"];

function ofMonitor({ health, status }: Seen): Fact[] {
	const facts = (health?.status === "ok" ? [] : health?.reasons ?? [])
		.map((reason): Fact => ({ tone: health?.status === "degraded" ? "warn" : "bad", text: `the monitor itself: ${reason}`, href: link("/monitor") }));
	const lost = (status?.kernel_dropped ?? 0) + (status?.ring_dropped ?? 0);
	if (lost > 0)
		facts.push({ tone: "warn", text: `${plural(lost, "packet")} lost since the start`, href: link("/monitor") });
	return facts;
}

/** "5 incidents, 2 more foreseen" */
export function incidentsWords(firing: number, ahead: number): string {
	if (firing === ahead)
		return `${plural(ahead, "incident")} foreseen`;
	return `${plural(firing - ahead, "incident")}${ahead > 0 ? `, ${ahead} more foreseen` : ""}`;
}

function ofIncidents(status: Status | undefined): Fact[] {
	const { firing = 0, ahead = 0, worst } = status?.incidents ?? {};
	if (firing === 0)
		return [];
	const isGrave = GRAVE.includes(worst?.severity ?? "");
	const which = worst === undefined ? "" : `, the gravest ${worst.severity ?? ""}: ${spaced(worst.rule ?? worst.kind)}${worst.target ? ` of ${worst.target}` : ""}`;
	return [{ tone: isGrave ? "bad" : "warn", text: `${incidentsWords(firing, ahead)}${which}`, href: link("/incidents") }];
}

function ofProbes(status: Status | undefined): Fact[] {
	const { down = 0, degraded = 0 } = status?.prober ?? {};
	const facts: Fact[] = [];
	if (down > 0)
		facts.push({ tone: "bad", text: `${plural(down, "service")} asked ${down === 1 ? "is" : "are"} down`, href: link("/availability", { state: "down" }) });
	if (degraded > 0)
		facts.push({ tone: "warn", text: `${plural(degraded, "service")} asked ${degraded === 1 ? "is" : "are"} degraded`, href: link("/availability", { state: "degraded" }) });
	return facts;
}

function ofFindings(status: Status | undefined): Fact[] {
	const { high = 0, attacks = 0, sources = 0 } = status?.findings ?? {};
	const facts: Fact[] = [];
	if (attacks > 0)
		facts.push({ tone: "warn", text: `${plural(attacks, "attack")}${sources > 0 ? ` by ${plural(sources, "source")}` : ""}`, href: link("/attacks") });
	if (high > 0)
		facts.push({ tone: "bad", text: `${plural(high, "grave finding")}`, href: link("/attacks", { at_least: "high" }) });
	return facts;
}

const RANKS: readonly Tone[] = ["bad", "warn", "unknown", "info", "good"];

export function postureOf(seen: Seen): Posture {
	const facts = [...ofMonitor(seen), ...ofIncidents(seen.status), ...ofProbes(seen.status), ...ofFindings(seen.status)];
	if (seen.over > 0)
		facts.push({ tone: "warn", text: `${seen.over} of ${plural(seen.ports, "port")} over a limit`, href: link("/ports", { unwell: "yes" }) });
	facts.sort((a, b) => RANKS.indexOf(a.tone) - RANKS.indexOf(b.tone));
	const tone = facts[0]?.tone ?? "good";
	return { tone, verdict: tone === "good" ? "All is well" : tone === "warn" ? "Look at this" : "Not well", facts };
}
