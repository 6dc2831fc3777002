/*
 * Facts.tsx: names and what they stand for; what is not known is left out.
 */
import type { ComponentChildren, JSX } from "preact";

export interface Fact {
	name: string;
	/** undefined, null or "": not known. */
	value: ComponentChildren;
	/** What it means, in a sentence. */
	help?: string;
}

export function Facts({ facts }: { facts: readonly Fact[] }): JSX.Element {
	return (
		<dl class="facts">
			{facts.filter(({ value }) => value !== undefined && value !== null && value !== "" && value !== false)
				.map(({ name, value, help }) => (
					<>
						<dt key={name} title={help}>{name}</dt>
						<dd key={`${name} is`}>{value}</dd>
					</>
				))}
		</dl>
	);
}
