/*
 * test_ports.c: samples of workers become records of seconds, and of windows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "flow_check.h"

enum { WORKERS = 4, SERVICES = 7, SECONDS = 40, TEXTS_MAX = 1024 };

/* Records as JSON, as they came. */
struct texts {
	char *at[TEXTS_MAX];
	size_t count;
};

static void add_text(void *to, const struct port_record *port,
		     const struct port_detail *detail)
{
	(void)detail;
	struct texts *texts = to;
	struct buf json = { .size = 0 };
	record_json(&json, RECORD_port, port);
	assert_true(texts->count < TEXTS_MAX);
	texts->at[texts->count++] = strdup(buf_cstr(&json));
	buf_free(&json);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_texts(struct texts *texts)
{
	qsort(texts->at, texts->count, sizeof(texts->at[0]), by_text);
}

static void free_texts(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->at[i]);
	texts->count = 0;
}

static void assert_same_texts(struct texts *a, struct texts *b)
{
	sort_texts(a);
	sort_texts(b);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->at[i], b->at[i]);
}

static struct port_sample sample_of(unsigned service, int64_t second)
{
	return (struct port_sample){ .start_us = START_US + second * SECOND,
				     .server = host(1 + service / 3),
				     .port = (uint16_t)(20 + service % 3),
				     .proto = service % 2 ? IPPROTO_TCP : IPPROTO_UDP };
}

/* A bounded random number. */
static uint64_t some(uint64_t most)
{
	return (uint64_t)rand() % (most + 1);
}

static void randomize(struct port_sample *s, struct port_detail *detail)
{
	static const char *const names[] = { "http", "ssh", "tls", NULL, NULL, NULL };
	s->protocol = names[some(5)];
	s->protocol_us = s->start_us + (int64_t)some(SECOND / 2);
	s->flows = some(5);
	s->active = some(9);
	s->ended = 6 + some(5);
	s->rejected = some(2);
	s->unanswered = some(2);
	s->aborted = some(1);
	s->resets = s->aborted;
	s->client_packets = 1 + some(100);
	s->client_bytes = s->client_packets * 50;
	s->server_packets = some(100);
	s->server_bytes = s->server_packets * 70;
	s->data_packets = 10 + some(90);
	s->retransmits = some(10);
	s->payload_bytes = some(5000);
	s->lost_bytes = some(500);
	s->has_detail = some(2) > 0;
	memset(detail, 0, sizeof(*detail));
	histogram_clear(&detail->handshake);
	histogram_clear(&detail->response);
	for (uint64_t i = some(20); i > 0; i--)
		histogram_add(&detail->response, some(100000));
	for (uint64_t i = some(5); i > 0; i--)
		histogram_add(&detail->handshake, some(1000));
	for (uint64_t i = some(50); i > 0; i--)
		cardinality_add(&detail->clients, some(200) * 0x9e3779b97f4a7c15u);
}

static void add_to(struct port_sample *sum, const struct port_sample *s)
{
	bool is_later = sum->protocol == NULL || s->protocol_us > sum->protocol_us ||
			(s->protocol_us == sum->protocol_us && s->protocol != NULL &&
			 strcmp(s->protocol, sum->protocol) > 0);
	if (s->protocol != NULL && is_later) {
		sum->protocol = s->protocol;
		sum->protocol_us = s->protocol_us;
	}
	sum->flows += s->flows;
	sum->ended += s->ended;
	sum->rejected += s->rejected;
	sum->unanswered += s->unanswered;
	sum->aborted += s->aborted;
	sum->resets += s->resets;
	sum->client_packets += s->client_packets;
	sum->client_bytes += s->client_bytes;
	sum->server_packets += s->server_packets;
	sum->server_bytes += s->server_bytes;
	sum->data_packets += s->data_packets;
	sum->retransmits += s->retransmits;
	sum->payload_bytes += s->payload_bytes;
	sum->lost_bytes += s->lost_bytes;
	sum->has_detail |= s->has_detail;
}

