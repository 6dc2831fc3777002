/*
 * test_dhcp.c: what hosts and servers say about addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "talk_check.h"

extern const struct protocol protocol_dhcp;

static struct talk_check *check;
static uint8_t message[576];
static size_t message_len;

static int begin(void **state)
{
	(void)state;
	check = talk_check_new(&protocol_dhcp, IPPROTO_UDP, 67);
	return 0;
}

static int end(void **state)
{
	(void)state;
	talk_check_free(check);
	return 0;
}

enum { CURRENT = 12, ASSIGNED = 16, RELAY = 24, NAME = 44, FILE_NAME = 108 };

static void make(unsigned operation, uint8_t id)
{
	memset(message, 0, sizeof(message));
	memcpy(message, "\1\1\6\0\x12\x34\x56", 7);
	message[0] = (uint8_t)operation;
	message[7] = id;
	memcpy(message + 28, "\x52\x54\0\x12\x34\x56", 6);
	memcpy(message + 236, "\x63\x82\x53\x63", 4);
	message_len = 240;
}

static void option(unsigned code, const void *value, size_t len)
{
	message[message_len++] = (uint8_t)code;
	message[message_len++] = (uint8_t)len;
	memcpy(message + message_len, value, len);
	message_len += len;
}

static void finish(void)
{
	message[message_len++] = 255;
}

static void make_request(uint8_t id)
{
	make(1, id);
	option(53, "\3", 1);
	option(61, "\1\x52\x54\0\x12\x34\x56", 7);
	message[message_len++] = 0; /* a pad */
	option(50, "\xc0\0\2\x63", 4);
	option(12, "laptop", 6);
	option(60, "udhcp 1.36.1", 12);
	finish();
}

static void make_ack(uint8_t id)
{
	make(2, id);
	memcpy(message + ASSIGNED, "\xc0\0\2\x63", 4);
	option(53, "\5", 1);
	option(54, "\xc0\0\2\1", 4);
	option(51, "\0\0\x0e\x10", 4);
	finish();
}

static void say(unsigned by)
{
	talk_say(check, by, message, message_len);
}

static bool is_dhcp(uint16_t port, size_t len)
{
	const char *is = opening_is(IPPROTO_UDP, port, CLIENT, bytes_of(message, len),
				    (struct bytes){ 0 });
	return is != NULL && strcmp(is, "dhcp") == 0;
}

static void assert_address(const struct addr *addr, const char *text)
{
	char have[ADDR_TEXT_MAX];
	addr_text(addr, have);
	assert_string_equal(have, text);
}

static void messages_are_recognised_by_their_cookie(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		if (i == 0)
			make_request(1);
		else
			make_ack(1);
		assert_true(is_dhcp(67, message_len));
		assert_true(is_dhcp(40067, message_len));
		for (size_t len = 1; len < 240; len++)
			assert_false(is_dhcp(67, len));
		message[239] = 0;
		assert_false(is_dhcp(67, message_len));
	}
	make_request(1);
	message[0] = 3;
	assert_false(is_dhcp(67, message_len));
	make_request(1);
	message[2] = 17; /* no hardware address is so long */
	assert_false(is_dhcp(67, message_len));
}

static void each_message_is_recorded(void **state)
{
	(void)state;
	make_request(9);
	say(CLIENT);
	make_ack(9);
	say(SERVER);
	assert_int_equal(check->records, 2);
	const struct dhcp_record *request = &check->record[0].dhcp;
	const struct dhcp_record *ack = &check->record[1].dhcp;
	assert_string_equal(request->type, "request");
	assert_int_equal(request->id, 0x12345609);
	assert_string_equal(request->mac, "52:54:00:12:34:56");
	assert_string_equal(request->hostname, "laptop");
	assert_address(&request->requested_ip, "192.0.2.99");
	assert_true(addr_is_unset(&request->current_ip));
	assert_true(addr_is_unset(&request->assigned_ip));
	assert_true(addr_is_unset(&request->relay_ip));
	assert_true(addr_is_unset(&request->server_id));
	assert_int_equal(request->lease_s, UNKNOWN_U32);
	assert_string_equal(ack->type, "ack");
	assert_address(&ack->assigned_ip, "192.0.2.99");
	assert_address(&ack->server_id, "192.0.2.1");
	assert_int_equal(ack->lease_s, 3600);
	assert_string_equal(check->talk.facts.name, "laptop");
	assert_string_equal(check->talk.facts.client_software, "udhcp 1.36.1");
	assert_int_equal(check->talk.facts.cleartext, 1);
	assert_int_equal(check->notices, 0);
}

