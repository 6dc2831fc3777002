/*
 * Pseudonyms of addresses: those of the published sample, and what makes them useful:
 * what shares a prefix shares one afterwards, exactly as long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "store/pseudonym.h"

/* The key of the sample that comes with Crypto-PAn. */
static const uint8_t sample_key[PSEUDONYM_KEY_LEN] = {
	21,  34,  23,  141, 51,  164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39,  98, 87, 76, 45, 42, 132, 34,  2
};

static struct addr of(struct pseudonyms *pseudonyms, const char *text)
{
	struct addr addr, out;
	assert_true(addr_parse(text, &addr));
	assert_true(pseudonym_of(pseudonyms, &addr, &out));
	return out;
}

static void the_published_sample_comes_out(void **state)
{
	static const char *const sample[][2] = {
		{ "128.11.68.132", "135.242.180.132" },
		{ "129.118.74.4", "134.136.186.123" },
		{ "130.132.252.244", "133.68.164.234" },
		{ "141.223.7.43", "141.167.8.160" },
		{ "141.233.145.108", "141.129.237.235" },
		{ "152.163.225.39", "151.140.114.167" },
		{ "156.29.3.236", "147.225.12.42" },
		{ "165.247.96.84", "162.9.99.234" },
		{ "166.107.77.190", "160.132.178.185" },
		{ "192.102.249.13", "252.138.62.131" },
	};
	(void)state;
	struct pseudonyms *pseudonyms = pseudonyms_open(sample_key);
	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr out = of(pseudonyms, sample[i][0]);
		addr_text(&out, text);
		assert_string_equal(text, sample[i][1]);
	}
	pseudonyms_close(pseudonyms);
}

static unsigned shared_bits(const struct addr *a, const struct addr *b)
{
	unsigned bits = 0;
	while (bits < 128 &&
	       ((a->ip6[bits / 8] ^ b->ip6[bits / 8]) >> (7 - bits % 8) & 1) == 0)
		bits++;
	return bits;
}

static void fill(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)rand();
}

/* Another one that begins with the same `bits` bits, and no more. */
static struct addr neighbour(const struct addr *addr, unsigned bits)
{
	struct addr other = *addr, noise;
	fill(noise.ip6, sizeof(noise.ip6));
	for (unsigned i = bits + 1; i < 128; i++)
		other.ip6[i / 8] ^= noise.ip6[i / 8] & (uint8_t)(0x80 >> i % 8);
	other.ip6[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
	return other;
}

static void check_pair(struct pseudonyms *pseudonyms, const struct addr *a,
		       unsigned bits)
{
	struct addr b = neighbour(a, bits), of_a, of_b;
	assert_true(pseudonym_of(pseudonyms, a, &of_a));
	assert_true(pseudonym_of(pseudonyms, &b, &of_b));
	assert_int_equal(shared_bits(&of_a, &of_b), shared_bits(a, &b));
	assert_int_equal(addr_is_v4(&of_a), addr_is_v4(a));
}

static void a_shared_prefix_stays_exactly_as_long(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		uint8_t key[PSEUDONYM_KEY_LEN], four[4], sixteen[16];
		fill(key, sizeof(key));
		fill(four, sizeof(four));
		fill(sixteen, sizeof(sixteen));
		sixteen[0] = 0x20; /* none of IPv4 in IPv6 */
		struct pseudonyms *pseudonyms = pseudonyms_open(key);
		struct addr v4 = addr_v4(four), v6 = addr_v6(sixteen);
		check_pair(pseudonyms, &v4, 96 + (unsigned)rand() % 32);
		check_pair(pseudonyms, &v6, 8 + (unsigned)rand() % 120);
		pseudonyms_close(pseudonyms);
	}
}

static void the_same_key_says_the_same_and_another_does_not(void **state)
{
	uint8_t other_key[PSEUDONYM_KEY_LEN];
	(void)state;
	memcpy(other_key, sample_key, sizeof(other_key));
	other_key[0] ^= 1;
	struct pseudonyms *once = pseudonyms_open(sample_key);
	struct pseudonyms *again = pseudonyms_open(sample_key);
	struct pseudonyms *other = pseudonyms_open(other_key);
	struct addr a = of(once, "2001:db8::1"), b = of(again, "2001:db8::1");
	struct addr c = of(other, "2001:db8::1");
	assert_true(addr_equal(&a, &b));
	assert_false(addr_equal(&a, &c));
	pseudonyms_close(once);
	pseudonyms_close(again);
	pseudonyms_close(other);
}

int main(void)
{
	unsigned seed = (unsigned)time(NULL);
	const char *given = getenv("SEED");
	if (given != NULL)
		seed = (unsigned)strtoul(given, NULL, 10);
	fprintf(stderr, "# SEED=%u\n", seed);
	srand(seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_sample_comes_out),
		cmocka_unit_test(a_shared_prefix_stays_exactly_as_long),
		cmocka_unit_test(the_same_key_says_the_same_and_another_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
