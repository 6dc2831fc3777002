/*
 * fleet.tsx: every sensor of a fleet, what is wrong first, and how each site is.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { isHub } from "../fleet";
import { Badge } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Figure, Figures } from "../parts/Figure";
import { Filters, matches, type Filter } from "../parts/Filters";
import { Table, type Column } from "../parts/Table";
import { chainIsBad, clockIsOff, howOf, inOrder, isExpected, lags, offsetWords, sitesOf, type Site } from "../records/sensor";
import { here, link, param } from "../state";
import { ago, bytes, count, duration, exact, plural } from "../words";

type Sensor = Row<"sensor">;

const LIMIT = 100000;
/* Each says how it is every ten seconds. */
const EVERY_S = 10;
const REFUSED_SHOWN = 10;

const columns: Column<Sensor>[] = [
	{ name: "sensor", title: "Sensor", help: "Its name; opens its ports.", value: (s) => s.sensor },
	{ name: "how", title: "State", help: "By the gravest that is wrong with it.", value: (s) => howOf(s).rank,
	  show: (_v, s) => {
		const { tone, word, help } = howOf(s);
		return <Badge tone={tone} title={help}>{word}</Badge>;
	  }, exact: (s) => howOf(s).help },
	{ name: "site", title: "Site", help: "Where it is, as it was joined.", value: (s) => s.site },
	{ name: "tags", title: "Tags", help: "Words by which it is chosen.", optional: true, value: (s) => s.tags?.replaceAll(",", ", ") },
	{ name: "at", title: "Heard", help: "When it last said how it is, by its own clock.", value: (s) => s.at, show: (v) => ago(String(v)), exact: (s) => exact(s.at), over: (_v, s) => s.state === "late" },
	{ name: "lag_us", title: "Lag", help: "Age of the oldest that waits there to be sent.", numeric: true, value: (s) => s.lag_us, show: (v) => (v === 0 ? "none" : duration(Number(v))), over: (_v, s) => lags(s) },
	{ name: "spool_bytes", title: "Waiting", help: "What waits on its disk to be sent.", numeric: true, value: (s) => s.spool_bytes, show: (v) => bytes(Number(v)) },
	{ name: "records_dropped", title: "Dropped", help: "Records that found no room to wait, since its start: connections first, findings and the audit trail never.", numeric: true, value: (s) => s.records_dropped, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "packets_dropped", title: "Missed", help: "Packets that it did not see, since its start.", numeric: true, value: (s) => s.packets_dropped, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "clock_offset_ms", title: "Clock", help: "Its clock less the cluster's, as a hub measures it.", numeric: true, value: (s) => s.clock_offset_ms, show: (v) => offsetWords(Number(v)), over: (_v, s) => clockIsOff(s) },
	{ name: "config_version", title: "Configuration", help: "Version of the fleet's configuration that is in force there; marked: it refused a newer one.", numeric: true, value: (s) => s.config_version ?? (s.config_refused ? 0 : undefined),
	  show: (v, s) => (s.config_version === undefined ? "its own" : String(v)), over: (_v, s) => (s.config_refused ?? "") !== "", exact: (s) => s.config_refused },
	{ name: "proven", title: "Proven", help: "When its self-test last proved that attackers are stopped.", value: (s) => s.proven, show: (v) => ago(String(v)), exact: (s) => exact(s.proven) },
	{ name: "audit_signed", title: "Audit chain", help: "When its audit chain was last signed, as the hub has it; marked: it does not hold.", value: (s) => s.audit_signed ?? s.audit_chain,
	  show: (v, s) => (s.audit_chain === "holds" ? ago(String(v)) : s.audit_chain ?? ""), over: (_v, s) => chainIsBad(s), exact: (s) => s.audit_fault || exact(s.audit_signed) },
	{ name: "blind", title: "Can't see", help: "What it is blind to, in words.", value: (s) => s.blind },
	{ name: "version", title: "Version", help: "Of the program there.", optional: true, value: (s) => s.version },
	{ name: "since", title: "Runs since", help: "When that process began.", optional: true, value: (s) => s.since, show: (v) => ago(String(v)), exact: (s) => exact(s.since) },
	{ name: "sent", title: "Sent", help: "Batches that were acknowledged, since its start.", numeric: true, optional: true, value: (s) => s.sent, show: (v) => count(Number(v)) },
];

