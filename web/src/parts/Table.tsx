/*
 * Table.tsx: a table of any length.  Only the rows that can be seen are drawn; a screen
 * reader still hears how many there are (aria-rowcount).  Arrow keys, Page Up and Down,
 * Home and End move between rows, Enter opens one.  Order and columns stand in the
 * address.
 */
import type { ComponentChildren, JSX } from "preact";
import { Component } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { param, setParams } from "../state";
import { UNKNOWN } from "../words";
import { ColumnChoice } from "./ColumnChoice";
import { readOrder, sorted, writeOrder, type Order, type Value } from "./order";
import { scrollFor, windowOf } from "./window";

export interface Column<R> {
	/** Stands in the address (sort=, columns=); of the record's field where there is one. */
	name: string;
	title: string;
	/** What it means, in a sentence. */
	help: string;
	/** By what it is ordered, and what is shown without show. */
	value: (row: R) => Value;
	show?: (value: NonNullable<Value>, row: R) => ComponentChildren;
	/** The whole, exact text, where show() shortens; for title=. */
	exact?: (row: R) => string | undefined;
	/** Whether the value is over its limit: it is marked, not only coloured. */
	over?: (value: NonNullable<Value>, row: R) => boolean;
	/** Numbers stand to the right and start with the largest. */
	numeric?: boolean;
	/** Not shown unless the viewer chooses it. */
	optional?: boolean;
}

export interface TableProps<R> {
	/** What the rows are, for a screen reader. */
	label: string;
	columns: readonly Column<R>[];
	rows: readonly R[];
	/** The same for the same thing from one answer to the next. */
	rowKey: (row: R) => string;
	/** Where a row leads; its first cell is the link. */
	href?: (row: R) => string | undefined;
	/** As in the address: "name" or "-name"; without, the order of rows. */
	usualSort?: string;
	/** Shown instead of a table without rows: why there are none. */
	empty: ComponentChildren;
	/** Put before sort= and columns= in the address, where a page has several tables. */
	prefix?: string;
	/** Rows of a small table are all drawn, and it does not scroll by itself. */
	small?: boolean;
	/** Added to the row's class, such as "bad". */
	rowClass?: (row: R) => string | undefined;
	/** Buttons of a row, in a last column. */
	actions?: (row: R) => ComponentChildren;
}

const ROW_PX = 32;
/* So many are drawn anyway: a short table needs no scrolling of its own. */
const WHOLE_MAX = 40;

function Cell<R>({ column, row, href }: { column: Column<R>; row: R; href?: string }): JSX.Element {
	const value = column.value(row);
	const over = value !== undefined && (column.over?.(value, row) ?? false);
	const shown = value === undefined || value === "" ? UNKNOWN : column.show ? column.show(value, row) : String(value);
	const title = column.exact?.(row) ?? (typeof shown === "string" ? shown : undefined);
	const text = <>{over && <span class="mark" aria-label="over its limit:">! </span>}{shown}</>;
	return (
		<td class={`${column.numeric ? "number" : "text"}${over ? " over" : ""}`} title={title}>
			{href === undefined ? text : <a href={href}>{text}</a>}
		</td>
	);
}

interface LineProps<R> extends Pick<TableProps<R>, "href" | "rowClass" | "actions"> {
	row: R;
	index: number;
	shown: readonly Column<R>[];
}

/** A row is drawn anew when it or the page says something else, not because others came into sight. */
class Line<R> extends Component<LineProps<R>> {
	override shouldComponentUpdate(next: LineProps<R>): boolean {
		const { row, index, shown, href, rowClass, actions } = this.props;
		return next.row !== row || next.index !== index || next.shown !== shown || next.href !== href ||
			next.rowClass !== rowClass || next.actions !== actions;
	}

	override render({ row, index, shown, href, rowClass, actions }: LineProps<R>): JSX.Element {
		return (
			<tr aria-rowindex={index + 2} tabIndex={href ? undefined : -1} class={rowClass?.(row)}>
				{shown.map((column, c) => (
					<Cell key={column.name} column={column} row={row} href={c === 0 ? href?.(row) : undefined} />
				))}
				{actions && <td class="actions">{actions(row)}</td>}
			</tr>
		);
	}
}

interface HeadProps<R> {
	columns: readonly Column<R>[];
	order: Order | undefined;
	onOrder: (order: Order) => void;
	actions: boolean;
}

function Head<R>({ columns, order, onOrder, actions }: HeadProps<R>): JSX.Element {
	const next = (column: Column<R>): Order => ({
		name: column.name,
		descending: order?.name === column.name ? !order.descending : column.numeric ?? false,
	});
	return (
		<thead>
			<tr aria-rowindex={1}>
				{columns.map((column) => {
					const by = order?.name === column.name ? (order.descending ? "descending" : "ascending") : undefined;
					return (
						<th key={column.name} scope="col" class={column.numeric ? "number" : "text"} aria-sort={by} title={column.help}>
							<button type="button" onClick={() => onOrder(next(column))}>
								{column.title}
								<span class="order" aria-hidden="true">{by === undefined ? "" : by === "descending" ? " ▾" : " ▴"}</span>
							</button>
						</th>
					);
				})}
				{actions && <th scope="col"><span class="hidden">Actions</span></th>}
			</tr>
		</thead>
	);
}

/** Of a hub each row may be of another machine. */
function sensorOf(row: unknown): string | undefined {
	return (row as { sensor?: string }).sensor;
}

const sensorColumn: Column<unknown> = {
	name: "sensor", title: "Sensor", help: "The machine that told it; hub: the hubs themselves, of all together.", value: sensorOf,
};

