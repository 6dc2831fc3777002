/*
 * test_tls_notices.c: what is wrong with TLS as a server has it, or with what somebody
 * does to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_dialogue.h"

/* Exactly that was noticed, at that severity, of the service. */
static void check_only(const struct talk_check *c, const char *technique,
		       const char *severity)
{
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->technique, technique);
	assert_string_equal(c->notice[0]->severity, severity);
	assert_string_equal(c->notice[0]->kind, "weak_protocol");
	assert_int_equal(c->notice[0]->about, ABOUT_SERVICE);
}

static void check_certificate(const struct certificate_words *certificate,
			      const char *technique, const char *severity)
{
	struct talk_check *c =
		hear_once(handshake_of(&takes_1_2, certificate, 300, 16384));
	if (technique != NULL)
		check_only(c, technique, severity);
	else
		assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void check_choice(uint16_t version, uint16_t cipher, const char *technique,
			 const char *severity)
{
	struct certificate_words certificate = good_certificate();
	struct choice choice = { .version = version, .cipher = cipher };
	struct talk_check *c =
		hear_once(handshake_of(&choice, &certificate, 300, 16384));
	check_only(c, technique, severity);
	talk_check_free(c);
}

static void old_versions_are_weak(void **state)
{
	(void)state;
	check_choice(0x0300, 0xc02f, "old_ssl", "medium");
	check_choice(0x0301, 0xc02f, "old_tls", "low");
	check_choice(0x0302, 0xc02f, "old_tls", "low");
}

static void weak_ciphers_are_noticed(void **state)
{
	(void)state;
	check_choice(0x0303, 0x0005, "weak_cipher", "medium");
	check_choice(0x0303, 0x000a, "weak_cipher", "medium");
	check_choice(0x0303, 0x0034, "weak_cipher", "medium");
	check_choice(0x0303, 0x0002, "weak_cipher", "medium");
}

static void a_cipher_of_nothing_is_cleartext(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct choice choice = { .version = 0x0303, .cipher = 0x003b };
	struct talk_check *c =
		hear_once(handshake_of(&choice, &certificate, 300, 16384));
	assert_int_equal(c->talk.facts.cleartext, 1);
	talk_check_free(c);
}

/* A client may offer what it wants. */
static void what_only_the_client_offers_is_not_noticed(void **state)
{
	(void)state;
	struct hello_words old = { .version = 0x0300,
				   .ciphers = LIST(0x0005, 0x0002, 0x0034),
				   .has_no_extensions = true };
	struct dialogue *d = new_dialogue();
	d->said[0].len = 0;
	put_client(&d->said[0], &old);
	put_record(says(d, SERVER), 21, bytes_of("\2\x46", 2));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->records, 1);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void a_good_certificate_is_quiet(void **state)
{
	(void)state;
	struct certificate_words good = good_certificate();
	check_certificate(&good, NULL, NULL);
}

static void certificates_out_of_time_are_noticed(void **state)
{
	(void)state;
	struct certificate_words c = good_certificate();
	c.to_s = NOW_S - DAY_S;
	check_certificate(&c, "certificate_expired", "medium");
	c.to_s = NOW_S + 20 * DAY_S;
	c.from_s = NOW_S - 70 * DAY_S;
	check_certificate(&c, "certificate_expires_soon", "low");
	c.to_s = NOW_S + 22 * DAY_S;
	check_certificate(&c, NULL, NULL);
	c.from_s = NOW_S + DAY_S;
	check_certificate(&c, "certificate_not_yet_valid", "low");
}

static void certificates_of_a_few_days_may_end_soon(void **state)
{
	(void)state;
	struct certificate_words c = good_certificate();
	c.from_s = NOW_S - 3 * DAY_S;
	c.to_s = NOW_S + 3 * DAY_S;
	check_certificate(&c, NULL, NULL);
	c.from_s = NOW_S - 5 * DAY_S;
	c.to_s = NOW_S + DAY_S;
	check_certificate(&c, "certificate_expires_soon", "low");
}

static void small_keys_are_noticed(void **state)
{
	(void)state;
	struct certificate_words c = good_certificate();
	c.key = EVP_EC_gen("prime192v1");
	check_certificate(&c, "small_key", "medium");
	EVP_PKEY_free(c.key);
	c.key = EVP_RSA_gen(1024);
	check_certificate(&c, "small_key", "medium");
	EVP_PKEY_free(c.key);
	c.key = EVP_EC_gen("P-224");
	check_certificate(&c, NULL, NULL);
	EVP_PKEY_free(c.key);
}

static void signatures_that_can_be_forged_are_noticed(void **state)
{
	(void)state;
	struct certificate_words c = good_certificate();
	c.digest = EVP_sha1();
	check_certificate(&c, "forgeable_signature", "low");
}

static void what_signed_itself_is_worth_a_notice(void **state)
{
	(void)state;
	struct certificate_words c = good_certificate();
	c.issuer = NULL;
	check_certificate(&c, "self_signed", "notice");
	/* Its signature protects nothing that matters. */
	c.digest = EVP_sha1();
	check_certificate(&c, "self_signed", "notice");
}

/* 192 octets of ServerHello of SSL 2.0, with a certificate. */
static void ssl2_is_noticed_with_its_certificate(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct words der = { .len = 0 }, w = { .len = 0 };
	struct bytes made = make_certificate(&der, &certificate);
	put_number(&w, 2, 0x8000 | (11 + made.len + 3 + 16));
	put_number(&w, 3, 0x040001);
	put_number(&w, 2, 2);
	put_number(&w, 2, made.len);
	put_number(&w, 4, 3u << 16 | 16);
	put(&w, made.at, made.len);
	w.len += 3 + 16;
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	for (size_t i = 0; i < w.len; i++)
		talk_say(c, SERVER, w.at + i, 1);
	check_only(c, "old_ssl", "medium");
	assert_string_equal(c->record[0].tls.version, "SSLv2");
	assert_int_equal(c->record[0].tls.key_bits, 256);
	assert_true(c->talk.done);
	talk_check_free(c);
}

/* ---- attacks ---- */

static struct dialogue *before_keys(void)
{
	struct certificate_words certificate = good_certificate();
	struct words flight = flight_of(&takes_1_2, &certificate, 0);
	struct dialogue *d = new_dialogue();
	put_records(says(d, SERVER), 22, said_in(&flight), 16384);
	return d;
}

static void a_request_for_more_than_it_sent_is_heartbleed(void **state)
{
	(void)state;
	static const uint8_t answer[2000] = { 2, 0x40 };
	struct dialogue *d = before_keys();
	put_record(says(d, CLIENT), 24, bytes_of("\1\x40\0", 3));
	struct talk_check *c = hear(d, 0);
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "heartbleed"));
	assert_string_equal(c->notice[0]->severity, "high");
	assert_int_equal(c->notice[0]->about, ABOUT_CLIENT);
	assert_string_equal(c->detail[0],
			    "heartbeat of 3 bytes that asks for 16384 back");
	talk_check_free(c);
	/* And the server gives it. */
	put_record(says(d, SERVER), 24, bytes_of(answer, sizeof(answer)));
	c = hear(d, 1);
	assert_int_equal(c->notices, 2);
	assert_true(talk_check_noticed(c, "heartbleed_answered"));
	assert_int_equal(c->notice[1]->about, ABOUT_SERVICE);
	talk_check_free(c);
	free(d);
}

