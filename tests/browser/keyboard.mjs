/*
 * keyboard.mjs: the page by keyboard alone.
 */
import { main, open, places, settle, tap, visit, wrongsOf } from "./harness.mjs";

const STEPS = 40; /* of Tab on each page; what comes later is of the same kinds */
const menu = places.filter((place) => place.key !== undefined);
const title = (page) => page.locator("main h1").first();

/** What has the focus: where it is, and whether one sees that it has it. */
async function focus(page) {
	return await page.evaluate(() => {
		const at = document.activeElement;
		const box = at.getBoundingClientRect(), style = getComputedStyle(at);
		/* In a drawing a line around it stands for an outline. */
		const hasLine = [...at.querySelectorAll("rect, path")].some((one) => getComputedStyle(one).stroke !== "none");
		return {
			what: `${at.tagName.toLowerCase()}${at.id ? `#${at.id}` : ""} ${at.getAttribute("aria-label") ?? at.textContent.trim().slice(0, 40)}`,
			tag: at.tagName, href: at.getAttribute("href"),
			isMarked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none" ||
				(at instanceof SVGElement && hasLine),
			isInView: box.bottom > 0 && box.top < innerHeight && box.width > 0,
		};
	});
}

async function skipsToTheContent(browser) {
	const page = await open(browser);
	await visit(page, menu[0].path);
	await page.keyboard.press("Tab");
	const first = await focus(page);
	tap.ok(first.href === "#main" && first.isInView, "the first Tab is at a link to the content, which is then seen", first);
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	const isInside = await page.evaluate(() => document.activeElement.closest("main") !== null);
	tap.ok(isInside, "from there Tab goes on in the content", await focus(page));
	await page.context().close();
}

async function goesByLetters(browser) {
	const page = await open(browser);
	await visit(page, menu[0].path);
	for (const place of [...menu.slice(1), menu[0]]) {
		await page.keyboard.press("g");
		await page.keyboard.press(place.key);
		await title(page).getByText(place.title, { exact: true }).waitFor();
		await settle(page);
		tap.equal(new URL(page.url()).pathname, place.path, `g ${place.key} goes to ${place.title}`);
	}
	const letters = menu.map((place) => place.key);
	tap.equal(letters.length, new Set(letters).size, "no two pages have the same letter");
	await page.keyboard.press("?");
	const help = page.getByRole("dialog");
	await help.waitFor();
	for (const place of menu)
		tap.ok((await help.innerText()).includes(place.title), `the help has the letter of ${place.title}`);
	await page.keyboard.press("Escape");
	await help.waitFor({ state: "hidden" });
	tap.ok(true, "Esc closes it");
	await page.context().close();
}

async function findsAndShifts(browser) {
	const page = await open(browser);
	for (const place of menu) {
		await visit(page, place.path);
		if (await page.locator("main [data-search]").count() > 0) {
			await page.keyboard.press("/");
			const has = await page.evaluate(() => document.activeElement.matches("[data-search]"));
			tap.ok(has, `${place.title}: / goes to the search`, await focus(page));
			await page.evaluate(() => document.activeElement.blur());
		}
		if (await page.locator("main [data-range]").count() === 0)
			continue;
		await page.keyboard.press("t");
		const has = await page.evaluate(() => document.activeElement.closest("[data-range]") !== null);
		tap.ok(has, `${place.title}: t goes to the range of time`, await focus(page));
		await page.evaluate(() => document.activeElement.blur());
		const before = page.url();
		await page.keyboard.press("[");
		await settle(page);
		tap.ok(page.url() !== before, `${place.title}: [ goes back in time, and the address says so`, page.url());
	}
	tap.equal(await wrongsOf(page), [], "nothing goes wrong on the way");
	await page.context().close();
}

async function opensRows(browser) {
	const page = await open(browser);
	await visit(page, "/ports");
	await page.locator("main .table .scroll").first().focus();
	await page.keyboard.press("ArrowDown");
	const first = await focus(page);
	tap.ok(first.tag === "A" && first.isMarked, "an arrow goes to the first row", first);
	await page.keyboard.press("ArrowDown");
	const second = await focus(page);
	tap.ok(second.href !== null && second.href !== first.href, "and to the next", second);
	await page.keyboard.press("End");
	await page.keyboard.press("Home");
	tap.equal((await focus(page)).href, first.href, "End and Home go to the last and to the first");
	await page.keyboard.press("Enter");
	await title(page).getByText("Port", { exact: true }).waitFor();
	tap.ok(page.url().includes(new URL(first.href, page.url()).search), "Enter opens it", page.url());
	await page.goBack();
	await title(page).getByText("Ports", { exact: true }).waitFor();
	tap.ok(true, "and the way back is the browser's");
	await page.context().close();
}

async function seesTheFocus(browser) {
	const page = await open(browser);
	for (const place of menu) {
		await visit(page, place.path);
		const unseen = [];
		for (let i = 0; i < STEPS; i++) {
			await page.keyboard.press("Tab");
			const at = await focus(page);
			if (at.tag === "BODY")
				break;
			if (!at.isMarked || !at.isInView)
				unseen.push(at);
		}
		tap.equal(unseen, [], `${place.title}: what has the focus is marked and in view`, ...unseen);
		const apart = await page.evaluate(() => [...document.querySelectorAll("[tabindex]")].filter((at) => at.tabIndex > 0).length);
		tap.equal(apart, 0, `${place.title}: Tab goes in the order of the page`);
	}
	await page.context().close();
}

await main(skipsToTheContent, goesByLetters, opensRows, findsAndShifts, seesTheFocus);
