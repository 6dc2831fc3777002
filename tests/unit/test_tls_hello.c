/*
 * test_tls_hello.c: hellos, their fingerprints as they were published, certificates,
 * cipher suites.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "protocol/certificate.h"
#include "protocol/cipher_suites.h"
#include "protocol/protocol.h"
#include "tls_words.h"

#define NOW_US INT64_C(1700000000000000)

static struct digests *digests;

/* FoxIO's example of JA4, with GREASE sprinkled in. */
static const struct hello_words chrome = {
	.version = 0x0303,
	.session = 7,
	.ciphers = { 16,
		     { 0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
		       0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
		       0x0035 } },
	.extensions = { 18,
			{ 0xfafa, 0x0000, 0x0033, 0x000d, 0x0023, 0x000b, 0xff01,
			  0x000a, 0x001b, 0x4469, 0x0012, 0x002d, 0x0010, 0x0005,
			  0x002b, 0x0017, 0x1a1a, 0x0015 } },
	.groups = { 4, { 0x3a3a, 29, 23, 24 } },
	.versions = { 3, { 0x0a0a, 0x0304, 0x0303 } },
	.signatures = { 8,
			{ 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806,
			  0x0601 } },
	.formats = { 0 },
	.format_count = 1,
	.name = "www.example.org",
	.alpn = { "h2", "http/1.1" },
};

static struct words body_of(const struct hello_words *h, bool is_dtls)
{
	struct words w = { .len = 0 };
	put_client_hello(&w, h, is_dtls);
	return w;
}

static void check_ja4(const struct hello_words *h, enum carrier carrier,
		      const char *expected)
{
	struct client_hello hello;
	char ja4[JA4_LEN + 1];
	struct words w = body_of(h, carrier == CARRIER_DTLS);
	assert_true(client_hello_parse(said_in(&w), carrier == CARRIER_DTLS, &hello));
	assert_true(ja4_client(digests, &hello, carrier, ja4));
	assert_string_equal(ja4, expected);
}

