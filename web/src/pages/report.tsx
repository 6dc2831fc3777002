/*
 * report.tsx: one report: a framework's controls or a document's sections, the evidence for
 * them, how much of the time was observed, and all of it as files.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { get, getFile, getJson, may, type Row } from "../api";
import { useData } from "../data";
import { isHub } from "../fleet";
import { Badge } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Facts } from "../parts/Facts";
import { Figure, Figures } from "../parts/Figure";
import { Observed } from "../parts/Observed";
import { useKinds } from "../parts/ReportList";
import { TimeRange } from "../parts/TimeRange";
import {
	columnsOf, coverageWords, fileHref, FORMATS, observedShares, OUTCOMES, outcomeHelp, outcomesOf, outcomeTone, outcomeWords,
	presets, reviewWords, rowWords, strengthHelp, type Control, type Evidence, type Kind, type Report,
} from "../records/evidence";
import { headlineOf } from "../records/incident";
import { here, param, rangeOf, setParams, type Params } from "../state";
import { count, exact, percent, plural, spaced, UNKNOWN } from "../words";

const USUAL = "30d";
/** Rows of each piece of evidence that the page is given; what deviates comes first. */
const ROWS = 100;

function Outcome({ outcome }: { outcome: string }): JSX.Element {
	return <Badge tone={outcomeTone(outcome)} title={outcomeHelp(outcome)}>{outcomeWords(outcome)}</Badge>;
}

/* ---- evidence ---- */

function Rows({ evidence }: { evidence: Evidence }): JSX.Element {
	const columns = columnsOf(evidence), left = evidence.row_count - evidence.rows.length;
	return (
		<>
			<div class="scroll" tabIndex={0} role="region" aria-label={`${evidence.title}: rows`}><table>
				<thead><tr>{columns.map((name) => <th key={name} scope="col">{spaced(name)}</th>)}</tr></thead>
				<tbody>{evidence.rows.map((row, i) => (
					<tr key={i} class={row.deviation === undefined ? undefined : "bad"}>
						{columns.map((name) => <td key={name} class={typeof row[name] === "number" ? "number" : "text"} title={String(row[name] ?? "")}>{row[name] ?? UNKNOWN}</td>)}
					</tr>
				))}</tbody>
			</table></div>
			{left > 0 && <p class="quiet">{plural(left, "more row")} in the CSV.</p>}
		</>
	);
}

function Piece({ evidence }: { evidence: Evidence }): JSX.Element {
	const [open, setOpen] = useState(false);
	return (
		<section class="card report-evidence" id={evidence.id} tabIndex={-1} aria-labelledby={`title-${evidence.id}`}>
			<h3 id={`title-${evidence.id}`}>{evidence.id} {evidence.title} <Outcome outcome={evidence.outcome} /></h3>
			<p><strong>{evidence.question}</strong></p>
			{evidence.problem !== undefined && <p class="problem">! {evidence.problem}</p>}
			<p>{evidence.shows}</p>
			<p><em>What it can't show:</em> {evidence.limits}</p>
			<p>{coverageWords(evidence.coverage, exact)}.</p>
			<p>{reviewWords(evidence.review, exact)}</p>
			{evidence.rows.length === 0 ? <Empty>There is no row: {outcomeHelp(evidence.outcome)}</Empty> : (
				<details onToggle={(event) => setOpen(event.currentTarget.open)}>
					<summary>{rowWords(evidence)}</summary>
					{open && <Rows evidence={evidence} />}
				</details>
			)}
			<details>
				<summary>Hashes</summary>
				<Facts facts={[
					{ name: "Rows, SHA-256", value: <code>{evidence.sha256}</code>, help: "Of all rows as CSV: who asks the same store again gets the same." },
					{ name: "Query, SHA-256", value: <code>{evidence.query_sha256}</code>, help: `Of version ${evidence.version}.` },
					{ name: "Collect again by", value: exact(evidence.expires) ?? UNKNOWN, help: "After that it is too old to count." },
				]} />
			</details>
		</section>
	);
}

/** To a piece of evidence below, which then has the focus. */
function Links({ ids }: { ids: readonly string[] }): JSX.Element {
	const go = (id: string) => (event: MouseEvent) => {
		const piece = document.getElementById(id);
		event.preventDefault();
		piece?.scrollIntoView();
		piece?.focus({ preventScroll: true });
	};
	return <>{ids.map((id, i) => <span key={id}>{i > 0 ? ", " : ""}<a href={`#${id}`} onClick={go(id)}>{id}</a></span>)}</>;
}

