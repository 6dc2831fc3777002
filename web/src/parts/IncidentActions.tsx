/*
 * IncidentActions.tsx: what a person does about an incident.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { change, may, viewer } from "../api";
import type { Params } from "../state";
import { isOpen, silenceFor, type Incident } from "../records/incident";
import { Ask, type Asked } from "./Ask";

const PATH = "/api/v1/incidents";

export const SPANS = [
	{ value: "1h", label: "1 hour" }, { value: "2h", label: "2 hours" }, { value: "8h", label: "8 hours" },
	{ value: "1d", label: "1 day" }, { value: "7d", label: "7 days" },
] as const;

/** What a silence is made of; of an incident, or of nothing yet. */
export function silenceFields(match: string): Asked[] {
	return [
		{ name: "match", label: "Which incidents", value: match, required: true,
		  help: "Conditions on fields of an incident, separated by blanks, which must all hold: rule=response port=80,443 server_ip=192.0.2.0/24 target=\"https://*\". Operators: = != < <= > >= =~ (docs/alerts.md)." },
		{ name: "for", label: "For", choices: SPANS, value: "2h" },
		{ name: "why", label: "Why", required: true, help: "For those who find it later, and the audit chain." },
	];
}

/** Of which one a dialog is open: it stays where it is, also if it is over by then. */
export const acting = signal<string | undefined>(undefined);

type What = "acknowledge" | "comment" | "close" | "false" | "silence";

interface Deed {
	button: string;
	title: string;
	action: string;
	/** What will happen. */
	says: string;
	fields: (incident: Incident) => Asked[];
	path?: string;
	/** What came of it. */
	done: string;
	form: (incident: Incident, values: Record<string, string>) => Params;
}

const reason: Asked = { name: "reason", label: "Why", help: "For the timeline and the audit chain." };

const DEEDS: Record<What, Deed> = {
	acknowledge: {
		button: "Acknowledge", title: "Acknowledge", action: "Acknowledge",
		says: "Others see that somebody takes care of it: it is neither repeated nor escalated.",
		fields: (incident) => [
			{ name: "owner", label: "Owner", value: incident.owner ?? viewer.value?.user ?? "", help: "Who takes care of it; you, if nothing stands here." },
			{ name: "comment", label: "Comment", long: true },
		],
		done: "It is acknowledged.",
		form: (incident, { owner, comment }) => ({ id: incident.id, acknowledge: 1, owner, comment }),
	},
	comment: {
		button: "Comment", title: "Comment", action: "Write",
		says: "It stands in the timeline of the incident.",
		fields: () => [{ name: "comment", label: "Comment", long: true, required: true }],
		done: "It is written down.",
		form: (incident, { comment }) => ({ id: incident.id, comment }),
	},
	close: {
		button: "Close", title: "Close", action: "Close",
		says: "It is over, whatever goes on of it; what comes anew is another incident.",
		fields: () => [reason],
		done: "It is closed.",
		form: (incident, { reason: why }) => ({ id: incident.id, close: 1, reason: why }),
	},
	false: {
		button: "False positive", title: "Close as false positive", action: "Close",
		says: "It was none: it is closed, and counted as a false positive in the figures.",
		fields: () => [{ ...reason, required: true }],
		done: "It is closed, as a false positive.",
		form: (incident, { reason: why }) => ({ id: incident.id, close: isOpen(incident) ? 1 : undefined, false_positive: 1, reason: why }),
	},
	silence: {
		button: "Silence", title: "Silence", action: "Silence",
		says: "Nobody is told of what matches, for so long. Incidents are made and shown as ever; what still fires afterwards is told then.",
		fields: (incident) => silenceFields(silenceFor(incident)),
		path: "/api/v1/silences",
		done: "Nobody is told of what matches, until it ends. Settings has all silences.",
		form: (_incident, values) => values,
	},
};

function deedsFor(incident: Incident): What[] {
	if (!isOpen(incident))
		return incident.false_positive ? ["comment"] : ["comment", "false"];
	const first: What = incident.acknowledged === undefined ? "acknowledge" : "comment";
	return [first, "close", "false", "silence"];
}

export function IncidentActions({ incident }: { incident: Incident }): JSX.Element | null {
	const [what, setWhat] = useState<What | undefined>(undefined);
	useEffect(() => {
		if (what === undefined)
			return undefined;
		acting.value = incident.id;
		return () => {
			acting.value = undefined;
		};
	}, [what, incident.id]);
	if (!may("operator"))
		return null;
	const deed = what === undefined ? undefined : DEEDS[what];
	return (
		<div class="incident-actions">
			{deedsFor(incident).map((one) => (
				<button key={one} type="button" class={one === "acknowledge" ? "primary" : undefined} onClick={() => setWhat(one)}>{DEEDS[one].button}</button>
			))}
			{deed && (
				<Ask title={deed.title} action={deed.action} fields={deed.fields(incident)} onClose={() => setWhat(undefined)}
					onSubmit={(values) => change(deed.path ?? PATH, deed.form(incident, values)).then(() => deed.done)}>
					<p>{incident.summary}</p>
					<p class="help">{deed.says}</p>
				</Ask>
			)}
		</div>
	);
}
