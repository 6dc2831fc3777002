/*
 * test_beacon.c: programs that call home by the clock, and those that only look so.
 *
 * Series are made by a generator with fixed seeds, so each run sees the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "detect/beacon_score.h"
#include "detect_scene.h"
#include "kept_scene.h"
#include "policy/blocklist.h"

#define HOUR (3600 * SECOND)

/* 0..1, the same each time (Knuth's constants). */
static double next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(*seed >> 11) / (double)(1ULL << 53);
}

static struct flow_record flow(struct scene *scene, uint64_t bytes)
{
	struct flow_record f = flow_of(scene, "192.0.2.1", 443);
	f.end = scene->now_us + SECOND;
	f.server_ip = addr("203.0.113.66");
	f.client_payload_bytes = f.server_payload_bytes = bytes;
	return f;
}

struct series {
	double period_s, jitter; /* of the period, to both sides; below 0: at random */
	double hours;
	double sizes; /* vary by so much, to both sides */
	uint64_t seed;
};

/* What a test changes of each. */
typedef void change_flow(struct flow_record *flow);

static void play(struct scene *scene, const struct series *s, change_flow *change)
{
	uint64_t seed = s->seed;
	int64_t end_us = scene->now_us + (int64_t)(s->hours * (double)HOUR);
	while (scene->now_us < end_us) {
		double u = next(&seed), v = next(&seed);
		double gap_s = s->jitter < 0
				       ? -s->period_s * log(1 - u)
				       : s->period_s * (1 + s->jitter * (2 * u - 1));
		struct flow_record f =
			flow(scene, (uint64_t)(300 * (1 + s->sizes * (2 * v - 1))));
		if (change != NULL)
			change(&f);
		detect_flow(scene->detect, &f);
		scene->now_us += (int64_t)(gap_s * (double)SECOND) + 1;
		detect_tick(scene->detect, scene->now_us);
		if (scene->count > SAID_MAX - 4)
			scene->count = 1; /* of a long series only the first matters */
	}
}

static bool is_found(const struct series *s, change_flow *change)
{
	void *state;
	begin(&state);
	struct scene *scene = state;
	play(scene, s, change);
	bool found = false;
	for (size_t i = 0; i < scene->count; i++) {
		found |= strcmp(scene->said[i].kind, "beacon") == 0;
		assert_string_equal(scene->said[i].severity, "notice");
	}
	end(&state);
	return found;
}

static void beacons_are_found_whatever_their_jitter(void **state)
{
	static const double periods[] = { 10, 60, 300, 900 };
	static const double jitters[] = { 0, .1, .2, .3, .4, .5 };
	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		for (size_t j = 0; j < sizeof(jitters) / sizeof(jitters[0]); j++)
			for (uint64_t seed = 1; seed <= 5; seed++) {
				const struct series s = { periods[i], jitters[j], 24,
							  .1, seed };
				if (!is_found(&s, NULL))
					fail_msg("every %.0f s, jitter %.1f, seed %u",
						 s.period_s, s.jitter, (unsigned)seed);
			}
}

/* Also if each says the same. */
static void what_comes_at_random_is_none(void **state)
{
	static const double periods[] = { 20, 60, 300, 900 };
	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			const struct series s = { periods[i], -1, 24, 0, seed };
			if (is_found(&s, NULL))
				fail_msg("every %.0f s, seed %u", s.period_s,
					 (unsigned)seed);
		}
}

