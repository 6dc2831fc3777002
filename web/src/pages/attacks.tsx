/*
 * attacks.tsx: what was found in a time, from which networks and countries it came, and
 * all of one finding.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { aggregate, type Aggregate, type Row } from "../api";
import { countriesOf, type Countries } from "../countries";
import { useData, useRecords } from "../data";
import { CountryBars } from "../parts/CountryBars";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, wrongPort, wrongPrefix, type Filter } from "../parts/Filters";
import { FindingDetail } from "../parts/FindingDetail";
import { Table, type Column } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { TreeMap, type TreeBlock } from "../parts/TreeMap";
import { answersOf, type Block } from "../records/block";
import { findingColumns, KINDS, SEVERITIES } from "../records/finding";
import { networksOf, type Source } from "../records/networks";
import { here, link, param, rangeOf, type Params } from "../state";
import { count, plural, spaced } from "../words";

const USUAL = "24h";
/* Of more, the newest: a day of many attackers is tens of thousands, which nobody reads one by one. */
const ROWS_MAX = 5000, SOURCES_MAX = 10000;

const filters: Filter[] = [
	{ name: "client_ip", label: "Source", placeholder: "192.0.2.0/24", wrong: wrongPrefix, help: "An address or a network." },
	{ name: "port", label: "Port", placeholder: "22", wrong: wrongPort, help: "Port it is about." },
	{ name: "kind", label: "Kind", choices: Object.keys(KINDS).sort().map((kind) => ({ value: kind, label: spaced(kind) })) },
	{ name: "at_least", label: "Severity", choices: SEVERITIES.slice(1).map((one) => ({ value: one, label: one === "critical" ? one : `${one} and up` })) },
	{ name: "state", label: "State", choices: ["open", "closed"] },
];

interface Origins {
	answer: Aggregate;
	/** Those that are named. */
	sources: Source[];
	countries: Countries;
}

async function askOrigins(where: Params, abort: AbortSignal): Promise<Origins> {
	const answer = await aggregate({ record: "finding", by: ["client_ip"], sum: ["attempts"], limit: SOURCES_MAX, where }, abort);
	const sources = answer.rows.flatMap((row) => (typeof row.client_ip === "string"
		? [{ ip: row.client_ip, value: Number(row.sum_attempts ?? row.count) }] : []));
	return { answer, sources, countries: await countriesOf(sources.map(({ ip }) => ip), abort) };
}

function blocksOf(sources: readonly Source[], prefix: string | undefined): TreeBlock[] {
	return networksOf(sources, prefix).map(({ name, value, sources: many }) =>
		({ key: name, label: name, value, isToldByEnd: !name.includes("/"), note: name.includes("/") ? plural(many, "source") : undefined, href: here({ client_ip: name, sort: undefined }) }));
}

/** The way back up: each network that the one that is looked at lies in. */
function Path({ prefix }: { prefix: string }): JSX.Element {
	return (
		<p class="attacks-path">
			<a href={here({ client_ip: undefined })}>All networks</a> › <strong>{prefix}</strong>
		</p>
	);
}

function FromWhere({ where }: { where: Params }): JSX.Element {
	const prefix = param("client_ip");
	const origins = useData(`sources ${JSON.stringify(where)}`, (abort) => askOrigins(where, abort), { live: ["finding"], every_s: 60 });
	const blocks = useMemo(() => (origins.value ? blocksOf(origins.value.sources, prefix) : []), [origins.value, prefix]);
	return (
		<section>
			<header><h2>From where</h2><p>attempts by the network and country of their source</p></header>
			{prefix !== undefined && <Path prefix={prefix} />}
			<Loaded data={origins} what="sources">
				{({ answer, sources, countries }) => {
					const unnamed = answer.rows.find((row) => row.client_ip === undefined);
					return (
						<>
							{blocks.length === 0
								? <Empty>No finding names a source, in this time: what was found was nobody's attack, or its sources were many or forged.</Empty>
								: <TreeMap label="Attempts by network" title="Network" blocks={blocks} show={count} />}
							{sources.length > 0 && <CountryBars what="Attempts" sources={sources} countries={countries} />}
							<p class="quiet">
								{unnamed !== undefined && `${plural(unnamed.count, "finding")} ${unnamed.count === 1 ? "names" : "name"} no source. `}
								{answer.others !== undefined && `The ${count(SOURCES_MAX)} sources with the most attempts are here; ${plural(answer.others.groups, "other")} made ${count(Number(answer.others.sum_attempts ?? 0))}.`}
							</p>
						</>
					);
				}}
			</Loaded>
		</section>
	);
}

/** Whether the source of each is blocked, before how sure it is. */
function columnsWith(blocks: readonly Block[] | undefined): Column<Row<"finding">>[] {
	const rest = findingColumns.filter(({ name }) => name !== "proof"), proof = findingColumns.filter(({ name }) => name === "proof");
	const answerTo = blocks && answersOf(blocks);
	const at = rest.findIndex(({ name }) => name === "attempts") + 1, after = rest.findIndex(({ name }) => name === "last") + 1;
	return [...rest.slice(0, at),
		{ name: "answer", title: "Answer", help: "Whether its source was blocked because of it, or is for another reason; who is, and why others are not, is on the page Blocks.",
		  value: (f) => answerTo?.(f) },
		...rest.slice(at, after), ...proof, ...rest.slice(after)];
}

function All(): JSX.Element {
	const range = rangeOf(USUAL);
	const blocks = useRecords("block", { ...range, limit: ROWS_MAX }, { live: ["block"], every_s: 60 });
	const columns = useMemo(() => columnsWith(blocks.value), [blocks.value]);
	const where: Params = { ...range, ...Object.fromEntries(filters.map(({ name }) => [name, param(name)])) };
	const findings = useRecords("finding", { ...where, limit: ROWS_MAX }, { live: ["finding"], every_s: 60 });
	return (
		<>
			<Filters filters={filters}><TimeRange usual={USUAL} /></Filters>
			<FromWhere where={where} />
			<section>
				<header><h2>Findings</h2>
					<p role="status">{findings.value && `${findings.total > findings.value.length
						? `the newest ${count(findings.value.length)} of ${count(findings.total)} (a shorter time or a filter shows the others)` : count(findings.value.length)}, ` +
						`${count(findings.value.filter(({ state }) => state === "open").length)} of them open`}</p></header>
				<Loaded data={findings} what="findings">
					{(rows) => <Table label="Findings" columns={columns} rows={rows} rowKey={(f) => f.id ?? ""} usualSort="-last"
						href={(f) => link("/attacks", { id: f.id })}
						empty={<Empty>Nothing was found, in this time and with these filters. Scans, guesses at passwords, floods and more are looked for in
							all packets and logs, always.</Empty>} />}
				</Loaded>
			</section>
		</>
	);
}

export default function Attacks(): JSX.Element {
	const id = param("id");
	return id === undefined ? <All /> : <FindingDetail id={id} />;
}
