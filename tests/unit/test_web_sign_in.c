/*
 * test_web_sign_in.c: whose tries to sign in are counted, and that only those are at
 * which somebody looked.
 */
#include "web_client.h"

#include "web/inside.h"

static struct config config;

static int set_up_sign_in(void **state)
{
	char error[WEB_ERROR_MAX];
	int status;
	set_up(state);
	tear_down(state);
	config_init(&config);
	assert_true(prefix_parse("127.0.0.1/32", &config.web_proxy.at[0]));
	config.web_proxy.count = 1;
	snprintf(config.web_proxy_client_header, sizeof(config.web_proxy_client_header),
		 "X-Forwarded-For");
	const struct web_options options = { .listen = "127.0.0.1:0",
					     .socket_path = socket_path,
					     .version = "1.2.3",
					     .source = &source,
					     .config = &config };
	web = web_open(&options, error, &status);
	assert_non_null(web);
	return 0;
}

/* The status of a wrong password for user i, with a header line. */
static int try_as(int i, const char *header)
{
	char text[512];
	snprintf(text, sizeof(text),
		 "POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: "
		 "close\r\n"
		 "%sContent-Length: 22\r\n\r\nuser=u%06d&password=x",
		 header, i);
	struct buf answer = exchange(connect_tcp(), text);
	int code = code_of(&answer);
	buf_free(&answer);
	return code;
}

static void use_up(const char *header)
{
	for (int i = 0; i < ATTEMPTS_ADDRESS; i++)
		assert_int_equal(try_as(i, header), 401);
	assert_int_equal(try_as(ATTEMPTS_ADDRESS, header), 429);
}

static void who_guesses_behind_a_proxy_locks_out_nobody_else(void **state)
{
	(void)state;
	use_up("X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n");
	/* Whatever he adds, it is he. */
	assert_int_equal(try_as(20, "X-Forwarded-For: 198.51.100.2, 192.0.2.7\r\n"),
			 429);
	assert_int_equal(try_as(21, "X-Forwarded-For: 198.51.100.2\r\n"
				    "X-Forwarded-For: 192.0.2.7\r\n"),
			 429);
	assert_int_equal(try_as(22, "Forwarded: for=198.51.100.2\r\n"
				    "X-Forwarded-For: 192.0.2.7\r\n"),
			 429);
	assert_int_equal(try_as(23, "X-Forwarded-For: 192.0.2.8\r\n"), 401);
	assert_int_equal(try_as(24, ""), 401); /* of the proxy itself */
}

/* Who is no proxy of ours may say what he likes. */
static void what_others_say_is_not_believed(void **state)
{
	(void)state;
	assert_true(prefix_parse("127.0.0.2/32", &config.web_proxy.at[0]));
	use_up("X-Forwarded-For: 192.0.2.7\r\n");
	assert_int_equal(try_as(20, "X-Forwarded-For: 192.0.2.8\r\n"), 429);
}

static void without_the_setting_it_is_the_proxy_that_tries(void **state)
{
	(void)state;
	config.web_proxy_client_header[0] = '\0';
	use_up("X-Forwarded-For: 192.0.2.7\r\n");
	assert_int_equal(try_as(20, "X-Forwarded-For: 192.0.2.8\r\n"), 429);
}

/* Then there are too many passwords at a time. */
static void a_try_at_which_nobody_looked_is_none(void **state)
{
	(void)state;
	hashing_end(web->access->hashing);
	for (int i = 0; i < 2 * ATTEMPTS_ADDRESS; i++)
		assert_int_equal(try_as(0, ""), 503);
}

/* ---- who reads is not blocked ---- */

static struct addr readers[4];
static size_t reader_count;

static void note(void *self, const struct addr *reader)
{
	(void)self;
	assert_true(reader_count < sizeof(readers) / sizeof(readers[0]));
	readers[reader_count++] = *reader;
}

static void who_reads_through_a_proxy_is_noted_and_the_proxy_too(void **state)
{
	struct addr there, proxy;
	(void)state;
	reader_count = 0;
	source.reader = note;
	snprintf(config.web_proxy_user_header, sizeof(config.web_proxy_user_header),
		 "X-Forwarded-User");
	struct buf answer =
		exchange(connect_tcp(), "GET /api/v1/status HTTP/1.1\r\n"
					"Host: 127.0.0.1\r\nConnection: close\r\n"
					"X-Forwarded-For: 192.0.2.7\r\n"
					"X-Forwarded-User: ann\r\n\r\n");
	assert_int_equal(code_of(&answer), 200);
	buf_free(&answer);
	source.reader = NULL;
	assert_true(addr_parse("192.0.2.7", &there) && addr_parse("127.0.0.1", &proxy));
	assert_int_equal(reader_count, 2);
	assert_true(addr_equal(&readers[0], &there));
	assert_true(addr_equal(&readers[1], &proxy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define SIGN_IN(name) cmocka_unit_test_setup_teardown(name, set_up_sign_in, tear_down)
		SIGN_IN(who_guesses_behind_a_proxy_locks_out_nobody_else),
		SIGN_IN(what_others_say_is_not_believed),
		SIGN_IN(without_the_setting_it_is_the_proxy_that_tries),
		SIGN_IN(a_try_at_which_nobody_looked_is_none),
		SIGN_IN(who_reads_through_a_proxy_is_noted_and_the_proxy_too),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
