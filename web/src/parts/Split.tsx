/*
 * Split.tsx: where the time of an answer goes: network, queue of the kernel, application.
 */
import type { JSX } from "preact";
import { duration } from "../words";

export interface Share {
	name: string;
	/** What is measured, in a sentence. */
	help: string;
	us: number | undefined;
	/** Why it is not known. */
	why?: string;
}

export function Split({ shares }: { shares: readonly Share[] }): JSX.Element {
	const longest = Math.max(1, ...shares.map(({ us }) => us ?? 0));
	return (
		<table class="split">
			<caption class="hidden">Where the time of an answer goes</caption>
			<tbody>
				{shares.map(({ name, help, us, why }, i) => (
					<tr key={name}>
						<th scope="row" title={help}>{name}<span class="quiet">{help}</span></th>
						<td class="number">{duration(us)}</td>
						{us === undefined && why !== undefined ? <td class="quiet">{why}</td> : (
							<td class="bar" aria-hidden="true">
								{us !== undefined && <span class={`line-${i + 1}`} style={{ width: `${100 * us / longest}%` }} />}
							</td>
						)}
					</tr>
				))}
			</tbody>
		</table>
	);
}
