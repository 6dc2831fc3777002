/*
 * test_detect_scan.c: what a scan saw, beside the register.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect_scene.h"

static const char registered[] =
	"ports:\n"
	"  - port: 22\n    transport: tcp\n    exe: /usr/sbin/sshd\n    protocol: ssh\n"
	"  - port: 443\n    transport: tcp\n    protocol: tls\n"
	"  - port: 50000-50010\n    transport: tcp\n"
	"  - port: 8443\n    transport: tcp\n    expires: 2027-01-01\n"
	"  - port: 5432\n    transport: tcp\n    address: loopback\n";

static struct scan_record seen(struct scene *scene, uint32_t port, const char *state)
{
	struct scan_record scan;
	record_init(RECORD_scan, &scan);
	scan.at = scene->now_us;
	scan.ip = addr("192.0.2.1");
	scan.port = port;
	scan.transport = "tcp";
	scan.state = state;
	return scan;
}

static void scan(struct scene *scene, uint32_t port, const char *state)
{
	struct scan_record record = seen(scene, port, state);
	scene->count = 0;
	detect_scan(scene->detect, &record, UNKNOWN_FLAG);
}

/* All but what is missing is of the same weight. */
static const struct finding_record *only(struct scene *scene, const char *kind,
					 const char *state)
{
	bool is_missing = strcmp(kind, "missing_listener") == 0;
	return said_once(scene, kind, "scan", is_missing ? "low" : "medium", state);
}

static void without_a_register_nothing_is_wrong(void **state)
{
	scan(*state, 4444, "open");
	assert_int_equal(((struct scene *)*state)->count, 0);
}

static void
what_is_open_and_not_registered_is_a_finding_until_it_is_closed(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	struct scan_record record = seen(scene, 4444, "open");
	record_text(record.protocol, sizeof(record.protocol), "http");
	record_text(record.software, sizeof(record.software), "nginx/1.22.1");
	detect_scan(scene->detect, &record, UNKNOWN_FLAG);
	const struct finding_record *f = only(scene, "unauthorized_port", "open");
	assert_string_equal(f->summary,
			    "The register has no entry for 192.0.2.1:4444/tcp, where a "
			    "scan found http of nginx/1.22.1.");
	scan(scene, 4444, "filtered");
	assert_int_equal(scene->count, 0);
	scan(scene, 4444, "closed");
	only(scene, "unauthorized_port", "closed");
}

static void what_is_registered_and_closed_is_a_finding_until_it_is_open(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	scan(scene, 22, "closed");
	const struct finding_record *f = only(scene, "missing_listener", "open");
	assert_string_equal(f->summary, "The register has 22/tcp, and a scan found it "
					"closed at 192.0.2.1.");
	assert_string_equal(f->severity, "low");
	scan(scene, 22, "open|filtered");
	assert_int_equal(scene->count, 0);
	scan(scene, 22, "open");
	only(scene, "missing_listener", "closed");
}

static void a_range_an_other_address_and_what_is_over_need_nobody(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	scan(scene, 50001, "closed");
	assert_int_equal(scene->count, 0);
	scan(scene, 5432, "closed");
	assert_int_equal(scene->count, 0);
	scan(scene, 8443, "closed");
	assert_int_equal(scene->count, 0);
	scan(scene, 8443, "open");
	only(scene, "unauthorized_port", "open");
	scan(scene, 5432, "open");
	only(scene, "unauthorized_port", "open");
}

static void another_protocol_than_the_registered_one_is_a_finding(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	struct scan_record record = seen(scene, 22, "open");
	record_text(record.protocol, sizeof(record.protocol), "http");
	detect_scan(scene->detect, &record, 1);
	const struct finding_record *f = only(scene, "unexpected_protocol", "open");
	assert_string_equal(f->summary,
			    "The register has ssh on 22/tcp, where a scan found http.");
	scene->count = 0;
	record_text(record.protocol, sizeof(record.protocol), "ssh");
	detect_scan(scene->detect, &record, 1);
	only(scene, "unexpected_protocol", "closed");
	scene->count = 0;
	record = seen(scene, 443, "open");
	record_text(record.protocol, sizeof(record.protocol), "https");
	record_text(record.tls_version, sizeof(record.tls_version), "TLS 1.3");
	detect_scan(scene->detect, &record, UNKNOWN_FLAG);
	assert_int_equal(scene->count, 0);
}

/* The listener has its own finding, which knows the program. */
static void a_known_listener_is_not_told_twice(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	struct scan_record record = seen(scene, 4444, "open");
	detect_scan(scene->detect, &record, 1);
	assert_int_equal(scene->count, 0);
}

static void a_new_register_ends_what_the_old_one_said(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, registered);
	scan(scene, 4444, "open");
	only(scene, "unauthorized_port", "open");
	scene->count = 0;
	put_in_force(scene, "ports:\n  - port: 4444\n    transport: tcp\n");
	only(scene, "unauthorized_port", "closed");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(without_a_register_nothing_is_wrong),
		TEST(what_is_open_and_not_registered_is_a_finding_until_it_is_closed),
		TEST(what_is_registered_and_closed_is_a_finding_until_it_is_open),
		TEST(a_range_an_other_address_and_what_is_over_need_nobody),
		TEST(another_protocol_than_the_registered_one_is_a_finding),
		TEST(a_known_listener_is_not_told_twice),
		TEST(a_new_register_ends_what_the_old_one_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
