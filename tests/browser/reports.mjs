/*
 * reports.mjs: the page's Reports: what can be made, what a report says on the page, that a
 * view is a link, that files are what is shown; by keyboard, narrow, dark.
 */
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { barriers, emptyBoxes, main, open, overflow, settle, tap, url, visit, wrongsOf } from "./harness.mjs";

/* Of a time that is over nothing is added any more, whatever the monitor goes on to see. */
const END = Date.now() - 3600e3;
const OVER = `since=${new Date(END - 30 * 86400e3).toISOString()}&until=${new Date(END).toISOString()}`;
const MONTH = `/reports?report=pci-dss&${OVER}`;
/* What nobody here may say of what was observed. */
const VERDICTS = /\b(compliant|compliance is|passed)\b/i;

async function json(page, path) {
	return await page.evaluate(async (asked) => await (await fetch(asked)).json(), path);
}

async function listsWhatThereIs(browser) {
	const page = await open(browser);
	await visit(page, "/reports");
	const { reports } = await json(page, "/api/v1/reports");
	const links = await page.locator(".report-kinds a").allInnerTexts();
	tap.equal([...links].sort(), reports.map((one) => one.title).sort(), "all frameworks and documents are there, by their titles");
	const [made] = await json(page, "/api/v1/reports_made?since=1d&format=json");
	const row = await page.getByRole("region", { name: "Reports that were made" }).locator("tbody tr").first().innerText();
	tap.ok(made.state === "made" && ["soc2", made.period_start.slice(0, 10), made.files.split(" ")[0]].every((text) => row.includes(text)),
		"one that was made by schedule says of which time it is, and where", row, made);
	await page.locator(".report-kinds a", { hasText: "PCI DSS" }).click();
	await settle(page);
	tap.ok(new URL(page.url()).searchParams.get("report") === "pci-dss", "a framework is a link", page.url());
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.context().close();
}

async function saysWhatWasObserved(browser) {
	const page = await open(browser);
	await visit(page, MONTH);
	const said = await json(page, `/api/v1/report/pci-dss?${OVER}&format=json&rows=100`);
	const text = await page.locator("main").innerText();
	const items = page.locator(".report-controls > li");
	tap.equal(await items.count(), said.controls.length, "each control is there");
	for (const [i, control] of said.controls.entries()) {
		const item = await items.nth(i).innerText();
		tap.ok(item.includes(control.id) && item.includes(control.strength) && item.includes(control.missing.slice(0, 60)),
			`${control.id} says how strong its evidence is, and what is missing`, item);
	}
	const hashes = await page.locator(".report-evidence code").allTextContents();
	const steady = said.evidence.filter(({ id }) => !readFileSync(new URL(`../../compliance/evidence/${id}.sql`, import.meta.url), "utf8").includes(":now"));
	tap.ok(steady.length > 3 && steady.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256)) && hashes.filter((one) => /^[0-9a-f]{64}$/.test(one)).length === 2 * said.evidence.length,
		"each piece of evidence has its hashes", hashes);
	tap.ok(!VERDICTS.test(text), "nothing says that anything is met", VERDICTS.exec(text)?.[0]);
	const bar = page.locator(".report-coverage svg[role=img]");
	const gaps = said.gaps.filter((gap) => gap.blind);
	tap.ok(gaps.length > 0 && (await bar.getAttribute("aria-label")).includes("nobody watched"), "a gap is named", gaps[0]);
	const holes = await bar.locator("rect.gap").evaluateAll((all) => all.map((one) => [one.getBoundingClientRect().width, getComputedStyle(one).fill]));
	tap.ok(holes.length > 0 && holes.every(([width, fill]) => width >= 1 && fill.startsWith("url(")), "and is a hole in the bar: hatched, however short", holes);
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.context().close();
}

async function showsTheRows(browser) {
	const page = await open(browser);
	await visit(page, MONTH);
	const said = await json(page, `/api/v1/report/pci-dss?${OVER}&format=json&rows=100`);
	const one = said.evidence.find((evidence) => (evidence.deviations ?? 0) > 0);
	const piece = page.locator(`section#${one.id}`);
	tap.equal(await piece.locator("tbody").count(), 0, "rows are drawn when somebody wants them");
	await piece.locator("summary").first().click();
	const first = await piece.locator("tbody tr").first().evaluate((row) => [row.className, row.cells[0].textContent]);
	tap.ok(first[0] === "bad" && one.rows.some((row) => String(row.deviation) === first[1]), "what deviates stands first", first, one.rows[0]);
	tap.equal(await piece.locator("tbody tr").count(), Math.min(100, one.row_count), "and no more than the page can bear");
	await page.context().close();
}

