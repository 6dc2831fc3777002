/*
 * settings_told.tsx: who is told of incidents, whether that works, and of what nobody is
 * told for a time.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, changeJson, getJson, may, type Row } from "../api";
import { useData, useRecords } from "../data";
import { Ask } from "../parts/Ask";
import { Badge } from "../parts/Badge";
import { Confirm } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { silenceFields } from "../parts/IncidentActions";
import { Table, type Column } from "../parts/Table";
import type { Holds } from "../status";
import { ago, count, exact, plural, span, time } from "../words";

/* ---- silences ---- */

type Silence = Row<"silence">;

const silenceColumns: Column<Silence>[] = [
	{ name: "match", title: "Which incidents", help: "Conditions, all of which must hold; docs/alerts.md.", value: (s) => s.match },
	{ name: "state", title: "State", help: "pending: not yet; active: nobody is told; expired.", value: (s) => s.state,
	  show: (value) => <Badge tone={value === "active" ? "warn" : value === "pending" ? "info" : "unknown"}>{String(value)}</Badge> },
	{ name: "start", title: "From", help: "From when on.", value: (s) => s.start, show: (_v, s) => time(s.start), exact: (s) => exact(s.start) },
	{ name: "until", title: "Until", help: "Until when.", value: (s) => s.until, show: (_v, s) => `${time(s.until)} (${ago(s.until)})`, exact: (s) => exact(s.until) },
	{ name: "actor", title: "By", help: "Who made it.", value: (s) => s.actor },
	{ name: "why", title: "Why", help: "The reason that was given.", value: (s) => s.why },
	{ name: "id", title: "Id", help: "As commands have it.", optional: true, value: (s) => s.id },
];

export function Silences(): JSX.Element {
	const silences = useRecords("silence", { limit: 1000 }, { live: ["silence"], every_s: 10 });
	const [adds, setAdds] = useState(false);
	const [ends, setEnds] = useState<Silence | undefined>(undefined);
	return (
		<section>
			<header>
				<h2>Silences</h2>
				<p>Of what matches nobody is told, for a time; incidents are made and shown as ever. Those that expired in the last day are here, too.</p>
				{may("operator") && <button type="button" onClick={() => setAdds(true)}>Add a silence</button>}
			</header>
			<Loaded data={silences} what="silences">
				{(rows) => (
					<Table label="Silences" columns={silenceColumns} rows={rows} rowKey={(s) => s.id ?? ""}
						actions={may("operator") ? (s) => (s.state === "expired" ? null : <button type="button" onClick={() => setEnds(s)}>End</button>) : undefined}
						empty={<Empty>There is none: everybody is told as routes say.</Empty>} />
				)}
			</Loaded>
			{adds && (
				<Ask title="Add a silence" action="Silence" fields={silenceFields("")} onClose={() => setAdds(false)}
					onSubmit={(values) => change("/api/v1/silences", values).then(() => "Nobody is told of what matches, until it ends.")} />
			)}
			{ends && (
				<Confirm title="End a silence" action="End it" onClose={() => setEnds(undefined)}
					onConfirm={() => change("/api/v1/silences/end", { id: ends.id }).then(() => "It has ended: what still fires is told now.")}>
					<p>{ends.match}</p>
					<p class="help">{ends.why}</p>
				</Confirm>
			)}
		</section>
	);
}

/* ---- sinks ---- */

interface Route {
	severity: string;
	match: string;
	/** 0: at once; else as an escalation. */
	after_s: number;
	repeat_s: number;
	at_all_hours: boolean;
	tells_end: boolean;
}

interface Sink {
	name: string;
	kind: string;
	to: string;
	last_sent?: string;
	last_failed?: string;
	error?: string;
	failures?: number;
	routes: Route[];
}

interface Told {
	sinks: Sink[];
	sender: Holds & { waiting: number; dropped: number };
}

function routeWords(route: Route): string {
	const which = route.match === "" ? `severity>=${route.severity}` : route.match;
	const hours = route.at_all_hours ? "" : ", in its hours";
	return `${which}${hours}${route.after_s > 0 ? `, after ${span(route.after_s)} if nobody has it` : ""}`;
}

/** What came of the last message. */
function Last({ sink }: { sink: Sink }): JSX.Element {
	if (sink.last_sent === undefined && sink.last_failed === undefined)
		return <Badge tone="unknown">nothing was sent yet</Badge>;
	if ((sink.failures ?? 0) > 0)
		return <Badge tone="bad" title={sink.error}>failed {ago(sink.last_failed)}, {plural(sink.failures!, "time")} since it worked</Badge>;
	return <Badge tone="good" title={exact(sink.last_sent)}>taken {ago(sink.last_sent)}</Badge>;
}

type Tried = { state: "asking" | "sent" | "failed"; what: string };

function Test({ sink }: { sink: Sink }): JSX.Element {
	const [tried, setTried] = useState<Tried | undefined>(undefined);
	const test = async () => {
		setTried({ state: "asking", what: "sending …" });
		try {
			const said = await changeJson("/api/v1/sinks/test", { sink: sink.name });
			setTried(said.state === "sent" ? { state: "sent", what: "taken" } : { state: "failed", what: said.error || `not taken: ${said.state ?? "no answer"}` });
		} catch (error) {
			setTried({ state: "failed", what: error instanceof Error ? error.message : String(error) });
		}
	};
	return (
		<>
			<button type="button" disabled={tried?.state === "asking"} onClick={() => void test()} aria-label={`Send test to ${sink.name}`}>Send test</button>
			<span role="status" class={tried?.state === "failed" ? "problem" : "said"}>{tried === undefined ? "" : ` ${tried.state === "failed" ? "! " : ""}${tried.what}`}</span>
		</>
	);
}

export function Sinks(): JSX.Element {
	const told = useData("sinks", (abort) => getJson<Told>("/api/v1/sinks", {}, abort), { live: ["notification"], every_s: 15 });
	return (
		<section>
			<header><h2>Who is told</h2><p>Sinks of notify.to and notify.files; secrets are not shown.</p></header>
			<Loaded data={told} what="sinks">
				{({ sinks, sender }) => (
					<>
						{sender.holds === false && <p class="problem" role="alert">! Nothing is sent: {sender.detail}</p>}
						{(sender.waiting > 0 || sender.dropped > 0) && <p>{count(sender.waiting)} messages wait to be sent{sender.dropped > 0 ? `, ${count(sender.dropped)} were given up` : ""}.</p>}
						{sinks.length === 0
							? <Empty>Nobody is told of anything: notify.to of the configuration names no sink (docs/alerts.md, "Who is told, and when").</Empty>
							: (
								<ul class="settings-sinks">
									{sinks.map((sink) => (
										<li key={sink.name} class="card">
											<h3>{sink.name}</h3>
											<p class="quiet">{sink.kind}: {sink.to}</p>
											<p><Last sink={sink} /></p>
											{(sink.failures ?? 0) > 0 && sink.error !== undefined && <p class="problem">{sink.error}</p>}
											<p>{sink.routes.length === 0 ? "no route leads to it" : "is told of:"}</p>
											<ul class="settings-routes">{sink.routes.map((route, i) => <li key={i}><code>{routeWords(route)}</code></li>)}</ul>
											{may("operator") && <p><Test sink={sink} /></p>}
										</li>
									))}
								</ul>
							)}
					</>
				)}
			</Loaded>
		</section>
	);
}
