/* What one address did at each sensor, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fleet/story.h"

#define T0     1800000000000000LL
#define SECOND 1000000LL

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static void connect_to(struct story *story, const char *sensor, int second,
		       uint32_t port, const char *state)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = T0 + second * SECOND;
	f.client_ip = addr("203.0.113.9");
	f.server_port = port;
	f.transport = "tcp";
	f.state = state;
	record_text(f.sensor, sizeof(f.sensor), sensor);
	assert_true(story_add(story, RECORD_flow, &f));
}

static void find(struct story *story, const char *sensor, int second, const char *says)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	f.first = T0;
	f.last = T0 + second * SECOND;
	f.client_ip = addr("203.0.113.9");
	f.severity = "low";
	record_text(f.id, sizeof(f.id), "00000000000000a1");
	record_text(f.summary, sizeof(f.summary), says);
	record_text(f.sensor, sizeof(f.sensor), sensor);
	assert_true(story_add(story, RECORD_finding, &f));
}

static struct story *story_of(const char *who)
{
	struct addr a = addr(who);
	struct story *story = story_new(&a);
	assert_non_null(story);
	return story;
}

static void it_is_told_in_order_and_by_sensor(void **state)
{
	(void)state;
	struct story *story = story_of("203.0.113.9");
	connect_to(story, "web-2", 30, 22, "SF");
	connect_to(story, "web-1", 10, 80, "REJ");
	connect_to(story, "web-1", 20, 23, "REJ");
	connect_to(story, "web-1", 40, 22, "SF");
	assert_int_equal(story_finish(story), 3);
	const struct story_line *line = story_at(story, 0);
	assert_string_equal(line->sensor, "web-1");
	assert_string_equal(line->what, "tried, was refused (tcp)");
	assert_int_equal(line->count, 2);
	assert_int_equal(line->port_count, 2);
	assert_int_equal(line->ports[0], 23);
	assert_int_equal(line->ports[1], 80);
	assert_true(line->last_us == T0 + 20 * SECOND);
	assert_string_equal(story_at(story, 1)->sensor, "web-2");
	assert_string_equal(story_at(story, 2)->what, "connected (tcp)");
	assert_int_equal(story_sensors(story), 2);
	story_free(story);
}

static void what_is_told_again_is_one(void **state)
{
	(void)state;
	struct story *story = story_of("203.0.113.9");
	find(story, "hub", 20, "It scanned 9 ports.");
	find(story, "hub", 10, "It scanned 5 ports.");
	assert_int_equal(story_finish(story), 1);
	assert_string_equal(story_at(story, 0)->what, "It scanned 9 ports.");
	assert_int_equal(story_at(story, 0)->count, 1);
	assert_int_equal(story_sensors(story), 0);
	story_free(story);
}

static void others_are_passed_over(void **state)
{
	(void)state;
	struct story *story = story_of("203.0.113.10");
	connect_to(story, "web-1", 10, 80, "REJ");
	find(story, "web-1", 10, "It scanned.");
	assert_int_equal(story_finish(story), 0);
	story_free(story);
}

static void the_lowest_ports_are_kept(void **state)
{
	(void)state;
	struct story *story = story_of("203.0.113.9");
	for (uint32_t port = 2000; port > 1000; port--)
		connect_to(story, "web-1", (int)(2000 - port), port, "S0");
	assert_int_equal(story_finish(story), 1);
	const struct story_line *line = story_at(story, 0);
	assert_int_equal(line->count, 1000);
	assert_int_equal(line->port_count, STORY_PORTS_MAX);
	for (uint32_t i = 0; i < STORY_PORTS_MAX; i++)
		assert_int_equal(line->ports[i], 1001 + i);
	story_free(story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_in_order_and_by_sensor),
		cmocka_unit_test(what_is_told_again_is_one),
		cmocka_unit_test(others_are_passed_over),
		cmocka_unit_test(the_lowest_ports_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
