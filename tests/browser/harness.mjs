/*
 * harness.mjs: what the tests of the page share: TAP, the browser, and a look at a page as
 * a person would take it.
 *
 * SCENE_URL is where the page is (scene.py); what a page must never do (errors, breaches
 * of its security policy, requests elsewhere) is noted from its first moment on.
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import http from "node:http";

export const here = dirname(fileURLToPath(import.meta.url));
export const root = dirname(dirname(here));
export const url = process.env.SCENE_URL;
const require = createRequire(join(root, "build/npm/package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
/* How long a page may be without a question until it is taken to have all answers. */
const QUIET_MS = 250;

/* Of one machine; fleet.mjs looks at those that only a hub has. */
export const places = JSON.parse(readFileSync(join(root, "web/src/places.json"), "utf8")).filter((place) => !place.fleet);

/** Test Anything Protocol, the plan at the end; notes are for failures. */
class Tap {
	count = 0;
	failed = 0;

	ok(passed, sentence, ...notes) {
		this.count++;
		this.failed += passed ? 0 : 1;
		console.log(`${passed ? "ok" : "not ok"} ${this.count} - ${sentence}`);
		for (const note of passed ? [] : notes)
			for (const line of (typeof note === "string" ? note : JSON.stringify(note, null, 1)).split("\n"))
				console.log(`#   ${line}`);
		return passed;
	}

	equal(got, wanted, sentence, ...notes) {
		const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
		return this.ok(a === b, sentence, `got ${a}, expected ${b}`, ...notes);
	}

	finish() {
		console.log(`1..${this.count}`);
		return this.failed > 0 || this.count === 0 ? 1 : 0;
	}
}

export const tap = new Tap();

/** Runs each part with (browser); one that can't go on fails, the next is tried. */
export async function main(...parts) {
	const browser = await launch();
	for (const part of parts)
		try {
			await part(browser);
		} catch (error) {
			tap.ok(false, `${part.name} runs to its end`, String(error?.stack ?? error));
		}
	await browser.close();
	process.exitCode = tap.finish();
}

export async function launch() {
	return await chromium.launch({
		executablePath: join(here, "chromium"),
		/* Root has no user namespace to sandbox in; what it looks at is our own page. */
		args: process.getuid() === 0 ? ["--no-sandbox"] : [],
	});
}

/** A page whose wrongs are noted in page.wrongs. */
export async function open(browser, { width = 1200, height = 800, scheme = "light", ...options } = {}) {
	const context = await browser.newContext({
		viewport: { width, height }, colorScheme: scheme, locale: "en-GB", timezoneId: "UTC",
		reducedMotion: "reduce", ...options,
	});
	return await newTab(context);
}

/** Another tab of the same browser window: it shares cookies and live updates. */
export async function newTab(context) {
	const page = await context.newPage();
	page.wrongs = [];
	page.asked = new Set();
	page.lastAnswer = Date.now();
	await page.addInitScript(() => {
		window.breaches = [];
		document.addEventListener("securitypolicyviolation", (event) =>
			window.breaches.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
	});
	page.on("console", (message) => message.type() === "error" &&
		page.wrongs.push(`console: ${message.text()} ${message.location().url}`));
	page.on("pageerror", (error) => page.wrongs.push(`error: ${error.stack ?? error}`));
	page.on("request", (request) => {
		if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin)
			page.wrongs.push(`elsewhere: ${request.url()}`);
		if (request.resourceType() !== "eventsource")
			page.asked.add(request);
	});
	for (const end of ["requestfinished", "requestfailed"])
		page.on(end, (request) => {
			page.asked.delete(request);
			page.lastAnswer = Date.now();
		});
	return page;
}

/** Waits until the page has what it asked for, and has drawn it. */
export async function settle(page, most_ms = 15000) {
	const end = Date.now() + most_ms;
	for (;;) {
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20))));
		const isQuiet = page.asked.size === 0 && Date.now() - page.lastAnswer > QUIET_MS;
		if (isQuiet && await page.locator("main h1").count() > 0 &&
			await page.getByText(/^Asking for .* …$/).count() === 0)
			return;
		if (Date.now() > end)
			throw new Error(`${page.url()} still waits after ${most_ms} ms for ` +
				[...page.asked].map((one) => one.url()).join(" ") + (await page.locator("main").allInnerTexts()).join().slice(0, 300));
	}
}

export async function visit(page, path) {
	await page.goto(new URL(path, url).href, { waitUntil: "load" });
	await settle(page);
}

/** Sees all of the page once: what is further down asks only when it comes into view. */
export async function unfold(page) {
	await page.evaluate(async () => {
		for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
			scrollTo(0, y);
			await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
		}
		scrollTo(0, 0);
	});
	await settle(page);
}

