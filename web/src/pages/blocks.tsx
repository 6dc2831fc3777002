/*
 * blocks.tsx: who is blocked, why, until when and by whom; who would have been; and what a
 * person can do about it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { change, may } from "../api";
import { useRecords } from "../data";
import { Badge } from "../parts/Badge";
import { BlockDialog } from "../parts/BlockDialog";
import { Confirm } from "../parts/Dialog";
import { Empty, Loaded } from "../parts/Empty";
import { Facts } from "../parts/Facts";
import { Figure, Figures } from "../parts/Figure";
import { choicesOf, Filters, wrongPrefix, type Filter } from "../parts/Filters";
import { Table } from "../parts/Table";
import { TimeRange } from "../parts/TimeRange";
import {
	actionWords, BLOCK_STATES, blockColumns, blockedSource, BlockState, costWords, isInForce, leftWords, vetoWords, type Block,
} from "../records/block";
import { proofWords } from "../records/finding";
import { here, link, param, rangeOf } from "../state";
import { useStatus, type Status } from "../status";
import { ago, bytes, count, duration, exact, plural, time } from "../words";

const USUAL = "24h";
const ROWS_MAX = 20000;
const PATH = "/api/v1/blocks";

type Firewall = NonNullable<Status["firewall"]>;

function modeOf(firewall: Firewall): { tone: "good" | "info" | "bad" | "warn"; word: string; means: ComponentChildren } {
	if (firewall.mode !== "on")
		return { tone: "info", word: "Observing", means: <>Nothing is blocked by itself (<code>block.mode: observe</code>). Each attack that would lead to a block is
			decided upon and stands below with whom it would have cut off. Blocks that a person makes are real.</> };
	if (firewall.frozen_by !== undefined && firewall.frozen_by !== "")
		return { tone: "warn", word: "Frozen", means: `Automatic blocks have stopped: ${vetoWords(firewall.frozen_by)}. What is in force runs out as it would.` };
	if (firewall.holds === false)
		return { tone: "bad", word: "Not as it should be", means: firewall.detail ?? "the kernel does not hold what was asked" };
	return { tone: "good", word: "Blocking", means: <>Proven attacks are blocked by themselves (<code>block.mode: on</code>), each for a time and within bounds. Never
		blocked are this machine's own addresses, gateway and servers, who reads this page, who is logged in by SSH, and <code>block.never</code>.</> };
}

function Thaw(): JSX.Element {
	const [asks, setAsks] = useState(false);
	return (
		<>
			<button type="button" onClick={() => setAsks(true)}>Let automatic blocks go on</button>
			{asks && <Confirm title="Let automatic blocks go on?" action="Go on" onClose={() => setAsks(false)} onConfirm={() => change(PATH, { thaw: 1 })}>
				<p>They have stopped because a bound was reached, which ends by itself. Look first whether what was blocked was right.</p>
			</Confirm>}
		</>
	);
}

/* Decided while nothing is done; also when its time is over by now. */
function wasObserved(block: Block): boolean {
	return block.state === "observed" || block.vetoed_by === "mode";
}

function Mode({ firewall, blocks }: { firewall: Firewall; blocks: readonly Block[] }): JSX.Element {
	const { tone, word, means } = modeOf(firewall);
	const observed = blocks.filter(wasObserved), cut = observed.reduce((sum, { clients_cut }) => sum + (clients_cut ?? 0), 0);
	return (
		<section class="card blocks-mode">
			<p><Badge tone={tone}>{word}</Badge> {means}</p>
			<Figures>
				<Figure label="In force" value={count(firewall.in_force)} help="Blocks that are asked for or held." href={here({ state: "active" })} />
				<Figure label="The kernel holds" value={count(firewall.in_kernel)} help="As it was last read back from the kernel." />
				<Figure label="Would be in force" value={count(firewall.observed)} help="Decided, and nothing done (observed)." href={here({ state: "observed" })} />
				{(firewall.mode !== "on" || observed.length > 0) && (
					<>
						<Figure label="Would have been blocked" value={plural(observed.length, "time")}
							help="What automatic blocking would have done, of what is listed below." />
						<Figure label="Clients it would have cut" value={count(cut)} over={cut > 0}
							help="Of those that were served in the 30 days before." />
					</>
				)}
			</Figures>
			{tone === "warn" && may("operator") && <Thaw />}
		</section>
	);
}

