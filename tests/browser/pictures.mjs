/*
 * pictures.mjs FOLDER [png]: pictures of every page, as they are in docs/pictures: each in light,
 * those of EVERY_LOOK also dark and on a telephone.
 *
 * WebP, which Chromium makes itself: a fifth of PNG, which other programs may want.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, open, places, root, settle, unfold, visit } from "./harness.mjs";
import { addresses } from "./addresses.mjs";

const EVERY_LOOK = ["/", "/port"];
/* Where a place is shown at its best; of others the first that is linked to. */
const SHOWN = {
	"/reports": "/reports?report=pci-dss&since=30d",
	"/dashboards": "/dashboards?name=web-site",
	"/port": "/port?port=443&transport=tcp&host=203.0.113.10&since=7d",
};
const WIDE = 1200, NARROW = 360, LOWEST = 700, HIGHEST = 1700, QUALITY = 82;

/** overview, port, ...: a place's name as a file. */
function nameOf(place) {
	return place.path === "/" ? "overview" : place.path.slice(1).replace(/\W+/g, "-");
}

/** Paths as they are on a server: its programs are not below build/tree, nor its settings in a folder of a test. */
async function asTheServerSees(page) {
	await page.route("**/api/v1/**", async (route) => {
		if (route.request().resourceType() === "eventsource")
			return await route.continue();
		const answer = await route.fetch();
		const body = (await answer.text()).replaceAll(join(root, "build/tree"), "").replaceAll(process.env.SCENE_CONFIG, "/etc/breakwater");
		await route.fulfill({ response: answer, body });
	});
}

/** All of the page, as far as a picture should go. */
async function picture(page, address, { width, scheme }, file) {
	await page.setViewportSize({ width, height: LOWEST });
	await page.emulateMedia({ colorScheme: scheme });
	await visit(page, address);
	await unfold(page);
	const height = await page.evaluate(() => Math.max(...[...document.querySelectorAll("main, nav")].map((at) => at.getBoundingClientRect().bottom)));
	await page.setViewportSize({ width, height: Math.round(Math.min(HIGHEST, Math.max(LOWEST, height + 24))) });
	await settle(page);
	const session = await page.context().newCDPSession(page);
	const { data } = await session.send("Page.captureScreenshot", { format, quality: format === "webp" ? QUALITY : undefined });
	await session.detach();
	const bytes = Buffer.from(data, "base64");
	writeFileSync(file, bytes);
	console.log(`${file} ${Math.round(bytes.length / 1000)} kB`);
}

const [folder, format = "webp"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await launch();
const page = await open(browser);
await asTheServerSees(page);
const found = await addresses(page);
for (const place of places) {
	const address = SHOWN[place.path] ?? found.get(place.path)?.[0];
	if (address === undefined)
		throw new Error(`nothing links to ${place.path}`);
	const looks = [["", { width: WIDE, scheme: "light" }]];
	if (EVERY_LOOK.includes(place.path))
		looks.push(["-dark", { width: WIDE, scheme: "dark" }], ["-narrow", { width: NARROW, scheme: "light" }]);
	for (const [suffix, look] of looks)
		await picture(page, address, look, join(folder, `${nameOf(place)}${suffix}.${format}`));
}
await browser.close();
