/*
 * live.mjs: a page that stays open: what happens is seen after a restart of the daemon too,
 * over one connection for all tabs; and what strangers say stays text.
 */
import { control, knockers, main, newTab, open, places, settle, tap, until, url, visit, WATCHED, whenShown, wrongsOf } from "./harness.mjs";

async function goesOnAfterRestart(browser) {
	const page = await open(browser);
	await visit(page, WATCHED);
	const status = page.getByRole("status");
	await status.getByText("Live").waitFor();
	await control("/stop");
	await status.getByText("does not answer").waitFor({ timeout: 10000 });
	tap.ok(true, "when the daemon ends, the page says so");
	await control("/start");
	await status.getByText("Live").waitFor({ timeout: 30000 });
	tap.ok(true, "when it is there again, the page is live again, by itself");
	const source = knockers.shift();
	const shown = whenShown(page, source);
	await control(`/knock?source=${source}`);
	await Promise.race([shown, new Promise((_, failed) => setTimeout(() => failed(new Error(`${source} is not shown`)), 15000))]);
	tap.ok(true, "and shows what happens");
	await page.context().close();
}

async function tabsShareOne(browser) {
	const first = await open(browser);
	const streams = new Set();
	const count = (page) => {
		page.on("request", (request) => request.resourceType() === "eventsource" && streams.add(request));
		for (const end of ["requestfinished", "requestfailed"])
			page.on(end, (request) => streams.delete(request));
		page.on("close", () => [...streams].filter((one) => one.frame().page() === page).forEach((one) => streams.delete(one)));
	};
	count(first);
	await visit(first, "/ports");
	const second = await newTab(first.context());
	count(second);
	await visit(second, WATCHED);
	for (const page of [first, second])
		await page.getByRole("status").getByText("Live").waitFor();
	await until(() => streams.size === 1, "one stream");
	tap.equal(streams.size, 1, "two tabs have one connection for what is live");
	const source = knockers.shift();
	const shown = whenShown(second, source);
	await control(`/knock?source=${source}`);
	await shown;
	tap.ok(true, "and both hear of what happens");
	await first.close();
	await second.getByRole("status").getByText("Live").waitFor();
	const next = knockers.shift();
	const again = whenShown(second, next);
	await control(`/knock?source=${next}`);
	await again;
	tap.equal(streams.size, 1, "when the one that has it is closed, the other takes over");
	await second.context().close();
}

async function staysText(browser) {
	const { markup, short, port } = await control("/hostile");
	const page = await open(browser);
	page.on("dialog", (dialog) => {
		page.wrongs.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	await visit(page, `/port?port=${port}&transport=tcp&host=203.0.113.10`);
	await until(async () => (await page.locator("main").textContent()).includes(short), `${short} on the page`);
	tap.ok(true, "the name of a process is shown as it is, markup and all");
	await until(async () => (await page.locator("main").textContent()).includes(markup), `${markup} on the page`);
	tap.ok(true, "and what its server says of itself");
	for (const { path, key, title } of places) {
		if (key === undefined)
			continue;
		await visit(page, path);
		const made = await page.locator("img, [onerror]").count();
		const turned = await page.evaluate(() => /[\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent));
		tap.ok(made === 0 && !turned, `${title}: words of strangers stay text, and turn nothing around`, { made, turned });
	}
	await page.goto(new URL("/ports", url).href);
	await settle(page);
	tap.equal(await wrongsOf(page), [], "nothing of it was run");
	await page.context().close();
}

await main(tabsShareOne, staysText, goesOnAfterRestart);