function Undo({ block, onClose }: { block: Block; onClose: () => void }): JSX.Element {
	return (
		<Confirm title={`End the block of ${blockedSource(block)}?`} action="End the block" danger onClose={onClose}
			onConfirm={() => change(PATH, { unblock: block.id })}>
			<p>Its packets pass again at once. It is forgiven what it did until now: the same finding blocks it again only for what it does a
				minute or more later.</p>
			<p class="quiet">{block.reason}</p>
		</Confirm>
	);
}

/** What is asked before it is done, and of which block. */
interface Asked {
	what: "undo" | "extend" | "keep";
	block: Block;
}

/* Stands beside the table: a block that ends may leave it before its end was told. */
function Question({ asked: { what, block }, onClose }: { asked: Asked; onClose: () => void }): JSX.Element {
	if (what === "undo")
		return <Undo block={block} onClose={onClose} />;
	if (what === "extend")
		return <BlockDialog isExtension onClose={onClose} wanted={{
			address: blockedSource(block), port: block.port, transport: block.transport, action: block.action, rate: block.rate,
		}} />;
	return (
		<Confirm title="Keep the block?" action="Keep it" onClose={onClose} onConfirm={() => change(PATH, { confirm: block.id })}>
			<p>It was made over a network, and ends within a minute unless somebody who still gets through keeps it.</p>
		</Confirm>
	);
}

function Actions({ block, onAsk }: { block: Block; onAsk: (asked: Asked) => void }): JSX.Element | null {
	if (!may("operator") || !isInForce(block))
		return null;
	return (
		<span class="blocks-actions">
			{block.state === "unconfirmed" && <button type="button" onClick={() => onAsk({ what: "keep", block })}>Keep</button>}
			<button type="button" onClick={() => onAsk({ what: "extend", block })}>Extend</button>
			<button type="button" class="danger" onClick={() => onAsk({ what: "undo", block })}>Undo</button>
		</span>
	);
}

function isWanted(block: Block): boolean {
	return param("actor") === undefined || (param("actor") === "breakwater") === (block.actor === "breakwater");
}

const BY_HAND = [{ value: "breakwater", label: "Breakwater" }, { value: "person", label: "a person" }];

const filters = (rows: readonly Block[] | undefined): Filter[] => [
	{ name: "client_ip", label: "Source", placeholder: "192.0.2.0/24", wrong: wrongPrefix, help: "An address or a network." },
	{ name: "state", label: "State", choices: Object.keys(BLOCK_STATES) },
	{ name: "actor", label: "By", choices: BY_HAND },
	{ name: "action", label: "Action", choices: [...new Set(["drop", "limit", "reset", ...choicesOf(rows, (b) => b.action)])] },
];

