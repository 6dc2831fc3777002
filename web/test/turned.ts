/*
 * turned.ts: a clock that stands until a test turns it.
 */
export class Turned {
	time = 0;
	private calls: { at: number; call: () => void }[] = [];
	now = (): number => this.time;
	later = (call: () => void, ms: number): (() => void) => {
		const one = { at: this.time + ms, call };
		this.calls.push(one);
		return () => {
			this.calls = this.calls.filter((other) => other !== one);
		};
	};

	turn(ms: number): void {
		for (const end = this.time + ms; ;) {
			const next = this.calls.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) {
				this.time = end;
				return;
			}
			this.calls = this.calls.filter((other) => other !== next);
			this.time = next.at;
			next.call();
		}
	}

	/** The same, where what is called waits for promises in between. */
	async turnSlowly(ms: number, step_ms = 50): Promise<void> {
		for (let done = 0; done < ms; done += step_ms) {
			this.turn(step_ms);
			for (let i = 0; i < 5; i++)
				await Promise.resolve();
		}
	}
}
