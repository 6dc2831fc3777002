/*
 * width.ts: how wide a part is, for what is drawn to measure.
 */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** Pixels inside an element; 0 before it is there. */
export function useWidth(ref: RefObject<Element>): number {
	const [width, setWidth] = useState(0);
	useLayoutEffect(() => {
		const at = ref.current;
		if (at === null)
			return undefined;
		const look = () => setWidth(at.clientWidth);
		look();
		const resized = new ResizeObserver(look);
		resized.observe(at);
		return () => resized.disconnect();
	}, []);
	return width;
}
