/*
 * test_dtls.c: TLS over datagrams, its messages whole and in fragments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk_check.h"
#include "tls_words.h"

extern const struct protocol protocol_dtls;

static const struct hello_words asks = {
	.version = 0xfefd,
	.ciphers = LIST_OF(0xc02b),
	.extensions = LIST_OF(0),
	.name = "sfu.example.org",
};

static void put_dtls_record(struct words *w, uint8_t type, unsigned epoch,
			    struct bytes payload)
{
	put_number(w, 1, type);
	put_number(w, 2, 0xfefd);
	put_number(w, 2, epoch);
	put_number(w, 6, 1);
	put_number(w, 2, payload.len);
	put(w, payload.at, payload.len);
}

/* A fragment of a message, as a record. */
static void put_fragment(struct words *w, uint8_t type, unsigned number,
			 struct bytes body, size_t from, size_t len)
{
	struct words fragment = { .len = 0 };
	put_number(&fragment, 1, type);
	put_number(&fragment, 3, body.len);
	put_number(&fragment, 2, number);
	put_number(&fragment, 3, from);
	put_number(&fragment, 3, len);
	put(&fragment, body.at + from, len);
	put_dtls_record(w, 22, 0, said_in(&fragment));
}

static struct words client_hello(void)
{
	struct words body = { .len = 0 }, w = { .len = 0 };
	put_client_hello(&body, &asks, true);
	put_fragment(&w, 1, 0, said_in(&body), 0, body.len);
	return w;
}

static struct words server_hello(void)
{
	struct words body = { .len = 0 }, w = { .len = 0 };
	put_server_hello(&body,
			 &(struct choice){ .version = 0xfefd, .cipher = 0xc02b });
	put_fragment(&w, 2, 1, said_in(&body), 0, body.len);
	return w;
}

/* The body of a Certificate message. */
static struct words certificate(void)
{
	struct words der = { .len = 0 }, message = { .len = 0 }, body = { .len = 0 };
	struct certificate_words c = { .name = "sfu.example.org",
				       .issuer = "Example CA",
				       .from_s = 1690000000,
				       .to_s = 1790000000,
				       .key = EVP_EC_gen("P-256") };
	put_certificates(&message, make_certificate(&der, &c), bytes_of(NULL, 0));
	put(&body, message.at + 4, message.len - 4);
	EVP_PKEY_free(c.key);
	return body;
}

static void say(struct talk_check *c, unsigned by, const struct words *w)
{
	talk_say(c, by, w->at, w->len);
}

static void datagrams_of_either_side_are_recognised(void **state)
{
	(void)state;
	const struct bytes none = { 0 };
	struct words client = client_hello(), server = server_hello();
	struct words data = { .len = 0 };
	put_dtls_record(&data, 23, 1, bytes_of("sealed", 6));
	assert_string_equal(
		opening_is(IPPROTO_UDP, 9999, CLIENT, said_in(&client), none), "dtls");
	assert_string_equal(
		opening_is(IPPROTO_UDP, 9999, SERVER, none, said_in(&server)), "dtls");
	assert_string_equal(opening_is(IPPROTO_UDP, 9999, CLIENT, said_in(&data), none),
			    "dtls");
}

static void what_is_cut_or_does_not_fit_is_not_dtls(void **state)
{
	(void)state;
	struct words w = client_hello();
	for (size_t n = 1; n < w.len; n++)
		assert_int_equal(verdict_of(&protocol_dtls, IPPROTO_UDP,
					    bytes_of(w.at, n), (struct bytes){ 0 }),
				 VERDICT_NO);
	/* The fragment is longer than its message, the message no hello. */
	struct words bad = w;
	bad.at[15] = bad.at[16] = 0;
	assert_int_equal(verdict_of(&protocol_dtls, IPPROTO_UDP, said_in(&bad),
				    (struct bytes){ 0 }),
			 VERDICT_NO);
	bad = w;
	bad.at[13] = 20;
	assert_int_equal(verdict_of(&protocol_dtls, IPPROTO_UDP, said_in(&bad),
				    (struct bytes){ 0 }),
			 VERDICT_NO);
}

