/*
 * test_firewall_facts.c: the hash of a ruleset changes with what people write, and with
 * nothing else; and what no rule names is dropped only where it is for both families.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/firewall_facts.h"

#define META "{\"metainfo\":{\"version\":\"1.0.6\"}},"
#define TABLE(name)                                                                    \
	"{\"table\":{\"family\":\"inet\",\"name\":\"" name "\",\"handle\":1}},"
#define CHAIN(family, policy)                                                          \
	"{\"chain\":{\"family\":\"" family "\",\"table\":\"f\",\"name\":\"in\","       \
	"\"handle\":2,\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,"              \
	"\"policy\":\"" policy "\"}}"
#define RULE(handle, verdict)                                                          \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"in\","             \
	"\"handle\":" handle                                                           \
	",\"expr\":[{\"counter\":{\"packets\":7,\"bytes\":90}},{\"" verdict            \
	"\":null}]}}"

static struct firewall_facts facts_of(const char *items)
{
	char text[2048];
	struct firewall_facts facts;
	snprintf(text, sizeof(text), "{\"nftables\":[%s]}", items);
	json_t *document = json_loads(text, 0, NULL);
	assert_non_null(document);
	assert_true(firewall_facts(document, &facts));
	json_decref(document);
	return facts;
}

static bool are_alike(const char *one, const char *other)
{
	struct firewall_facts a = facts_of(one), b = facts_of(other);
	return memcmp(a.sha256, b.sha256, sizeof(a.sha256)) == 0;
}

static void tables_chains_and_rules_are_counted(void **state)
{
	(void)state;
	struct firewall_facts facts = facts_of(
		META TABLE("f") CHAIN("inet", "accept") "," RULE("4", "accept"));
	assert_int_equal(facts.tables, 1);
	assert_int_equal(facts.chains, 1);
	assert_int_equal(facts.rules, 1);
	assert_int_equal(facts_of("").rules, 0);
}

static void a_rule_or_a_policy_more_changes_the_hash(void **state)
{
	(void)state;
	const char *before = META TABLE("f") CHAIN("inet", "accept");
	assert_false(are_alike(before, META TABLE("f") CHAIN("inet", "drop")));
	assert_false(are_alike(
		before, META TABLE("f") CHAIN("inet", "accept") "," RULE("4", "drop")));
	assert_false(are_alike(META TABLE("f") CHAIN("inet", "accept") "," RULE(
				       "4", "drop") "," RULE("5", "accept"),
			       META TABLE("f") CHAIN("inet", "accept") "," RULE(
				       "4", "accept") "," RULE("5", "drop")));
}

static void handles_and_the_order_of_tables_do_not(void **state)
{
	(void)state;
	assert_true(are_alike(META TABLE("f") RULE("4", "drop"),
			      META TABLE("f") RULE("9", "drop")));
	assert_true(are_alike(META TABLE("f") RULE("4", "drop") "," META TABLE("g")
				      CHAIN("ip", "accept"),
			      META TABLE("g") CHAIN("ip", "accept") "," META TABLE("f")
				      RULE("4", "drop")));
}

#define SET(flags, elements)                                                           \
	"{\"set\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"s\",\"flags\":"      \
	"[" flags "],\"elem\":[" elements "]}}"

static void a_set_for_a_time_may_hold_what_it_will(void **state)
{
	(void)state;
	assert_true(are_alike(META TABLE("f") SET("\"timeout\"", "\"10.0.0.1\""),
			      META TABLE("f") SET("\"timeout\"", "\"10.0.0.2\"")));
	assert_true(are_alike(META TABLE("f") SET("\"dynamic\"", "\"10.0.0.1\""),
			      META TABLE("f") SET("\"dynamic\"", "")));
	assert_false(are_alike(META TABLE("f") SET("\"interval\"", "\"10.0.0.1\""),
			       META TABLE("f") SET("\"interval\"", "\"10.0.0.2\"")));
}

#define BANS(table, name, elements)                                                    \
	"{\"set\":{\"family\":\"inet\",\"table\":\"" table "\",\"name\":\"" name       \
	"\",\"type\":\"ipv4_addr\",\"elem\":[" elements "]}}"
#define BAN(chain, source, verdict)                                                    \
	"{\"rule\":{\"family\":\"ip\",\"table\":\"filter\",\"chain\":\"" chain         \
	"\",\"handle\":9,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{"  \
	"\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":\"" source                \
	"\"}},{\"" verdict "\":null}]}}"

#define BAN_XT(source)                                                                 \
	"{\"rule\":{\"family\":\"ip\",\"table\":\"filter\",\"chain\":\"f2b-sshd\","    \
	"\"handle\":9,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{"     \
	"\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":\"" source                \
	"\"}},{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}]}}"

/* Whom fail2ban or sshguard block is no change of the rules; who is allowed is. */
static void whom_a_program_blocks_is_no_part_of_it(void **state)
{
	(void)state;
	assert_true(are_alike(META BANS("f2b-table", "addr-set-sshd", "\"10.0.0.1\""),
			      META BANS("f2b-table", "addr-set-sshd", "")));
	assert_true(are_alike(META BANS("sshguard", "attackers", "\"10.0.0.1\""),
			      META BANS("sshguard", "attackers", "\"10.0.0.2\"")));
	assert_false(are_alike(META BANS("f", "attackers", "\"10.0.0.1\""),
			       META BANS("f", "attackers", "\"10.0.0.2\"")));
	assert_false(are_alike(META BANS("f2b-table", "allowed", "\"10.0.0.1\""),
			       META BANS("f2b-table", "allowed", "\"10.0.0.2\"")));
	assert_true(are_alike(META BAN("f2b-sshd", "10.0.0.1", "reject"),
			      META BAN("f2b-sshd", "10.0.0.2", "reject") "," BAN(
				      "f2b-sshd", "10.0.0.3", "drop")));
	/* As nft tells of what iptables-nft rejects, as fail2ban usually does. */
	assert_true(are_alike(META BAN_XT("10.0.0.1"), META BAN_XT("10.0.0.2")));
	assert_false(are_alike(META BAN("f2b-sshd", "10.0.0.1", "accept"),
			       META BAN("f2b-sshd", "10.0.0.2", "accept")));
	assert_false(are_alike(META BAN("f2b-chain", "@one", "reject"),
			       META BAN("f2b-chain", "@other", "reject")));
	assert_false(are_alike(META BAN("in", "10.0.0.1", "reject"),
			       META BAN("in", "10.0.0.2", "reject")));
}