/* ---- controls, sections ---- */

function ControlItem({ control }: { control: Control }): JSX.Element {
	return (
		<li class="card">
			<h3>{control.id} {control.title}</h3>
			<p class="report-marks"><Outcome outcome={control.outcome} /> <span title={strengthHelp(control.strength)}>{control.strength} evidence: <Links ids={control.evidence} /></span></p>
			<p>{control.shows}</p>
			<p><em>Missing:</em> {control.missing}</p>
		</li>
	);
}

function Controls({ controls }: { controls: readonly Control[] }): JSX.Element {
	const wanted = param("outcome"), shown = controls.filter(({ outcome }) => wanted === undefined || outcome === wanted);
	return (
		<section>
			<header><h2>Controls</h2>
				{wanted !== undefined && <p role="status">{count(shown.length)} of {count(controls.length)}: {outcomeWords(wanted)}. <a href={here({ outcome: undefined })}>Show all</a></p>}</header>
			{shown.length === 0 ? <Empty>No control has this outcome.</Empty> : <ul class="report-controls">{shown.map((control) => <ControlItem key={control.id} control={control} />)}</ul>}
		</section>
	);
}

function Sections({ sections }: { sections: NonNullable<Report["sections"]> }): JSX.Element {
	return (
		<section>
			<h2>Sections</h2>
			<ul class="report-controls">{sections.map(({ title, text, evidence, blanks }) => (
				<li key={title} class="card">
					<h3>{title}</h3>
					{text !== undefined && <p>{text}</p>}
					{evidence.length > 0 && <p>Evidence: <Links ids={evidence} /></p>}
					{blanks.length > 0 && <p><em>For a person to write:</em> {blanks.join(", ")}</p>}
				</li>
			))}</ul>
		</section>
	);
}

function Beyond({ beyond }: { beyond: NonNullable<Report["beyond"]> }): JSX.Element {
	return (
		<section>
			<header><h2>What a port monitor can't show</h2><p>Controls that need other evidence.</p></header>
			<details><summary>{plural(beyond.length, "control")}</summary>
				<dl class="report-beyond">{beyond.map(({ id, title, why }) => <div key={id}><dt>{id} {title}</dt><dd>{why}</dd></div>)}</dl>
			</details>
		</section>
	);
}

/* ---- all of it ---- */

function auditWords({ audit }: Report): { value: string; over: boolean } {
	if (!audit.checked)
		return { value: "not checked", over: true };
	return (audit.faults ?? 0) > 0 ? { value: plural(audit.faults ?? 0, "fault"), over: true } : { value: audit.in_doubt ? "in doubt" : "as it was written", over: audit.in_doubt ?? false };
}

function InOneLook({ report }: { report: Report }): JSX.Element {
	const of = report.controls ?? report.evidence, counts = outcomesOf(of), shares = observedShares(report.evidence);
	const what = report.controls === undefined ? "piece of evidence" : "control", whats = report.controls === undefined ? "pieces of evidence" : "controls";
	const audit = auditWords(report);
	return (
		<Figures>
			{OUTCOMES.map((outcome) => (
				<Figure key={outcome} label={outcomeWords(outcome)} value={count(counts.get(outcome) ?? 0)} note={`of ${plural(of.length, what, whats)}`} help={outcomeHelp(outcome)}
					over={outcome === "deviations" && counts.has(outcome)} href={report.controls === undefined || !counts.has(outcome) ? undefined : here({ outcome })} />
			))}
			<Figure label="Observed" value={percent(shares?.[0])} over={(shares?.[0] ?? 0) < 0.99} help="Share of the time that was observed, of the evidence of which the least is known."
				note={shares === undefined ? "nothing is known" : shares[0] === shares[1] ? "of the time, of all evidence" : `to ${percent(shares[1])}, by kind of evidence`} />
			<Figure label="Audit trail" value={audit.value} over={audit.over} note={report.audit.problem ?? `${plural(report.audit.records ?? 0, "record")} checked`} help="Whether the record of changes and decisions is what was written." />
		</Figures>
	);
}

/** What the browser keeps under its name, as if the link had led to it. */
function keep(name: string, content: Blob): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(content);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/**
 * Each is a link, so it can be copied and opened elsewhere; who follows it here hears why, if
 * there is none: a browser says nothing of what is refused.
 */
