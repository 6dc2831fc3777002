/*
 * test_respond_shared.c: what other sensors have seen: it is blocked by our own rules,
 * for less than what we have seen ourselves, and never one whom we serve or ask.
 */
#include <arpa/inet.h>

#include "fleet/shared.h"
#include "respond_scene.h"

static struct respond_shared shared_of(const struct scene *scene, const char *address)
{
	return (struct respond_shared){ .address = scene_addr(address),
					.kind = "brute_force",
					.severity = "high",
					.proof = "dialogue",
					.finding = "abc",
					.sensor = "web-3",
					.why = "guessed passwords",
					.seen_us = scene->now_us,
					.until_us = scene->now_us + HOUR };
}

static void share(struct scene *scene, const char *address)
{
	const struct respond_shared shared = shared_of(scene, address);
	respond_share(scene->respond, &shared, scene->now_us);
}

static void it_is_blocked_until_its_end(void **state)
{
	struct scene *scene = *state;
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
	assert_string_equal(scene->block.actor, "fleet:web-3");
	assert_string_equal(scene->block.finding, "abc");
	assert_non_null(strstr(scene->block.reason, "guessed passwords"));
	assert_int_equal(scene->block.until, scene->now_us + HOUR);
	assert_false(scene->order.by_hand);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
	scene_pass(scene, HOUR + SECOND);
	assert_string_equal(scene->block.state, "expired");
}

static void longer_than_our_longest_is_no_block(void **state)
{
	struct scene *scene = *state;
	scene->config.block_longest = 600;
	scene_rules(scene);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->block.until, scene->now_us + 10 * MINUTE);
}

static void who_was_ever_served_here_is_not_blocked(void **state)
{
	struct scene *scene = *state;
	scene_served(scene, scene_addr("203.0.113.7"), 40000, SECOND);
	scene_pass(scene, HOUR);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.vetoed_by, "client");
}

/* A database elsewhere: it never comes to us as a client. */
static void whom_we_ask_is_not_blocked(void **state)
{
	struct scene *scene = *state;
	scene_asked(scene, "203.0.113.7", 100);
	scene_asked(scene, "2001:db8::7", 100);
	scene_pass(scene, 29 * DAY);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.vetoed_by, "asked");
	share(scene, "2001:db8::8");
	assert_int_equal(scene->adds, 0);
	scene_pass(scene, DAY);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* Else anybody could have it by packets that look like answers. */
static void whom_no_handshake_proves_was_not_asked(void **state)
{
	struct scene *scene = *state;
	scene_asked(scene, "203.0.113.7", UNKNOWN_U64);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* ---- by UDP ---- */

static struct flow_record udp(const struct scene *scene, const char *server)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "udp";
	f.client_ip = scene_addr("192.0.2.1");
	f.client_port = 40000;
	f.server_ip = scene_addr(server);
	f.server_port = 443;
	f.client_packets = f.server_packets = 1;
	snprintf(f.history, sizeof(f.history), "Dd");
	return f;
}

static void settle(struct scene *scene)
{
	const struct flow_record f = udp(scene, "203.0.113.99");
	respond_own_flow(scene->respond, &f);
	scene_pass(scene, 3 * MINUTE);
}

/* A resolver, a time server, QUIC. */
static void whom_we_spoke_to_first_by_udp_was_asked(void **state)
{
	struct scene *scene = *state;
	settle(scene);
	struct flow_record f = udp(scene, "203.0.113.7");
	respond_own_flow(scene->respond, &f);
	scene_pass(scene, 29 * DAY);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.vetoed_by, "asked");
	scene_pass(scene, DAY);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* Each way to have this machine seem to have asked, by packets from outside. */
static void nobody_was_asked_by_what_he_can_forge(void **state)
{
	static const char *const histories[] = { "D", "d", "^dD", "^d", "dD", "" };
	struct scene *scene = *state;
	struct flow_record f;
	settle(scene);
	for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
		f = udp(scene, "203.0.113.7");
		f.client_port = 41000 + (uint32_t)i;
		snprintf(f.history, sizeof(f.history), "%s", histories[i]);
		respond_own_flow(scene->respond, &f);
	}
	f = udp(scene, "203.0.113.7");
	f.tunnel = "vxlan";
	respond_own_flow(scene->respond, &f);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* It answers a stranger, who is forged, again when that flow is over. */