static void both_families_have_to_be_dropped(void **state)
{
	(void)state;
	assert_true(facts_of(CHAIN("inet", "drop")).drops_unnamed);
	assert_false(facts_of(CHAIN("ip", "drop")).drops_unnamed);
	assert_true(
		facts_of(CHAIN("ip", "drop") "," CHAIN("ip6", "drop")).drops_unnamed);
	assert_false(facts_of(CHAIN("inet", "accept")).drops_unnamed);
	assert_false(facts_of("").drops_unnamed);
}

static void a_last_rule_for_everything_is_as_good_as_a_policy(void **state)
{
	(void)state;
	assert_true(facts_of(CHAIN("inet", "accept") "," RULE("4", "accept") "," RULE(
				     "5", "reject"))
			    .drops_unnamed);
	assert_false(facts_of(CHAIN("inet", "accept") "," RULE("4", "drop") "," RULE(
				      "5", "accept"))
			     .drops_unnamed);
	assert_false(facts_of(CHAIN("inet", "accept") ",{\"rule\":{\"family\":\"inet\","
						      "\"table\":\"f\",\"chain\":"
						      "\"in\",\"expr\":[{\"match\":{}},"
						      "{\"drop\":null}]}}")
			     .drops_unnamed);
}

static void only_rules_that_drop_are_counted(void **state)
{
	(void)state;
	json_t *document =
		json_loads("{\"nftables\":[" RULE("4", "drop") "," RULE(
				   "5", "accept") "," RULE("6", "reject") "]}",
			   0, NULL);
	struct firewall_counts counts = firewall_counts(document);
	json_decref(document);
	assert_int_equal(counts.packets, 14);
	assert_int_equal(counts.bytes, 180);
}

static void what_is_no_ruleset_has_no_facts(void **state)
{
	(void)state;
	struct firewall_facts facts;
	json_t *document = json_object();
	assert_false(firewall_facts(document, &facts));
	assert_false(firewall_facts(NULL, &facts));
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_chains_and_rules_are_counted),
		cmocka_unit_test(a_rule_or_a_policy_more_changes_the_hash),
		cmocka_unit_test(handles_and_the_order_of_tables_do_not),
		cmocka_unit_test(a_set_for_a_time_may_hold_what_it_will),
		cmocka_unit_test(whom_a_program_blocks_is_no_part_of_it),
		cmocka_unit_test(both_families_have_to_be_dropped),
		cmocka_unit_test(a_last_rule_for_everything_is_as_good_as_a_policy),
		cmocka_unit_test(only_rules_that_drop_are_counted),
		cmocka_unit_test(what_is_no_ruleset_has_no_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
