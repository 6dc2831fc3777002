/*
 * Filters.tsx: what of the records is shown.  Each filter is a parameter of the address;
 * "/" goes to the first.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { param, setParams } from "../state";

export interface Filter {
	/** The parameter of the address, and of the API where the filter is the API's. */
	name: string;
	label: string;
	/** With choices a list; else a text. */
	choices?: readonly (string | { value: string; label: string })[];
	placeholder?: string;
	help?: string;
	/** Why a text can't be used; it is then not put into the address. */
	wrong?: (text: string) => string | undefined;
}

interface Props {
	filters: readonly Filter[];
	/** At the end of the line: how many are shown, buttons. */
	children?: ComponentChildren;
}

const TYPING_MS = 250;
/* On a narrow screen more than so many beside the first are folded away (parts.css). */
const FOLDED_MIN = 3;

function TextFilter({ filter, first }: { filter: Filter; first: boolean }): JSX.Element {
	const given = param(filter.name) ?? "";
	const [text, setText] = useState(given);
	const timer = useRef<ReturnType<typeof setTimeout>>();
	const wrong = text === "" ? undefined : filter.wrong?.(text);
	useEffect(() => setText(given), [given]);
	useEffect(() => () => clearTimeout(timer.current), []);
	const put = (value: string) => {
		clearTimeout(timer.current);
		if (value === "" || filter.wrong?.(value) === undefined)
			setParams({ [filter.name]: value.trim() });
	};
	const type = (value: string) => {
		setText(value);
		clearTimeout(timer.current);
		timer.current = setTimeout(() => put(value), TYPING_MS);
	};
	return (
		<label class="filter" title={filter.help}>
			<span>{filter.label}</span>
			<input type="search" value={text} placeholder={filter.placeholder} autocomplete="off" spellcheck={false}
				data-search={first ? "" : undefined} aria-invalid={wrong !== undefined}
				onInput={(event) => type(event.currentTarget.value)} onChange={(event) => put(event.currentTarget.value)} />
			{wrong !== undefined && <span class="problem" role="status">{wrong}</span>}
		</label>
	);
}

function ChoiceFilter({ filter }: { filter: Filter }): JSX.Element {
	const given = param(filter.name) ?? "";
	const choices = (filter.choices ?? []).map((choice) => (typeof choice === "string" ? { value: choice, label: choice } : choice));
	/* A link may name what is not there now. */
	if (given !== "" && !choices.some((choice) => choice.value === given))
		choices.push({ value: given, label: given });
	return (
		<label class="filter" title={filter.help}>
			<span>{filter.label}</span>
			<select value={given} onChange={(event) => setParams({ [filter.name]: event.currentTarget.value })}>
				<option value="">any</option>
				{choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
			</select>
		</label>
	);
}

export function Filters({ filters, children }: Props): JSX.Element {
	const [unfolded, setUnfolded] = useState(false);
	const id = useId();
	const texts = filters.filter((filter) => filter.choices === undefined);
	const others = filters.slice(1), used = others.filter((filter) => param(filter.name) !== undefined).length;
	const isUsed = filters.some((filter) => param(filter.name) !== undefined);
	const clear = () => setParams(Object.fromEntries(filters.map((filter) => [filter.name, undefined])), false);
	return (
		<form id={id} class={others.length > FOLDED_MIN && !unfolded ? "filters folded" : "filters"} role="search" onSubmit={(event) => event.preventDefault()}>
			{filters.map((filter) => (filter.choices === undefined
				? <TextFilter key={filter.name} filter={filter} first={filter === texts[0]} />
				: <ChoiceFilter key={filter.name} filter={filter} />))}
			{others.length > FOLDED_MIN && (
				<button type="button" class="unfold" aria-expanded={unfolded} aria-controls={id} onClick={() => setUnfolded(!unfolded)}>
					{unfolded ? "Fewer filters" : used > 0 ? `Filters (${used} set)` : "More filters"}
				</button>
			)}
			{isUsed && <button type="button" onClick={clear}>Clear filters</button>}
			<span class="rest">{children}</span>
		</form>
	);
}

/** Whether any of the texts holds what is looked for, in any case. */
export function matches(wanted: string | undefined, ...texts: (string | number | undefined)[]): boolean {
	if (wanted === undefined)
		return true;
	const text = texts.filter((one) => one !== undefined).join(" ").toLowerCase();
	return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** What there is to choose among, in order, without doubles. */
export function choicesOf<R>(rows: readonly R[] | undefined, value: (row: R) => string | undefined): string[] {
	return [...new Set((rows ?? []).map(value))].filter((one): one is string => one !== undefined && one !== "").sort();
}

/** Why a text is no port. */
export function wrongPort(text: string): string | undefined {
	return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? undefined : "a number from 0 to 65535";
}

/** Why a text can't be an address or a network; whether it is one the daemon says. */
export function wrongPrefix(text: string): string | undefined {
	return /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(text) && /[.:]/.test(text) ? undefined : "an address or network, such as 192.0.2.0/24";
}