static void whom_a_service_of_ours_answers_late_was_not_asked(void **state)
{
	struct scene *scene = *state;
	settle(scene);
	struct flow_record f = udp(scene, "192.0.2.1");
	f.client_ip = scene_addr("203.0.113.7");
	f.client_port = 443;
	f.server_port = 1194;
	respond_flow(scene->respond, &f);
	scene_pass(scene, 10 * MINUTE);
	f = udp(scene, "203.0.113.7");
	f.client_port = 1194;
	respond_own_flow(scene->respond, &f);
	/* The same of one that was taken for the server, by its port. */
	f = udp(scene, "203.0.113.8");
	f.client_port = 3000;
	snprintf(f.history, sizeof(f.history), "^dD");
	respond_own_flow(scene->respond, &f);
	scene_pass(scene, 10 * MINUTE);
	f = udp(scene, "203.0.113.8");
	f.client_port = 3000;
	respond_own_flow(scene->respond, &f);
	share(scene, "203.0.113.7");
	share(scene, "203.0.113.8");
	assert_int_equal(scene->adds, 2);
	/* Where nobody was answered for two days, who is asked is asked. */
	scene_pass(scene, DAY);
	settle(scene);
	scene_pass(scene, DAY);
	settle(scene);
	f = udp(scene, "203.0.113.9");
	f.client_port = 1194;
	respond_own_flow(scene->respond, &f);
	share(scene, "203.0.113.9");
	assert_int_equal(scene->adds, 2);
}

/* What began before we looked may be an answer. */
static void whom_we_answered_before_the_start_was_not_asked(void **state)
{
	struct scene *scene = *state;
	const struct flow_record f = udp(scene, "203.0.113.7");
	respond_own_flow(scene->respond, &f);
	scene_pass(scene, 10 * MINUTE);
	respond_own_flow(scene->respond, &f);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 1);
}

/* That goes first of which only a handshake is known: we may look for machines. */
static void whom_a_scan_found_pushes_out_nobody(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = scene->now_us;
	c.transport = "tcp";
	c.outcome = "handshake";
	c.client_ip = scene_addr("192.0.2.1");
	scene_asked(scene, "203.0.113.7", 100);
	for (uint32_t i = 0; i < 40000; i++) {
		const uint32_t at = htonl(0xc6330000 + i);
		c.server_ip = addr_v4(&at);
		respond_own_contact(scene->respond, &c);
	}
	share(scene, "203.0.113.7");
	assert_string_equal(scene->block.vetoed_by, "asked");
	share(scene, "198.51.156.63"); /* the last */
	assert_string_equal(scene->block.vetoed_by, "asked");
	share(scene, "198.51.0.1");
	assert_int_equal(scene->adds, 1);
}

static void whom_we_ask_is_blocked_by_our_own_eyes_and_a_persons(void **state)
{
	struct scene *scene = *state;
	scene_asked(scene, "203.0.113.7", 100);
	scene_asked(scene, "203.0.113.8", 100);
	scene_scan(scene, "203.0.113.7", "dialogue");
	assert_int_equal(scene->adds, 1);
	struct respond_shared word = shared_of(scene, "203.0.113.8");
	word.kind = word.proof = NULL;
	respond_share(scene->respond, &word, scene->now_us);
	assert_int_equal(scene->adds, 2);
}

static void who_is_never_blocked_is_not(void **state)
{
	struct scene *scene = *state;
	struct never_entry entry = { .reason = NEVER_never, .until_us = INT64_MAX };
	assert_true(prefix_parse("203.0.113.7", &entry.prefix));
	assert_true(never_add(&scene->never, &entry));
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.vetoed_by, "never");
}

static void who_observes_goes_on_observing(void **state)
{
	struct scene *scene = *state;
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
		    "observe");
	scene_rules(scene);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_string_equal(scene->block.state, "observed");
	assert_string_equal(scene->block.vetoed_by, "mode");
}

static void what_we_answer_by_no_block_is_none(void **state)
{
	struct scene *scene = *state;
	record_text(scene->config.block_severity, sizeof(scene->config.block_severity),
		    "critical");
	scene_rules(scene);
	share(scene, "203.0.113.7");
	assert_int_equal(scene->adds, 0);
	assert_int_equal(scene->blocks, 0);
}

/* Others' word takes half of the bounds at most, and freezes nothing. */
static void ours_still_begin_when_others_say_very_much(void **state)
{
	struct scene *scene = *state;
	for (int i = 1; i <= 200; i++) {
		char address[32];
		snprintf(address, sizeof(address), "203.0.113.%d", i);
		share(scene, address);
	}
	assert_int_equal(scene->adds, scene->config.block_new / 2);
	assert_false(respond_is_frozen(scene->respond));
	scene_scan(scene, "198.51.100.1", "dialogue");
	assert_int_equal(scene->adds, scene->config.block_new / 2 + 1);
}

static void what_could_not_begin_begins_when_there_is_room(void **state)
{
	struct scene *scene = *state;
	for (int turn = 0; turn < 4; turn++) {
		for (int i = 1; i <= 20; i++) {
			char address[32];
			snprintf(address, sizeof(address), "203.0.113.%d", i);
			share(scene, address);
		}
		scene_pass(scene, MINUTE + SECOND);
	}
	assert_int_equal(scene->adds, 20);
}

