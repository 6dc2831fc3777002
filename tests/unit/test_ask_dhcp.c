/*
 * test_ask_dhcp.c: asking DHCP servers.
 */
#include "asking.h"

extern const struct protocol protocol_dhcp;

#define ZEROS_8  "\0\0\0\0\0\0\0\0"
#define ZEROS_64 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8
#define MESSAGE(operation, id, flags, client, type)                                    \
	operation "\x01\x06\0" id "\0\0" flags "\0" client ZEROS_8 "\0\0\0\0"          \
		  "\x02"                                                               \
		  "brkwt" ZEROS_8 "\0\0" ZEROS_64 ZEROS_64 ZEROS_64 "\x63\x82\x53\x63" \
		  "\x35\x01" type
#define QUESTION(flags, client, type)                                                  \
	MESSAGE("\x01", "0123", flags, client, type)                                   \
	"\x3c\x0a"                                                                     \
	"breakwater"                                                                   \
	"\xff" ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 "\0\0\0\0"
#define INFORM           QUESTION("\0", "\xc0\0\x02\x09", "\x08")
#define DISCOVER         QUESTION("\x80", "\0\0\0\0", "\x01")
#define ANSWER(id, type) MESSAGE("\x02", id, "\0", "\0\0\0\0", type)

static struct question question, homeless;

static void assert_reason(const struct question *asked, const struct turn *turns,
			  size_t count, enum reason reason, const char *detail)
{
	struct script script = { &protocol_dhcp, asked, turns, count, false };
	asking_is(&script, reason, ASK_CLOSE, detail);
	asking_spoilt(&script, 1);
}
#define ASSERT_REASON(asked, turns, reason, detail)                                    \
	assert_reason(asked, turns, sizeof(turns) / sizeof((turns)[0]), reason, detail)

static void it_is_well_once_it_acknowledges(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(INFORM),
					    HEARS(ANSWER("0123", "\x05")) };
	struct script script = SCRIPT(&protocol_dhcp, &question, fine);
	asking_is_well(&script, ASK_CLOSE);
	asking_spoilt(&script, 2);
	assert_int_equal(protocol_dhcp.asking->local_port, 68);
}

static void who_has_no_address_asks_for_an_offer(void **state)
{
	(void)state;
	static const struct turn fine[] = { SAYS(DISCOVER),
					    HEARS(ANSWER("0123", "\x02")) };
	struct script script = SCRIPT(&protocol_dhcp, &homeless, fine);
	asking_is_well(&script, ASK_CLOSE);
}

static void what_answers_another_question_is_let_pass(void **state)
{
	(void)state;
	static const struct turn other[] = { SAYS(INFORM),
					     HEARS(""),
					     HEARS(ANSWER("0124", "\x05")),
					     HEARS(ANSWER("0123", "\x02")),
					     HEARS(INFORM),
					     SERVER_ENDS };
	ASSERT_REASON(&question, other, REASON_closed, "");
	asking_noise(&protocol_dhcp, &question);
	asking_noise(&protocol_dhcp, &homeless);
}

static void a_refusal_says_so(void **state)
{
	(void)state;
	static const struct turn refused[] = { SAYS(INFORM),
					       HEARS(ANSWER("0123", "\x06")) };
	ASSERT_REASON(&question, refused, REASON_denied, "DHCPNAK");
}

static void ip6_has_another_dhcp(void **state)
{
	(void)state;
	struct question modern = question;
	struct script script = { &protocol_dhcp, &modern, NULL, 0, false };
	addr_parse("2001:db8::1", &modern.remote);
	asking_is(&script, REASON_no_route, ASK_CLOSE, "an address of IPv6");
}

int main(void)
{
	question = homeless = asking_question(IPPROTO_UDP);
	addr_parse("0.0.0.0", &homeless.local);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_well_once_it_acknowledges),
		cmocka_unit_test(who_has_no_address_asks_for_an_offer),
		cmocka_unit_test(what_answers_another_question_is_let_pass),
		cmocka_unit_test(a_refusal_says_so),
		cmocka_unit_test(ip6_has_another_dhcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
