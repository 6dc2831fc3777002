/*
 * Help.tsx: what the page is for, and its keys.
 */
import type { JSX } from "preact";
import { KEYS } from "../keys";
import { places, type Place } from "../places";
import { Dialog } from "./Dialog";

export function Help({ place, onClose }: { place: Place | undefined; onClose: () => void }): JSX.Element {
	return (
		<Dialog title="Help" onClose={onClose}>
			{place && <p><strong>{place.title}.</strong> {place.help}</p>}
			<p>Every view is a link: filters, order and range stand in the address, which can be kept and shared.
				A dash (–) means that a value is not known; an exclamation mark, that it is over its limit.
				Grey ground in a chart is a time of which nothing is known.</p>
			<table class="keys">
				<caption>Keys</caption>
				<tbody>
					{KEYS.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}
					{places.filter((one) => one.key !== undefined).map((one) => (
						<tr key={one.path}><th scope="row"><kbd>g</kbd> <kbd>{one.key}</kbd></th><td>to {one.title}</td></tr>
					))}
				</tbody>
			</table>
		</Dialog>
	);
}
