/*
 * Turns out of packets: whatever the network does to segments, readers are told what
 * was said, and only what was said.
 *
 * One connection asks for /0, /1, /2 ... and is answered 200, 201, 202 ...: a record
 * that pairs a path with another's status, or is there twice, gives a mistake away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "flow_check.h"
#include "protocol/feed.h"
#include "protocol/protocol.h"

enum { EXCHANGES = 24, TEXT_MAX = 4096, RECORDS_MAX = 256, SEGMENTS_MAX = 4096 };

static struct http_record http[RECORDS_MAX];
static size_t http_count;
static struct finding_record found[RECORDS_MAX];
static size_t found_count;
static uint64_t random_state;

static void take_record(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	if (kind == RECORD_http && http_count < RECORDS_MAX)
		memcpy(&http[http_count++], record, sizeof(http[0]));
	if (kind == RECORD_finding && found_count < RECORDS_MAX)
		memcpy(&found[found_count++], record, sizeof(found[0]));
}

static void open_talks(void)
{
	static const struct flow_sink sink = { .flow = seen_flow,
					       .record = take_record,
					       .port = seen_port,
					       .tick = seen_tick };
	flows_free(flows);
	options.reads = true;
	options.wants = UINT32_MAX;
	flows = flows_new(&options, &sink);
	assert_non_null(flows);
	now_us = START_US;
	forget();
	new_talk();
	http_count = found_count = 0;
}

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % limit;
}

/* ---- what is said ---- */

struct text {
	char at[TEXT_MAX];
	uint32_t len;
};

static void padding(struct text *text, uint32_t len)
{
	text->len += (uint32_t)snprintf(text->at + text->len, TEXT_MAX - text->len,
					"X-Padding: ");
	for (uint32_t i = 0; i < len; i++)
		text->at[text->len++] = 'p';
	text->len += (uint32_t)snprintf(text->at + text->len, TEXT_MAX - text->len,
					"\r\n\r\n");
}

static void request(unsigned n, struct text *out)
{
	out->len = (uint32_t)snprintf(out->at, TEXT_MAX,
				      "GET /%u HTTP/1.1\r\nHost: example.org\r\n", n);
	padding(out, random_below(900));
}

static void response(unsigned n, struct text *out)
{
	uint32_t body = random_below(900);
	out->len = (uint32_t)snprintf(out->at, TEXT_MAX,
				      "HTTP/1.1 %u OK\r\nServer: made/1.0\r\n"
				      "Content-Length: %u\r\n",
				      200 + n, body);
	padding(out, random_below(900));
	memset(out->at + out->len, 'b', body);
	out->len += body;
}

static struct packet data_segment(int from, uint32_t offset, const char *at,
				  uint32_t len)
{
	struct packet p = make_segment(from, TCP_ACK, 0, 0, len);
	p.seq = next[from] + offset;
	p.ack = next[1 - from];
	p.payload = bytes_of(at, len);
	return p;
}

/* ---- how it is said ---- */

enum mishap { NONE, SWAPPED, REPEATED, LOST };

/* True if the text arrived whole. */
static bool tell(int from, const struct text *text, enum mishap mishap)
{
	struct packet segments[SEGMENTS_MAX];
	size_t count = 0;
	bool whole = true;
	uint32_t most = 1 + random_below(random_below(4) == 0 ? 8 : 1400);
	for (uint32_t offset = 0; offset < text->len;) {
		uint32_t len = 1 + random_below(most);
		if (len > text->len - offset)
			len = text->len - offset;
		segments[count++] = data_segment(from, offset, text->at + offset, len);
		offset += len;
	}
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count;
		if (mishap == SWAPPED && !last && random_below(3) == 0) {
			take(segments[i + 1]);
			take(segments[i]);
			i++;
			continue;
		}
		if (mishap == LOST && random_below(12) == 0) {
			whole = false;
			continue;
		}
		take(segments[i]);
		if (mishap == REPEATED && random_below(3) == 0)
			take(segments[i - random_below((uint32_t)i + 1)]);
	}
	next[from] += text->len;
	return whole;
}

/* All exchanges; whole[n] of those that nothing was lost of. */
static void converse(enum mishap mishap, bool whole[EXCHANGES])
{
	static struct text text;
	open_talks();
	say(">S <SA >A ");
	for (unsigned n = 0; n < EXCHANGES; n++) {
		request(n, &text);
		whole[n] = tell(FROM_CLIENT, &text, mishap);
		response(n, &text);
		whole[n] = tell(FROM_SERVER, &text, mishap) && whole[n];
	}
	say(">FA <FA >A ");
	flows_finish(flows);
}

