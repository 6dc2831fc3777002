/*
 * data.ts: what a page shows, asked for again when the live stream says that it changed.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { get, Problem, type Kind, type Row } from "./api";
import { paused, subscribe } from "./live";
import { Refresher, type Outcome } from "./refresher";
import { CHOICE, param, type Params } from "./state";

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

interface Keyed<T> extends Data<T> {
	key: string | undefined;
}

/** A question that the daemon understood and does not answer is not asked again. */
function isRefusal(error: unknown): boolean {
	return error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429;
}

const nothing = { value: undefined, problem: undefined, at_ms: 0 };

/**
 * The answer of ask(), asked for again as refresh says.  A new name is a new question, as
 * is the same of other sensors; undefined: none yet.
 */
export function useData<T>(name: string | undefined, ask: (abort: AbortSignal) => Promise<T>, refresh: Refresh = {}): Data<T> {
	const key = name === undefined ? undefined : `${name} ${CHOICE.map(param).join(" ")}`;
	const [data, setData] = useState<Keyed<T>>({ ...nothing, key: undefined });
	const latest = useRef(ask);
	latest.current = ask;
	const live = (refresh.live ?? []).join(), every_ms = (refresh.every_s ?? 10) * 1000;
	useEffect(() => {
		if (key === undefined)
			return undefined;
		const abort = new AbortController();
		const once = async (): Promise<Outcome> => {
			try {
				const value = await latest.current(abort.signal);
				setData({ key, value, problem: undefined, at_ms: Date.now() });
				return "answered";
			} catch (error) {
				if (abort.signal.aborted)
					return "refused";
				const problem = error instanceof Error ? error.message : String(error);
				setData((old) => ({ ...(old.key === key ? old : nothing), key, problem }));
				return isRefusal(error) ? "refused" : "failed";
			}
		};
		const refresher = new Refresher(once, every_ms, () => document.hidden || paused.value);
		refresher.begin();
		const unsubscribe = live === "" ? undefined : subscribe(live.split(",") as Kind[], () => refresher.changed());
		return () => {
			abort.abort();
			refresher.end();
			unsubscribe?.();
		};
	}, [key, live, every_ms]);
	return data.key === key ? data : nothing;
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
