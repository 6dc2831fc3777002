/*
 * test_recognise.c: one connection to whoever may be there: who speaks first is heard
 * out and answered in its own protocol, who is silent is asked, and nobody is harmed.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probe/guess.h"
#include "probe/recognise.h"

struct met {
	struct guess guess;
	struct question question;
	struct ask ask;
	struct bytes unread;
};

static void meet(struct met *met, struct words words, uint16_t port)
{
	*met = (struct met){
		.guess = { .words = words, .patience_ms = 1000, .port = port },
		.question = { .host = "h",
			      .path = "",
			      .user = "",
			      .password = "",
			      .transport = IPPROTO_TCP,
			      .port = port }
	};
	met->question.guess = &met->guess;
	met->ask.question = &met->question;
	guess_asking.step(&met->ask, &met->unread);
}

/* All that the server has said so far and nobody took. */
static void hear(struct met *met, const char *text, size_t len)
{
	struct bytes said = bytes_of(text, len);
	met->ask.next = ASK_LISTEN;
	met->ask.out_len = 0;
	guess_asking.step(&met->ask, &said);
}

static void wait_in_vain(struct met *met)
{
	met->ask.is_quiet = true;
	met->ask.next = ASK_LISTEN;
	guess_asking.step(&met->ask, &met->unread);
	met->ask.is_quiet = false;
}

static bool said(const struct met *met, const char *text)
{
	return memmem(met->ask.out, met->ask.out_len, text, strlen(text)) != NULL;
}

static struct words web(void)
{
	return (struct words){ .protocol = protocol_by_name("http"),
			       .asking = &web_asking };
}

static void a_server_that_greets_is_answered_in_its_own_words(void **state)
{
	static const char greeting[] = "220 harbour ESMTP Postfix\r\n";
	struct met met;
	(void)state;
	meet(&met, web(), 2323);
	assert_int_equal(met.ask.out_len, 0);
	assert_int_equal(met.ask.quiet_ms, 1000);
	for (size_t cut = 1; cut < sizeof(greeting) - 1; cut++) {
		hear(&met, greeting, cut);
		assert_false(met.ask.is_judged);
	}
	hear(&met, greeting, sizeof(greeting) - 1);
	assert_string_equal(met.guess.greeted->name, "smtp");
	assert_ptr_equal(met.ask.found, met.guess.greeted);
	assert_true(said(&met, "EHLO "));
	assert_false(said(&met, "GET "));
}

/* A login would be in its log, and half of one counts against us. */
static void databases_and_screens_are_only_listened_to(void **state)
{
	static const char mariadb[] =
		"\x4d\0\0\0\x0a"
		"10.11.6-MariaDB\0\x05\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\xc1\x15"
		"\0\0\0\0\0\0\x1d\0\0\0abcdefghijkl\0mysql_native_password",
			  vnc[] = "RFB 003.008\n";
	struct met met;
	(void)state;
	meet(&met, web(), 1);
	hear(&met, mariadb, sizeof(mariadb));
	assert_string_equal(met.guess.greeted->name, "mysql");
	assert_true(met.ask.is_judged);
	assert_int_equal(met.ask.out_len, 0);
	meet(&met, web(), 1);
	hear(&met, vnc, sizeof(vnc) - 1);
	assert_string_equal(met.guess.greeted->name, "vnc");
	assert_true(met.ask.is_judged);
	assert_int_equal(met.ask.out_len, 0);
}

/* Redis takes a line that begins with "Host:" for an attack. */
static void a_silent_server_is_asked_for_a_page_without_a_host(void **state)
{
	static const char page[] = "HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n";
	struct met met;
	(void)state;
	meet(&met, web(), 7000);
	wait_in_vain(&met);
	assert_true(said(&met, "GET / HTTP/1.0\r\n"));
	assert_false(said(&met, "Host:"));
	assert_string_equal(met.ask.found->name, "http");
	for (size_t cut = 1; cut < sizeof(page) - 1; cut++) {
		hear(&met, page, cut);
		assert_false(met.ask.is_judged);
	}
	hear(&met, page, sizeof(page) - 1);
	assert_true(met.ask.is_judged);
	assert_int_equal(met.ask.reason, REASON_NONE);
}