function Files({ kind, params }: { kind: Kind; params: Params }): JSX.Element {
	const [said, setSaid] = useState<{ problem?: string; making?: string }>({});
	const get = (what: string) => async (event: JSX.TargetedMouseEvent<HTMLAnchorElement>) => {
		if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
			return;
		event.preventDefault();
		if (said.making !== undefined)
			return;
		setSaid({ making: what });
		try {
			const { name, content } = await getFile(event.currentTarget.href);
			keep(name, content);
			setSaid({});
		} catch (error) {
			setSaid({ problem: `No ${what}: ${error instanceof Error ? error.message : String(error)}` });
		}
	};
	/* What is to be verified is made where its audit chain is: there is no bundle of a fleet's. */
	return (
		<nav class="report-files no-print" aria-label="As files">
			<span>As a file:</span>
			{kind.formats.map((format) => <a key={format} class="button" href={fileHref(kind.name, { ...params, format })} download title={FORMATS[format]} onClick={get(format.toUpperCase())}>{format.toUpperCase()}</a>)}
			{may("operator") && isHub.value !== true && <a class="button" href={fileHref(kind.name, { ...params, bundle: 1 })} download onClick={get("bundle")}
				title="With all that it rests on, signed: anybody can check it with breakwater evidence verify">Bundle</a>}
			{said.making !== undefined && <span role="status">Making the {said.making} …</span>}
			{said.problem !== undefined && <span class="problem" role="alert">! {said.problem}</span>}
		</nav>
	);
}

/** At a hub: of whom it is, as the head of the page chooses. */
function Whose({ fleet }: { fleet: NonNullable<Report["fleet"]> }): JSX.Element {
	return (
		<section>
			<header><h2>Whose records these are</h2><p>{plural(fleet.sensors.length, "sensor")}, of {fleet.chosen}; a site, a tag or sensors are chosen in the head of the page.</p></header>
			<p>{fleet.limits}</p>
			<div class="scroll" tabIndex={0} role="region" aria-label="Whose records these are"><table>
				<thead><tr>{["Sensor", "Site", "Tags", "Told from", "until"].map((title) => <th key={title} scope="col">{title}</th>)}</tr></thead>
				<tbody>{fleet.sensors.map(({ sensor, site, tags, told_since, told_until }) => (
					<tr key={sensor}><th scope="row">{sensor}</th><td>{site ?? UNKNOWN}</td><td>{tags ?? UNKNOWN}</td><td>{exact(told_since)}</td><td>{exact(told_until)}</td></tr>
				))}</tbody>
			</table></div>
		</section>
	);
}

function View({ report, kind, about }: { report: Report; kind: Kind; about: Params }): JSX.Element {
	const { framework, document: paper, sections, beyond } = report;
	return (
		<article class="report">
			<section>
				<header><h2>{framework === undefined ? paper?.title : `${framework.title} ${framework.edition}`}</h2>
					<p>{exact(report.since)} to {exact(report.until)}, made {exact(report.made)}</p></header>
				<p>{paper?.purpose ?? "What was observed, for each control that it can speak for. Whether a control is met is for an assessor to say."}</p>
				{framework?.note !== undefined && <p>{framework.note}</p>}
				<Files kind={kind} params={{ ...about, since: report.since, until: report.until }} />
				<InOneLook report={report} />
			</section>
			{report.fleet !== undefined && <Whose fleet={report.fleet} />}
			<section><header><h2>How much was observed</h2><p>Of what was not observed, nothing is said.</p></header>
				<Observed {...report} />
				{report.audit.said.length > 0 && <ul>{report.audit.said.map(({ text }, i) => <li key={i}>{text}</li>)}</ul>}
			</section>
			{report.controls !== undefined && <Controls controls={report.controls} />}
			{sections !== undefined && <Sections sections={sections} />}
			<section><h2>Evidence</h2>{report.evidence.map((evidence) => <Piece key={evidence.id} evidence={evidence} />)}</section>
			{beyond !== undefined && beyond.length > 0 && <Beyond beyond={beyond} />}
		</article>
	);
}

/* ---- whom it is about ---- */

interface Subject {
	name: "host" | "user";
	label: string;
	placeholder: string;
}
const SUBJECTS: readonly Subject[] = [
	{ name: "host", label: "Address or network", placeholder: "192.0.2.7" }, { name: "user", label: "User", placeholder: "alice" },
];