/* What every worker has to say of every second, and how far it is. */
static struct {
	struct port_sample sample;
	struct port_detail detail;
	bool has_news;
} said_by[WORKERS][SECONDS][SERVICES];

static void make_samples(void)
{
	for (unsigned w = 0; w < WORKERS; w++)
		for (int64_t t = 0; t < SECONDS; t++)
			for (unsigned i = 0; i < SERVICES; i++) {
				said_by[w][t][i].has_news = some(3) == 0;
				said_by[w][t][i].sample = sample_of(i, t);
				randomize(&said_by[w][t][i].sample,
					  &said_by[w][t][i].detail);
			}
}

static void say_second(struct ports *ports, unsigned w, int64_t t)
{
	for (unsigned i = 0; i < SERVICES; i++)
		if (said_by[w][t][i].has_news)
			ports_add(ports, w, &said_by[w][t][i].sample,
				  said_by[w][t][i].sample.has_detail
					  ? &said_by[w][t][i].detail
					  : NULL);
	ports_tick(ports, w, START_US + (t + 1) * SECOND);
}

/* Each worker goes through its seconds, at its own pace. */
static void say_all(struct ports *ports)
{
	int64_t at[WORKERS] = { 0 };
	for (unsigned left = WORKERS; left > 0;) {
		unsigned w = (unsigned)some(WORKERS - 1);
		if (at[w] == SECONDS)
			continue;
		say_second(ports, w, at[w]++);
		left -= at[w] == SECONDS;
	}
}

static void say_sum(struct ports *ports, int64_t t, unsigned service,
		    uint64_t active[WORKERS])
{
	static struct port_detail detail;
	struct port_sample sum = sample_of(service, t);
	bool has_news = false;
	memset(&detail, 0, sizeof(detail));
	histogram_clear(&detail.handshake);
	histogram_clear(&detail.response);
	for (unsigned w = 0; w < WORKERS; w++) {
		if (!said_by[w][t][service].has_news)
			continue;
		has_news = true;
		add_to(&sum, &said_by[w][t][service].sample);
		active[w] = said_by[w][t][service].sample.active;
		if (!said_by[w][t][service].sample.has_detail)
			continue;
		const struct port_detail *d = &said_by[w][t][service].detail;
		histogram_merge(&detail.handshake, &d->handshake);
		histogram_merge(&detail.response, &d->response);
		cardinality_merge(&detail.clients, &d->clients);
	}
	for (unsigned w = 0; w < WORKERS; w++)
		sum.active += active[w];
	if (has_news)
		ports_add(ports, 0, &sum, sum.has_detail ? &detail : NULL);
}

static void four_workers_give_the_records_of_one(void **state)
{
	(void)state;
	unsigned seed = (unsigned)getpid();
	print_message("# seed %u\n", seed);
	srand(seed);
	const uint32_t windows[] = { 0, 1, 7 };
	for (int round = 0; round < 3; round++) {
		struct texts many = { .count = 0 }, one = { .count = 0 };
		uint64_t active[SERVICES][WORKERS] = { 0 };
		struct ports *four =
			ports_new(WORKERS, windows[round], catalog, add_text, &many);
		struct ports *single =
			ports_new(1, windows[round], catalog, add_text, &one);
		make_samples();
		say_all(four);
		for (int64_t t = 0; t < SECONDS; t++) {
			for (unsigned i = 0; i < SERVICES; i++)
				say_sum(single, t, i, active[i]);
			ports_tick(single, 0, START_US + (t + 1) * SECOND);
		}
		assert_true(one.count > SECONDS);
		assert_same_texts(&many, &one);
		free_texts(&many);
		free_texts(&one);
		ports_each(four, add_text, &many);
		ports_each(single, add_text, &one);
		assert_int_equal(one.count, ports_count(single));
		assert_same_texts(&many, &one);
		free_texts(&many);
		free_texts(&one);
		ports_free(four);
		ports_free(single);
	}
}

