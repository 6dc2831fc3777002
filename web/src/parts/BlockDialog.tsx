/*
 * BlockDialog.tsx: blocks a source by hand, or lets a block last longer.  What it would do,
 * and whom it would cut off, is asked of the daemon and stands there before it is done.
 *
 * Who is here over a network might cut off his own way.  Such a block ends by itself soon
 * unless it is confirmed, which only who still gets through can do.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change } from "../api";
import { useData } from "../data";
import { link, type Params } from "../state";
import { inOwnTime } from "../words";
import { Confirm, Dialog } from "./Dialog";

export interface BlockWanted {
	address?: string;
	port?: number;
	transport?: string;
	action?: string;
	rate?: number;
	why?: string;
}

interface Props {
	wanted: BlockWanted;
	/** An existing block: only until when can be chosen. */
	isExtension?: boolean;
	onClose: () => void;
}

const PATH = "/api/v1/blocks";
const DURATIONS: readonly [string, string][] = [
	["10m", "10 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["1d", "1 day"], ["7d", "7 days"], ["31d", "31 days"],
];
const ACTIONS: readonly [string, string][] = [
	["drop", "Drop all its packets"], ["limit", "Let only so many a second pass"], ["reset", "End its connections, and no more"],
];

/** Whether the page comes from this very machine. */
function isHere(): boolean {
	return /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
}

interface Form extends BlockWanted {
	duration: string;
	onlyPort: boolean;
}

function paramsOf(form: Form): Params {
	const port = form.onlyPort ? form.port : undefined;
	return {
		address: form.address?.trim(), for: form.action === "reset" ? undefined : form.duration, action: form.action,
		rate: form.action === "limit" ? form.rate : undefined, port, transport: port === undefined ? undefined : form.transport ?? "tcp",
		why: form.why?.trim(), network: isHere() ? undefined : 1,
	};
}

interface FieldsProps {
	form: Form;
	put: (changes: Partial<Form>) => void;
}

function Target({ form, put }: FieldsProps): JSX.Element {
	return (
		<>
			<label>Address or network
				<input value={form.address ?? ""} required placeholder="192.0.2.7 or 2001:db8::/64" spellcheck={false}
					onChange={(event) => put({ address: event.currentTarget.value })} /></label>
			<fieldset class="block-scope">
				<legend>At</legend>
				<label><input type="radio" name="scope" checked={!form.onlyPort} onChange={() => put({ onlyPort: false })} /> all ports</label>
				<label><input type="radio" name="scope" checked={form.onlyPort} onChange={() => put({ onlyPort: true })} /> only port</label>
				<input type="number" min={0} max={65535} value={form.port ?? ""} aria-label="Port" disabled={!form.onlyPort} required={form.onlyPort}
					onChange={(event) => put({ port: event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value) })} />
				<select value={form.transport ?? "tcp"} aria-label="Transport" disabled={!form.onlyPort}
					onChange={(event) => put({ transport: event.currentTarget.value })}>
					<option>tcp</option><option>udp</option>
				</select>
			</fieldset>
			<label>What is done
				<select value={form.action} onChange={(event) => put({ action: event.currentTarget.value })}>
					{ACTIONS.map(([name, title]) => <option key={name} value={name}>{title}</option>)}
				</select></label>
			{form.action === "limit" && (
				<label>Packets a second that pass
					<input type="number" min={1} max={100000} value={form.rate} onChange={(event) => put({ rate: Number(event.currentTarget.value) })} /></label>
			)}
		</>
	);
}

function Fields({ form, put, isFixed }: FieldsProps & { isFixed: boolean }): JSX.Element {
	return (
		<div class="block-fields">
			{isFixed ? <p>{form.address}{form.onlyPort ? `, port ${form.port}/${form.transport ?? "tcp"}` : ", all ports"}</p> : <Target form={form} put={put} />}
			{form.action !== "reset" && (
				<label>For, from now
					<select value={form.duration} onChange={(event) => put({ duration: event.currentTarget.value })}>
						{DURATIONS.map(([name, title]) => <option key={name} value={name}>{title}</option>)}
					</select></label>
			)}
			<label>Why
				<input value={form.why ?? ""} maxLength={200} placeholder="for who reads it later" onInput={(event) => put({ why: event.currentTarget.value })} /></label>
		</div>
	);
}

/** What would happen, in the daemon's words. */
function Outlook({ form }: { form: Form }): JSX.Element {
	const { why: _why, ...asked } = paramsOf(form);
	const isWhole = (asked.address ?? "") !== "" && !(form.onlyPort && form.port === undefined);
	const outlook = useData(isWhole ? JSON.stringify(asked) : undefined, () => change(PATH, { ...asked, try: 1 }), { every_s: 0 });
	if (!isWhole)
		return <p class="quiet" role="status">What it would cut off stands here once it is known whom it is about.</p>;
	return outlook.problem === undefined
		? <p role="status">{outlook.value === undefined ? "Asking what that would do …" : inOwnTime(outlook.value)}</p>
		: <p class="problem" role="status">! {inOwnTime(outlook.problem)}</p>;
}

interface Done {
	id: string;
	mustConfirm: boolean;
}

function Keep({ id, onClose }: { id: string; onClose: () => void }): JSX.Element {
	return (
		<Confirm title="Keep the block?" action="Keep it" onClose={onClose}
			onConfirm={async () => `${await change(PATH, { confirm: id })}: it lasts as long as was asked.`}>
			<p>It is in force, and ends within a minute (<code>block.confirm</code>) unless you keep it: you are here over a network, and that
				you can answer shows that you have not cut off yourself.</p>
		</Confirm>
	);
}

export function BlockDialog({ wanted, isExtension: isFixed = false, onClose }: Props): JSX.Element {
	const [form, setForm] = useState<Form>({ action: "drop", rate: 5, ...wanted, duration: "1h", onlyPort: isFixed && wanted.port !== undefined });
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [done, setDone] = useState<Done | undefined>(undefined);
	const put = (changes: Partial<Form>) => setForm((old) => ({ ...old, ...changes }));
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setProblem(undefined);
		try {
			setDone({ id: await change(PATH, paramsOf(form)), mustConfirm: !isHere() && form.action !== "reset" });
		} catch (error) {
			setProblem(error instanceof Error ? error.message : String(error));
		}
		setBusy(false);
	};
	if (done?.mustConfirm)
		return <Keep id={done.id} onClose={onClose} />;
	const title = isFixed ? "Let a block last longer" : "Block a source";
	return (
		<Dialog title={title} onClose={onClose}>
			<form onSubmit={(event) => void submit(event)}>
				{done === undefined ? <><Fields form={form} put={put} isFixed={isFixed} /><Outlook form={form} /></>
					: <p class="said" role="status">Done; <a href={link("/blocks", { id: done.id })} onClick={onClose}>the block</a> says when the kernel holds it.</p>}
				{isFixed && <p class="quiet">The later end counts: this never makes a block shorter.</p>}
				{problem !== undefined && <p class="problem" role="alert">! {inOwnTime(problem)}</p>}
				<footer>
					<button type="button" onClick={onClose}>{done ? "Close" : "Cancel"}</button>
					{done === undefined && <button type="submit" class="danger" disabled={busy}>{isFixed ? "Extend" : "Block"}</button>}
				</footer>
			</form>
		</Dialog>
	);
}
