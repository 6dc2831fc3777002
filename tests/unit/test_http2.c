/*
 * test_http2.c: HTTP/2 without TLS: frames, header blocks, streams, gRPC, floods.
 *
 * Blocks are written by nghttp2's deflater, as servers and clients do.
 */
#include <nghttp2/nghttp2.h>
#include <time.h>

#include "http_check.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, CONTINUATION = 9 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITISED = 32 };

/* A connection; what each side says is said at once, or byte by byte. */
static struct talk_check *c;
static nghttp2_hd_deflater *deflater[2];
static size_t piece;

static void say(unsigned by, const void *at, size_t len)
{
	const uint8_t *bytes = at;
	for (size_t n = 0; n < len && c->talk.protocol != NULL; n += piece)
		talk_say(c, by, bytes + n, len - n < piece ? len - n : piece);
}

static void frame(unsigned by, uint8_t type, uint8_t flags, uint32_t stream,
		  const void *at, size_t len)
{
	uint8_t out[32768] = { (uint8_t)(len >> 16),
			       (uint8_t)(len >> 8),
			       (uint8_t)len,
			       type,
			       flags,
			       (uint8_t)(stream >> 24),
			       (uint8_t)(stream >> 16),
			       (uint8_t)(stream >> 8),
			       (uint8_t)stream };
	if (len > 0)
		memcpy(out + 9, at, len);
	say(by, out, 9 + len);
}

/* Names and values in turn, then NULL: a header block. */
static size_t block(unsigned by, const char *const *fields, uint8_t *out, size_t size)
{
	nghttp2_nv nv[16];
	size_t count = 0;
	for (; fields[2 * count] != NULL; count++)
		nv[count] = (nghttp2_nv){
			.name = (uint8_t *)(uintptr_t)fields[2 * count],
			.value = (uint8_t *)(uintptr_t)fields[2 * count + 1],
			.namelen = strlen(fields[2 * count]),
			.valuelen = strlen(fields[2 * count + 1])
		};
	ssize_t len = nghttp2_hd_deflate_hd(deflater[by], out, size, nv, count);
	assert_true(len > 0);
	return (size_t)len;
}

static void headers(unsigned by, uint8_t flags, uint32_t stream,
		    const char *const *fields)
{
	uint8_t out[4096];
	size_t len = block(by, fields, out, sizeof(out));
	frame(by, HEADERS, flags | END_HEADERS, stream, out, len);
}

#define FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define REQUEST(method, path)                                                          \
	FIELDS(":method", method, ":scheme", "http", ":path", path, ":authority",      \
	       "example.net:8080", "user-agent", "test/1")

static void begin_as(const char *protocol, size_t pieces)
{
	c = talk_check_new(protocol_by_name(protocol), IPPROTO_TCP, 80);
	piece = pieces;
	nghttp2_hd_deflate_new(&deflater[CLIENT], 4096);
	nghttp2_hd_deflate_new(&deflater[SERVER], 4096);
}