async function isALink(browser) {
	const page = await open(browser);
	await visit(page, MONTH);
	const all = await page.locator(".report-controls > li").count();
	await page.locator(".figure a", { hasText: /^\d/ }).first().click();
	await settle(page);
	const outcome = new URL(page.url()).searchParams.get("outcome"), some = await page.locator(".report-controls > li").count();
	tap.ok(outcome !== null && some > 0 && some < all, "a figure leads to the controls behind it", outcome, some, all);
	await page.locator(".report-presets a", { hasText: "Quarter" }).click();
	await settle(page);
	const head = await page.locator(".report section header p").first().innerText(), address = page.url();
	tap.ok(/^\d{4}-(01|04|07|10)-01 00:00:00 UTC to \d{4}-(01|04|07|10)-01 00:00:00 UTC/.test(head), "a quarter is the calendar's", head);
	await page.reload();
	await settle(page);
	tap.equal([page.url(), (await page.locator(".report section header p").first().innerText()).split(",")[0]], [address, head.split(",")[0]], "a view is a link");
	tap.equal(await page.locator(".report-presets a[aria-current]").innerText(), await page.locator(".report-presets a", { hasText: "Quarter" }).innerText(), "which says what is chosen");
	await page.context().close();
}

async function givesFiles(browser) {
	const page = await open(browser);
	await visit(page, MONTH);
	const files = page.locator(".report-files a");
	tap.equal(await files.allInnerTexts(), ["HTML", "PDF", "JSON", "CSV", "OSCAL", "HDF"], "one who may only read has no bundle, but each format");
	const made = page.waitForEvent("download");
	await files.filter({ hasText: "JSON" }).click();
	const file = await made, body = readFileSync(await file.path());
	tap.ok(/^pci-dss-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.json$/.test(file.suggestedFilename()), "a file has a name that says what it is", file.suggestedFilename());
	const said = JSON.parse(body), shown = await page.locator(".report-evidence code").allTextContents();
	const same = said.evidence.filter(({ sha256 }) => shown.includes(sha256)).length;
	tap.ok(same >= said.evidence.length - 2, "and is what is shown", `${same} of ${said.evidence.length}`, createHash("sha256").update(body).digest("hex"));
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.route(/format=pdf/, (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":"busy: try again"}' }));
	await files.filter({ hasText: "PDF" }).click();
	const why = page.locator(".report-files [role=alert]");
	await why.waitFor();
	tap.equal(await why.innerText(), "! No PDF: busy: try again", "one that is refused says why");
	await page.context().close();
}

async function isAboutSomebody(browser) {
	const page = await open(browser);
	await visit(page, "/reports?report=access");
	tap.ok((await page.locator("main .empty").innerText()).startsWith("Choose an address"), "an access trail asks whose it is to be");
	await page.getByLabel("Address or network").fill("198.51.100.20");
	await page.getByLabel("Address or network").press("Enter");
	await settle(page);
	tap.ok(new URL(page.url()).searchParams.get("host") === "198.51.100.20" && await page.locator(".report-evidence").count() > 0, "and is made of that", page.url());
	await page.getByLabel("Address or network").fill("nobody");
	await page.getByLabel("Address or network").press("Enter");
	await settle(page);
	tap.ok((await page.locator("main [role=alert]").innerText()).includes("access: "), "what can't be is told");
	page.wrongs.splice(0);   /* the browser notes each 400 */
	await visit(page, "/reports?report=incident");
	const choices = page.getByLabel("Incident");
	await choices.selectOption({ index: 1 });
	await settle(page);
	tap.ok(await page.locator(".report-controls > li").count() > 3, "an incident is chosen from a list");
	await visit(page, "/reports?report=nothing");
	tap.ok((await page.locator("main").innerText()).includes("no report of that name"), "a name that is none is told");
	tap.equal(await wrongsOf(page), [], "and nothing goes wrong");
	await page.context().close();
}

async function isForEverybody(browser) {
	for (const [width, scheme] of [[1200, "light"], [1200, "dark"], [360, "light"], [360, "dark"]])
		for (const path of ["/reports", MONTH, "/reports?report=executive&since=30d", "/reports?report=access"]) {
			const page = await open(browser, { width, scheme }), at = `${path}, ${width} px, ${scheme}`;
			await visit(page, path);
			await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
			await settle(page);
			const found = await barriers(page);
			tap.equal(found, [], `${at}: axe finds nothing serious`, ...found);
			tap.equal(await overflow(page), [], `${at}: nothing sticks out`);
			tap.equal(await emptyBoxes(page), [], `${at}: nothing is empty without a reason`);
			tap.equal(await wrongsOf(page), [], `${at}: no error, nothing asked elsewhere`);
			if (process.env.PICTURES)
				await page.screenshot({ path: `${process.env.PICTURES}/${path.replaceAll(/\W+/g, "-")}-${width}-${scheme}.png`, fullPage: true });
			await page.context().close();
		}
}

async function worksByKeyboard(browser) {
	const page = await open(browser);
	await visit(page, MONTH);
	const { evidence } = await json(page, `/api/v1/report/pci-dss?${OVER}&format=json&rows=1`);
	const { id } = evidence.find((one) => one.row_count > 0);
	const link = page.locator(".report-controls a", { hasText: new RegExp(`^${id}$`) }).first();
	await link.focus();
	await page.keyboard.press("Enter");
	tap.equal(await page.evaluate(() => document.activeElement?.id), id, "a control leads to its evidence, which has the focus then");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	await page.locator(`section#${id} tbody`).first().waitFor();
	tap.ok(new URL(page.url()).pathname === "/reports" && new URL(page.url()).origin === new URL(url).origin, "and its rows open by keyboard");
	await page.context().close();
}

await main(listsWhatThereIs, saysWhatWasObserved, showsTheRows, isALink, givesFiles, isAboutSomebody, worksByKeyboard, isForEverybody);
