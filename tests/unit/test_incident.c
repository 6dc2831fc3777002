/*
 * test_incident.c: what belongs together has one incident, and nobody innocent is in
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect/incident.h"
#include "detect_scene.h"

#define HOUR   (3600 * SECOND)
#define TARGET "192.0.2.1"

struct given {
	const char *kind, *client, *proof, *severity;
	int64_t at_us;
};

static struct incidents incidents;

static int forget(void **state)
{
	(void)state;
	incidents_clear(&incidents);
	return 0;
}

static struct finding_record found(struct given g)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	f.kind = g.kind;
	f.technique = "syn";
	f.proof = g.proof;
	f.severity = g.severity;
	f.client_ip = g.client != NULL ? addr(g.client) : addr_unset();
	f.server_ip = addr(TARGET);
	f.first = f.last = T0 + g.at_us;
	return f;
}

static struct finding_record noted(struct given g)
{
	struct finding_record f = found(g);
	incidents_note(&incidents, &f);
	return f;
}

static void are_together(const struct finding_record *a, const struct finding_record *b)
{
	assert_int_equal(strlen(a->incident), 16);
	assert_string_equal(a->incident, b->incident);
}

static void are_apart(const struct finding_record *a, const struct finding_record *b)
{
	assert_string_not_equal(a->incident, b->incident);
}

static const struct given scan = { "port_scan", "198.51.100.7", "unsolicited", "low",
				   0 };

static void what_is_no_attack_is_in_no_incident(void **state)
{
	(void)state;
	struct finding_record f = noted(
		(struct given){ "weak_protocol", "198.51.100.7", NULL, "low", 0 });
	assert_string_equal(f.incident, "");
}

static void a_source_is_one_incident_for_an_hour(void **state)
{
	(void)state;
	struct finding_record first = noted(scan);
	struct given g = { "host_sweep", scan.client, "unsolicited", "low", HOUR };
	struct finding_record second = noted(g);
	are_together(&first, &second);
	g.at_us = 3 * HOUR;
	struct finding_record late = noted(g);
	are_apart(&first, &late);
	g.client = "198.51.100.8";
	struct finding_record other = noted(g);
	are_apart(&late, &other);
}

static void a_scan_that_goes_over_to_guessing_goes_on(void **state)
{
	(void)state;
	struct finding_record first = noted(scan);
	struct finding_record guessing = noted((struct given){
		"brute_force", scan.client, "dialogue", "medium", 60 * SECOND });
	struct finding_record in =
		noted((struct given){ "login_after_failures", scan.client, "dialogue",
				      "critical", 90 * SECOND });
	struct finding_record again = noted((struct given){
		"host_sweep", scan.client, "unsolicited", "low", 95 * SECOND });
	are_together(&first, &guessing);
	are_together(&first, &in);
	are_together(&first, &again);
}

static void a_scan_joins_guessing_that_grows_beyond_doubt(void **state)
{
	(void)state;
	struct finding_record first = noted(scan);
	struct finding_record guessing = noted((struct given){
		"brute_force", scan.client, "dialogue", "low", 60 * SECOND });
	are_apart(&first, &guessing);
	incidents_note(&incidents, &first);
	are_apart(&first, &guessing);
	struct finding_record before = guessing;
	guessing.severity = "medium";
	incidents_note(&incidents, &guessing);
	are_together(&before, &guessing);
	incidents_note(&incidents, &first);
	are_together(&first, &guessing);
	struct finding_record later = noted((struct given){
		"host_sweep", scan.client, "unsolicited", "low", 90 * SECOND });
	are_together(&later, &guessing);
}

static void a_scan_in_a_users_name_does_not_touch_the_user(void **state)
{
	(void)state;
	struct finding_record forged = noted(scan);
	/* Who has forgotten a password. */
	struct finding_record user = noted((struct given){
		"login_after_failures", scan.client, "dialogue", "critical", SECOND });
	struct finding_record later = noted((struct given){
		"trap_hit", scan.client, "unsolicited", "low", SECOND });
	are_apart(&forged, &user);
	are_apart(&later, &user);
	are_together(&forged, &later);
}

static void decoys_are_one_incident_and_bring_nobody_along(void **state)
{
	(void)state;
	struct finding_record decoys[3];
	static const char *const names[] = { "198.51.100.7", "203.0.113.1",
					     "203.0.113.2" };
	for (size_t i = 0; i < 3; i++) {
		struct given g = scan;
		g.client = names[i];
		g.at_us = (int64_t)i * SECOND;
		decoys[i] = noted(g);
		are_together(&decoys[0], &decoys[i]);
	}
	struct finding_record guessing = noted((struct given){
		"brute_force", names[1], "dialogue", "medium", 60 * SECOND });
	are_apart(&decoys[0], &guessing);
	struct given late = scan;
	late.client = "203.0.113.9";
	late.at_us = 60 * SECOND;
	struct finding_record other = noted(late);
	are_apart(&decoys[0], &other);
}

