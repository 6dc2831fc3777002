/*
 * settings.tsx: what the daemon watches and whom it tells, who may listen and who may
 * sign in; each section is a link.
 */
import type { JSX } from "preact";
import { may, viewer } from "../api";
import { isHub } from "../fleet";
import { here, param } from "../state";
import { Configuration } from "./settings_config";
import { hasOwnPassword, OwnPassword } from "./settings_own";
import { Register } from "./settings_register";
import { Rules } from "./settings_rules";
import { Silences, Sinks } from "./settings_told";
import { Users } from "./settings_users";

interface Section {
	name: string;
	title: string;
	/** Who may see it. */
	role: "viewer" | "administrator";
	/** Whether there is such a thing for who looks; as usual there is. */
	isThere?: () => boolean;
	Shown: () => JSX.Element;
}

/* What machines watch, and who may listen there, is theirs; a hub gives it them as documents. */
const isMachine = (): boolean => !isHub.value;

const sections: readonly Section[] = [
	{ name: "rules", title: "Rules and levels", role: "viewer", isThere: isMachine, Shown: Rules },
	{ name: "silences", title: "Silences", role: "viewer", Shown: Silences },
	{ name: "sinks", title: "Who is told", role: "viewer", Shown: Sinks },
	{ name: "register", title: "Register of ports", role: "viewer", isThere: isMachine, Shown: Register },
	{ name: "password", title: "Your password", role: "viewer", isThere: hasOwnPassword, Shown: OwnPassword },
	{ name: "users", title: "Users and tokens", role: "administrator", Shown: Users },
	{ name: "config", title: "Configuration", role: "administrator", isThere: isMachine, Shown: Configuration },
];

export default function Settings(): JSX.Element {
	const allowed = sections.filter((one) => may(one.role) && (one.isThere?.() ?? true));
	const others = sections.filter((one) => !may(one.role) && (one.isThere?.() ?? true)).map((one) => one.title);
	const wanted = param("section");
	const at = sections.find((one) => one.name === wanted) ?? allowed[0] ?? sections[0]!;
	if (viewer.value === undefined)
		return <p class="empty" role="status">Asking who looks …</p>;
	return (
		<>
			<nav class="settings-sections" aria-label="Sections of the settings">
				<ul>
					{allowed.map((one) => (
						<li key={one.name}><a href={here({ section: one.name, sort: undefined, columns: undefined, text: undefined })} aria-current={one === at ? "page" : undefined}>{one.title}</a></li>
					))}
				</ul>
				{isHub.value && (
					<p class="quiet">Configuration, rules and registers of machines are documents of the fleet: <code>breakwater fleet show</code> lists them,
						{" "}<code>breakwater fleet apply</code> rolls one out.</p>
				)}
				{others.length > 0 && <p class="quiet">An administrator also sees: {others.join(", ")}.</p>}
			</nav>
			{allowed.includes(at)
				? <at.Shown />
				: isHub.value && !(at.isThere?.() ?? true)
				? <p class="empty">{at.title}: of each machine, which says itself what is in force there.</p>
				: may(at.role)
				? <p class="empty">{at.title}: only who signed in with a name and a password has one here.</p>
				: <p class="empty">{at.title}: only an administrator sees this. Sign in as one, or open the link that <code>breakwater user link</code> prints.</p>}
		</>
	);
}
