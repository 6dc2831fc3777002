/*
 * api.ts: asks the daemon, and tells it what to change.
 */
import { signal } from "@preact/signals";
import type { Records } from "record-types";
import { addressOf, chosen, type Params } from "./state";

export type Kind = keyof Records;
export type Row<K extends Kind> = Records[K];

export interface Me {
	user?: string;
	role: "viewer" | "operator" | "administrator";
	by?: string;
	csrf?: string;
	/** Whether one can sign in at all. */
	login?: boolean;
}

/** What the API answered other than what was asked for. */
export class Problem extends Error {
	constructor(readonly status: number, message: string) {
		super(message);
	}
}

const LOGIN = "/api/v1/login";

/** Nothing is shown before somebody has signed in. */
export const needsLogin = signal(false);
/** Who looks; undefined until it is known. */
export const viewer = signal<Me | undefined>(undefined);

/* Where records of a kind are; the name and an s, but for these. */
const PATHS: Partial<Record<Kind, string>> = {
	self: "self", audit: "audit", anomaly: "anomalies", figures: "figures", fleet_capacity: "capacity", report_made: "reports_made",
};

export function pathOf(kind: Kind): string {
	return `/api/v1/${PATHS[kind] ?? `${kind}s`}`;
}

/** The one line of an answer that says what was done, or what is wrong. */
async function wordsOf(answer: Response): Promise<string> {
	const text = (await answer.text()).trim();
	try {
		const { error, message }: { error?: unknown; message?: unknown } = JSON.parse(text);
		const words = error ?? message;
		return typeof words === "string" ? words : text;
	} catch {
		return text;
	}
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
	let answer: Response;
	try {
		answer = await fetch(path, { credentials: "same-origin", ...init });
	} catch (error) {
		if (error instanceof DOMException && error.name === "AbortError")
			throw error;
		throw new Problem(0, "The daemon does not answer.");
	}
	if (answer.status === 401) {
		/* A wrong password changes nothing of who one is. */
		if (path !== LOGIN)
			viewer.value = undefined;
		needsLogin.value = true;
	}
	if (!answer.ok)
		throw new Problem(answer.status, await wordsOf(answer) || `the daemon answers ${answer.status}`);
	return answer;
}

/** Any answer in JSON. */
export async function getJson<T>(path: string, params: Params = {}, abort?: AbortSignal): Promise<T> {
	const answer = await ask(addressOf(path, params), { headers: { Accept: "application/json" }, signal: abort });
	return await answer.json() as T;
}

/** An answer that is text, as it is. */
export async function getText(path: string, abort?: AbortSignal): Promise<string> {
	return await (await ask(path, { signal: abort })).text();
}

/** An answer that is a file, and what it is called; why there is none is a Problem. */
export async function getFile(path: string): Promise<{ name: string; content: Blob }> {
	const answer = await ask(path);
	const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "report";
	return { name, content: await answer.blob() };
}

export interface Rows<K extends Kind> {
	rows: Row<K>[];
	/** How many there are; more than rows if a limit cut them off. */
	total: number;
}

/** Records of a kind, of the sensors that are chosen; filters as the CLI has them. */
export async function get<K extends Kind>(kind: K, filters: Params = {}, abort?: AbortSignal): Promise<Rows<K>> {
	const answer = await ask(addressOf(pathOf(kind), chosen(filters)), { headers: { Accept: "application/json" }, signal: abort });
	const rows = await answer.json() as Row<K>[];
	return { rows, total: Number(answer.headers.get("Breakwater-Total") ?? rows.length) };
}

export interface AggregateQuery<K extends Kind> {
	record: K;
	by?: (keyof Row<K> & string)[];
	/** bytes and packets: of both sides together. */
	sum?: ((keyof Row<K> & string) | "bytes" | "packets")[];
	max?: (keyof Row<K> & string)[];
	min?: (keyof Row<K> & string)[];
	mean?: (keyof Row<K> & string)[];
	/** "10s", "1m", "1h", "1d": a row per group and step. */
	step?: string;
	limit?: number;
	sort?: string;
	/** The time before, as long, too. */
	previous?: boolean;
	where?: Params;
}
export interface Group {
	at?: string;
	count: number;
	[field: string]: string | number | boolean | undefined;
}
export interface Gap {
	since: string;
	until: string;
	why?: string;
}
export interface Aggregate {
	record: string;
	by: string[];
	step_s?: number;
	since: string;
	until: string;
	rows: Group[];
	/** All groups beyond the limit, as one; with a step each of its steps, too. */
	others?: { groups: number; count: number; rows?: Group[]; [field: string]: number | string | Group[] | undefined };
	groups: number;
	/** Groups of the time before, with its own times. */
	previous?: Group[];
	gaps: Gap[];
	/** Why records are missing in it. */
	incomplete?: string;
}

/** Groups of records of the sensors that are chosen, made where the records are. */
export function aggregate<K extends Kind>(query: AggregateQuery<K>, abort?: AbortSignal): Promise<Aggregate> {
	return aggregateOfAll({ ...query, where: chosen(query.where) }, abort);
}

/** The same, whatever is chosen. */
export function aggregateOfAll<K extends Kind>(query: AggregateQuery<K>, abort?: AbortSignal): Promise<Aggregate> {
	const { record, by, sum, max, min, mean, step, limit, sort, previous, where } = query;
	return getJson<Aggregate>("/api/v1/aggregate", {
		...where, record, by: by?.join(","), sum: sum?.join(","), max: max?.join(","),
		min: min?.join(","), mean: mean?.join(","), step, limit, sort, previous: previous ? 1 : undefined,
	}, abort);
}

/** Who looks, and what that person may; a daemon without users says nothing of it. */
export async function me(): Promise<Me> {
	try {
		viewer.value = await getJson<Me>("/api/v1/me");
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 404)
			throw error;
		viewer.value = { role: "viewer" };
	}
	return viewer.value;
}

const RANKS = ["viewer", "operator", "administrator"];

/** Whether who looks may do what such a person may. */
export function may(role: Me["role"]): boolean {
	return viewer.value !== undefined && RANKS.indexOf(viewer.value.role) >= RANKS.indexOf(role);
}

async function post(path: string, form: Params | string, type?: string): Promise<Response> {
	const headers: Record<string, string> = {
		"Content-Type": type ?? "application/x-www-form-urlencoded",
	};
	if (viewer.value?.csrf)
		headers["Breakwater-CSRF"] = viewer.value.csrf;
	const body = typeof form === "string" ? form : addressOf("", form).slice(1);
	return ask(path, { method: "POST", headers, body });
}

/** What the daemon says of a change: in words, and what is shown only this once. */
export interface Said {
	message?: string;
	link?: string;
	token?: string;
	/** Of a message to try a sink: sent, failed or waiting, and why it failed. */
	state?: string;
	error?: string;
}

/** Changes something; returns all of what the daemon says of it. */
export async function changeJson(path: string, form: Params | string, type?: string): Promise<Said> {
	return await (await post(path, form, type)).json() as Said;
}

/** Changes something; returns what the daemon says of it, in words. */
export async function change(path: string, form: Params | string, type?: string): Promise<string> {
	return wordsOf(await post(path, form, type));
}

/** Signs in; the daemon then knows the browser by a cookie. */
export async function login(user: string, password: string): Promise<void> {
	await change(LOGIN, { user, password });
	await me();
	needsLogin.value = false;
}

export async function logout(): Promise<void> {
	await change("/api/v1/logout", {});
	location.assign("/");
}
