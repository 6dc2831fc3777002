/*
 * ColumnChoice.tsx: which columns of a table are shown; only where some are optional.
 */
import type { JSX } from "preact";
import { setParams } from "../state";
import type { Column } from "./Table";

interface Props<R> {
	columns: readonly Column<R>[];
	shown: readonly Column<R>[];
	/** The parameter of the address. */
	name: string;
}

export function ColumnChoice<R>({ columns, shown, name }: Props<R>): JSX.Element | null {
	if (!columns.some((column) => column.optional))
		return null;
	const toggle = (column: Column<R>) => {
		const wanted = columns.filter((one) => (one === column) !== shown.includes(one));
		const usual = wanted.every((one) => !one.optional) && wanted.length === columns.filter((one) => !one.optional).length;
		setParams({ [name]: usual ? undefined : wanted.map((one) => one.name).join(",") });
	};
	return (
		<details class="choice">
			<summary>Columns</summary>
			<fieldset>
				<legend class="hidden">Columns that are shown</legend>
				{columns.slice(1).map((column) => (
					<label key={column.name} title={column.help}>
						<input type="checkbox" checked={shown.includes(column)} onChange={() => toggle(column)} />
						{column.title}
					</label>
				))}
				<button type="button" onClick={() => setParams({ [name]: undefined })}>The usual ones</button>
			</fieldset>
		</details>
	);
}