static void a_handshake_is_read_whatever_the_order_of_fragments(void **state)
{
	(void)state;
	struct words client = client_hello(), server = server_hello();
	struct words body = certificate(), data = { .len = 0 };
	struct talk_check *c = talk_check_new(&protocol_dtls, IPPROTO_UDP, 4433);
	put_dtls_record(&data, 23, 1, bytes_of("sealed", 6));
	say(c, CLIENT, &client);
	say(c, SERVER, &server);
	size_t third = body.len / 3;
	for (unsigned i = 0; i < 3; i++) {
		struct words w = { .len = 0 };
		size_t from = (size_t[]){ third, 0, 2 * third }[i];
		size_t to = (size_t[]){ 2 * third + 9, third, body.len }[i];
		put_fragment(&w, 11, 2, said_in(&body), from, to - from);
		say(c, SERVER, &w);
	}
	assert_int_equal(c->records, 0);
	say(c, CLIENT, &data);
	assert_true(c->talk.done);
	assert_int_equal(c->records, 1);
	const struct tls_record *r = &c->record[0].tls;
	assert_string_equal(r->version, "DTLS 1.2");
	assert_string_equal(r->sni, "sfu.example.org");
	assert_string_equal(r->cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	assert_memory_equal(r->ja4, "dd2d010100_", 11);
	assert_string_equal(r->subject, "C=DE, O=Example\\, Inc., CN=sfu.example.org");
	assert_string_equal(c->talk.facts.version, "DTLS 1.2");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

/* What was lost of one message must not end up in the next. */
static void a_message_that_stays_broken_does_not_spoil_the_next(void **state)
{
	(void)state;
	struct words body = certificate(), cut = { .len = 0 }, rest = { .len = 0 };
	struct words hello = { .len = 0 }, begin = { .len = 0 };
	struct talk_check *c = talk_check_new(&protocol_dtls, IPPROTO_UDP, 4433);
	put_server_hello(&hello,
			 &(struct choice){ .version = 0xfefd, .cipher = 0xc02b });
	put_fragment(&begin, 2, 1, said_in(&hello), 0, hello.len / 2);
	put_fragment(&cut, 11, 2, said_in(&body), 0, body.len / 2);
	put_fragment(&rest, 11, 2, said_in(&body), body.len / 2,
		     body.len - body.len / 2);
	struct words again = server_hello();
	say(c, SERVER, &begin);
	say(c, SERVER, &cut);
	say(c, SERVER, &rest);
	say(c, SERVER, &again);
	talk_finish(c);
	assert_int_equal(c->records, 1);
	assert_int_equal(c->record[0].tls.key_bits, 256);
	assert_string_equal(c->record[0].tls.version, "DTLS 1.2");
	talk_check_free(c);
}

static void a_handshake_that_never_ends_is_left(void **state)
{
	(void)state;
	struct words client = client_hello();
	struct talk_check *c = talk_check_new(&protocol_dtls, IPPROTO_UDP, 4433);
	for (int i = 0; i < 30; i++)
		say(c, CLIENT, &client);
	assert_true(c->talk.done);
	assert_int_equal(c->records, 1);
	talk_check_free(c);
}

static void wrong_bytes_anywhere_are_survived(void **state)
{
	(void)state;
	struct words client = client_hello(), server = server_hello();
	struct words body = certificate(), whole = { .len = 0 };
	put_fragment(&whole, 11, 2, said_in(&body), 0, body.len);
	srand(1); /* the seed */
	for (int i = 0; i < 3000; i++) {
		struct words said[] = { client, server, whole };
		struct talk_check *c =
			talk_check_new(&protocol_dtls, IPPROTO_UDP, 4433);
		for (int k = 0; k < 3; k++) {
			for (int n = 0; n < 2; n++)
				said[k].at[(size_t)rand() % said[k].len] =
					(uint8_t)rand();
			talk_say(c, k > 0, said[k].at,
				 said[k].len - (size_t)rand() % 3);
		}
		talk_finish(c);
		talk_check_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_of_either_side_are_recognised),
		cmocka_unit_test(what_is_cut_or_does_not_fit_is_not_dtls),
		cmocka_unit_test(a_handshake_is_read_whatever_the_order_of_fragments),
		cmocka_unit_test(a_message_that_stays_broken_does_not_spoil_the_next),
		cmocka_unit_test(a_handshake_that_never_ends_is_left),
		cmocka_unit_test(wrong_bytes_anywhere_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
