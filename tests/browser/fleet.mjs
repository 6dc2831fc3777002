/*
 * fleet.mjs COUNT: what people see of a fleet (page_fleet.py); COUNT tests came before.
 *
 * SCENE_URL is a hub of a thousand sensors, NONE_URL one without any, ONE_URL no hub.
 */
import { barriers, emptyBoxes, main, open, overflow, settle, tap, until, unfold, visit, wrongsOf } from "./harness.mjs";

tap.count = Number(process.argv[2] ?? 0);
const choice = (page) => page.getByRole("group", { name: "Whose records are shown" });
const param = (page, name) => new URL(page.url()).searchParams.get(name);

/** Of the first table with that label, the texts of some columns. */
async function rowsOf(page, label, ...columns) {
	return await page.getByRole("region", { name: label }).first().evaluate((box, at) =>
		[...box.querySelectorAll("tbody tr:not(.space)")].map((row) => at.map((c) => row.cells[c].textContent.trim())), columns);
}

async function judge(page, how) {
	const boxes = await emptyBoxes(page);
	tap.equal(boxes, [], `${how}: no box is empty without a reason`);
	const found = await barriers(page);
	tap.equal(found, [], `${how}: axe finds nothing serious`, ...found);
	const out = await overflow(page);
	tap.equal(out, [], `${how}: nothing sticks out`, ...out);
	const wrongs = await wrongsOf(page);
	tap.equal(wrongs, [], `${how}: no error, no breach of policy`, ...wrongs);
}

async function looksWell(browser) {
	for (const width of [1200, 360])
		for (const path of ["/fleet", "/fleet?site=berlin", "/ports?tag=database", "/monitor", "/"]) {
			const page = await open(browser, { width });
			await visit(page, path);
			await unfold(page);
			await choice(page).waitFor();
			for (const scheme of ["light", "dark"]) {
				await page.emulateMedia({ colorScheme: scheme });
				await settle(page);
				await judge(page, `${path}, ${width} px, ${scheme}`);
			}
			await page.context().close();
		}
}

async function showsWhatIsWrongFirst(browser) {
	const page = await open(browser);
	await visit(page, "/fleet");
	const rows = await rowsOf(page, "Sensors, what is wrong first", 0, 1);
	tap.equal(rows.slice(0, 6).map(([name, how]) => `${name} ${how.replace(/^\W+/, "")}`),
		["web-1 late", "database-1 cut off", "mail-1 refused", "edge-1 lags", "web-2 lost", "database-2 clock off"], "what is wrong comes first");
	tap.ok(rows.length < 100, "of a thousand only what can be seen is drawn", rows.length);
	tap.equal(await page.getByRole("region", { name: "Sensors, what is wrong first" }).locator("table").getAttribute("aria-rowcount"), "1001",
		"but how many there are is said");
	tap.ok((await page.locator("main").innerText()).includes("mail-1: version 42: breakwater.yaml:7:3"), "why a configuration was refused is read");
	const berlin = (await rowsOf(page, "Sites", 0, 1, 3)).find(([site]) => site === "berlin");
	tap.equal(berlin, ["berlin", "143", "! 1"], "and how each site is");
	await page.locator("label.filter", { hasText: "Show" }).locator("select").selectOption("what is wrong");
	await page.getByText("6 of 1,000 sensors").waitFor();
	tap.equal((await rowsOf(page, "Sensors, what is wrong first", 0)).length, 6, "of it alone, too");
	await page.context().close();
}

/** Every question from now on, and whether it asks for what is chosen. */
function note(page) {
	const asked = [];
	page.on("request", (request) => {
		const at = new URL(request.url());
		if (/^\/api\/v1\/(ports|listeners|findings|incidents|aggregate|live)$/.test(at.pathname) && at.searchParams.get("record") !== "sensor")
			asked.push({ path: at.pathname, site: at.searchParams.get("site") });
	});
	return asked;
}

async function keepsTheChoice(browser) {
	const page = await open(browser);
	await visit(page, "/fleet");
	await choice(page).getByLabel("Site").selectOption("berlin");
	tap.equal(param(page, "site"), "berlin", "a site that is chosen stands in the address");
	await settle(page);
	const asked = note(page);
	await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Ports", exact: true }).click();
	await settle(page);
	tap.equal([new URL(page.url()).pathname, param(page, "site")], ["/ports", "berlin"], "links keep it");
	await page.getByRole("status").getByText("286 ports").waitFor();
	await until(() => asked.some(({ path }) => path === "/api/v1/live"), "the live stream is asked for");
	tap.ok(asked.length > 2 && asked.every(({ site }) => site === "berlin"), "every question asks for it, what is live, too", asked);
	const rows = await rowsOf(page, "Ports", 0, 1, 2);
	tap.ok(rows.length > 10 && new Set(rows.map(([port, , address]) => `${port} ${address}`)).size === 2 && new Set(rows.map(String)).size === rows.length,
		"the same port of two machines is two rows, each with its sensor", rows.slice(0, 4));
	await page.keyboard.press("g");
	await page.keyboard.press("i");
	await page.locator("main h1").getByText("Incidents").waitFor();
	await settle(page);
	tap.equal(param(page, "site"), "berlin", "keys keep it");
	await choice(page).getByRole("button", { name: "Show all" }).click();
	tap.equal(param(page, "site"), null, "and all are shown again");
	await page.context().close();
}

