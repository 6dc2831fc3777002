/*
 * settings_register.tsx: who may listen on this machine: what is in the register, what
 * listens without being in it, and the whole as text.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { change, getText, may, Problem, type Row } from "../api";
import { useData, useRecords, type Data } from "../data";
import { Ask, type Asked } from "../parts/Ask";
import { Confirm } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { Table, type Column } from "../parts/Table";
import { portHref } from "../records/port";
import { entriesOf, faultsOf, offsetOf, type Entry, type Fault } from "../records/register";
import { plural } from "../words";

const PATH = "/api/v1/policy";

/** undefined: there is no register. */
function useRegister(): Data<{ yaml: string | undefined }> {
	return useData("policy", async (abort) => {
		try {
			return { yaml: await getText(PATH, abort) };
		} catch (error) {
			if (error instanceof Problem && error.status === 404)
				return { yaml: undefined };
			throw error;
		}
	}, { live: ["audit", "listener"], every_s: 10 });
}

const key = (name: string) => (entry: Entry): string | undefined => entry.keys[name] || undefined;

const entryColumns: Column<Entry>[] = [
	{ name: "port", title: "Port", help: "A number or a range, and its transport.", value: (e) => `${e.keys.port ?? "?"}/${e.keys.transport ?? "?"}` },
	{ name: "program", title: "Program", help: "Which program: by path, unit, package or user; all that are given must match.",
	  value: (e) => ["exe", "unit", "package", "user"].filter((name) => e.keys[name]).map((name) => `${name} ${e.keys[name]}`).join(", ") || "any" },
	{ name: "address", title: "Address", help: "What a socket may be bound to.", value: (e) => e.keys.address ?? "any" },
	{ name: "clients", title: "Clients", help: "Who may connect.", value: (e) => e.keys.clients ?? "any" },
	{ name: "owner", title: "Owner", help: "Who answers for it.", value: key("owner"), over: () => false },
	{ name: "reason", title: "Reason", help: "Why it may.", value: key("reason") },
	{ name: "approver", title: "Approver", help: "Who allowed it.", value: key("approver") },
	{ name: "expires", title: "Expires", help: "Until when; never, if nothing stands here.", value: key("expires"), over: (value) => Date.parse(String(value)) < Date.now() },
	{ name: "protocol", title: "Protocol", help: "What must be spoken.", optional: true, value: key("protocol") },
	{ name: "line", title: "Line", help: "Where it begins in the text.", optional: true, numeric: true, value: (e) => e.line },
];

const listenerColumns: Column<Row<"listener">>[] = [
	{ name: "port", title: "Port", help: "That listens and is not in the register, or not so.", value: (l) => `${l.port}/${l.transport}` },
	{ name: "ip", title: "Address", help: "What it is bound to.", value: (l) => l.ip },
	{ name: "process", title: "Process", help: "Who listens.", value: (l) => l.process },
	{ name: "exe", title: "Program", help: "Its file.", value: (l) => l.exe },
	{ name: "user", title: "User", help: "As whom it runs.", value: (l) => l.user },
	{ name: "unit", title: "Unit", help: "Of systemd.", value: (l) => l.unit },
	{ name: "reach", title: "Reach", help: "From where it can be reached.", value: (l) => l.reach },
];

function approvalFields(listener: Row<"listener">): Asked[] {
	return [
		{ name: "process", label: "Program", value: listener.exe ?? listener.process ?? "", help: "Its path; empty: whichever program listens there." },
		{ name: "owner", label: "Owner", required: true, help: "Who answers for it." },
		{ name: "reason", label: "Reason", required: true, help: "Why it may listen." },
		{ name: "until", label: "Until", help: "A day (2027-01-31), or empty: for good." },
	];
}

function Unapproved(): JSX.Element {
	const listeners = useRecords("listener", { limit: 20000 }, { live: ["listener"], every_s: 10 });
	const [approves, setApproves] = useState<Row<"listener"> | undefined>(undefined);
	return (
		<section>
			<header><h2>Listens, and is not in it</h2><p>Each is a finding, until it is approved or gone.</p></header>
			<Loaded data={listeners} what="listeners">
				{(all) => (
					<Table label="Listeners that are not in the register" columns={listenerColumns} rows={all.filter((l) => l.authorized === false)} prefix="listeners-"
						rowKey={(l) => `${l.ip} ${l.port} ${l.transport} ${l.pid}`} href={(l) => portHref(l.ip, l.port, l.transport, l.sensor)}
						actions={may("administrator") ? (l) => <button type="button" onClick={() => setApproves(l)}>Approve</button> : undefined}
						empty={<Empty>Whatever listens is in the register.</Empty>} />
				)}
			</Loaded>
			{approves && (
				<Ask title={`Approve ${approves.port}/${approves.transport}`} action="Approve" fields={approvalFields(approves)} onClose={() => setApproves(undefined)}
					onSubmit={(values) => change(`${PATH}/approve`, { ...values, port: approves.port, transport: approves.transport })}>
					<p class="help">It is written to the end of the register, with you as approver, and in force at once.</p>
				</Ask>
			)}
		</section>
	);
}