static void begin(size_t pieces)
{
	begin_as("http2", pieces);
	say(CLIENT, PREFACE, strlen(PREFACE));
	frame(CLIENT, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
	frame(SERVER, SETTINGS, 0, 0, "", 0);
	frame(SERVER, SETTINGS, ACK, 0, "", 0);
}

static void end(void)
{
	talk_finish(c);
	talk_check_free(c);
	nghttp2_hd_deflate_del(deflater[CLIENT]);
	nghttp2_hd_deflate_del(deflater[SERVER]);
}

#define EACH_WAY for (size_t way = 1; way < 100000; way = way == 1 ? 7 : way * 10000)

static void its_preface_is_recognised_and_a_server_by_its_settings(void **state)
{
	const struct protocol *http2 = protocol_by_name("http2");
	static const char settings[] = "\0\0\x06\4\0\0\0\0\0\0\3\0\0\0\x64";
	static const char empty[] = "\0\0\0\4\0\0\0\0\0\0\0\4\x08\0\0\0\0\0\0\0\0\1";
	struct bytes none = bytes_of("", 0);
	(void)state;
	for (size_t len = 0; len <= strlen(PREFACE); len++)
		assert_int_equal(
			verdict_of(http2, IPPROTO_TCP, bytes_of(PREFACE, len), none),
			len < 16 ? VERDICT_MORE : VERDICT_YES);
	for (size_t len = 0; len < sizeof(settings); len++)
		assert_int_equal(
			verdict_of(http2, IPPROTO_TCP, none, bytes_of(settings, len)),
			len < 11 ? VERDICT_MORE : VERDICT_YES);
	for (size_t len = 0; len < sizeof(empty); len++)
		assert_int_equal(
			verdict_of(http2, IPPROTO_TCP, none, bytes_of(empty, len)),
			len < 18 ? VERDICT_MORE : VERDICT_YES);
}

static void others_are_not_claimed(void **state)
{
	static const struct {
		const char *client, *server;
		size_t len;
	} others[] = {
		{ "PRI * HTTP/2.0\r\n\r\n", "HTTP/1.1 400", 12 },
		{ "GET / HTTP/1.1\r\n", "", 0 },
		{ "PRINT\r\n", "", 0 },
		{ "", "\0\0\0\x90\xffSMBr", 9 },
		{ "", "\0\0\5\4\0\0\0\0\0\0\0", 11 },
		{ "", "\0\0\6\4\0\0\0\0\0\xff\xff", 11 },
		{ "", "\0\0\0\4\0\0\0\0\0SSH-2.0-a", 18 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
			verdict_of(protocol_by_name("http2"), IPPROTO_TCP,
				   bytes_of(others[i].client, strlen(others[i].client)),
				   bytes_of(others[i].server, others[i].len)),
			VERDICT_NO);
}

static void requests_and_responses_are_records(void **state)
{
	(void)state;
	EACH_WAY
	{
		begin(way);
		headers(CLIENT, END_STREAM, 1, REQUEST("GET", "/a?q=secret"));
		headers(CLIENT, 0, 3, REQUEST("POST", "/b"));
		frame(CLIENT, DATA, END_STREAM, 3, "hello", 5);
		headers(SERVER, 0, 3, FIELDS(":status", "103"));
		headers(SERVER, 0, 3,
			FIELDS(":status", "503", "server", "envoy", "content-type",
			       "text/html; x", "content-length", "3"));
		frame(SERVER, DATA, END_STREAM, 3, "no!", 3);
		headers(SERVER, END_STREAM, 1,
			FIELDS(":status", "204", "server", "e2"));
		const struct http_record *post = &c->record[0].http,
					 *get = &c->record[1].http;
		assert_int_equal(c->records, 2);
		assert_string_equal(post->method, "POST");
		assert_string_equal(post->path, "/b");
		assert_string_equal(post->host, "example.net");
		assert_string_equal(post->user_agent, "test/1");
		assert_string_equal(post->version, "HTTP/2");
		assert_string_equal(post->server, "envoy");
		assert_string_equal(post->content_type, "text/html");
		assert_int_equal(post->status, 503);
		assert_int_equal(post->response_bytes, 3);
		assert_int_equal(post->grpc_status, UNKNOWN_U32);
		assert_string_equal(get->path, "/a");
		assert_int_equal(get->status, 204);
		assert_true(get->took_us != UNKNOWN_U64 && get->took_us > 0);
		assert_int_equal(c->answers, 2);
		assert_int_equal(c->errors, 1);
		assert_string_equal(c->talk.facts.version, "HTTP/2");
		assert_string_equal(c->talk.facts.name, "example.net");
		assert_string_equal(c->talk.facts.software, "e2");
		assert_int_equal(c->talk.facts.cleartext, 1);
		assert_int_equal(c->notices, 0);
		assert_false(c->talk.done);
		end();
	}
}

static void blocks_may_be_padded_and_in_parts(void **state)
{
	(void)state;
	EACH_WAY
	{
		uint8_t out[1024] = { 3, 0, 0, 0, 0, 16 }; /* padding, priority */
		begin(way);
		size_t len = block(CLIENT, REQUEST("GET", "/padded"), out + 6, 1000);
		memset(out + 6 + len, 0, 3);
		frame(CLIENT, HEADERS, END_STREAM | END_HEADERS | PADDED | PRIORITISED,
		      1, out, len + 9);
		len = block(CLIENT, REQUEST("GET", "/parts"), out, 1000);
		frame(CLIENT, HEADERS, END_STREAM, 3, out, 1);
		frame(CLIENT, CONTINUATION, 0, 3, out + 1, len - 1);
		frame(CLIENT, CONTINUATION, END_HEADERS, 3, "", 0);
		/* A promise is no request of the client's, but its table needs it. */
		len = block(SERVER, FIELDS(":path", "/pushed", "server", "x"), out + 4,
			    1000);
		memcpy(out, "\0\0\0\2", 4);
		frame(SERVER, PUSH_PROMISE, END_HEADERS, 1, out, len + 4);
		headers(SERVER, END_STREAM, 3, FIELDS(":status", "200", "server", "x"));
		headers(SERVER, END_STREAM, 1, FIELDS(":status", "404"));
		assert_int_equal(c->records, 2);
		assert_string_equal(c->record[0].http.path, "/parts");
		assert_string_equal(c->record[0].http.server, "x");
		assert_string_equal(c->record[1].http.path, "/padded");
		end();
	}
}

static void grpc_calls_end_with_their_own_status(void **state)
{
	(void)state;
	EACH_WAY
	{
		begin(way);
		for (uint32_t id = 1; id <= 7; id += 2) {
			headers(CLIENT, 0, id, REQUEST("POST", "/pkg.Service/Call"));
			frame(CLIENT, DATA, END_STREAM, id, "\0\0\0\0\0", 5);
		}
		for (uint32_t id = 1; id <= 5; id += 2) {
			headers(SERVER, 0, id,
				FIELDS(":status", "200", "content-type",
				       "application/grpc+proto"));
			frame(SERVER, DATA, 0, id, "\0\0\0\0\0", 5);
		}
		assert_int_equal(c->records, 0);
		headers(SERVER, END_STREAM, 1, FIELDS("grpc-status", "0"));
		headers(SERVER, END_STREAM, 3, FIELDS("grpc-status", "14"));
		frame(SERVER, RST_STREAM, 0, 5, "\0\0\0\2", 4);
		headers(SERVER, END_STREAM, 7,
			FIELDS(":status", "200", "content-type", "application/grpc",
			       "grpc-status", "5"));
		assert_int_equal(c->records, 4);
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(c->record[i].http.status, 200);
			assert_string_equal(c->record[i].http.content_type,
					    "application/grpc");
			assert_string_equal(c->record[i].http.path,
					    "/pkg.Service/Call");
			assert_true(c->record[i].http.took_us < 1000000);
		}
		assert_int_equal(c->record[0].http.grpc_status, 0);
		assert_int_equal(c->record[1].http.grpc_status, 14);
		assert_int_equal(c->record[2].http.grpc_status, UNKNOWN_U32);
		assert_int_equal(c->record[3].http.grpc_status, 5);
		assert_int_equal(c->answers, 4);
		assert_int_equal(c->errors, 1);
		end();
	}
}

static void logins_are_told_as_in_http1(void **state)
{
	(void)state;
	begin(4096);
	const char *const *asks = FIELDS(":method", "GET", ":path", "/",
					 "authorization", "Basic YWxpY2U6Z2VoZWlt");
	headers(CLIENT, END_STREAM, 1, asks);
	headers(SERVER, END_STREAM, 1, FIELDS(":status", "401"));
	headers(CLIENT, END_STREAM, 3, asks);
	headers(SERVER, END_STREAM, 3, FIELDS(":status", "200"));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[1].outcome, "success");
	assert_string_equal(c->login[1].user, "alice");
	assert_string_equal(c->login[1].protocol, "http2");
	assert_true(talk_check_noticed(c, "http_basic"));
	end();
}

