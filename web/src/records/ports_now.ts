/*
 * ports_now.ts: all ports, as they are now.
 */
import { useMemo } from "preact/hooks";
import { useRecords, type Data } from "../data";
import { tickOfPorts } from "../fleet";
import type { PortRow } from "./port";
import { missingRows, portRows } from "./port_rows";

const LIMIT = 20000;

export function usePortRows(): Data<PortRow[]> {
	const ports = useRecords("port", { limit: LIMIT }, { live: [tickOfPorts()] });
	const listeners = useRecords("listener", { limit: LIMIT }, { live: ["listener"] });
	const missing = useRecords("finding", { kind: "missing_listener", state: "open", limit: LIMIT }, { live: ["finding"], every_s: 60 });
	const value = useMemo(() => ports.value && [...portRows(ports.value, listeners.value ?? []), ...missingRows(missing.value ?? [])],
		[ports.value, listeners.value, missing.value]);
	return { ...ports, value };
}