/* ---- records one by one ---- */

enum { PORTS_MAX = 64 };

static struct port_record got[PORTS_MAX];
static size_t got_count;

static void add_record(void *to, const struct port_record *port,
		       const struct port_detail *detail)
{
	(void)to;
	(void)detail;
	assert_true(got_count < PORTS_MAX);
	got[got_count++] = *port;
}

static void ask(struct ports *ports)
{
	got_count = 0;
	ports_each(ports, add_record, NULL);
}

static struct port_detail responses_of(uint64_t from_us, uint64_t to_us)
{
	struct port_detail detail = { 0 };
	histogram_clear(&detail.handshake);
	histogram_clear(&detail.response);
	for (uint64_t us = from_us; us <= to_us; us++)
		histogram_add(&detail.response, us);
	return detail;
}

static void second_of(struct ports *ports, unsigned worker, int64_t second,
		      uint64_t active)
{
	struct port_sample s = sample_of(0, second);
	s.client_packets = 1;
	s.active = active;
	ports_add(ports, worker, &s, NULL);
	ports_tick(ports, worker, START_US + (second + 1) * SECOND);
}

static void count_row(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	(void)port;
	(void)detail;
	*(size_t *)to += 1;
}

/* A quiet machine has ticks but no samples. */
static void rows_are_forgotten_while_nothing_is_seen(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 60, catalog, NULL, NULL);
	struct port_sample s = sample_of(1, 0);
	size_t rows = 0;
	s.client_packets = 1;
	s.active = 0;
	ports_add(ports, 0, &s, NULL);
	for (int64_t t = 1; t < 59; t++)
		ports_tick(ports, 0, START_US + t * SECOND);
	ports_each(ports, count_row, &rows);
	assert_int_equal(rows, 1);
	for (int64_t t = 59; t < 300; t++)
		ports_tick(ports, 0, START_US + t * SECOND);
	rows = 0;
	ports_each(ports, count_row, &rows);
	assert_int_equal(rows, 0);
	ports_free(ports);
}

static void a_window_rolls_over_and_the_silent_are_forgotten(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 10, catalog, add_record, NULL);
	struct port_sample other = sample_of(1, 0);
	other.client_packets = 1;
	other.active = 1; /* not silent: somebody is connected */
	ports_add(ports, 0, &other, NULL);
	second_of(ports, 0, 0, 0);
	for (int64_t t = 1; t < 10; t++) {
		got_count = 0;
		second_of(ports, 0, t, 0);
	}
	ask(ports);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[1].client_packets, 10);
	assert_int_equal(got[1].interval_s, 10);
	assert_int_equal(got[1].start, START_US);
	struct port_sample third = sample_of(2, 10);
	third.client_packets = 1;
	ports_add(ports, 0, &third, NULL);
	ask(ports); /* the window before still counts */
	assert_int_equal(got_count, 3);
	assert_int_equal(got[1].client_packets, 10);
	third.start_us += 10 * SECOND;
	ports_add(ports, 0, &third, NULL);
	ask(ports);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].active, 1);
	assert_int_equal(got[0].client_packets, 0);
	assert_int_equal(got[1].client_packets, 2);
	third.start_us += 1000 * SECOND;
	ports_add(ports, 0, &third, NULL);
	ask(ports);
	assert_int_equal(got[1].client_packets, 1);
	ports_free(ports);
}

static void quantiles_are_those_of_the_window(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 10, catalog, add_record, NULL);
	for (int64_t t = 0; t < 3; t++) {
		struct port_sample s = sample_of(0, t * 10);
		struct port_detail d =
			responses_of((uint64_t)t * 1000 + 1, (uint64_t)t * 1000 + 1000);
		s.client_packets = 1;
		s.has_detail = 1;
		ports_add(ports, 0, &s, &d);
	}
	ask(ports); /* the last two: 1,001 to 3,000 us */
	assert_int_equal(got_count, 1);
	assert_in_range(got[0].response_p50_us, 1980, 2020);
	assert_in_range(got[0].response_p95_us, 2871, 2929);
	assert_in_range(got[0].response_p99_us, 2950, 3010);
	assert_int_equal(got[0].handshake_p50_us, UNKNOWN_U64);
	ports_free(ports);
}

