/*
 * test_match.c: which incidents are meant, and what is said of what can't be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/match.h"
#include "base/buf.h"

static struct incident_record incident;
static const char *own = ""; /* this machine's name in a fleet */

static int make(void **state)
{
	(void)state;
	record_init(RECORD_incident, &incident);
	incident.severity = "high";
	incident.port = 5905;
	incident.targets = 3;
	incident.value = 0.25;
	incident.automatic = 1;
	assert_true(addr_parse("192.0.2.17", &incident.server_ip));
	record_text(incident.service, sizeof(incident.service), "http-alt");
	record_text(incident.target, sizeof(incident.target), "https://Shop, main");
	record_text(incident.tags, sizeof(incident.tags), "customer,shop-eu");
	return 0;
}

static bool holds(const char *text)
{
	struct match match;
	size_t column;
	struct buf why = { 0 };
	bool is_good = match_parse(text, &match, &column, &why);
	if (!is_good)
		fail_msg("%s: %zu: %s", text, column, buf_cstr(&why));
	buf_free(&why);
	return match_holds(&match, &incident, own);
}

static void all_conditions_have_to_hold(void **state)
{
	(void)state;
	assert_true(holds(""));
	assert_true(holds("severity>=high port=5905"));
	assert_true(holds("  severity>=high   tags=customer  "));
	assert_false(holds("severity>=high port=443"));
	assert_false(holds("severity<high port=5905"));
}

static void severities_are_in_order(void **state)
{
	(void)state;
	assert_true(holds("severity>medium"));
	assert_true(holds("severity<=high"));
	assert_true(holds("severity!=critical"));
	assert_true(holds("severity=high,critical"));
	assert_false(holds("severity>high"));
	assert_false(holds("severity=low,medium"));
}

static void numbers_have_ranges(void **state)
{
	(void)state;
	assert_true(holds("port=22,5900-5910"));
	assert_false(holds("port!=5900-5910"));
	assert_true(holds("port>5000 targets>=3 value<0.3"));
	assert_false(holds("targets<3"));
}

static void texts_have_stars_and_parts(void **state)
{
	(void)state;
	assert_true(holds("service=http*"));
	assert_false(holds("service=http"));
	assert_true(holds("target=*Shop*"));
	assert_false(holds("target=*shop*"));
	assert_true(holds("target=~shop"));
	assert_true(holds("target=\"https://Shop, main\""));
	assert_true(holds("service=ssh,\"http-alt\""));
}

static void each_tag_is_looked_at(void **state)
{
	(void)state;
	assert_true(holds("tags=customer"));
	assert_true(holds("tags=shop-*"));
	assert_false(holds("tags=shop"));
	assert_false(holds("tags!=customer"));
	assert_true(holds("tags=~SHOP"));
}

static bool covers(const char *text)
{
	struct match match;
	size_t column;
	struct buf why = { 0 };
	assert_true(match_parse(text, &match, &column, &why));
	buf_free(&why);
	return match_covers(&match, &incident, own);
}

static void each_sensor_is_looked_at(void **state)
{
	(void)state;
	assert_false(holds("sensor=web-1"));
	assert_true(holds("sensor!=web-1"));
	record_text(incident.sensor, sizeof(incident.sensor), "hub");
	record_text(incident.sensors, sizeof(incident.sensors), "web-1");
	assert_true(holds("sensor=web-1"));
	assert_true(covers("sensor=web-1 port=5905"));
	assert_false(covers("sensor=web-1 port=443"));
	assert_false(holds("sensor=hub"));
	record_text(incident.sensors, sizeof(incident.sensors), "web-1,db-2");
	assert_true(holds("sensor=db-2"));
	assert_true(holds("sensors=web-*"));
	assert_false(holds("sensor!=web-1"));
	assert_false(covers("sensor=web-1"));
	assert_true(covers("sensor=web-1,db-2"));
	assert_true(covers("sensor=web-1,db-*,x"));
	assert_true(covers("sensor=~B"));
	assert_false(covers("sensor!=db-2"));
	assert_true(covers("sensor!=other tags=customer"));
	record_text(incident.sensors, sizeof(incident.sensors), "web-1,...");
	assert_false(covers("sensor=web-*"));
	assert_true(covers("sensor=*"));
}

