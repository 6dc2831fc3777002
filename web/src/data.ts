/*
 * data.ts: what a page shows, asked for again when the live stream says that it changed.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { get, Problem, type Kind, type Row } from "./api";
import { paused, subscribe } from "./live";
import type { Params } from "./state";

export interface Data<T> {
	/** undefined until the first answer; kept while a newer one is asked for. */
	value: T | undefined;
	/** Why the last question has no answer. */
	problem: string | undefined;
	/** When value was true. */
	at_ms: number;
}

export interface Refresh {
	/** Kinds of live records that make a new answer worth asking for. */
	live?: readonly Kind[];
	/** At least so often, in seconds; 0: only when something happened.  Default 10. */
	every_s?: number;
}

/* A view that takes long to make is not made all the time. */
const COST = 10;
const SOONEST_MS = 1000;
const RETRY_MS = 3000;

/**
 * The answer of ask(), asked for again as refresh says.  A new key is a new question;
 * undefined: none yet.
 */
export function useData<T>(key: string | undefined, ask: (abort: AbortSignal) => Promise<T>, refresh: Refresh = {}): Data<T> {
	const [data, setData] = useState<Data<T> & { key: string | undefined }>({ key: undefined, value: undefined, problem: undefined, at_ms: 0 });
	const asking = useRef(ask);
	asking.current = ask;
	const live = (refresh.live ?? []).join(), every_ms = (refresh.every_s ?? 10) * 1000;
	useEffect(() => {
		if (key === undefined)
			return undefined;
		const abort = new AbortController();
		let timer: ReturnType<typeof setTimeout> | undefined, due = Infinity, busy = false, again = false;
		let earliest = 0;
		const schedule = (in_ms: number) => {
			const at = Math.max(performance.now() + in_ms, earliest);
			if (at >= due)
				return;
			due = at;
			clearTimeout(timer);
			timer = setTimeout(() => void run(), at - performance.now());
		};
		const run = async () => {
			due = Infinity;
			if (document.hidden || paused.value) {
				if (every_ms > 0)
					schedule(SOONEST_MS);
				return;
			}
			busy = true;
			const began = performance.now();
			let wait_ms = every_ms;
			try {
				const value = await asking.current(abort.signal);
				setData({ key, value, problem: undefined, at_ms: Date.now() });
			} catch (error) {
				if (abort.signal.aborted)
					return;
				wait_ms = error instanceof Problem && error.status >= 400 && error.status < 500 ? 0 : RETRY_MS;
				const problem = error instanceof Error ? error.message : String(error);
				setData((old) => ({ ...old, value: old.key === key ? old.value : undefined, key, problem }));
			}
			busy = false;
			earliest = performance.now() + Math.max(SOONEST_MS, COST * (performance.now() - began));
			if (again)
				schedule(0);
			else if (wait_ms > 0)
				schedule(wait_ms);
			again = false;
		};
		const changed = () => {
			if (busy)
				again = true;
			else
				schedule(0);
		};
		void run();
		const end = live === "" ? undefined : subscribe(live.split(",") as Kind[], changed);
		return () => {
			abort.abort();
			clearTimeout(timer);
			end?.();
		};
	}, [key, live, every_ms]);
	return data.key === key ? data : { value: undefined, problem: undefined, at_ms: 0 };
}

export interface RecordData<K extends Kind> extends Data<Row<K>[]> {
	/** How many there are; more than value if a limit cut them off. */
	total: number;
}

/** Records of a kind with filters; undefined filters: none are asked for. */
export function useRecords<K extends Kind>(kind: K, filters: Params | undefined, refresh?: Refresh): RecordData<K> {
	const key = filters === undefined ? undefined : `${kind} ${JSON.stringify(filters)}`;
	const data = useData(key, (abort) => get(kind, filters ?? {}, abort), refresh);
	return { ...data, value: data.value?.rows, total: data.value?.total ?? 0 };
}
