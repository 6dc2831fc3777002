/*
 * test_probing.c: what the process that asks tells is a stranger's: whatever it sends,
 * and however much, the daemon takes what is an answer, and goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/socket.h>

#include "cli/probing.h"
#include "guard/message.h"
#include "probe/event.h"

enum {
	DEADLINE_MS = 20000,
	EVENTS = 100000,
	EVERY = 1000,
	FORGED = 500,
	FLOOD = 20000
};

static void emit_answer(unsigned number)
{
	struct probe_record record;
	struct probe_event event;
	record_init(RECORD_probe, &record);
	record_text(record.target, sizeof(record.target), "tcp://192.0.2.1:1");
	record.at = number;
	record.state = record.hard_state = probe_state_word(PROBE_up);
	probe_event_make(&record, &event);
	guard_emit(&event, sizeof(event));
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Of any length, often that of an answer, and then with its kind. */
static void emit_garbage(uint64_t *seed)
{
	_Alignas(8) uint8_t event[GUARD_EVENT_MAX];
	static const uint32_t kinds[] = { PROBE_EVENT_ANSWER, PROBE_EVENT_PAGE };
	for (size_t i = 0; i < sizeof(event); i += sizeof(*seed))
		memcpy(event + i, &(uint64_t){ next_random(seed) }, sizeof(*seed));
	size_t len = 1 + next_random(seed) % sizeof(event);
	if (next_random(seed) % 2 != 0) {
		len = sizeof(struct probe_event);
		memcpy(event, &kinds[next_random(seed) % 2], sizeof(kinds[0]));
	}
	guard_emit(event, len);
}

static bool emit_all(void *self)
{
	uint64_t seed = 88172645463325252ULL;
	(void)self;
	for (unsigned i = 1; i <= EVENTS; i++)
		if (i % EVERY == 0)
			emit_answer(i);
		else
			emit_garbage(&seed);
	return true;
}

static bool emit_forged_ends(void *self)
{
	(void)self;
	emit_answer(1);
	for (unsigned i = 0; i < FORGED; i++) {
		struct guard_news news = { .mark = MESSAGE_NEWS, .ended = 1 };
		guard_emit(&news, sizeof(news));
	}
	emit_answer(2);
	return true;
}

static bool flood(void *self)
{
	struct probe_ends_event event;
	(void)self;
	memset(&event, 0, sizeof(event));
	event.kind = PROBE_EVENT_ENDS;
	while (true)
		guard_emit(&event, sizeof(event));
	return true;
}

static void count_ends(void *self, const struct probe_ends *ends)
{
	(void)ends;
	++*(unsigned *)self;
}

static void do_nothing(void *self)
{
	(void)self;
}

static void begin(struct probing *p, bool (*emit)(void *self))
{
	struct guard_task task = {
		.kind = GUARD_PROBER, .user = "nobody", .open = emit, .run = do_nothing
	};
	*p = (struct probing){ .process = guard_fork(&task) };
	assert_non_null(p->process);
}

/* Until the answer of that number has come; how many records came before it. */
static unsigned take_until(struct probing *p, int64_t number)
{
	struct probe_record record;
	struct pollfd waited = { .fd = probing_fd(p), .events = POLLIN };
	unsigned count = 0;
	while (poll(&waited, 1, DEADLINE_MS) > 0) {
		while (probing_next(p, &record)) {
			count++;
			probing_keep(p, &record);
			if (record.at == number)
				return count;
		}
	}
	fail_msg("answer %d never came", (int)number);
	return 0;
}

static void garbage_is_passed_over_and_answers_are_not(void **state)
{
	(void)state;
	struct probing p;
	begin(&p, emit_all);
	assert_int_equal(take_until(&p, EVENTS), EVENTS / EVERY);
	assert_int_equal(p.count, 1);
	probing_close(&p);
}

/* All it gains is that what it asks is told as unknown. */
static void forged_news_of_its_end_is_told_no_more_than_once_a_second(void **state)
{
	(void)state;
	struct probing p;
	char text[GUARD_TEXT_MAX];
	unsigned told = 0;
	begin(&p, emit_forged_ends);
	take_until(&p, 1);
	struct probe_record record = { 0 };
	struct pollfd waited = { .fd = probing_fd(&p), .events = POLLIN };
	do {
		assert_true(poll(&waited, 1, DEADLINE_MS) > 0);
		if (probing_next(&p, &record))
			probing_keep(&p, &record);
		told += probing_has_ended(&p, text);
	} while (record.at != 2);
	assert_in_range(told, 1, 20);
	assert_int_equal(probing_ends(&p), FORGED);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.last[0].state, "up");
	probing_close(&p);
}

/* The daemon has others to listen to. */
static void a_flood_keeps_nobody_for_ever(void **state)
{
	(void)state;
	struct probing p;
	struct probe_record record;
	unsigned count = 0;
	begin(&p, flood);
	p.take_ends = count_ends;
	p.take_ends_to = &count;
	struct pollfd waited = { .fd = probing_fd(&p), .events = POLLIN };
	for (unsigned all = 0; all < FLOOD; all += count) {
		count = 0;
		assert_true(poll(&waited, 1, DEADLINE_MS) > 0);
		assert_false(probing_next(&p, &record));
		assert_in_range(count, 0, 1000);
	}
	probing_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_passed_over_and_answers_are_not),
		cmocka_unit_test(
			forged_news_of_its_end_is_told_no_more_than_once_a_second),
		cmocka_unit_test(a_flood_keeps_nobody_for_ever),
	};
	setenv("BREAKWATER_SECCOMP", "kill", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