static void our_own_block_stays_as_it_is(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.7", "dialogue");
	int64_t until = scene->block.until;
	share(scene, "203.0.113.7");
	assert_int_equal(scene->block.until, until);
	assert_string_equal(scene->block.actor, "breakwater");
	respond_unshare(scene->respond, &scene->block.address, "abc", scene->now_us);
	assert_int_equal(scene->removes, 0);
}

static void what_is_taken_back_ends(void **state)
{
	struct scene *scene = *state;
	share(scene, "203.0.113.7");
	respond_unshare(scene->respond, &scene->block.address, "other", scene->now_us);
	assert_int_equal(scene->removes, 0);
	respond_unshare(scene->respond, &scene->block.address, "abc", scene->now_us);
	assert_int_equal(scene->removes, 1);
}

static void what_a_person_has_lifted_stays_lifted(void **state)
{
	struct scene *scene = *state;
	struct buf message = { 0 };
	const struct respond_shared shared = shared_of(scene, "203.0.113.7");
	respond_share(scene->respond, &shared, scene->now_us);
	scene->now_us += MINUTE;
	assert_int_equal(respond_unblock(scene->respond, "203.0.113.7", "alice",
					 scene->now_us, &message),
			 0);
	scene->now_us += MINUTE;
	respond_share(scene->respond, &shared, scene->now_us);
	assert_int_equal(scene->adds, 1);
	buf_free(&message);
}

/* ---- the list ---- */

static struct finding_record grave(struct scene *scene, const char *address)
{
	struct finding_record f =
		scene_finding(scene, "brute_force", address, "dialogue");
	record_text(f.sensor, sizeof(f.sensor), "web-3");
	return f;
}

static void what_is_proven_and_grave_is_shared(void **state)
{
	struct scene *scene = *state;
	struct shared_entry entry;
	struct finding_record f = grave(scene, "203.0.113.7");
	assert_true(shared_of_finding(&f, scene->now_us, &entry));
	assert_int_equal(entry.until_us, scene->now_us + HOUR);
	assert_string_equal(entry.sensor, "web-3");
	f.proof = "unsolicited";
	assert_false(shared_of_finding(&f, scene->now_us, &entry));
	f = grave(scene, "203.0.113.7");
	f.severity = "medium";
	assert_false(shared_of_finding(&f, scene->now_us, &entry));
	f = grave(scene, "10.1.2.3"); /* another machine elsewhere */
	assert_false(shared_of_finding(&f, scene->now_us, &entry));
	f = grave(scene, "203.0.113.7");
	f.kind = "unauthorized_port";
	assert_false(shared_of_finding(&f, scene->now_us, &entry));
}

static void a_list_reads_back_the_same(void **state)
{
	static struct shared_list list, read;
	struct scene *scene = *state;
	struct shared_entry entry;
	struct buf text = { 0 }, again = { 0 };
	struct finding_record f = grave(scene, "203.0.113.7");
	record_text(f.summary, sizeof(f.summary), "\"quoted\"\nand two lines");
	list.count = 0;
	assert_true(shared_of_finding(&f, scene->now_us, &entry));
	assert_int_equal(shared_add(&list, &entry, scene->now_us), SHARED_TAKEN);
	f = grave(scene, "2001:db8::7");
	assert_true(shared_of_finding(&f, scene->now_us, &entry));
	assert_int_equal(shared_add(&list, &entry, scene->now_us), SHARED_TAKEN);
	shared_write(&list, &text);
	assert_int_equal(shared_read(text.at, text.len, &read), 0);
	shared_write(&read, &again);
	assert_string_equal(buf_cstr(&text), buf_cstr(&again));
	buf_text(&text, "{\"address\":\"203.0.113.8\"}\nnothing\n");
	assert_int_equal(shared_read(text.at, text.len, &read), 2);
	assert_int_equal(read.count, 2);
	buf_free(&text);
	buf_free(&again);
}

static void one_sensor_fills_no_list(void **state)
{
	static struct shared_list list;
	struct scene *scene = *state;
	list.count = 0;
	for (int i = 1; i <= 200; i++) {
		struct shared_entry entry;
		char address[32];
		snprintf(address, sizeof(address), "203.0.113.%d", i);
		struct finding_record f = grave(scene, address);
		assert_true(shared_of_finding(&f, scene->now_us, &entry));
		assert_int_equal(shared_add(&list, &entry, scene->now_us),
				 i <= SHARED_OF_SENSOR_MAX ? SHARED_TAKEN
							   : SHARED_SENSOR_FULL);
	}
	struct shared_entry known = list.at[0];
	assert_int_equal(shared_add(&list, &known, scene->now_us), SHARED_KNOWN);
	assert_int_equal(list.count, SHARED_OF_SENSOR_MAX);
	assert_true(shared_remove(&list, "203.0.113.3"));
	assert_int_equal(list.count, SHARED_OF_SENSOR_MAX - 1);
	assert_true(shared_expire(&list, scene->now_us + HOUR));
	assert_int_equal(list.count, 0);
}