static void a_connection_may_begin_as_http1(void **state)
{
	static const char ask[] =
		"GET /old HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, "
		"HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
			  yes[] = "HTTP/1.1 101 Switching Protocols\r\n"
				  "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
				  "\0\0\0\4\0\0\0\0\0";
	(void)state;
	EACH_WAY
	{
		begin_as("http", way);
		say(CLIENT, ask, strlen(ask));
		say(SERVER, yes, sizeof(yes) - 1);
		assert_ptr_equal(c->talk.protocol, protocol_by_name("http2"));
		say(CLIENT, PREFACE, strlen(PREFACE));
		frame(CLIENT, SETTINGS, 0, 0, "", 0);
		headers(SERVER, END_STREAM, 1, FIELDS(":status", "200"));
		headers(CLIENT, END_STREAM, 3, REQUEST("GET", "/new"));
		headers(SERVER, END_STREAM, 3, FIELDS(":status", "200"));
		assert_int_equal(c->records, 3);
		assert_string_equal(c->record[0].http.path, "/old");
		assert_int_equal(c->record[0].http.status, 101);
		assert_null(c->record[1].http.method);
		assert_string_equal(c->record[2].http.path, "/new");
		end();
	}
}

static void a_server_that_answers_in_http1_is_recognised_anew(void **state)
{
	static const char no[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	(void)state;
	begin_as("http2", 4096);
	say(CLIENT, PREFACE, strlen(PREFACE));
	say(SERVER, no, strlen(no));
	assert_null(c->talk.protocol);
	end();
}

static void what_is_never_answered_is_a_record_without_status(void **state)
{
	(void)state;
	begin(4096);
	headers(CLIENT, END_STREAM, 1, REQUEST("GET", "/1"));
	headers(CLIENT, END_STREAM, 3, REQUEST("GET", "/3"));
	frame(CLIENT, RST_STREAM, 0, 1, "\0\0\0\x08", 4);
	assert_int_equal(c->records, 1);
	talk_finish(c);
	assert_int_equal(c->records, 2);
	assert_string_equal(c->record[1].http.path, "/3");
	assert_int_equal(c->record[1].http.status, UNKNOWN_U32);
	assert_int_equal(c->answers, 0);
	end();
}

static void bodies_are_skipped(void **state)
{
	(void)state;
	begin(4096);
	frame(SERVER, DATA, 0, 1, "", 0);
	talk_say(c, SERVER, "\0\x40\0\0\0\0\0\0\1abc", 12);
	assert_int_equal(c->talk.skip[SERVER], 16384 - 3);
	assert_int_equal(c->kept_len[SERVER], 0);
	end();
}

static void what_breaks_the_rules_or_is_lost_is_read_no_further(void **state)
{
	static const struct {
		unsigned by;
		uint8_t type, flags, stream;
		const char *payload;
		size_t len;
	} bad[] = {
		{ CLIENT, HEADERS, END_HEADERS, 0, "\x82", 1 },
		{ CLIENT, HEADERS, END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff", 6 },
		{ CLIENT, HEADERS, END_HEADERS | PADDED, 1, "\x09\x82", 2 },
		{ CLIENT, HEADERS, END_HEADERS | PRIORITISED, 1, "\0\0", 2 },
		{ CLIENT, CONTINUATION, END_HEADERS, 1, "\x82", 1 },
		{ CLIENT, PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82", 5 },
		{ CLIENT, SETTINGS, 0, 0, "\0\1\0\0\1", 5 },
		{ SERVER, DATA, 0, 0, "x", 1 },
		{ SERVER, RST_STREAM, 0, 1, "\0\0\0", 3 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(1);
		frame(bad[i].by, bad[i].type, bad[i].flags, bad[i].stream,
		      bad[i].payload, bad[i].len);
		assert_true(c->talk.done);
		end();
	}
	begin(4096);
	frame(CLIENT, HEADERS, 0, 1, "\x82", 1);
	frame(CLIENT, CONTINUATION, END_HEADERS, 3, "", 0);
	assert_true(c->talk.done);
	end();
	begin(4096);
	talk_lose(c, SERVER);
	talk_say_text(c, CLIENT, "");
	frame(CLIENT, SETTINGS, ACK, 0, "", 0);
	frame(SERVER, SETTINGS, ACK, 0, "", 0);
	assert_true(c->talk.done);
	end();
}

static void header_tables_may_grow_within_bounds(void **state)
{
	(void)state;
	for (uint32_t size = 16384; size <= 65536; size *= 4) {
		uint8_t setting[6] = {
			0, 1, 0, (uint8_t)(size >> 16), (uint8_t)(size >> 8), 0
		};
		begin(4096);
		frame(SERVER, SETTINGS, 0, 0, setting, 6);
		nghttp2_hd_deflate_del(deflater[CLIENT]);
		nghttp2_hd_deflate_new(&deflater[CLIENT], size);
		nghttp2_hd_deflate_change_table_size(deflater[CLIENT], size);
		headers(CLIENT, END_STREAM, 1, REQUEST("GET", "/"));
		assert_int_equal(c->talk.done, size > 16384);
		end();
	}
}

static void floods_of_resets_are_noticed_and_readers_who_leave_are_not(void **state)
{
	(void)state;
	for (unsigned hasty = 0; hasty < 2; hasty++) {
		begin(4096);
		for (uint32_t id = 1; id < 600; id += 2) {
			headers(CLIENT, END_STREAM, id, REQUEST("GET", "/"));
			if (!hasty)
				headers(SERVER, 0, id, FIELDS(":status", "200"));
			frame(CLIENT, RST_STREAM, 0, id, "\0\0\0\x08", 4);
			if (id < 201)
				assert_int_equal(c->notices, 0);
		}
		assert_int_equal(c->notices, hasty);
		if (hasty) {
			assert_string_equal(c->notice[0]->technique, "rapid_reset");
			assert_string_equal(c->notice[0]->severity, "high");
			assert_int_equal(c->notice[0]->about, ABOUT_CLIENT);
		}
		end();
	}
	/* Many at once, but nobody had an answer for a while. */
	begin(4096);
	for (uint32_t id = 1; id < 251; id += 2)
		headers(CLIENT, END_STREAM, id, REQUEST("GET", "/"));
	c->at_us += 100000;
	for (uint32_t id = 1; id < 251; id += 2)
		frame(CLIENT, RST_STREAM, 0, id, "\0\0\0\x08", 4);
	assert_int_equal(c->notices, 0);
	end();
	/* Slowly, over minutes. */
	begin(4096);
	for (uint32_t id = 1; id < 600; id += 2) {
		headers(CLIENT, END_STREAM, id, REQUEST("GET", "/"));
		frame(CLIENT, RST_STREAM, 0, id, "\0\0\0\x08", 4);
		c->at_us += 200000;
	}
	assert_int_equal(c->notices, 0);
	end();
}

static void endless_header_blocks_are_noticed(void **state)
{
	(void)state;
	begin(4096);
	frame(CLIENT, HEADERS, 0, 1, "\x82", 1);
	for (unsigned i = 0; i < 64; i++)
		frame(CLIENT, CONTINUATION, 0, 1, "", 0);
	assert_int_equal(c->notices, 0);
	frame(CLIENT, CONTINUATION, 0, 1, "", 0);
	assert_true(talk_check_noticed(c, "continuation_flood"));
	assert_true(c->talk.done);
	end();
}

static void line_ends_in_fields_are_smuggling(void **state)
{
	(void)state;
	begin(4096);
	headers(CLIENT, END_STREAM, 1,
		FIELDS(":method", "GET", ":path", "/", "x",
		       "a\r\nTransfer-Encoding: chunked"));
	assert_true(talk_check_noticed(c, "request_smuggling"));
	end();
}

static void more_connections_than_a_thread_may_read_are_not(void **state)
{
	enum { MANY = 1025 };
	static struct talk talks[MANY];
	struct talk_check *first;
	uint8_t opening[] = PREFACE;
	(void)state;
	begin(4096);
	first = c;
	for (size_t i = 0; i < MANY; i++) {
		struct said said = { .by = CLIENT,
				     .data = bytes_of(opening, strlen(PREFACE)) };
		talks[i] = first->talk;
		talk_begin(&talks[i], protocol_by_name("http2"));
		assert_int_equal(talk_read(&talks[i], &said), i + 1 < 1024);
	}
	for (size_t i = 0; i < MANY; i++)
		talk_end(&talks[i], 0);
	talk_begin(&talks[0], protocol_by_name("http2"));
	struct said said = { .data = bytes_of(opening, strlen(PREFACE)) };
	assert_true(talk_read(&talks[0], &said));
	talk_end(&talks[0], 0);
	end();
}

static void nothing_is_believed_of_random_frames(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	(void)state;
	print_message("# seed %u\n", seed);
	for (unsigned run = 0; run < 300; run++) {
		begin(1 + (size_t)rand_r(&seed) % 50);
		for (unsigned i = 0; i < 30 && !c->talk.done; i++) {
			uint8_t payload[64];
			size_t len = (size_t)rand_r(&seed) % sizeof(payload);
			for (size_t at = 0; at < len; at++)
				payload[at] = (uint8_t)rand_r(&seed);
			frame((unsigned)rand_r(&seed) % 2,
			      (uint8_t)(rand_r(&seed) % 11), (uint8_t)rand_r(&seed),
			      (uint32_t)rand_r(&seed) % 8, payload, len);
		}
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			its_preface_is_recognised_and_a_server_by_its_settings),
		cmocka_unit_test(others_are_not_claimed),
		cmocka_unit_test(requests_and_responses_are_records),
		cmocka_unit_test(blocks_may_be_padded_and_in_parts),
		cmocka_unit_test(grpc_calls_end_with_their_own_status),
		cmocka_unit_test(logins_are_told_as_in_http1),
		cmocka_unit_test(a_connection_may_begin_as_http1),
		cmocka_unit_test(a_server_that_answers_in_http1_is_recognised_anew),
		cmocka_unit_test(what_is_never_answered_is_a_record_without_status),
		cmocka_unit_test(bodies_are_skipped),
		cmocka_unit_test(what_breaks_the_rules_or_is_lost_is_read_no_further),
		cmocka_unit_test(header_tables_may_grow_within_bounds),
		cmocka_unit_test(
			floods_of_resets_are_noticed_and_readers_who_leave_are_not),
		cmocka_unit_test(endless_header_blocks_are_noticed),
		cmocka_unit_test(line_ends_in_fields_are_smuggling),
		cmocka_unit_test(more_connections_than_a_thread_may_read_are_not),
		cmocka_unit_test(nothing_is_believed_of_random_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
