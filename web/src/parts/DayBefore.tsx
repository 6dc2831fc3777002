/*
 * DayBefore.tsx: how much was done in the last 24 hours, beside the 24 before.
 */
import type { JSX } from "preact";
import { aggregate, type Group } from "../api";
import { useData } from "../data";
import { link } from "../state";
import { useStatus } from "../status";
import { bytes, compared, count } from "../words";
import { Figure, Figures } from "./Figure";

const DAY_MS = 86400e3;

function sum(group: Group | undefined, ...fields: string[]): number | undefined {
	const values = fields.map((field) => group?.[field]).filter((value): value is number => typeof value === "number");
	return values.length === 0 ? undefined : values.reduce((all, value) => all + value, 0);
}

export function DayBefore(): JSX.Element | null {
	const oldest = useStatus().value?.store?.oldest;
	const data = useData("24 hours and those before", (abort) => aggregate({ record: "port", sum: ["client_bytes", "server_bytes", "flows", "errors", "answer_errors"],
		previous: true, where: { since: "24h" } }, abort), { every_s: 300 });
	const [now, before] = [data.value?.rows[0], data.value?.previous?.[0]];
	if (now === undefined)
		return null;
	const isKnown = oldest !== undefined && Date.parse(oldest) <= Date.now() - 2 * DAY_MS;
	const figure = (label: string, show: (value: number | undefined) => string, href: string, ...fields: string[]) => (
		<Figure label={label} value={show(sum(now, ...fields))} note={compared(sum(now, ...fields), isKnown ? sum(before, ...fields) : undefined, "the day before")} href={href} />
	);
	return (
		<Figures>
			{figure("Bytes, 24 h", bytes, link("/flows", { since: "24h" }), "sum_client_bytes", "sum_server_bytes")}
			{figure("Connections, 24 h", count, link("/flows", { since: "24h" }), "sum_flows")}
			{figure("Failed, 24 h", count, "/ports?sort=-error_ratio", "sum_errors", "sum_answer_errors")}
		</Figures>
	);
}