static struct shared_entry said_by(struct scene *scene, const char *sensor, int number)
{
	char address[32];
	struct shared_entry entry;
	snprintf(address, sizeof(address), "203.0.113.%d", number);
	struct finding_record f = grave(scene, address);
	assert_true(shared_of_finding(&f, scene->now_us, &entry));
	record_text(entry.sensor, sizeof(entry.sensor), sensor);
	return entry;
}

/* Its key was stolen: what others and people say stays. */
static void what_one_sensor_said_is_taken_back(void **state)
{
	static struct shared_list list;
	struct scene *scene = *state;
	list.count = 0;
	for (int i = 1; i <= 9; i++) {
		struct shared_entry entry =
			said_by(scene, i % 3 == 0 ? "web-4" : "web-3", i);
		if (i == 1)
			record_text(entry.by, sizeof(entry.by), "alice");
		assert_int_equal(shared_add(&list, &entry, scene->now_us),
				 SHARED_TAKEN);
	}
	assert_true(shared_remove_sensor(&list, "web-3"));
	assert_int_equal(list.count, 4);
	assert_false(shared_remove_sensor(&list, "web-3"));
	assert_true(shared_remove(&list, "203.0.113.1"));
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.at[i].sensor, "web-4");
}

static void one_that_says_very_much_keeps_nobody_waiting(void **state)
{
	static struct shared_waiting waiting;
	struct scene *scene = *state;
	struct shared_entry entry;
	waiting.count = 0;
	for (int i = 1; i <= 200; i++) {
		entry = said_by(scene, "web-3", i);
		assert_int_equal(shared_wait(&waiting, &entry),
				 i <= SHARED_WAITING_OF_SENSOR);
	}
	entry = said_by(scene, "web-4", 201);
	assert_true(shared_wait(&waiting, &entry));
	assert_string_equal(waiting.at[waiting.count - 1].sensor, "web-4");
	for (int i = 1; i <= 200; i++) {
		char sensor[32];
		snprintf(sensor, sizeof(sensor), "db-%d", i);
		entry = said_by(scene, sensor, i);
		shared_wait(&waiting, &entry);
	}
	assert_int_equal(waiting.count, SHARED_WAITING_MAX);
}

static void nothing_is_shared_for_longer_than_a_day(void **state)
{
	static struct shared_list list;
	struct scene *scene = *state;
	struct shared_entry entry;
	const struct finding_record f = grave(scene, "203.0.113.7");
	list.count = 0;
	assert_true(shared_of_finding(&f, scene->now_us, &entry));
	record_text(entry.by, sizeof(entry.by), "alice");
	entry.until_us = scene->now_us + 30 * DAY;
	assert_int_equal(shared_add(&list, &entry, scene->now_us), SHARED_TAKEN);
	assert_int_equal(list.at[0].until_us, scene->now_us + DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define SHARED(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)
		SHARED(it_is_blocked_until_its_end),
		SHARED(longer_than_our_longest_is_no_block),
		SHARED(who_was_ever_served_here_is_not_blocked),
		SHARED(whom_we_ask_is_not_blocked),
		SHARED(whom_no_handshake_proves_was_not_asked),
		SHARED(whom_we_spoke_to_first_by_udp_was_asked),
		SHARED(nobody_was_asked_by_what_he_can_forge),
		SHARED(whom_a_service_of_ours_answers_late_was_not_asked),
		SHARED(whom_we_answered_before_the_start_was_not_asked),
		SHARED(whom_a_scan_found_pushes_out_nobody),
		SHARED(whom_we_ask_is_blocked_by_our_own_eyes_and_a_persons),
		SHARED(who_is_never_blocked_is_not),
		SHARED(who_observes_goes_on_observing),
		SHARED(what_we_answer_by_no_block_is_none),
		SHARED(ours_still_begin_when_others_say_very_much),
		SHARED(what_could_not_begin_begins_when_there_is_room),
		SHARED(our_own_block_stays_as_it_is),
		SHARED(what_is_taken_back_ends),
		SHARED(what_a_person_has_lifted_stays_lifted),
		SHARED(what_is_proven_and_grave_is_shared),
		SHARED(a_list_reads_back_the_same),
		SHARED(one_sensor_fills_no_list),
		SHARED(what_one_sensor_said_is_taken_back),
		SHARED(one_that_says_very_much_keeps_nobody_waiting),
		SHARED(nothing_is_shared_for_longer_than_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
