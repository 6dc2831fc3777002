/*
 * looker.ts: who is looking at us: findings about somebody remote, by source.
 */
import type { Row } from "../api";

export interface Looker {
	/** An address, or a prefix that counts as one source. */
	ip: string;
	kinds: string[];
	severity: string | undefined;
	proof: string | undefined;
	attempts: number | undefined;
	ports: number | undefined;
	last: string | undefined;
}

const SEVERITIES = ["notice", "low", "medium", "high", "critical"];
const PROOFS = ["unsolicited", "handshake", "dialogue"];

function higher(order: readonly string[], a: string | undefined, b: string | undefined): string | undefined {
	return order.indexOf(a ?? "") >= order.indexOf(b ?? "") ? a : b;
}

function most(a: number | undefined, b: number | undefined): number | undefined {
	return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

/** The gravest first, and among them who came last. */
export function lookersOf(findings: readonly Row<"finding">[]): Looker[] {
	const sources = new Map<string, Looker>();
	for (const one of findings) {
		if (one.client_ip === undefined || one.kind === undefined)
			continue;
		const whole = one.client_ip.includes(":") ? 128 : 32;
		const ip = one.client_prefix === undefined || one.client_prefix === whole ? one.client_ip : `${one.client_ip}/${one.client_prefix}`;
		const old = sources.get(ip);
		sources.set(ip, {
			ip,
			kinds: [...new Set([...old?.kinds ?? [], one.kind])],
			severity: higher(SEVERITIES, old?.severity, one.severity),
			proof: higher(PROOFS, old?.proof, one.proof),
			attempts: one.attempts === undefined ? old?.attempts : (old?.attempts ?? 0) + one.attempts,
			ports: most(old?.ports, one.ports),
			last: (old?.last ?? "") > (one.last ?? "") ? old?.last : one.last,
		});
	}
	const rank = (one: Looker) => SEVERITIES.indexOf(one.severity ?? "");
	return [...sources.values()].sort((a, b) => rank(b) - rank(a) || ((a.last ?? "") < (b.last ?? "") ? 1 : -1));
}