static void an_honest_heartbeat_is_quiet(void **state)
{
	(void)state;
	static const uint8_t request[3 + 16 + 16] = { 1, 0, 16 };
	static const uint8_t answer[3 + 16 + 16] = { 2, 0, 16 };
	struct dialogue *d = before_keys();
	put_record(says(d, CLIENT), 24, bytes_of(request, sizeof(request)));
	put_record(says(d, SERVER), 24, bytes_of(answer, sizeof(answer)));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

/* Encrypted ones say nothing: what looks like a length is noise. */
static void an_encrypted_heartbeat_is_quiet(void **state)
{
	(void)state;
	struct dialogue *d = before_keys();
	struct words *client = says(d, CLIENT);
	put_change_cipher(client);
	put_record(client, 24, bytes_of("\1\x40\0", 3));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static struct talk_check *renegotiate(unsigned times)
{
	struct dialogue *d = before_keys();
	struct words *client = says(d, CLIENT);
	put_change_cipher(client);
	for (unsigned i = 0; i < times; i++) {
		put_record(client, 22, bytes_of("hello", 5));
		put_record(client, 22, bytes_of("key", 3));
		put_change_cipher(client);
	}
	return hear_once(d);
}

static void handshake_after_handshake_is_a_flood(void **state)
{
	(void)state;
	struct talk_check *c = renegotiate(2);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = renegotiate(10);
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "renegotiation_flood"));
	assert_int_equal(c->notice[0]->about, ABOUT_CLIENT);
	talk_check_free(c);
}

static void a_record_nobody_sends_is_noticed_where_records_were_sure(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	struct words *client = says(d, CLIENT);
	put_number(client, 5, 0x160303ffff);
	struct talk_check *c = hear(d, 0);
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "oversized_record"));
	assert_int_equal(c->records, 1);
	talk_check_free(c);
	free(d);
	c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	talk_say(c, CLIENT, "\x16\3\3\xff\xff", 5);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void a_hello_of_megabytes_is_noticed(void **state)
{
	(void)state;
	static uint8_t junk[16380];
	struct words message = { .len = 0 }, w = { .len = 0 };
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	put_number(&message, 4, 0x01ffffff);
	put(&message, junk, sizeof(junk));
	put_record(&w, 22, said_in(&message));
	talk_say(c, CLIENT, w.at, w.len);
	assert_int_equal(c->notices, 1);
	assert_true(talk_check_noticed(c, "oversized_hello"));
	talk_check_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_versions_are_weak),
		cmocka_unit_test(weak_ciphers_are_noticed),
		cmocka_unit_test(a_cipher_of_nothing_is_cleartext),
		cmocka_unit_test(what_only_the_client_offers_is_not_noticed),
		cmocka_unit_test(a_good_certificate_is_quiet),
		cmocka_unit_test(certificates_out_of_time_are_noticed),
		cmocka_unit_test(certificates_of_a_few_days_may_end_soon),
		cmocka_unit_test(small_keys_are_noticed),
		cmocka_unit_test(signatures_that_can_be_forged_are_noticed),
		cmocka_unit_test(what_signed_itself_is_worth_a_notice),
		cmocka_unit_test(ssl2_is_noticed_with_its_certificate),
		cmocka_unit_test(a_request_for_more_than_it_sent_is_heartbleed),
		cmocka_unit_test(an_honest_heartbeat_is_quiet),
		cmocka_unit_test(an_encrypted_heartbeat_is_quiet),
		cmocka_unit_test(handshake_after_handshake_is_a_flood),
		cmocka_unit_test(
			a_record_nobody_sends_is_noticed_where_records_were_sure),
		cmocka_unit_test(a_hello_of_megabytes_is_noticed),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
