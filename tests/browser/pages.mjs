/*
 * pages.mjs: every page of places.json, with what the scene has to show: no error, no
 * barrier, nothing that sticks out, nothing empty.
 */
import { addresses } from "./addresses.mjs";
import { barriers, emptyBoxes, main, open, overflow, places, tap, visit, wrongsOf } from "./harness.mjs";

const LOOKS = [
	{ width: 1200, scheme: "light" }, { width: 360, scheme: "light" },
	{ width: 1200, scheme: "dark" }, { width: 360, scheme: "dark" },
];

async function look(page, place, address, { width, scheme }) {
	const how = `${place.title}, ${width} px, ${scheme}`;
	await page.setViewportSize({ width, height: 800 });
	await page.emulateMedia({ colorScheme: scheme });
	await visit(page, address);
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
		const address = found.get(place.path);
		if (!tap.ok(address !== undefined, `${place.title}: something links to ${place.path}`))
			continue;
		for (const one of LOOKS)
			await look(page, place, address, one);
	}
	await page.context().close();
}

await main(everyPage);