/** Asked at once, not while somebody types: each one is made anew. */
function AskWho(): JSX.Element {
	const submit = (event: JSX.TargetedEvent<HTMLFormElement>) => {
		const form = new FormData(event.currentTarget);
		event.preventDefault();
		setParams(Object.fromEntries(SUBJECTS.map(({ name }) => [name, String(form.get(name) ?? "").trim() || undefined])), false);
	};
	return (
		<form class="filters no-print" onSubmit={submit}>
			{SUBJECTS.map(({ name, label, placeholder }) => (
				<label key={`${name} ${param(name) ?? ""}`} class="filter"><span>{label}</span><input type="search" name={name} defaultValue={param(name) ?? ""} placeholder={placeholder} autocomplete="off" spellcheck={false} /></label>
			))}
			<button type="submit">Show</button>
		</form>
	);
}

function incidentWords(incident: Row<"incident">): string {
	return `${exact(incident.first)?.slice(0, 16)} ${headlineOf(incident)}`;
}

function AskWhich(): JSX.Element {
	const incidents = useData("incidents to report", async (abort) => (await get("incident", { since: "400d", limit: 500 }, abort)).rows, { every_s: 0 });
	return (
		<Loaded data={incidents} what="incidents">{(rows) => (rows.length === 0 ? <Empty>There was no incident to report about.</Empty> : (
			<div class="filters no-print"><label class="filter"><span>Incident</span>
				<select value={param("incident") ?? ""} onChange={(event) => setParams({ incident: event.currentTarget.value }, false)}>
					<option value="">choose one</option>
					{rows.map((row) => <option key={row.id} value={row.id}>{incidentWords(row)}</option>)}
				</select></label></div>
		))}</Loaded>
	);
}

/** What the daemon is told of it; undefined: it is not known yet whom it is about. */
function subjectOf(kind: Kind): Params | undefined {
	const host = param("host"), user = param("user"), incident = param("incident");
	switch (kind.about) {
	case "incident":
		return incident === undefined ? undefined : { incident };
	case "host-or-user":
		return host === undefined && user === undefined ? undefined : { host, user };
	default:
		return {};
	}
}

/* ---- when ---- */

function Period(): JSX.Element {
	const range = rangeOf(USUAL);
	return (
		<div class="filters no-print">
			<nav class="report-presets" aria-label="Periods">
				{presets(Date.now()).map(({ label, since, until }) => (
					<a key={label} href={here({ since, until })} aria-current={range.since === since && range.until === until ? "true" : undefined}>{label}</a>
				))}
			</nav>
			<span class="rest"><TimeRange usual={USUAL} /></span>
		</div>
	);
}

function Of({ kind }: { kind: Kind }): JSX.Element {
	const subject = subjectOf(kind), range = rangeOf(USUAL);
	/* An incident's is of its own time. */
	const times: Params = kind.about === "incident" ? {} : { ...range };
	const asked = subject === undefined ? undefined : { ...subject, ...times, rows: ROWS };
	/* With the choice of the head, so another one is asked for anew. */
	const href = asked && fileHref(kind.name, { ...asked, format: "json" });
	const report = useData(href, (abort) => getJson<Report>(href!, {}, abort), { every_s: 0 });
	return (
		<>
			<p class="no-print report-back"><a href={here({ report: undefined, host: undefined, user: undefined, incident: undefined, outcome: undefined })}>All reports</a></p>
			{kind.about === "host-or-user" && <AskWho />}
			{kind.about === "incident" ? <AskWhich /> : <Period />}
			{subject === undefined ? <Empty>Choose {kind.about === "incident" ? "an incident" : "an address, a network or a user"}: {kind.purpose}</Empty>
				: <Loaded data={report} what="the report">{(value) => <View report={value} kind={kind} about={subject} />}</Loaded>}
		</>
	);
}

export function OneReport({ name }: { name: string }): JSX.Element {
	const kinds = useKinds();
	return (
		<Loaded data={kinds} what="reports">{(all) => {
			const kind = all.find((one) => one.name === name);
			return kind === undefined ? <Empty>There is no report of that name. <a href={here({ report: undefined })}>All reports</a></Empty> : <Of key={name} kind={kind} />;
		}}</Loaded>
	);
}
