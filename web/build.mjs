/*
 * build.mjs OUT DEPFILE: bundles the page.
 *
 * OUT/page/ gets every file twice, plain and compressed; OUT/page_assets.h names them, for
 * src/web/page.c.  A name holds a hash of the content, so a browser may keep the file for
 * ever; only index.html, which names the others, is asked for again.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { meanings } from "./meanings.mjs";
import { recordTypes } from "./records.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);
const npm = join(root, "build/npm");
const esbuild = createRequire(join(npm, "package.json"))("esbuild");

const TYPES = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
};

/** How esbuild finds packages, for the page and for its tests. */
export const options = {
	bundle: true,
	format: "esm",
	target: ["es2022"],
	nodePaths: [join(npm, "node_modules")],
	jsx: "automatic",
	jsxImportSource: "preact",
	absWorkingDir: root,
	logLevel: "warning",
};

/* What the daemon and the page both know. */
const SOURCES = ["record", "mitre", "veto"].map((name) => join(root, `src/record/${name}.def`));

/** Untouched if it is the same. */
function writeModule(path, text) {
	let old = "";
	try {
		old = readFileSync(path, "utf8");
	} catch {
		/* the first time */
	}
	if (old === text)
		return;
	/* Others may read it now. */
	writeFileSync(`${path}.${process.pid}`, text);
	renameSync(`${path}.${process.pid}`, path);
}

/** Types of records, and what their words mean, where web/tsconfig.json has them. */
export function writeModules() {
	const [record, mitre, veto] = SOURCES.map((path) => readFileSync(path, "utf8"));
	writeModule(join(npm, "record-types.d.ts"), recordTypes(record));
	writeModule(join(npm, "record-meanings.ts"), meanings(mitre, veto));
}

/** Every file below a folder. */
function filesBelow(folder) {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
		entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]);
}

function hashOf(content) {
	return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

async function bundle() {
	const result = await esbuild.build({
		...options,
		entryPoints: { main: join(web, "src/main.tsx"), style: join(web, "style/main.css") },
		outdir: "/assets",
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		splitting: true,
		minify: true,
		legalComments: "none",
		metafile: true,
		write: false,
	});
	/* What esbuild only warns of, a browser passes over without a word. */
	if (result.warnings.length > 0)
		process.exit(1);
	const outputs = Object.entries(result.metafile.outputs).map(([path, about]) => ({
		path: `/assets/${basename(path)}`, entry: about.entryPoint, imports: about.imports,
	}));
	return { files: result.outputFiles, outputs, inputs: Object.keys(result.metafile.inputs) };
}

/** index.html, which names the script, what that needs at once, and the style. */
function indexHtml(outputs) {
	const entry = (suffix) => outputs.find((output) => output.entry?.endsWith(suffix));
	const main = entry("src/main.tsx");
	const preloads = main.imports.filter((one) => one.kind === "import-statement").map((one) =>
		`<link rel="modulepreload" href="/assets/${basename(one.path)}">`);
	return readFileSync(join(web, "index.html"), "utf8")
		.replace("MAIN_STYLE", entry("style/main.css").path)
		.replace("MAIN_SCRIPT", main.path)
		.replace("PRELOADS\n", preloads.map((line) => `${line}\n`).join(""));
}

/** No name and no time, or two builds of the same would differ, as they would with each
 * version of Node.js' zlib. */
function compressed(content) {
	return execFileSync("gzip", ["-9nc"], { input: content });
}

/** Writes both forms of each file, and returns their rows of page_assets.h. */
function writeAssets(folder, assets) {
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	return assets.map(({ path, content }, number) => {
		const name = path === "/" ? "index.html" : basename(path);
		writeFileSync(join(folder, name), content);
		writeFileSync(join(folder, `${name}.gz`), compressed(content));
		return `ASSET(${number}, "${path}", "page/${name}", "${TYPES[extname(name)]}", ` +
			`"${hashOf(content)}", ${path === "/" ? "false" : "true"})`;
	});
}

/** Each list is there for who has defined its macro. */
function header(rows, places) {
	const list = (macro, lines) => `#ifdef ${macro}\n${lines.join("\n")}\n#endif\n`;
	return "/* page_assets.h: what web/build.mjs made of web/: ASSET(number, path, file, type, hash,\n" +
		" * immutable); PLACE(path) is index.html, too. */\n" +
		list("ASSET", rows) + list("PLACE", places.map(({ path }) => `PLACE("${path}")`));
}

async function main(out, depfile) {
	writeModules();
	const { files, outputs, inputs } = await bundle();
	const places = JSON.parse(readFileSync(join(web, "src/places.json"), "utf8"));
	const assets = [{ path: "/", content: Buffer.from(indexHtml(outputs)) },
		...files.map((file) => ({ path: `/assets/${basename(file.path)}`, content: Buffer.from(file.contents) }))
			.sort((a, b) => (a.path < b.path ? -1 : 1))];
	const rows = writeAssets(join(out, "page"), assets);
	writeFileSync(join(out, "page_assets.h"), header(rows, places));
	const made_of = [...new Set([...filesBelow(web), ...SOURCES,
		...inputs.map((path) => resolve(root, path))])];
	writeFileSync(depfile, `${relative(out, join(out, "page_assets.h"))}: ${made_of.map((path) => path.replaceAll(" ", "\\ ")).join(" ")}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	await main(resolve(process.argv[2]), resolve(process.argv[3]));