function All(): JSX.Element {
	const [adds, setAdds] = useState(false);
	const [asked, setAsked] = useState<Asked | undefined>(undefined);
	const range = rangeOf(USUAL), status = useStatus();
	const blocks = useRecords("block", { ...range, client_ip: param("client_ip"), state: param("state"), action: param("action"), limit: ROWS_MAX },
		{ live: ["block"], every_s: 10 });
	const shown = (blocks.value ?? []).filter(isWanted);
	const cut = shown.reduce((sum, { clients_cut }) => sum + (clients_cut ?? 0), 0);
	return (
		<>
			<Loaded data={status} what="status">{(value) => value.firewall === undefined ? null : <Mode firewall={value.firewall} blocks={shown} />}</Loaded>
			<section>
				<Filters filters={filters(blocks.value)}>
					<span role="status">{plural(shown.length, "block")}{cut > 0 && <span class="over">, ! {plural(cut, "client")} cut off</span>}</span>
					<TimeRange usual={USUAL} />
					{may("operator") && <button type="button" onClick={() => setAdds(true)}>Block a source …</button>}
				</Filters>
				{adds && <BlockDialog wanted={{}} onClose={() => setAdds(false)} />}
				{asked && <Question asked={asked} onClose={() => setAsked(undefined)} />}
				<Loaded data={blocks} what="blocks">
					{(rows) => <Table label="Blocks" columns={blockColumns} rows={shown} rowKey={(b) => b.id ?? ""} href={(b) => link("/blocks", { id: b.id })}
						rowClass={(b) => (isInForce(b) ? undefined : "past")} actions={may("operator") ? (b) => <Actions block={b} onAsk={setAsked} /> : undefined}
						empty={<Empty>{rows.length === 0 ? "Nobody was blocked, nor would have been, in this time." : "No block is left by these filters."}</Empty>} />}
				</Loaded>
			</section>
		</>
	);
}

function Whole({ block }: { block: Block }): JSX.Element {
	const left = leftWords(block);
	return (
		<Facts facts={[
			{ name: "Who", value: <a href={link("/attacks", { client_ip: blockedSource(block), since: "30d" })}>{blockedSource(block)}</a> },
			{ name: "What", value: actionWords(block) },
			{ name: "State", value: <><BlockState state={block.state} /> {BLOCK_STATES[block.state ?? ""]?.means}</> },
			{ name: "Why", value: block.reason ?? "no reason was given" },
			{ name: "By", value: block.actor === "breakwater" ? "Breakwater" : block.actor },
			{ name: "Decided", value: <span title={exact(block.start)}>{time(block.start)}, {ago(block.start)}{block.latency_us === undefined ? ""
				: `; the kernel held it ${duration(block.latency_us)} after what decided it`}</span> },
			{ name: left === undefined ? "Ended" : "Ends", value: block.state === "vetoed" ? undefined
				: <span title={exact(block.until)}>{time(block.until)}{left === undefined ? "" : `, ${left}, by itself`}</span> },
			{ name: "Strike", value: block.strike === undefined ? undefined : `${block.strike}; each further block of a source lasts longer` },
			{ name: "Proof", value: proofWords(block.proof) },
			{ name: "Against it", value: vetoWords(block.vetoed_by) ?? "nothing" },
			{ name: "Cost", value: costWords(block) },
			{ name: "Stopped", value: block.packets === undefined || block.state === "observed" || block.state === "vetoed" ? undefined
				: `${plural(block.packets, "packet")}, ${bytes(block.bytes)}; ${plural(block.sessions ?? 0, "connection")} ended` },
			{ name: "Error", value: block.error },
			{ name: "Finding", value: block.finding === undefined ? undefined : <a href={link("/attacks", { id: block.finding })}>the evidence: finding {block.finding.slice(0, 8)}</a> },
			{ name: "Id", value: <code>{block.id}</code> },
		]} />
	);
}

function One({ id }: { id: string }): JSX.Element {
	const [asked, setAsked] = useState<Asked | undefined>(undefined);
	const found = useRecords("block", { id }, { live: ["block"], every_s: 10 });
	return (
		<>
			<p><a href={link("/blocks")}>‹ All blocks</a></p>
			{asked && <Question asked={asked} onClose={() => setAsked(undefined)} />}
			<Loaded data={found} what={`block ${id}`}>
				{(rows) => {
					const block = rows[0];
					if (block === undefined)
						return <Empty>There is no block {id}, or it is not kept any more (<code>retention.events</code>).</Empty>;
					return (
						<section class="card">
							<header><h2>{`${block.action ?? ""} of ${blockedSource(block) ?? ""}`}</h2> <Actions block={block} onAsk={setAsked} /></header>
							<Whole block={block} />
						</section>
					);
				}}
			</Loaded>
		</>
	);
}

export default function Blocks(): JSX.Element {
	const id = param("id");
	return id === undefined ? <All /> : <One id={id} />;
}
