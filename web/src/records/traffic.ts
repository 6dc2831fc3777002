/*
 * traffic.ts: who talks to what, as groups of flows that the daemon made.
 */
import type { Aggregate, Group } from "../api";
import type { SankeyLink, SankeyNode } from "../parts/ribbons";
import type { Params } from "../state";

/** What is counted. */
export type Unit = "bytes" | "flows";

/** The answers that a diagram is made of, all of the same time and filters. */
export interface TrafficAnswers {
	/** By client_ip: the first of them. */
	clients: Aggregate;
	/** By server_port, transport, process. */
	ports: Aggregate;
	/** By client_ip, server_port, transport. */
	pairs: Aggregate;
}

export interface Traffic {
	nodes: SankeyNode[];
	links: SankeyLink[];
	/** All of it, others included. */
	total: number;
	/** How many clients there are. */
	clients: number;
}

/** Where the records behind a part are, with these filters more. */
export type RecordsHref = (filters: Params) => string;

export function measure(group: Record<string, unknown> | undefined, unit: Unit): number {
	const value = unit === "bytes" ? group?.sum_bytes : group?.count;
	return typeof value === "number" ? value : 0;
}

const REST = "others";
const NOT_KNOWN = "not known";

/** 443/tcp; what has no ports by its name alone. */
export function portLabel(port: unknown, transport: unknown): string {
	return transport === "icmp" || transport === "icmp6" || transport === "ip" || port === undefined
		? String(transport ?? NOT_KNOWN) : `${port}/${transport}`;
}

interface Named {
	label: string;
	value: number;
	filters: Params | undefined;
}

/** The largest of what groups have in common, by name. */
function largest(groups: readonly Group[], unit: Unit, top: number, name: (group: Group) => Omit<Named, "value">): Map<string, Named> {
	const all = new Map<string, Named>();
	for (const group of groups) {
		const { label, filters } = name(group);
		const known = all.get(label) ?? { label, value: 0, filters };
		known.value += measure(group, unit);
		all.set(label, known);
	}
	return new Map([...all].sort(([, a], [, b]) => b.value - a.value).slice(0, top));
}

const portName = ({ server_port, transport }: Group): Omit<Named, "value"> => {
	const label = portLabel(server_port, transport);
	return { label, filters: { transport: String(transport), port: label.includes("/") ? Number(server_port) : undefined } };
};
const processName = ({ process }: Group): Omit<Named, "value"> =>
	(process === undefined || process === "" ? { label: NOT_KNOWN, filters: undefined } : { label: String(process), filters: { process: String(process) } });
const clientName = ({ client_ip }: Group): Omit<Named, "value"> =>
	(client_ip === undefined ? { label: NOT_KNOWN, filters: undefined } : { label: String(client_ip), filters: { client_ip: String(client_ip) } });

/** Adds up what goes between two names. */
class Flows {
	private readonly sums = new Map<string, Map<string, number>>();
	add(from: string, to: string, value: number): void {
		const row = this.sums.get(from) ?? new Map<string, number>();
		this.sums.set(from, row.set(to, (row.get(to) ?? 0) + value));
	}
	of(from: string, to: string): number {
		return this.sums.get(from)?.get(to) ?? 0;
	}
	from(from: string): number {
		return [...this.sums.get(from)?.values() ?? []].reduce((sum, value) => sum + value, 0);
	}
	to(to: string): number {
		return [...this.sums.values()].reduce((sum, row) => sum + (row.get(to) ?? 0), 0);
	}
	*[Symbol.iterator](): Generator<[string, string, number]> {
		for (const [from, row] of this.sums)
			for (const [to, value] of row)
				if (value > 0)
					yield [from, to, value];
	}
}

/* Pairs that were not told one by one are known from the whole of each side. */
function clientLinks({ clients, ports, pairs }: TrafficAnswers, unit: Unit, shownClients: Map<string, Named>,
	shownPorts: Map<string, Named>): Flows {
	const flows = new Flows();
	const inPort = (group: Group) => (shownPorts.has(portName(group).label) ? portName(group).label : REST);
	for (const group of pairs.rows) {
		const client = clientName(group).label;
		if (shownClients.has(client))
			flows.add(client, inPort(group), measure(group, unit));
	}
	for (const { label, value } of shownClients.values())
		flows.add(label, REST, Math.max(0, value - flows.from(label)));
	let known = 0;
	for (const { label, value } of shownPorts.values()) {
		flows.add(REST, label, Math.max(0, value - flows.to(label)));
		known += value;
	}
	const others = wholeOf(ports, unit) - known - flows.to(REST);
	const fewer = clients.others === undefined;
	flows.add(REST, REST, fewer ? 0 : Math.max(0, others));
	return flows;
}

function wholeOf(answer: Aggregate, unit: Unit): number {
	return answer.rows.reduce((sum, group) => sum + measure(group, unit), 0) + measure(answer.others, unit);
}

function processLinks({ ports }: TrafficAnswers, unit: Unit, shownPorts: Map<string, Named>, shownProcesses: Map<string, Named>): Flows {
	const flows = new Flows();
	for (const group of ports.rows) {
		const port = portName(group).label, process = processName(group).label;
		flows.add(shownPorts.has(port) ? port : REST, shownProcesses.has(process) ? process : REST, measure(group, unit));
	}
	flows.add(REST, REST, measure(ports.others, unit));
	return flows;
}

function nodesOf(shown: Map<string, Named>, stage: number, href: RecordsHref, rest: string): SankeyNode[] {
	return [
		...[...shown.values()].map(({ label, filters }): SankeyNode =>
			({ id: `${stage} ${label}`, stage, label, href: filters && href(filters) })),
		{ id: `${stage} ${REST}`, stage, label: rest, isRest: true },
	];
}

function linksOf(flows: Flows, stage: number, from: Map<string, Named>, to: Map<string, Named>, href: RecordsHref): SankeyLink[] {
	return [...flows].map(([left, right, value]) => {
		const here = from.get(left)?.filters, there = to.get(right)?.filters;
		return { from: `${stage} ${left}`, to: `${stage + 1} ${right}`, value, href: here && there && href({ ...here, ...there }) };
	});
}

/** Clients, ports and processes: the first of each, and the others as one. */
export function trafficOf(answers: TrafficAnswers, unit: Unit, top: number, href: RecordsHref): Traffic {
	const clients = largest(answers.clients.rows, unit, top, clientName);
	const ports = largest(answers.ports.rows, unit, top, portName);
	const processes = largest(answers.ports.rows, unit, top, processName);
	const left = clientLinks(answers, unit, clients, ports), right = processLinks(answers, unit, ports, processes);
	const more = answers.clients.groups - clients.size;
	return {
		nodes: [
			...nodesOf(clients, 0, href, more > 0 ? `${more.toLocaleString("en")} others` : REST),
			...nodesOf(ports, 1, href, REST), ...nodesOf(processes, 2, href, REST),
		],
		links: [...linksOf(left, 0, clients, ports, href), ...linksOf(right, 1, ports, processes, href)],
		total: wholeOf(answers.clients, unit),
		clients: answers.clients.groups,
	};
}
