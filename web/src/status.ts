/*
 * status.ts: what /api/v1/status and /health say.
 */
import { getJson } from "./api";
import { useData, type Data } from "./data";
import { USUAL_LIMITS, type Limits } from "./records/port";

/** Whether something may be done, and if not why. */
export interface Holds {
	holds?: boolean;
	detail?: string;
}

export interface Status {
	version?: string;
	uptime_s?: number;
	interfaces?: string[];
	packets_per_s?: number;
	bytes_per_s?: number;
	flows?: number;
	limits?: Partial<Limits>;
	capture?: Holds;
	privileges?: Record<string, Holds>;
	incidents?: { firing: number; worst?: { severity?: string; summary?: string; id?: string } };
	firewall?: Holds & { mode?: string; in_force?: number; in_kernel?: number; frozen_by?: string };
}

export interface Health {
	status: string;
	reasons?: string[];
}

export function useStatus(): Data<Status> {
	return useData("status", (abort) => getJson<Status>("/api/v1/status", {}, abort), { every_s: 5 });
}

export function limitsOf(status: Status | undefined): Limits {
	return { ...USUAL_LIMITS, ...status?.limits };
}
