/*
 * test_pipeline.c: a file through one worker and through many gives the same records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/pipeline.h"
#include "cli/worker.h"
#include "record/record.h"

#include "made_frame.h"

enum {
	FRAMES = 20000,
	HOSTS = 40,
	TEXTS_MAX = 200000,
	TCP = 6,
	UDP = 17,
	ICMP = 1,
	GRE = 47,
	IP4 = 0x0800,
	RAW = 101,
};

static char path[] = "/tmp/test_pipeline_XXXXXX";
static struct catalog *catalog;
static char *texts[TEXTS_MAX];
static size_t text_count;

static void add_text(enum record_kind kind, const void *record)
{
	struct buf json = { .size = 0 };
	record_json(&json, kind, record);
	assert_true(text_count < TEXTS_MAX);
	texts[text_count++] = strdup(buf_cstr(&json));
	buf_free(&json);
}

static void take_flow(void *self, const struct flow_record *flow)
{
	(void)self;
	add_text(RECORD_flow, flow);
}

static void take_port(void *self, const struct port_record *port,
		      const struct port_detail *detail)
{
	(void)self;
	(void)detail;
	add_text(RECORD_port, port);
}

static bool go_on(void *self, const struct capture_stats *now)
{
	(void)self;
	(void)now;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All records of the file, sorted, one a line. */
static struct buf replay(unsigned workers, struct pipeline_totals *totals)
{
	char error[CAPTURE_ERROR_MAX];
	int status;
	const char *const paths[] = { path };
	struct capture *capture = capture_files(paths, 1, NULL, error, &status);
	assert_non_null(capture);
	struct pipeline_options options = { .workers = workers,
					    .flows_max = 1 << 16,
					    .half_open_max = 1 << 16,
					    .source_share = 1 << 16,
					    .catalog = catalog };
	struct pipeline_sink sink = { .flow = take_flow, .port = take_port };
	struct pipeline *p = pipeline_replay(capture, &options, &sink, go_on, NULL);
	assert_non_null(p);
	pipeline_totals(p, totals);
	pipeline_free(p);
	capture_close(capture);
	struct buf all = { .size = 0 };
	qsort(texts, text_count, sizeof(texts[0]), by_text);
	for (size_t i = 0; i < text_count; i++) {
		buf_text(&all, texts[i]);
		buf_char(&all, '\n');
		free(texts[i]);
	}
	text_count = 0;
	return all;
}

/* ---- traffic ---- */

static uint32_t some(uint32_t most)
{
	return (uint32_t)rand() % (most + 1);
}

/* Gives an IPv4 packet that was made its own addresses. */
static void readdress(struct made *m, uint32_t from, uint32_t to)
{
	uint8_t *at = made_at(m);
	at[15] = (uint8_t)from;
	at[19] = (uint8_t)to;
	made_transport_sum(at + 20, m->len - 20, at[9], at + 12, 8);
	made_ip4_sum(at);
}

static void made_sequence(struct made *m)
{
	uint8_t *at = made_at(m);
	at[7] = (uint8_t)some(200);
	at[11] = (uint8_t)some(200);
}

static uint16_t a_port(void)
{
	static const uint16_t ports[] = { 80, 443, 53, 22, 8080 };
	return some(1) ? ports[some(4)] : (uint16_t)(40000 + some(20));
}

static struct made conversation(uint8_t proto)
{
	static const uint8_t flags[] = { 2, 18, 16, 24, 17, 4, 20 };
	struct made m;
	made_payload(&m, some(2) * some(100));
	if (proto == TCP) {
		made_tcp(&m, a_port(), a_port(), flags[some(6)]);
		made_sequence(&m);
	} else if (proto == UDP) {
		made_udp(&m, a_port(), a_port());
	} else {
		made_icmp(&m, some(1) ? 8 : 0, 0, 1);
	}
	made_ip4(&m, proto);
	readdress(&m, 1 + some(HOSTS), 1 + some(HOSTS));
	return m;
}

/* Of somebody else, about a packet that was or might have been. */
static struct made unreachable(const struct made *about)
{
	struct made m = *about;
	made_icmp(&m, 3, 3, 0);
	made_ip4(&m, ICMP);
	readdress(&m, 200 + some(5), made_at(&m)[20 + 8 + 15]);
	return m;
}

static struct made tunnelled(struct made m)
{
	if (some(1)) {
		made_ethernet(&m, IP4);
		made_put(&m, "\x08\0\0\0\0\0\7\0", 8);
		made_udp(&m, 50000, 4789);
		made_ip4(&m, UDP);
	} else {
		made_put(&m, "\0\0\x08\0", 4);
		made_ip4(&m, GRE);
	}
	readdress(&m, 100 + some(3), 110 + some(3));
	return m;
}

static struct made some_frame(void)
{
	static struct made last;
	static const uint8_t protos[] = { TCP, TCP, TCP, UDP, UDP, ICMP };
	static bool has_last;
	if (has_last && some(9) == 0)
		return unreachable(&last);
	struct made m = conversation(protos[some(5)]);
	last = m;
	has_last = true;
	return some(4) == 0 ? tunnelled(m) : m;
}

static void put_frame(FILE *file, const struct made *m, int64_t at_us)
{
	uint32_t header[4] = { (uint32_t)(at_us / 1000000), (uint32_t)(at_us % 1000000),
			       (uint32_t)m->len, (uint32_t)m->len };
	fwrite(header, sizeof(header), 1, file);
	fwrite(m->room + MADE_ROOM - m->len, m->len, 1, file);
}

