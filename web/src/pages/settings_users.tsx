/*
 * settings_users.tsx: who may sign in, and tokens for programs.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, changeJson, getJson } from "../api";
import { useData } from "../data";
import { Ask, type Asked } from "../parts/Ask";
import { Confirm, Dialog } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { Table, type Column } from "../parts/Table";
import type { Params } from "../state";
import { ago, exact, time } from "../words";

const PATH = "/api/v1/users";

interface User {
	user: string;
	role: string;
	since: string;
	/** Whether there is one. */
	password: boolean;
}

interface Token {
	token: string;
	role: string;
	since: string;
	until: string;
	ended: boolean;
}

interface People {
	users: User[];
	tokens: Token[];
}

const ROLES = [
	{ value: "viewer", label: "viewer: reads" },
	{ value: "operator", label: "operator: also blocks, silences, acknowledges" },
	{ value: "administrator", label: "administrator: also who may, and the register" },
] as const;

const userColumns: Column<User>[] = [
	{ name: "user", title: "User", help: "The name to sign in with.", value: (u) => u.user },
	{ name: "role", title: "Role", help: "viewer reads; operator also blocks, silences and the like; administrator also decides who may.", value: (u) => u.role },
	{ name: "password", title: "Password", help: "Without one a user needs a one-time link.", value: (u) => (u.password ? "yes" : "none: needs a one-time link") },
	{ name: "since", title: "Since", help: "When the user was made.", value: (u) => u.since, show: (_v, u) => time(u.since), exact: (u) => exact(u.since) },
];

const tokenColumns: Column<Token>[] = [
	{ name: "token", title: "Token", help: "Its name; the token itself was shown once.", value: (t) => t.token },
	{ name: "role", title: "Role", help: "What a program may with it.", value: (t) => t.role },
	{ name: "until", title: "Until", help: "When it ends.", value: (t) => t.until, show: (_v, t) => (t.ended ? `ended ${ago(t.until)}` : `${time(t.until)} (${ago(t.until)})`), exact: (t) => exact(t.until), over: (_v, t) => t.ended },
	{ name: "since", title: "Since", help: "When it was made.", value: (t) => t.since, show: (_v, t) => time(t.since), exact: (t) => exact(t.since) },
];

/** What is shown this once. */
interface Secret {
	title: string;
	text: string;
	help: string;
}

function Once({ secret, onClose }: { secret: Secret; onClose: () => void }): JSX.Element {
	const [copied, setCopied] = useState("");
	const copy = () => navigator.clipboard.writeText(secret.text).then(() => setCopied("Copied."), () => setCopied("The browser does not allow copying: select it."));
	return (
		<Dialog title={secret.title} onClose={onClose}>
			<p>{secret.help} It is shown only now.</p>
			<p><input class="settings-secret code" readOnly value={secret.text} aria-label={secret.title} onFocus={(event) => event.currentTarget.select()} /></p>
			<p role="status">{copied}</p>
			<footer>
				<button type="button" onClick={() => void copy()}>Copy</button>
				<button type="button" class="primary" onClick={onClose}>I have it</button>
			</footer>
		</Dialog>
	);
}

type Doing =
	| { what: "add" | "token" }
	| { what: "role" | "password" | "remove"; user: string; role?: string }
	| { what: "end"; token: string };

const userFields: Asked[] = [
	{ name: "user", label: "Name", required: true },
	{ name: "role", label: "Role", choices: ROLES },
	{ name: "password", label: "Password", type: "password", help: "Empty: there is none, and the user enters by a one-time link." },
];
const tokenFields: Asked[] = [
	{ name: "token", label: "Name", required: true, help: "What it is for." },
	{ name: "role", label: "Role", choices: ROLES },
	{ name: "for", label: "For", value: "90d", help: "How long it is good: 90d, at most 1830d." },
];

interface DoingProps {
	doing: Doing;
	onDone: () => void;
	onSecret: (secret: Secret) => void;
}

