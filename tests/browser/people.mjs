/*
 * people.mjs: who signs in, and what he then changes by clicking: a block is undone, a
 * dashboard is made, exported and imported; who may only look can do neither.
 */
import { readFileSync } from "node:fs";
import { control, main, open, settle, tap, until, url, visit, wrongsOf } from "./harness.mjs";

const PASSWORD = process.env.SCENE_PASSWORD;
const BLOCKED = "192.0.2.130"; /* by a person of the scene */
const NAME = "made-by-clicking";

const who = (page) => page.locator("header .who");

/** A window in which somebody has signed in by a link. */
async function openAs(browser, user) {
	const page = await open(browser);
	await page.goto(await control(`/link?user=${user}`));
	await who(page).getByText(user, { exact: true }).waitFor();
	return page;
}

/** Closes a dialog that has done what it was for, and says so. */
async function close(dialog) {
	await dialog.locator(".said").waitFor();
	await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
	await dialog.waitFor({ state: "hidden" });
}

async function signsInByLink(browser) {
	const link = await control("/link?user=ada");
	const page = await open(browser);
	await page.goto(link);
	await who(page).getByText("ada", { exact: true }).waitFor();
	tap.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/", "a link signs in, and does not stay in the address");
	await page.getByRole("button", { name: "Sign out" }).click();
	await who(page).waitFor({ state: "detached" });
	tap.ok(true, "who signs out is nobody");
	const answer = await page.goto(link);
	tap.ok(answer.status() >= 400 && await who(page).count() === 0, "the link is good for once", answer.status());
	await page.context().close();
}

/** To the same one: others of this file sign in with it. */
async function changesOwnPassword(page) {
	await visit(page, "/settings?section=password");
	await page.getByRole("button", { name: "Change it" }).click();
	const dialog = page.getByRole("dialog", { name: "Your password" });
	const fill = async (old, fresh, again) => {
		await dialog.getByLabel("Password until now").fill(old);
		await dialog.getByLabel("New password", { exact: false }).first().fill(fresh);
		await dialog.getByLabel("New password again").fill(again);
		await dialog.getByRole("button", { name: "Change it" }).click();
	};
	await fill(PASSWORD, PASSWORD, `${PASSWORD}!`);
	await dialog.getByText("The two new passwords differ.").waitFor();
	tap.ok(true, "a new password that was mistyped is not set");
	await fill("not the password 8", PASSWORD, PASSWORD);
	await dialog.getByText("the old password is wrong").waitFor({ timeout: 20000 });
	tap.ok(true, "nor one of who does not know the old one");
	await fill(PASSWORD, PASSWORD, PASSWORD);
	await close(dialog);
	await who(page).waitFor({ state: "detached" });
	tap.ok(true, "a password is changed by who has it, and ends the sessions");
}

async function signsInByPassword(browser) {
	const page = await open(browser);
	await visit(page, "/");
	await page.getByRole("button", { name: "Sign in" }).click();
	const sign = async (password) => {
		await page.getByLabel("User").fill("otto");
		await page.getByLabel("Password").fill(password);
		await page.getByRole("button", { name: "Sign in", exact: true }).click();
	};
	await sign("not the password 8");
	await page.getByRole("alert").waitFor({ timeout: 20000 });
	tap.ok(await who(page).count() === 0, "a wrong password lets nobody in, and that is said", await page.getByRole("alert").innerText());
	await sign(PASSWORD);
	await who(page).getByText("otto", { exact: true }).waitFor({ timeout: 20000 });
	tap.ok(true, "the right one does");
	await page.reload();
	await who(page).getByText("otto", { exact: true }).waitFor();
	tap.ok(true, "and it lasts");
	const cookies = await page.context().cookies();
	tap.ok(cookies.length > 0 && cookies.every((one) => one.httpOnly && one.sameSite === "Strict"),
		"no script can read the session, no other site use it", cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })));
	await changesOwnPassword(page);
	await page.context().close();
}

async function onlyLooks(browser) {
	const page = await openAs(browser, "vera");
	await visit(page, "/blocks");
	tap.equal(await page.getByRole("button", { name: /Undo|Extend|Block a source/ }).count(), 0, "a viewer is offered no change of blocks");
	await visit(page, "/dashboards");
	tap.equal(await page.getByRole("button", { name: /New dashboard|Import/ }).count(), 0, "nor of dashboards");
	const status = await page.evaluate(async () => {
		const me = await (await fetch("/api/v1/me")).json();
		const answer = await fetch("/api/v1/blocks", { method: "POST", body: new URLSearchParams({ block: "192.0.2.9" }),
			headers: { "Breakwater-CSRF": me.csrf } });
		return [me.role, answer.status];
	});
	tap.equal(status, ["viewer", 403], "and what he asks for by himself is refused");
	await page.context().close();
}

