/*
 * explain.ts: what /api/v1/explain says of a port, as `breakwater explain --json`.
 */
import { getJson, type Row } from "../api";
import { useData, type Data } from "../data";
import type { Tone } from "../parts/Badge";
import { chosen } from "../state";

export interface Explanation {
	port: number;
	/** At a hub: whose port it is. */
	sensor?: string;
	/** In a word or two: "application errors", "well", "idle", "unknown". */
	cause?: string;
	/** In sentences. */
	why?: string;
	speaks?: string;
	network_us?: number;
	queue_us?: number;
	application_us?: number;
	/** Why that is not known, in words. */
	application_unknown?: string;
	worse_since?: string;
	/** One per line. */
	changes?: string;
	next?: string;
	/** At a hub: what only the machine itself knows. */
	ask?: string;
	history_s?: number;
	listeners?: Row<"listener">[];
	probes?: Row<"probe">[];
	alerts?: Row<"alert">[];
	forecasts?: Row<"forecast">[];
}

export function useExplanation(port: number | undefined, transport: string | undefined): Data<Explanation> {
	return useData(port === undefined ? undefined : `explain ${port} ${transport}`,
		(abort) => getJson<Explanation>("/api/v1/explain", chosen({ port, transport }), abort), { every_s: 30 });
}

export function linesOfText(text: string | undefined): string[] {
	return (text ?? "").split("\n").filter((line) => line.trim() !== "");
}

/** All causes are of something bad, but these. */
export function toneOfCause(cause: string | undefined): Tone {
	return cause === "well" ? "good" : cause === "idle" || cause === "unknown" || cause === undefined ? "unknown" : "bad";
}
