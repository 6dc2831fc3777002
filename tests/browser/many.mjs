/*
 * many.mjs: how the page bears a large site.
 *
 * What the daemon says is multiplied on its way (MANY): each record becomes many, which
 * differ in what names them.
 */
import { main, open, places, settle, tap, url, wrongsOf } from "./harness.mjs";

/* What a turn of the wheel may take as a rule, and what would be seen as a halt. */
const STEP_MS = 60, HALT_MS = 100, SETTLE_MS = 30000;
/* What is for paper, too, is drawn whole. */
const PRINTED = "/reports";
const MANY = { ports: 5000, listeners: 5000, probes: 1000, flows: 20000, findings: 5000, incidents: 2000, alerts: 2000, blocks: 5000, levels: 1000, logins: 20000 };

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

/**
 * Scrolls what there is to scroll, as a wheel does; what a turn of it takes at most, in time of
 * the processor, which does not depend on who else works on this machine.
 */
async function scroll(page) {
	const session = await page.context().newCDPSession(page);
	await session.send("Performance.enable", { timeDomain: "threadTicks" });
	const worked = async () => (await session.send("Performance.getMetrics")).metrics
		.find((one) => one.name === "TaskDuration").value * 1000;
	const table = page.locator("main .scroll.tall").first();
	const box = await table.count() > 0 ? await table.boundingBox() : null;
	await page.mouse.move(box ? box.x + 100 : 600, box ? Math.min(750, box.y + 80) : 400);
	const turns = [];
	for (let i = 0; i < 30; i++) {
		const before = await worked();
		await page.mouse.wheel(0, 900);
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))));
		turns.push(await worked() - before);
	}
	await session.detach();
	return turns.sort((a, b) => a - b);
}

async function bearsMany(browser) {
	const page = await open(browser);
	await multiply(page);
	for (const place of places.filter((one) => one.key !== undefined)) {
		await page.goto(new URL(place.path, url).href);
		await settle(page, SETTLE_MS);
		const turns = await scroll(page), usual = turns[turns.length >> 1], longest = turns[turns.length - 1];
		console.log(`# ${place.title}: a turn of the wheel takes ${usual.toFixed(1)} ms, ${longest.toFixed(1)} ms at most`);
		/* Neighbours on a processor make any turn longer, and one in thirty may meet an answer that comes in. */
		tap.ok(usual < STEP_MS && turns[turns.length - 2] < HALT_MS, `${place.title}: with thousands of records it scrolls without a halt`, turns);
		const rows = await page.locator("main tbody tr").count();
		tap.ok(rows < 1000 || place.path === PRINTED, `${place.title}: only what can be seen is drawn`, `${rows} rows`);
	}
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.context().close();
}

await main(bearsMany);
