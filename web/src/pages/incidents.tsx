/*
 * incidents.tsx: what is wrong: the open ones first, each with its cause in words; then
 * those that are over, and what each week was like.  One is incident.tsx.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, may } from "../api";
import { useRecords } from "../data";
import { Ask, type Asked } from "../parts/Ask";
import { Badge, Severity } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, matches, type Filter } from "../parts/Filters";
import { acting, IncidentActions } from "../parts/IncidentActions";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { WeekFigures } from "../parts/WeekFigures";
import { Whose } from "../parts/Whose";
import { byUrgency, headlineOf, incidentColumns, isOpen, isPart, isTaken, lengthOf, machinesOf, targetHref, toldOf, type Incident, type Notification } from "../records/incident";
import { link, param, rangeOf } from "../state";
import { endpoint, exact, plural, span, spaced } from "../words";
import { IncidentPage } from "./incident";

const LIMIT = 5000;

/** "told 2 sinks", "not told: silenced", "1 of 2 sinks could not be told" */
export function Told({ incident, notifications }: { incident: Incident; notifications: readonly Notification[] }): JSX.Element {
	if (incident.suppressed_by !== undefined)
		return <Badge tone="unknown">nobody is told: {incident.suppressed_by}</Badge>;
	const told = toldOf(notifications, incident.id ?? "");
	const failing = told.filter((one) => one.last.state !== "sent");
	if (told.length === 0)
		return <>{(incident.notifications ?? 0) > 0 ? `${plural(incident.notifications!, "message")} sent` : "nobody was told"}</>;
	if (failing.length > 0)
		return <Badge tone="warn" title={failing[0]!.last.error}>not arrived: {failing.map((one) => one.sink).join(", ")}</Badge>;
	return <>told {told.map((one) => one.sink).join(", ")}</>;
}

export function Target({ incident }: { incident: Incident }): JSX.Element {
	const href = targetHref(incident), text = incident.target ?? endpoint(incident.server_ip, incident.port, incident.transport);
	return href === undefined ? <>{text}</> : <a href={href}>{text}</a>;
}

function Card({ incident, notifications }: { incident: Incident; notifications: readonly Notification[] }): JSX.Element {
	const headline = headlineOf(incident);
	return (
		<li class={`incident-card ${incident.severity ?? ""}`}>
			<p class="incident-line">
				<Severity severity={incident.severity} />
				<span title={exact(incident.first)}>{incident.ahead ? "foreseen" : "for"} {span(lengthOf(incident))}</span>
				<span>{spaced(incident.rule)}</span>
				<Whose sensor={incident.sensor} machines={machinesOf(incident)} />
				{incident.acknowledged === undefined
					? incident.automatic ? <Badge tone="good">blocked by itself</Badge> : <Badge tone="warn">nobody has it</Badge>
					: <Badge tone="info" title={exact(incident.acknowledged)}>{incident.owner ?? incident.acknowledged_by} has it</Badge>}
			</p>
			<h3><a href={link("/incidents", { id: incident.id })}>{headline}</a></h3>
			{incident.summary !== undefined && incident.summary !== headline && <p>{incident.summary}</p>}
			<p class="incident-line quiet">
				<span><Target incident={incident} /></span>
				{incident.client_ip !== undefined && <span>from <a href={link("/attacks", { client_ip: incident.client_ip })}>{incident.client_ip}</a></span>}
				<span>{plural(incident.alerts ?? 0, "alert")}, {plural(incident.findings ?? 0, "finding")}</span>
				<span><Told incident={incident} notifications={notifications} /></span>
			</p>
			<IncidentActions incident={incident} />
		</li>
	);
}

/* Who reads more of them at once has another trouble. */
const CARDS_MAX = 20;

function Cards({ incidents, notifications }: { incidents: readonly Incident[]; notifications: readonly Notification[] }): JSX.Element {
	const [all, setAll] = useState(false);
	const shown = all ? incidents : incidents.slice(0, CARDS_MAX);
	return (
		<>
			<ul class="incident-cards">{shown.map((one) => <Card key={`${one.sensor ?? ""} ${one.id}`} incident={one} notifications={notifications} />)}</ul>
			{shown.length < incidents.length && <button type="button" onClick={() => setAll(true)}>and {incidents.length - shown.length} more</button>}
		</>
	);
}

