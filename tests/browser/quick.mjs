/*
 * quick.mjs: how soon the page is there, how much it loads, and how soon what happens is on
 * it: by the clock, so that nobody else may be at work.
 */
import { control, knockers, main, open, tap, visit, WATCHED, whenShown, wrongsOf } from "./harness.mjs";

const PAINT_MS = 300, LOAD_BYTES = 120000, SOON_MS = 2000;

async function isThereSoon(browser) {
	const times = [];
	let bytes = 0;
	for (let i = 0; i < 5; i++) {
		const page = await open(browser);
		await visit(page, "/");
		times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
		bytes = await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
			.filter((one) => !new URL(one.name).pathname.startsWith("/api/")).reduce((sum, one) => sum + one.transferSize, 0));
		await page.context().close();
	}
	console.log(`# first paint after ${times.map(Math.round).join(", ")} ms; ${bytes} bytes`);
	tap.ok(Math.min(...times) < PAINT_MS, "the first paint comes within 300 ms", times);
	tap.ok(bytes > 0 && bytes <= LOAD_BYTES, "the first load is at most 120 kB, compressed", bytes);
}

async function isSeenSoon(browser) {
	const page = await open(browser);
	await visit(page, WATCHED);
	await page.getByRole("status").getByText("Live").waitFor();
	for (const source of knockers.splice(0, 3)) {
		const shown = whenShown(page, source);
		const { at_ms } = await control(`/knock?source=${source}`);
		const took = await shown - at_ms;
		tap.ok(took < SOON_MS, `a trap that is touched is on the open page ${WATCHED} within two seconds`,
			`${source} after ${Math.round(took)} ms`);
		console.log(`# ${WATCHED}: ${source} after ${Math.round(took)} ms`);
	}
	tap.equal(await wrongsOf(page), [], "and nothing went wrong");
	await page.context().close();
}

await main(isThereSoon, isSeenSoon);
