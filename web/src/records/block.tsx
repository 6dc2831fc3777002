/*
 * block.tsx: how a block is shown, and what its words mean.
 */
import { VETOES } from "record-meanings";
import type { Row } from "../api";
import { Badge, type Tone } from "../parts/Badge";
import type { Column } from "../parts/Table";
import { bytes, count, duration, exact, span, time } from "../words";

export type Block = Row<"block">;

/** In force, or would be. */
const LASTING = ["observed", "asked", "active", "unconfirmed", "removing"];

export const BLOCK_STATES: Record<string, { tone: Tone; means: string }> = {
	active: { tone: "good", means: "the kernel holds it" },
	unconfirmed: { tone: "warn", means: "the kernel holds it, and it ends within a minute unless it is confirmed" },
	asked: { tone: "info", means: "the process that keeps the firewall was told; the kernel does not hold it yet" },
	observed: { tone: "info", means: "decided, and nothing done: block.mode is observe" },
	vetoed: { tone: "unknown", means: "something speaks against it, and nothing was done" },
	removing: { tone: "unknown", means: "its end was asked for; the kernel may hold it yet" },
	removed: { tone: "unknown", means: "somebody ended it" },
	expired: { tone: "unknown", means: "its time was over" },
	failed: { tone: "bad", means: "the kernel did not take it" },
};

export function vetoWords(veto: string | undefined): string | undefined {
	return veto === undefined ? undefined : VETOES[veto] ?? veto;
}

export function blockLasts(block: Block): boolean {
	return LASTING.includes(block.state ?? "");
}

export type AnswerTo = (finding: Pick<Row<"finding">, "id" | "client_ip">) => string | undefined;

function putNewest(map: Map<string, Block>, key: string | undefined, block: Block): void {
	const known = key === undefined ? undefined : map.get(key);
	if (key !== undefined && (known === undefined || (known.at ?? "") < (block.at ?? "")))
		map.set(key, block);
}

/** What came of findings: of each its newest block, or else one in force of its source; in words. */
export function answersOf(blocks: readonly Block[]): AnswerTo {
	const byFinding = new Map<string, Block>(), byAddress = new Map<string, Block>();
	for (const block of blocks) {
		putNewest(byFinding, block.finding, block);
		if (blockLasts(block))
			putNewest(byAddress, block.address, block);
	}
	return ({ id, client_ip }) => {
		const block = byFinding.get(id ?? "") ?? byAddress.get(client_ip ?? "");
		if (block === undefined)
			return client_ip === undefined ? undefined : "not blocked";
		if (isInForce(block))
			return "blocked";
		return block.state === "vetoed" ? "not blocked (vetoed)" : block.state === "observed" ? "would be blocked" : `block ${block.state ?? ""}`;
	};
}

/** Whether it can be ended: the kernel holds it, or will. */
export function isInForce(block: Block): boolean {
	return ["asked", "active", "unconfirmed"].includes(block.state ?? "");
}

/** Whether packets were or are stopped. */
function wasDone(block: Block): boolean {
	return block.state !== "vetoed" && block.state !== "observed";
}

/** 192.0.2.7, or with its prefix. */
export function blockedSource(block: Block): string | undefined {
	const whole = block.address?.includes(":") ? 128 : 32;
	return block.address === undefined || block.prefix_len === undefined || block.prefix_len === whole ? block.address
		: `${block.address}/${block.prefix_len}`;
}

export function actionWords(block: Block): string {
	const at = block.port === undefined ? "" : ` at ${block.port}/${block.transport ?? "tcp"}`;
	switch (block.action) {
	case "drop": return `all its packets ${wasDone(block) ? "are" : "would have been"} dropped${at}`;
	case "limit": return `${count(block.rate)} of its packets ${wasDone(block) ? "pass" : "would have passed"} each second${at}`;
	case "reset": return "its connections are ended; new ones may come";
	case "observe": return "nothing is done";
	default: return block.action ?? "";
	}
}

