/*
 * addresses.mjs: where each place of the page is, with what it needs in its address.
 *
 * A place that is not in the menu is one of something: it is found by a link to it.
 */
import { places, visit } from "./harness.mjs";

/** Path of a place to its address; not there: nothing links to it. */
export async function addresses(page) {
	const found = new Map(places.filter((place) => place.key !== undefined).map((place) => [place.path, place.path]));
	const waiting = [...found.values()];
	while (waiting.length > 0 && places.some((place) => !found.has(place.path))) {
		await visit(page, waiting.shift());
		const links = await page.locator("main a[href]").evaluateAll((all) => all.map((one) => one.href));
		for (const link of links.map((one) => new URL(one)))
			if (link.origin === new URL(page.url()).origin && !found.has(link.pathname) &&
				places.some((place) => place.path === link.pathname)) {
				found.set(link.pathname, link.pathname + link.search);
				waiting.push(found.get(link.pathname));
			}
	}
	return found;
}
