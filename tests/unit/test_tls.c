/*
 * test_tls.c: TLS in records: recognised, read, and what is wrong with it noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_dialogue.h"

/* ---- recognising ---- */

static void a_hello_of_either_side_is_recognised(void **state)
{
	(void)state;
	struct words client = { .len = 0 }, server = { .len = 0 };
	struct words message = { .len = 0 };
	const struct bytes none = { 0 };
	put_client(&client, &asks);
	put_choice(&message, &takes_1_2);
	put_record(&server, 22, said_in(&message));
	assert_string_equal(
		opening_is(IPPROTO_TCP, 9999, CLIENT, said_in(&client), none), "tls");
	assert_string_equal(
		opening_is(IPPROTO_TCP, 9999, SERVER, none, said_in(&server)), "tls");
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	put_client(&w, &asks);
	for (size_t n = 0; n < 60; n++) {
		uint8_t *cut = malloc(n + 1);
		memcpy(cut, w.at, n);
		enum verdict verdict =
			verdict_of(&protocol_tls, IPPROTO_TCP, bytes_of(cut, n),
				   (struct bytes){ 0 });
		assert_int_equal(verdict, n < 11 ? VERDICT_MORE : VERDICT_YES);
		free(cut);
	}
}

static void an_alert_and_records_of_data_are_recognised(void **state)
{
	(void)state;
	const struct bytes none = { 0 };
	struct words data = { .len = 0 }, twice = { .len = 0 };
	put_data(&data);
	put_data(&twice);
	put_data(&twice);
	assert_string_equal(opening_is(IPPROTO_TCP, 443, SERVER, none,
				       bytes_of("\x15\3\1\0\2\2\x28", 7)),
			    "tls");
	assert_string_equal(
		opening_is(IPPROTO_TCP, 443, CLIENT, said_in(&data), said_in(&data)),
		"tls");
	assert_string_equal(opening_is(IPPROTO_TCP, 443, CLIENT, said_in(&twice), none),
			    "tls");
	assert_null(opening_is(IPPROTO_TCP, 443, CLIENT, said_in(&data), none));
}

static void others_openings_are_not_claimed(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
	} others[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", 21 },
		{ "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x03\x03", 11 },
		/* lengths that do not agree */
		{ "\x16\x03\x01\x02\x00\x01\x00\x00\x80\x03\x03", 11 },
		{ "\x16\x03\x01\x02\x00\x01\x03\x00\x00\x03\x03", 11 },
		{ "\x16\x03\x01\x02\x00\x09\x00\x01\xfc\x03\x03", 11 },
		{ "\x17\x03\x03\x00\x05HELLO\x99\x03\x03", 13 },
		{ "\x80\x2e\x01\x00\x02\x00\x16\x00\x00\x00\x10\x00\x00\x00", 14 },
		{ "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00", 11 },
		{ "\x15\x03\x01\x00\x02\x02\xc8", 7 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14 },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct bytes said = bytes_of(others[i].text, others[i].len);
		const struct bytes none = { 0 };
		for (unsigned by = 0; by < 2; by++)
			assert_int_equal(verdict_of(&protocol_tls, IPPROTO_TCP,
						    by == CLIENT ? said : none,
						    by == SERVER ? said : none),
					 VERDICT_NO);
	}
}

static void a_client_hello_of_ssl2_is_recognised_if_its_lengths_agree(void **state)
{
	(void)state;
	struct words w = { .len = 0 };
	put_number(&w, 2, 0x8000 | (9 + 6 + 16));
	put_number(&w, 3, 0x010002);
	put_number(&w, 6, (uint64_t)6 << 32 | 16);
	w.len += 6 + 16;
	assert_string_equal(
		opening_is(IPPROTO_TCP, 443, CLIENT, said_in(&w), (struct bytes){ 0 }),
		"tls");
}

/* ---- reading ---- */

static void check_1_2(const struct talk_check *c)
{
	assert_int_equal(c->records, 1);
	const struct tls_record *r = &c->record[0].tls;
	assert_string_equal(r->version, "TLS 1.2");
	assert_string_equal(r->sni, "mail.example.org");
	assert_string_equal(r->alpn, "imap");
	assert_string_equal(r->cipher, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_int_equal(strlen(r->ja3), 32);
	assert_int_equal(strlen(r->ja3s), 32);
	assert_memory_equal(r->ja4, "t13d0303ip_", 11);
	assert_int_equal(r->resumed, 0);
	assert_int_equal(r->asks_certificate, 1);
	assert_string_equal(r->subject, "C=DE, O=Example\\, Inc., CN=mail.example.org");
	assert_string_equal(r->alt_names, "mail.example.org");
	assert_string_equal(r->key_type, "EC");
	assert_int_equal(strlen(r->sha256), 64);
	assert_int_equal(r->self_signed, 0);
	assert_null(r->alert);
	assert_string_equal(c->talk.facts.name, "mail.example.org");
	assert_string_equal(c->talk.facts.version, "TLS 1.2");
	assert_string_equal(c->talk.facts.cipher,
			    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_int_equal(c->notices, 0);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, 0);
	assert_true(c->talk.done);
}

static void a_handshake_is_read_however_it_is_cut(void **state)
{
	(void)state;
	static const size_t records[] = { 16384, 1000, 100, 7, 1 };
	struct certificate_words certificate = good_certificate();
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct dialogue *d =
			handshake_of(&takes_1_2, &certificate, 900, records[i]);
		for (size_t each = 0; each < 40;
		     each = each < 3 ? each + 1 : each * 3) {
			struct talk_check *c = hear(d, each);
			check_1_2(c);
			talk_check_free(c);
		}
		free(d);
	}
}

