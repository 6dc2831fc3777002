import assert from "node:assert/strict";
import { test } from "node:test";
import { packetLine } from "../src/records/packet";

const data = (bytes: number[]) => Buffer.from(bytes).toString("base64");
const line = (bytes: number[], link = 101) => packetLine({ record: "packet", link, data: data(bytes), wire_bytes: bytes.length });

function ip4(protocol: number, payload: number[], fragment = 0): number[] {
	const length = 20 + payload.length;
	return [0x45, 0, length >> 8, length & 255, 0, 0, fragment >> 8, fragment & 255, 64, protocol, 0, 0, 192, 0, 2, 7, 203, 0, 113, 10, ...payload];
}

const tcp = (flags: number, payload: number[] = []) => [0x9c, 0x40, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags, 4, 0, 0, 0, 0, 0, ...payload];

test("a segment has its ports, flags and length", () => {
	assert.deepEqual(line(ip4(6, tcp(0x02))), { from: "192.0.2.7:40000", to: "203.0.113.10:22", what: "TCP SYN, 0 bytes" });
	assert.equal(line(ip4(6, tcp(0x14, [1]))).what, "TCP RST,ACK, 1 byte");
	assert.equal(line(ip4(6, tcp(0))).what, "TCP no flags, 0 bytes");
});

test("UDP, ICMP and what is not known", () => {
	assert.deepEqual(line(ip4(17, [0, 53, 0x9c, 0x40, 0, 9, 0, 0, 7])), { from: "192.0.2.7:53", to: "203.0.113.10:40000", what: "UDP, 1 byte" });
	assert.equal(line(ip4(1, [8, 0, 0, 0])).what, "ICMP type 8 code 0, 4 bytes");
	assert.equal(line(ip4(89, [1])).what, "IP protocol 89, 1 byte");
	assert.equal(line(ip4(6, tcp(2), 100)).what, "TCP, a later fragment, 20 bytes");
});

test("IPv6, and frames of Ethernet with and without a VLAN", () => {
	const six = [0x60, 0, 0, 0, 0, 20, 6, 64, 0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1, 0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 2, ...tcp(0x12)];
	assert.deepEqual(line(six), { from: "[2001:db8::1]:40000", to: "[2001:db8::2]:22", what: "TCP SYN,ACK, 0 bytes" });
	const macs = Array<number>(12).fill(2);
	assert.equal(line([...macs, 8, 0, ...ip4(6, tcp(2))], 1).what, "TCP SYN, 0 bytes");
	assert.equal(line([...macs, 0x81, 0, 0, 5, 0x86, 0xdd, ...six], 1).what, "TCP SYN,ACK, 0 bytes");
});

test("no packet, however cut or made up, is too much", () => {
	const whole = ip4(6, tcp(2));
	for (let length = 0; length <= whole.length; length++)
		for (const link of [1, 101, 113])
			assert.equal(typeof line(whole.slice(0, length), link).what, "string");
	let state = 7;
	for (let i = 0; i < 5000; i++) {
		const bytes = Array.from({ length: i % 90 }, () => (state = (state * 1103515245 + 12345) % 2147483648) >> 16 & 255);
		assert.equal(typeof line(bytes, i % 2 === 0 ? 1 : 101).what, "string");
	}
	assert.equal(line([0x40, 0, 0, 20, ...Array(16).fill(0)]).what, "20 bytes of link type 101");
});