const siteColumns: Column<Site>[] = [
	{ name: "site", title: "Site", help: "Opens the sensors of it.", value: (s) => s.site ?? "", show: (v) => (v === "" ? "without a site" : String(v)) },
	{ name: "sensors", title: "Sensors", help: "All that joined there.", numeric: true, value: (s) => s.sensors, show: (v) => count(Number(v)) },
	{ name: "up", title: "Up", help: "Heard within 30 s.", numeric: true, value: (s) => s.up, show: (v) => count(Number(v)) },
	{ name: "late", title: "Late", help: "Not heard for 30 s.", numeric: true, value: (s) => s.late, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
	{ name: "gone", title: "Gone", help: "Ended in order.", numeric: true, value: (s) => s.gone, show: (v) => count(Number(v)) },
	{ name: "revoked", title: "Revoked", help: "Their keys are not taken any more.", numeric: true, value: (s) => s.revoked, show: (v) => count(Number(v)) },
	{ name: "spool_bytes", title: "Waiting", help: "What waits on all their disks.", numeric: true, value: (s) => s.spool_bytes, show: (v) => bytes(Number(v)) },
	{ name: "lag_us", title: "Most lag", help: "Of the sensor that lags most.", numeric: true, value: (s) => s.lag_us, show: (v) => (v === 0 ? "none" : duration(Number(v))), over: (v) => Number(v) > 60e6 },
	{ name: "dropped", title: "Dropped", help: "Records that found no room to wait there.", numeric: true, value: (s) => s.dropped, show: (v) => count(Number(v)), over: (v) => Number(v) > 0 },
];

const filters: Filter[] = [
	{ name: "text", label: "Search", placeholder: "name, site, tag, version, what it can't see" },
	{ name: "state", label: "State", choices: ["late", "up", "gone", "revoked"] },
	{ name: "wrong", label: "Show", choices: [{ value: "yes", label: "what is wrong" }] },
];

const isWrong = (sensor: Sensor): boolean => ["bad", "warn"].includes(howOf(sensor).tone);

function isWanted(sensor: Sensor): boolean {
	return (param("state") === undefined || param("state") === sensor.state) &&
		(param("wrong") === undefined || isWrong(sensor)) &&
		matches(param("text"), sensor.sensor, sensor.site, sensor.tags, sensor.version, sensor.blind, sensor.config_refused);
}

function Summary({ sensors }: { sensors: readonly Sensor[] }): JSX.Element {
	const of = (state: string) => sensors.filter((sensor) => sensor.state === state).length;
	const refused = sensors.filter((sensor) => isExpected(sensor) && sensor.config_refused).length;
	const cut = sensors.filter((sensor) => isExpected(sensor) && sensor.cut_off).length;
	const waiting = sensors.reduce((sum, sensor) => sum + (isExpected(sensor) ? sensor.spool_bytes ?? 0 : 0), 0);
	return (
		<Figures>
			<Figure label="Sensors" value={count(sensors.length)} note={`${count(of("gone"))} gone, ${count(of("revoked"))} revoked`} />
			<Figure label="Up" value={count(of("up"))} note="heard within 30 s" href={here({ state: "up" })} />
			<Figure label="Late" value={count(of("late"))} over={of("late") > 0} note="nothing heard" href={here({ state: "late" })} />
			<Figure label="Cut off" value={count(cut)} over={cut > 0} help="None of the other places that they ask answers." />
			<Figure label="Refused" value={count(refused)} over={refused > 0} note="a configuration" help="They go on with the last good one." />
			<Figure label="Waiting" value={bytes(waiting)} note="on their disks" help="What they saw and could not send yet." />
		</Figures>
	);
}

/** Why is what somebody has to know to mend it. */
function Refused({ sensors }: { sensors: readonly Sensor[] }): JSX.Element | null {
	const refused = sensors.filter((sensor) => isExpected(sensor) && sensor.config_refused);
	if (refused.length === 0)
		return null;
	return (
		<section>
			<header><h2>Refused configurations</h2><p>each goes on with its last good one</p></header>
			<ul class="fleet-refused">
				{refused.slice(0, REFUSED_SHOWN).map((sensor) => (
					<li key={sensor.sensor}><a href={link("/fleet", { sensor: sensor.sensor })}>{sensor.sensor}</a>: {sensor.config_refused}</li>
				))}
				{refused.length > REFUSED_SHOWN && <li>and {plural(refused.length - REFUSED_SHOWN, "more", "more")}</li>}
			</ul>
		</section>
	);
}

function Sites({ sites }: { sites: readonly Site[] }): JSX.Element | null {
	if (sites.length < 2)
		return null;
	return (
		<section>
			<h2>Sites</h2>
			<Table label="Sites" prefix="sites-" columns={siteColumns} rows={sites} rowKey={(site) => site.site ?? ""}
				href={(site) => (site.site === undefined ? undefined : link("/fleet", { site: site.site, sensor: "" }))} empty={null} />
		</section>
	);
}

function None(): JSX.Element {
	if (isHub.value === false)
		return (
			<Empty>
				This daemon watches one machine. Many are seen together on a hub: <code>breakwater fleet init</code> makes what it needs,
				{" "}<code>breakwater hub</code> starts it; docs/fleet.md has it step by step.
			</Empty>
		);
	return (
		<Empty>
			No sensor has joined this fleet yet. For each machine <code>breakwater fleet token</code> prints a line here that is good once;
			there paste it into <code>breakwater fleet join</code>, and start <code>breakwater run</code>.
		</Empty>
	);
}

const actionsOf = (sensor: Sensor): JSX.Element => (
	<>
		<a href={link("/ports", { sensor: sensor.sensor })}>Ports<span class="hidden"> of {sensor.sensor}</span></a>{" "}
		<a href={link("/incidents", { sensor: sensor.sensor })}>Incidents<span class="hidden"> of {sensor.sensor}</span></a>
	</>
);

export default function Fleet(): JSX.Element {
	const all = useRecords("sensor", { limit: LIMIT }, { every_s: EVERY_S });
	const sensors = useMemo(() => inOrder(all.value ?? []), [all.value]);
	const sites = useMemo(() => sitesOf(sensors), [sensors]);
	const shown = sensors.filter(isWanted);
	return (
		<Loaded data={all} what="sensors">
			{() => (sensors.length === 0 ? <None /> : (
				<>
					<Summary sensors={sensors} />
					<Refused sensors={sensors} />
					<Sites sites={sites} />
					<section>
						<h2>Sensors</h2>
						<Filters filters={filters}>
							<span role="status">{shown.length === sensors.length ? "" : `${count(shown.length)} of `}{plural(sensors.length, "sensor")}</span>
						</Filters>
						<Table label="Sensors, what is wrong first" columns={columns} rows={shown} rowKey={(sensor) => sensor.sensor ?? ""}
							href={(sensor) => link("/ports", { sensor: sensor.sensor })} actions={actionsOf}
							empty={<Empty>No sensor is left by these filters.</Empty>} />
					</section>
				</>
			))}
		</Loaded>
	);
}
