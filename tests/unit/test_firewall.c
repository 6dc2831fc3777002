/*
 * test_firewall.c: what rules mean for strangers' packets; tests/e2e/firewall.py asks
 * the kernel the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "host/firewall.h"
#include "host/firewall_extension.h"

enum { S = FIREWALL_SHUT, O = FIREWALL_OPEN, U = FIREWALL_UNKNOWN };

/* Shorter to write: ' becomes ", and the names of the one table are put in. */
static void add(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		buf_char(out, *text == '\'' ? '"' : *text);
}

static void begin(struct buf *out, const char *hook, const char *policy)
{
	add(out, "{'nftables':[{'table':{'family':'inet','name':'t'}},"
		 "{'chain':{'family':'inet','table':'t','name':'c'}},"
		 "{'chain':{'family':'inet','table':'t','name':'in','type':'filter',"
		 "'prio':0,'hook':'");
	add(out, hook);
	add(out, "','policy':'");
	add(out, policy);
	add(out, "'}}");
}

static void add_rule(struct buf *out, const char *chain, const char *statements)
{
	add(out, ",{'rule':{'family':'inet','table':'t','chain':'");
	add(out, chain);
	add(out, "','expr':[");
	add(out, statements);
	add(out, "]}}");
}

/* What is said of a TCP door on port 80 of every IPv4 address. */
static uint8_t judge(struct buf *text)
{
	struct firewall_door door = { .proto = IPPROTO_TCP, .port = 80 };
	addr_parse("0.0.0.0", &door.addr);
	add(text, "]}");
	struct ruleset *ruleset = ruleset_parse((const char *)text->at, text->len);
	assert_non_null(ruleset);
	uint8_t word = firewall_judge(ruleset, &door);
	ruleset_free(ruleset);
	buf_free(text);
	return word;
}

#define PORT "{'payload':{'protocol':'tcp','field':'dport'}}"
#define IS(op, left, right)                                                            \
	"{'match':{'op':'" op "','left':" left ",'right':" right "}}"
#define DROP   "{'drop':null}"
#define ACCEPT "{'accept':null}"

struct expectation {
	const char *statements;
	/* Before policy accept, and before policy drop. */
	uint8_t accept, drop;
};