async function findsOneSensor(browser) {
	const page = await open(browser);
	await visit(page, "/ports");
	const name = choice(page).getByLabel("Sensor");
	await name.fill("web-7");
	await name.press("Enter");
	await page.getByRole("status").getByText("2 ports").waitFor();
	tap.equal(param(page, "sensor"), "web-7", "a sensor is chosen by its name");
	await name.fill("nobody-9");
	await name.press("Enter");
	tap.equal([param(page, "sensor"), await name.getAttribute("aria-invalid")], ["web-7", "true"], "one that there is not changes nothing, and is marked");
	await page.context().close();
}

async function leadsToTheMachine(browser) {
	const page = await open(browser);
	await visit(page, "/port?port=443");
	await page.getByRole("heading", { name: "Of which machine?" }).waitFor();
	const link = page.getByRole("region", { name: "Port 443 of each machine" }).locator("tbody a").first();
	const sensor = (await rowsOf(page, "Port 443 of each machine", 1))[0][0];
	await link.click();
	await settle(page);
	tap.equal([param(page, "port"), param(page, "sensor")], ["443", sensor], "a port of many machines is of one that is chosen");
	await page.getByText(`only ${sensor} itself knows; ask there: breakwater explain 443`).waitFor();
	tap.ok(true, "it is explained by what its sensor told, and what that does not say");
	await page.context().close();
}

async function showsATargetFromEachPlace(browser) {
	const page = await open(browser);
	await visit(page, "/availability");
	const rows = await rowsOf(page, "Targets", 1, 2);
	tap.equal([rows.length, rows[0].map((text) => text.replace(/^\W+/, ""))], [5, ["database-1", "down"]], "a target is a row for each machine that asks it, the worst first");
	await page.goto(new URL("/availability?target=tcp%3A%2F%2F192.0.2.80%3A443", page.url()).href);
	await page.getByRole("heading", { name: "From each place" }).waitFor();
	const states = (await rowsOf(page, "From each place", 2)).map(([text]) => text.replace(/^\W+/, ""));
	tap.equal(states.sort(), ["down", "up", "up", "up", "up"], "and of one all places stand beside each other");
	await page.getByRole("region", { name: "From each place" }).getByRole("link").first().click();
	await page.getByText("no answer to SYN").first().waitFor();
	tap.equal(param(page, "sensor"), "database-1", "a row leads to what that place met");
	await page.context().close();
}

async function tellsOfTheHub(browser) {
	const page = await open(browser);
	await visit(page, "/monitor");
	const text = await page.locator("main").innerText();
	tap.ok(text.includes("the database does not answer") && text.includes("18,230") && !text.includes("Lost by the kernel"),
		"a hub's health is that of what it takes and needs, not of packets", text.slice(0, 800));
	await visit(page, "/");
	tap.ok((await page.locator("main").innerText()).includes("Watching 1,000 machines"), "and the overview is of its machines");
	await page.context().close();
}

async function saysWhatThereIsNot(browser) {
	const page = await open(browser);
	await visit(page, "/ports?site=paris");
	tap.ok((await page.locator("main").innerText()).includes("there are berlin, dublin"), "a link to a site that there is not says which there are");
	await page.context().close();
}

async function isQuietWithoutSensors(browser) {
	const page = await open(browser);
	await page.goto(new URL("/fleet", process.env.NONE_URL).href);
	await page.getByText("No sensor has joined this fleet yet.").waitFor();
	tap.ok(await page.getByText("breakwater fleet token").count() > 0, "an empty fleet says what to do");
	tap.equal(await choice(page).count(), 0, "where there is nothing to choose");
	await page.goto(new URL("/ports", process.env.ONE_URL).href);
	await settle(page);
	const menu = await page.getByRole("navigation", { name: "Pages" }).innerText();
	tap.equal([await choice(page).count(), menu.includes("Fleet")], [0, false], "of one machine there is neither a choice nor a fleet");
	await page.context().close();
}

await main(looksWell, showsWhatIsWrongFirst, keepsTheChoice, findsOneSensor, leadsToTheMachine, showsATargetFromEachPlace, tellsOfTheHub, saysWhatThereIsNot, isQuietWithoutSensors);
