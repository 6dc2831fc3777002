/*
 * Dialog.tsx: asks before something is done, or shows something beside the page.  The
 * browser keeps the focus inside, closes it with Escape, and gives the focus back.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { inOwnTime } from "../words";

interface DialogProps {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	/** As wide as the window has room for. */
	wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: DialogProps): JSX.Element {
	const box = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		box.current?.showModal();
	}, []);
	return (
		<dialog ref={box} class={wide ? "wide" : undefined} onClose={onClose} aria-label={title}>
			<header>
				<h2>{title}</h2>
				<button type="button" class="close" aria-label="Close" onClick={() => box.current?.close()}>×</button>
			</header>
			{children}
		</dialog>
	);
}

interface ConfirmProps {
	title: string;
	/** What will happen, to whom, and how it is undone. */
	children: ComponentChildren;
	/** A verb: "Undo block". */
	action: string;
	/** Does it; returns what the daemon says, which is shown. */
	onConfirm: () => Promise<string>;
	onClose: () => void;
	danger?: boolean;
}

/** Asks, does it, and says what came of it. */
export function Confirm({ title, children, action, onConfirm, onClose, danger }: ConfirmProps): JSX.Element {
	const [busy, setBusy] = useState(false);
	const [said, setSaid] = useState<{ text: string; bad: boolean } | undefined>(undefined);
	const confirm = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		try {
			setSaid({ text: await onConfirm() || "Done.", bad: false });
		} catch (error) {
			setSaid({ text: error instanceof Error ? error.message : String(error), bad: true });
		}
		setBusy(false);
	};
	const isDone = said !== undefined && !said.bad;
	return (
		<Dialog title={title} onClose={onClose}>
			<form onSubmit={(event) => void confirm(event)}>
				{children}
				{said && <p class={said.bad ? "problem" : "said"} role="status">{said.bad ? "! " : ""}{inOwnTime(said.text)}</p>}
				<footer>
					<button type="button" onClick={onClose}>{isDone ? "Close" : "Cancel"}</button>
					{!isDone && <button type="submit" class={danger ? "danger" : "primary"} disabled={busy}>{action}</button>}
				</footer>
			</form>
		</Dialog>
	);
}
