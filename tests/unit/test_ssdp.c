/*
 * test_ssdp.c: SSDP: recognised, devices' software, searches from outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk_check.h"

#define SEARCH                                                                         \
	"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "                   \
	"\"ssdp:discover\"\r\n"                                                        \
	"MX: 1\r\nST: ssdp:all\r\nUSER-AGENT: Linux/6 UPnP/1.1 c/1\r\n\r\n"
#define FOUND                                                                          \
	"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\n"   \
	"SERVER: Linux/5.4 UPnP/1.0 MiniUPnPd/2.1\r\n\r\n"
#define NOTIFY                                                                         \
	"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\n"   \
	"NTS: ssdp:alive\r\nServer: Router/1\r\nUSN: uuid:1\r\n\r\n"

static struct bytes text(const char *of)
{
	return bytes_of(of, strlen(of));
}

static void messages_are_recognised_on_any_port_from_either_side(void **state)
{
	static const char *const messages[] = { SEARCH, FOUND, NOTIFY };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(
			opening_is(IPPROTO_UDP, 9, CLIENT, text(messages[i]), text("")),
			"ssdp");
		assert_string_equal(
			opening_is(IPPROTO_UDP, 9, SERVER, text(""), text(messages[i])),
			"ssdp");
	}
}

static void what_others_say_is_not_claimed(void **state)
{
	static const char *const others[] = {
		"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
		"HTTP/1.1 404 No\r\nST: a\r\nUSN: b\r\n\r\n",
		"NOTIFY sip:a SIP/2.0\r\n",
		"NOTIFY /event HTTP/1.1\r\n\r\n",
		"M-SEARCH",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(verdict_of(protocol_by_name("ssdp"), IPPROTO_UDP,
					    text(others[i]), text("")),
				 i == 4 ? VERDICT_MORE : VERDICT_NO);
	assert_null(opening_is(IPPROTO_TCP, 1900, CLIENT, text("M-SEARCH * HTTP/2\r\n"),
			       text("")));
}

static struct talk_check *search_from(const char *client)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("ssdp"), IPPROTO_UDP, 1900);
	addr_parse(client, &c->addr[CLIENT]);
	talk_say_text(c, CLIENT, SEARCH);
	assert_int_equal(c->notices, 0);
	talk_say_text(c, SERVER, FOUND);
	talk_say_text(c, SERVER, FOUND);
	return c;
}

static void a_device_tells_its_software(void **state)
{
	struct talk_check *c = search_from("10.0.0.7");
	(void)state;
	assert_string_equal(c->talk.facts.software, "Linux/5.4 UPnP/1.0 MiniUPnPd/2.1");
	assert_string_equal(c->talk.facts.client_software, "Linux/6 UPnP/1.1 c/1");
	assert_string_equal(c->talk.facts.name, "ssdp:all");
	assert_int_equal(c->talk.facts.cleartext, 1);
	assert_int_equal(c->answers, 1);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	c = talk_check_new(protocol_by_name("ssdp"), IPPROTO_UDP, 1900);
	talk_say_text(c, CLIENT, NOTIFY);
	assert_string_equal(c->talk.facts.client_software, "Router/1");
	talk_check_free(c);
}

static void only_who_answers_the_outside_is_an_amplifier(void **state)
{
	static const struct {
		const char *client;
		bool is_noticed;
	} cases[] = {
		{ "192.168.1.2", false }, { "fe80::1", false },
		{ "fd00::1", false },     { "127.0.0.1", false },
		{ "8.8.8.8", true },      { "2606:4700::1", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk_check *c = search_from(cases[i].client);
		assert_int_equal(talk_check_noticed(c, "ssdp_amplifier"),
				 cases[i].is_noticed);
		if (cases[i].is_noticed) {
			assert_string_equal(c->notice[0]->severity, "low");
			assert_int_equal(c->notice[0]->about, ABOUT_SERVICE);
		}
		talk_check_free(c);
	}
}

static void damaged_messages_do_no_harm(void **state)
{
	static const char *const messages[] = { SEARCH, FOUND, NOTIFY };
	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t len = 1; len <= strlen(messages[i]); len++) {
			struct talk_check *c = talk_check_new(protocol_by_name("ssdp"),
							      IPPROTO_UDP, 1900);
			uint8_t said[512];
			memcpy(said, messages[i], len);
			talk_say(c, SERVER, said, len);
			said[len / 2] ^= 0x55;
			talk_say(c, CLIENT, said, len);
			assert_int_equal(c->notices, 0);
			talk_check_free(c);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_recognised_on_any_port_from_either_side),
		cmocka_unit_test(what_others_say_is_not_claimed),
		cmocka_unit_test(a_device_tells_its_software),
		cmocka_unit_test(only_who_answers_the_outside_is_an_amplifier),
		cmocka_unit_test(damaged_messages_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