static unsigned path_of(const struct http_record *record)
{
	return (unsigned)strtoul(record->path + 1, NULL, 10);
}

static void check_whole(enum mishap mishap)
{
	bool whole[EXCHANGES];
	converse(mishap, whole);
	assert_int_equal(http_count, EXCHANGES);
	for (unsigned n = 0; n < EXCHANGES; n++) {
		assert_int_equal(path_of(&http[n]), n);
		assert_int_equal(http[n].status, 200 + n);
	}
	assert_string_equal(seen[seen_count - 1].protocol, "http");
	assert_string_equal(seen[seen_count - 1].protocol_by, "content");
	assert_string_equal(seen[seen_count - 1].software, "made/1.0");
	assert_int_equal(seen[seen_count - 1].answers, EXCHANGES);
}

static void segments_of_any_length_say_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++)
		check_whole(NONE);
}

static void what_overtakes_is_read_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++)
		check_whole(SWAPPED);
}

static void what_is_sent_again_is_read_once(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		check_whole(REPEATED);
		assert_int_equal(found_count, 0);
	}
}

static void what_is_lost_costs_its_own_turn(void **state)
{
	(void)state;
	size_t wholes = 0, told = 0;
	for (int i = 0; i < 60; i++) {
		bool whole[EXCHANGES];
		converse(LOST, whole);
		for (unsigned n = 0; n < EXCHANGES; n++)
			wholes += whole[n];
		for (size_t k = 0; k < http_count; k++) {
			if (http[k].path[0] == '\0' || http[k].status == UNKNOWN_U32)
				continue;
			assert_int_equal(http[k].status, 200 + path_of(&http[k]));
			told += whole[path_of(&http[k])];
		}
	}
	/* The pair after a loss may be needed to find the thread again. */
	assert_true(told * 10 >= wholes * 9);
}

static void a_segment_sent_again_with_other_data_is_an_anomaly(void **state)
{
	(void)state;
	open_talks();
	say(">S <SA >A ");
	const char *first = "GET / HTTP/1.1\r\nHost: a\r\n",
		   *other = "GET / HTTP/1.1\r\nHost: b\r\n";
	take(data_segment(FROM_CLIENT, 0, first, (uint32_t)strlen(first)));
	take(data_segment(FROM_CLIENT, 0, first, (uint32_t)strlen(first)));
	assert_int_equal(found_count, 0);
	take(data_segment(FROM_CLIENT, 0, other, (uint32_t)strlen(other)));
	assert_int_equal(found_count, 1);
	assert_string_equal(found[0].technique, "inconsistent_overlap");
}

/* A connection of its own says so many octets, and again with a bit of one changed. */
static void say_changed(uint16_t port, uint32_t len, uint32_t at)
{
	char text[TEXT_MAX] = "GET /";
	memset(text + 5, 'a', len - 5);
	struct packet segment = data_segment(FROM_CLIENT, 0, text, len);
	segment.sport = port;
	found_count = 0;
	now_us += SECOND;
	take(segment);
	text[at] ^= (char)(1 << at % 7);
	take(segment);
}

static void no_changed_octet_is_overlooked(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { 7, 8, 31, 32, 40, 71 };
	open_talks();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (uint32_t at = 0; at < lengths[i]; at++) {
			say_changed((uint16_t)(2000 + 100 * i + at), lengths[i], at);
			assert_int_equal(found_count, 1);
			assert_string_equal(found[0].technique, "inconsistent_overlap");
		}
}

static void a_flood_of_odd_packets_is_no_flood_of_records(void **state)
{
	(void)state;
	enum { TOLD_MAX = 100 };
	struct packet odd = tcp_packet(1, CLIENT_PORT, TCP_SYN | TCP_FIN);
	open_talks();
	for (unsigned i = 0; i < 900; i++) {
		odd.src = host(100 + i);
		take(odd);
	}
	assert_int_equal(found_count, TOLD_MAX);
	/* A kind that is no flood is told, and the flood again a second later. */
	odd = tcp_packet(1, CLIENT_PORT, TCP_SYN);
	odd.payload_len = 1;
	take(odd);
	assert_int_equal(found_count, TOLD_MAX + 1);
	assert_string_equal(found[TOLD_MAX].technique, "syn_data");
	now_us += SECOND;
	take(tcp_packet(2, CLIENT_PORT, TCP_SYN | TCP_FIN));
	assert_int_equal(found_count, TOLD_MAX + 2);
}

