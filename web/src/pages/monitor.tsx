/*
 * monitor.tsx: how the monitor itself is: what it may have missed, and why one can trust
 * the rest of the page.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Row } from "../api";
import { useRecords } from "../data";
import { useGaps } from "../gaps";
import { Badge, type Tone } from "../parts/Badge";
import { Chart } from "../parts/Chart";
import { Empty, Loaded } from "../parts/Empty";
import { Facts, type Fact } from "../parts/Facts";
import { Figure, Figures } from "../parts/Figure";
import { HubNeeds, HubTaken } from "../parts/HubHealth";
import { Table, type Column } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import { GAPS } from "../records/events";
import { selfTestFacts } from "../records/self_test";
import { ratesOf } from "../series";
import { link, rangeOf, type Range } from "../state";
import { useHealth, useStatus, type Holds, type Status } from "../status";
import { ago, bytes, count, duration, exact, percent, plural, short, span, spaced } from "../words";

const USUAL = "6h";

function Verdict({ isHub }: { isHub: boolean }): JSX.Element {
	const health = useHealth();
	return (
		<Loaded data={health} what="health">
			{({ status, reasons = [] }) => {
				const tone: Tone = status === "ok" ? "good" : status === "degraded" ? "warn" : "bad";
				return (
					<p class={`posture ${tone}`} role="status">
						<Badge tone={tone}>{status === "ok" ? "The monitor is well" : `The monitor is ${status}`}</Badge>{" "}
						{reasons.join("; ") || (isHub ? "It keeps and judges what sensors tell, and may do what it needs."
							: "It sees every packet, keeps every record, and may do what it needs.")}
					</p>
				);
			}}
		</Loaded>
	);
}

function Lost({ status }: { status: Status }): JSX.Element {
	const undecoded = Object.values(status.undecoded ?? {}).reduce((sum, one) => sum + one, 0);
	const reasons = Object.entries(status.undecoded ?? {}).map(([why, many]) => `${spaced(why)} ${count(many)}`).join(", ");
	const lost = (label: string, value: number | undefined, help: string, note?: string) =>
		<Figure label={label} value={count(value)} help={help} note={note ?? "since the start"} over={(value ?? 0) > 0} />;
	return (
		<section>
			<header><h2>What was missed</h2><p>each counts from the start of the monitor</p></header>
			<Figures>
				<Figure label="Packets taken in" value={count(status.packets)} note={bytes(status.bytes)} />
				{lost("Lost by the kernel", status.kernel_dropped, "Packets that came faster than they were taken.")}
				{lost("Lost between threads", status.ring_dropped, "Records that came faster than they were read.")}
				<Figure label="Not decoded" value={count(undecoded)} help="Packets whose form is wrong or not known." note={reasons || "nothing"} />
				{lost("Connections evicted", status.flows_evicted, "Ended early, as there was no room for more.")}
				{lost("Connections refused", status.flows_refused, "Packets that began none, in an emergency or over a source's share.")}
				{lost("Records not kept", status.store?.lost, "Records that the store could not take.")}
			</Figures>
		</section>
	);
}

function Cost({ status }: { status: Status }): JSX.Element {
	const store = status.store;
	return (
		<section>
			<header><h2>What it costs</h2></header>
			<Figures>
				<Figure label="Processor" value={percent(status.cpu_ratio)} note="of one core" />
				<Figure label="Memory" value={bytes(status.rss_bytes)} note="resident" />
				<Figure label="Store" value={bytes(store?.bytes)} note={store?.oldest ? `since ${ago(store.oldest)}` : undefined} over={store?.state !== undefined && store.state !== "ok"} href={link("/forecasts", { subject: "store" })}
					help="What is kept on disk; the forecast says when it is full." />
				<Figure label="Records waiting" value={count(store?.waiting)} note={store?.written_at ? `written ${ago(store.written_at)}` : undefined} />
				<Figure label="Told after" value={duration(status.findings?.latency_p50_us)} note={`at most ${duration(status.findings?.latency_max_us)}`} help="From the packet that decided a finding until it was said." />
				<Figure label="Runs for" value={status.uptime_s === undefined ? "–" : span(status.uptime_s)} note={`version ${status.version ?? "unknown"}`} />
			</Figures>
			{store?.message ? <p class="problem">! The store: {store.message}</p> : null}
		</section>
	);
}

interface Right extends Holds {
	name: string;
	help: string;
}

const RIGHTS: Record<string, string> = {
	user: "The user that it runs as, after its start.",
	capabilities: "Rights of root that it kept.",
	no_new_privs: "It can't get more rights than it has.",
	landlock: "Files that it may touch are limited by the kernel.",
	seccomp: "System calls that it may make are limited by the kernel.",
	guard: "The one process with rights: it does what the policy allows, and nothing else.",
};

const rightColumns: Column<Right>[] = [
	{ name: "name", title: "What", help: "What is needed, or given up.", value: (r) => r.name },
	{ name: "holds", title: "Holds", help: "Whether it does.", value: (r) => r.holds, show: (v) => <Badge tone={v ? "good" : "bad"}>{v ? "yes" : "no"}</Badge> },
	{ name: "detail", title: "How", help: "As the monitor says itself.", value: (r) => r.detail },
	{ name: "help", title: "What it means", help: "In a sentence.", value: (r) => r.help },
];

function rightsOf(status: Status): Right[] {
	const rows: Right[] = [
		{ name: "packets", help: "Whether packets are watched.", ...status.capture },
		{ name: "prober", help: "The process that asks services whether they are well.", ...status.prober },
		{ name: "firewall", help: "The process that blocks, where blocking is on.", ...status.firewall },
		{ name: "self-test", help: "The process that attacks this machine, to prove that attacks are found.", ...status.self_test },
		...Object.entries(status.privileges ?? {}).map(([name, holds]) => ({ name: spaced(name), help: RIGHTS[name] ?? "", ...holds })),
	];
	return rows.filter((row) => row.holds !== undefined);
}

function Sources({ status }: { status: Status }): JSX.Element {
	const sockets = status.sockets, logs = status.logs;
	const facts: Fact[] = [
		{ name: "Interfaces", value: status.interfaces?.join(", ") || "! none" },
		{ name: "Own networks", value: status.home?.join(", "), help: "Addresses that count as this machine's or its network's (home)." },
		{ name: "Sockets", value: sockets && `${count(sockets.listening)} listening; seen by ${sockets.by_bpf_events ? "BPF events" : "asking the kernel again and again"}${sockets.sees_processes ? ", with their processes" : "; ! processes of others are not seen"}` },
		{ name: "Why not more", value: sockets?.reason },
		{ name: "Logs", value: logs && `${plural(logs.files ?? 0, "file")}${logs.journal ? " and the journal" : ""}, ${plural(logs.lines ?? 0, "line")} read` },
		{ name: "Logs denied", value: logs?.denied },
		{ name: "Register of ports", value: status.policy?.entries ? plural(status.policy.entries, "entry", "entries") : <>none; <code>breakwater policy propose</code> writes one of what is seen</> },
		{ name: "Listens at", value: status.listen },
	];
	return <section><header><h2>What it looks at</h2></header><div class="card"><Facts facts={facts} /></div></section>;
}

function Proof({ status }: { status: Status }): JSX.Element {
	const tests = useRecords("self_test", { limit: 20 }, { every_s: 60 });
	const checkpoints = useRecords("checkpoint", { limit: 1 }, { every_s: 60 });
	const checkpoint = checkpoints.value?.[0];
	return (
		<section>
			<header><h2>Last proof</h2><p>the monitor attacks itself, to see that attacks are found and stopped</p></header>
			<Loaded data={tests} what="self-tests">
				{([last]) => (last === undefined
					? <Empty>It was never made. <code>breakwater self-test</code> makes it now; with blocking on it is made every day.</Empty>
					: <div class="card">
						<p><Badge tone={last.result === "passed" ? status.self_test?.stale ? "warn" : "good" : last.result === "failed" ? "bad" : "unknown"}>{last.result ?? "unknown"}</Badge> {ago(last.at)}{status.self_test?.stale ? ", which is too long ago" : ""}</p>
						<Facts facts={selfTestFacts(last)} />
					</div>)}
			</Loaded>
			{checkpoint && <p class="quiet">Audit chain: signed up to record {count(checkpoint.seq)}, {ago(checkpoint.at)}; <code>breakwater audit verify</code> checks all of it.</p>}
		</section>
	);
}

const gapColumns: Column<Row<"gap">>[] = [
	{ name: "start", title: "From", help: "Begin.", value: (g) => g.start, show: (v) => ago(String(v)), exact: (g) => exact(g.start) },
	{ name: "lasted", title: "Lasted", help: "How long.", numeric: true, value: (g) => (g.start && g.end ? (Date.parse(g.end) - Date.parse(g.start)) / 1000 : undefined), show: (v) => span(Number(v)) },
	{ name: "reason", title: "Why", help: "What was not known then, and why.", value: (g) => g.reason, show: (v) => GAPS[String(v)] ?? spaced(String(v)) },
	{ name: "count", title: "Lost", help: "Packets or records, if that is known.", numeric: true, value: (g) => g.count, show: (v) => count(Number(v)) },
];

function Gaps({ range }: { range: Range }): JSX.Element {
	const gaps = useRecords("gap", { ...range, limit: 1000 }, { every_s: 60 });
	return (
		<section>
			<header><h2>Gaps</h2><p>times of which something is not known, in the range above</p></header>
			<Loaded data={gaps} what="gaps">
				{(rows) => <Table label="Gaps" prefix="g_" columns={gapColumns} rows={rows} rowKey={(g) => `${g.start} ${g.reason}`} empty={<Empty>None: all of this time is known.</Empty>} />}
			</Loaded>
		</section>
	);
}

function History({ range, lagOf }: { range: Range; lagOf: string }): JSX.Element {
	const self = useRecords("self", { ...range, limit: 20000 }, { every_s: 30 });
	const gaps = useGaps(range);
	const { times, cpu, memory, lag, lost } = useMemo(() => {
		const rows = (self.value ?? []).filter((one) => one.at !== undefined).sort((a, b) => (a.at! < b.at! ? -1 : 1));
		const rates = ratesOf(rows.map((one) => ({ at_ms: Date.parse(one.at!), values: [one.dropped, one.records_dropped] })));
		return {
			times: rows.map((one) => Date.parse(one.at!) / 1000),
			cpu: [{ name: "Processor", values: rows.map((one) => one.cpu_ratio), fill: true }],
			memory: [{ name: "Memory", values: rows.map((one) => one.rss_bytes), fill: true }],
			lag: [{ name: "Lag", values: rows.map((one) => one.lag_us) }],
			lost: { times: rates.times, series: [{ name: "Packets", values: rates.values[0] ?? [] }, { name: "Records", values: rates.values[1] ?? [] }] },
		};
	}, [self.value]);
	return (
		<section>
			<header><h2>Over time</h2></header>
			<Loaded data={self} what="history">
				{() => (times.length < 3 ? <Empty>Less than three minutes are kept of this time.</Empty> : (
					<div class="halves">
						<Chart label="Processor, of one core" times={times} series={cpu} show={percent} gaps={gaps} height={140} />
						<Chart label="Memory, resident" times={times} series={memory} show={bytes} gaps={gaps} height={140} />
						<Chart label={`Lag: ${lagOf}`} times={times} series={lag} show={duration} gaps={gaps} height={140} />
						<Chart label="Lost per second" times={lost.times} series={lost.series} show={short} gaps={gaps} height={140} />
					</div>
				))}
			</Loaded>
		</section>
	);
}

export default function Monitor(): JSX.Element {
	const status = useStatus();
	const range = rangeOf(USUAL);
	return (
		<>
			<Verdict isHub={status.value?.hub !== undefined} />
			<Loaded data={status} what="status">
				{(value) => (
					<>
						{value.hub === undefined ? <Lost status={value} /> : <HubTaken hub={value.hub} />}
						<Cost status={value} />
						{value.hub === undefined ? <div class="halves"><Sources status={value} /><Proof status={value} /></div> : <HubNeeds hub={value.hub} listen={value.listen} />}
						<section>
							<header><h2>What it may do</h2></header>
							<Table label="Rights and processes of the monitor" prefix="r_" small columns={rightColumns} rows={rightsOf(value)} rowKey={(r) => r.name}
								empty={<Empty>The monitor does not say.</Empty>} />
						</section>
					</>
				)}
			</Loaded>
			<section class="monitor-range"><TimeRange usual={USUAL} /></section>
			<Gaps range={range} />
			<History range={range} lagOf={status.value?.hub === undefined ? "age of the newest packet when it was read" : "from when the streams had it until it was kept"} />
		</>
	);
}
