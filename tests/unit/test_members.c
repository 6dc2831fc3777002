/*
 * test_members.c: targets that stand for several: who they are, what they come to.
 */
#include "target_check.h"

#include <stdlib.h>

#include "probe/group.h"
#include "probe/members.h"
#include "probe/names.h"
#include "probe/resolvers.h"

static char out[512];

static void take_members(const char *text, enum target_members members)
{
	take(text);
	assert_int_equal(target.members, members);
}

static void some_stand_for_several(void **state)
{
	(void)state;
	take_members("tcp://h:1?addresses=all", MEMBERS_ADDRESSES);
	take_members("tcp://h:1?addresses=one", MEMBERS_NONE);
	take_members("tcp://h:1?family=both&addresses=all", MEMBERS_FAMILIES);
	take_members("http://h/?addresses=all", MEMBERS_NONE); /* the site's own */
	take_members("http://h/?a=b#addresses=all", MEMBERS_ADDRESSES);
	take_members("tcp://192.0.2.1:1?addresses=all", MEMBERS_NONE);
	take_members("tcp://h:1?address=192.0.2.1", MEMBERS_NONE);
	take_members("ldap://_ldap._tcp.example.net?addresses=all", MEMBERS_SERVICES);
	take_members("udp://_x._udp.example.net", MEMBERS_SERVICES);
	take_members("tcp://_odd.example.net:1", MEMBERS_NONE);
	refuse("tcp://_x._tcp.example.net:1", "its ports are those of its SRV records");
	refuse("tcp://h:1?addresses=all&address=192.0.2.1", "others are asked for");
	refuse("tcp://h:1?addresses=some", "allowed are one and all");
	refuse("tcp://h:1?addre%73ses=all", "write it as addresses=all");
	refuse("tcp://h:1?address=here", "allowed are an address");
	refuse("tcp://h:1?netns=a/b", "a name in /run/netns");
	refuse("tcp://h:1?resolver=here", "an address, or address:port");
}

static void members_are_written_as_anybody_would(void **state)
{
	(void)state;
	take_members("tcp://h:1?timeout=2s&addresses=all&verify=no", MEMBERS_ADDRESSES);
	assert_true(members_with_option(&target, "addresses=all", "address=::1", out,
					sizeof(out)));
	assert_string_equal(out, "tcp://h:1?timeout=2s&address=::1&verify=no");
	assert_false(members_with_option(&target, "family=both", "family=4", out,
					 sizeof(out)));
	assert_false(
		members_with_option(&target, "addresses=all", "address=::1", out, 20));
	take_members("http://h/?addresses=all#addresses=all", MEMBERS_ADDRESSES);
	assert_true(members_with_option(&target, "addresses=all", "address=::1", out,
					sizeof(out)));
	assert_string_equal(out, "http://h/?addresses=all#address=::1");
	take_members("ldap://me:secret@_ldap._tcp.h/a@b?timeout=2s", MEMBERS_SERVICES);
	assert_true(members_with_host(&target, "dc1.h", 3268, out, sizeof(out)));
	assert_string_equal(out, "ldap://me:secret@dc1.h:3268/a@b?timeout=2s");
	assert_string_equal(target.text, "ldap://me@_ldap._tcp.h/a@b?timeout=2s");
}

/* ---- what they come to ---- */

static struct probe_record told;

/* "ud": one is up, one down. */
static const char *come_to(const char *states)
{
	struct group group = { 0 };
	record_init(RECORD_probe, &told);
	for (; *states != '\0'; states++)
		group_add(&group, "192.0.2.1",
			  *states == 'u'   ? PROBE_up
			  : *states == 'g' ? PROBE_degraded
			  : *states == 'd' ? PROBE_down
					   : PROBE_unknown,
			  *states == 'u'   ? NULL
			  : *states == 'g' ? "slow"
			  : *states == 'd' ? "refused"
					   : "no_route");
	group_judge(&group, &told);
	return told.state;
}

static void all_of_them_have_one_state(void **state)
{
	(void)state;
	assert_string_equal(come_to("uuu"), "up");
	assert_null(told.reason);
	assert_string_equal(told.detail, "");
	assert_string_equal(come_to("udu"), "degraded");
	assert_string_equal(told.reason, "some_down");
	assert_string_equal(told.detail, "1 of 3 is down: 192.0.2.1 refused");
	assert_string_equal(come_to("dd"), "down");
	assert_string_equal(told.reason, "refused");
	assert_string_equal(come_to("ug"), "degraded");
	assert_string_equal(told.reason, "slow");
	assert_string_equal(come_to("gd"), "degraded");
	assert_string_equal(come_to("u?"), "up");
	assert_string_equal(told.detail, "1 of 2 is unknown: 192.0.2.1 no_route");
	assert_string_equal(come_to("d?"), "down");
	assert_string_equal(come_to("??"), "unknown");
	assert_string_equal(told.reason, "no_route");
}

