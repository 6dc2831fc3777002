/*
 * forecasts.tsx: what will cross which limit, when and how surely; what was not as usual;
 * and how much room there is.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { aggregate, type Group, type Row } from "../api";
import { useData, useRecords } from "../data";
import { isHub } from "../fleet";
import { Empty, Loaded } from "../parts/Empty";
import { Facts } from "../parts/Facts";
import { Figure, Figures } from "../parts/Figure";
import { choicesOf, Filters, matches, type Filter } from "../parts/Filters";
import { ForecastChart, hasPast } from "../parts/ForecastChart";
import { Table, type Column } from "../parts/Table";
import { anomalyColumns } from "../records/anomaly";
import { fleetCapacityColumns } from "../records/fleet_capacity";
import { crossesWords, forecastColumns, hiddenBecause, LIKELY, metricWords, newestOf, ofMetric, POSSIBLE, sentenceOf, whatOf, hundredths, type Forecast } from "../records/forecast";
import { portHref } from "../records/port";
import { here, link, param } from "../state";
import { useStatus } from "../status";
import { ago, count, endpoint, exact, percent, plural, rate, span, time } from "../words";

const LIMIT = 5000;
/* They are made once a day. */
const SINCE = "3d";

function filtersOf(rows: readonly Forecast[]): Filter[] {
	return [
		{ name: "text", label: "Search", placeholder: "service, value" },
		{ name: "value", label: "Value", choices: choicesOf(rows, (f) => metricWords(f.metric)) },
		{ name: "crosses", label: "Crosses", choices: [{ value: "likely", label: "rather than not" }, { value: "possible", label: "perhaps (10 % or more)" }] },
	];
}

function isWanted(f: Forecast): boolean {
	const least = param("crosses") === "likely" ? LIKELY : param("crosses") === "possible" ? POSSIBLE : 0;
	return (f.probability ?? 0) >= least && (param("value") === undefined || param("value") === metricWords(f.metric)) &&
		matches(param("text"), f.subject, f.service, f.metric, metricWords(f.metric));
}

function Soonest({ forecasts }: { forecasts: readonly Forecast[] }): JSX.Element {
	const likely = forecasts.filter((f) => (f.probability ?? 0) >= LIKELY);
	return (
		<div role="status">
			{likely.length === 0
				? <Empty>Nothing is expected to cross its limit rather than not, as far as its past tells.</Empty>
				: <ul class="forecast-soonest">{likely.slice(0, 5).map((f) => <li key={`${f.subject} ${f.metric}`}><a href={hrefOf(f)}>{sentenceOf(f)}</a></li>)}</ul>}
		</div>
	);
}

function hrefOf(f: Forecast): string {
	return link("/forecasts", { subject: f.subject, metric: f.metric });
}

function Crossings({ forecasts }: { forecasts: readonly Forecast[] }): JSX.Element {
	const hidden = forecasts.filter((f) => hiddenBecause(f) !== undefined), told = forecasts.filter((f) => hiddenBecause(f) === undefined);
	const shown = told.filter(isWanted), newest = told.map((f) => f.at ?? "").sort().pop();
	return (
		<section>
			<header><h2>What will cross its limit</h2><p>{newest === undefined ? "" : `Made once a day, last of what was known at ${time(newest)}.`}</p></header>
			<Soonest forecasts={told} />
			<Filters filters={filtersOf(told)}>
				<span role="status">{shown.length === told.length ? "" : `${shown.length} of `}{plural(told.length, "forecast")}</span>
			</Filters>
			<Table label="Forecasts" columns={forecastColumns} rows={shown} rowKey={(f) => `${f.subject} ${f.metric}`} href={hrefOf}
				empty={<Empty>{told.length === 0
					? "Nothing is foretold yet: it takes three days of history, and is made once a day. breakwater forecast says now what can be said, and of what nothing can be, and why."
					: "None is left by these filters."}</Empty>} />
			<p class="quiet forecast-about">
				Skill is how much smaller the errors were than those of the guess that all stays as it is, tried on its own past: 100 % is never wrong, 0 % as good as that guess.
				What has no skill is not shown{hidden.length > 0 ? `: ${plural(hidden.length, "forecast")} of ${[...new Set(hidden.map((f) => f.subject))].slice(0, 5).join(", ")}` : ""}; breakwater forecast --all lists it with the reason.
			</p>
		</section>
	);
}

