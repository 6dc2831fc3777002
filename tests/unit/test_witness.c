/*
 * test_witness.c: what the kernel had no room for, as /proc/net/netstat has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/witness.h"

static struct witness_counts counts(const char *text)
{
	struct witness_counts out = { 0 };
	/* Its own memory, so that a byte too many is found. */
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	witness_parse(copy, len, &out);
	free(copy);
	return out;
}

static const char netstat[] =
	"TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops "
	"TCPReqQFullDoCookies TCPReqQFullDrop\n"
	"TcpExt: 11 2 3 44 5 66\n"
	"IpExt: InNoRoutes ListenDrops\n"
	"IpExt: 7 8\n";

static void counts_are_found_by_name(void **state)
{
	(void)state;
	struct witness_counts c = counts(netstat);
	assert_int_equal(c.cookies, 11);
	assert_int_equal(c.overflows, 44);
	assert_int_equal(c.requests_dropped, 66);
}

static void datagrams_are_counted_of_both_families(void **state)
{
	(void)state;
	static const char text[] = "Tcp: RcvbufErrors\nTcp: 1000\n"
				   "Udp: InErrors RcvbufErrors\nUdp: 9 30\n"
				   "UdpLite: RcvbufErrors\nUdpLite: 2000\n"
				   "Udp6InErrors                    \t7\n"
				   "Udp6RcvbufErrors                \t5\n"
				   "UdpLite6RcvbufErrors            \t4000\n";
	assert_int_equal(counts(text).datagrams_dropped, 35);
}

static void what_is_not_there_is_none(void **state)
{
	(void)state;
	static const char *const texts[] = { "",
					     "\n",
					     "TcpExt:",
					     "TcpExt: ListenDrops\n",
					     "IpExt: ListenDrops\nIpExt: 5\n",
					     "TcpExt: ListenDrops\nTcpExt:\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct witness_counts c = counts(texts[i]);
		assert_int_equal(c.cookies + c.overflows + c.requests_dropped +
					 c.datagrams_dropped,
				 0);
	}
	for (size_t len = 0; len < sizeof(netstat) - 1; len++) {
		char *cut = strndup(netstat, len);
		assert_non_null(cut);
		assert_true(counts(cut).cookies <= 11);
		free(cut);
	}
}

static void the_kernels_own_is_read_again_and_again(void **state)
{
	(void)state;
	struct witness_counts rise;
	struct witness *witness = witness_open();
	if (witness == NULL)
		skip();
	assert_false(witness_look(witness, &rise)); /* nothing to compare with */
	assert_true(witness_look(witness, &rise));
	assert_true(rise.cookies < 1000000000);
	witness_close(witness);
	witness_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_found_by_name),
		cmocka_unit_test(datagrams_are_counted_of_both_families),
		cmocka_unit_test(what_is_not_there_is_none),
		cmocka_unit_test(the_kernels_own_is_read_again_and_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