/* A sensor's incidents list none: they are its own. */
static void a_sensor_knows_its_own_name(void **state)
{
	(void)state;
	own = "web-1";
	assert_true(holds("sensor=web-1"));
	assert_true(covers("sensor=web-*,db-2 tags=customer"));
	assert_false(holds("sensor=db-2"));
	assert_false(covers("sensor=db-2"));
	assert_false(holds("sensor!=web-1"));
	assert_true(covers("sensor!=db-2"));
	record_text(incident.sensors, sizeof(incident.sensors), "db-2");
	assert_true(covers("sensor=db-2"));
	assert_false(holds("sensor=web-1"));
	own = "";
}

static void addresses_have_prefixes(void **state)
{
	(void)state;
	assert_true(holds("server_ip=192.0.2.0/24"));
	assert_true(holds("server_ip=10.0.0.0/8,192.0.2.17"));
	assert_true(holds("server_ip!=2001:db8::/32"));
	assert_false(holds("server_ip=192.0.2.0/28"));
}

static void what_is_unknown_is_no_value(void **state)
{
	(void)state;
	assert_false(holds("client_ip=0.0.0.0/0"));
	assert_false(holds("client_ip=::/0"));
	assert_false(holds("limit<5"));
	assert_false(holds("limit>=5"));
	assert_true(holds("limit!=5"));
	assert_false(holds("owner=*"));
	assert_true(holds("owner!=*"));
	assert_true(holds("automatic=yes false_positive!=yes"));
	assert_false(holds("false_positive=no"));
}

static void is_refused(const char *text, size_t column, const char *part)
{
	struct match match;
	struct buf why = { 0 };
	size_t said;
	assert_false(match_parse(text, &match, &said, &why));
	if (said != column || strstr(buf_cstr(&why), part) == NULL)
		fail_msg("%s: %zu: %s", text, said, buf_cstr(&why));
	buf_free(&why);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	is_refused("port=443 severty=high", 10, "\"severty\" is no field");
	is_refused("severty=high", 1, "severity, summary");
	is_refused("first=1", 1, "no field");
	is_refused("suppressed_by=x", 1, "no field");
	is_refused("=443", 1, "no field");
	is_refused("port", 5, "=, !=, <");
	is_refused("port=~4", 5, "allowed are =, !=, <");
	is_refused("service>a", 8, "allowed are =, != and =~");
	is_refused("port=", 6, "port can't be \"\"");
	is_refused("port=80,http", 9, "\"http\"; allowed is a number");
	is_refused("port=inf", 6, "allowed is a number");
	is_refused("port=90-80", 6, "allowed is a number");
	is_refused("port>80-90", 6, "allowed is a number");
	is_refused("port>80,90", 6, "allowed is one");
	is_refused("severity>=bad", 11, "notice, low, medium");
	is_refused("server_ip=192.0.2.0/99", 11, "a prefix such as");
	is_refused("automatic=1", 11, "yes or no");
	is_refused("target=~web.*", 9, "without *");
	is_refused("target=\"open", 8, "quotes that do not end");
	is_refused("target=\"a\"b", 11, "a blank or a comma");
}

static void there_is_an_end_to_all(void **state)
{
	(void)state;
	char text[1024] = "";
	struct buf many = { 0 };
	for (int i = 0; i < 17; i++)
		buf_text(&many, "port=1 ");
	is_refused(buf_cstr(&many), 113, "allowed are 16");
	buf_clear(&many);
	buf_text(&many, "port=1");
	for (int i = 0; i < 64; i++)
		buf_text(&many, ",1");
	is_refused(buf_cstr(&many), 134, "allowed are 64");
	buf_free(&many);
	memset(text, ' ', sizeof(text) - 1);
	is_refused(text, 256, "allowed are 255 bytes");
	/* A pattern that would blow up a careless search. */
	memset(incident.target, 'a', sizeof(incident.target) - 1);
	assert_false(holds("target=*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, make)
		TEST(all_conditions_have_to_hold),
		TEST(severities_are_in_order),
		TEST(numbers_have_ranges),
		TEST(texts_have_stars_and_parts),
		TEST(each_tag_is_looked_at),
		TEST(each_sensor_is_looked_at),
		TEST(a_sensor_knows_its_own_name),
		TEST(addresses_have_prefixes),
		TEST(what_is_unknown_is_no_value),
		TEST(what_is_wrong_is_said_with_its_place),
		TEST(there_is_an_end_to_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