function One({ forecast, anomalies }: { forecast: Forecast; anomalies: readonly Row<"anomaly">[] }): JSX.Element {
	const value = (one: number | undefined) => ofMetric(forecast.metric, one), why = hiddenBecause(forecast);
	return (
		<section>
			<h2>{whatOf(forecast)}</h2>
			{why !== undefined
				? <Empty>Nothing is told of it: {why}.</Empty>
				: (
					<>
						<p class="forecast-sentence">{sentenceOf(forecast)}</p>
						{hasPast(forecast) && <ForecastChart forecast={forecast} anomalies={anomalies} />}
						<div class="card">
							<Facts facts={[
								{ name: "Now", value: value(forecast.now), help: "Median of the last three hours." },
								{ name: "Expected", value: `${value(forecast.predicted)} (${value(forecast.low)} to ${value(forecast.high)}), the highest hour of the day in ${span(forecast.horizon_s ?? 0)}` },
								{ name: "Limit", value: forecast.limit !== undefined && `${value(forecast.limit)}${forecast.limit_of === undefined ? "" : `, from ${forecast.limit_of}`}` },
								{ name: "Crosses it", value: crossesWords(forecast) },
								{ name: "Probability", value: hundredths(forecast.probability) },
								{ name: "Last at its limit", value: forecast.crossed_last && <span title={exact(forecast.crossed_last)}>{ago(forecast.crossed_last)}</span> },
								{ name: "Skill", value: forecast.skill === undefined ? "not known: it never changed, or its end is" : hundredths(forecast.skill) },
								{ name: "Method", value: forecast.method },
								{ name: "Made of", value: `${span(forecast.history_s ?? 0)} of history, until ${time(forecast.at)}` },
								{ name: "More", value: portHref(forecast.server_ip, forecast.port, forecast.transport, forecast.sensor) && <a href={portHref(forecast.server_ip, forecast.port, forecast.transport, forecast.sensor)}>all of the port</a> },
							]} />
						</div>
					</>
				)}
		</section>
	);
}

function Subject({ forecasts, subject }: { forecasts: readonly Forecast[]; subject: string }): JSX.Element {
	const anomalies = useRecords("anomaly", { target: subject, since: "30d", limit: LIMIT }, { every_s: 60 });
	const own = forecasts.filter((f) => f.subject === subject && (param("metric") === undefined || f.metric === param("metric")));
	const others = forecasts.filter((f) => f.subject === subject && !own.includes(f));
	return (
		<>
			<p><a href={link("/forecasts")}>All forecasts</a></p>
			{own.length === 0 && <Empty>Nothing is foretold of {subject}: its history is too short, or it is as good as a random walk.</Empty>}
			{own.map((f) => <One key={f.metric} forecast={f} anomalies={anomalies.value ?? []} />)}
			{others.length > 0 && (
				<section>
					<h2>Its other values</h2>
					<ul class="forecast-others">{others.map((f) => <li key={f.metric}><a href={here({ metric: f.metric })}>{metricWords(f.metric)}</a></li>)}</ul>
				</section>
			)}
			<section>
				<h2>Not as usual</h2>
				<Loaded data={anomalies} what="unusual values">
					{(rows) => <Table label="Unusual values" columns={anomalyColumns} rows={rows} rowKey={(a) => `${a.metric} ${a.at}`} prefix="unusual-"
						empty={<Empty>All its values of the last 30 days were as usual, or the history is too short to tell.</Empty>} />}
				</Loaded>
			</section>
		</>
	);
}

