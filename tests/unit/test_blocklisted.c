/*
 * test_blocklisted.c: peers that are on lists, and what is said of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "detect_scene.h"
#include "policy/blocklist.h"

static struct blocklist *lists[2];

static struct blocklist *read_list(const char *name, const char *text)
{
	const struct blocklist_source source = { name, BLOCKLIST_ENTRIES_MAX, T0 };
	struct buf errors = { 0 };
	struct blocklist *list = blocklist_parse(text, strlen(text), &source, &errors);
	if (list == NULL)
		fail_msg("%s", buf_cstr(&errors));
	return list;
}

static int begin_lists(void **state)
{
	begin(state);
	struct scene *scene = *state;
	lists[0] = read_list("/etc/l/drop.txt", "198.51.100.0/24 ; SBL\x1b[2J1\n"
						"10.0.0.0/8 ; not routed\n"
						"192.168.7.7 ; a bad neighbour\n"
						"192.0.2.0/24 ; that is us\n");
	lists[1] = read_list("/etc/l/second", "198.51.100.7\n203.0.112.0/20\n");
	detect_set_blocklists(scene->detect, (const struct blocklist *const *)lists, 2);
	return 0;
}

static int end_lists(void **state)
{
	blocklist_free(lists[0]);
	blocklist_free(lists[1]);
	return end(state);
}

static void meet(struct scene *scene, const char *client, const char *server,
		 const char *outcome)
{
	struct contact_record c = contact_of(scene, client, 443, outcome);
	c.server_ip = addr(server);
	detect_contact(scene->detect, &c);
}

static void talk(struct scene *scene, const char *client, const char *server)
{
	struct flow_record f = flow_of(scene, client, 443);
	f.server_ip = addr(server);
	f.client_payload_bytes = f.server_payload_bytes = 100;
	detect_flow(scene->detect, &f);
}

static void what_comes_from_a_listed_one_grows_with_its_proof(void **state)
{
	struct scene *scene = *state;
	meet(scene, "198.51.100.7", "192.0.2.1", "refused");
	const struct finding_record *f =
		said_once(scene, "blocklisted_peer", "incoming", "notice", "open");
	assert_string_equal(f->proof, "unsolicited");
	meet(scene, "198.51.100.7", "192.0.2.1", "handshake");
	f = said_once(scene, "blocklisted_peer", "incoming", "low", "open");
	assert_string_equal(f->proof, "handshake");
	talk(scene, "198.51.100.7", "192.0.2.1");
	f = said_once(scene, "blocklisted_peer", "incoming", "medium", "open");
	assert_string_equal(f->proof, "dialogue");
	assert_int_equal(f->attempts, 2);
	assert_int_equal(open_count(scene), 1);
}

/* A list is a stranger's text, too. */
static void a_finding_says_which_list_entry_and_comment(void **state)
{
	struct scene *scene = *state;
	meet(scene, "198.51.100.7", "192.0.2.1", "handshake");
	const struct finding_record *f =
		said_once(scene, "blocklisted_peer", "incoming", "low", "open");
	assert_string_equal(f->summary,
			    "198.51.100.7 connected to 443/tcp; it is on drop.txt: "
			    "198.51.100.0/24 (SBL\\u001b[2J1).");
	assert_string_equal(f->evidence,
			    "/etc/l/drop.txt:1: 198.51.100.0/24 (SBL\\u001b[2J1); "
			    "/etc/l/second:1: 198.51.100.7/32");
}

static void one_of_ours_that_connects_there_is_medium(void **state)
{
	struct scene *scene = *state;
	meet(scene, "192.0.2.1", "198.51.100.9", "silent");
	said_once(scene, "blocklisted_peer", "outgoing", "low", "open");
	meet(scene, "192.0.2.1", "198.51.100.9", "handshake");
	const struct finding_record *f =
		said_once(scene, "blocklisted_peer", "outgoing", "medium", "open");
	assert_string_equal(f->mitre, "T1071");
	assert_string_equal(f->summary,
			    "192.0.2.1 connected to 198.51.100.9 port 443/tcp, which "
			    "is on drop.txt: 198.51.100.0/24 (SBL\\u001b[2J1).");
}

static void others_are_nothing(void **state)
{
	struct scene *scene = *state;
	meet(scene, "198.51.101.7", "192.0.2.1", "handshake");
	meet(scene, "192.0.2.1", "198.51.101.7", "handshake");
	meet(scene, "198.51.100.7", "198.51.101.7", "handshake"); /* not ours */
	meet(scene, "198.51.100.7", "192.0.2.1", "stray");
	said_nothing(scene);
}

static void ours_and_friends_are_a_mistake_of_the_list(void **state)
{
	struct scene *scene = *state;
	struct home home = { .count = 0 }, friends = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("192.0.2.0/24", &prefix));
	home_add(&home, &prefix);
	assert_true(prefix_parse("198.51.100.7", &prefix));
	home_add(&friends, &prefix);
	detect_set_home(scene->detect, &home);
	detect_set_friends(scene->detect, &friends);
	meet(scene, "192.0.2.99", "192.0.2.1", "handshake");
	meet(scene, "198.51.100.7", "192.0.2.1", "handshake");
	meet(scene, "192.0.2.1", "198.51.100.7", "handshake");
	talk(scene, "198.51.100.7", "192.0.2.1");
	said_nothing(scene);
}

/* FireHOL's lists begin with all that is not routed in the Internet. */
static void a_private_network_as_a_whole_is_not_raised(void **state)
{
	struct scene *scene = *state;
	meet(scene, "10.1.2.3", "192.0.2.1", "handshake");
	said_nothing(scene);
	meet(scene, "192.168.7.7", "192.0.2.1", "handshake");
	said_once(scene, "blocklisted_peer", "incoming", "low", "open");
}

static void a_flood_of_forged_listed_sources_is_few_findings(void **state)
{
	struct scene *scene = *state;
	for (unsigned i = 0; i < 4000; i++) {
		char client[ADDR_TEXT_MAX];
		snprintf(client, sizeof(client), "203.0.%u.%u", 112 + i / 250, i % 250);
		meet(scene, client, "192.0.2.1", "silent");
	}
	assert_int_equal(open_count(scene), 64 + 1);
	scene->count = 0;
	meet(scene, "203.0.120.77", "192.0.2.1", "handshake");
	said_once(scene, "blocklisted_peer", "incoming", "low", "open");
}

static void lists_are_swapped(void **state)
{
	struct scene *scene = *state;
	detect_set_blocklists(scene->detect, NULL, 0);
	meet(scene, "198.51.100.7", "192.0.2.1", "handshake");
	said_nothing(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_lists, end_lists)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_comes_from_a_listed_one_grows_with_its_proof),
		TEST(a_finding_says_which_list_entry_and_comment),
		TEST(one_of_ours_that_connects_there_is_medium),
		TEST(others_are_nothing),
		TEST(ours_and_friends_are_a_mistake_of_the_list),
		TEST(a_private_network_as_a_whole_is_not_raised),
		TEST(a_flood_of_forged_listed_sources_is_few_findings),
		TEST(lists_are_swapped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
