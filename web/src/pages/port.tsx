/*
 * port.tsx: one place for all that is known of one port.
 */
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords, type Data } from "../data";
import { tickOfPorts } from "../fleet";
import { Badge } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Facts } from "../parts/Facts";
import { Figure, Figures } from "../parts/Figure";
import { PortCharts } from "../parts/PortCharts";
import { PortClients } from "../parts/PortClients";
import { PortForetold } from "../parts/PortForetold";
import { PortTimeline } from "../parts/PortTimeline";
import { Split } from "../parts/Split";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { Whose } from "../parts/Whose";
import { linesOfText, useExplanation, type Explanation, toneOfCause } from "../records/explain";
import { listenerFacts } from "../records/listener";
import { perSecond, portColumns, portHref, type PortRow } from "../records/port";
import { healthOf } from "../records/port_health";
import { portRows } from "../records/port_rows";
import { probeColumns } from "../records/probe";
import { socketFacts, spokenFacts } from "../records/spoken";
import { link, param, rangeOf, setParams } from "../state";
import { limitsOf, useStatus } from "../status";
import { count, duration, endpoint, exact, percent, rate, time } from "../words";

const USUAL = "1h";
const UNSPECIFIED = new Set(["::", "0.0.0.0"]);

function Part({ title, note, children }: { title: string; note?: string; children: ComponentChildren }): JSX.Element {
	return <section><header><h2>{title}</h2>{note && <p>{note}</p>}</header>{children}</section>;
}

/** Which of its addresses is looked at. */
function Choice({ rows, chosen }: { rows: readonly PortRow[]; chosen: PortRow }): JSX.Element {
	return (
		<div class="port-head">
			<h2>{endpoint(chosen.ip, chosen.port, chosen.transport)}</h2>
			<Whose sensor={chosen.sensor} />
			{rows.length > 1 && (
				<label>Address <select value={chosen.key} onChange={(event) => {
					const row = rows.find((one) => one.key === event.currentTarget.value);
					setParams({ host: row?.ip, transport: row?.transport });
				}}>
					{rows.map((row) => <option key={row.key} value={row.key}>{endpoint(row.ip, row.port, row.transport)}{row.listener?.netns === undefined ? "" : ` in network namespace ${row.listener.netns}`}</option>)}
				</select></label>
			)}
			<span class="rest" />
			<TimeRange usual={USUAL} />
		</div>
	);
}

function Words({ data }: { data: Data<Explanation> }): JSX.Element {
	return (
		<Loaded data={data} what="explanation">
			{(one) => (
				<div class="card port-words">
					<p>
						<Badge tone={toneOfCause(one.cause)}>{one.cause ?? "unknown"}</Badge> {one.why}
					</p>
					{one.worse_since && <p>Worse since <time dateTime={one.worse_since} title={exact(one.worse_since)}>{time(one.worse_since)}</time>.</p>}
					{linesOfText(one.changes).length > 0 && (
						<><h3>What changed then</h3><ul>{linesOfText(one.changes).map((line) => <li key={line}>{line}</li>)}</ul></>
					)}
					{linesOfText(one.next).length > 0 && (
						<><h3>To look further{one.sensor === undefined ? "" : `, on ${one.sensor}`}</h3><ul>{linesOfText(one.next).map((line) => <li key={line}><code>{line}</code></li>)}</ul></>
					)}
					{one.ask !== undefined && <p>{one.ask}</p>}
				</div>
			)}
		</Loaded>
	);
}

