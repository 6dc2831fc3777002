/*
 * self_test.ts: the monitor attacks itself, to see that attackers are really found and
 * stopped.
 */
import type { Row } from "../api";
import type { Fact } from "../parts/Facts";
import { count, duration, exact } from "../words";

export function selfTestFacts(one: Row<"self_test">): Fact[] {
	return [
		{ name: "When", value: exact(one.at) },
		{ name: "What was tested", value: one.versions },
		{ name: "Found after", value: one.detect_us === undefined ? undefined : duration(one.detect_us), help: "From the packet that decided until the finding." },
		{ name: "Stopped after", value: one.block_us === undefined ? undefined : duration(one.block_us), help: "From that packet until none arrived any more." },
		{ name: "Packets", value: one.sent === undefined ? undefined : `${count(one.sent)} sent, ${count(one.seen)} seen, ${count(one.passed)} came through while blocked` },
		{ name: "What was wrong", value: one.detail },
	];
}
