/*
 * test_rdp.c: RDP's negotiation, its own security of old, and logins told by who
 * speaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_dialogue.h"

extern const struct protocol protocol_rdp;

enum { PORT = 3389 };

static void put_tpkt(struct words *w, struct bytes content)
{
	put_number(w, 2, 0x0300);
	put_number(w, 2, content.len + 4);
	put(w, content.at, content.len);
}

/* A connection TPDU of X.224: code 0xe0 is a request, 0xd0 a confirm. */
static struct words connection(unsigned code, const char *cookie, unsigned type,
			       uint32_t value)
{
	struct words tpdu = { .len = 0 }, w = { .len = 0 };
	size_t from = open_length(&tpdu, 1);
	put_number(&tpdu, 6, (uint64_t)code << 40 | 0x1234 << 8);
	put(&tpdu, cookie, strlen(cookie));
	if (type != 0) {
		put_number(&tpdu, 2, type << 8);
		put_number(&tpdu, 2, 0x0800);
		put_number(&tpdu, 4, __builtin_bswap32(value));
	}
	close_length(&tpdu, 1, from);
	put_tpkt(&w, said_in(&tpdu));
	return w;
}

static struct words request(void)
{
	return connection(0xe0, "Cookie: mstshash=alice\r\n", 1, 0x0b);
}

static struct words confirm(uint32_t security)
{
	return connection(0xd0, "", 2, security);
}

static void say(struct talk_check *c, unsigned by, const struct words *w)
{
	talk_say(c, by, w->at, w->len);
}

/* ---- recognising ---- */

static const char *is(unsigned by, const struct words *w, uint16_t port)
{
	const struct bytes none = { 0 };
	return opening_is(IPPROTO_TCP, port, by, by == CLIENT ? said_in(w) : none,
			  by == SERVER ? said_in(w) : none);
}

static void a_negotiation_is_recognised_on_any_port(void **state)
{
	(void)state;
	struct words wants = request(), answers = confirm(2);
	struct words refuses = connection(0xd0, "", 3, 5);
	struct words cookie = connection(0xe0, "Cookie: mstshash=hello\r\n", 0, 0);
	assert_string_equal(is(CLIENT, &wants, 9999), "rdp");
	assert_string_equal(is(SERVER, &answers, 9999), "rdp");
	assert_string_equal(is(SERVER, &refuses, 9999), "rdp");
	assert_string_equal(is(CLIENT, &cookie, 9999), "rdp");
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	struct words w = request();
	for (size_t n = 0; n <= w.len; n++) {
		enum verdict verdict =
			verdict_of(&protocol_rdp, IPPROTO_TCP, bytes_of(w.at, n),
				   (struct bytes){ 0 });
		assert_int_equal(verdict, n < w.len ? VERDICT_MORE : VERDICT_YES);
	}
}

/* Industry and telephony speak X.224 in TPKT, too. */
static void others_in_tpkt_are_not_claimed(void **state)
{
	(void)state;
	static const char s7[] =
		"\3\0\0\x16\x11\xe0\0\0\0\1\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a";
	static const char h323[] = "\3\0\0\x0c\x08\2\0\1\5\4\3\x88";
	struct words bare = connection(0xe0, "", 0, 0), w = { .len = 0 };
	assert_null(is(CLIENT, &bare, 102));
	assert_string_equal(is(CLIENT, &bare, PORT), "rdp");
	put(&w, s7, sizeof(s7) - 1);
	assert_null(is(CLIENT, &w, 102));
	w.len = 0;
	put(&w, h323, sizeof(h323) - 1);
	assert_null(is(CLIENT, &w, 1720));
}

/* ---- negotiation ---- */