function Now({ row }: { row: PortRow }): JSX.Element {
	const limits = limitsOf(useStatus().value);
	const columns = portColumns(limits);
	const health = healthOf(row, columns);
	const port = row.traffic, isUsed = !port?.unused;
	return (
		<>
			<p class="port-now">
				<Badge tone={health.tone}>{health.why}</Badge>{" "}
				{[port?.service ?? row.listener?.service, port?.protocol, port?.class ?? row.listener?.class].filter((word) => word !== undefined).join(" · ")}
				{row.drift !== undefined && <> · {row.drift_help}</>}
			</p>
			<Figures>
				<Figure label="Open connections" value={count(port?.active ?? row.listener?.established)} href={link("/connections", { port: row.port, transport: row.transport })} />
				<Figure label="New" value={count(port?.flows)} note="in the last minute" />
				<Figure label="Clients" value={count(port?.clients)} note="in the last minute" />
				<Figure label="Response p95" value={duration(port?.response_p95_us)} note={`limit ${limits.response_ms} ms`} over={(port?.response_p95_us ?? 0) > limits.response_ms * 1000}
					help="95 of 100 answers came within this time." />
				<Figure label="Loss" value={percent(port?.lost_ratio)} note={`limit ${percent(limits.loss)}`} over={(port?.lost_ratio ?? 0) > limits.loss} />
				<Figure label="Errors" value={percent(port?.error_ratio)} note={`limit ${percent(limits.errors)}`} over={isUsed && (port?.error_ratio ?? 0) > limits.errors} />
				<Figure label="In" value={rate(perSecond(port?.client_bytes, port))} />
				<Figure label="Out" value={rate(perSecond(port?.server_bytes, port))} />
			</Figures>
		</>
	);
}

/** A socket of every address stands for the one that is looked at. */
function isOf(host: string, listener: { ip?: string }): boolean {
	return listener.ip === host || UNSPECIFIED.has(listener.ip ?? "") || UNSPECIFIED.has(host);
}

function Listeners({ row, listeners }: { row: PortRow; listeners: readonly Row<"listener">[] }): JSX.Element {
	const sockets = useRecords("socket", { port: row.port, limit: 100 }, { every_s: 10 });
	const here = listeners.filter((one) => one.transport === row.transport && isOf(row.ip, one));
	const states = (sockets.value ?? []).find((one) => isOf(row.ip, one));
	return (
		<Part title="Who listens">
			{here.length === 0 && <Empty>No socket of this machine listens there, or it belongs to another machine.</Empty>}
			{here.map((one) => <div class="card" key={`${one.ip} ${one.netns}`}><Facts facts={[...listenerFacts(one), ...(states && row.transport === "tcp" ? socketFacts(states) : [])]} /></div>)}
		</Part>
	);
}

function Spoken({ row, explanation }: { row: PortRow; explanation: Explanation | undefined }): JSX.Element {
	const flows = useRecords("flow", { port: row.port, transport: row.transport, host: UNSPECIFIED.has(row.ip) ? undefined : row.ip, limit: 200 }, { every_s: 15 });
	return (
		<Part title="What is spoken">
			<Loaded data={flows} what="connections">
				{(rows) => {
					const facts = spokenFacts(rows, explanation?.speaks);
					return facts.length === 0 ? <Empty>Nothing was said yet that could be read.</Empty> : <div class="card"><Facts facts={facts} /></div>;
				}}
			</Loaded>
		</Part>
	);
}

function Probes({ row }: { row: PortRow }): JSX.Element {
	const probes = useRecords("probe", { port: row.port, limit: 100 }, { live: ["probe"] });
	return (
		<Part title="Asked from here" note="services of this port that are asked again and again">
			<Loaded data={probes} what="probes">
				{(rows) => <Table label="Probes of this port" prefix="p_" small columns={probeColumns} rows={rows.filter((one) => one.ip === undefined || isOf(row.ip, one))}
					rowKey={(p) => p.target ?? ""} href={(p) => link("/availability", { target: p.target })}
					empty={<Empty>Nobody asks this port. <code>probe.targets</code> in the configuration has what is asked; services of this machine are asked by themselves.</Empty>} />}
			</Loaded>
		</Part>
	);
}

