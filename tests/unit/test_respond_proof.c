/*
 * test_respond_proof.c: who is blocked, and whom a forger can't have blocked.
 */
#include "respond_scene.h"

static void a_proven_scan_is_blocked_as_a_whole_host(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "handshake");
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->ordered.action, "drop");
	assert_int_equal(scene->ordered.port, UNKNOWN_U32);
	assert_int_equal(scene->ordered.prefix_len, 32);
	assert_string_equal(scene->block.state, "asked");
	assert_string_equal(scene->audit.action, "block");
	scene->now_us += 20000;
	scene_active(scene);
	assert_string_equal(scene->block.state, "active");
	assert_int_equal(scene->block.latency_us, 20000);
}

static void
what_could_be_forged_is_only_watched_and_the_first_proof_blocks(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.state, "vetoed");
	assert_string_equal(scene->block.vetoed_by, "proof");
	assert_int_equal(respond_state(scene->respond).watched, 1);
	scene->now_us += 9 * MINUTE;
	scene_unused(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->ordered.proof, "handshake");
}

static void after_ten_minutes_nobody_is_watched(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene->now_us += 11 * MINUTE;
	scene_unused(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
}

static void a_proof_of_long_ago_is_none(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	f.first -= HOUR;
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->block.vetoed_by, "proof");
	scene_handshake(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

static void decoys_block_nobody(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct finding_record f =
			scene_finding(scene, "port_scan", "203.0.113.7", "unsolicited");
		f.client_ip = scene_number(i);
		respond_finding(scene->respond, &f);
	}
	assert_int_equal(scene->adds, 0);
	assert_true(scene->audits <= 60);
	assert_int_equal(respond_state(scene->respond).vetoes_left_out, 100000 - 60);
	assert_false(respond_is_frozen(scene->respond));
}

/* Its next connection comes by itself: it proves no scan in its name. */
static void a_client_whose_name_is_used_stays(void **state)
{
	struct scene *scene = *state;
	scene_served(scene, scene_addr("203.0.113.7"), 1000, SECOND);
	scene->now_us += MINUTE;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene_handshake(scene, "203.0.113.7");
	scene_served(scene, scene_addr("203.0.113.7"), 1001, SECOND);
	assert_int_equal(scene->adds, 0);
}

/* He is not through yet, so nothing tells that he is served. */
static void who_is_here_when_his_name_is_first_used_stays(void **state)
{
	struct scene *scene = *state;
	scene_handshake(scene, "203.0.113.7");
	scene->now_us += SECOND;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene->now_us += SECOND;
	scene_unused(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	scene->now_us += 11 * MINUTE; /* that was long ago */
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene->now_us += SECOND;
	scene_unused(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* Nobody knows him: he comes for the page and for his mail, and is served. */
static void somebody_new_whose_name_is_used_stays(void **state)
{
	struct scene *scene = *state;
	static const uint32_t ports[] = { 80, 443, 993, 587 };
	scene_scan(scene, "203.0.113.7", "unsolicited");
	for (size_t i = 0; i < 4; i++) {
		scene->now_us += SECOND;
		scene_contact(scene, "203.0.113.7", ports[i], "handshake");
		scene_contact(scene, "203.0.113.7", ports[i], "handshake");
		scene_scan(scene, "203.0.113.7", "unsolicited");
	}
	scene_served(scene, scene_addr("203.0.113.7"), 1000, SECOND);
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene_unused(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
}

/* nmap -sS -sV: each open port is asked what it is. */
static void who_scans_and_asks_at_many_ports_is_blocked(void **state)
{
	struct scene *scene = *state;
	static const uint32_t ports[] = { 80, 443, 993, 587, 25 };
	scene_scan(scene, "203.0.113.7", "unsolicited");
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(scene->adds, 0);
		scene->now_us += SECOND;
		scene_contact(scene, "203.0.113.7", ports[i], "handshake");
	}
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->ordered.proof, "handshake");
}

static void who_holds_a_connection_open_after_a_scan_is_blocked(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	scene_contact(scene, "203.0.113.7", 80, "handshake");
	scene->now_us += MINUTE;
	scene_contact(scene, "203.0.113.7", 80, "slow");
	assert_int_equal(scene->adds, 1);
}

/* The connection comes before the scan is found, which has begun. */
static void an_unused_connection_within_a_scan_is_proof_when_it_is_found(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "port_scan", "203.0.113.7", "unsolicited");
	scene->now_us += SECOND;
	scene_handshake(scene, "203.0.113.7");
	f.at = f.last = scene->now_us += SECOND;
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->block.vetoed_by, "proof");
	scene_contact(scene, "203.0.113.7", 443, "unused");
	assert_int_equal(scene->adds, 1);
	f = scene_finding(scene, "port_scan", "203.0.113.8", "unsolicited");
	scene->now_us += SECOND;
	scene_unused(scene, "203.0.113.8");
	f.at = f.last = scene->now_us += SECOND;
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->adds, 2);
}

