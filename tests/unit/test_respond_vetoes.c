/*
 * test_respond_vetoes.c: who is never blocked, many behind one address, bounds on what
 * is blocked by itself, and the mode in which nothing is.
 */
#include "respond_scene.h"

static void put_never(struct scene *scene, const char *text, enum never_reason reason)
{
	struct never_entry entry = { .reason = reason, .until_us = INT64_MAX };
	assert_true(prefix_parse(text, &entry.prefix));
	assert_true(never_add(&scene->never, &entry));
}

static void gateway_resolver_and_admin_are_never_blocked(void **state)
{
	static const struct {
		const char *address, *why;
		enum never_reason reason;
	} cases[] = {
		{ "192.0.2.254", "gateway", NEVER_gateway },
		{ "192.0.2.53", "resolver", NEVER_resolver },
		{ "203.0.113.99", "ssh", NEVER_ssh },
		{ "2001:db8:1:2::9", "dashboard", NEVER_dashboard },
		{ "198.51.100.1", "never", NEVER_never },
	};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_never(scene, cases[i].address, cases[i].reason);
		scene_scan(scene, cases[i].address, "dialogue");
		assert_string_equal(scene->block.state, "vetoed");
		assert_string_equal(scene->block.vetoed_by, cases[i].why);
		assert_string_equal(scene->audit.action, "block_veto");
	}
	scene_scan(scene, "127.0.0.1", "dialogue");
	assert_string_equal(scene->block.vetoed_by, "loopback");
	assert_int_equal(scene->adds, 0);
}

static void a_veto_is_said_once_for_a_finding(void **state)
{
	struct scene *scene = *state;
	put_never(scene, "192.0.2.254", NEVER_gateway);
	struct finding_record f =
		scene_finding(scene, "port_scan", "192.0.2.254", "handshake");
	for (int i = 0; i < 5; i++) {
		f.at = f.last = scene->now_us += SECOND;
		respond_finding(scene->respond, &f);
	}
	assert_int_equal(scene->blocks, 1);
	assert_int_equal(scene->audits, 1);
}

static void observing_tells_what_would_be_and_does_nothing(void **state)
{
	struct scene *scene = *state;
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	assert_string_equal(scene->audit.action, "block_mode");
	put_never(scene, "192.0.2.254", NEVER_gateway);
	scene_scan(scene, "192.0.2.254", "handshake");
	assert_string_equal(scene->block.state, "vetoed");
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_string_equal(scene->block.state, "observed");
	assert_string_equal(scene->block.vetoed_by, "mode");
	assert_non_null(strstr(scene->block.reason, "would have cut 0 of 0 clients"));
	scene_pass(scene, 11 * MINUTE);
	assert_string_equal(scene->block.state, "expired");
	assert_int_equal(scene->adds + scene->removes, 0);
}

static void to_observe_again_ends_all_that_is_automatic(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "handshake");
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	assert_int_equal(scene->removes, 1);
	assert_int_equal(respond_state(scene->respond).in_force, 0);
}

/* ---- many behind one address ---- */

static void where_several_are_served_only_the_port_is_slowed(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 3; i++)
		scene_served(scene, scene_addr("203.0.113.7"), 1000 + i, MINUTE);
	scene->now_us += MINUTE;
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 22);
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->ordered.action, "limit");
	assert_int_equal(scene->ordered.port, 22);
	assert_int_equal(scene->ordered.rate, 5);
	scene->now_us += 5 * MINUTE;
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_string_equal(scene->block.vetoed_by, "nat");
	assert_int_equal(scene->adds, 1);
}

/* Hundreds of short connections later nothing is left of those from before. */
static void a_long_attack_does_not_hide_that_several_are_served(void **state)
{
	struct scene *scene = *state;
	const struct addr nat = scene_addr("203.0.113.7");
	for (uint32_t i = 0; i < 3; i++)
		scene_served(scene, nat, 1000 + i, SECOND);
	scene->now_us += MINUTE;
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 443);
	for (uint32_t i = 0; i < 100; i++) {
		scene->now_us += SECOND;
		scene_served(scene, nat, 2000 + i, SECOND / 10);
	}
	f.at = f.last = scene->now_us;
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->ordered.action, "limit");
	assert_int_equal(scene->ordered.port, 443);
}