/** "cuts 0 of 312 clients of the last 30 days" */
export function costWords(block: Block): string | undefined {
	if (block.clients === undefined || block.clients_cut === undefined)
		return undefined;
	return `${wasDone(block) ? "cuts" : "would have cut"} ${count(block.clients_cut)} of ${count(block.clients)} clients of the last 30 days`;
}

/** "in 12 min", as long as it lasts. */
export function leftWords(block: Block, now_ms = Date.now()): string | undefined {
	const left_s = block.until === undefined ? 0 : (Date.parse(block.until) - now_ms) / 1000;
	return blockLasts(block) && left_s > 0 ? `in ${span(left_s)}` : undefined;
}

export function BlockState({ state }: { state: string | undefined }) {
	const known = BLOCK_STATES[state ?? ""];
	return <Badge tone={known?.tone ?? "unknown"} title={known?.means}>{state ?? "unknown"}</Badge>;
}

export const blockColumns: Column<Block>[] = [
	{ name: "address", title: "Source", help: "Who is blocked: an address, or a network.", value: blockedSource },
	{ name: "state", title: "State", help: "active: the kernel holds it; observed: decided, and nothing done; vetoed: something speaks against it.",
	  value: (b) => b.state, show: (_v, b) => <BlockState state={b.state} />, exact: (b) => BLOCK_STATES[b.state ?? ""]?.means },
	{ name: "action", title: "Action", help: "drop, limit (so many packets a second pass) or reset (connections are ended); at one port, if it says so.",
	  value: (b) => b.action, show: (_v, b) => `${b.action}${b.port === undefined ? "" : ` ${b.port}/${b.transport ?? "tcp"}`}`, exact: actionWords },
	{ name: "start", title: "Since", help: "When it was decided.", value: (b) => b.start, show: (v) => time(String(v)), exact: (b) => exact(b.start) },
	{ name: "until", title: "Until", help: "When it ends by itself.", value: (b) => b.until, show: (v, b) => leftWords(b) ?? time(String(v)), exact: (b) => exact(b.until) },
	{ name: "actor", title: "By", help: "Who: breakwater, or a person.", value: (b) => b.actor },
	{ name: "packets", title: "Stopped", help: "Packets that it stopped.", numeric: true, value: (b) => (wasDone(b) ? b.packets : undefined), show: (v) => count(Number(v)),
	  exact: (b) => (b.bytes === undefined ? undefined : bytes(b.bytes)) },
	{ name: "clients_cut", title: "Cuts", help: "Of the clients that were served in the last 30 days, how many it cuts off, or would have.", numeric: true,
	  value: (b) => b.clients_cut, show: (v) => count(Number(v)), exact: costWords, over: (v) => Number(v) > 0 },
	{ name: "vetoed_by", title: "Against it", help: "What speaks against it.", value: (b) => b.vetoed_by, exact: (b) => vetoWords(b.vetoed_by) },
	{ name: "reason", title: "Why", help: "In one sentence.", value: (b) => b.reason },
	{ name: "strike", title: "Strike", help: "How many blocks of this source it makes; each lasts longer.", numeric: true, optional: true, value: (b) => b.strike },
	{ name: "proof", title: "Proof", help: "How sure the source is.", optional: true, value: (b) => b.proof },
	{ name: "sessions", title: "Ended", help: "Connections that it ended.", numeric: true, optional: true, value: (b) => b.sessions, show: (v) => count(Number(v)) },
	{ name: "latency_us", title: "Took", help: "From the packet that decided it until the kernel held it.", numeric: true, optional: true, value: (b) => b.latency_us, show: (v) => duration(Number(v)) },
	{ name: "error", title: "Error", help: "Why it failed.", optional: true, value: (b) => b.error, over: () => true },
	{ name: "id", title: "Id", help: "By which it is named elsewhere.", optional: true, value: (b) => b.id },
];
