/*
 * PortTimeline.tsx: what happened to a port: findings, alerts, incidents, blocks, failures,
 * deployments.
 */
import type { JSX } from "preact";
import { useRecords } from "../data";
import { newestFirst, ofAlert, ofBlock, ofDeployment, ofFailure, ofFinding, ofIncident } from "../records/events";
import { plural } from "../words";
import { Empty, Loaded } from "./Empty";
import { Events } from "./Events";

interface Props {
	port: number;
	transport: string;
	host: string | undefined;
}

const SINCE = "30d";

export function PortTimeline({ port, transport, host }: Props): JSX.Element {
	const place = { port, since: SINCE, limit: 500 }, rarely = { every_s: 60 };
	const findings = useRecords("finding", { ...place, host }, { live: ["finding"], ...rarely });
	const alerts = useRecords("alert", { ...place, host }, { live: ["alert"], ...rarely });
	const incidents = useRecords("incident", { ...place, host }, { live: ["incident"], ...rarely });
	const blocks = useRecords("block", place, { live: ["block"], ...rarely });
	const failures = useRecords("failure", { ...place, host }, rarely);
	const deployments = useRecords("deployment", place, rarely);
	const isOf = (one: { transport?: string }) => one.transport === undefined || one.transport === transport;
	const open = (findings.value ?? []).filter((one) => one.state === "open" && isOf(one)).length;
	const events = newestFirst([
		...(findings.value ?? []).filter(isOf).flatMap(ofFinding), ...(alerts.value ?? []).filter(isOf).flatMap(ofAlert),
		...(incidents.value ?? []).filter(isOf).flatMap(ofIncident), ...(blocks.value ?? []).filter(isOf).flatMap(ofBlock),
		...(failures.value ?? []).flatMap(ofFailure), ...(deployments.value ?? []).flatMap(ofDeployment),
	]);
	return (
		<section>
			<header><h2>Timeline</h2><p>findings, alerts, incidents, blocks, failures of 30 days{open > 0 && <span class="over">; ! {plural(open, "finding")} open</span>}</p></header>
			<Loaded data={findings} what="findings">
				{() => (events.length === 0 ? <Empty>Nothing happened to this port in the last 30 days.</Empty>
					: <div class="card"><Events label="What happened to this port, the newest first" events={events} shown={15} /></div>)}
			</Loaded>
		</section>
	);
}