static const struct expectation expectations[] = {
	{ DROP, S, S },
	{ ACCEPT, O, O },
	{ "{'reject':null}", S, S },
	{ "{'reject':{'type':'tcp reset'}}", U, S }, /* of one network, perhaps */
	{ "{'reject':{'type':'icmp','expr':'host-unreachable'}}", S, S },
	{ "{'reject':{'type':'icmpx','expr':'host-unreachable'}}", S, S },
	{ "{'reject':{'type':'icmpv6','expr':'no-route'}}", O, S },
	{ "{'counter':{'packets':1,'bytes':9}},{'log':null}," DROP, S, S },
	{ IS("==", PORT, "80") "," DROP, S, S },
	{ IS("!=", PORT, "80") "," DROP, O, S },
	{ IS("==", PORT, "{'set':[22,{'range':[79,81]}]}") "," DROP, S, S },
	{ IS("!=", PORT, "{'set':[22,{'range':[79,81]}]}") "," DROP, O, S },
	{ IS("<", PORT, "80") "," DROP, O, S },
	{ IS("<=", PORT, "80") "," DROP, S, S },
	{ IS(">", PORT, "80") "," ACCEPT, O, S },
	{ IS(">=", PORT, "80") "," ACCEPT, O, O },
	{ IS("==", PORT, "'http'") "," ACCEPT, O, U },
	{ IS("==", PORT, "'@nobody'") "," DROP, U, S },
	{ IS("==", "{'payload':{'protocol':'udp','field':'dport'}}", "80") "," DROP, O,
	  S },
	{ IS("==", "{'payload':{'protocol':'th','field':'dport'}}", "80") "," DROP, S,
	  S },
	{ IS("==", "{'payload':{'tunnel':'vxlan','protocol':'udp','field':'dport'}}",
	     "80") "," DROP,
	  U, S },
	/* Some senders, all senders, and none. */
	{ IS("==", "{'payload':{'protocol':'ip','field':'saddr'}}",
	     "'192.0.2.1'") "," DROP,
	  O, S },
	{ IS("==", "{'payload':{'protocol':'ip','field':'saddr'}}",
	     "'192.0.2.1'") "," ACCEPT,
	  O, O },
	{ IS("==", "{'payload':{'protocol':'ip','field':'saddr'}}",
	     "{'prefix':{'addr':'0.0.0.0','len':0}}") "," DROP,
	  S, S },
	{ IS("==", "{'payload':{'protocol':'ip6','field':'saddr'}}",
	     "'::1'") "," ACCEPT,
	  O, S },
	{ IS("==", "{'payload':{'protocol':'ip','field':'saddr'}}",
	     "'127.0.0.1'") "," ACCEPT,
	  O, U },
	{ IS("==", "{'meta':{'key':'iifname'}}", "'lo'") "," ACCEPT, O, S },
	{ IS("!=", "{'meta':{'key':'iif'}}", "'lo'") "," DROP, S, S },
	{ IS("==", "{'meta':{'key':'iifname'}}", "'l*'") "," ACCEPT, O, U },
	{ IS("==", "{'meta':{'key':'l4proto'}}", "6") "," DROP, S, S },
	{ IS("==", "{'meta':{'key':'l4proto'}}", "{'set':['udp','icmp']}") "," DROP, O,
	  S },
	{ IS("==", "{'meta':{'key':'protocol'}}", "'ip6'") "," DROP, O, S },
	{ IS("==", "{'meta':{'key':'mark'}}", "1") "," ACCEPT, O, U },
	{ IS("in", "{'ct':{'key':'state'}}", "['established','related']") "," ACCEPT, O,
	  S },
	{ IS("in", "{'ct':{'key':'state'}}", "'new'") "," DROP, S, S },
	{ IS("!", "{'ct':{'key':'state'}}", "'new'") "," ACCEPT, O, S },
	{ IS("in", "{'ct':{'key':'state','dir':'reply'}}", "'new'") "," DROP, U, S },
	{ IS("in", "{'ct':{'key':'status'}}", "'dnat'") "," ACCEPT, O, S },
	{ IS("in", "{'ct':{'key':'status'}}", "'snat'") "," ACCEPT, O, U },
	{ IS("==",
	     "{'&':[{'payload':{'protocol':'tcp','field':'flags'}},['syn','ack']]}",
	     "'syn'") "," DROP,
	  S, S },
	{ IS("!=",
	     "{'&':[{'payload':{'protocol':'tcp','field':'flags'}},['syn','ack']]}",
	     "'syn'") "," DROP,
	  O, S },
	/* A SYN may have other bits as well. */
	{ IS("==", "{'payload':{'protocol':'tcp','field':'flags'}}", "'syn'") "," DROP,
	  U, S },
	{ IS("in", "{'payload':{'protocol':'tcp','field':'flags'}}", "'syn'") "," DROP,
	  S, S },
	/* What may hold or not. */
	{ "{'limit':{'rate':1,'per':'second'}}," DROP, U, S },
	{ "{'limit':{'rate':1,'per':'second'}}," ACCEPT, O, U },
	{ "{'set':{'op':'add','elem':1,'set':'@x'}}," DROP, U, S },
	{ "{'counter':{'map':{'key':1,'data':2}}}," DROP, U, S },
	{ "{'xt':{'type':'match','name':'owner'}}," DROP, U, S },
	{ "{'xt':{'type':'match','name':'comment'}}," DROP, S, S },
	{ "{'xt':{'type':'target','name':'REJECT'}}", S, S },
	{ "{'xt':{'type':'match','name':'multiport','ports':[1,{'range':[79,80]}]}}"
	  "," DROP,
	  S, S },
	{ "{'xt':{'type':'match','name':'conntrack','state':['related']}}," ACCEPT, O,
	  S },
	/* What may have packets go anywhere. */
	{ "{'queue':{'num':0}}", U, U },
	{ "{'tproxy':{'port':80}}", U, U },
	{ "{'something new':null}", U, U },
	{ "{'xt':null}", U, U },
	{ "{'xt':{'type':'target','name':'TPROXY'}}", U, U },
	{ "{'mangle':{'key':" PORT ",'value':80}}", U, U },
	{ "{'mangle':{'key':{'meta':{'key':'mark'}},'value':1}}", O, S },
	{ "{'jump':{'target':'nowhere'}}", U, U },
	/* Maps: "*" only for what the others leave. */
	{ "{'vmap':{'key':" PORT ",'data':{'set':[[80," DROP "],[22," ACCEPT "]]}}}", S,
	  S },
	{ "{'vmap':{'key':" PORT ",'data':{'set':[['*'," ACCEPT "],[80," DROP "]]}}}",
	  S, S },
	{ "{'vmap':{'key':" PORT ",'data':{'set':[['*'," ACCEPT "],[22," DROP "]]}}}",
	  O, O },
	{ "{'vmap':{'key':" PORT ",'data':{'set':[[22," DROP "]]}}}," ACCEPT, O, U },
	{ "{'vmap':{'key':" PORT ",'data':'@nobody'}}", U, U },
	{ "{'vmap':{'key':" PORT ",'data':{'set':[[80,{'continue':null}]]}}}," DROP, U,
	  S },
};

