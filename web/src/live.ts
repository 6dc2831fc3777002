/*
 * live.ts: records as they happen.
 *
 * Of all tabs that are seen one has the connection (it holds a lock that the browser
 * gives to one only) and passes on what comes; a tab that is hidden wants nothing, and
 * gives the lock away.  Records are given on at most once a second.
 */
import { signal } from "@preact/signals";
import type { Kind } from "./api";
import { Coalesced, type Batch } from "./coalesce";
import { choiceText, isChosen } from "./fleet";
import { browserTimer } from "./refresher";

export type { Batch };
export type Heard = (batch: Batch) => void;

const LOCK = "breakwater-live";
const UPDATE_MS = 1000;

/** connecting; live; paused by the viewer; lost: the daemon does not answer. */
export const liveState = signal<"connecting" | "live" | "lost">("connecting");
/** Whether the viewer has stopped updates, to read in peace. */
export const paused = signal(false);

type Message =
	| { type: "event"; kind: Kind | "lost" | "batch"; data: string }
	| { type: "state"; state: "connecting" | "live" | "lost" }
	| { type: "wants"; from: string; kinds: Kind[]; choice: string }
	| { type: "asks" };

const subscribers = new Map<Heard, readonly Kind[]>();
const channel = new BroadcastChannel(LOCK);
const self = crypto.getRandomValues(new Uint32Array(2)).join("-");
const wantedBy = new Map<string, { kinds: Kind[]; choice: string }>();
let source: EventSource | undefined;
let connected = "";
let connecting: ReturnType<typeof setTimeout> | undefined;
/* Gives the connection to another tab; undefined: it is not ours. */
let release: (() => void) | undefined;
/* Ends waiting for it; undefined: this tab wants nothing. */
let wanting: AbortController | undefined;

const coalesced = new Coalesced(UPDATE_MS, (batch) => {
	for (const [heard, kinds] of subscribers)
		if (batch.resumed || batch.lost > 0 || kinds.some((kind) => batch.records[kind] !== undefined))
			heard(batch);
}, browserTimer, isChosen);

function wanted(): Kind[] {
	return document.hidden ? [] : [...new Set([...subscribers.values()].flat())];
}

function take(message: Message): void {
	if (message.type === "event")
		coalesced.add(message.kind, message.data);
	else if (message.type === "state") {
		if (message.state === "live" && liveState.value !== "live")
			coalesced.resume();
		liveState.value = message.state;
	} else if (message.type === "wants") {
		wantedBy.set(message.from, message);
		if (source?.readyState === EventSource.OPEN)
			channel.postMessage({ type: "state", state: "live" } satisfies Message);
		connectSoon();
	} else
		tellWanted();
}

/** To the other tabs, and to this one. */
function tell(message: Message): void {
	channel.postMessage(message);
	take(message);
}

function tellWanted(): void {
	tell({ type: "wants", from: self, kinds: wanted(), choice: choiceText.value });
}

/** Parts of a page begin one after another; each would open the connection anew. */
function connectSoon(): void {
	clearTimeout(connecting);
	connecting = setTimeout(connect, 150);
}

/** As the leader: one connection for all that any tab wants. */
function connect(): void {
	if (release === undefined)
		return;
	const tabs = [...wantedBy.values()].filter((tab) => tab.kinds.length > 0);
	const kinds = [...new Set(tabs.flatMap((tab) => tab.kinds))].sort();
	/* Tabs that look at other sensors share the connection: then it has those of all. */
	const choice = tabs.every((tab) => tab.choice === tabs[0]!.choice) ? tabs[0]?.choice ?? "" : "";
	const path = kinds.length === 0 ? "" : `/api/v1/live?type=${kinds.join(",")}&coalesce=1s${choice}`;
	if (path === connected)
		return;
	source?.close();
	connected = path;
	source = path === "" ? undefined : open(path, kinds);
}

function open(path: string, kinds: Kind[]): EventSource {
	const opened = new EventSource(path);
	tell({ type: "state", state: "connecting" });
	opened.onopen = () => tell({ type: "state", state: "live" });
	opened.onerror = () => {
		tell({ type: "state", state: "lost" });
		/* A refusal ends it for good; what was refused may be possible later. */
		if (opened.readyState === EventSource.CLOSED && source === opened) {
			connected = "";
			setTimeout(connect, 5000);
		}
	};
	for (const kind of [...kinds, "lost" as const, "batch" as const])
		opened.addEventListener(kind, (event) => tell({ type: "event", kind, data: event.data }));
	return opened;
}

function disconnect(): void {
	source?.close();
	source = undefined;
	connected = "";
}

/** Waits for the connection to be ours, and holds it until this tab is hidden. */
function lead(): void {
	const hold = () => new Promise<void>((done) => {
		release = () => {
			release = undefined;
			disconnect();
			done();
		};
		wantedBy.clear();
		tell({ type: "asks" });
		if (wanting === undefined)
			release();
	});
	wanting = new AbortController();
	if (navigator.locks === undefined)
		void hold();
	else
		navigator.locks.request(LOCK, { signal: wanting.signal }, hold).catch(() => undefined);
}

function yieldLead(): void {
	if (wanting === undefined)
		return;
	const asked = wanting;
	wanting = undefined;
	if (release !== undefined)
		release();
	else
		asked.abort();
}

/** What this tab wants may have changed. */
function reconsider(): void {
	if (wanted().length === 0)
		yieldLead();
	else if (wanting === undefined)
		lead();
	tellWanted();
}

channel.onmessage = (event: MessageEvent<Message>) => take(event.data);
document.addEventListener("visibilitychange", () => {
	if (!document.hidden)
		coalesced.resume();
	reconsider();
});
addEventListener("pagehide", () => {
	channel.postMessage({ type: "wants", from: self, kinds: [], choice: "" } satisfies Message);
	yieldLead();
});
addEventListener("pageshow", (event) => {
	if (event.persisted)
		reconsider();
});
paused.subscribe((stop) => coalesced.hold(stop));
choiceText.subscribe(() => {
	if (subscribers.size > 0)
		tellWanted();
});

/** Calls back with what came, at most once a second; returns what ends that. */
export function subscribe(kinds: readonly Kind[], heard: Heard): () => void {
	subscribers.set(heard, kinds);
	reconsider();
	return () => {
		subscribers.delete(heard);
		reconsider();
	};
}
