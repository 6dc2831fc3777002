/*
 * test_maker.c: what may be asked of who makes sockets in other network namespaces.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "guard/maker.h"

static struct maker_request good(void)
{
	return (struct maker_request){ .id = 7,
				       .name = "blue",
				       .family = AF_INET6,
				       .type = SOCK_STREAM | SOCK_NONBLOCK };
}

static bool is_taken(const struct maker_request *request)
{
	struct maker_request out;
	return maker_parse(request, sizeof(*request), &out);
}

static void sockets_of_ip_are_made(void **state)
{
	(void)state;
	static const int kinds[][3] = {
		{ AF_INET, SOCK_STREAM, 0 },
		{ AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
		{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct maker_request request = good();
		request.family = kinds[i][0];
		request.type = kinds[i][1];
		request.protocol = kinds[i][2];
		assert_true(is_taken(&request));
	}
}

static void others_are_not(void **state)
{
	(void)state;
	static const int kinds[][3] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_PACKET, SOCK_RAW, 0 },
		{ AF_NETLINK, SOCK_RAW, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_RAW },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMPV6 },
		{ AF_INET, SOCK_STREAM, IPPROTO_SCTP },
		{ AF_INET, SOCK_SEQPACKET, 0 },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct maker_request request = good();
		request.family = kinds[i][0];
		request.type = kinds[i][1];
		request.protocol = kinds[i][2];
		assert_false(is_taken(&request));
	}
}

static void names_stay_in_their_folder(void **state)
{
	(void)state;
	static const char *const names[] = { "", ".", "..", "../proc/1/ns/net", "a/b" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct maker_request request = good();
		snprintf(request.name, sizeof(request.name), "%s", names[i]);
		assert_false(is_taken(&request));
	}
	struct maker_request endless = good();
	memset(endless.name, 'a', sizeof(endless.name));
	assert_false(is_taken(&endless));
}

static void a_message_has_one_size(void **state)
{
	(void)state;
	struct maker_request request = good(), out;
	assert_true(maker_parse(&request, sizeof(request), &out));
	assert_string_equal(out.name, "blue");
	assert_int_equal(out.id, 7);
	for (size_t len = 0; len < sizeof(request); len++)
		assert_false(maker_parse(&request, len, &out));
	request.zero = 1;
	assert_false(is_taken(&request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_of_ip_are_made),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(names_stay_in_their_folder),
		cmocka_unit_test(a_message_has_one_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