static void several_users_of_an_address_are_several_people(void **state)
{
	struct scene *scene = *state;
	const char *const users[] = { "alice", "bob", "carol" };
	for (size_t i = 0; i < 3; i++)
		scene_login(scene, "203.0.113.7", users[i]);
	scene->now_us += MINUTE;
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 22);
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->ordered.action, "limit");
}

/* Guesses over HTTP are served as well: they are the attack itself. */
static void what_the_attack_is_made_of_protects_nobody(void **state)
{
	struct scene *scene = *state;
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 443);
	scene->now_us += 3 * MINUTE;
	for (uint32_t i = 0; i < 6; i++)
		scene_served(scene, scene_addr("203.0.113.7"), 1000 + i, MINUTE);
	f.at = f.last = scene->now_us;
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->ordered.action, "drop");
}

static void one_after_the_other_is_one_person(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 6; i++) {
		scene->now_us += MINUTE;
		scene_served(scene, scene_addr("203.0.113.7"), 1000 + i, 30 * SECOND);
	}
	scene->now_us += SECOND;
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_string_equal(scene->ordered.action, "drop");
}

/* ---- bounds ---- */

static void scan_of(struct scene *scene, uint32_t number)
{
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	f.client_ip = scene_number(number);
	respond_finding(scene->respond, &f);
}

static void too_many_in_a_minute_stop_scanners_until_a_person_goes_on(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 12; i++)
		scan_of(scene, i);
	assert_int_equal(scene->adds, 10);
	assert_true(respond_is_frozen(scene->respond));
	assert_string_equal(respond_state(scene->respond).frozen_by, "new_per_minute");
	assert_string_equal(scene->block.vetoed_by, "new_per_minute");
	scene_pass(scene, 4 * MINUTE);
	scan_of(scene, 100);
	assert_int_equal(scene->adds, 10);
	respond_thaw(scene->respond, "root", scene->now_us);
	assert_string_equal(scene->audit.action, "block_thaw");
	scan_of(scene, 101);
	assert_int_equal(scene->adds, 11);
}

static void guess_of(struct scene *scene, uint32_t number)
{
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 22);
	f.client_ip = scene_number(number);
	respond_finding(scene->respond, &f);
}

/* A dozen addresses to throw away are no switch. */
static void who_guesses_is_blocked_on_his_port_all_the_same(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 12; i++)
		scan_of(scene, i);
	scene_served(scene, scene_number(200), 1000, SECOND);
	scene_pass(scene, 2 * MINUTE);
	guess_of(scene, 200); /* a client: it may be a mistake */
	assert_int_equal(scene->adds, 10);
	for (uint32_t i = 100; i < 120; i++)
		guess_of(scene, i);
	assert_int_equal(scene->adds, 20); /* and no more a minute than before */
	assert_int_equal(scene->ordered.port, 22);
	assert_true(respond_is_frozen(scene->respond));
}

static void it_is_over_by_itself_when_few_come(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 12; i++)
		scan_of(scene, i);
	for (uint32_t minute = 0; minute < 10; minute++) {
		scene_pass(scene, MINUTE);
		for (uint32_t i = 0; i < 11; i++)
			scan_of(scene, 1000 + 100 * minute + i);
	}
	assert_true(respond_is_frozen(scene->respond)); /* they go on */
	assert_int_equal(scene->adds, 10);
	scene_pass(scene, 6 * MINUTE);
	assert_false(respond_is_frozen(scene->respond));
	assert_string_equal(scene->audit.action, "block_thaw");
	assert_string_equal(scene->audit.actor, "breakwater");
	scan_of(scene, 5000);
	assert_int_equal(scene->adds, 11);
}

/* The same one again and again is one. */
static void who_was_refused_keeps_nothing_frozen(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	for (uint32_t i = 0; i < 12; i++)
		scan_of(scene, i);
	for (uint32_t i = 0; i < 70; i++) {
		scene_pass(scene, 5 * SECOND);
		f.at = f.last = scene->now_us;
		respond_finding(scene->respond, &f);
	}
	assert_false(respond_is_frozen(scene->respond));
	assert_int_equal(scene->adds, 11);
}

static void no_more_than_all_that_may_be_are_in_force(void **state)
{
	struct scene *scene = *state;
	scene->config.block_total = 25;
	scene_rules(scene);
	for (uint32_t i = 0; i < 30; i++) {
		scene->now_us += 10 * SECOND;
		scan_of(scene, i);
	}
	assert_int_equal(scene->adds, 25);
	assert_string_equal(respond_state(scene->respond).frozen_by, "total");
	scene_pass(scene, 10 * MINUTE);
	assert_false(respond_is_frozen(scene->respond));
}