static void a_refusal_is_told_with_its_code(void **state)
{
	(void)state;
	struct words wants = request(), refuses = connection(0xd0, "", 3, 5);
	for (size_t each = 1; each < 50; each += 48) {
		struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
		for (size_t i = 0; i < wants.len; i += each)
			talk_say(c, CLIENT, wants.at + i,
				 each < wants.len - i ? each : wants.len - i);
		for (size_t i = 0; i < refuses.len; i += each)
			talk_say(c, SERVER, refuses.at + i,
				 each < refuses.len - i ? each : refuses.len - i);
		assert_true(c->talk.done);
		assert_int_equal(c->records, 1);
		assert_string_equal(c->record[0].rdp.cookie, "alice");
		assert_int_equal(c->record[0].rdp.error, 5);
		assert_null(c->record[0].rdp.security);
		assert_string_equal(c->talk.facts.user, "alice");
		talk_check_free(c);
	}
}

static void a_token_of_a_load_balancer_is_no_user(void **state)
{
	(void)state;
	struct words wants = connection(0xe0, "Cookie: msts=123.456.0000\r\n", 1, 1);
	struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
	say(c, CLIENT, &wants);
	talk_finish(c);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].rdp.cookie, "123.456.0000");
	assert_string_equal(c->talk.facts.user, "");
	talk_check_free(c);
}

/* ---- RDP's own security ---- */

static void put_ber(struct words *w, unsigned tag, struct bytes content)
{
	put_number(w, tag > 0xff ? 2 : 1, tag);
	put_number(w, 1, 0x82);
	put_number(w, 2, content.len);
	put(w, content.at, content.len);
}

/* Connect-Initial (0x7f65) or Connect-Response (0x7f66) with these data blocks. */
static struct words connect_of(unsigned tag, const char *writer, struct bytes blocks)
{
	struct words gcc = { .len = 0 }, user = { .len = 0 }, connect = { .len = 0 };
	struct words data = { .len = 0 }, w = { .len = 0 };
	put(&gcc, "\0\x08\0\x10\0\1\xc0\0", 8);
	put(&gcc, writer, 4);
	put_number(&gcc, 2, 0x8000 | blocks.len);
	put(&gcc, blocks.at, blocks.len);
	put(&user, "\0\5\0\x14\x7c\0\1", 7);
	put_number(&user, 2, 0x8000 | gcc.len);
	put(&user, gcc.at, gcc.len);
	put(&connect, "\4\1\1\4\1\1\1\1\xff", 9);
	put_ber(&connect, 0x30, bytes_of("\2\1\x22", 3));
	put_ber(&connect, 0x04, said_in(&user));
	put(&data, "\2\xf0\x80", 3);
	put_ber(&data, tag, said_in(&connect));
	put_tpkt(&w, said_in(&data));
	return w;
}

static void put_block(struct words *w, unsigned type, struct bytes content)
{
	put_number(w, 2, __builtin_bswap16((uint16_t)type));
	put_number(w, 2, __builtin_bswap16((uint16_t)(content.len + 4)));
	put(w, content.at, content.len);
}

static struct words connect_initial(void)
{
	struct words core = { .len = 0 }, blocks = { .len = 0 };
	put_number(&core, 4, 0x04000800);
	core.len += 12;
	put_number(&core, 4, __builtin_bswap32(2600));
	put(&core, "D\0E\0S\0K\0\0\0", 10);
	core.len += 22;
	put_block(&blocks, 0xc004, bytes_of("\1\2\3\4", 4));
	put_block(&blocks, 0xc001, said_in(&core));
	return connect_of(0x7f65, "Duca", said_in(&blocks));
}

static struct words connect_response(uint32_t method)
{
	struct words security = { .len = 0 }, blocks = { .len = 0 };
	put_number(&security, 4, __builtin_bswap32(method));
	put_number(&security, 4, 0x02000000);
	put_block(&blocks, 0x0c01, bytes_of("\4\0\x08\0", 4));
	put_block(&blocks, 0x0c02, said_in(&security));
	return connect_of(0x7f66, "McDn", said_in(&blocks));
}

static struct talk_check *hear_classic(uint32_t method, size_t each)
{
	struct words said[] = { request(), confirm(0), connect_initial(),
				connect_response(method) };
	struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
	for (unsigned i = 0; i < 4; i++)
		for (size_t at = 0; at < said[i].len; at += each)
			talk_say(c, i % 2, said[i].at + at,
				 each < said[i].len - at ? each : said[i].len - at);
	talk_finish(c);
	return c;
}