static void what_only_a_client_said_is_not_what_its_port_speaks(void **state)
{
	(void)state;
	static const char ask[] = "GNUTELLA CONNECT/0.6\r\nUser-Agent: Shareaza 2.7\r\n"
				  "X-Ultrapeer: False\r\n\r\n",
			  answer[] = "GNUTELLA/0.6 200 OK\r\nX-Ultrapeer: True\r\n\r\n";
	for (unsigned is_answered = 0; is_answered < 2; is_answered++) {
		open_talks();
		say(">S <SA >A ");
		take(data_segment(FROM_CLIENT, 0, ask, sizeof(ask) - 1));
		if (is_answered)
			take(data_segment(FROM_SERVER, 0, answer, sizeof(answer) - 1));
		flows_finish(flows);
		assert_int_equal(seen_count, 1);
		assert_string_equal(seen[0].protocol, "gnutella");
		assert_int_equal(found_count, is_answered);
	}
	assert_string_equal(found[0].kind, "unexpected_protocol");
}

static void send_text(int from, const char *at, uint32_t len)
{
	take(data_segment(from, 0, at, len));
	next[from] += len;
}

static void a_notice_becomes_a_sentence(void **state)
{
	(void)state;
	static const char ask[] = "GET / HTTP/1.1\r\nHost: a\r\n"
				  "Authorization: Basic YWRhOng=\r\n\r\n",
			  answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	open_talks();
	say(">S <SA >A ");
	send_text(FROM_CLIENT, ask, sizeof(ask) - 1);
	send_text(FROM_SERVER, answer, sizeof(answer) - 1);
	size_t i = 0;
	while (i < found_count && strcmp(found[i].kind, "cleartext_login") != 0)
		i++;
	assert_true(i < found_count);
	const char *summary = found[i].summary;
	assert_memory_equal(summary, "Login with HTTP Basic", 21);
	assert_int_equal(summary[strlen(summary) - 1], '.');
}

/* BGP's port: its protocol is none that we could recognise. */
static void a_way_in_is_told_wherever_it_is_not_expected(void **state)
{
	(void)state;
	static const char client[] = "SSH-2.0-OpenSSH_9.2p1\r\n",
			  server[] = "SSH-2.0-dropbear_2022.83\r\n";
	server_port = 179;
	open_talks();
	say(">S <SA >A ");
	send_text(FROM_SERVER, server, sizeof(server) - 1);
	send_text(FROM_CLIENT, client, sizeof(client) - 1);
	server_port = 80;
	assert_int_equal(found_count, 1);
	assert_string_equal(found[0].kind, "unexpected_protocol");
	assert_string_equal(found[0].severity, "medium");
	assert_non_null(strstr(found[0].summary, "179/tcp speaks ssh"));
}

/* A few bytes wait for their end, and more than can be kept comes with it. */
static void a_segment_longer_than_the_room_is_read_to_its_end(void **state)
{
	(void)state;
	enum { REPLIES = 8000 };
	static const char pong[] = "+PONG\r\n",
			  fault[] = "-OOM command not allowed\r\n";
	static char replies[REPLIES * (sizeof(pong) - 1) + sizeof(fault)];
	size_t len = 0;
	for (int i = 0; i < REPLIES; i++, len += sizeof(pong) - 1)
		memcpy(replies + len, pong, sizeof(pong) - 1);
	memcpy(replies + len, fault, sizeof(fault) - 1);
	len += sizeof(fault) - 1;
	open_talks();
	say(">S <SA >A ");
	send_text(FROM_CLIENT, "*1\r\n$4\r\nPING\r\n", 14);
	send_text(FROM_SERVER, replies, 3);
	send_text(FROM_SERVER, replies + 3, (uint32_t)len - 3);
	flows_finish(flows);
	assert_int_equal(seen[seen_count - 1].answers, REPLIES + 1);
	assert_int_equal(seen[seen_count - 1].answer_errors, 1);
}