static void addresses_of_relays_and_holders_are_recorded(void **state)
{
	(void)state;
	make(1, 1);
	memcpy(message + CURRENT, "\x0a\0\0\7", 4);
	memcpy(message + RELAY, "\x0a\0\0\1", 4);
	option(53, "\x08", 1);
	finish();
	say(CLIENT);
	assert_string_equal(check->record[0].dhcp.type, "inform");
	assert_address(&check->record[0].dhcp.current_ip, "10.0.0.7");
	assert_address(&check->record[0].dhcp.relay_ip, "10.0.0.1");
}

static void an_answer_is_timed_if_it_is_in_the_conversation(void **state)
{
	(void)state;
	make_request(1);
	say(CLIENT);
	say(CLIENT); /* again: it waits since the first */
	make_ack(2);
	say(SERVER);
	assert_int_equal(check->answers, 0);
	make_ack(1);
	say(SERVER);
	assert_int_equal(check->answers, 1);
	assert_int_equal(check->errors, 0);
	assert_int_equal(check->took_us, 3000);
	make_request(3);
	say(CLIENT);
	talk_finish(check);
	assert_int_equal(check->answers, 1);
}

static void options_may_be_where_file_and_name_are(void **state)
{
	(void)state;
	make(1, 1);
	option(52, "\3", 1);
	finish();
	memcpy(message + FILE_NAME, "\x35\1\1\xff", 4);
	memcpy(message + NAME, "\x0c\5phone\xff", 8);
	say(CLIENT);
	assert_string_equal(check->record[0].dhcp.type, "discover");
	assert_string_equal(check->record[0].dhcp.hostname, "phone");
	/* Not asked to be, they are not. */
	make(1, 2);
	option(53, "\3", 1);
	finish();
	memcpy(message + NAME, "\x0c\5phone\xff", 8);
	say(CLIENT);
	assert_string_equal(check->record[1].dhcp.hostname, "");
}

static void what_is_behind_the_end_is_not_read(void **state)
{
	(void)state;
	make(1, 1);
	option(53, "\1", 1);
	finish();
	option(12, "ghost", 5);
	message[message_len++] = 12;
	message[message_len++] = 200;
	say(CLIENT);
	assert_string_equal(check->record[0].dhcp.hostname, "");
	assert_int_equal(check->notices, 0);
}

static void an_option_beyond_the_end_is_noticed(void **state)
{
	(void)state;
	make(1, 1);
	option(53, "\1", 1);
	message[message_len++] = 12;
	message[message_len++] = 200;
	say(CLIENT);
	assert_int_equal(check->notices, 1);
	assert_true(talk_check_noticed(check, "dhcp_options"));
	assert_string_equal(check->notice[0]->severity, "notice");
	assert_string_equal(check->record[0].dhcp.type, "discover");
}

static void options_of_a_wrong_length_say_nothing(void **state)
{
	(void)state;
	make(1, 1);
	option(53, "\1\1", 2);
	option(50, "\1\2\3", 3);
	option(51, "\1\2\3", 3);
	option(54, "", 0);
	finish();
	say(CLIENT);
	const struct dhcp_record *record = &check->record[0].dhcp;
	assert_null(record->type);
	assert_true(addr_is_unset(&record->requested_ip));
	assert_true(addr_is_unset(&record->server_id));
	assert_int_equal(record->lease_s, UNKNOWN_U32);
	make(1, 1);
	option(53, "\xc8", 1);
	finish();
	say(CLIENT);
	assert_null(check->record[1].dhcp.type);
}

static void long_names_and_addresses_are_cut(void **state)
{
	(void)state;
	char name[255];
	memset(name, 'n', sizeof(name));
	make(1, 1);
	message[2] = 16;
	option(12, name, sizeof(name));
	finish();
	say(CLIENT);
	const struct dhcp_record *record = &check->record[0].dhcp;
	assert_int_equal(strlen(record->hostname), sizeof(record->hostname) - 1);
	assert_string_equal(record->mac, "52:54:00:12:34:56:00:00:00:00");
	assert_int_equal(strlen(check->talk.facts.name), 63);
}

static void random_messages_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 20000; round++) {
		make_request((uint8_t)round);
		for (size_t i = 240; i < sizeof(message); i++)
			message[i] = (uint8_t)rand_r(&seed);
		message_len = 230 + (size_t)rand_r(&seed) % 346;
		say(round % 2);
	}
	talk_finish(check);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(messages_are_recognised_by_their_cookie),
		TEST(each_message_is_recorded),
		TEST(addresses_of_relays_and_holders_are_recorded),
		TEST(an_answer_is_timed_if_it_is_in_the_conversation),
		TEST(options_may_be_where_file_and_name_are),
		TEST(what_is_behind_the_end_is_not_read),
		TEST(an_option_beyond_the_end_is_noticed),
		TEST(options_of_a_wrong_length_say_nothing),
		TEST(long_names_and_addresses_are_cut),
		TEST(random_messages_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