static void a_chain_that_is_longer_than_a_turn_is_no_matter(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct dialogue *d = handshake_of(&takes_1_2, &certificate, 20000, 16384);
	struct talk_check *c = hear(d, 1460);
	check_1_2(c);
	talk_check_free(c);
	free(d);
}

static void one_side_alone_tells_what_it_can(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct dialogue *d = handshake_of(&takes_1_2, &certificate, 900, 16384);
	for (unsigned by = 0; by < 2; by++) {
		struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
		for (size_t i = 0; i < d->count; i++)
			if (d->by[i] == by)
				talk_say(c, by, d->said[i].at, d->said[i].len);
		talk_finish(c);
		assert_int_equal(c->records, 1);
		const struct tls_record *r = &c->record[0].tls;
		assert_int_equal(strlen(r->sni), by == CLIENT ? 16 : 0);
		assert_int_equal(r->version != NULL, by == SERVER);
		assert_int_equal(strlen(r->sha1), by == SERVER ? 59 : 0);
		assert_int_equal(c->talk.facts.cleartext, 0);
		talk_check_free(c);
	}
	free(d);
}

static void tls_1_3_is_told_when_the_server_has_chosen(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	struct words message = { .len = 0 };
	put_choice(&message, &takes_1_3);
	put_record(says(d, SERVER), 22, said_in(&message));
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	talk_say(c, CLIENT, d->said[0].at, d->said[0].len);
	talk_say(c, SERVER, d->said[1].at, d->said[1].len);
	assert_true(c->talk.done);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.version, "TLS 1.3");
	assert_string_equal(c->record[0].tls.cipher, "TLS_AES_128_GCM_SHA256");
	/* The session is echoed for appearances (RFC 8446 D.4). */
	assert_int_equal(c->record[0].tls.resumed, 0);
	assert_int_equal(c->record[0].tls.asks_certificate, UNKNOWN_FLAG);
	talk_check_free(c);
	free(d);
}

static void after_a_retry_the_second_choice_counts(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	struct words retry = { .len = 0 }, message = { .len = 0 };
	struct choice first = takes_1_3, second = takes_1_3;
	first.is_retry = true;
	second.takes_psk = true;
	put_choice(&retry, &first);
	put_choice(&message, &second);
	struct words *server = says(d, SERVER);
	put_record(server, 22, said_in(&retry));
	put_record(server, 20, bytes_of("\1", 1));
	struct words *client = says(d, CLIENT);
	put_record(client, 20, bytes_of("\1", 1));
	put_client(client, &asks);
	put_record(says(d, SERVER), 22, said_in(&message));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.version, "TLS 1.3");
	assert_int_equal(c->record[0].tls.resumed, 1);
	talk_check_free(c);
}

static void early_data_does_not_hide_what_the_server_chose(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	struct words message = { .len = 0 };
	put_record(&d->said[0], 20, bytes_of("\1", 1));
	put_data(&d->said[0]);
	put_data(&d->said[0]);
	put_choice(&message, &takes_1_3);
	put_record(says(d, SERVER), 22, said_in(&message));
	struct talk_check *c = hear_once(d);
	assert_string_equal(c->record[0].tls.version, "TLS 1.3");
	talk_check_free(c);
}

static void a_session_taken_up_is_told(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	struct words message = { .len = 0 };
	struct choice again = takes_1_2;
	again.session = asks.session;
	put_choice(&message, &again);
	struct words *server = says(d, SERVER);
	put_record(server, 22, said_in(&message));
	put_change_cipher(server);
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->records, 1);
	assert_int_equal(c->record[0].tls.resumed, 1);
	assert_string_equal(c->record[0].tls.sha1, "");
	talk_check_free(c);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
	(void)state;
	struct dialogue *d = new_dialogue();
	put_record(says(d, SERVER), 21, bytes_of("\2\x28", 2));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.alert, "handshake_failure");
	assert_string_equal(c->record[0].tls.alert_by, "server");
	assert_string_equal(c->record[0].tls.sni, "mail.example.org");
	assert_int_equal(c->errors, 0);
	talk_check_free(c);
	/* Only this one is the server's own failure. */
	d = new_dialogue();
	put_record(says(d, SERVER), 21, bytes_of("\2\x50", 2));
	c = hear_once(d);
	assert_string_equal(c->record[0].tls.alert, "internal_error");
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
}

