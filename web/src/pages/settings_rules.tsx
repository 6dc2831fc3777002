/*
 * settings_rules.tsx: the limits and service levels in force, and where each is from.
 */
import type { JSX } from "preact";
import { getJson } from "../api";
import { useData } from "../data";
import { Severity } from "../parts/Badge";
import { Empty, Loaded } from "../parts/Empty";
import { Filters, matches, type Filter } from "../parts/Filters";
import { Table, type Column } from "../parts/Table";
import { link, param } from "../state";
import { duration, percent, plural, span, spaced } from "../words";

interface Selection {
	ports?: string[];
	hosts?: string[];
	services?: string[];
	protocols?: string[];
	targets?: string[];
	tags?: string[];
}

interface Rule extends Selection {
	name: string;
	/** usual, or the file and its line. */
	from?: string;
	off?: boolean;
	what?: string;
	record?: string;
	field?: string;
	kind?: "above" | "below" | "is" | "change" | "absent";
	share_of?: string;
	learned?: boolean;
	limits?: Record<string, { value?: number; shown: string }>;
	recovery?: { shown: string };
	for_s?: number;
	recover_for_s?: number;
	samples?: number;
	where?: Record<string, string>;
	advice?: string;
}

interface Level extends Selection {
	name: string;
	from?: string;
	off?: boolean;
	measure?: string;
	objective?: number;
	window_s?: number;
	within_us?: number;
	alerts?: boolean;
}

interface InForce {
	rules: Rule[];
	levels: Level[];
	files_refused: boolean;
}

/** "hosts home; ports 443/tcp" */
function selectionWords(one: Selection): string {
	const parts = (["ports", "hosts", "services", "protocols", "targets", "tags"] as const)
		.filter((name) => one[name] !== undefined).map((name) => `${name} ${one[name]!.join(", ")}`);
	return parts.length === 0 ? "all" : parts.join("; ");
}

const VERBS: Record<string, string> = { above: "above", below: "below", is: "is", change: "changes by", absent: "does not come for" };

function Limits({ rule }: { rule: Rule }): JSX.Element {
	if (rule.off)
		return <>off</>;
	if (rule.learned)
		return <>{VERBS[rule.kind ?? ""]} what was learned</>;
	return (
		<span class="settings-limits">
			{VERBS[rule.kind ?? ""]}
			{Object.entries(rule.limits ?? {}).map(([severity, limit]) => (
				<span key={severity}>{limit.shown} <Severity severity={severity} /></span>
			))}
		</span>
	);
}

const where = (rule: Rule): string => Object.entries(rule.where ?? {}).map(([field, value]) => `${field}=${value}`).join(", ");

const from = (one: { from?: string }): string => (one.from === "usual" ? "usual" : one.from ?? "");

const ruleColumns: Column<Rule>[] = [
	{ name: "name", title: "Rule", help: "Its name; a rule in a file with the same name takes the place of a usual one.", value: (r) => r.name },
	{ name: "limits", title: "Fires", help: "When, and how grave it is then.", value: (r) => (r.off ? "off" : Object.values(r.limits ?? {})[0]?.shown ?? "learned"), show: (_v, r) => <Limits rule={r} /> },
	{ name: "field", title: "Looks at", help: "Record and field.", value: (r) => (r.field === undefined ? undefined : `${r.record}.${r.field}${r.share_of === undefined ? "" : ` / ${r.share_of}`}`), exact: (r) => r.what },
	{ name: "from", title: "From", help: "usual: it is on from the first start; else the file and line.", value: from },
	{ name: "for", title: "For", help: "How long the limit must be crossed.", numeric: true, value: (r) => r.for_s, show: (v) => span(Number(v)) },
	{ name: "recovery", title: "Well again", help: "Beyond which value, and for how long, it is over.", value: (r) => r.recovery?.shown ?? r.recover_for_s,
	  show: (_v, r) => [r.recovery?.shown, r.recover_for_s === undefined ? undefined : `for ${span(r.recover_for_s)}`].filter(Boolean).join(" ") },
	{ name: "of", title: "Of", help: "Which services, hosts or targets.", value: (r) => selectionWords(r) },
	{ name: "samples", title: "Samples", help: "A record with fewer says nothing.", optional: true, numeric: true, value: (r) => r.samples },
	{ name: "where", title: "Only if", help: "Fields of the record that must have a value.", optional: true, value: (r) => where(r) || undefined },
	{ name: "advice", title: "Advice", help: "What to look at.", optional: true, value: (r) => r.advice },
];

const levelColumns: Column<Level>[] = [
	{ name: "name", title: "Level", help: "Its name.", value: (l) => l.name },
	{ name: "measure", title: "Measure", help: "What is promised.", value: (l) => (l.off ? "off" : spaced(l.measure)) },
	{ name: "objective", title: "Promised", help: "Share that is to be good.", numeric: true, value: (l) => l.objective, show: (v) => percent(Number(v)) },
	{ name: "window", title: "Over", help: "The time over which it is counted.", numeric: true, value: (l) => l.window_s, show: (v) => span(Number(v)) },
	{ name: "within", title: "In time is", help: "Of a level of response.", numeric: true, value: (l) => l.within_us, show: (v) => duration(Number(v)) },
	{ name: "alerts", title: "Alerts", help: "Whether somebody is told when its budget burns too fast.", value: (l) => (l.alerts === undefined ? undefined : l.alerts ? "yes" : "no") },
	{ name: "of", title: "Of", help: "Which services or targets.", value: (l) => selectionWords(l) },
	{ name: "from", title: "From", help: "usual, or the file and line.", value: from },
];

const filters: Filter[] = [
	{ name: "text", label: "Search", placeholder: "name, field, file" },
	{ name: "origin", label: "From", choices: [{ value: "usual", label: "usual" }, { value: "file", label: "files" }] },
];

function isWanted(rule: Rule): boolean {
	const origin = param("origin");
	return (origin === undefined || (origin === "usual") === (rule.from === "usual")) &&
		matches(param("text"), rule.name, rule.field, rule.record, rule.what, rule.from);
}

export function Rules(): JSX.Element {
	const inForce = useData("rules", (abort) => getJson<InForce>("/api/v1/rules", {}, abort), { every_s: 30 });
	return (
		<Loaded data={inForce} what="rules">
			{({ rules, levels, files_refused }) => {
				const shown = rules.filter(isWanted);
				return (
					<>
						{files_refused && <p class="problem" role="alert">! A file of rules or sinks has an error: older ones are in force than the files say. breakwater status and the log say where.</p>}
						<section>
							<header><h2>Rules</h2><p>What fires an alert. They are written in limits.files, and read again when a file changes.</p></header>
							<Filters filters={filters}><span role="status">{shown.length === rules.length ? "" : `${shown.length} of `}{plural(rules.length, "rule")}</span></Filters>
							<Table label="Rules" columns={ruleColumns} rows={shown} rowKey={(rule) => rule.name}
								empty={<Empty>{rules.length === 0 ? "No rule is in force: limits.usual is off, and no file has one." : "None is left by these filters."}</Empty>} />
						</section>
						<section>
							<header><h2>Service levels</h2><p>What is promised; how each stands is on the page <a href={link("/availability")}>Availability</a>.</p></header>
							<Table label="Service levels" columns={levelColumns} rows={levels} rowKey={(level) => level.name} prefix="levels-" empty={<Empty>No level is in force.</Empty>} />
						</section>
					</>
				);
			}}
		</Loaded>
	);
}