static void silence_after_a_question_ends_it(void **state)
{
	struct met met;
	(void)state;
	meet(&met, web(), 7000);
	wait_in_vain(&met);
	wait_in_vain(&met);
	assert_true(met.ask.is_judged);
	assert_int_equal(met.ask.reason, REASON_silent);
}

static void tls_begins_only_after_a_wait_and_so_do_the_words_within(void **state)
{
	struct words words = web();
	struct met met;
	(void)state;
	words.over_tls = true;
	meet(&met, words, 8443);
	assert_int_equal(met.ask.next, ASK_LISTEN);
	wait_in_vain(&met);
	assert_int_equal(met.ask.next, ASK_START_TLS);
	assert_int_equal(met.ask.out_len, 0);
	met.ask.in_tls = true;
	met.ask.next = ASK_LISTEN;
	guess_asking.step(&met.ask, &met.unread);
	assert_int_equal(met.ask.out_len, 0);
	wait_in_vain(&met);
	assert_true(said(&met, "GET / "));
}

static void a_refusal_of_http_is_read_to_its_end(void **state)
{
	static const char head[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct met met;
	(void)state;
	meet(&met, web(), 8443);
	wait_in_vain(&met);
	hear(&met, head, sizeof(head) - 1);
	assert_false(met.ask.is_judged);
	met.ask.ended = true;
	hear(&met, head, sizeof(head) - 1);
	assert_true(met.ask.is_judged);
	assert_int_equal(met.ask.reason, REASON_NONE);
}

static void redis_says_what_it_is_or_that_it_does_not(void **state)
{
	static const char info[] = "$60\r\n# Server\r\nredis_version:7.0.15\r\nredis_",
			  refusal[] = "-NOAUTH Authentication required.\r\n";
	struct words words = { .protocol = protocol_by_name("redis"),
			       .asking = &redis_info_asking };
	struct met met;
	(void)state;
	meet(&met, words, 6379);
	wait_in_vain(&met);
	assert_true(said(&met, "INFO"));
	hear(&met, info, sizeof(info) - 1);
	assert_true(met.ask.is_judged && said(&met, "QUIT"));
	meet(&met, words, 6379);
	wait_in_vain(&met);
	hear(&met, refusal, sizeof(refusal) - 1);
	assert_true(met.ask.is_judged && said(&met, "QUIT"));
}

/* The prober judges that; there are no bytes then, not even none. */
static void who_closes_without_a_word_is_not_judged_by_it(void **state)
{
	const struct words both[] = { web(),
				      { .protocol = protocol_by_name("redis"),
					.asking = &redis_info_asking } };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct met met;
		struct bytes nothing = { 0 };
		meet(&met, both[i], 7000);
		wait_in_vain(&met);
		met.ask.ended = true;
		guess_asking.step(&met.ask, &nothing);
		assert_false(met.ask.is_judged);
	}
}

static void names_within_tls_lead_to_those_without(void **state)
{
	(void)state;
	assert_string_equal(recognise_within("https"), "http");
	assert_string_equal(recognise_within("imaps"), "imap");
	assert_string_equal(recognise_within("dot"), "dns");
	assert_null(recognise_within("http"));
	assert_null(recognise_within("tls"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_greets_is_answered_in_its_own_words),
		cmocka_unit_test(databases_and_screens_are_only_listened_to),
		cmocka_unit_test(a_silent_server_is_asked_for_a_page_without_a_host),
		cmocka_unit_test(silence_after_a_question_ends_it),
		cmocka_unit_test(
			tls_begins_only_after_a_wait_and_so_do_the_words_within),
		cmocka_unit_test(a_refusal_of_http_is_read_to_its_end),
		cmocka_unit_test(redis_says_what_it_is_or_that_it_does_not),
		cmocka_unit_test(who_closes_without_a_word_is_not_judged_by_it),
		cmocka_unit_test(names_within_tls_lead_to_those_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