static void each_statement_means_what_it_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *e = &expectations[i];
		struct buf text = { 0 };
		begin(&text, "input", "accept");
		add_rule(&text, "in", e->statements);
		uint8_t accept = judge(&text);
		begin(&text, "input", "drop");
		add_rule(&text, "in", e->statements);
		uint8_t drop = judge(&text);
		if (accept != e->accept || drop != e->drop)
			fail_msg("%s: %u %u, expected %u %u", e->statements, accept,
				 drop, e->accept, e->drop);
	}
}

static void who_returns_from_a_chain_goes_on_behind_the_rule(void **state)
{
	(void)state;
	struct buf text = { 0 };
	begin(&text, "input", "accept");
	add_rule(&text, "c", IS("==", PORT, "22") "," DROP);
	add_rule(&text, "in", "{'jump':{'target':'c'}}");
	assert_int_equal(judge(&text), O);
	begin(&text, "input", "accept");
	add_rule(&text, "c", "{'return':null}");
	add_rule(&text, "c", DROP);
	add_rule(&text, "in", "{'jump':{'target':'c'}}");
	add_rule(&text, "in", IS("==", PORT, "80") "," DROP);
	assert_int_equal(judge(&text), S);
	/* After goto, the policy decides. */
	begin(&text, "input", "accept");
	add_rule(&text, "c", "{'return':null}");
	add_rule(&text, "in", "{'goto':{'target':'c'}}");
	add_rule(&text, "in", DROP);
	assert_int_equal(judge(&text), O);
}

static void chains_that_call_each_other_end_in_unknown(void **state)
{
	(void)state;
	struct buf text = { 0 };
	begin(&text, "input", "drop");
	add_rule(&text, "c", "{'jump':{'target':'c'}}");
	add_rule(&text, "in", "{'jump':{'target':'c'}}");
	assert_int_equal(judge(&text), U);
}

static void more_rules_than_the_budget_are_unknown(void **state)
{
	(void)state;
	const char *rule = IS("==", PORT, "22") "," ACCEPT;
	struct buf text = { 0 };
	begin(&text, "input", "drop");
	for (int i = 0; i < 4000; i++)
		add_rule(&text, "in", rule);
	assert_int_equal(judge(&text), S);
	begin(&text, "input", "drop");
	for (int i = 0; i < 24000; i++)
		add_rule(&text, "in", rule);
	assert_int_equal(judge(&text), U);
}

static void translation_before_input_hides_the_port_from_early_chains(void **state)
{
	(void)state;
	const char *nat = ",{'chain':{'family':'inet','table':'t','name':'nat',"
			  "'type':'nat','hook':'prerouting','prio':-100}}";
	struct buf text = { 0 };
	begin(&text, "prerouting", "accept");
	add_rule(&text, "in", IS("==", PORT, "80") "," DROP);
	assert_int_equal(judge(&text), S);
	begin(&text, "prerouting", "accept");
	add(&text, nat);
	add_rule(&text, "nat", IS("==", PORT, "8080") ",{'redirect':{'port':80}}");
	add_rule(&text, "in", IS("==", PORT, "80") "," DROP);
	assert_int_equal(judge(&text), U);
	/* Behind it, the port is what it will be. */
	begin(&text, "input", "accept");
	add(&text, nat);
	add_rule(&text, "nat", IS("==", PORT, "8080") ",{'redirect':{'port':80}}");
	add_rule(&text, "in", IS("==", PORT, "80") "," DROP);
	assert_int_equal(judge(&text), S);
	/* Who is translated has a status that some rules accept. */
	begin(&text, "input", "drop");
	add(&text, nat);
	add_rule(&text, "nat", "{'dnat':{'addr':'192.0.2.1'}}");
	add_rule(&text, "in", IS("in", "{'ct':{'key':'status'}}", "'dnat'") "," ACCEPT);
	assert_int_equal(judge(&text), U);
}