/** With the sensor behind the first, where rows have one and no column says it. */
export function withSensor<R>(columns: readonly Column<R>[], rows: readonly R[]): readonly Column<R>[] {
	if (columns.some((column) => column.name === sensorColumn.name) || !rows.some((row) => sensorOf(row) !== undefined))
		return columns;
	return [...columns.slice(0, 1), sensorColumn, ...columns.slice(1)];
}

/** Columns that are shown: those of the address, or all that are not optional. */
export function shownColumns<R>(columns: readonly Column<R>[], chosen: string | undefined): readonly Column<R>[] {
	const names = chosen?.split(",");
	const shown = columns.filter((column, i) => i === 0 || (names ? names.includes(column.name) : !column.optional));
	return shown.length > 0 ? shown : columns;
}

/** The link or button of a row, which has the focus when the row has it. */
function focusRow(box: HTMLElement, index: number): void {
	const row = box.querySelector<HTMLElement>(`tbody tr[aria-rowindex="${index + 2}"]`);
	(row?.querySelector<HTMLElement>("a, button") ?? row)?.focus({ preventScroll: true });
}

function movedTo(key: string, at: number, rows: number, page: number): number | undefined {
	const moves: Record<string, number> = {
		ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows - 1,
	};
	const to = moves[key];
	return to === undefined ? undefined : Math.max(0, Math.min(rows - 1, to));
}

/** Columns that have been wide stay so: else they would jump while rows go by. */
function keepWidths(box: HTMLElement): void {
	const heads = [...box.querySelectorAll<HTMLElement>("thead th")];
	const widths = heads.map((head) => head.offsetWidth);
	heads.forEach((head, i) => {
		if (widths[i]! > (parseFloat(head.style.minWidth) || 0))
			head.style.minWidth = `${widths[i]}px`;
	});
}

export function Table<R>(props: TableProps<R>): JSX.Element {
	const { label, rows, prefix = "", usualSort } = props;
	const hasSensor = withSensor(props.columns, rows) !== props.columns;
	const columns = useMemo(() => withSensor(props.columns, rows), [props.columns, hasSensor]);
	const order = readOrder(param(`${prefix}sort`) ?? usualSort);
	const shown = shownColumns(columns, param(`${prefix}columns`));
	const by = columns.find((column) => column.name === order?.name);
	const inOrder = useMemo(() => (by === undefined ? rows : sorted(rows, by.value, order?.descending ?? false)),
		[rows, by?.name, order?.descending]);
	if (rows.length === 0)
		return <>{props.empty}</>;
	return (
		<div class="table">
			<div class="above">
				<ColumnChoice columns={columns} shown={shown} name={`${prefix}columns`} />
			</div>
			<Body {...props} rows={inOrder} shown={shown} head={
				<Head columns={shown} order={order} actions={props.actions !== undefined}
					onOrder={(next) => setParams({ [`${prefix}sort`]: writeOrder(next) })} />
			} label={label} />
		</div>
	);
}

interface BodyProps<R> extends TableProps<R> {
	shown: readonly Column<R>[];
	head: JSX.Element;
}

function Body<R>({ label, rows, rowKey, href, rowClass, actions, shown, head, small }: BodyProps<R>): JSX.Element {
	const box = useRef<HTMLDivElement>(null);
	const [view, setView] = useState({ top: 0, height: 600 });
	const [goal, setGoal] = useState<number | undefined>(undefined);
	const whole = small || rows.length <= WHOLE_MAX;
	const { begin, end } = whole ? { begin: 0, end: rows.length } : windowOf(view.top, view.height, ROW_PX, rows.length);
	const look = () => {
		if (box.current)
			setView({ top: box.current.scrollTop, height: box.current.clientHeight });
	};
	useLayoutEffect(look, [whole]);
	useLayoutEffect(() => {
		if (!whole && box.current !== null)
			keepWidths(box.current);
	}, [whole, begin, shown]);
	useLayoutEffect(() => {
		if (goal === undefined || box.current === null)
			return;
		focusRow(box.current, goal);
		setGoal(undefined);
	}, [goal, begin]);
	const onKeyDown = (event: KeyboardEvent) => {
		const row = event.target instanceof Element ? event.target.closest("tbody tr") : null;
		if (box.current === null || (row === null && event.target !== box.current))
			return;
		const at = row === null ? -1 : Number(row.getAttribute("aria-rowindex")) - 2;
		const to = movedTo(event.key, at, rows.length, Math.max(1, Math.floor(view.height / ROW_PX) - 1));
		if (to === undefined)
			return;
		event.preventDefault();
		if (!whole)
			box.current.scrollTop = scrollFor(to, box.current.scrollTop, box.current.clientHeight - ROW_PX, ROW_PX);
		else
			box.current.querySelector(`tr[aria-rowindex="${to + 2}"]`)?.scrollIntoView({ block: "nearest" });
		look();
		setGoal(to);
	};
	const width = shown.length + (actions ? 1 : 0);
	return (
		<div class={whole ? "scroll" : "scroll tall"} ref={box} tabIndex={0} role="region" aria-label={label}
			onScroll={whole ? undefined : look} onKeyDown={onKeyDown}>
			<table aria-rowcount={rows.length + 1}>
				<caption class="hidden">{label}</caption>
				{head}
				<tbody>
					{begin > 0 && <tr class="space" aria-hidden="true"><td colSpan={width} style={{ height: `${begin * ROW_PX}px` }} /></tr>}
					{rows.slice(begin, end).map((row, i) => (
						<Line key={`${sensorOf(row) ?? ""} ${rowKey(row)}`} row={row} index={begin + i} shown={shown} href={href} rowClass={rowClass} actions={actions} />
					))}
					{end < rows.length && <tr class="space" aria-hidden="true"><td colSpan={width} style={{ height: `${(rows.length - end) * ROW_PX}px` }} /></tr>}
				</tbody>
			</table>
		</div>
	);
}