static void write_file(int frames)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	const uint32_t header[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, RAW };
	fwrite(header, sizeof(header), 1, file);
	int64_t at_us = 1700000000000000;
	for (int i = 0; i < frames; i++) {
		/* Mostly dense, sometimes silent, at times a little back. */
		at_us += some(999) == 0 ? some(90) * 1000000 : some(50000);
		at_us -= some(99) == 0 ? some(3000) : 0;
		struct made m = some_frame();
		put_frame(file, &m, at_us);
	}
	assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
	(void)state;
	catalog = catalog_open("/nonexistent", "/nonexistent");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
	(void)state;
	catalog_close(catalog);
	return unlink(path);
}

static void any_number_of_workers_gives_the_same_records(void **state)
{
	(void)state;
	unsigned seed = (unsigned)getpid();
	print_message("# seed %u\n", seed);
	srand(seed);
	write_file(FRAMES);
	struct pipeline_totals one, many;
	struct buf expected = replay(1, &one);
	assert_non_null(strstr(buf_cstr(&expected), "\"end_reason\":\"rejected\""));
	assert_non_null(strstr(buf_cstr(&expected), "\"tunnel\":\"vxlan\""));
	assert_non_null(strstr(buf_cstr(&expected), "\"tunnel\":\"gre\""));
	assert_non_null(strstr(buf_cstr(&expected), "\"end_reason\":\"active\""));
	for (unsigned workers = 1; workers <= 5; workers++) {
		struct buf got = replay(workers, &many);
		assert_string_equal(buf_cstr(&got), buf_cstr(&expected));
		buf_free(&got);
		assert_int_equal(many.flow.packets, one.flow.packets);
		assert_int_equal(many.flow.bytes, one.flow.bytes);
		assert_int_equal(many.flow.flows_started, one.flow.flows_started);
		assert_int_equal(many.flow.flows_open, 0);
		assert_int_equal(many.capture.frames, FRAMES);
		assert_int_equal(many.first_us, one.first_us);
		assert_int_equal(many.newest_us, one.newest_us);
		assert_int_equal(many.records_dropped, 0);
		assert_memory_equal(many.decoded, one.decoded, sizeof(one.decoded));
	}
	buf_free(&expected);
}

static void a_file_without_packets_has_no_times(void **state)
{
	(void)state;
	write_file(0);
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct pipeline_totals totals;
		struct buf none = replay(workers, &totals);
		assert_int_equal(none.len, 0);
		buf_free(&none);
		assert_true(totals.first_us == INT64_MIN);
		assert_true(totals.newest_us == INT64_MIN);
		assert_int_equal(totals.flow.packets, 0);
	}
}

static void count_flow(void *to, const struct flow_record *flow)
{
	(void)flow;
	++*(unsigned *)to;
}

static void without_captures_everything_can_still_be_asked(void **state)
{
	(void)state;
	struct pipeline_options options = { .flows_max = 1024,
					    .half_open_max = 1024,
					    .source_share = 1024,
					    .window_s = 60,
					    .keyed = true,
					    .catalog = catalog };
	struct pipeline_sink sink = { .flow = take_flow, .port = take_port };
	struct pipeline *p = pipeline_start(NULL, &options, &sink);
	struct pipeline_totals totals;
	unsigned flows = 0;
	assert_non_null(p);
	pipeline_pump(p);
	pipeline_list(p, 10000, count_flow, &flows);
	pipeline_totals(p, &totals);
	assert_int_equal(flows, 0);
	assert_int_equal(totals.flow.packets, 0);
	assert_true(totals.newest_us == INT64_MIN);
	assert_int_equal(ports_count(pipeline_ports(p)), 0);
	assert_string_equal(pipeline_error(p), "");
	pipeline_stop(p);
	pipeline_free(p);
}

static void a_flood_of_findings_leaves_room_for_flows(void **state)
{
	(void)state;
	struct worker w = { .out = ring_new(1 << 20) };
	struct flow_sink sink = worker_sink(&w);
	struct finding_record finding;
	struct flow_record flow;
	assert_non_null(w.out);
	record_init(RECORD_finding, &finding);
	record_init(RECORD_flow, &flow);
	for (int i = 0; i < 10000; i++)
		sink.record(sink.self, RECORD_finding, &finding);
	uint64_t dropped = w.stats.records_dropped;
	assert_in_range(dropped, 1, 9999);
	for (int i = 0; i < 50; i++)
		sink.flow(sink.self, &flow);
	assert_int_equal(w.stats.records_dropped, dropped);
	ring_free(w.out);
}

/* A flood of datagrams ends a flow with each; what came of a scanner's ports comes
 * through all the same. */
static void a_flood_of_flows_leaves_room_for_evidence(void **state)
{
	(void)state;
	struct worker w = { .out = ring_new(1 << 20) };
	struct flow_sink sink = worker_sink(&w);
	struct contact_record contact;
	struct flow_record flow;
	assert_non_null(w.out);
	record_init(RECORD_contact, &contact);
	record_init(RECORD_flow, &flow);
	flow.server_packets = 0;
	for (int i = 0; i < 10000; i++)
		sink.flow(sink.self, &flow);
	uint64_t dropped = w.stats.records_dropped;
	assert_in_range(dropped, 1, 9999);
	for (int i = 0; i < 200; i++)
		sink.record(sink.self, RECORD_contact, &contact);
	assert_int_equal(w.stats.records_dropped, dropped);
	ring_free(w.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_workers_gives_the_same_records),
		cmocka_unit_test(a_flood_of_findings_leaves_room_for_flows),
		cmocka_unit_test(a_flood_of_flows_leaves_room_for_evidence),
		cmocka_unit_test(a_file_without_packets_has_no_times),
		cmocka_unit_test(without_captures_everything_can_still_be_asked),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
