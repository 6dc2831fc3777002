/*
 * SignIn.tsx: the only thing that is shown to who may not read without signing in; who may,
 * can go back.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { login, needsLogin, viewer } from "../api";

export function SignIn(): JSX.Element {
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	const submit = async (event: SubmitEvent) => {
		event.preventDefault();
		const form = new FormData(event.currentTarget as HTMLFormElement);
		setBusy(true);
		try {
			await login(String(form.get("user")), String(form.get("password")));
		} catch (error) {
			setProblem(error instanceof Error ? error.message : String(error));
		}
		setBusy(false);
	};
	return (
		<main class="signin" id="main" tabIndex={-1}>
			<form onSubmit={(event) => void submit(event)}>
				<h1>Breakwater</h1>
				<label>User<input name="user" autocomplete="username" required autofocus /></label>
				<label>Password<input name="password" type="password" autocomplete="current-password" required /></label>
				{problem !== undefined && <p class="problem" role="alert">! {problem}</p>}
				<button type="submit" class="primary" disabled={busy}>Sign in</button>
				{viewer.value !== undefined && (
					<button type="button" onClick={() => {
						needsLogin.value = false;
					}}>Back, without signing in</button>
				)}
			</form>
		</main>
	);
}