/* Parts of a page, in tenths of seconds; or clicks, with a pause after each dozen. */
static void what_comes_in_bursts_is_none(void **state)
{
	static const struct {
		int parts;
		double part_s, pause_s;
	} cases[] = { { 9, .4, 600 }, { 40, .4, 900 }, { 12, 8, 900 } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *scene_state;
		begin(&scene_state);
		struct scene *scene = scene_state;
		uint64_t seed = i + 1;
		for (int j = 0; scene->now_us < T0 + 24 * HOUR; j++) {
			struct flow_record f = flow(scene, 300);
			detect_flow(scene->detect, &f);
			bool last = j % cases[i].parts == cases[i].parts - 1;
			double gap_s = last ? cases[i].pause_s : cases[i].part_s;
			scene->now_us += (int64_t)(gap_s * (.7 + .6 * next(&seed)) *
						   (double)SECOND);
		}
		said_nothing(scene);
		end(&scene_state);
	}
}

static const struct series plain = { 60, .1, 12, .1, 7 };

static void few_or_short_is_none(void **state)
{
	static const struct series some[] = {
		{ 60, .1, 5.9, .1, 1 },
		{ 1900, .1, 9.9, .1, 1 },
	};
	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_false(is_found(&some[i], NULL));
	assert_true(is_found(&plain, NULL));
}

static void to_ntp(struct flow_record *f)
{
	f->transport = "udp";
	f->server_port = 123;
}

static void to_resolver(struct flow_record *f)
{
	f->transport = "udp";
	f->server_port = 53;
}

static void to_private(struct flow_record *f)
{
	f->server_ip = addr("10.1.2.3");
}

static void to_us(struct flow_record *f)
{
	f->server_ip = f->client_ip;
	f->client_ip = addr("203.0.113.66");
}

static void as_probe(struct flow_record *f)
{
	f->probe = 1;
}

static void of_others(struct flow_record *f)
{
	f->client_ip = addr("198.51.100.1");
}

static void in_one_connection(struct flow_record *f)
{
	f->start = T0;
	f->end_reason = "active";
}

static void to_multicast(struct flow_record *f)
{
	f->transport = "udp";
	f->server_ip = addr("239.1.1.1");
}

/* Prometheus that scrapes us comes in. */
static void what_goes_by_the_clock_for_good_reason_is_none(void **state)
{
	static change_flow *const changes[] = {
		to_ntp,   to_resolver, to_private,        to_us,
		as_probe, of_others,   in_one_connection, to_multicast,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (is_found(&plain, changes[i]))
			fail_msg("change %zu", i);
}

static void a_known_monitor_is_none(void **state)
{
	struct scene *scene = *state;
	struct home friends = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("203.0.113.0/24", &prefix));
	home_add(&friends, &prefix);
	detect_set_friends(scene->detect, &friends);
	play(scene, &plain, NULL);
	said_nothing(scene);
}

static void a_finding_says_how_often_and_how_even(void **state)
{
	struct scene *scene = *state;
	const struct series even = { 60, 0, 12, 0, 1 };
	play(scene, &even, NULL);
	assert_true(scene->count > 0);
	assert_int_equal(open_count(scene), 1);
	const struct finding_record *f = &scene->said[0];
	assert_string_equal(f->kind, "beacon");
	assert_string_equal(f->mitre, "T1071");
	assert_string_equal(f->proof, "dialogue");
	assert_int_equal(f->first, T0);
	assert_string_equal(f->summary,
			    "192.0.2.1 calls 203.0.113.66 port 443/tcp by the "
			    "clock, every 60.0 s, for 6 hours.");
	assert_non_null(strstr(f->evidence, "score 1.00"));
	assert_true(f->confidence > .99);
	/* Six hours, and three scores in a row. */
	assert_in_range(f->last - f->first, 6 * HOUR, 7 * HOUR);
}

static void ssh_on_the_port_of_the_web(struct flow_record *f)
{
	record_text(f->protocol, sizeof(f->protocol), "ssh");
	f->protocol_by = "content";
}

static void another_protocol_than_the_ports_is_more(void **state)
{
	struct scene *scene = *state;
	play(scene, &plain, ssh_on_the_port_of_the_web);
	assert_true(scene->count > 0);
	assert_string_equal(scene->said[0].severity, "low");
	assert_string_equal(scene->said[0].mitre, "T1571");
}

