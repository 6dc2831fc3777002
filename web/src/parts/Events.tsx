/*
 * Events.tsx: what happened, the newest first.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Event } from "../records/events";
import { exact, plural, time } from "../words";
import { Badge } from "./Badge";

interface Props {
	/** What they are, for a screen reader. */
	label: string;
	events: readonly Event[];
	/** So many, and the rest when it is asked for. */
	shown?: number;
}

export function Events({ label, events, shown = 12 }: Props): JSX.Element {
	const [all, setAll] = useState(false);
	const seen = all ? events : events.slice(0, shown);
	return (
		<>
			<ol class="events" aria-label={label}>
				{seen.map((one) => (
					<li key={one.key}>
						<time dateTime={one.at} title={exact(one.at)}>{time(one.at)}</time>
						<Badge tone={one.tone}>{one.what}</Badge>
						<span class="what">{one.sensor !== undefined && <>{one.sensor}: </>}{one.href === undefined ? one.text : <a href={one.href}>{one.text}</a>}</span>
					</li>
				))}
			</ol>
			{events.length > seen.length && (
				<button type="button" onClick={() => setAll(true)}>and {plural(events.length - seen.length, "more", "more")}</button>
			)}
		</>
	);
}
