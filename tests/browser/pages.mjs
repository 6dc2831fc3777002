/*
 * pages.mjs [dark]: every page of places.json, with what the scene has to show: no error, no
 * barrier, nothing that sticks out, nothing empty.
 */
import { addresses } from "./addresses.mjs";
import { barriers, emptyBoxes, main, open, overflow, places, tap, unfold, visit, wrongsOf } from "./harness.mjs";

const [scheme = "light"] = process.argv.slice(2);
const WIDE = 1200, NARROW = 360;

async function look(page, place, address, width) {
	const how = `${address === place.path ? place.title : address.slice(0, 40)}, ${width} px, ${scheme}`;
	await page.setViewportSize({ width, height: 800 });
	await page.emulateMedia({ colorScheme: scheme });
	await visit(page, address);
	await unfold(page);
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

async function everyPage(browser) {
	const page = await open(browser);
	const found = await addresses(page);
	await wrongsOf(page);
	for (const place of places) {
		const there = found.get(place.path) ?? [];
		tap.ok(there.length > 0, `${place.title}: something links to ${place.path}`);
		for (const address of there)
			for (const width of [WIDE, NARROW])
				await look(page, place, address, width);
	}
	await page.context().close();
}

await main(everyPage);