static void a_client_that_does_not_trust_the_server_is_told(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct words flight = flight_of(&takes_1_2, &certificate, 0);
	struct dialogue *d = new_dialogue();
	put_records(says(d, SERVER), 22, said_in(&flight), 16384);
	put_record(says(d, CLIENT), 21, bytes_of("\2\x30", 2));
	struct talk_check *c = hear_once(d);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.alert, "unknown_ca");
	assert_string_equal(c->record[0].tls.alert_by, "client");
	assert_int_equal(c->record[0].tls.key_bits, 256);
	talk_check_free(c);
}

static void a_lost_certificate_costs_only_itself(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct dialogue *d = handshake_of(&takes_1_2, &certificate, 900, 16384);
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	talk_say(c, CLIENT, d->said[0].at, d->said[0].len);
	talk_say(c, SERVER, d->said[1].at, 200);
	talk_lose(c, SERVER);
	for (size_t i = 2; i < d->count; i++)
		talk_say(c, d->by[i], d->said[i].at, d->said[i].len);
	talk_finish(c);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.version, "TLS 1.2");
	assert_string_equal(c->record[0].tls.sni, "mail.example.org");
	assert_string_equal(c->record[0].tls.sha1, "");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	free(d);
}

static void after_lost_bytes_the_next_turn_is_read_anew(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct dialogue *d = handshake_of(&takes_1_2, &certificate, 900, 16384);
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	talk_say(c, CLIENT, d->said[0].at, d->said[0].len);
	talk_say(c, SERVER, d->said[1].at, 200);
	talk_lose(c, SERVER);
	talk_say(c, CLIENT, d->said[2].at, 5 + 5);
	talk_say(c, SERVER, "\x15\3\3\0\2\2\x28", 7);
	assert_true(c->talk.done);
	assert_string_equal(c->record[0].tls.alert, "handshake_failure");
	talk_check_free(c);
	free(d);
}

static void what_is_no_tls_ends_the_reading(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	talk_say_text(c, CLIENT, "no TLS at all");
	assert_true(c->talk.done);
	assert_int_equal(c->records, 0);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void the_worst_bytes_are_survived(void **state)
{
	(void)state;
	static uint8_t worst[TURN_MAX];
	for (unsigned value = 0; value < 256; value++) {
		memset(worst, (int)value, sizeof(worst));
		for (unsigned by = 0; by < 2; by++) {
			struct talk_check *c =
				talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
			talk_say(c, by, worst, sizeof(worst));
			talk_say(c, by, worst, sizeof(worst));
			talk_finish(c);
			talk_check_free(c);
		}
	}
}

static void wrong_bytes_anywhere_are_survived(void **state)
{
	(void)state;
	struct certificate_words certificate = good_certificate();
	struct dialogue *good = handshake_of(&takes_1_2, &certificate, 300, 500);
	struct dialogue *bad = malloc(sizeof(*bad));
	srand(1); /* the seed */
	for (int i = 0; i < 1500; i++) {
		*bad = *good;
		for (int k = 0; k < 3; k++) {
			struct words *w = &bad->said[(size_t)rand() % bad->count];
			w->at[(size_t)rand() % w->len] = (uint8_t)rand();
		}
		struct talk_check *c = hear(bad, (size_t)rand() % 700);
		assert_true(c->records <= 1);
		talk_check_free(c);
	}
	free(bad);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_of_either_side_is_recognised),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(an_alert_and_records_of_data_are_recognised),
		cmocka_unit_test(others_openings_are_not_claimed),
		cmocka_unit_test(
			a_client_hello_of_ssl2_is_recognised_if_its_lengths_agree),
		cmocka_unit_test(a_handshake_is_read_however_it_is_cut),
		cmocka_unit_test(a_chain_that_is_longer_than_a_turn_is_no_matter),
		cmocka_unit_test(one_side_alone_tells_what_it_can),
		cmocka_unit_test(tls_1_3_is_told_when_the_server_has_chosen),
		cmocka_unit_test(after_a_retry_the_second_choice_counts),
		cmocka_unit_test(early_data_does_not_hide_what_the_server_chose),
		cmocka_unit_test(a_session_taken_up_is_told),
		cmocka_unit_test(a_refusal_is_told_with_its_reason),
		cmocka_unit_test(a_client_that_does_not_trust_the_server_is_told),
		cmocka_unit_test(a_lost_certificate_costs_only_itself),
		cmocka_unit_test(after_lost_bytes_the_next_turn_is_read_anew),
		cmocka_unit_test(what_is_no_tls_ends_the_reading),
		cmocka_unit_test(the_worst_bytes_are_survived),
		cmocka_unit_test(wrong_bytes_anywhere_are_survived),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