function WhereTimeGoes({ explanation }: { explanation: Explanation | undefined }): JSX.Element | null {
	if (explanation?.network_us === undefined && explanation?.application_us === undefined && explanation?.application_unknown === undefined)
		return null;
	return (
		<Part title="Where the time goes" note="of an answer, median">
			<Split shares={[
				{ name: "Network", help: "TCP handshake", us: explanation.network_us },
				{ name: "Kernel", help: "waiting to be accepted (backlog)", us: explanation.queue_us },
				{ name: "Application", help: "end of the question to the begin of the answer", us: explanation.application_us, why: explanation.application_unknown },
			]} />
		</Part>
	);
}

function Known({ rows, chosen, listeners }: { rows: readonly PortRow[]; chosen: PortRow; listeners: readonly Row<"listener">[] }): JSX.Element {
	const explanation = useExplanation(chosen.port, chosen.transport);
	const host = UNSPECIFIED.has(chosen.ip) ? undefined : chosen.ip;
	const place = { port: chosen.port, transport: chosen.transport, host };
	return (
		<>
			<Choice rows={rows} chosen={chosen} />
			<Now row={chosen} />
			<Part title="In words"><Words data={explanation} /></Part>
			<div class="halves">
				<WhereTimeGoes explanation={explanation.value} />
				<Listeners row={chosen} listeners={listeners} />
				<Spoken row={chosen} explanation={explanation.value} />
			</div>
			<Part title="Over time"><PortCharts {...place} limits={limitsOf(useStatus().value)} usual={USUAL} /></Part>
			<Part title="Who comes" note="in the range of time above"><PortClients {...place} range={rangeOf(USUAL)} /></Part>
			<Probes row={chosen} />
			<PortForetold {...place} />
			<PortTimeline {...place} />
		</>
	);
}

/** Of a fleet a port is of one machine: which? */
function Machines({ rows }: { rows: readonly PortRow[] }): JSX.Element {
	const limits = limitsOf(useStatus().value);
	const columns = useMemo(() => portColumns(limits), [limits.response_ms, limits.loss, limits.errors]);
	return (
		<Part title="Of which machine?" note={`several have port ${rows[0]!.port}`}>
			<Table label={`Port ${rows[0]!.port} of each machine`} columns={columns} rows={rows} rowKey={(row) => row.key}
				href={(row) => portHref(row.ip, row.port, row.transport, row.sensor)} empty={null} />
		</Part>
	);
}

/** The row that the address asks for, else the one that a person most likely means. */
function chosenOf(rows: readonly PortRow[], host: string | undefined, transport: string | undefined): PortRow | undefined {
	const fitting = rows.filter((row) => transport === undefined || row.transport === transport);
	return fitting.find((row) => row.ip === host) ?? fitting[0];
}

export default function Port(): JSX.Element {
	const text = param("port"), port = text === undefined ? undefined : Number(text);
	const isPort = port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65535;
	const ports = useRecords("port", isPort ? { port, limit: 500 } : undefined, { live: [tickOfPorts()] });
	const listeners = useRecords("listener", isPort ? { port, limit: 500 } : undefined, { live: ["listener"] });
	if (!isPort)
		return <Empty>{text === undefined ? "Which port?" : `"${text}" is no port: a number from 0 to 65535 is.`} Choose one of <a href={link("/ports")}>all ports</a>.</Empty>;
	return (
		<Loaded data={ports} what={`port ${port}`}>
			{(traffic) => {
				const rows = portRows(traffic, listeners.value ?? []);
				if (new Set(rows.map((row) => row.sensor)).size > 1)
					return <Machines rows={rows} />;
				const transport = param("transport") ?? "tcp", ip = param("host") ?? "::";
				/* What is kept of it is shown also if nothing is there now. */
				const chosen = chosenOf(rows, param("host"), param("transport")) ??
					{ key: "", ip, port, transport, drift: undefined, drift_help: "" };
				return <Known key={chosen.key} rows={rows} chosen={chosen} listeners={listeners.value ?? []} />;
			}}
		</Loaded>
	);
}
