/*
 * browser.ts: as much of a browser as the page's modules ask for when they are loaded.
 */
Object.assign(globalThis, { location: { href: "http://localhost/ports?text=ssh&since=6h" } });
