/*
 * Maintenance.tsx: while somebody works on a target it is asked, but nobody is told.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, getText, may } from "../api";
import { useData } from "../data";
import { exact, time } from "../words";
import { Ask } from "./Ask";
import { Confirm } from "./Dialog";
import { SPANS } from "./IncidentActions";

const PATH = "/api/v1/maintenance";

/** One that was begun by command; windows of the configuration are not among them. */
interface Window {
	target: string;
	until: string;
	actor?: string;
	why?: string;
}

/** A line each. */
async function read(abort: AbortSignal): Promise<Window[]> {
	const text = await getText(PATH, abort);
	return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Window);
}

export function Maintenance({ target }: { target: string }): JSX.Element | null {
	const [asks, setAsks] = useState<"begin" | "end" | undefined>(undefined);
	const windows = useData("maintenance", read, { live: ["probe", "audit"], every_s: 10 });
	const now = windows.value?.find((one) => one.target === target);
	if (!may("operator") || windows.value === undefined)
		return null;
	const close = () => setAsks(undefined);
	return (
		<>
			{now !== undefined && <span title={exact(now.until)}>In maintenance until {time(now.until)}{now.why ? `: ${now.why}` : ""}</span>}
			<button type="button" onClick={() => setAsks(now === undefined ? "begin" : "end")}>{now === undefined ? "Maintenance" : "End maintenance"}</button>
			{asks === "begin" && (
				<Ask title="Maintenance" action="Begin" onClose={close} fields={[{ name: "for", label: "For", choices: SPANS }, { name: "why", label: "Why" }]}
					onSubmit={(values) => change(PATH, { ...values, target })}>
					<p>{target}</p>
					<p class="help">It is asked and recorded as ever, but it does not become down, and nobody is told. It ends by itself.</p>
				</Ask>
			)}
			{asks === "end" && <Confirm title="End maintenance" action="End it" onClose={close} onConfirm={() => change(PATH, { target, end: 1 })}><p>{target}</p></Confirm>}
		</>
	);
}
