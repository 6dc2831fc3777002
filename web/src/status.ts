/*
 * status.ts: what /api/v1/status and /health say of the monitor and of what it watches.
 */
import { getJson } from "./api";
import { useData, type Data } from "./data";
import { USUAL_LIMITS, type Limits } from "./records/port";

/** Whether something may be done or holds, and if not why. */
export interface Holds {
	holds?: boolean;
	detail?: string;
}

export interface Worst {
	id?: string;
	severity?: string;
	summary?: string;
	rule?: string;
	kind?: string;
	target?: string;
}

/** Batches of one lane, as a hub took them. */
export interface Lane {
	batches?: number;
	bytes?: number;
	again?: number;
	refused?: number;
	lost_records?: number;
	waiting?: number;
	lag_us?: number;
}

interface Needed {
	up?: boolean;
	trouble?: string;
}

export interface HubStatus {
	name?: string;
	leads?: boolean;
	leader?: string;
	sensors?: { up?: number; late?: number; gone?: number; revoked?: number };
	/** What is open at all of them together. */
	board?: { ports?: number; listeners?: number; findings?: number; alerts?: number };
	lanes?: Record<string, Lane>;
	lag_us?: number;
	waiting?: number;
	refused?: number;
	unshown?: number;
	unsaid?: number;
	depot?: Needed & { kind?: string };
	servers?: Needed;
}

export interface Status {
	/** Of a hub only, which sees nothing itself. */
	hub?: HubStatus;
	version?: string;
	pid?: number;
	started?: string;
	uptime_s?: number;
	workers?: number;
	interfaces?: string[];
	home?: string[];
	listen?: string;
	packets?: number;
	bytes?: number;
	packets_per_s?: number;
	bytes_per_s?: number;
	kernel_dropped?: number;
	ring_dropped?: number;
	undecoded?: Record<string, number>;
	not_ip?: number;
	flows?: number;
	half_open?: number;
	flows_evicted?: number;
	flows_refused?: number;
	services?: number;
	rss_bytes?: number;
	cpu_ratio?: number;
	limits?: Partial<Limits>;
	capture?: Holds;
	privileges?: Record<string, Holds>;
	store?: { state?: string; message?: string; bytes?: number; oldest?: string; written_at?: string; waiting?: number; lost?: number };
	sockets?: { reason?: string; listening?: number; outside?: number; by_bpf_events?: boolean; sees_processes?: boolean };
	logs?: { files?: number; journal?: boolean; lines?: number; lost?: number; denied?: string };
	findings?: { open: number; high?: number; attacks?: number; sources?: number; latency_p50_us?: number; latency_max_us?: number; worst?: Worst };
	/** firing: also those ahead, which are only foreseen. */
	incidents?: { firing: number; ahead?: number; unacknowledged?: number; worst?: Worst };
	alerts?: { firing: number; rules?: number; series?: number; left_out?: number; files_refused?: boolean };
	prober?: Holds & { targets?: number; up?: number; down?: number; degraded?: number; unknown?: number };
	firewall?: Holds & { mode?: string; in_force?: number; in_kernel?: number; observed?: number; frozen_by?: string };
	self_test?: Holds & { runs?: boolean; is_due?: boolean; stale?: boolean };
	policy?: { entries?: number; expired?: number };
}

export interface Health {
	status: string;
	reasons?: string[];
}

export function useStatus(): Data<Status> {
	return useData("status", (abort) => getJson<Status>("/api/v1/status", {}, abort), { every_s: 5 });
}

/** /health answers 503 where the monitor is not well: that is an answer, too. */
export function useHealth(): Data<Health> {
	return useData("health", async (abort) => {
		const answer = await fetch("/health", { signal: abort });
		return await answer.json() as Health;
	}, { every_s: 5 });
}

export function limitsOf(status: Status | undefined): Limits {
	return { ...USUAL_LIMITS, ...status?.limits };
}
