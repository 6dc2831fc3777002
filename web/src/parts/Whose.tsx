/*
 * Whose.tsx: of a fleet, the machine that something is of; nothing on one machine.
 */
import type { JSX } from "preact";
import { machineOf } from "../records/sensor";
import { link } from "../state";

export function Whose({ sensor }: { sensor: string | undefined }): JSX.Element | null {
	if (sensor === undefined)
		return null;
	const machine = machineOf(sensor);
	return machine === undefined
		? <span title="What the hubs found in what all machines told">of the whole fleet</span>
		: <span>on <a href={link("/fleet", { sensor: machine })}>{machine}</a></span>;
}