/** What must never happen, since the last time this was asked. */
export async function wrongsOf(page) {
	const breaches = await page.evaluate(() => window.breaches.splice(0));
	return [...page.wrongs.splice(0), ...breaches.map((one) => `policy: ${one}`)];
}

/** What axe finds that is serious or critical: rule, how many, and the first places. */
export async function barriers(page) {
	if (!await page.evaluate(() => "axe" in window))
		await page.evaluate(AXE);
	return await page.evaluate(async () => {
		const { violations } = await window.axe.run(document, {
			resultTypes: ["violations"], rules: { "target-size": { enabled: true } },
		});
		return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) =>
			`${one.id} (${one.impact}, ${one.nodes.length}): ${one.nodes.slice(0, 3).map((node) =>
				`${node.target.join(" ")} ${node.any.concat(node.all)[0]?.message ?? ""}`).join("; ")}`);
	});
}

/** What sticks out to the right, if anything does. */
export async function overflow(page) {
	return await page.evaluate(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width)
			return [];
		const scrolls = (at) => at !== document.body && at.parentElement &&
			(/(auto|scroll|hidden|clip)/.test(getComputedStyle(at).overflowX) || scrolls(at.parentElement));
		return [...document.querySelectorAll("body *")].filter((at) =>
			at.getBoundingClientRect().right > width + 1 && !scrolls(at.parentElement)).slice(0, 5)
			.map((at) => `${at.tagName.toLowerCase()}.${at.className} to ${Math.round(at.getBoundingClientRect().right)} of ${width}: ${at.textContent.slice(0, 60)}`);
	});
}

/** Boxes with nothing in them and no word about why, and charts without their table. */
export async function emptyBoxes(page) {
	return await page.evaluate(() => {
		const isSeen = (at) => at.checkVisibility() && at.getBoundingClientRect().height > 0;
		const name = (at) => `${at.tagName.toLowerCase()}.${at.className?.baseVal ?? at.className} "${at.textContent.trim().slice(0, 50)}"`;
		const boxes = [...document.querySelectorAll("main :is(section, figure, article, .panel, .card)")].filter(isSeen);
		const hollow = boxes.filter((at) => {
			const rest = at.cloneNode(true);
			rest.querySelectorAll("h1, h2, h3, h4, figcaption, .hidden, header").forEach((one) => one.remove());
			return rest.textContent.trim() === "" && !at.querySelector("canvas, svg, img, input, button");
		});
		const tables = [...document.querySelectorAll("main table")].filter((at) => isSeen(at) && at.tBodies.length > 0 &&
			[...at.tBodies].every((body) => body.rows.length === 0));
		const mute = [...document.querySelectorAll("main .empty")].filter((at) => isSeen(at) && at.textContent.trim().length < 15);
		const drawn = [...document.querySelectorAll("main :is(canvas, svg)")].filter((at) => isSeen(at) && at.getBoundingClientRect().width > 150);
		const bare = drawn.filter((at) => !at.closest("figure, section, article, .panel")?.querySelector("table"));
		return [...hollow.map((at) => `empty: ${name(at)}`), ...tables.map((at) => `table without rows: ${name(at.parentElement)}`),
			...mute.map((at) => `no reason: ${name(at)}`), ...bare.map((at) => `no table behind: ${name(at.closest("figure, section, main"))}`)];
	});
}

/** Asks the harness of the scene (control.py) to do something; its answer. */
export async function control(path) {
	return await new Promise((done, failed) => {
		http.get({ socketPath: process.env.SCENE_CONTROL, path }, (answer) => {
			let text = "";
			answer.on("data", (piece) => (text += piece));
			answer.on("end", () => answer.statusCode === 200 ? done(JSON.parse(text)) : failed(new Error(text)));
		}).on("error", failed);
	});
}

/** Until condition() is true; an error when it does not come in time. */
export async function until(condition, what, most_ms = 10000) {
	for (const end = Date.now() + most_ms; ;) {
		const answer = await condition();
		if (answer)
			return answer;
		if (Date.now() > end)
			throw new Error(`still waiting after ${most_ms} ms: ${what}`);
		await new Promise((done) => setTimeout(done, 25));
	}
}

/** Where attacks are seen as they happen. */
export const WATCHED = ["/attacks", "/", "/incidents"].find((path) => places.some((place) => place.path === path));

/** Sources that knock at a trap, each of them once. */
export const knockers = Array.from({ length: 20 }, (_, i) => `192.0.2.${200 + i}`);

/** Tells when a text is first drawn, by the clock of the machine. */
export async function whenShown(page, text) {
	return await page.evaluate((wanted) => new Promise((done) => {
		const look = () => document.querySelector("main")?.textContent.includes(wanted) ? done(Date.now()) : setTimeout(look, 10);
		look();
	}), text);
}
