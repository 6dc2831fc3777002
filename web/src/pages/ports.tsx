/*
 * ports.tsx: every port that listens or carried traffic: expected, seen, and how it is.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Empty, Loaded } from "../parts/Empty";
import { choicesOf, Filters, matches, type Filter } from "../parts/Filters";
import { Table } from "../parts/Table";
import { isUnwell, portColumns, portHref, type PortRow } from "../records/port";
import { usePortRows } from "../records/ports_now";
import { param } from "../state";
import { limitsOf, useStatus } from "../status";
import { plural } from "../words";

const CLASSES = ["well-known", "registered", "dynamic"];
const DRIFTS = ["as expected", "unexpected", "missing"];

function isWanted(row: PortRow, unwell: (row: PortRow) => boolean): boolean {
	const is = (name: string, value: string | undefined) => param(name) === undefined || param(name) === value;
	const traffic = row.traffic, listener = row.listener;
	return is("class", traffic?.class ?? listener?.class) &&
		is("service", traffic?.service ?? listener?.service) &&
		is("process", listener?.process ?? traffic?.process) &&
		is("reach", listener?.reach) && is("expected", row.drift) &&
		is("state", traffic?.state ?? (listener ? "open" : undefined)) &&
		(param("unwell") === undefined || unwell(row)) &&
		matches(param("text"), row.sensor, row.ip, `${row.port}/${row.transport}`, traffic?.service ?? listener?.service,
			traffic?.protocol, listener?.process ?? traffic?.process, listener?.user, listener?.unit);
}

function filtersOf(rows: readonly PortRow[]): Filter[] {
	return [
		{ name: "text", label: "Search", placeholder: "address, port, service, process" },
		{ name: "class", label: "Class", choices: CLASSES, help: "By number: 0 to 1023, to 49151, above (RFC 6335)." },
		{ name: "service", label: "Service", choices: choicesOf(rows, (r) => r.traffic?.service ?? r.listener?.service) },
		{ name: "process", label: "Process", choices: choicesOf(rows, (r) => r.listener?.process ?? r.traffic?.process) },
		{ name: "reach", label: "Reach", choices: choicesOf(rows, (r) => r.listener?.reach), help: "From where it can be reached." },
		{ name: "state", label: "State", choices: choicesOf(rows, (r) => r.traffic?.state ?? (r.listener ? "open" : undefined)) },
		{ name: "expected", label: "Expected", choices: DRIFTS, help: "Whether the register of authorised ports has it." },
		{ name: "unwell", label: "Health", choices: [{ value: "yes", label: "over a limit" }] },
	];
}

export default function Ports(): JSX.Element {
	const ports = usePortRows();
	const limits = limitsOf(useStatus().value);
	const columns = useMemo(() => portColumns(limits), [limits.response_ms, limits.loss, limits.errors]);
	const rows = ports.value ?? [];
	const shown = rows.filter((row) => isWanted(row, (one) => isUnwell(one, columns)));
	const unwell = shown.filter((row) => isUnwell(row, columns)).length;
	return (
		<Loaded data={ports} what="ports">
			{() => (
				<>
					<Filters filters={filtersOf(rows)}>
						<span role="status">
							{shown.length === rows.length ? "" : `${shown.length} of `}{plural(rows.length, "port")}
							{unwell > 0 && <span class="over">, ! {unwell} over a limit</span>}
						</span>
					</Filters>
					<Table label="Ports" columns={columns} rows={shown} rowKey={(row) => row.key}
						href={(row) => portHref(row.ip, row.port, row.transport, row.sensor)}
						empty={<Empty>{rows.length === 0
							? "No port listens or carried traffic in the last minute. Anything sent to or from this machine shows here within a second."
							: "No port is left by these filters."}</Empty>} />
				</>
			)}
		</Loaded>
	);
}
