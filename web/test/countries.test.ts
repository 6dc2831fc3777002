import assert from "node:assert/strict";
import { test } from "node:test";
import { countryName, pieces, ranked, type Country } from "../src/records/countries";

const NL: Country = { code: "NL", name: "Netherlands" }, BR: Country = { code: "BR", name: "Brazil" }, ZZ: Country = { code: "ZZ" };
const where: Record<string, Country> = { "192.0.2.1": NL, "192.0.2.2": NL, "198.51.100.1": BR, "2001:db8::": ZZ };
const of = (ip: string) => where[ip];

test("countries are ranked by what came from them, and what is not known stands last", () => {
	const sources = [{ ip: "10.0.0.1", value: 90 }, { ip: "192.0.2.1", value: 4 }, { ip: "198.51.100.1", value: 20 }, { ip: "192.0.2.2", value: 26 },
		{ ip: "2001:db8::", value: 20 }, { ip: "10.0.0.2", value: 40 }];
	assert.deepEqual(ranked(sources, of).map(({ country, value, sources: many, share }) => [country?.code, value, many, share]),
		[["NL", 30, 2, 0.15], ["BR", 20, 1, 0.1], ["ZZ", 20, 1, 0.1], [undefined, 130, 2, 0.65]]);
});

test("nothing is a share of nothing", () => {
	assert.deepEqual(ranked([], of), []);
	assert.deepEqual(ranked([{ ip: "192.0.2.1", value: 0 }], of).map(({ share }) => share), [0]);
});

test("a country without a name is its code", () => {
	assert.equal(countryName(NL), "NL Netherlands");
	assert.equal(countryName(ZZ), "ZZ");
});

test("a question has at most a thousand addresses, and fits in a line", () => {
	const short = Array.from({ length: 2500 }, (_, i) => `1.1.${i >> 8}.${i & 255}`);
	const long = Array.from({ length: 2500 }, (_, i) => `2001:db8:1111:2222:3333:4444:5555:${(0x1000 + i).toString(16)}`);
	for (const addresses of [short, long]) {
		const all = pieces(addresses);
		assert.deepEqual(all.flat(), addresses);
		for (const piece of all)
			assert.ok(piece.length <= 1000 && encodeURIComponent(piece.join()).length <= 12000);
	}
	assert.deepEqual(pieces([]), []);
});