static void classic_security_is_told_and_noticed(void **state)
{
	(void)state;
	for (size_t each = 1; each < 10000; each *= 9) {
		struct talk_check *c = hear_classic(2, each);
		assert_true(c->talk.done);
		assert_int_equal(c->records, 1);
		const struct rdp_record *r = &c->record[0].rdp;
		assert_string_equal(r->security, "rdp");
		assert_string_equal(r->cookie, "alice");
		assert_int_equal(r->client_build, 2600);
		assert_string_equal(r->client_name, "DESK");
		assert_int_equal(c->notices, 1);
		assert_string_equal(c->notice[0]->technique, "classic_rdp_security");
		assert_string_equal(c->notice[0]->severity, "medium");
		assert_int_equal(c->talk.facts.cleartext, 0);
		talk_check_free(c);
	}
}

static void without_encryption_it_is_cleartext(void **state)
{
	(void)state;
	struct talk_check *c = hear_classic(0, 5000);
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_string_equal(c->detail[0], "RDP without encryption");
	talk_check_free(c);
}

/* ---- logins inside TLS ---- */

/* Up to the first record that can't be read. */
static struct talk_check *negotiate(uint32_t security, const struct choice *choice)
{
	struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
	struct words asks_rdp = request(), answers = confirm(security);
	struct words hello = { .len = 0 }, server = { .len = 0 }, client = { .len = 0 };
	struct certificate_words certificate = good_certificate();
	say(c, CLIENT, &asks_rdp);
	say(c, SERVER, &answers);
	put_client(&hello, &asks);
	say(c, CLIENT, &hello);
	if (choice->selected != 0) {
		struct words message = { .len = 0 };
		static const uint8_t sealed[800];
		put_choice(&message, choice);
		put_record(&server, 22, said_in(&message));
		put_record(&server, 23, bytes_of(sealed, sizeof(sealed)));
		say(c, SERVER, &server);
		put_record(&client, 20, bytes_of("\1", 1));
		put_record(&client, 23, bytes_of(sealed, 53));
		say(c, CLIENT, &client);
		/* session tickets, when they please */
		put_record(&server, 23, bytes_of(sealed, 250));
		talk_say(c, SERVER, server.at + server.len - 255, 255);
		return c;
	}
	struct words flight = flight_of(choice, &certificate, 0);
	put_records(&server, 22, said_in(&flight), 16384);
	say(c, SERVER, &server);
	put_record(&client, 22, bytes_of("\x10\0\0\1k", 5));
	put_change_cipher(&client);
	say(c, CLIENT, &client);
	server.len = 0;
	put_change_cipher(&server);
	say(c, SERVER, &server);
	return c;
}

/* A row of client's and server's sealed records, of these lengths; negative: server's.
 */
static void say_sealed(struct talk_check *c, const int *lens, size_t count)
{
	static const uint8_t sealed[2000];
	for (size_t i = 0; i < count; i++) {
		struct words w = { .len = 0 };
		size_t len = (size_t)(lens[i] < 0 ? -lens[i] : lens[i]);
		put_record(&w, 23, bytes_of(sealed, len));
		say(c, lens[i] < 0 ? SERVER : CLIENT, &w);
	}
}
#define SAY_SEALED(c, ...)                                                             \
	say_sealed(c, (const int[]){ __VA_ARGS__ },                                    \
		   sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void check_login(struct talk_check *c, const char *outcome)
{
	talk_finish(c);
	assert_int_equal(c->logins, outcome != NULL);
	if (outcome != NULL) {
		assert_string_equal(c->login[0].outcome, outcome);
		assert_string_equal(c->login[0].user, "alice");
		assert_string_equal(c->login[0].protocol, "rdp");
		assert_string_equal(c->login[0].seen_by, "size");
	}
	assert_int_equal(c->records, 2);
	assert_int_equal(c->record[0].kind, RECORD_rdp);
	assert_int_equal(c->record[1].kind, RECORD_tls);
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
}

/* As Windows 10 and a client said it, but for the content. */
static void who_speaks_a_third_time_was_let_in(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(8, &takes_1_2);
	assert_string_equal(c->record[0].rdp.security, "credssp-ex");
	SAY_SEALED(c, 81, -286, 567, -83, 100);
	assert_true(c->talk.done);
	check_login(c, "success");
}

static void who_was_left_after_the_second_was_not(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 81, -286, 567);
	check_login(c, "failure");
	/* With an error before the end. */
	c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 81, -286, 567, -45);
	check_login(c, "failure");
}

