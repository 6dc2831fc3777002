/*
 * report.mjs FILE...: reports as pages: for everybody, on every screen, and on paper.
 *
 * Each file is looked at light, dark and narrow, and as paper of A4; HOSTILE is a text that a
 * stranger could have put into the records of all of them.
 */
import { pathToFileURL } from "node:url";
import { barriers, main, open, overflow, tap, wrongsOf } from "./harness.mjs";

const HOSTILE = process.env.HOSTILE;
const A4_PX = Math.floor((210 - 2 * 16) / 25.4 * 96);   /* between the margins of report.css */
const files = process.argv.slice(2);
const name = (file) => file.split("/").at(-1);

async function look(browser, file, options) {
	const page = await open(browser, options);
	await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
	return page;
}

async function isForEverybody(browser) {
	for (const file of files)
		for (const [width, scheme] of [[1200, "light"], [1200, "dark"], [360, "light"], [360, "dark"]]) {
			const page = await look(browser, file, { width, scheme });
			const at = `${name(file)}, ${width} px, ${scheme}`;
			await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
			tap.equal(await barriers(page), [], `${at}: axe finds nothing serious`);
			tap.equal(await overflow(page), [], `${at}: nothing sticks out`);
			tap.equal(await wrongsOf(page), [], `${at}: no error, no breach of its policy, nothing loaded`);
			await page.context().close();
		}
}

async function standsAlone(browser) {
	for (const file of files) {
		const page = await look(browser, file);
		const outside = await page.evaluate(() => [...document.querySelectorAll("[src], [href], script, iframe, object, embed, link, [style]")]
			.filter((at) => !at.getAttribute("href")?.startsWith("#")).map((at) => at.outerHTML.slice(0, 80)));
		tap.equal(outside, [], `${name(file)}: no script, no style of an element, nothing outside of it`);
		const dangling = await page.evaluate(() => [...document.querySelectorAll("a[href^='#']")]
			.filter((at) => document.getElementById(at.getAttribute("href").slice(1)) === null).map((at) => at.href));
		tap.equal(dangling, [], `${name(file)}: each link leads somewhere`);
		const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map((at) => at.id));
		tap.equal(ids.length, new Set(ids).size, `${name(file)}: each id is there once`);
		await page.context().close();
	}
}

/* What got past the escaping would still not run. */
async function runsNothing(browser) {
	const page = await look(browser, files[0]);
	await page.evaluate(() => {
		const script = document.createElement("script");
		script.textContent = "window.ran = 1";
		document.body.append(script);
		const style = document.createElement("style");
		style.textContent = "body { --taken: 1 }";
		document.head.append(style);
	});
	const came = await page.evaluate(() => [window.ran, getComputedStyle(document.body).getPropertyValue("--taken")]);
	tap.equal(came, [null, ""], "the policy lets no other script run and no other style count");
	tap.ok(await page.evaluate(() => getComputedStyle(document.querySelector("main")).maxWidth) !== "none", "its own style counts");
	await page.context().close();
}

async function showsStrangersAsText(browser) {
	for (const file of files.filter((one) => name(one) === "inventory.html")) {
		const page = await look(browser, file);
		const text = await page.evaluate(() => document.body.textContent);
		tap.ok(text.includes(HOSTILE), `${name(file)}: what looks like markup is there as text`);
		tap.equal(await page.evaluate(() => [window.pwned, document.images.length]), [null, 0], `${name(file)}: and is nothing else`);
		const hidden = /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u0000-\u0008\u001b]/.exec(text);
		tap.ok(hidden === null, `${name(file)}: no character hides or turns a line`, hidden?.index);
		await page.context().close();
	}
}

/** Tables, and cells with more in them than can be seen, that paper would cut. */
async function cut(page) {
	return await page.evaluate(() => {
		const width = document.documentElement.clientWidth;
		const name = (at) => `${at.tagName} "${at.textContent.trim().slice(0, 40)}" ${at.scrollWidth} of ${at.clientWidth}, to ${Math.round(at.getBoundingClientRect().right)} of ${width}`;
		const wide = [...document.querySelectorAll("table, pre, figure, dl, .scroll")].filter((at) => at.getBoundingClientRect().right > width + 1);
		const hidden = [...document.querySelectorAll("td, th, .scroll, pre, dd")].filter((at) => at.scrollWidth > at.clientWidth + 1 && at.clientWidth > 0);
		return [...wide, ...hidden].slice(0, 5).map(name);
	});
}

async function printsWell(browser) {
	for (const file of files) {
		const page = await look(browser, file, { width: A4_PX, height: 1000, scheme: "dark" });
		await page.emulateMedia({ media: "print", colorScheme: "dark" });
		tap.equal(await cut(page), [], `${name(file)}: no table is cut by A4`);
		tap.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
			`${name(file)}: all of it is as wide as the paper`);
		const colours = await page.evaluate(() => [document.documentElement, document.body]
			.map((at) => getComputedStyle(at)).flatMap((at) => [at.color, at.backgroundColor]));
		tap.equal(colours.slice(0, 2), ["rgb(0, 0, 0)", "rgb(255, 255, 255)"], `${name(file)}: black on white, also where the screen is dark`);
		const heads = await page.evaluate(() => [...document.querySelectorAll("table")].every((at) =>
			at.tHead && getComputedStyle(at.tHead).display === "table-header-group" &&
			[...at.rows].every((row) => getComputedStyle(row).breakInside === "avoid")));
		tap.ok(heads, `${name(file)}: heads of tables are repeated, rows are not split`);
		const paper = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
		const boxes = [...paper.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map((at) => `${Math.round(at[1])} ${Math.round(at[2])}`);
		tap.ok(boxes.length > 0 && boxes.every((one) => /^595 84[12]$/.test(one)), `${name(file)}: as PDF it is pages of A4`, boxes);
		await page.context().close();
	}
}

await main(isForEverybody, standsAlone, runsNothing, showsStrangersAsText, printsWell);