static void ja4_is_as_foxio_published_it(void **state)
{
	(void)state;
	check_ja4(&chrome, CARRIER_TLS, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	check_ja4(&chrome, CARRIER_QUIC, "q13d1516h2_8daaf6152771_e5627efa2ab1");
	check_ja4(&chrome, CARRIER_DTLS, "d13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* What the order is does not matter, but for the signature algorithms. */
static void ja4_of_shuffled_extensions_is_the_same(void **state)
{
	(void)state;
	struct hello_words h = chrome;
	h.extensions.at[0] = 0x0015;
	h.extensions.at[17] = 0x8a8a;
	check_ja4(&h, CARRIER_TLS, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

static void ja4_of_a_bare_hello_has_zeros(void **state)
{
	(void)state;
	struct hello_words h = { .version = 0x0301,
				 .ciphers = LIST(0x0a0a),
				 .has_no_extensions = true };
	check_ja4(&h, CARRIER_TLS, "t10i000000_000000000000_000000000000");
	h.version = 0xfeff;
	check_ja4(&h, CARRIER_DTLS, "dd1i000000_000000000000_000000000000");
}

/* The specification's own cases of ALPN that can't be printed. */
static void ja4_writes_odd_alpn_in_hexadecimal(void **state)
{
	(void)state;
	static const struct {
		const char *alpn, *ends;
	} cases[] = {
		{ "h2", "h2" },
		{ "http/1.1", "h1" },
		{ "x", "xx" },
		{ "\xab", "ab" },
		{ "\xab\xcd", "ad" },
		{ "0\xab", "3b" },
		{ "01\xab\xcd", "3d" },
		{ "0\xab\xcd"
		  "1",
		  "01" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client_hello hello;
		char ja4[JA4_LEN + 1];
		struct hello_words h = chrome;
		h.alpn[0] = cases[i].alpn;
		struct words w = body_of(&h, false);
		assert_true(client_hello_parse(said_in(&w), false, &hello));
		assert_true(ja4_client(digests, &hello, CARRIER_TLS, ja4));
		assert_memory_equal(ja4 + 8, cases[i].ends, 2);
	}
}

static void check_ja3(const struct hello_words *h, const char *expected)
{
	struct client_hello hello;
	uint8_t hash[MD5_LEN];
	char text[2 * MD5_LEN + 1];
	struct words w = body_of(h, false);
	assert_true(client_hello_parse(said_in(&w), false, &hello));
	assert_true(ja3_client(digests, &hello, hash));
	hex_text(text, hash, MD5_LEN);
	assert_string_equal(text, expected);
}

/* 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0 and
 * 769,4-5-10-9-100-98-3-6-19-18-99,,, */
static void ja3_is_as_its_authors_published_it(void **state)
{
	(void)state;
	struct hello_words h = {
		.version = 769,
		.ciphers =
			LIST(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
		.extensions = LIST(0, 10, 11),
		.groups = LIST(23, 24, 25),
		.format_count = 1,
		.name = "example.org",
	};
	check_ja3(&h, "ada70206e40642a3e4461f35503241d5");
	struct hello_words bare = {
		.version = 769,
		.ciphers = LIST(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99),
		.has_no_extensions = true,
	};
	check_ja3(&bare, "de350869b8c85de67a350c8d186f11e6");
}

static void ja3_leaves_grease_out(void **state)
{
	(void)state;
	struct hello_words h = {
		.version = 769,
		.ciphers = LIST(0x0a0a, 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50,
				56, 19, 4),
		.extensions = LIST(0xfafa, 0, 10, 11, 0x2a2a),
		.groups = LIST(0x1a1a, 23, 24, 25),
		.format_count = 1,
		.name = "example.org",
	};
	check_ja3(&h, "ada70206e40642a3e4461f35503241d5");
}

/* MD5 of 771,49199,65281-11-35: OpenSSL's answer of old. */
static void ja3s_is_version_cipher_and_extensions(void **state)
{
	(void)state;
	static const uint16_t types[] = { 65281, 11, 35 };
	struct words w = { .len = 0 };
	struct server_hello hello;
	uint8_t hash[MD5_LEN];
	char text[2 * MD5_LEN + 1];
	put_number(&w, 2, 771);
	w.len += 32;
	put_number(&w, 1, 0);
	put_number(&w, 2, 49199);
	put_number(&w, 1, 0);
	size_t from = open_length(&w, 2);
	for (size_t i = 0; i < 3; i++)
		put_number(&w, 4, (uint64_t)types[i] << 16);
	close_length(&w, 2, from);
	assert_true(server_hello_parse(said_in(&w), &hello));
	assert_true(ja3_server(digests, &hello, hash));
	hex_text(text, hash, MD5_LEN);
	assert_string_equal(text, "ccc514751b175866924439bdbb5bba34");
}

static void a_client_hello_says_what_it_says(void **state)
{
	(void)state;
	struct client_hello hello;
	struct words w = body_of(&chrome, false);
	assert_true(client_hello_parse(said_in(&w), false, &hello));
	assert_int_equal(hello.version, 0x0303);
	assert_int_equal(client_hello_version(&hello), 0x0304);
	assert_true(hello.has_name);
	assert_int_equal(hello.name.len, strlen("www.example.org"));
	assert_memory_equal(hello.name.at, "www.example.org", hello.name.len);
	assert_int_equal(hello.alpn.len, 2);
	assert_memory_equal(hello.alpn.at, "h2", 2);
	assert_int_equal(hello.session.len, 32);
}

static void dtls_counts_versions_down(void **state)
{
	(void)state;
	struct client_hello hello;
	struct hello_words h = chrome;
	h.versions = LIST(0xfeff, 0xfefc, 0xfefd);
	struct words w = body_of(&h, true);
	assert_true(client_hello_parse(said_in(&w), true, &hello));
	assert_int_equal(client_hello_version(&hello), DTLS_1_3);
}

static void a_hello_cut_anywhere_is_broken(void **state)
{
	(void)state;
	struct words w = body_of(&chrome, false);
	for (size_t n = 0; n < w.len; n++) {
		struct client_hello hello;
		uint8_t *cut = malloc(n + 1);
		memcpy(cut, w.at, n);
		/* Without extensions it is whole, too. */
		bool is_whole = n == 2 + 32 + 33 + 2 + 2 * 16 + 2;
		assert_int_equal(client_hello_parse(bytes_of(cut, n), false, &hello),
				 is_whole);
		free(cut);
	}
}

static void any_hello_with_wrong_bytes_is_survived(void **state)
{
	(void)state;
	struct words good = body_of(&chrome, false);
	srand(1); /* the seed */
	for (int i = 0; i < 20000; i++) {
		struct client_hello hello;
		struct server_hello answer;
		char ja4[JA4_LEN + 1];
		uint8_t hash[MD5_LEN], *bad = malloc(good.len);
		memcpy(bad, good.at, good.len);
		for (int k = 0; k < 4; k++)
			bad[(size_t)rand() % good.len] = (uint8_t)rand();
		struct bytes said = bytes_of(bad, good.len);
		if (client_hello_parse(said, false, &hello)) {
			ja3_client(digests, &hello, hash);
			ja4_client(digests, &hello, CARRIER_TLS, ja4);
		}
		server_hello_parse(said, &answer);
		free(bad);
	}
}

/* Thousands of ciphers are sorted by nobody. */
static void a_hello_with_too_many_ciphers_has_no_ja4(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	struct client_hello hello;
	char ja4[JA4_LEN + 1];
	put_number(&w, 2, 0x0303);
	w.len += 32;
	put_number(&w, 1, 0);
	put_number(&w, 2, 2 * 3000);
	for (uint64_t i = 0; i < 3000; i++)
		put_number(&w, 2, i);
	put_number(&w, 2, 0x0100);
	assert_true(client_hello_parse(said_in(&w), false, &hello));
	assert_false(ja4_client(digests, &hello, CARRIER_TLS, ja4));
}

static void a_retry_and_a_psk_are_seen(void **state)
{
	(void)state;
	struct words retry = { .len = 0 }, resumed = { .len = 0 };
	struct server_hello hello;
	put_server_hello(&retry, &(struct choice){ .version = 0x0303,
						   .cipher = 0x1301,
						   .selected = 0x0304,
						   .is_retry = true });
	assert_true(server_hello_parse(said_in(&retry), &hello));
	assert_true(hello.is_retry);
	assert_int_equal(hello.selected_version, TLS_1_3);
	put_server_hello(&resumed, &(struct choice){ .version = 0x0303,
						     .cipher = 0x1301,
						     .selected = 0x0304,
						     .takes_psk = true });
	assert_true(server_hello_parse(said_in(&resumed), &hello));
	assert_false(hello.is_retry);
	assert_true(hello.takes_psk);
}

static void suites_have_the_names_iana_gave_them(void **state)
{
	(void)state;
	assert_string_equal(cipher_suite_name(0x0000), "TLS_NULL_WITH_NULL_NULL");
	assert_string_equal(cipher_suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(cipher_suite_name(0xc02f),
			    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(cipher_suite_name(0xfeff),
			    "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA");
	assert_null(cipher_suite_name(0x1300));
	assert_null(cipher_suite_name(0xffff));
	unsigned named = 0;
	for (unsigned suite = 0; suite <= UINT16_MAX; suite++)
		named += cipher_suite_name((uint16_t)suite) != NULL;
	assert_true(named > 350);
}

static void suites_that_protect_nothing_are_weak(void **state)
{
	(void)state;
	static const struct {
		uint16_t suite;
		const char *weakness;
	} cases[] = {
		{ 0x0005, "RC4" },
		{ 0x000a, "64-bit block cipher" },
		{ 0xc012, "64-bit block cipher" },
		{ 0x0002, "no encryption" },
		{ 0xc0b4, "no encryption" },
		{ 0x0003, "export grade" },
		{ 0x0009, "56-bit key" },
		{ 0x0034, "no authentication" },
		{ 0x002f, NULL },
		{ 0x1301, NULL },
		{ 0xcca8, NULL },
		{ 0xc0ae, NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *weakness = cipher_suite_weakness(cases[i].suite);
		if (cases[i].weakness == NULL)
			assert_null(weakness);
		else
			assert_string_equal(weakness, cases[i].weakness);
	}
	assert_true(cipher_suite_is_cleartext(0x0002));
	assert_false(cipher_suite_is_cleartext(0x0005));
}

static void a_certificate_is_described(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	uint64_t key;
	struct certificate_words c = {
		.name = "www.example.org",
		.issuer = "Example CA",
		.alt = "DNS:www.example.org,IP:192.0.2.7,IP:2001:db8:"
		       ":7",
		.from_s = 1700000000,
		.to_s = 1710000000,
		.key = EVP_EC_gen("P-256"),
	};
	struct certificates *kept = certificates_new();
	struct bytes der = make_certificate(&w, &c);
	const struct certificate *is =
		certificate_read(kept, digests, der, NOW_US, &key);
	assert_non_null(is);
	assert_string_equal(is->subject, "C=DE, O=Example\\, Inc., CN=www.example.org");
	assert_string_equal(is->issuer, "C=DE, O=Example\\, Inc., CN=Example CA");
	assert_string_equal(is->alt_names, "www.example.org,192.0.2.7,2001:db8::7");
	assert_string_equal(is->serial, "C0FFEE");
	assert_string_equal(is->key_type, "EC");
	assert_int_equal(is->key_bits, 256);
	assert_true(is->not_before_us == INT64_C(1700000000000000));
	assert_true(is->not_after_us == INT64_C(1710000000000000));
	assert_false(is->is_self_signed);
	assert_null(is->broken_digest);
	assert_int_equal(strlen(is->sha1), 59);
	assert_int_equal(is->sha1[2], ':');
	/* Again, and by its key. */
	assert_ptr_equal(certificate_read(kept, digests, der, NOW_US, &key), is);
	assert_ptr_equal(certificate_again(kept, key), is);
	assert_null(certificate_again(kept, key + 1));
	EVP_PKEY_free(c.key);
	certificates_free(kept);
}

static void what_signed_itself_and_what_is_forgeable_is_told(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	uint64_t key;
	struct certificate_words c = { .name = "a",
				       .from_s = 1700000000,
				       .to_s = 1710000000,
				       .key = EVP_EC_gen("P-256"),
				       .digest = EVP_sha1() };
	struct certificates *kept = certificates_new();
	const struct certificate *is =
		certificate_read(kept, digests, make_certificate(&w, &c), NOW_US, &key);
	assert_true(is->is_self_signed);
	assert_null(is->broken_digest);
	c.issuer = "b";
	is = certificate_read(kept, digests, make_certificate(&w, &c), NOW_US, &key);
	assert_false(is->is_self_signed);
	assert_string_equal(is->broken_digest, "SHA-1");
	EVP_PKEY_free(c.key);
	certificates_free(kept);
}

static void what_is_no_certificate_is_none(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	struct certificate_words c = { .name = "a", .key = EVP_EC_gen("P-256") };
	struct certificates *kept = certificates_new();
	struct bytes der = make_certificate(&w, &c);
	uint64_t key;
	for (size_t n = 0; n < der.len; n++) {
		uint8_t *cut = malloc(n + 1);
		memcpy(cut, der.at, n);
		assert_null(certificate_read(kept, digests, bytes_of(cut, n),
					     n * 1000000, &key));
		assert_null(certificate_again(kept, key));
		free(cut);
	}
	EVP_PKEY_free(c.key);
	certificates_free(kept);
}

static void certificates_made_up_in_a_hurry_are_passed_over(void **state)
{
	(void)state;
	struct words w = { .len = 0 }, more = { .len = 0 };
	struct certificate_words c = { .name = "a", .key = EVP_EC_gen("P-256") };
	struct certificates *kept = certificates_new();
	struct bytes der = make_certificate(&w, &c);
	uint64_t key;
	assert_non_null(certificate_read(kept, digests, der, NOW_US, &key));
	for (unsigned i = 0; i < CERTIFICATES_PER_SECOND; i++)
		certificate_read(kept, digests, bytes_of(&i, sizeof(i)), NOW_US, &key);
	c.name = "b";
	struct bytes other = make_certificate(&more, &c);
	assert_null(certificate_read(kept, digests, other, NOW_US, &key));
	assert_null(certificate_again(kept, key));
	/* A second later there is time for it. */
	assert_non_null(certificate_read(kept, digests, other, NOW_US + 1000000, &key));
	EVP_PKEY_free(c.key);
	certificates_free(kept);
}

static int find_digests(void **state)
{
	(void)state;
	digests = digests_new();
	return digests == NULL;
}

static int free_digests(void **state)
{
	(void)state;
	digests_free(digests);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ja4_is_as_foxio_published_it),
		cmocka_unit_test(ja4_of_shuffled_extensions_is_the_same),
		cmocka_unit_test(ja4_of_a_bare_hello_has_zeros),
		cmocka_unit_test(ja4_writes_odd_alpn_in_hexadecimal),
		cmocka_unit_test(ja3_is_as_its_authors_published_it),
		cmocka_unit_test(ja3_leaves_grease_out),
		cmocka_unit_test(ja3s_is_version_cipher_and_extensions),
		cmocka_unit_test(a_client_hello_says_what_it_says),
		cmocka_unit_test(dtls_counts_versions_down),
		cmocka_unit_test(a_hello_cut_anywhere_is_broken),
		cmocka_unit_test(any_hello_with_wrong_bytes_is_survived),
		cmocka_unit_test(a_hello_with_too_many_ciphers_has_no_ja4),
		cmocka_unit_test(a_retry_and_a_psk_are_seen),
		cmocka_unit_test(suites_have_the_names_iana_gave_them),
		cmocka_unit_test(suites_that_protect_nothing_are_weak),
		cmocka_unit_test(a_certificate_is_described),
		cmocka_unit_test(what_signed_itself_and_what_is_forgeable_is_told),
		cmocka_unit_test(what_is_no_certificate_is_none),
		cmocka_unit_test(certificates_made_up_in_a_hurry_are_passed_over),
	};
	return cmocka_run_group_tests(tests, find_digests, free_digests);
}
