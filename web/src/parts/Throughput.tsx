/*
 * Throughput.tsx: what this machine sends and receives now: by the minute from what is
 * kept, by the second since the page is open.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { useGaps } from "../gaps";
import { subscribe } from "../live";
import { ratesOf, type Counted } from "../series";
import { rate } from "../words";
import { Chart } from "./Chart";
import { Empty } from "./Empty";

const SHOWN = "15m", SHOWN_MS = 15 * 60 * 1000;

function counted(records: readonly Row<"self">[]): Counted[] {
	return records.filter((record) => record.at !== undefined)
		.map((record) => ({ at_ms: Date.parse(record.at!), values: [record.bytes] }))
		.sort((a, b) => a.at_ms - b.at_ms);
}

/** The records of the live stream since the page is open, no older than what is shown. */
function useSeconds(): Row<"self">[] {
	const [seconds, setSeconds] = useState<Row<"self">[]>([]);
	const all = useRef<Row<"self">[]>([]);
	useEffect(() => subscribe(["self"], (batch) => {
		const oldest = new Date(Date.now() - SHOWN_MS).toISOString();
		all.current = [...all.current, ...batch.records.self ?? []].filter((record) => (record.at ?? "") > oldest);
		setSeconds(all.current);
	}), []);
	return seconds;
}

export function Throughput(): JSX.Element {
	const kept = useRecords("self", { since: SHOWN, limit: 1000 }, { every_s: 60 });
	const gaps = useGaps({ since: SHOWN, until: undefined });
	const seconds = useSeconds();
	const lines = useMemo(() => {
		const first = seconds[0]?.at ?? "9999";
		return ratesOf(counted([...(kept.value ?? []).filter((record) => (record.at ?? "") < first), ...seconds]));
	}, [kept.value, seconds]);
	const series = useMemo(() => [{ name: "Traffic", values: lines.values[0] ?? [], fill: true }], [lines]);
	if (lines.times.length < 2)
		return <Empty>{kept.problem ?? "The first seconds are being measured."}</Empty>;
	return <Chart label="Throughput, last 15 minutes, both directions" times={lines.times} series={series} show={rate} gaps={gaps} height={170} />;
}
