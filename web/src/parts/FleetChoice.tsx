/*
 * FleetChoice.tsx: of a hub, whose records are looked at: a site, a tag, a sensor, or all.
 * It stands in the head, and in the address of every view.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isHub, isMeant, sensors, sites, tags } from "../fleet";
import { CHOICE, param, setParams } from "../state";
import { count } from "../words";

interface ListProps {
	name: "site" | "tag";
	label: string;
	choices: readonly string[];
}

function List({ name, label, choices }: ListProps): JSX.Element | null {
	const given = param(name) ?? "";
	if (choices.length === 0 && given === "")
		return null;
	/* A link may name one that there is no more. */
	const all = given === "" || choices.includes(given) ? choices : [given, ...choices];
	return (
		<label>
			<span class="hidden">{label}</span>
			<select value={given} onChange={(event) => setParams({ [name]: event.currentTarget.value }, false)}>
				<option value="">every {name}</option>
				{all.map((one) => <option key={one} value={one}>{one}</option>)}
			</select>
		</label>
	);
}

/** Of a thousand names one types some; several stand with commas between. */
function Name(): JSX.Element {
	const given = param("sensor") ?? "";
	const [text, setText] = useState(given);
	useEffect(() => setText(given), [given]);
	const isKnown = (value: string) => value.split(",").every((one) => one.trim() === "hub" || sensors.value.some(({ name }) => name === one.trim()));
	const isWrong = text !== "" && text !== given && !isKnown(text);
	const put = (value: string) => {
		if (value === "" || isKnown(value))
			setParams({ sensor: value }, false);
	};
	return (
		<label>
			<span class="hidden">Sensor</span>
			<input type="search" list="sensors" value={text} placeholder="every sensor" autocomplete="off" spellcheck={false}
				aria-invalid={isWrong} title={isWrong ? "There is no sensor of that name" : "A sensor's name; several with commas"}
				onInput={(event) => setText(event.currentTarget.value)} onChange={(event) => put(event.currentTarget.value.trim())} />
			<datalist id="sensors">{sensors.value.map(({ name, site }) => <option key={name} value={name}>{site}</option>)}</datalist>
		</label>
	);
}

function clear(): void {
	setParams(Object.fromEntries(CHOICE.map((name) => [name, undefined])), false);
}

/** Nothing on one machine, unless the address chooses: then how to see it all. */
export function FleetChoice(): JSX.Element | null {
	const isChosen = CHOICE.some((name) => param(name) !== undefined);
	const all = sensors.value.length;
	if (all === 0)
		return isHub.value === false && isChosen
			? <div class="fleet-choice"><button type="button" title="This is one machine, which has no sensors" onClick={clear}>Show this machine</button></div>
			: null;
	return (
		<div class="fleet-choice" role="group" aria-label="Whose records are shown">
			<List name="site" label="Site" choices={sites.value} />
			<List name="tag" label="Tag" choices={tags.value} />
			<Name />
			{isChosen && (
				<>
					<span role="status">{count(sensors.value.filter(isMeant).length)} of {count(all)}</span>
					<button type="button" onClick={clear}>Show all</button>
				</>
			)}
		</div>
	);
}
