/*
 * Whose.tsx: of a fleet, the machines that something is of; nothing on one machine.
 */
import type { JSX } from "preact";
import { machineOf, MORE } from "../records/sensor";
import { link } from "../state";

/* More are told by their number, and by what the mouse shows. */
const NAMED_MAX = 3;

function on(machines: readonly string[]): JSX.Element {
	const known = machines.filter((one) => one !== MORE), others = known.slice(NAMED_MAX).length;
	const named = known.slice(0, NAMED_MAX).map((one, i) => <>{i > 0 && ", "}<a href={link("/fleet", { sensor: one })}>{one}</a></>);
	const rest = others === 0 ? "" : ` and ${known.length < machines.length ? "more than " : ""}${others} more`;
	return <span title={rest === "" ? undefined : machines.join(", ")}>on {named}{rest}</span>;
}

/** Machines: of what is put together of several ones' records; else it is the sensor's. */
export function Whose({ sensor, machines }: { sensor: string | undefined; machines?: readonly string[] }): JSX.Element | null {
	const machine = machineOf(sensor);
	if (machine !== undefined)
		return on([machine]);
	if (sensor === undefined)
		return null;
	return machines === undefined || machines.length === 0
		? <span title="What the hubs found in what all machines told">of the whole fleet</span>
		: on(machines);
}
