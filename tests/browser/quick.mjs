/*
 * quick.mjs: how soon the page is there, how much it loads, and how it bears a large site.
 *
 * What the daemon says is multiplied on its way (MANY): each record becomes many, which
 * differ in what names them.
 */
import { main, open, places, settle, tap, url, visit, wrongsOf } from "./harness.mjs";

const PAINT_MS = 300, LOAD_BYTES = 120000, TASK_MS = 200, SETTLE_MS = 30000;
const MANY = { ports: 5000, listeners: 5000, probes: 1000, flows: 20000, findings: 5000, incidents: 2000, alerts: 2000, blocks: 5000, levels: 1000, logins: 20000 };

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

/** Row i of those that one row becomes. */
function another(row, i) {
	const made = { ...row };
	if (i === 0)
		return made;
	const mark = (text) => `${text}${i}`;
	for (const name of ["id", "community_id"])
		if (made[name] !== undefined)
			made[name] = i.toString(16).padStart(8, "0") + made[name].slice(8);
	for (const name of ["target", "name", "user"])
		if (made[name] !== undefined)
			made[name] = mark(made[name]);
	for (const name of ["client_ip", "ip", "address"])
		if (made[name]?.includes("."))
			made[name] = `10.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}`;
	for (const name of ["port", "client_port"])
		if (made[name] !== undefined)
			made[name] = 1 + (made[name] + i * 7) % 65535;
	return made;
}

async function multiply(page) {
	await page.route("**/api/v1/**", async (route) => {
		const asked = new URL(route.request().url());
		const many = MANY[asked.pathname.split("/")[3]];
		if (many === undefined || route.request().method() !== "GET")
			return await route.continue();
		const answer = await route.fetch();
		const rows = answer.ok() ? await answer.json().catch(() => undefined) : undefined;
		if (!Array.isArray(rows) || rows.length === 0)
			return await route.fulfill({ response: answer });
		const most = Math.min(many, Number(asked.searchParams.get("limit") ?? many));
		const made = Array.from({ length: most }, (_, i) => another(rows[i % rows.length], Math.floor(i / rows.length)));
		await route.fulfill({ status: 200, contentType: "application/json", headers: { "Breakwater-Total": String(many) }, body: JSON.stringify(made) });
	});
}

/** Scrolls what there is to scroll, as a wheel does; the longest task meanwhile. */
async function scroll(page) {
	await page.evaluate(() => {
		window.tasks = [];
		new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: "longtask" });
	});
	const table = page.locator("main .scroll.tall").first();
	const box = await table.count() > 0 ? await table.boundingBox() : null;
	await page.mouse.move(box ? box.x + 100 : 600, box ? Math.min(750, box.y + 80) : 400);
	for (let i = 0; i < 30; i++) {
		await page.mouse.wheel(0, 900);
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
	}
	return await page.evaluate(() => Math.max(0, ...window.tasks));
}

async function bearsMany(browser) {
	const page = await open(browser);
	await multiply(page);
	for (const place of places.filter((one) => one.key !== undefined)) {
		await page.goto(new URL(place.path, url).href);
		await settle(page, SETTLE_MS);
		const longest = await scroll(page);
		console.log(`# ${place.title}: longest task ${Math.round(longest)} ms`);
		tap.ok(longest < TASK_MS, `${place.title}: with thousands of records it scrolls without a halt`, `${Math.round(longest)} ms`);
		const rows = await page.locator("main tbody tr").count();
		tap.ok(rows < 1000, `${place.title}: only what can be seen is drawn`, `${rows} rows`);
	}
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.context().close();
}

await main(isThereSoon, bearsMany);