/* The contact was left out, as of many at a time. */
static void a_flow_without_a_word_proves_as_well(void **state)
{
	struct scene *scene = *state;
	struct flow_record f;
	scene_scan(scene, "203.0.113.7", "unsolicited");
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us += SECOND;
	f.transport = "tcp";
	f.client_ip = scene_addr("203.0.113.7");
	f.server_ip = scene_addr("192.0.2.1");
	f.server_port = 443;
	f.handshake_us = 1000;
	f.client_payload_bytes = 0;
	f.end_reason = "active";
	respond_flow(scene->respond, &f);
	assert_int_equal(scene->adds, 0);
	f.end_reason = "closed";
	f.client_payload_bytes = 20;
	respond_flow(scene->respond, &f);
	assert_int_equal(scene->adds, 0);
	f.client_payload_bytes = 0;
	respond_flow(scene->respond, &f);
	assert_int_equal(scene->adds, 1);
}

static void guesses_are_blocked_at_their_port_until_several_are_concerned(void **state)
{
	struct scene *scene = *state;
	struct finding_record f = scene_guesses(scene, "203.0.113.7", 22);
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->ordered.port, 22);
	assert_string_equal(scene->ordered.transport, "tcp");
	f = scene_guesses(scene, "203.0.113.7", 25);
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->ordered.port, UNKNOWN_U32);
	assert_int_equal(scene->ordered.strike, 1);
	assert_int_equal(scene->adds, 2);
}

static void groups_are_a_persons_to_block(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "distributed_scan", "203.0.113.0", "handshake");
	f.client_prefix = 24;
	respond_finding(scene->respond, &f);
	assert_string_equal(scene->block.vetoed_by, "prefix");
	assert_int_equal(scene->block.prefix_len, 24);
	f.client_ip = addr_unset();
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->adds, 0);
}

static void other_kinds_and_lesser_ones_are_not_answered(void **state)
{
	struct scene *scene = *state;
	struct finding_record f =
		scene_finding(scene, "beacon", "203.0.113.7", "dialogue");
	respond_finding(scene->respond, &f);
	f = scene_finding(scene, "port_scan", "203.0.113.7", "handshake");
	f.severity = "low";
	respond_finding(scene->respond, &f);
	f.severity = "high";
	f.state = "closed";
	respond_finding(scene->respond, &f);
	assert_int_equal(scene->blocks, 0);
}

static void all_of_a_64_is_one_source(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "2001:db8::1:2:3", "handshake");
	assert_int_equal(scene->ordered.prefix_len, 64);
	scene_scan(scene, "2001:db8::9", "handshake");
	assert_int_equal(scene->adds, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(a_proven_scan_is_blocked_as_a_whole_host),
		TEST(what_could_be_forged_is_only_watched_and_the_first_proof_blocks),
		TEST(after_ten_minutes_nobody_is_watched),
		TEST(a_proof_of_long_ago_is_none),
		TEST(decoys_block_nobody),
		TEST(a_client_whose_name_is_used_stays),
		TEST(who_is_here_when_his_name_is_first_used_stays),
		TEST(somebody_new_whose_name_is_used_stays),
		TEST(who_scans_and_asks_at_many_ports_is_blocked),
		TEST(who_holds_a_connection_open_after_a_scan_is_blocked),
		TEST(an_unused_connection_within_a_scan_is_proof_when_it_is_found),
		TEST(a_flow_without_a_word_proves_as_well),
		TEST(guesses_are_blocked_at_their_port_until_several_are_concerned),
		TEST(groups_are_a_persons_to_block),
		TEST(other_kinds_and_lesser_ones_are_not_answered),
		TEST(all_of_a_64_is_one_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
