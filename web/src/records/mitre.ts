/*
 * mitre.ts: techniques of MITRE ATT&CK that findings name.
 */
export { TECHNIQUES } from "record-meanings";

/** Where ATT&CK itself describes it; nothing is asked of there unless the viewer follows it. */
export function mitreHref(id: string): string {
	return `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`;
}