function Entries({ yaml }: { yaml: string }): JSX.Element {
	const [withdraws, setWithdraws] = useState<Entry | undefined>(undefined);
	const entries = entriesOf(yaml);
	return (
		<section>
			<header><h2>May listen</h2><p>{entries === undefined ? "" : plural(entries.length, "entry", "entries")}</p></header>
			{entries === undefined
				? <Empty>Some entries are written in braces: see the text below.</Empty>
				: (
					<Table label="Entries of the register" columns={entryColumns} rows={entries} rowKey={(e) => String(e.line)} prefix="entries-"
						actions={may("administrator") ? (e) => <button type="button" onClick={() => setWithdraws(e)}>Withdraw</button> : undefined}
						empty={<Empty>Nobody may listen: the register is empty.</Empty>} />
				)}
			{withdraws && (
				<Confirm title={`Withdraw ${withdraws.keys.port}/${withdraws.keys.transport}`} action="Withdraw" danger onClose={() => setWithdraws(undefined)}
					onConfirm={() => change(`${PATH}/withdraw`, { port: withdraws.keys.port, transport: withdraws.keys.transport, line: withdraws.line })}>
					<p>{withdraws.keys.reason || "No reason was given for it."} {withdraws.keys.owner ? `(${withdraws.keys.owner})` : ""}</p>
					<p class="help">Who listens there is a finding from then on; nothing is closed. It can be approved again.</p>
				</Confirm>
			)}
		</section>
	);
}

type Result = { text: string; faults: Fault[]; isBad: boolean };

/** The whole text; what the daemon refuses is shown with its place. */
function Editor({ yaml }: { yaml: string }): JSX.Element {
	const [text, setText] = useState(yaml), [result, setResult] = useState<Result | undefined>(undefined), [busy, setBusy] = useState(false);
	const field = useRef<HTMLTextAreaElement>(null), was = useRef(yaml);
	/* What somebody else changed is shown, unless it is being edited here. */
	useEffect(() => {
		setText((old) => (old === was.current ? yaml : old));
		was.current = yaml;
	}, [yaml]);
	const apply = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		try {
			setResult({ text: await change(PATH, text, "application/yaml"), faults: [], isBad: false });
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			setResult({ text: message, faults: faultsOf(message), isBad: true });
		}
		setBusy(false);
	};
	const show = ({ line, column }: Fault) => {
		const at = offsetOf(text, line, column);
		field.current?.focus();
		field.current?.setSelectionRange(at, at);
	};
	return (
		<form class="settings-editor" onSubmit={(event) => void apply(event)}>
			<label><span class="hidden">The register as YAML</span>
				<textarea ref={field} class="code" rows={Math.min(30, text.split("\n").length + 1)} spellcheck={false} value={text}
					aria-invalid={result?.isBad ?? false} onInput={(event) => setText(event.currentTarget.value)} /></label>
			<div role="status">
				{result !== undefined && result.faults.length === 0 && <p class={result.isBad ? "problem" : "said"}>{result.isBad ? "! " : ""}{result.text}</p>}
				{result !== undefined && result.faults.length > 0 && (
					<ul class="settings-faults">
						{result.faults.map((fault) => (
							<li key={`${fault.line} ${fault.column} ${fault.what}`}><button type="button" onClick={() => show(fault)}>line {fault.line}, column {fault.column}</button> <span class="problem">! {fault.what}</span></li>
						))}
					</ul>
				)}
			</div>
			<footer>
				<button type="button" disabled={text === yaml} onClick={() => { setText(yaml); setResult(undefined); }}>Undo changes</button>
				<button type="submit" class="primary" disabled={busy || text === yaml}>Apply</button>
			</footer>
		</form>
	);
}

function AsText({ yaml }: { yaml: string }): JSX.Element {
	return (
		<section>
			<header><h2>As text</h2><p>YAML; docs/policy.md has all keys. What is applied is in force at once, and in the audit chain.</p></header>
			{may("administrator") ? <Editor yaml={yaml} />
				: <pre class="card settings-yaml" tabIndex={0} aria-label="The register as YAML">{yaml}</pre>}
		</section>
	);
}

export function Register(): JSX.Element {
	const register = useRegister();
	return (
		<Loaded data={register} what="register">
			{({ yaml }) => (yaml === undefined
				? (
					<>
						<Empty>No register is in force, so no listener is unexpected. <code>breakwater policy propose</code> writes one of what is seen; read it, and apply it with <code>breakwater policy apply FILE</code>{may("administrator") ? ", or paste it here" : ""}.</Empty>
						{may("administrator") && <AsText yaml="" />}
					</>
				)
				: (
					<>
						<Unapproved />
						<Entries yaml={yaml} />
						<AsText yaml={yaml} />
					</>
				))}
		</Loaded>
	);
}