static void a_flood_of_many_shapes_is_one_incident(void **state)
{
	(void)state;
	struct finding_record syn =
		noted((struct given){ "syn_flood", NULL, "unsolicited", "high", 0 });
	struct finding_record udp = noted((struct given){
		"udp_flood", NULL, "unsolicited", "high", 240 * SECOND });
	struct finding_record forged = noted((struct given){
		"spoofed_source", "10.9.9.9", "unsolicited", "low", 241 * SECOND });
	struct finding_record source = noted((struct given){
		"port_scan", "198.51.100.7", "unsolicited", "low", 241 * SECOND });
	struct finding_record late =
		noted((struct given){ "syn_flood", NULL, "unsolicited", "high", HOUR });
	are_together(&syn, &udp);
	are_together(&syn, &forged);
	are_apart(&syn, &source);
	are_apart(&syn, &late);
}

static void the_victim_of_a_reflector_is_no_attacker(void **state)
{
	(void)state;
	struct finding_record first = noted(scan);
	struct given g = { "reflector", scan.client, "unsolicited", "medium", SECOND };
	struct finding_record harmed = noted(g);
	are_apart(&first, &harmed);
}

static void an_incident_is_known_again_after_a_restart(void **state)
{
	(void)state;
	struct given g = { "brute_force", scan.client, "dialogue", "medium", 0 };
	struct finding_record before = noted(g);
	incidents_clear(&incidents);
	incidents_note(&incidents, &before);
	g.kind = "login_after_failures";
	g.at_us = 60 * SECOND;
	struct finding_record after = noted(g);
	are_together(&before, &after);
}

/* A person had closed the first: what comes of the source is of the other one. */
static void an_attack_goes_on_under_another_id(void **state)
{
	(void)state;
	struct given g = { "brute_force", scan.client, "dialogue", "medium", 0 };
	struct finding_record closed = noted(g);
	g.at_us = 60 * SECOND;
	struct finding_record next = noted(g);
	are_together(&closed, &next);
	incidents_rename(&incidents, &next, "00000000feedfeed");
	assert_string_equal(next.incident, "00000000feedfeed");
	g.at_us = 90 * SECOND;
	struct finding_record later = noted(g);
	are_together(&next, &later);
}

static void forged_sources_push_out_none_that_is_proven(void **state)
{
	(void)state;
	struct given g = { "brute_force", scan.client, "dialogue", "medium", 0 };
	struct finding_record before = noted(g);
	for (int i = 0; i < 3 * INCIDENTS_MAX; i++) {
		char text[32];
		struct given many = { "host_sweep", text, "unsolicited", "low",
				      SECOND + i };
		snprintf(text, sizeof(text), "203.0.%d.%d", i / 256, i % 256);
		noted(many);
	}
	g.kind = "login_after_failures";
	g.at_us = 60 * SECOND;
	struct finding_record after = noted(g);
	are_together(&before, &after);
}

static void one_that_lasts_is_noted_once(void **state)
{
	(void)state;
	struct finding_record f = noted(scan);
	for (int i = 0; i < 100; i++) {
		f.last += SECOND;
		incidents_note(&incidents, &f);
	}
	size_t used = 0;
	for (size_t i = 0; i < INCIDENTS_MAX; i++)
		used += incidents.unproven[i].last_us != INT64_MIN;
	assert_int_equal(used, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_no_attack_is_in_no_incident, forget),
		cmocka_unit_test_setup(a_source_is_one_incident_for_an_hour, forget),
		cmocka_unit_test_setup(a_scan_that_goes_over_to_guessing_goes_on,
				       forget),
		cmocka_unit_test_setup(a_scan_joins_guessing_that_grows_beyond_doubt,
				       forget),
		cmocka_unit_test_setup(a_scan_in_a_users_name_does_not_touch_the_user,
				       forget),
		cmocka_unit_test_setup(decoys_are_one_incident_and_bring_nobody_along,
				       forget),
		cmocka_unit_test_setup(a_flood_of_many_shapes_is_one_incident, forget),
		cmocka_unit_test_setup(the_victim_of_a_reflector_is_no_attacker,
				       forget),
		cmocka_unit_test_setup(an_incident_is_known_again_after_a_restart,
				       forget),
		cmocka_unit_test_setup(an_attack_goes_on_under_another_id, forget),
		cmocka_unit_test_setup(forged_sources_push_out_none_that_is_proven,
				       forget),
		cmocka_unit_test_setup(one_that_lasts_is_noted_once, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
