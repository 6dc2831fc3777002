/*
 * test_web_page.c: how the files of the page are sent: whole, once, compressed, and
 * nothing beside them.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "web/page.h"
#include "web_client.h"

enum { PATH_LEN_MAX = 128 };

/* The n-th path below /assets/ that the page names. */
static bool named(const char *html, int n, char path[static PATH_LEN_MAX])
{
	const char *at = html;
	for (; n >= 0 && at != NULL; n--)
		at = strstr(at + 1, "\"/assets/");
	if (at == NULL)
		return false;
	snprintf(path, PATH_LEN_MAX, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	return true;
}

static void the_page_names_only_files_that_are_there(void **state)
{
	(void)state;
	struct buf answer = get("/");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "Content-Type: text/html");
	assert_null(strstr(answer.at, "://"));
	char path[PATH_LEN_MAX];
	int count = 0;
	for (; named(body_of(&answer), count, path); count++)
		expect(path, 200, "immutable");
	assert_true(count >= 2); /* a script and a style */
	buf_free(&answer);
}

static void every_place_of_the_page_is_the_same_file(void **state)
{
	(void)state;
	struct buf home = get("/");
	static const char *const places[] = { "/ports", "/port", "/port?port=443" };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct buf answer = get(places[i]);
		assert_int_equal(code_of(&answer), 200);
		assert_string_equal(body_of(&answer), body_of(&home));
		buf_free(&answer);
	}
	buf_free(&home);
}

static void the_page_is_asked_for_again_and_its_parts_never(void **state)
{
	(void)state;
	char path[PATH_LEN_MAX];
	struct buf answer = get("/");
	assert_has(&answer, "Cache-Control: no-cache\r\n");
	assert_has(&answer, "Vary: Accept-Encoding\r\n");
	assert_true(named(body_of(&answer), 0, path));
	buf_free(&answer);
	answer = get(path);
	assert_has(&answer, "Cache-Control: public, max-age=31536000, immutable\r\n");
	assert_has(&answer, "X-Content-Type-Options: nosniff\r\n");
	assert_null(strstr(answer.at, "no-store"));
	buf_free(&answer);
}

static void who_has_the_page_already_is_not_sent_it_again(void **state)
{
	(void)state;
	char request[256], tag[64];
	struct buf answer = get("/");
	const char *at = strstr(answer.at, "ETag: ");
	assert_non_null(at);
	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	buf_free(&answer);
	static const char *const lists[] = { "%s", "W/%s", "\"other\", %s" };
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char list[96];
		snprintf(list, sizeof(list), lists[i], tag);
		snprintf(request, sizeof(request), "If-None-Match: %s\r\n", list);
		answer = get_with("/", request);
		assert_int_equal(code_of(&answer), 304);
		assert_string_equal(body_of(&answer), "");
		assert_has(&answer, "ETag: ");
		buf_free(&answer);
	}
	answer = get_with("/", "If-None-Match: \"other\"\r\n");
	assert_int_equal(code_of(&answer), 200);
	buf_free(&answer);
}

static void it_is_compressed_only_for_who_can_read_that(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		bool gzip;
	} cases[] = {
		{ "Accept-Encoding: gzip, deflate, br\r\n", true },
		{ "Accept-Encoding: br;q=1.0, GZIP;q=0.2\r\n", true },
		{ "Accept-Encoding: *\r\n", true },
		{ "Accept-Encoding: gzip;q=0\r\n", false },
		{ "Accept-Encoding: gzip; q=0.000, identity\r\n", false },
		{ "Accept-Encoding: xgzip, gzipx, br\r\n", false },
		{ "Accept-Encoding: ,;,=\r\n", false },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf answer = get_with("/", cases[i].header);
		bool gzip = strstr(answer.at, "Content-Encoding: gzip\r\n") != NULL;
		if (gzip != cases[i].gzip)
			fail_msg("%s", cases[i].header);
		const char *body = body_of(&answer);
		assert_int_equal(memcmp(body, "\x1f\x8b", 2) == 0, gzip);
		buf_free(&answer);
	}
}

static void a_question_for_the_head_has_no_body(void **state)
{
	(void)state;
	struct buf answer =
		exchange(connect_tcp(), "HEAD /ports HTTP/1.1\r\nHost: localhost\r\n"
					"Connection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "ETag: ");
	assert_string_equal(body_of(&answer), "");
	buf_free(&answer);
}

static void tricks_with_paths_find_nothing(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"/nothing",         "/ports/",         "/ports/..",
		"/assets",          "/assets/",        "/assets/..",
		"/assets/../ports", "/./ports",        "//ports",
		"/%2e%2e/ports",    "/assets/..%2f",   "/ports%20",
		"/ports%2f",        "/index.html",     "/assets/index.html",
		"/page.js",         "/PORTS",          "/assets/%2e%2e/etc/passwd",
		"/ports.gz",        "/assets/main.js", "/page_assets.h",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct buf answer = get(paths[i]);
		if (code_of(&answer) != 404)
			fail_msg("%s: %d", paths[i], code_of(&answer));
		assert_has(&answer, "Cache-Control: no-store");
		buf_free(&answer);
	}
}

/* Both forms are the same file: each asset that the page names, as it is and inflated
 * by whoever asks, is told apart by its tag only. */
static void both_forms_have_a_length_and_one_hash(void **state)
{
	(void)state;
	struct page page;
	assert_true(page_at("/", &page));
	assert_false(page.is_immutable);
	assert_true(page.plain.len > page.gzip.len && page.gzip.len > 20);
	assert_int_equal(strlen(page.hash), 16);
	uint32_t plain_len; /* RFC 1952, 2.3.1: ISIZE, its last four octets */
	memcpy(&plain_len, page.gzip.at + page.gzip.len - 4, 4);
	assert_int_equal(plain_len, page.plain.len);
	unsigned char digest[EVP_MAX_MD_SIZE];
	assert_true(EVP_Digest(page.plain.at, page.plain.len, digest, NULL,
			       EVP_sha256(), NULL));
	char hash[17];
	for (int i = 0; i < 8; i++)
		snprintf(hash + 2 * (size_t)i, 3, "%02x", digest[i]);
	assert_string_equal(hash, page.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_page_names_only_files_that_are_there),
		TEST(every_place_of_the_page_is_the_same_file),
		TEST(the_page_is_asked_for_again_and_its_parts_never),
		TEST(who_has_the_page_already_is_not_sent_it_again),
		TEST(it_is_compressed_only_for_who_can_read_that),
		TEST(a_question_for_the_head_has_no_body),
		TEST(tricks_with_paths_find_nothing),
		TEST(both_forms_have_a_length_and_one_hash),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
