/*
 * ReportList.tsx: which reports can be made, and which the daemon has made by itself.
 */
import type { JSX } from "preact";
import { getJson, type Row } from "../api";
import { useData, useRecords } from "../data";
import { outcomeTone, outcomeWords, type Kind } from "../records/evidence";
import { here } from "../state";
import { bytes, exact, percent, plural, span, time, UNKNOWN } from "../words";
import { Badge } from "./Badge";
import { Empty, Loaded } from "./Empty";
import { Table, type Column } from "./Table";

const SHOWN = 100;

/** They are the program's: the same until another one runs. */
export function useKinds(): ReturnType<typeof useData<Kind[]>> {
	return useData("reports", async (abort) => (await getJson<{ reports: Kind[] }>("/api/v1/reports", {}, abort)).reports, { every_s: 0 });
}

function One({ kind }: { kind: Kind }): JSX.Element {
	const about = kind.document ? kind.purpose : `${kind.edition}; ${plural(kind.controls ?? 0, "control")}, mapped ${kind.reviewed}`;
	return <li><a href={here({ report: kind.name, outcome: undefined })}>{kind.title}</a> <span class="report-about">{about}</span></li>;
}

export function Kinds(): JSX.Element {
	const kinds = useKinds();
	return (
		<section class="no-print">
			<header><h2>Reports with evidence</h2><p>What was observed, for each control of a framework, or as a document; with how much of the time was observed, and what is missing.</p></header>
			<Loaded data={kinds} what="reports">{(all) => (
				<div class="report-kinds">
					<div><h3>Frameworks</h3><ul>{all.filter((kind) => !kind.document).map((kind) => <One key={kind.name} kind={kind} />)}</ul></div>
					<div><h3>Documents</h3><ul>{all.filter((kind) => kind.document).map((kind) => <One key={kind.name} kind={kind} />)}</ul></div>
				</div>
			)}</Loaded>
		</section>
	);
}

type MadeRow = Row<"report_made">;

const columns: Column<MadeRow>[] = [
	{ name: "at", title: "Made", help: "When it was made, or failed.", value: (row) => row.at, show: (value) => time(String(value)), exact: (row) => exact(row.at) },
	{ name: "report", title: "Report", help: "Which framework or document.", value: (row) => row.report },
	{ name: "chosen", title: "Of", help: "At a hub: whose records it is made of.", value: (row) => row.chosen, optional: true },
	{ name: "period_start", title: "From", help: "Begin of the period that it is about.", value: (row) => row.period_start, show: (value) => String(value).slice(0, 10), exact: (row) => exact(row.period_start) },
	{ name: "period_end", title: "Until", help: "End of the period.", value: (row) => row.period_end, show: (value) => String(value).slice(0, 10), exact: (row) => exact(row.period_end) },
	{
		name: "outcome", title: "Outcome", help: "The gravest of what it holds; or why there is none.", value: (row) => (row.state === "failed" ? "failed" : row.outcome),
		show: (value, row) => (row.state === "failed"
			? <Badge tone="bad" title={row.error}>failed: {row.error ?? "why is not known"}</Badge>
			: <Badge tone={outcomeTone(String(value))}>{outcomeWords(String(value))}</Badge>),
	},
	{ name: "observed", title: "Observed", help: "Share of the period that was observed.", value: (row) => row.observed, show: (value) => percent(Number(value)), numeric: true },
	{ name: "deviate", title: "Deviate", help: "Pieces of evidence that deviate.", value: (row) => row.deviate, numeric: true },
	{ name: "files", title: "Files", help: "In the folder reports/ of the state folder.", value: (row) => row.files },
	{ name: "mailed_to", title: "Sent to", help: "Who was given it; what came of that stands among the notifications.", value: (row) => row.mailed_to },
	{ name: "actor", title: "Asked by", help: "Who asked for it; breakwater: the schedule.", value: (row) => row.actor },
	{ name: "bytes", title: "Size", help: "Of its files in all.", value: (row) => row.bytes, show: (value) => bytes(Number(value)), numeric: true, optional: true },
	{ name: "took", title: "Took", help: "How long it took to make.", value: (row) => row.took_us, show: (value) => span(Number(value) / 1e6), numeric: true, optional: true },
	{ name: "sha256", title: "SHA-256", help: "Of its list of digests, which the audit chain holds, too.", value: (row) => row.sha256, optional: true },
];

export function Made(): JSX.Element {
	const made = useRecords("report_made", { since: "400d", limit: SHOWN }, { live: ["report_made"], every_s: 60 });
	return (
		<section class="no-print">
			<header><h2>Made by schedule</h2><p>By <code>report.schedule</code> of the configuration, or <code>breakwater reports run</code>; the newest {SHOWN}.</p></header>
			<Loaded data={made} what="reports that were made">{(rows) => (
				<Table small label="Reports that were made" prefix="made-" columns={columns} rows={rows} usualSort="-at"
					rowKey={(row) => `${row.at ?? UNKNOWN} ${row.report} ${row.period_start}`} empty={<Empty>None was made yet: no schedule is set, or its time has not come.</Empty>} />
			)}</Loaded>
		</section>
	);
}
