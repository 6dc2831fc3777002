/*
 * Empty.tsx: in the place of what is not there: why, and what would change that.
 */
import type { ComponentChildren, JSX } from "preact";
import type { Data } from "../data";

/** A reason, in a sentence or two. */
export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
	return <p class="empty">{children}</p>;
}

interface Props<T> {
	data: Data<T>;
	/** What is being asked for: "ports". */
	what: string;
	children: (value: T) => ComponentChildren;
}

/**
 * What was asked for, once it is there; before, that it is asked for; if it can't be
 * had, why; and if what is shown has become old, that.
 */
export function Loaded<T>({ data, what, children }: Props<T>): JSX.Element {
	if (data.value === undefined && data.problem === undefined)
		return <p class="empty" role="status">Asking for {what} …</p>;
	return (
		<>
			{data.problem !== undefined && (
				<p class="problem" role="alert">
					! {data.value === undefined ? `No ${what}` : "What is shown is old"}: {data.problem}
				</p>
			)}
			{data.value !== undefined && children(data.value)}
		</>
	);
}
