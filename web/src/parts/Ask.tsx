/*
 * Ask.tsx: asks for what a change needs, makes it, and says what came of it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Confirm } from "./Dialog";

export interface Asked {
	/** Of the form. */
	name: string;
	label: string;
	value?: string;
	/** What is allowed, or what it is for. */
	help?: string;
	choices?: readonly { value: string; label: string }[];
	required?: boolean;
	/** More than a line. */
	long?: boolean;
	type?: "text" | "password" | "number";
	/** What a password manager fills in; of a password as usual a new one. */
	autocomplete?: "current-password";
}

interface Props {
	title: string;
	fields: readonly Asked[];
	/** A verb. */
	action: string;
	onSubmit: (values: Record<string, string>) => Promise<string>;
	onClose: () => void;
	danger?: boolean;
	/** What will happen, to whom, and how it is undone. */
	children?: ComponentChildren;
}

interface FieldProps {
	field: Asked;
	value: string;
	onValue: (value: string) => void;
}

function Field({ field, value, onValue }: FieldProps): JSX.Element {
	const { name, choices, required, long, type } = field;
	const autocomplete = field.autocomplete ?? (type === "password" ? "new-password" : "off");
	const input = choices !== undefined
		? (
			<select name={name} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
				{choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
			</select>
		)
		: long
			? <textarea name={name} rows={3} value={value} required={required} onInput={(event) => onValue(event.currentTarget.value)} />
			: <input name={name} type={type ?? "text"} value={value} required={required} autocomplete={autocomplete}
				spellcheck={false} onInput={(event) => onValue(event.currentTarget.value)} />;
	return (
		<label class="ask">
			<span>{field.label}</span>
			{input}
			{field.help !== undefined && <span class="help">{field.help}</span>}
		</label>
	);
}

export function Ask({ title, fields, action, onSubmit, onClose, danger, children }: Props): JSX.Element {
	const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((field) =>
		[field.name, field.value ?? field.choices?.[0]?.value ?? ""])));
	return (
		<Confirm title={title} action={action} onConfirm={() => onSubmit(values)} onClose={onClose} danger={danger}>
			{children}
			{fields.map((field) => (
				<Field key={field.name} field={field} value={values[field.name] ?? ""}
					onValue={(value) => setValues((old) => ({ ...old, [field.name]: value }))} />
			))}
		</Confirm>
	);
}