/* 100 bytes are passed over, of which none come before a hole that is never filled. */
static void what_was_to_be_passed_over_ends_with_its_turn(void **state)
{
	(void)state;
	enum { HOLE = 1 << 16 };
	static const char value[] = "$100\r\nab",
			  fault[] = "-OOM command not allowed\r\n";
	open_talks();
	say(">S <SA >A ");
	send_text(FROM_CLIENT, "*1\r\n$4\r\nPING\r\n", 14);
	send_text(FROM_SERVER, value, sizeof(value) - 1);
	next[FROM_SERVER] += HOLE;
	send_text(FROM_SERVER, "rest\r\n", 6);
	send_text(FROM_CLIENT, "*1\r\n$4\r\nPING\r\n", 14);
	send_text(FROM_SERVER, fault, sizeof(fault) - 1);
	flows_finish(flows);
	assert_int_equal(seen[seen_count - 1].answers, 2);
	assert_int_equal(seen[seen_count - 1].answer_errors, 1);
}

/* A server ignores it; who believes it misses what the server says next. */
static void an_acknowledgement_of_what_was_never_said_hides_nothing(void **state)
{
	static struct text text;
	(void)state;
	open_talks();
	say(">S <SA >A ");
	for (unsigned n = 0; n < 4; n++) {
		request(n, &text);
		struct packet forged =
			data_segment(FROM_CLIENT, 0, text.at, text.len / 2);
		forged.ack += 50 + random_below(2000);
		take(forged);
		tell(FROM_CLIENT, &text, NONE);
		response(n, &text);
		tell(FROM_SERVER, &text, NONE);
	}
	flows_finish(flows);
	assert_int_equal(http_count, 4);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(http[n].status, 200 + n);
}

/* nDPI may have its own opinion of some. */
static void noise_is_no_protocol_of_ours(void **state)
{
	(void)state;
	struct text text;
	for (int i = 0; i < 200; i++) {
		open_talks();
		say(">S <SA >A ");
		for (unsigned turn = 0; turn < 4; turn++) {
			text.len = 1 + random_below(1500);
			for (uint32_t k = 0; k < text.len; k++)
				text.at[k] = (char)random_below(256);
			tell(turn % 2 == 0 ? FROM_CLIENT : FROM_SERVER, &text, NONE);
		}
		flows_finish(flows);
		assert_string_not_equal(seen[seen_count - 1].protocol_by, "content");
		assert_int_equal(http_count, 0);
	}
}

static void without_reading_names_come_by_the_port(void **state)
{
	(void)state;
	struct text text;
	open_talks();
	flows_free(flows);
	options.reads = false;
	static const struct flow_sink sink = { .flow = seen_flow,
					       .record = take_record,
					       .port = seen_port,
					       .tick = seen_tick };
	flows = flows_new(&options, &sink);
	say(">S <SA >A ");
	request(0, &text);
	tell(FROM_CLIENT, &text, NONE);
	flows_finish(flows);
	assert_string_equal(seen[seen_count - 1].protocol_by, "port");
	assert_int_equal(http_count, 0);
}

/* What the feeder takes for granted of all of them. */
static void every_protocol_keeps_to_its_room(void **state)
{
	(void)state;
	size_t count;
	const struct protocol *const *all = protocols(&count);
	assert_true(count <= 8 * sizeof(candidates));
	for (size_t i = 0; i < count; i++) {
		assert_true(all[i]->state_size <= TALK_STATE_MAX);
		assert_true(all[i]->turn_max <= TURN_MAX);
		assert_true((all[i]->shared_new == NULL) ==
			    (all[i]->shared_free == NULL));
	}
}

int main(void)
{
	const char *seed = getenv("TALKS_SEED");
	random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# TALKS_SEED=%llu\n", (unsigned long long)random_state);
#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)
	const struct CMUnitTest tests[] = {
		TEST(segments_of_any_length_say_the_same),
		TEST(what_overtakes_is_read_in_order),
		TEST(what_is_sent_again_is_read_once),
		TEST(what_is_lost_costs_its_own_turn),
		TEST(a_segment_sent_again_with_other_data_is_an_anomaly),
		TEST(no_changed_octet_is_overlooked),
		TEST(a_flood_of_odd_packets_is_no_flood_of_records),
		TEST(what_only_a_client_said_is_not_what_its_port_speaks),
		TEST(a_way_in_is_told_wherever_it_is_not_expected),
		TEST(a_notice_becomes_a_sentence),
		TEST(a_segment_longer_than_the_room_is_read_to_its_end),
		TEST(what_was_to_be_passed_over_ends_with_its_turn),
		TEST(every_protocol_keeps_to_its_room),
		TEST(an_acknowledgement_of_what_was_never_said_hides_nothing),
		TEST(noise_is_no_protocol_of_ours),
		TEST(without_reading_names_come_by_the_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
