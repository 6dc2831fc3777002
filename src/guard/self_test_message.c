/*
 * self_test_message.c: what the process of the self-test and the daemon say to each
 * other, judged as from strangers.
 */
#include <string.h>

#include "guard/self_test.h"

enum { ERRNO_END = 4096 /* no error of the kernel's has a higher number */ };

static bool is_nobodys(const struct addr *addr)
{
	/* RFC 2544 C.2.2: for tests of networks. */
	static const uint8_t v4[4] = { 198, 18, 0, 0 };
	const struct prefix tests = { addr_v4(v4), 96 + 15 };
	return addr_is_v4(addr) ? prefix_holds(&tests, addr) : addr->ip6[0] == 0xfd;
}

bool self_test_order_parse(const void *bytes, size_t len, struct self_test_order *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	struct addr ours = addr_source(&out->ours), theirs = addr_source(&out->theirs);
	return out->id != 0 && is_nobodys(&out->ours) && is_nobodys(&out->theirs) &&
	       addr_is_v4(&out->ours) == addr_is_v4(&out->theirs) &&
	       !addr_equal(&ours, &theirs);
}

bool self_test_event_parse(const void *bytes, size_t len, struct self_test_event *out)
{
	static const uint8_t zero[sizeof(out->zero)];
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	bool ends = out->kind == SELF_TEST_ENDS;
	bool is_outcome =
		out->outcome >= SELF_TEST_WELL && out->outcome <= SELF_TEST_NOT_BACK;
	return out->kind >= SELF_TEST_BEGINS && out->kind <= SELF_TEST_ENDS &&
	       (ends ? is_outcome : out->outcome == 0) && out->error <= 0 &&
	       out->error > -ERRNO_END && out->stopped_us >= 0 &&
	       out->arrived <= out->sent && out->passed <= out->sent &&
	       out->session_ended <= 1 && memcmp(out->zero, zero, sizeof(zero)) == 0;
}
