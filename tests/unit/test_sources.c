/*
 * test_sources.c: what is known of sources is bounded, outlives a restart, and can't be
 * pushed out by who sends packets under many names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contact_scene.h"
#include "detect/inside.h"
#include "kept_scene.h"

static struct source *known(struct scene *scene, const char *text)
{
	struct addr a = addr(text);
	return sources_find(&scene->detect->sources, &a);
}

static void from(struct scene *scene, const struct addr *client, uint32_t port,
		 const char *outcome)
{
	struct contact_record c = contact(scene, port, outcome);
	c.client_ip = *client;
	give(scene, &c);
	scene->count = 0;
}

/* Four failures in a row decide, four successes bring it back. */
static void the_sequential_test_is_that_of_the_paper(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 3; port++)
		meet(scene, port, "refused");
	assert_false(sources_scans(known(scene, SCANNER)));
	meet(scene, 4, "silent");
	assert_true(sources_scans(known(scene, SCANNER)));
	meet(scene, 80, "handshake");
	assert_false(sources_scans(known(scene, SCANNER)));
	/* Again the same says nothing new. */
	for (int i = 0; i < 100; i++) {
		meet(scene, 80, "handshake");
		meet(scene, 4, "silent");
	}
	meet(scene, 5, "silent");
	assert_true(sources_scans(known(scene, SCANNER)));
}

static void the_ttl_of_handshakes_is_remembered(void **state)
{
	struct scene *scene = *state;
	static const uint16_t ttls[] = { 57, 56, 240 };
	for (uint32_t i = 0; i < 3; i++) {
		struct contact_record c = contact(scene, 80 + i, "handshake");
		c.ttl = ttls[i];
		give(scene, &c);
	}
	meet(scene, 99, "refused");
	assert_int_equal(sources_ttl(known(scene, SCANNER)), 57);
	assert_int_equal(known(scene, SCANNER)->handshake_us, scene->now_us);
}

/* Of the same /24: each two ports. */
static void neighbours_are_counted(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 5; n++) {
		struct addr client = addr("198.51.100.1");
		client.ip6[15] = (uint8_t)(n + 1);
		from(scene, &client, 1000 + 2 * n, "refused");
		from(scene, &client, 1001 + 2 * n, "refused");
	}
	const struct source *prefix = scene->detect->sources.news.prefix;
	assert_int_equal(sources_neighbours(&scene->detect->sources, prefix), 5);
	assert_int_equal(prefix->failures, 10);
}

/* ---- a million names ---- */

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) +
	       (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void a_million_sources_push_out_none_that_matters(void **state)
{
	struct scene *scene = *state;
	struct timespec begin;
	for (uint32_t port = 1; port <= 10; port++)
		meet(scene, port, "refused");
	struct addr client = addr("198.51.100.9");
	from(scene, &client, 443, "handshake");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (uint32_t n = 0; n < 1000000; n++) {
		struct addr a = stranger(n * 2654435761U >> 8);
		from(scene, &a, 1 + n % 65535, "silent");
		scene->now_us += 100;
	}
	/* On a slow machine under a sanitizer, too; a quadratic one takes hours. */
	assert_true(seconds_since(&begin) < 100);
	assert_int_equal(known(scene, SCANNER)->failures, 10);
	assert_non_null(known(scene, "198.51.100.9"));
	assert_true(scene->detect->sources.evicted > 900000);
}

static void blocks_go_to_who_needs_them(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 60; port++)
		meet(scene, port, "refused");
	for (uint32_t n = 0; n < 20000; n++) {
		struct addr a = stranger(n * 7919);
		for (uint32_t port = 1; port <= 4; port++)
			from(scene, &a, port, "refused");
	}
	struct sources *sources = &scene->detect->sources;
	size_t count;
	sources_attempts(sources, known(scene, SCANNER), &count);
	assert_int_equal(count, 60);
	assert_true(sources->blocks_used <= BLOCKS_MAX);
}

/* ---- over a restart ---- */

