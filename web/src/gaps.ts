/*
 * gaps.ts: times of which nothing is known, for charts: the monitor did not run, lost
 * something, or had not begun to keep records.
 */
import { useMemo } from "preact/hooks";
import type { Gap } from "./api";
import { useRecords } from "./data";
import { GAPS } from "./records/events";
import { rangeTimes, type Range } from "./state";
import { useStatus } from "./status";

export function useGaps(range: Range): Gap[] {
	const records = useRecords("gap", { ...range, limit: 1000 }, { every_s: 60 });
	const oldest = useStatus().value?.store?.oldest;
	const [since_ms] = rangeTimes(range);
	const before = oldest !== undefined && Date.parse(oldest) > since_ms;
	return useMemo(() => {
		const gaps = (records.value ?? []).map((gap): Gap => ({
			since: gap.start ?? new Date(since_ms).toISOString(), until: gap.end ?? new Date().toISOString(), why: GAPS[gap.reason ?? ""],
		}));
		return before ? [{ since: new Date(since_ms).toISOString(), until: oldest, why: "Nothing was kept yet." }, ...gaps] : gaps;
	}, [records.value, oldest, before]);
}