function Doings({ doing, onDone, onSecret }: DoingProps): JSX.Element {
	const post = (form: Params) => change(PATH, form);
	switch (doing.what) {
	case "add":
		return <Ask title="Add a user" action="Add" fields={userFields} onClose={onDone} onSubmit={(values) => post({ ...values, action: "add" })} />;
	case "token":
		return <Ask title="Make a token" action="Make" fields={tokenFields} onClose={onDone} onSubmit={async (values) => {
			const said = await changeJson(PATH, { ...values, action: "add" });
			if (said.token !== undefined)
				onSecret({ title: `Token ${values.token}`, text: said.token, help: "Programs send it as Authorization: Bearer." });
			return said.message ?? "";
		}} />;
	case "role":
		return <Ask title={`Role of ${doing.user}`} action="Set" fields={[{ name: "role", label: "Role", choices: ROLES, value: doing.role }]} onClose={onDone}
			onSubmit={(values) => post({ ...values, action: "role", user: doing.user })} />;
	case "password":
		return <Ask title={`Password of ${doing.user}`} action="Set" fields={[{ name: "password", label: "New password", type: "password", required: true }]} onClose={onDone}
			onSubmit={(values) => post({ ...values, action: "passwd", user: doing.user })}><p class="help">Who is signed in with the old one is signed out.</p></Ask>;
	case "remove":
		return <Confirm title={`Remove ${doing.user}`} action="Remove" danger onClose={onDone} onConfirm={() => post({ action: "remove", user: doing.user })}><p>{doing.user} may not sign in any more, and is signed out.</p></Confirm>;
	case "end":
		return <Confirm title={`End token ${doing.token}`} action="End it" danger onClose={onDone} onConfirm={() => post({ action: "remove", token: doing.token })}><p>Programs that use it are refused from then on.</p></Confirm>;
	}
}

export function Users(): JSX.Element {
	const [doing, setDoing] = useState<Doing | undefined>(undefined), [secret, setSecret] = useState<Secret | undefined>(undefined);
	const [problem, setProblem] = useState(""), [version, setVersion] = useState(0);
	const people = useData(`users ${version}`, (abort) => getJson<People>(PATH, {}, abort), { every_s: 30 });
	const done = () => {
		setDoing(undefined);
		setVersion((old) => old + 1);
	};
	const makeLink = (user: string) => changeJson(PATH, { action: "link", user }).then(
		(said) => setSecret({ title: `One-time link for ${user}`, text: said.link ?? "", help: "It lets in once, within ten minutes." }),
		(error) => setProblem(error instanceof Error ? error.message : String(error)));
	return (
		<>
			{problem !== "" && <p class="problem" role="alert">! {problem}</p>}
			<Loaded data={people} what="users">
				{({ users, tokens }) => (
					<>
						<section>
							<header><h2>Users</h2><p>Who may sign in to the page.</p><button type="button" onClick={() => setDoing({ what: "add" })}>Add a user</button></header>
							<Table label="Users" columns={userColumns} rows={users} rowKey={(u) => u.user} prefix="users-"
								actions={(u) => (
									<span class="settings-actions">
										<button type="button" onClick={() => void makeLink(u.user)}>One-time link</button>
										<button type="button" onClick={() => setDoing({ what: "role", user: u.user, role: u.role })}>Role</button>
										<button type="button" onClick={() => setDoing({ what: "password", user: u.user })}>Password</button>
										<button type="button" onClick={() => setDoing({ what: "remove", user: u.user })}>Remove</button>
									</span>
								)}
								empty={<Empty>There is none. Until there is, only one-time links let somebody in (breakwater user link).</Empty>} />
						</section>
						<section>
							<header><h2>Tokens</h2><p>For programs that use the API.</p><button type="button" onClick={() => setDoing({ what: "token" })}>Make a token</button></header>
							<Table label="Tokens" columns={tokenColumns} rows={tokens} rowKey={(t) => t.token} prefix="tokens-"
								actions={(t) => <button type="button" onClick={() => setDoing({ what: "end", token: t.token })}>End</button>}
								empty={<Empty>There is none.</Empty>} />
						</section>
					</>
				)}
			</Loaded>
			{doing && secret === undefined && <Doings doing={doing} onDone={done} onSecret={setSecret} />}
			{secret && <Once secret={secret} onClose={() => {
				setSecret(undefined);
				done();
			}} />}
		</>
	);
}
