/*
 * test_sign.c: keys as NATS writes them, read and written, and what they sign, against
 * the NATS library's own signing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nats/nats.h>

#include "base/base32.h"
#include "fleet/sign.h"

static const struct {
	enum nkey_kind kind;
	const char *public_begin, *seed_begin;
} kinds[] = {
	{ NKEY_OPERATOR, "O", "SO" },
	{ NKEY_ACCOUNT, "A", "SA" },
	{ NKEY_USER, "U", "SU" },
	{ NKEY_SERVER, "N", "SN" },
};

static void base32_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "MY" },
		{ "fo", "MZXQ" },
		{ "foo", "MZXW6" },
		{ "foob", "MZXW6YQ" },
		{ "fooba", "MZXW6YTB" },
		{ "foobar", "MZXW6YTBOI" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[16];
		uint8_t octets[8];
		size_t len = strlen(pairs[i][0]);
		base32_encode(bytes_of(pairs[i][0], len), text);
		assert_string_equal(text, pairs[i][1]);
		assert_true(base32_decode(bytes_of(text, strlen(text)), octets, len));
		assert_memory_equal(octets, pairs[i][0], len);
	}
	uint8_t octet;
	assert_false(base32_decode(bytes_of("MZ", 2), &octet, 1)); /* bits left over */
	assert_false(base32_decode(bytes_of("my", 2), &octet, 1));
	assert_false(base32_decode(bytes_of("MY=", 3), &octet, 1));
}

static void a_key_reads_as_what_it_is_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct nkey key, seed, public_key;
		char text[NKEY_TEXT_MAX];
		assert_true(nkey_make(kinds[i].kind, &key));
		nkey_seed_text(&key, text);
		assert_int_equal(strlen(text), 58);
		assert_memory_equal(text, kinds[i].seed_begin, 2);
		assert_true(nkey_parse(text, &seed));
		assert_true(seed.has_seed);
		assert_memory_equal(seed.seed, key.seed, 32);
		nkey_public_text(&seed, text);
		assert_int_equal(strlen(text), 56);
		assert_memory_equal(text, kinds[i].public_begin, 1);
		assert_true(nkey_parse(text, &public_key));
		assert_false(public_key.has_seed);
		assert_int_equal(public_key.kind, kinds[i].kind);
		assert_memory_equal(public_key.public_key, key.public_key, 32);
		nkey_seed_text(&public_key, text);
		assert_string_equal(text, "");
	}
}

/* Every digit, swapped for every other one: the CRC finds all of them. */
static void a_key_with_a_wrong_letter_is_none(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char text[2][NKEY_TEXT_MAX];
	struct nkey key, out;
	(void)state;
	assert_true(nkey_make(NKEY_USER, &key));
	nkey_public_text(&key, text[0]);
	nkey_seed_text(&key, text[1]);
	for (int form = 0; form < 2; form++)
		for (char *at = text[form]; *at != '\0'; at++) {
			char was = *at;
			for (const char *digit = digits; *digit != '\0'; digit++) {
				*at = *digit;
				assert_int_equal(nkey_parse(text[form], &out),
						 *digit == was);
			}
			*at = '\0'; /* and no shorter one is one */
			assert_false(nkey_parse(text[form], &out));
			*at = was;
		}
	assert_false(nkey_parse("", &out));
	char longer[NKEY_TEXT_MAX * 2];
	int len = snprintf(longer, sizeof(longer), "%sA", text[0]);
	assert_int_equal(len, 57);
	assert_false(nkey_parse(longer, &out));
}

static void what_is_signed_is_what_the_library_signs(void **state)
{
	static const char words[] = "who may be what";
	struct nkey key;
	char seed[NKEY_TEXT_MAX];
	uint8_t ours[SIGNATURE_LEN];
	unsigned char *theirs = NULL;
	int len = 0;
	(void)state;
	assert_true(nkey_make(NKEY_USER, &key));
	nkey_seed_text(&key, seed);
	assert_true(nkey_sign(&key, words, strlen(words), ours));
	assert_int_equal(nats_Open(-1), NATS_OK); /* its tables */
	assert_int_equal(nats_Sign(seed, words, &theirs, &len), NATS_OK);
	assert_int_equal(len, SIGNATURE_LEN);
	assert_memory_equal(ours, theirs, SIGNATURE_LEN);
	free(theirs);
	nats_Close();
}

static void what_was_changed_is_not_signed(void **state)
{
	char words[] = "who may be what";
	struct nkey key, other;
	uint8_t signature[SIGNATURE_LEN];
	(void)state;
	assert_true(nkey_make(NKEY_ACCOUNT, &key));
	assert_true(nkey_make(NKEY_ACCOUNT, &other));
	assert_true(nkey_sign(&key, words, sizeof(words), signature));
	assert_true(nkey_verify(&key, words, sizeof(words), signature));
	assert_false(nkey_verify(&other, words, sizeof(words), signature));
	assert_false(nkey_verify(&key, words, sizeof(words) - 1, signature));
	words[0] ^= 1;
	assert_false(nkey_verify(&key, words, sizeof(words), signature));
	words[0] ^= 1;
	signature[SIGNATURE_LEN / 2] ^= 1;
	assert_false(nkey_verify(&key, words, sizeof(words), signature));
}

static void a_forgotten_key_signs_no_more(void **state)
{
	static const uint8_t none[32];
	uint8_t signature[SIGNATURE_LEN];
	struct nkey key;
	(void)state;
	assert_true(nkey_make(NKEY_USER, &key));
	nkey_forget(&key);
	assert_memory_equal(key.seed, none, 32);
	assert_false(nkey_sign(&key, "x", 1, signature));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base32_is_that_of_rfc_4648),
		cmocka_unit_test(a_key_reads_as_what_it_is_of),
		cmocka_unit_test(a_key_with_a_wrong_letter_is_none),
		cmocka_unit_test(what_is_signed_is_what_the_library_signs),
		cmocka_unit_test(what_was_changed_is_not_signed),
		cmocka_unit_test(a_forgotten_key_signs_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