async function undoesABlock(browser) {
	const page = await openAs(browser, "otto");
	await visit(page, "/blocks");
	const row = page.getByRole("row").filter({ hasText: BLOCKED }).filter({ hasText: "ticket 4711" });
	await row.getByRole("button", { name: "Undo" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	tap.ok((await dialog.innerText()).includes(BLOCKED), "a block is not undone before that is confirmed", await dialog.innerText());
	await dialog.getByRole("button", { name: "End the block" }).click();
	await dialog.getByText("not blocked any more").waitFor();
	tap.ok(true, "what came of it is said, though the block has left the list by then");
	await close(dialog);
	const ended = async () => (await control("/records?what=blocks")).every((one) => one.address !== BLOCKED || one.state !== "active");
	await until(ended, "the block's end");
	tap.ok(true, "by two clicks it has ended");
	await row.getByRole("button", { name: "Undo" }).waitFor({ state: "detached" });
	tap.ok(true, "and the page says so, without being asked");
	const audited = await until(async () => (await control(`/records?what=${encodeURIComponent("audit?since=1h")}`))
		.find((one) => one.action === "unblock" && one.actor.includes("otto")), "the audit chain's record");
	tap.ok(JSON.stringify(audited).includes(BLOCKED), "who did it stands in the audit chain", audited);
	tap.equal(await wrongsOf(page), [], "and nothing went wrong");
	await page.context().close();
}

async function addPanel(page, { title, record, view, by }) {
	await page.getByRole("button", { name: "Add a panel" }).click();
	const dialog = page.getByRole("dialog", { name: "Panel" });
	await dialog.getByLabel("Title", { exact: true }).fill(title);
	/* What labels a list is its label's text, and Playwright takes the list for a part of it. */
	const list = (label) => dialog.locator("label", { hasText: new RegExp(`^${label}`) }).locator("select");
	await list("Records").selectOption(record);
	await list("Of the last").selectOption("24h");
	for (const field of by)
		await dialog.getByLabel("Group by another field").selectOption(field);
	await list("Shown as").selectOption(view);
	await dialog.getByRole("button", { name: "Take this panel" }).click();
	await dialog.waitFor({ state: "hidden" });
}

/** The file that Export gives. */
async function exported(page) {
	const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
	return readFileSync(await file.path(), "utf8");
}

async function makesADashboard(browser) {
	const page = await openAs(browser, "otto");
	await visit(page, "/dashboards");
	await page.getByRole("button", { name: "New dashboard" }).click();
	await page.getByRole("dialog").getByLabel("Title").fill("Made by clicking");
	await page.getByRole("dialog").getByRole("button", { name: "Make it" }).click();
	await page.getByRole("button", { name: "Add a panel" }).waitFor();
	await addPanel(page, { title: "Who comes", record: "flow", view: "bar", by: ["client_ip"] });
	await addPanel(page, { title: "What attacks there were: \"all\"", record: "finding", view: "table", by: ["kind"] });
	await page.getByRole("button", { name: "Keep", exact: true }).click();
	await page.getByRole("link", { name: "Export" }).waitFor();
	await settle(page);
	const shown = await page.locator("main").innerText();
	tap.ok(shown.includes("Who comes") && shown.includes("What attacks there were"), "a dashboard is made by clicking", shown.slice(0, 300));
	const file = await exported(page);
	await page.getByRole("button", { name: "Remove" }).first().click();
	await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
	await page.getByRole("button", { name: "Import" }).waitFor();
	await page.getByRole("button", { name: "Import" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("or its text, in YAML").fill(file);
	await dialog.getByLabel("Name of its file here").fill(NAME);
	await dialog.getByRole("button", { name: "Import" }).click();
	await page.getByRole("link", { name: "Export" }).waitFor();
	tap.equal(await exported(page), file, "it is removed, imported and exported again, byte for byte the same", file);
	await control("/restart");
	/* The new daemon does not listen at once. */
	await until(() => page.goto(new URL(`/dashboards?name=${NAME}`, url).href).then(() => true, () => false), "the new daemon", 20000);
	await page.getByRole("link", { name: "Export" }).waitFor({ timeout: 20000 });
	tap.equal(await exported(page), file, "and after a restart of the daemon");
	tap.equal((await wrongsOf(page)).filter((one) => !one.includes("ERR_")), [], "and nothing went wrong");
	await page.context().close();
}

await main(signsInByLink, signsInByPassword, onlyLooks, undoesABlock, makesADashboard);
