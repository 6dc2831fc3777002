/*
 * settings_own.tsx: another password for whoever signed in with one.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, me, viewer } from "../api";
import { Ask, type Asked } from "../parts/Ask";

const fields: Asked[] = [
	{ name: "old", label: "Password until now", type: "password", autocomplete: "current-password", required: true },
	{ name: "password", label: "New password", type: "password", required: true, help: "At least 15 characters: several words are easier to remember than signs." },
	{ name: "again", label: "New password again", type: "password", required: true },
];

async function setPassword({ old, password, again }: Record<string, string>): Promise<string> {
	if (password !== again)
		throw new Error("The two new passwords differ.");
	return change("/api/v1/password", { old, password });
}

/** Whether it is somebody who may have one: not by a link of the daemon's start. */
export function hasOwnPassword(): boolean {
	return viewer.value?.by === "session" && viewer.value.user !== "console";
}

export function OwnPassword(): JSX.Element {
	const [isAsking, setAsking] = useState(false);
	const close = () => {
		setAsking(false);
		/* Who has another one has to sign in with it. */
		void me();
	};
	return (
		<section>
			<header>
				<h2>Your password</h2>
				<p>Another password for {viewer.value?.user}. All your sessions end, this one too.</p>
				<button type="button" onClick={() => setAsking(true)}>Change it</button>
			</header>
			<p class="help">Who came by a one-time link and has no password is given one by an administrator.</p>
			{isAsking && <Ask title="Your password" action="Change it" fields={fields} onClose={close} onSubmit={setPassword} />}
		</section>
	);
}
