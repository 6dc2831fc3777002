/*
 * packet.ts: a packet that was kept as evidence, in a line as tcpdump has it.
 *
 * A packet is a stranger's: what is too short or not known is said as such.
 */
import type { Row } from "../api";
import { endpoint } from "../words";
import { addressText } from "./networks";

export interface PacketLine {
	from?: string;
	to?: string;
	/** "TCP SYN, 0 bytes" */
	what: string;
}

/* Link types, as in pcap files. */
const ETHERNET = 1, RAW_IP = 101;
const FLAGS: readonly [number, string][] = [[2, "SYN"], [1, "FIN"], [4, "RST"], [8, "PSH"], [16, "ACK"], [32, "URG"]];
const PROTOCOLS: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP" };

export function bytesOf(base64: string): Uint8Array {
	return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

function u16(bytes: Uint8Array, at: number): number {
	return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Where IP begins; undefined: what carries it is not known, or the packet is too short. */
function ipAt(bytes: Uint8Array, link: number | undefined): number | undefined {
	if (link === RAW_IP)
		return 0;
	if (link !== ETHERNET || bytes.length < 14)
		return undefined;
	let at = 12;
	while (at + 4 < bytes.length && [0x8100, 0x88a8].includes(u16(bytes, at)))
		at += 4;
	return [0x0800, 0x86dd].includes(u16(bytes, at)) ? at + 2 : undefined;
}

interface Ip {
	from: string;
	to: string;
	protocol: number;
	/** Where what it carries begins, and how long that is as IP says. */
	at: number;
	length: number;
	isLaterFragment: boolean;
}

/* Extension headers of IPv6 are not followed: they are seldom, and named by number. */
function ipOf(bytes: Uint8Array, at: number): Ip | undefined {
	const version = (bytes[at] ?? 0) >> 4;
	const address = (begin: number, length: number) => addressText([...bytes.subarray(begin, begin + length)]);
	if (version === 4 && bytes.length >= at + 20) {
		const header = (bytes[at]! & 15) * 4;
		return header < 20 ? undefined : { from: address(at + 12, 4), to: address(at + 16, 4), protocol: bytes[at + 9]!, at: at + header,
			length: u16(bytes, at + 2) - header, isLaterFragment: (u16(bytes, at + 6) & 0x1fff) !== 0 };
	}
	if (version === 6 && bytes.length >= at + 40)
		return { from: address(at + 8, 16), to: address(at + 24, 16), protocol: bytes[at + 6]!, at: at + 40,
			length: u16(bytes, at + 4), isLaterFragment: false };
	return undefined;
}

function flagsOf(bits: number): string {
	return FLAGS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name).join(",") || "no flags";
}

function size(bytes: number): string {
	return `${Math.max(0, bytes)} ${bytes === 1 ? "byte" : "bytes"}`;
}

/** What is said, and by which ports. */
function contentOf(bytes: Uint8Array, ip: Ip): { what: string; ports?: [number, number] } {
	const { at, length, protocol } = ip, left = bytes.length - at;
	const name = PROTOCOLS[protocol] ?? `IP protocol ${protocol}`;
	if (ip.isLaterFragment)
		return { what: `${name}, a later fragment, ${size(length)}` };
	const hasPorts = ["TCP", "UDP", "SCTP"].includes(name) && left >= 4;
	const ports: [number, number] | undefined = hasPorts ? [u16(bytes, at), u16(bytes, at + 2)] : undefined;
	if (name === "TCP" && left >= 14)
		return { ports, what: `TCP ${flagsOf(bytes[at + 13]!)}, ${size(length - (bytes[at + 12]! >> 4) * 4)}` };
	if (name === "UDP" && ports)
		return { ports, what: `UDP, ${size(length - 8)}` };
	if (name.startsWith("ICMP") && left >= 2)
		return { what: `${name} type ${bytes[at]} code ${bytes[at + 1]}, ${size(length)}` };
	return { ports, what: `${name}, ${size(length)}` };
}

export function packetLine(packet: Row<"packet">): PacketLine {
	const bytes = bytesOf(packet.data ?? "");
	const begin = ipAt(bytes, packet.link);
	const ip = begin === undefined ? undefined : ipOf(bytes, begin);
	if (ip === undefined)
		return { what: `${size(packet.wire_bytes ?? bytes.length)} of link type ${packet.link ?? "unknown"}` };
	const { what, ports } = contentOf(bytes, ip);
	return { from: endpoint(ip.from, ports?.[0]), to: endpoint(ip.to, ports?.[1]), what };
}
