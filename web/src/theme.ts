/*
 * theme.ts: light or dark: as the system says, unless the viewer chose.
 */
import { computed, signal } from "@preact/signals";

export type Choice = "system" | "light" | "dark";

const KEY = "breakwater-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
	try {
		const text = localStorage.getItem(KEY);
		return text === "light" || text === "dark" ? text : "system";
	} catch {
		return "system"; /* the browser keeps nothing for pages */
	}
}

export const choice = signal<Choice>(stored());
const systemIsDark = signal(dark.matches);
dark.addEventListener("change", () => {
	systemIsDark.value = dark.matches;
});

export const theme = computed<"light" | "dark">(() =>
	choice.value === "system" ? (systemIsDark.value ? "dark" : "light") : choice.value);

theme.subscribe((name) => {
	document.documentElement.dataset.theme = name;
});

export function choose(next: Choice): void {
	choice.value = next;
	try {
		localStorage.setItem(KEY, next);
	} catch {
		/* it holds until the page is closed */
	}
}
