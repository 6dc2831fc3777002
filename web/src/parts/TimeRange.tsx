/*
 * TimeRange.tsx: which time is looked at.  "t" goes to it, "[" and "]" shift it.
 */
import type { JSX } from "preact";
import { rangeOf, rangeTimes, setParams, shifted, type Range } from "../state";

const SPANS: readonly [string, string][] = [
	["15m", "15 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"],
	["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"],
];

interface Props {
	/** The page's range if the address has none: "1h". */
	usual: string;
}

/** As <input type=datetime-local> takes it, in the viewer's time zone. */
function local(at_ms: number): string {
	const date = new Date(at_ms);
	return new Date(at_ms - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

export function moveRange(range: Range, direction: -1 | 1): void {
	setParams({ ...shifted(range, direction) });
}

export function TimeRange({ usual }: Props): JSX.Element {
	const range = rangeOf(usual);
	const [since_ms, until_ms] = rangeTimes(range);
	const isSpan = range.until === undefined && SPANS.some(([span]) => span === range.since);
	const set = (name: "since" | "until", text: string) => {
		if (text !== "")
			setParams({ since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString(),
				[name]: new Date(text).toISOString() });
	};
	return (
		<fieldset class="range" data-usual={usual}>
			<legend class="hidden">Time that is looked at</legend>
			<button type="button" aria-label="Earlier" title="Earlier ( [ )" onClick={() => moveRange(range, -1)}>‹</button>
			<label>
				<span class="hidden">Range</span>
				<select data-range="" value={isSpan ? range.since : "other"}
					onChange={(event) => setParams(event.currentTarget.value === "other"
						? { since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString() }
						: { since: event.currentTarget.value, until: undefined })}>
					{SPANS.map(([span, label]) => <option key={span} value={span}>last {label}</option>)}
					<option value="other">from … to …</option>
				</select>
			</label>
			{!isSpan && (
				<>
					<label><span class="hidden">From</span>
						<input type="datetime-local" value={local(since_ms)} max={local(until_ms)}
							onChange={(event) => set("since", event.currentTarget.value)} /></label>
					<label><span class="hidden">To</span>
						<input type="datetime-local" value={local(until_ms)} min={local(since_ms)}
							onChange={(event) => set("until", event.currentTarget.value)} /></label>
				</>
			)}
			<button type="button" aria-label="Later" title="Later ( ] )" disabled={range.until === undefined}
				onClick={() => moveRange(range, 1)}>›</button>
		</fieldset>
	);
}