/* Seconds 0 and 3 of ten have a sample; the busiest, with the most open, is the last.
 */
static void silent_seconds_count_among_the_extremes_of_a_window(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 10, catalog, add_record, NULL);
	struct port_sample s = sample_of(1, 0);
	s.client_packets = 1;
	s.client_bytes = 100;
	s.server_bytes = 50;
	s.active = 4;
	got_count = 0;
	ports_add(ports, 0, &s, NULL);
	assert_int_equal(got[0].second_min_bytes, 150);
	assert_int_equal(got[0].second_max_bytes, 150);
	assert_int_equal(got[0].active_min, 4);
	ask(ports); /* one second, one sample */
	assert_int_equal(got[0].second_min_bytes, 150);
	s.start_us += 3 * SECOND;
	s.client_bytes = 300;
	s.active = 6;
	ports_add(ports, 0, &s, NULL);
	ports_tick(ports, 0, START_US + 4 * SECOND);
	ask(ports);
	assert_int_equal(got[0].interval_s, 4);
	assert_int_equal(got[0].second_min_bytes, 0);
	assert_int_equal(got[0].second_max_bytes, 350);
	assert_int_equal(got[0].active_min, 4);
	assert_int_equal(got[0].active_max, 6);
	/* In the next window six are open until the sample says two. */
	s.start_us = START_US + 12 * SECOND;
	s.active = 2;
	ports_add(ports, 0, &s, NULL);
	s.start_us = START_US + 22 * SECOND;
	ports_add(ports, 0, &s, NULL);
	ask(ports);
	assert_int_equal(got[0].active_min, 2);
	assert_int_equal(got[0].active_max, 6);
	ports_free(ports);
}

static void what_may_be_silent_has_no_errors(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 0, catalog, add_record, NULL);
	struct port_sample s = sample_of(0, 0);
	s.port = 514; /* syslog over UDP is not answered */
	s.proto = IPPROTO_UDP;
	s.ended = s.unanswered = 3;
	s.client_packets = 3;
	got_count = 0;
	ports_add(ports, 0, &s, NULL);
	s.proto = IPPROTO_TCP;
	s.data_packets = 7;
	s.lost_bytes = 5;
	ports_add(ports, 0, &s, NULL);
	assert_int_equal(got[0].ended, UNKNOWN_U64);
	assert_int_equal(got[0].errors, UNKNOWN_U64);
	assert_int_equal(got[0].lost_bytes, UNKNOWN_U64); /* of TCP only */
	assert_int_equal(got[1].ended, 3);
	assert_int_equal(got[1].errors, 3);
	assert_int_equal(got[1].data_packets, 7);
	assert_int_equal(got[1].lost_bytes, 5);
	ports_free(ports);
}

static void nothing_is_divided_by_zero(void **state)
{
	(void)state;
	struct ports *ports = ports_new(1, 0, catalog, add_record, NULL);
	struct port_sample s = sample_of(1, 0);
	got_count = 0;
	ports_add(ports, 0, &s, NULL);
	assert_true(got[0].error_ratio != got[0].error_ratio); /* NaN: unknown */
	assert_true(got[0].retransmit_ratio != got[0].retransmit_ratio);
	assert_true(got[0].lost_ratio != got[0].lost_ratio);
	assert_int_equal(got[0].clients, UNKNOWN_U64);
	ask(ports); /* before the first tick */
	assert_int_equal(got[0].interval_s, 1);
	ports_free(ports);
}

