/*
 * coalesce.ts: gathers events, and gives them on together, at most once per interval.
 *
 * Without a browser, so that tests can turn the clock.
 */
import type { Kind, Row } from "./api";
import type { Told } from "./fleet";
import { browserTimer, type Timer } from "./refresher";

export interface Batch {
	records: { [K in Kind]?: Row<K>[] };
	/** Records that the daemon could not send, as this reader was too slow. */
	lost: number;
	/** Something may have been missed: what is shown should be asked for again. */
	resumed: boolean;
}

/* A batch is for what is shown now; what is older is asked for again. */
const KEPT_MAX = 2000;

function empty(): Batch {
	return { records: {}, lost: 0, resumed: false };
}

export class Coalesced {
	private batch = empty();
	private kept = 0;
	private waiting = false;
	private held = false;
	private given_ms = -Infinity;

	/** isWanted: of a hub, whether a record is of a sensor that is looked at. */
	constructor(private readonly interval_ms: number, private readonly give: (batch: Batch) => void,
		private readonly clock: Timer = browserTimer, private readonly isWanted: (record: Told) => boolean = () => true) {}

	/** One event of the stream, its data as it came. */
	add(kind: Kind | "lost" | "batch", data: string): void {
		const told: unknown = JSON.parse(data);
		if (kind === "lost")
			this.batch.lost += (told as { lost: number }).lost;
		else if (kind === "batch")
			for (const record of told as { record: Kind }[])
				this.keep(record.record, record);
		else
			this.keep(kind, told);
		this.soon();
	}

	private keep(kind: Kind, record: unknown): void {
		if (!this.isWanted(record as Told))
			return;
		if (this.kept < KEPT_MAX) {
			(this.batch.records[kind] ??= [] as never[]).push(record as never);
			this.kept++;
		} else
			this.batch.resumed = true;
	}

	/** Time has passed in which nothing could come. */
	resume(): void {
		this.batch.resumed = true;
		this.soon();
	}

	/** While held nothing is given; then all of it. */
	hold(held: boolean): void {
		this.held = held;
		if (!held && (this.kept > 0 || this.batch.lost > 0 || this.batch.resumed))
			this.soon();
	}

	private soon(): void {
		if (this.waiting || this.held)
			return;
		this.waiting = true;
		this.clock.later(() => this.flush(), Math.max(0, this.given_ms + this.interval_ms - this.clock.now()));
	}

	private flush(): void {
		this.waiting = false;
		if (this.held)
			return;
		const batch = this.batch;
		this.batch = empty();
		this.kept = 0;
		this.given_ms = this.clock.now();
		this.give(batch);
	}
}
