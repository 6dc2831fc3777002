/*
 * pages.mjs [narrow]: every page of places.json, with what the scene has to show: no error,
 * no barrier, nothing that sticks out, nothing empty; light and dark.
 *
 * A wide window begins light and turns dark while the page is open, a narrow one the other
 * way round: each page is loaded in both schemes, and bears that they change.
 */
import { addresses } from "./addresses.mjs";
import { barriers, emptyBoxes, main, open, overflow, places, settle, tap, unfold, visit, wrongsOf } from "./harness.mjs";

const { width, schemes } = process.argv[2] === "narrow" ? { width: 360, schemes: ["dark", "light"] } : { width: 1200, schemes: ["light", "dark"] };

async function judge(page, place, how) {
	tap.equal(await page.locator("main h1").first().innerText(), place.title, `${how}: it is there`);
	const boxes = await emptyBoxes(page);
	tap.equal(boxes, [], `${how}: no box is empty without a reason, charts have their tables`);
	const found = await barriers(page);
	tap.equal(found, [], `${how}: axe finds nothing serious`, ...found);
	const out = await overflow(page);
	tap.equal(out, [], `${how}: nothing sticks out`, ...out);
	const wrongs = await wrongsOf(page);
	tap.equal(wrongs, [], `${how}: no error, no breach of policy, nothing asked elsewhere`, ...wrongs);
}

async function look(page, address) {
	const path = new URL(address, "http://page").pathname;
	const place = places.find((one) => one.path === path);
	const name = address === place.path ? place.title : address.slice(0, 40);
	await page.emulateMedia({ colorScheme: schemes[0] });
	await visit(page, address);
	await unfold(page);
	for (const scheme of schemes) {
		await page.emulateMedia({ colorScheme: scheme });
		await settle(page);
		tap.equal(await page.evaluate(() => document.documentElement.dataset.theme), scheme, `${name}, ${width} px: it is ${scheme}`);
		await judge(page, place, `${name}, ${width} px, ${scheme}`);
	}
}

async function everyPage(browser) {
	const page = await open(browser, { width });
	const found = await addresses(page, look);
	for (const place of places)
		tap.ok((found.get(place.path) ?? []).length > 0, `${place.title}: something links to ${place.path}`);
	await page.context().close();
}

await main(everyPage);