static void one_that_is_on_a_list_is_more(void **state)
{
	struct scene *scene = *state;
	const struct blocklist_source source = { "l", 10, T0 };
	struct buf errors = { 0 };
	struct blocklist *list = blocklist_parse("203.0.113.66", 12, &source, &errors);
	const struct blocklist *const lists[] = { list };
	detect_set_blocklists(scene->detect, lists, 1);
	play(scene, &plain, NULL);
	bool found = false;
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->said[i].kind, "beacon") == 0) {
			found = true;
			assert_string_equal(scene->said[i].severity, "low");
		}
	assert_true(found);
	detect_set_blocklists(scene->detect, NULL, 0);
	blocklist_free(list);
}

/* A scan of ours meets a hundred thousand servers once: the beacon is not forgotten. */
static void many_others_do_not_push_it_out(void **state)
{
	struct scene *scene = *state;
	uint32_t other = 0;
	int64_t end_us = scene->now_us + 8 * HOUR;
	while (scene->now_us < end_us) {
		struct flow_record f = flow(scene, 300);
		detect_flow(scene->detect, &f);
		for (int i = 0; i < 300; i++) {
			uint32_t four = 0x08000008 + ++other;
			f.server_ip = addr_v4(&four);
			detect_flow(scene->detect, &f);
		}
		scene->now_us += 60 * SECOND;
	}
	bool found = false;
	for (size_t i = 0; i < scene->count; i++)
		found |= strcmp(scene->said[i].kind, "beacon") == 0;
	assert_true(found);
}

static void restart_with(struct scene *scene, bool is_kept)
{
	struct home own = { .count = 0 };
	struct prefix prefix;
	restart(scene);
	assert_true(prefix_parse("192.0.2.1", &prefix));
	home_add(&own, &prefix);
	detect_set_own(scene->detect, &own);
	if (is_kept)
		keep(scene);
}

/* Three hours before it, three after it. */
static void a_restart_is_no_new_begin(void **state)
{
	struct scene *scene = *state;
	char path[128];
	const struct series half = { 60, .1, 3.5, .1, 7 };
	kept_path(path, sizeof(path), "beacons.bin");
	restart_with(scene, true);
	play(scene, &half, NULL);
	said_nothing(scene);
	restart_with(scene, true);
	play(scene, &half, NULL);
	assert_true(scene->count > 0);
	assert_string_equal(scene->said[0].kind, "beacon");
	assert_int_equal(scene->said[0].first, T0);
	scene->count = 0;

	/* A file that is not whole is none. */
	restart_with(scene, false);
	assert_int_equal(truncate(path, 1000), 0);
	restart_with(scene, true);
	play(scene, &half, NULL);
	said_nothing(scene);
}

static void evil_times_are_taken(void **state)
{
	static const int64_t times[] = {
		INT64_MIN, -1, 0, INT64_MAX, INT64_MAX / 2, 1
	};
	struct scene *scene = *state;
	for (int i = 0; i < 600; i++) {
		struct flow_record f = flow(scene, UINT64_MAX - 1);
		f.start = times[i % 6];
		f.server_ip.ip6[15] = (uint8_t)(i / 60);
		detect_flow(scene->detect, &f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beacons_are_found_whatever_their_jitter),
		cmocka_unit_test(what_comes_at_random_is_none),
		cmocka_unit_test(what_comes_in_bursts_is_none),
		cmocka_unit_test(few_or_short_is_none),
		cmocka_unit_test(what_goes_by_the_clock_for_good_reason_is_none),
		TEST(a_known_monitor_is_none),
		TEST(a_finding_says_how_often_and_how_even),
		TEST(another_protocol_than_the_ports_is_more),
		TEST(one_that_is_on_a_list_is_more),
		TEST(many_others_do_not_push_it_out),
		KEPT(a_restart_is_no_new_begin),
		TEST(evil_times_are_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