function Unusual(): JSX.Element {
	const anomalies = useRecords("anomaly", { since: "30d", limit: LIMIT }, { live: ["anomaly"], every_s: 60 });
	return (
		<section>
			<header><h2>Not as usual</h2><p>In the last 30 days. One such value tells nobody; several of a service at once are an alert.</p></header>
			<Loaded data={anomalies} what="unusual values">
				{(rows) => <Table label="Unusual values" columns={anomalyColumns} rows={rows} rowKey={(a) => `${a.target} ${a.metric} ${a.at}`} prefix="unusual-"
					empty={<Empty>All values were as usual, or the history is too short to tell (two weeks).</Empty>} />}
			</Loaded>
		</section>
	);
}

/* ---- room ---- */

function Machine(): JSX.Element {
	const self = useRecords("self", {}, { live: ["self"], every_s: 10 }), status = useStatus().value, one = self.value?.[0];
	const share = (part: number | undefined, whole: number | undefined) => (part === undefined || whole === undefined || whole === 0 ? undefined : part / whole);
	const ports = share(one?.client_ports, one?.client_ports_max), files = share(one?.files, one?.files_max);
	return (
		<Loaded data={self} what="capacity of this machine">
			{() => (
				<Figures>
					<Figure label="Ephemeral ports taken" value={percent(ports)} over={(ports ?? 0) > 0.8} help="Of the ports for connections to one address and port, of the fullest; over 80 % is an alert."
						note={ports === undefined ? "none has many connections" : `${count(one?.client_ports)} of ${count(one?.client_ports_max)}${one?.client_ports_to === undefined ? "" : ` to ${one.client_ports_to}`}`} />
					<Figure label="Descriptors open" value={percent(files)} over={(files ?? 0) > 0.8} help="Of a listening process, of its limit, of the fullest; over 80 % is an alert."
						note={files === undefined ? "not known" : `${count(one?.files)} of ${count(one?.files_max)} by ${one?.files_of ?? "a process"}`} />
					<Figure label="Throughput now" value={rate(status?.bytes_per_s)} note={`${count(status?.packets_per_s)} packets/s`} />
					<Figure label="Store" value={ofMetric("store_bytes", one?.store_bytes)} note={one?.store_state} href={link("/forecasts", { subject: "store" })} />
				</Figures>
			)}
		</Loaded>
	);
}

/** A hub's: what each service has left over all sensors that have it. */
function Fleet(): JSX.Element {
	const services = useRecords("fleet_capacity", { sort: "headroom_ratio:asc", limit: LIMIT }, { every_s: 60 });
	return (
		<Loaded data={services} what="capacity of the fleet">
			{(rows) => (
				<>
					<h3 class="forecast-h3">Services of the fleet, over all sensors that have them</h3>
					<Table label="Capacity of the fleet" columns={fleetCapacityColumns} rows={rows} rowKey={(c) => `${c.port}/${c.transport}`} prefix="fleet-"
						empty={<Empty>No sensor that is up has told of a service.</Empty>} />
				</>
			)}
		</Loaded>
	);
}

interface Use {
	key: string;
	group: Group;
	/** Bytes a second, of the busier direction. */
	busiest: number;
	mean: number;
	at: string;
}

/** The busiest hour of each service: the daemon sums by hour, and hours are few. */
function usesOf(rows: readonly Group[]): Use[] {
	const uses = new Map<string, { use: Use; sum: number; hours: number }>();
	for (const group of rows) {
		if (group.server_ip === undefined || group.at === undefined)
			continue;
		const key = `${group.server_ip} ${group.port} ${group.transport}`;
		const per_s = Math.max(Number(group.sum_client_bytes ?? 0), Number(group.sum_server_bytes ?? 0)) / 3600;
		const known = uses.get(key) ?? { use: { key, group, busiest: -1, mean: 0, at: group.at }, sum: 0, hours: 0 };
		known.sum += per_s;
		known.hours++;
		if (per_s > known.use.busiest)
			known.use = { ...known.use, busiest: per_s, at: group.at };
		uses.set(key, known);
	}
	return [...uses.values()].map(({ use, sum, hours }) => ({ ...use, mean: sum / hours })).sort((a, b) => b.busiest - a.busiest);
}

