/*
 * addresses.mjs: where each place of the page is, with what it needs in its address.
 *
 * A place that is not in the menu is one of something: it is found by a link to it.  So is
 * one thing of those that a place lists, which is looked at beside the list.
 */
import { places, visit } from "./harness.mjs";

const IN_THE_MENU = places.filter((place) => place.key !== undefined).map((place) => place.path);

/** What names one thing; other words of an address are filters. */
const NAMES = ["id", "name", "target", "report"];

function isOne(link) {
	return NAMES.some((name) => link.searchParams.has(name));
}

/**
 * Path of a place to its addresses: itself, and one of what it lists; not there: nothing
 * links to it.  look(page, address) goes to each of them, once.
 */
export async function addresses(page, look = visit) {
	const found = new Map(IN_THE_MENU.map((path) => [path, [path]]));
	const waiting = [...IN_THE_MENU];
	while (waiting.length > 0) {
		await look(page, waiting.shift());
		const links = await page.locator("main a[href]").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
		for (const link of links.map((one) => new URL(one, page.url()))) {
			const known = found.get(link.pathname);
			const isPlace = link.origin === new URL(page.url()).origin && places.some((place) => place.path === link.pathname);
			if (!isPlace || (known !== undefined && (known.length > 1 || !isOne(link) || !IN_THE_MENU.includes(link.pathname))))
				continue;
			found.set(link.pathname, [...known ?? [], link.pathname + link.search]);
			waiting.push(link.pathname + link.search);
		}
	}
	return found;
}