function Open(): JSX.Element {
	const incidents = useRecords("incident", { limit: LIMIT }, { live: ["incident"], every_s: 15 });
	const open = (incidents.value ?? []).filter((one) => isOpen(one) || one.id === acting.value).sort(byUrgency);
	const since = open.map((one) => one.first).filter((at): at is string => at !== undefined).sort()[0];
	const notifications = useRecords("notification", since === undefined ? undefined : { since, limit: LIMIT }, { live: ["notification"], every_s: 30 });
	const now = open.filter((one) => !one.ahead), ahead = open.filter((one) => one.ahead);
	const cards = (rows: readonly Incident[]) => <Cards incidents={rows} notifications={notifications.value ?? []} />;
	return (
		<section>
			<header>
				<h2>Open</h2>
				<p role="status">{incidents.value === undefined ? "" : open.length === 0 ? "" : `${plural(now.length, "incident")}, ${now.filter((one) => !isTaken(one)).length} that nobody has`}</p>
				<Deployed />
			</header>
			<Loaded data={incidents} what="incidents">
				{() => (
					<>
						{now.length === 0 ? <Empty>Nothing is wrong: no limit is crossed, and nobody attacks.</Empty> : cards(now)}
						{ahead.length > 0 && <><h3 class="incident-ahead">What will be</h3>{cards(ahead)}</>}
					</>
				)}
			</Loaded>
		</section>
	);
}

const deployment: Asked[] = [
	{ name: "name", label: "What was deployed", required: true },
	{ name: "version", label: "Version" },
	{ name: "server_ip", label: "Address of the service", help: "If it is one service's; with its port." },
	{ name: "port", label: "Port", type: "number" },
	{ name: "summary", label: "What changed" },
];

/** Tells of a change: what goes wrong within 15 minutes may be because of it. */
function Deployed(): JSX.Element | null {
	const [asks, setAsks] = useState(false);
	if (!may("operator"))
		return null;
	return (
		<>
			<button type="button" onClick={() => setAsks(true)}>Mark a deployment</button>
			{asks && (
				<Ask title="Mark a deployment" action="Mark" fields={deployment} onClose={() => setAsks(false)}
					onSubmit={(values) => change("/api/v1/deployments", values).then(() => "It is marked.")}>
					<p class="help">What goes wrong within 15 minutes has it in its timeline, and perhaps as its cause. Scripts say it with breakwater deployed.</p>
				</Ask>
			)}
		</>
	);
}

const filters: Filter[] = [
	{ name: "text", label: "Search", placeholder: "cause, target, owner" },
	{ name: "at_least", label: "At least", choices: ["notice", "low", "medium", "high", "critical"] },
	{ name: "false", label: "Judged", choices: [{ value: "yes", label: "false positive" }, { value: "no", label: "real" }] },
];

function isWanted(one: Incident): boolean {
	const judged = param("false");
	return (judged === undefined || (judged === "yes") === (one.false_positive ?? false)) &&
		matches(param("text"), one.cause, one.summary, one.target, one.owner, one.rule, one.client_ip, one.id);
}

function Over(): JSX.Element {
	const range = rangeOf("7d");
	const incidents = useRecords("incident", { ...range, at_least: param("at_least"), limit: LIMIT }, { live: ["incident"], every_s: 60 });
	const over = (incidents.value ?? []).filter((one) => !isOpen(one) && !isPart(one)), shown = over.filter(isWanted);
	return (
		<section>
			<h2>Over</h2>
			<Filters filters={filters}>
				<TimeRange usual="7d" />
				<span role="status">{incidents.value === undefined ? "" : `${shown.length === over.length ? "" : `${shown.length} of `}${plural(over.length, "incident")}`}</span>
			</Filters>
			<Loaded data={incidents} what="incidents">
				{() => (
					<Table label="Incidents that are over" columns={incidentColumns} rows={shown} rowKey={(one) => one.id ?? ""} usualSort="-first"
						href={(one) => link("/incidents", { id: one.id })}
						empty={<Empty>{over.length === 0 ? "None was over in this time." : "None is left by these filters."}</Empty>} />
				)}
			</Loaded>
		</section>
	);
}

export default function Incidents(): JSX.Element {
	const id = param("id");
	if (id !== undefined)
		return <IncidentPage id={id} />;
	return (
		<>
			<Open />
			<Over />
			<WeekFigures />
		</>
	);
}