static void a_second_waits_for_every_worker(void **state)
{
	(void)state;
	struct ports *ports = ports_new(2, 10, catalog, add_record, NULL);
	got_count = 0;
	second_of(ports, 0, 0, 3);
	second_of(ports, 0, 1, 4);
	assert_int_equal(got_count, 0);
	second_of(ports, 1, 0, 2);
	assert_int_equal(got_count, 1);
	assert_int_equal(got[0].active, 5);
	assert_int_equal(got[0].client_packets, 2);
	ports_tick(ports, 1, START_US + 2 * SECOND);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[1].active, 6);
	ports_free(ports);
}

static void a_clock_that_steps_back_holds_nothing_up(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 2; workers++) {
		struct ports *ports = ports_new(workers, 10, catalog, add_record, NULL);
		got_count = 0;
		for (int64_t t = 3600; t < 3605; t++)
			for (unsigned w = 0; w < workers; w++)
				second_of(ports, w, t, 0);
		assert_int_equal(got_count, 5);
		/* In the middle of a second, the workers one after the other. */
		struct port_sample s = sample_of(0, 3605);
		s.client_packets = 1;
		for (unsigned w = 0; w < workers; w++)
			ports_add(ports, w, &s, NULL);
		for (int64_t t = 0; t < 30; t++)
			for (unsigned w = 0; w < workers; w++)
				second_of(ports, w, t, 0);
		/* A worker's first second may come out before the other's. */
		assert_in_range(got_count, 36, 35 + workers);
		size_t early = 0;
		while (early < got_count &&
		       got[early].start != START_US + 3605 * SECOND)
			early++;
		assert_in_range(early, 5, 6);
		ask(ports);
		assert_in_range(got[0].interval_s, 10, 20);
		assert_in_range(got[0].client_packets, 10 * workers, 20 * workers);
		ports_free(ports);
	}
}

static void spoken_at(struct ports *ports, int64_t second, uint16_t port,
		      const char *protocol)
{
	struct port_sample s = sample_of(0, second);
	s.port = port;
	s.client_packets = 1;
	s.protocol = protocol;
	s.protocol_us = s.start_us;
	got_count = 0;
	ports_add(ports, 0, &s, NULL);
	ports_tick(ports, 0, START_US + (second + 1) * SECOND);
	assert_int_equal(got_count, 1);
}

static void a_protocol_is_known_beyond_the_second_it_was_recognised_in(void **state)
{
	(void)state;
	/* Also where nobody asks for windows. */
	struct ports *ports = ports_new(1, PORTS_NO_WINDOW, catalog, add_record, NULL);
	spoken_at(ports, 0, 53, NULL);
	assert_string_equal(got[0].protocol_by, "port");
	spoken_at(ports, 1, 53, "ssh");
	spoken_at(ports, 2, 53, NULL);
	assert_string_equal(got[0].protocol, "ssh");
	assert_string_equal(got[0].protocol_by, "content");
	spoken_at(ports, 3, 54, NULL);
	assert_string_not_equal(got[0].protocol, "ssh");
	spoken_at(ports, 4, 53, "http");
	spoken_at(ports, 5, 53, NULL);
	assert_string_equal(got[0].protocol, "http");
	/* What has no room is forgotten, and the newest has room. */
	for (uint16_t port = 1000; port < 60000; port++)
		spoken_at(ports, port, port, "tls");
	spoken_at(ports, 60001, 53, NULL);
	assert_string_equal(got[0].protocol_by, "port");
	spoken_at(ports, 60002, 59999, NULL);
	assert_string_equal(got[0].protocol_by, "content");
	ports_free(ports);
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_forgotten_while_nothing_is_seen),
		TEST(four_workers_give_the_records_of_one),
		TEST(a_window_rolls_over_and_the_silent_are_forgotten),
		TEST(quantiles_are_those_of_the_window),
		TEST(silent_seconds_count_among_the_extremes_of_a_window),
		TEST(what_may_be_silent_has_no_errors),
		TEST(nothing_is_divided_by_zero),
		TEST(a_second_waits_for_every_worker),
		TEST(a_clock_that_steps_back_holds_nothing_up),
		TEST(a_protocol_is_known_beyond_the_second_it_was_recognised_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