static void who_only_looked_did_not_try(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 81, -286);
	check_login(c, NULL);
}

/* As FreeRDP said it: Finished and the alert at the end look like data. */
static void tls_1_3_does_not_change_who_was_let_in(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(2, &takes_1_3);
	SAY_SEALED(c, 110, -179, 446, -19, 19);
	check_login(c, "failure");
	c = negotiate(2, &takes_1_3);
	SAY_SEALED(c, 110, -250, -179, 446, -112, 127);
	check_login(c, "success");
}

static void behind_a_ticket_it_takes_longer_to_be_sure(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 1500, -200, 85, -286, 567);
	check_login(c, "unknown");
	c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 1500, -200, 300, -83, 100, -150, 40, -40, 40);
	check_login(c, "success");
}

static void with_tls_alone_the_outcome_is_unknown(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(1, &takes_1_2);
	SAY_SEALED(c, 480, -130, 30, -30, 30, -30, 30, -30);
	assert_int_equal(c->logins, 0);
	SAY_SEALED(c, 358);
	check_login(c, "unknown");
	c = negotiate(1, &takes_1_2);
	SAY_SEALED(c, 480, -130, 30);
	check_login(c, NULL);
}

static void lost_bytes_leave_the_outcome_open(void **state)
{
	(void)state;
	struct talk_check *c = negotiate(2, &takes_1_2);
	SAY_SEALED(c, 81, -286, 567);
	talk_lose(c, SERVER);
	SAY_SEALED(c, 100, -50);
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void wrong_bytes_anywhere_are_survived(void **state)
{
	(void)state;
	static uint8_t worst[TURN_MAX];
	struct words good[] = { request(), confirm(0), connect_initial(),
				connect_response(2) };
	srand(1); /* the seed */
	for (int i = 0; i < 3000; i++) {
		struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
		for (unsigned k = 0; k < 4; k++) {
			struct words bad = good[k];
			for (int n = 0; n < 2; n++)
				bad.at[(size_t)rand() % bad.len] = (uint8_t)rand();
			say(c, k % 2, k == (unsigned)i % 4 ? &bad : &good[k]);
		}
		talk_finish(c);
		talk_check_free(c);
	}
	for (unsigned value = 0; value < 256; value++) {
		struct talk_check *c = talk_check_new(&protocol_rdp, IPPROTO_TCP, PORT);
		memset(worst, (int)value, sizeof(worst));
		talk_say(c, CLIENT, worst, sizeof(worst));
		talk_say(c, SERVER, worst, sizeof(worst));
		talk_finish(c);
		talk_check_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_negotiation_is_recognised_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(others_in_tpkt_are_not_claimed),
		cmocka_unit_test(a_refusal_is_told_with_its_code),
		cmocka_unit_test(a_token_of_a_load_balancer_is_no_user),
		cmocka_unit_test(classic_security_is_told_and_noticed),
		cmocka_unit_test(without_encryption_it_is_cleartext),
		cmocka_unit_test(who_speaks_a_third_time_was_let_in),
		cmocka_unit_test(who_was_left_after_the_second_was_not),
		cmocka_unit_test(who_only_looked_did_not_try),
		cmocka_unit_test(tls_1_3_does_not_change_who_was_let_in),
		cmocka_unit_test(behind_a_ticket_it_takes_longer_to_be_sure),
		cmocka_unit_test(with_tls_alone_the_outcome_is_unknown),
		cmocka_unit_test(lost_bytes_leave_the_outcome_open),
		cmocka_unit_test(wrong_bytes_anywhere_are_survived),
	};
	return cmocka_run_group_tests(tests, make_key, free_key);
}