static void who_is_not_tracked_is_not_new(void **state)
{
	(void)state;
	struct buf text = { 0 };
	const char *raw = ",{'chain':{'family':'inet','table':'t','name':'raw',"
			  "'type':'filter','hook':'prerouting','prio':-300}}";
	begin(&text, "input", "accept");
	add(&text, raw);
	add_rule(&text, "raw", IS("==", PORT, "80") ",{'notrack':null}");
	add_rule(&text, "in", IS("in", "{'ct':{'key':'state'}}", "'new'") "," DROP);
	assert_int_equal(judge(&text), U);
	/* Nor is anybody before tracking begins. */
	begin(&text, "input", "accept");
	add(&text, raw);
	add_rule(&text, "raw", IS("in", "{'ct':{'key':'state'}}", "'new'") "," DROP);
	assert_int_equal(judge(&text), U);
}

static void a_set_that_changes_by_itself_may_hold_anything(void **state)
{
	(void)state;
	static const struct {
		const char *set;
		uint8_t word;
	} known[] = {
		{ "'elem':[80]", S },
		{ "'flags':['interval'],'elem':[{'range':[1,90]}]", S },
		{ "'elem':[22]", O },
		{ "'flags':['timeout'],'elem':[80]", U },
		{ "'flags':['dynamic'],'elem':[80]", U },
		{ "'timeout':60,'elem':[80]", U },
		{ "'elem':[{'elem':{'val':80,'timeout':9}}]", U },
		{ "'elem':[{'elem':{'val':80,'comment':'web'}}]", S },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct buf text = { 0 };
		begin(&text, "input", "accept");
		add(&text, ",{'set':{'family':'inet','table':'t','name':'s',");
		add(&text, known[i].set);
		add(&text, "}}");
		add_rule(&text, "in", IS("==", PORT, "'@s'") "," DROP);
		assert_int_equal(judge(&text), known[i].word);
	}
	/* Rules fill it: 1.0.6 does not print that it is "dynamic". */
	struct buf text = { 0 };
	begin(&text, "input", "accept");
	add(&text, ",{'set':{'family':'inet','table':'t','name':'s','elem':[80]}}");
	add_rule(&text, "c", "{'set':{'op':'delete','elem':" PORT ",'set':'@s'}}");
	add_rule(&text, "in", IS("==", PORT, "'@s'") "," DROP);
	assert_int_equal(judge(&text), U);
}

static void a_table_that_may_be_asleep_shuts_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *flags;
		uint8_t word;
	} known[] = { { "['owner','persist']", S },
		      { "['dormant']", U },
		      { "'d'", U } };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct buf text = { 0 };
		add(&text, "{'nftables':[{'table':{'family':'ip','name':'a','flags':");
		add(&text, known[i].flags);
		add(&text, "}},{'chain':{'family':'ip','table':'a','name':'i',"
			   "'type':'filter','hook':'input','prio':0,'policy':'drop'}}");
		assert_int_equal(judge(&text), known[i].word);
	}
}

static void a_door_for_both_families_is_shut_only_in_both(void **state)
{
	(void)state;
	const char *four =
		"{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"a\","
		"\"name\":\"i\",\"type\":\"filter\",\"hook\":\"input\","
		"\"prio\":0,\"policy\":\"drop\"}}]}";
	struct ruleset *ruleset = ruleset_parse(four, strlen(four));
	struct firewall_door door = { .proto = IPPROTO_TCP, .port = 80, .dual = true };
	assert_int_equal(firewall_judge(ruleset, &door), O);
	door.dual = false;
	assert_int_equal(firewall_judge(ruleset, &door), O);
	addr_parse("192.0.2.1", &door.addr);
	assert_int_equal(firewall_judge(ruleset, &door), S);
	ruleset_free(ruleset);
}

/* ---- what the kernel says of extensions ---- */

struct message {
	uint8_t at[512];
	size_t len;
};

static size_t open_attribute(struct message *m, uint16_t type)
{
	struct nlattr header = { .nla_type = type };
	memcpy(m->at + m->len, &header, sizeof(header));
	m->len += sizeof(header);
	return m->len - sizeof(header);
}

static void close_attribute(struct message *m, size_t from)
{
	uint16_t len = (uint16_t)(m->len - from);
	memcpy(m->at + from, &len, sizeof(len));
	m->len = NLA_ALIGN(m->len);
}

