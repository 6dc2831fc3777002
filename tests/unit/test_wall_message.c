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

#define WRONG(change)                                                                  \
	do {                                                                           \
		struct wall_message m = good();                                        \
		change;                                                                \
		assert_false(is_message(&m));                                          \
	} while (0)

static void each_field_of_an_order_is_judged(void **state)
{
	(void)state;
	struct wall_message right = good();
	struct wall_message out;
	assert_true(is_message(&right));
	assert_false(wall_message_parse(&right, sizeof(right) - 1, &out));
	WRONG(m.kind = 0);
	WRONG(m.kind = WALL_SPARE + 1);
	WRONG(m.count = 0);
	WRONG(m.count = 1); /* and another one behind it */
	WRONG(m.count = WALL_ORDERS + 1);
	WRONG(m.at[0].id = 0);
	WRONG(m.at[0].left_s = 0);
	WRONG(m.at[0].left_s = WALL_SECONDS_MAX + 1);
	WRONG(m.at[0].rate = 1);
	WRONG(m.at[1].rate = 0);
	WRONG(m.at[1].rate = 100001);
	WRONG(m.at[0].proto = IPPROTO_ICMP);
	WRONG(m.at[0].prefix_len = 129);
	WRONG(m.at[0].prefix_len = 127);
	WRONG(m.at[0].action = 0);
	WRONG(m.at[0].action = WALL_RESET + 1);
	WRONG(m.at[0].flags = 4);
	WRONG(m.at[1].zero[9] = 1);
	WRONG(m.at[WALL_ORDERS - 1].zero[9] = 1);
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
	       memcmp(&out, event, sizeof(out)) == 0;
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
