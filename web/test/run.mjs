/*
 * run.mjs: checks types, bundles the tests, and runs them; one line of TAP each.
 *
 * The bundle is a file of its own for each run: two may run side by side.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { options, writeModules } from "../build.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const npm = join(dirname(dirname(folder)), "build/npm");
const require = createRequire(join(npm, "package.json"));

function types() {
	writeModules();
	const done = spawnSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--noEmit", "-p", dirname(folder)],
		{ encoding: "utf8" });
	process.stdout.write(done.status === 0 ? "" : done.stdout.replace(/^/gm, "# "));
	return done.status === 0;
}

function bundleTests(out) {
	require("esbuild").buildSync({
		...options,
		stdin: {
			contents: ["browser.ts", ...readdirSync(folder).filter((name) => name.endsWith(".test.ts")).sort()]
				.map((name) => `import "./${name}";`).join("\n"),
			resolveDir: folder,
		},
		platform: "node",
		target: ["node18"],
		outfile: out,
	});
}

const temporary = mkdtempSync(join(tmpdir(), "breakwater-page-"));
let status = 1;
try {
	const areRight = types();
	bundleTests(join(temporary, "tests.mjs"));
	const done = spawnSync(process.execPath, ["--test-reporter=tap", join(temporary, "tests.mjs")],
		{ stdio: ["ignore", "inherit", "inherit"] });
	process.stdout.write(`${areRight ? "ok" : "not ok"} - types of the page\n`);
	status = areRight ? done.status ?? 1 : 1;
} finally {
	rmSync(temporary, { recursive: true, force: true });
}
process.exitCode = status;