static void put(struct message *m, uint16_t type, const void *what, size_t len)
{
	size_t from = open_attribute(m, type);
	memcpy(m->at + m->len, what, len);
	m->len += len;
	close_attribute(m, from);
}

static struct message a_rule(const struct xt_multiport_v1 *ports)
{
	static const uint8_t handle[8] = { [7] = 5 };
	static const uint8_t revision[4] = { [3] = 1 };
	struct message m = { .len = NLMSG_HDRLEN + sizeof(struct nfgenmsg) };
	m.at[NLMSG_HDRLEN] = 2; /* IPv4 */
	put(&m, NFTA_RULE_TABLE, "t", 2);
	put(&m, NFTA_RULE_HANDLE, handle, sizeof(handle));
	size_t list = open_attribute(&m, NFTA_RULE_EXPRESSIONS);
	size_t one = open_attribute(&m, NFTA_LIST_ELEM);
	put(&m, NFTA_EXPR_NAME, "match", 6);
	size_t data = open_attribute(&m, NFTA_EXPR_DATA);
	put(&m, NFTA_MATCH_NAME, "multiport", 10);
	put(&m, NFTA_MATCH_REV, revision, sizeof(revision));
	put(&m, NFTA_MATCH_INFO, ports, sizeof(*ports));
	close_attribute(&m, data);
	close_attribute(&m, one);
	close_attribute(&m, list);
	struct nlmsghdr header = { .nlmsg_len = (uint32_t)m.len,
				   .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 |
						 NFT_MSG_NEWRULE };
	memcpy(m.at, &header, sizeof(header));
	return m;
}

/* What the extension of that rule is known to match, as text; to be freed. */
static char *ports_of(const void *datagram, size_t len)
{
	json_t *known = json_object();
	json_t *document =
		json_pack("{s:[{s:{s:s,s:s,s:i,s:[{s:{s:s,s:s}}]}}]}", "nftables",
			  "rule", "family", "ip", "table", "t", "handle", 5, "expr",
			  "xt", "type", "match", "name", "multiport");
	extensions_read(datagram, len, known);
	assert_true(extensions_are_in(document));
	extensions_add(document, known);
	json_t *at = json_array_get(json_object_get(document, "nftables"), 0);
	at = json_object_get(json_object_get(at, "rule"), "expr");
	at = json_object_get(json_object_get(json_array_get(at, 0), "xt"), "ports");
	char *text = json_dumps(at, JSON_COMPACT);
	json_decref(document);
	json_decref(known);
	return text;
}

static void ports_of_iptables_are_read_whole_or_not_at_all(void **state)
{
	(void)state;
	struct xt_multiport_v1 ports = { .flags = XT_MULTIPORT_DESTINATION,
					 .count = 3,
					 .ports = { 22, 80, 90 },
					 .pflags = { 0, 1, 0 } };
	struct message m = a_rule(&ports);
	char *text = ports_of(m.at, m.len);
	assert_string_equal(text, "[22,{\"range\":[80,90]}]");
	free(text);
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *cut = malloc(len + 1);
		memcpy(cut, m.at, len);
		assert_null(ports_of(cut, len));
		free(cut);
	}
	ports.invert = 1;
	m = a_rule(&ports);
	assert_null(ports_of(m.at, m.len));
}

static void what_is_no_ruleset_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"nftables\":1}",
		"{\"nftables\":[{\"rule\":{\"chain\":\"nowhere\",\"expr\":[]}}]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_null(ruleset_parse(texts[i], strlen(texts[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_statement_means_what_it_does),
		cmocka_unit_test(who_returns_from_a_chain_goes_on_behind_the_rule),
		cmocka_unit_test(chains_that_call_each_other_end_in_unknown),
		cmocka_unit_test(more_rules_than_the_budget_are_unknown),
		cmocka_unit_test(
			translation_before_input_hides_the_port_from_early_chains),
		cmocka_unit_test(who_is_not_tracked_is_not_new),
		cmocka_unit_test(a_set_that_changes_by_itself_may_hold_anything),
		cmocka_unit_test(a_table_that_may_be_asleep_shuts_nothing),
		cmocka_unit_test(a_door_for_both_families_is_shut_only_in_both),
		cmocka_unit_test(ports_of_iptables_are_read_whole_or_not_at_all),
		cmocka_unit_test(what_is_no_ruleset_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