const useColumns: Column<Use>[] = [
	{ name: "service", title: "Service", help: "Address, port and transport.", value: (u) => endpoint(String(u.group.server_ip), Number(u.group.port), String(u.group.transport)) },
	{ name: "busiest", title: "Busiest hour", help: "Mean of that hour, of the busier direction.", numeric: true, value: (u) => u.busiest, show: (v) => rate(Number(v)) },
	{ name: "at", title: "That was", help: "When that hour began.", value: (u) => u.at, show: (_v, u) => time(u.at), exact: (u) => exact(u.at) },
	{ name: "mean", title: "Mean", help: "Over all hours in which it carried something.", numeric: true, value: (u) => u.mean, show: (v) => rate(Number(v)) },
];

function Services(): JSX.Element {
	const uses = useData("uses", (abort) => aggregate({ record: "port", by: ["server_ip", "port", "transport"], sum: ["client_bytes", "server_bytes"],
		step: "1h", limit: 100, sort: "sum_server_bytes", where: { since: "7d" } }, abort), { every_s: 300 });
	const rows = useMemo(() => usesOf(uses.value?.rows ?? []), [uses.value]);
	return (
		<Loaded data={uses} what="use of services">
			{(all) => (
				<>
					<h3 class="forecast-h3">Throughput of services, last 7 days</h3>
					<Table label="Throughput of services" columns={useColumns} rows={rows} rowKey={(u) => u.key} prefix="use-"
						href={(u) => portHref(String(u.group.server_ip), Number(u.group.port), String(u.group.transport))}
						empty={<Empty>No service carried anything.</Empty>} />
					{all.groups > 100 && <p class="quiet">The busiest 100 of {count(all.groups)}.</p>}
				</>
			)}
		</Loaded>
	);
}

const certificateColumns: Column<Row<"probe">>[] = [
	{ name: "target", title: "Target", help: "Whose certificate it is.", value: (p) => p.target },
	{ name: "ends", title: "Ends", help: "The first certificate of its chain to end.", numeric: true, value: (p) => Date.parse(p.cert_not_after!), show: (_v, p) => ago(p.cert_not_after), exact: (p) => exact(p.cert_not_after),
	  over: (value) => Number(value) - Date.now() < 21 * 86400000 },
	{ name: "subject", title: "Subject", help: "Whom it names.", value: (p) => p.cert_subject },
	{ name: "issuer", title: "Issuer", help: "Who signed it.", value: (p) => p.cert_issuer },
];

function Certificates(): JSX.Element {
	const probes = useRecords("probe", { limit: 20000 }, { every_s: 60 });
	const rows = useMemo(() => (probes.value ?? []).filter((p) => p.cert_not_after !== undefined)
		.sort((a, b) => a.cert_not_after!.localeCompare(b.cert_not_after!)), [probes.value]);
	return (
		<Loaded data={probes} what="certificates">
			{() => (
				<>
					<h3 class="forecast-h3">Certificates, by when they end</h3>
					<Table label="Certificates" columns={certificateColumns} rows={rows} rowKey={(p) => p.target ?? ""} prefix="certificates-"
						href={(p) => link("/availability", { target: p.target })} empty={<Empty>No target that is asked has a certificate.</Empty>} />
				</>
			)}
		</Loaded>
	);
}

export default function Forecasts(): JSX.Element {
	const forecasts = useRecords("forecast", { since: SINCE, limit: LIMIT }, { live: ["forecast"], every_s: 300 });
	const newest = useMemo(() => newestOf(forecasts.value ?? []), [forecasts.value]);
	const subject = param("subject");
	if (subject !== undefined)
		return <Loaded data={forecasts} what="forecasts">{() => <Subject forecasts={newest} subject={subject} />}</Loaded>;
	return (
		<>
			<Loaded data={forecasts} what="forecasts">{() => <Crossings forecasts={newest} />}</Loaded>
			<Unusual />
			<section>
				<h2>Room</h2>
				<Machine />
				{isHub.value === true && <Fleet />}
				<Services />
				<Certificates />
			</section>
		</>
	);
}