/* 1 % of 200 clients are two. */
static void few_clients_are_cut_off_and_never_many(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 200; i++)
		scene_served(scene, scene_number(i), 1000, SECOND);
	for (uint32_t i = 0; i < 4; i++) {
		scene->now_us += MINUTE;
		scan_of(scene, i);
	}
	assert_int_equal(scene->adds, 2);
	assert_string_equal(respond_state(scene->respond).frozen_by, "clients");
	assert_int_equal(scene->ordered.clients, 200);
	assert_int_equal(scene->ordered.clients_cut, 1);
	/* That is no reason to leave others alone. */
	scene->now_us += MINUTE;
	scan_of(scene, 5000);
	assert_int_equal(scene->adds, 3);
	assert_int_equal(scene->ordered.clients_cut, 0);
	scene_pass(scene, 2 * HOUR);
	assert_false(respond_is_frozen(scene->respond));
}

/* ---- of one /48 ---- */

static void scan_of_64(struct scene *scene, uint32_t site, uint32_t number)
{
	char text[ADDR_TEXT_MAX];
	snprintf(text, sizeof(text), "2001:db8:%x:%x::1", site, number);
	scene_scan(scene, text, "handshake");
}

static void who_hops_in_his_48_uses_up_nobody_elses_bound(void **state)
{
	struct scene *scene = *state;
	for (uint32_t second = 0; second < 300; second++) {
		scan_of_64(scene, 7, second);
		assert_false(respond_is_frozen(scene->respond));
		scene_pass(scene, SECOND);
		assert_true(scene->adds <= 5 * (1 + second / 60));
	}
	assert_true(scene->adds >= 10);
	assert_string_equal(scene->block.vetoed_by, "site");
	assert_false(respond_is_frozen(scene->respond));
	unsigned before = scene->adds;
	for (uint32_t i = 0; i < 5; i++)
		scan_of(scene, i);
	scan_of_64(scene, 8, 1);
	assert_int_equal(scene->adds, before + 6);
	assert_false(respond_is_frozen(scene->respond));
}

static void one_48_takes_an_eighth_of_all_places(void **state)
{
	struct scene *scene = *state;
	scene->config.block_total = 80;
	scene_rules(scene);
	for (uint32_t i = 0; i < 30; i++) {
		scan_of_64(scene, 7, i);
		scene_pass(scene, 15 * SECOND);
	}
	assert_int_equal(scene->adds, 10);
	assert_string_equal(scene->block.vetoed_by, "site");
	scan_of_64(scene, 8, 1);
	assert_int_equal(scene->adds, 11);
	assert_false(respond_is_frozen(scene->respond));
	scene_pass(scene, 10 * MINUTE); /* they are over */
	scan_of_64(scene, 7, 100);
	assert_int_equal(scene->adds, 12);
}

/* One that may begin is one, however small the bounds are. */
static void the_smallest_bound_lets_one_of_a_48_be_blocked(void **state)
{
	struct scene *scene = *state;
	scene->config.block_total = scene->config.block_new = 1;
	scene_rules(scene);
	scan_of_64(scene, 7, 1);
	assert_int_equal(scene->adds, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(gateway_resolver_and_admin_are_never_blocked),
		TEST(a_veto_is_said_once_for_a_finding),
		TEST(observing_tells_what_would_be_and_does_nothing),
		TEST(to_observe_again_ends_all_that_is_automatic),
		TEST(where_several_are_served_only_the_port_is_slowed),
		TEST(a_long_attack_does_not_hide_that_several_are_served),
		TEST(several_users_of_an_address_are_several_people),
		TEST(what_the_attack_is_made_of_protects_nobody),
		TEST(one_after_the_other_is_one_person),
		TEST(too_many_in_a_minute_stop_scanners_until_a_person_goes_on),
		TEST(who_guesses_is_blocked_on_his_port_all_the_same),
		TEST(it_is_over_by_itself_when_few_come),
		TEST(who_was_refused_keeps_nothing_frozen),
		TEST(no_more_than_all_that_may_be_are_in_force),
		TEST(few_clients_are_cut_off_and_never_many),
		TEST(who_hops_in_his_48_uses_up_nobody_elses_bound),
		TEST(one_48_takes_an_eighth_of_all_places),
		TEST(the_smallest_bound_lets_one_of_a_48_be_blocked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
