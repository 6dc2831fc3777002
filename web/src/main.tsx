/*
 * main.tsx: the shell around every page: menu, headline, whether it is live, theme, help.
 */
import { render, type ComponentType, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { effect, signal } from "@preact/signals";
import { logout, me, needsLogin, viewer } from "./api";
import { listenToKeys } from "./keys";
import { liveState, paused, subscribe } from "./live";
import { isHub, watchFleet } from "./fleet";
import { FleetChoice } from "./parts/FleetChoice";
import { Help } from "./parts/Help";
import { SignIn } from "./parts/SignIn";
import { load, placeAt, places, type Place } from "./places";
import { followLinks, link, place as path } from "./state";
import { choice, choose, type Choice } from "./theme";

const showsHelp = signal(false);
const showsMenu = signal(false);

function Menu({ at }: { at: Place | undefined }): JSX.Element {
	return (
		<nav id="menu" aria-label="Pages" class={showsMenu.value ? "shown" : undefined}>
			<ul>
				{places.filter((one) => one.key !== undefined && (!one.fleet || isHub.value)).map((one) => (
					<li key={one.path}>
						<a href={link(one.path)} title={`${one.help} (g ${one.key})`} aria-current={one === at ? "page" : undefined}
							onClick={() => {
								showsMenu.value = false;
							}}>{one.title}</a>
					</li>
				))}
			</ul>
		</nav>
	);
}

const LIVE = {
	live: ["●", "Live"],
	connecting: ["◌", "Connecting"],
	lost: ["■", "The daemon does not answer"],
} as const;

function Live(): JSX.Element {
	/* Whether the daemon is there is told on pages that show nothing live, too. */
	useEffect(() => subscribe(["incident"], () => undefined), []);
	const [shape, word] = paused.value ? ["▮▮", "Paused"] : LIVE[liveState.value];
	return (
		<>
			<span class={`live ${paused.value ? "paused" : liveState.value}`} role="status">
				<span aria-hidden="true">{shape}</span> {word}
			</span>
			<button type="button" aria-pressed={paused.value} title="Pause live updates (p)"
				onClick={() => {
					paused.value = !paused.value;
				}}>{paused.value ? "Go on" : "Pause"}</button>
		</>
	);
}

function Viewer(): JSX.Element | null {
	const who = viewer.value;
	return (
		<>
			{who?.user && <span class="who" title={`Role: ${who.role}`}>{who.user}</span>}
			{who?.by === "session" && <button type="button" onClick={() => void logout()}>Sign out</button>}
			{who?.by === "loopback" && who.login && (
				<button type="button" class="sign-in" title="Who asks from this machine may read; what changes something needs a user" onClick={() => {
					needsLogin.value = true;
				}}>Sign in</button>
			)}
		</>
	);
}

function Header(): JSX.Element {
	return (
		<header class="top">
			<button type="button" class="burger" aria-expanded={showsMenu.value} aria-controls="menu"
				onClick={() => {
					showsMenu.value = !showsMenu.value;
				}}>☰<span class="hidden">Menu</span></button>
			<a class="home" href={link(places[0]!.path)}>Breakwater</a>
			<FleetChoice />
			<span class="rest" />
			<Live />
			<label class="theme">
				<span class="hidden">Colours</span>
				<select value={choice.value} onChange={(event) => choose(event.currentTarget.value as Choice)}>
					<option value="system">System</option>
					<option value="light">Light</option>
					<option value="dark">Dark</option>
				</select>
			</label>
			<Viewer />
			<button type="button" title="Help (?)" onClick={() => {
				showsHelp.value = true;
			}}>?<span class="hidden">Help</span></button>
		</header>
	);
}

interface Shown {
	place: Place;
	Page?: ComponentType;
	problem?: string;
}

/** The page of a place, once it is loaded; until then the one before. */
function usePage(place: Place | undefined): Shown | undefined {
	const [shown, setShown] = useState<Shown | undefined>(undefined);
	useEffect(() => {
		let isWanted = place !== undefined;
		if (place !== undefined)
			load(place).then(
				(Page) => isWanted && setShown({ place, Page }),
				() => isWanted && setShown({ place, problem: "This part of the page could not be loaded; the daemon may have been renewed. Load the page again." }));
		return () => {
			isWanted = false;
		};
	}, [place]);
	return place === undefined ? undefined : shown;
}

function Main({ at }: { at: Place | undefined }): JSX.Element {
	const shown = usePage(at);
	useEffect(() => {
		document.title = at === undefined ? "Breakwater" : `${at.title} · Breakwater`;
	}, [at]);
	return (
		<main id="main" tabIndex={-1}>
			{at === undefined && <p class="empty">There is no page at {path.value}. The menu has those that there are.</p>}
			{shown && (
				<>
					<div class="title">
						<h1>{shown.place.title}</h1>
						<p class="help">{shown.place.help}</p>
					</div>
					{shown.problem !== undefined && <p class="problem" role="alert">! {shown.problem}</p>}
					{shown.Page && <shown.Page />}
				</>
			)}
		</main>
	);
}

function App(): JSX.Element {
	const at = placeAt(path.value);
	if (needsLogin.value)
		return <SignIn />;
	return (
		<>
			<a class="skip" href="#main">To the content</a>
			<Header />
			<div class="body">
				<Menu at={at} />
				<Main at={at} />
			</div>
			{showsHelp.value && <Help place={at} onClose={() => {
				showsHelp.value = false;
			}} />}
		</>
	);
}

followLinks();
watchFleet();
listenToKeys(() => {
	showsHelp.value = true;
});
/* Once a second, on every page: that is how one sees that it is live. */
effect(() => (needsLogin.value ? undefined : subscribe(["self"], () => undefined)));
/* Without an answer the pages say so themselves. */
me().catch(() => undefined);
render(<App />, document.getElementById("page")!);