static void a_slow_scan_goes_on_over_a_restart(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(keep(scene), "");
	for (uint32_t port = 1; port <= 10; port++) {
		meet(scene, port, "refused");
		scene->now_us += 300 * SECOND;
	}
	struct addr client = addr("198.51.100.9");
	from(scene, &client, 443, "handshake");
	restart(scene);
	assert_null(known(scene, SCANNER));
	assert_string_equal(keep(scene), "");
	assert_int_equal(known(scene, SCANNER)->failures, 10);
	assert_int_equal(sources_ttl(known(scene, "198.51.100.9")), 57);
	assert_true(
		sources_is_open(&scene->detect->sources, ATTEMPT_TCP,
				&(struct addr){ { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
				443, scene->now_us));
	for (uint32_t port = 11; port <= 15; port++) {
		meet(scene, port, "refused");
		scene->now_us += 300 * SECOND;
	}
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

static void it_is_written_in_pieces_while_all_goes_on(void **state)
{
	struct scene *scene = *state;
	char path[128];
	kept_path(path, sizeof(path), "sources.bin");
	keep(scene);
	for (uint32_t port = 1; port <= 10; port++)
		meet(scene, port, "refused");
	for (int i = 0; i < 330; i++)
		pass(scene, 1);
	assert_int_not_equal(access(path, F_OK), 0);
	pass(scene, 10);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_file_that_is_none_is_told_and_nothing_is_taken(void **state)
{
	struct scene *scene = *state;
	write_file("sources.bin", "hello", 5);
	assert_non_null(strstr(keep(scene), "cut off"));
	char text[4096] = "not one of ours";
	write_file("sources.bin", text, sizeof(text));
	assert_non_null(strstr(keep(scene), "no file of sources"));
}

static void a_damaged_file_is_told(void **state)
{
	struct scene *scene = *state;
	keep(scene);
	for (uint32_t port = 1; port <= 10; port++)
		meet(scene, port, "refused");
	restart(scene);
	damage_file("sources.bin", 5000);
	assert_non_null(strstr(keep(scene), "damaged"));
	assert_null(known(scene, SCANNER));
}

static void a_clock_that_was_set_back_puts_nothing_into_the_future(void **state)
{
	struct scene *scene = *state;
	scene->now_us += 400 * 24 * 3600 * SECOND;
	keep(scene);
	for (uint32_t port = 1; port <= 10; port++)
		meet(scene, port, "refused");
	restart(scene);
	scene->now_us = T0;
	assert_string_equal(keep(scene), "");
	assert_int_equal(known(scene, SCANNER)->last_us, T0);
	for (uint32_t port = 11; port <= 15; port++)
		meet(scene, port, "refused");
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

/* ---- thresholds ---- */

static int64_t some_time(void *self)
{
	return ((struct scene *)self)->now_us;
}

static void live_thresholds_are_lower_by_up_to_a_fifth(void **state)
{
	struct scene *scene = *state;
	struct sources live;
	uint32_t least = 100, most = 0;
	assert_true(sources_open(&live, true));
	for (uint32_t n = 0; n < 1000; n++) {
		struct addr a = stranger(n);
		uint32_t jittered = sources_jitter(&live, &a, 100);
		least = jittered < least ? jittered : least;
		most = jittered > most ? jittered : most;
		assert_int_equal(sources_jitter(&scene->detect->sources, &a, 100), 100);
	}
	sources_close(&live);
	assert_int_equal(least, 80);
	assert_int_equal(most, 100);
}

static void only_who_knows_the_time_is_live(void **state)
{
	struct scene *scene = *state;
	struct detect_sink sink = { .self = scene,
				    .finding = say,
				    .clock_us = some_time };
	assert_false(scene->detect->sources.is_live);
	detect_free(scene->detect);
	scene->detect = detect_new(&sink);
	assert_true(scene->detect->sources.is_live);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_sequential_test_is_that_of_the_paper),
		TEST(the_ttl_of_handshakes_is_remembered),
		TEST(neighbours_are_counted),
		TEST(a_million_sources_push_out_none_that_matters),
		TEST(blocks_go_to_who_needs_them),
		KEPT(a_slow_scan_goes_on_over_a_restart),
		KEPT(it_is_written_in_pieces_while_all_goes_on),
		KEPT(a_file_that_is_none_is_told_and_nothing_is_taken),
		KEPT(a_damaged_file_is_told),
		KEPT(a_clock_that_was_set_back_puts_nothing_into_the_future),
		TEST(live_thresholds_are_lower_by_up_to_a_fifth),
		TEST(only_who_knows_the_time_is_live),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
