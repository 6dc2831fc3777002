/*
 * Figure.tsx: one figure with its name; a link where there are records behind it.
 */
import type { ComponentChildren, JSX } from "preact";

interface Props {
	label: string;
	/** In words (words.ts). */
	value: string;
	/** What it means, in a sentence. */
	help?: string;
	/** What it was before, its limit, or of what it is a part. */
	note?: ComponentChildren;
	over?: boolean;
	href?: string;
}

export function Figure({ label, value, help, note, over, href }: Props): JSX.Element {
	const shown = <>{over && <span class="mark" aria-label="over its limit:">! </span>}{value}</>;
	return (
		<div class={over ? "figure over" : "figure"} title={help}>
			<dt>{label}</dt>
			<dd>
				<span class="value">{href === undefined ? shown : <a href={href}>{shown}</a>}</span>
				{note !== undefined && <span class="note">{note}</span>}
			</dd>
		</div>
	);
}

/** Figures beside each other. */
export function Figures({ children }: { children: ComponentChildren }): JSX.Element {
	return <dl class="figures">{children}</dl>;
}
