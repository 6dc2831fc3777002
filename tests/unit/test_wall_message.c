/*
 * test_wall_message.c: each field of what the wall is told, and tells, is judged: one
 * wrong byte, and it is no message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>

#include "guard/wall.h"
#include "policy/never.h"

static struct wall_message good(void)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	struct wall_message message = { .kind = WALL_ADD, .count = 2 };
	message.at[0] = (struct wall_order){ .id = 1,
					     .address = addr_v4(address),
					     .left_s = 60,
					     .prefix_len = 128,
					     .action = WALL_DROP };
	message.at[1] = (struct wall_order){ .id = 2,
					     .address = addr_v4(address),
					     .left_s = WALL_SECONDS_MAX,
					     .rate = 5,
					     .port = 22,
					     .proto = IPPROTO_TCP,
					     .prefix_len = 128,
					     .action = WALL_LIMIT,
					     .flags = WALL_BY_HAND | WALL_RESTORED };
	return message;
}

static bool is_message(const struct wall_message *message)
{
	struct wall_message out;
	return wall_message_parse(message, sizeof(*message), &out) &&
	       memcmp(&out, message, sizeof(out)) == 0;
}

/* One number somewhere in the message. */
struct wrong {
	size_t at, size;
	uint64_t value;
};

#define ORDER(n, field, bad)                                                           \
	{                                                                              \
		offsetof(struct wall_message, at[n].field),                            \
			sizeof(((struct wall_order *)NULL)->field), bad                \
	}

static const struct wrong wrongs[] = {
	{ offsetof(struct wall_message, kind), 4, 0 },
	{ offsetof(struct wall_message, kind), 4, WALL_SPARE + 1 },
	{ offsetof(struct wall_message, count), 4, 0 },
	{ offsetof(struct wall_message, count), 4, 1 }, /* and another one behind it */
	{ offsetof(struct wall_message, count), 4, WALL_ORDERS + 1 },
	ORDER(0, id, 0),
	ORDER(0, left_s, 0),
	ORDER(0, left_s, WALL_SECONDS_MAX + 1),
	ORDER(0, rate, 1),
	ORDER(1, rate, 0),
	ORDER(1, rate, 100001),
	ORDER(0, proto, IPPROTO_ICMP),
	ORDER(0, prefix_len, 129),
	ORDER(0, prefix_len, 127),
	ORDER(0, action, 0),
	ORDER(0, action, WALL_RESET + 1),
	ORDER(0, flags, 4),
	ORDER(1, zero[9], 1),
	ORDER(WALL_ORDERS - 1, zero[9], 1),
};

static void each_field_of_an_order_is_judged(void **state)
{
	(void)state;
	struct wall_message right = good();
	struct wall_message out;
	assert_true(is_message(&right));
	assert_false(wall_message_parse(&right, sizeof(right) - 1, &out));
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct wall_message message = good();
		/* The lowest bytes come first on what we run on. */
		memcpy((char *)&message + wrongs[i].at, &wrongs[i].value,
		       wrongs[i].size);
		assert_false(is_message(&message));
	}
}

static void the_other_messages_have_what_they_need(void **state)
{
	(void)state;
	struct wall_message ready = { .kind = WALL_READY };
	struct wall_message remove = { .kind = WALL_REMOVE, .count = 1 };
	struct wall_message spare = { .kind = WALL_SPARE, .count = 1 };
	assert_true(is_message(&ready));
	ready.count = 1;
	assert_false(is_message(&ready));
	assert_false(is_message(&remove));
	remove.at[0].id = 1;
	assert_true(is_message(&remove));
	spare.at[0].prefix_len = 128;
	assert_false(is_message(&spare));
	spare.at[0].left_s = 1;
	assert_true(is_message(&spare));
	spare.at[0].address.ip6[15] = 1;
	spare.at[0].prefix_len = 64;
	assert_false(is_message(&spare));
}

static bool is_event(const struct wall_event *event)
{
	struct wall_event out;
	return wall_event_parse(event, sizeof(*event), &out) &&
	       memcmp((const uint8_t *)&out, (const uint8_t *)event, sizeof(out)) == 0;
}

static void each_field_of_an_event_is_judged(void **state)
{
	(void)state;
	struct wall_event told = { .kind = WALL_TELLS, .count = 1 };
	assert_false(is_event(&told));
	told.told[0] =
		(struct wall_told){ .id = 1, .outcome = WALL_FAILED, .error = -EPERM };
	assert_true(is_event(&told));
	told.told[0].reason = NEVER_REASON_COUNT;
	assert_false(is_event(&told));
	told.told[0].reason = 0;
	told.told[0].error = 1;
	assert_false(is_event(&told));
	told.told[0].error = 0;
	told.told[0].outcome = WALL_FAILED + 1;
	assert_false(is_event(&told));
	told.told[0].outcome = WALL_HELD;
	told.told[1].id = 1;
	assert_false(is_event(&told));

	struct wall_event standing = { .kind = WALL_STATE, .count = 1 };
	assert_true(is_event(&standing));
	standing.state.is_owned = 2;
	assert_false(is_event(&standing));
	standing.state.is_owned = 1;
	standing.count = 2;
	assert_false(is_event(&standing));

	struct wall_event spared = { .kind = WALL_NEVER, .count = 1 };
	assert_true(is_event(&spared));
	spared.never[0].reason = NEVER_REASON_COUNT;
	assert_false(is_event(&spared));

	struct wall_event dropped = { .kind = WALL_DROPPED, .count = WALL_TOLD };
	assert_true(is_event(&dropped));
	dropped.dropped[3].zero[0] = 1;
	assert_false(is_event(&dropped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_of_an_order_is_judged),
		cmocka_unit_test(the_other_messages_have_what_they_need),
		cmocka_unit_test(each_field_of_an_event_is_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
