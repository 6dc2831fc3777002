/*
 * refresher.ts: when a question is asked again: when something happened, and from time to
 * time; at most once a second, and seldom where answers take long.
 *
 * Without a browser, so that tests can turn the clock.
 */
export interface Timer {
	now(): number;
	/** Returns what calls it off. */
	later(call: () => void, ms: number): () => void;
}

export const browserTimer: Timer = {
	now: () => performance.now(),
	later: (call, ms) => {
		const timer = setTimeout(call, ms);
		return () => clearTimeout(timer);
	},
};

/** What came of asking: an answer; none, and trying again may help; none, for good. */
export type Outcome = "answered" | "failed" | "refused";

const SOONEST_MS = 1000;
const RETRY_MS = 3000;
/* A view whose answer takes a second is asked for at most every ten. */
const COST = 10;

export class Refresher {
	private due = Infinity;
	private earliest = -Infinity;
	private callOff: (() => void) | undefined;
	private isBusy = false;
	private hasChanged = false;
	private hasEnded = false;

	/** every_ms 0: not by time. */
	constructor(private readonly ask: () => Promise<Outcome>, private readonly every_ms: number,
		private readonly isIdle: () => boolean, private readonly timer: Timer = browserTimer) {}

	/** Asks for the first time, whether somebody looks or not. */
	begin(): void {
		void this.run(true);
	}

	/** Something happened that may change the answer. */
	changed(): void {
		if (this.isBusy)
			this.hasChanged = true;
		else
			this.schedule(0);
	}

	end(): void {
		this.hasEnded = true;
		this.callOff?.();
	}

	private schedule(in_ms: number): void {
		const at = Math.max(this.timer.now() + in_ms, this.earliest);
		if (at >= this.due)
			return;
		this.due = at;
		this.callOff?.();
		this.callOff = this.timer.later(() => void this.run(false), at - this.timer.now());
	}

	private async run(isFirst: boolean): Promise<void> {
		this.due = Infinity;
		if (this.isIdle() && !isFirst) {
			this.schedule(SOONEST_MS);
			return;
		}
		this.isBusy = true;
		const began = this.timer.now();
		const outcome = await this.ask();
		this.isBusy = false;
		if (this.hasEnded)
			return;
		this.earliest = this.timer.now() + Math.max(SOONEST_MS, COST * (this.timer.now() - began));
		this.next(outcome);
	}

	private next(outcome: Outcome): void {
		const hasChanged = this.hasChanged;
		this.hasChanged = false;
		if (outcome === "refused")
			return;
		if (hasChanged)
			this.schedule(0);
		else if (outcome === "failed")
			this.schedule(RETRY_MS);
		else if (this.every_ms > 0)
			this.schedule(this.every_ms);
	}
}
