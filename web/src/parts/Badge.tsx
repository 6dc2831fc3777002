/*
 * Badge.tsx: how something is, as a shape, a colour and a word: never a colour alone.
 */
import type { ComponentChildren, JSX } from "preact";

export type Tone = "good" | "warn" | "bad" | "unknown" | "info";

export const SHAPES: Record<Tone, string> = { good: "●", warn: "▲", bad: "■", unknown: "◌", info: "◆" };

interface Props {
	tone: Tone;
	title?: string;
	children: ComponentChildren;
}

export function Badge({ tone, title, children }: Props): JSX.Element {
	return (
		<span class={`badge ${tone}`} title={title}>
			<span class="shape" aria-hidden="true">{SHAPES[tone]}</span> {children}
		</span>
	);
}

/** Of a severity, as findings, alerts and incidents have it. */
export function toneOfSeverity(severity: string | undefined): Tone {
	switch (severity) {
	case "critical":
	case "high":
		return "bad";
	case "medium":
	case "low":
		return "warn";
	default:
		return "info";
	}
}

const STATES: Record<string, Tone> = {
	up: "good", open: "good", ok: "good", degraded: "warn", down: "bad", closed: "unknown", silent: "warn",
	firing: "bad", resolved: "good", unknown: "unknown",
};

/** Of a state, as ports and probes have it. */
export function toneOfState(state: string | undefined): Tone {
	return (state === undefined ? undefined : STATES[state]) ?? "unknown";
}

export function Severity({ severity }: { severity: string | undefined }): JSX.Element {
	return <Badge tone={toneOfSeverity(severity)}>{severity ?? "unknown"}</Badge>;
}