static void many_are_counted(void **state)
{
	(void)state;
	char states[65] = { 0 };
	memset(states, 'd', 64);
	states[63] = 'u';
	assert_string_equal(come_to(states), "degraded");
	assert_non_null(strstr(told.detail, "63 of 64 are down: "));
}

/* ---- SRV records ---- */

/* dig +qr _x._tcp.h SRV, as BIND answers: two records, and an address beside. */
static const uint8_t services[] = { 0x12, 0x34, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0,
				    /* _x._tcp.h SRV IN */
				    2, '_', 'x', 4, '_', 't', 'c', 'p', 1, 'h', 0, 0,
				    33, 0, 1,
				    /* ... 300 s: 20 0 9001 two.h */
				    0xc0, 12, 0, 33, 0, 1, 0, 0, 1, 44, 0, 13, 0, 20, 0,
				    0, 0x23, 0x29, 3, 't', 'w', 'o', 1, 'h', 0,
				    /* ... 60 s: 10 5 9002 one.h */
				    0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 13, 0, 10, 0,
				    5, 0x23, 0x2a, 3, 'o', 'n', 'e', 1, 'h', 0 };

static void services_have_hosts_ports_and_an_order(void **state)
{
	(void)state;
	struct name name = { .kind = NAME_SERVICES };
	uint32_t ttl_s;
	assert_true(name_services_read(&name, bytes_of(services, sizeof(services)),
				       &ttl_s));
	assert_int_equal(name.count, 2);
	assert_string_equal(name.at[0].host, "one.h");
	assert_int_equal(name.at[0].port, 9002);
	assert_string_equal(name.at[1].host, "two.h");
	assert_int_equal(name.at[1].port, 9001);
	assert_int_equal(ttl_s, 60);
	name_forget(&name);
}

static void every_shorter_message_is_safe(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(services); len++) {
		struct name name = { .kind = NAME_SERVICES };
		uint8_t *copy = malloc(len + 1);
		uint32_t ttl_s;
		memcpy(copy, services, len);
		name_services_read(&name, bytes_of(copy, len), &ttl_s);
		name_forget(&name);
		free(copy);
	}
}

/* What becomes a part of a URL must not end its host. */
static void odd_hosts_are_none(void **state)
{
	(void)state;
	static const char odd[] = "/?#@:% \\\x01";
	for (size_t i = 0; i < sizeof(odd) - 1; i++) {
		struct name name = { .kind = NAME_SERVICES };
		uint8_t copy[sizeof(services)];
		uint32_t ttl_s;
		memcpy(copy, services, sizeof(copy));
		copy[46] = (uint8_t)odd[i]; /* of "two" */
		assert_false(name_services_read(&name, bytes_of(copy, sizeof(copy)),
						&ttl_s));
		name_forget(&name);
	}
}

/* ---- resolvers ---- */

static void resolvers_are_addresses_with_ports(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.1:53" },
		{ "192.0.2.1:5353", "192.0.2.1:5353" },
		{ "2001:db8::1", "[2001:db8::1]:53" },
		{ "[2001:db8::1]:5353", "[2001:db8::1]:5353" },
	};
	static const char *const bad[] = { "",
					   "here",
					   "192.0.2.1:",
					   "192.0.2.1:0",
					   "192.0.2.1:65536",
					   "[192.0.2.1]:53",
					   "192.0.2.1:5x",
					   "[2001:db8::1]",
					   ":53",
					   "[]:53" };
	char normal[RESOLVER_TEXT_MAX];
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(resolver_parse(pairs[i][0], normal));
		assert_string_equal(normal, pairs[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (resolver_parse(bad[i], normal))
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(some_stand_for_several, drop),
		cmocka_unit_test_teardown(members_are_written_as_anybody_would, drop),
		cmocka_unit_test(all_of_them_have_one_state),
		cmocka_unit_test(many_are_counted),
		cmocka_unit_test(services_have_hosts_ports_and_an_order),
		cmocka_unit_test(every_shorter_message_is_safe),
		cmocka_unit_test(odd_hosts_are_none),
		cmocka_unit_test(resolvers_are_addresses_with_ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
