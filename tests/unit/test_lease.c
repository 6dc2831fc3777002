/*
 * test_lease.c: of hubs that see one key, at most one leads at any time, and one does
 * again soon after the leader is gone (fleet/lease.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <errno.h>

#include "fleet/lease.h"

#define SECOND INT64_C(1000000)
enum { HUBS = 4 };

/* The bucket, and when each hub hears of what it asked. */
struct bucket {
	uint64_t revision; /* 0: no key */
	uint64_t last;
	int owner;
};

static int put(struct bucket *bucket, int who, uint64_t revision, uint64_t *now)
{
	if (bucket->revision != revision)
		return -EEXIST;
	bucket->revision = *now = ++bucket->last;
	bucket->owner = who;
	return 0;
}

/* One step, answered at once. */
static void step(struct lease *lease, struct bucket *bucket, int who, int64_t now_us)
{
	uint64_t revision = 0;
	int result;
	switch (lease_next(lease, now_us)) {
	case LEASE_WAIT:
		return;
	case LEASE_LOOK:
		lease_saw(lease, bucket->revision, bucket->owner == who, now_us);
		return;
	case LEASE_PUT:
		result = put(bucket, who, lease->revision, &revision);
		lease_was_put(lease, result, revision, now_us, now_us);
	}
}

static void who_is_alone_leads_at_once_and_goes_on(void **state)
{
	struct lease lease;
	struct bucket bucket = { .owner = -1 };
	(void)state;
	lease_init(&lease);
	assert_false(lease_leads(&lease, 0));
	for (int64_t now = 0; now < 60 * SECOND; now += SECOND / 10) {
		step(&lease, &bucket, 0, now);
		step(&lease, &bucket, 0, now);
		assert_true(lease_leads(&lease, now));
	}
	assert_in_range(bucket.last, 29, 31); /* every two seconds */
}

static void another_one_leads_seven_seconds_after_the_leader_died(void **state)
{
	struct lease first, second;
	struct bucket bucket = { .owner = -1 };
	int64_t now, since = -1;
	(void)state;
	lease_init(&first);
	lease_init(&second);
	for (now = 0; now < 20 * SECOND; now += SECOND / 10) {
		step(&first, &bucket, 0, now);
		step(&second, &bucket, 1, now);
		assert_false(lease_leads(&second, now));
	}
	for (; now < 40 * SECOND && since < 0; now += SECOND / 10) {
		step(&second, &bucket, 1, now);
		if (lease_leads(&second, now))
			since = now - 20 * SECOND;
	}
	assert_in_range(since, 3 * SECOND, 7 * SECOND + SECOND / 10);
}

static void who_gives_it_up_is_followed_at_once(void **state)
{
	struct lease first, second;
	struct bucket bucket = { .owner = -1 };
	int64_t now;
	(void)state;
	lease_init(&first);
	lease_init(&second);
	for (now = 0; now < 5 * SECOND; now += SECOND / 10) {
		step(&first, &bucket, 0, now);
		step(&second, &bucket, 1, now);
	}
	uint64_t revision = 0;
	assert_true(lease_give_up(&first, now, &revision));
	assert_int_equal(revision, bucket.revision);
	bucket.revision = 0;
	assert_false(lease_leads(&first, now));
	assert_int_equal(lease_next(&first, now + 100 * SECOND), LEASE_WAIT);
	for (int i = 0; i < 12; i++, now += SECOND / 10)
		step(&second, &bucket, 1, now);
	assert_true(lease_leads(&second, now));
	assert_false(lease_give_up(&first, now, &revision));
}

static void who_hears_no_answer_leads_no_longer_than_it_holds(void **state)
{
	struct lease lease;
	struct bucket bucket = { .owner = -1 };
	(void)state;
	lease_init(&lease);
	step(&lease, &bucket, 0, 0);
	step(&lease, &bucket, 0, 0);
	assert_true(lease_leads(&lease, 0));
	for (int64_t now = 0; now < 10 * SECOND; now += SECOND / 10) {
		enum lease_step next = lease_next(&lease, now);
		if (next == LEASE_PUT)
			lease_was_put(&lease, -EAGAIN, 0, now, now);
		else if (next == LEASE_LOOK)
			lease_saw_nothing(&lease, now);
		assert_int_equal(lease_leads(&lease, now), now < LEASE_HOLD_US);
	}
}

/* It stood still as it was to give it up, and another one has taken it over. */
static void what_is_given_up_late_is_not_another_ones(void **state)
{
	struct lease first, second;
	struct bucket bucket = { .owner = -1 };
	uint64_t revision;
	int64_t now = 0;
	(void)state;
	lease_init(&first);
	lease_init(&second);
	for (; now < 5 * SECOND; now += SECOND / 10) {
		step(&first, &bucket, 0, now);
		step(&second, &bucket, 1, now);
	}
	assert_true(lease_give_up(&first, now, &revision));
	for (; now < 15 * SECOND; now += SECOND / 10)
		step(&second, &bucket, 1, now);
	assert_true(lease_leads(&second, now));
	assert_true(revision != bucket.revision);
}

/* Stored, but the answer is lost: it is found again, and no one else gets it. */
static void an_answer_that_is_lost_costs_nothing(void **state)
{
	struct lease lease;
	struct bucket bucket = { .owner = -1 };
	uint64_t revision;
	int lost = 0;
	(void)state;
	lease_init(&lease);
	for (int64_t now = 0; now < 60 * SECOND; now += SECOND / 10) {
		if (lease_next(&lease, now) == LEASE_PUT && ++lost % 2 == 0) {
			put(&bucket, 0, lease.revision, &revision);
			lease_was_put(&lease, -EAGAIN, 0, now, now);
		} else {
			step(&lease, &bucket, 0, now);
		}
		if (now > SECOND)
			assert_true(lease_leads(&lease, now));
	}
}

/* ---- many, with delays, clocks that differ, and processes that stand still ---- */

struct asking {
	enum lease_step what;
	int64_t asked_us, done_us, heard_us; /* true time; done_us: in the bucket */
	bool is_done, is_lost;
	uint64_t expected, revision;
	bool is_own;
	int result;
};

struct hub {
	struct lease lease;
	struct asking asking;
	int64_t ahead_us; /* of its clock */
	int64_t still_until_us;
	bool is_dead;
};

static int64_t some(int64_t most)
{
	return most > 0 ? rand() % most : 0;
}

static void begin(struct hub *hub, int64_t now)
{
	struct asking *asking = &hub->asking;
	*asking =
		(struct asking){ .what = lease_next(&hub->lease, now + hub->ahead_us) };
	if (asking->what == LEASE_WAIT)
		return;
	asking->asked_us = now;
	asking->expected = hub->lease.revision;
	/* Now and then an answer takes seconds, or never comes. */
	int64_t most = rand() % 20 == 0 ? 5 * SECOND : SECOND / 5;
	asking->done_us = now + some(most);
	asking->heard_us = asking->done_us + some(most);
	asking->is_lost = rand() % 15 == 0;
	if (asking->is_lost)
		asking->heard_us = now + 2 * SECOND;
}

static void arrive(struct hub *hub, int who, struct bucket *bucket)
{
	struct asking *asking = &hub->asking;
	asking->is_done = true;
	if (asking->is_lost && rand() % 2 == 0) {
		asking->result = -EAGAIN; /* on the way there */
		return;
	}
	if (asking->what == LEASE_PUT)
		asking->result = put(bucket, who, asking->expected, &asking->revision);
	asking->revision = bucket->revision;
	asking->is_own = bucket->owner == who;
	if (asking->is_lost)
		asking->result = -EAGAIN; /* on the way back */
}

static void hear(struct hub *hub, int64_t now)
{
	struct asking *asking = &hub->asking;
	int64_t own = now + hub->ahead_us;
	if (asking->what == LEASE_PUT)
		lease_was_put(&hub->lease, asking->result, asking->revision,
			      asking->asked_us + hub->ahead_us, own);
	else if (asking->is_lost)
		lease_saw_nothing(&hub->lease, own);
	else
		lease_saw(&hub->lease, asking->revision, asking->is_own, own);
	asking->what = LEASE_WAIT;
}

static void go(struct hub *hub, int who, struct bucket *bucket, int64_t now)
{
	struct asking *asking = &hub->asking;
	if (asking->what != LEASE_WAIT && !asking->is_done && now >= asking->done_us)
		arrive(hub, who, bucket);
	if (hub->is_dead || now < hub->still_until_us)
		return;
	if (asking->what != LEASE_WAIT && asking->is_done && now >= asking->heard_us)
		hear(hub, now);
	if (asking->what == LEASE_WAIT)
		begin(hub, now);
}

static int leaders(const struct hub *hubs, int64_t now)
{
	int count = 0;
	for (int i = 0; i < HUBS; i++)
		count += !hubs[i].is_dead &&
			 lease_leads(&hubs[i].lease, now + hubs[i].ahead_us);
	return count;
}

static void never_do_two_lead(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	struct hub hubs[HUBS] = { 0 };
	struct bucket bucket = { .owner = -1 };
	int64_t led = 0, total = 0;
	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < HUBS; i++) {
		lease_init(&hubs[i].lease);
		hubs[i].ahead_us = some(1000 * SECOND);
	}
	for (int64_t now = 0; now < 20000 * SECOND; now += SECOND / 20, total++) {
		struct hub *chosen = &hubs[rand() % HUBS];
		if (rand() % 2000 == 0)
			chosen->still_until_us = now + some(20 * SECOND);
		for (int i = 0; i < HUBS; i++)
			go(&hubs[i], i, &bucket, now);
		int count = leaders(hubs, now);
		if (count > 1)
			fail_msg("%d lead at %lld us", count, (long long)now);
		led += count;
	}
	/* A leader there is nearly always, too. */
	print_message("led %.3f of the time\n", (double)led / (double)total);
	assert_true((double)led / (double)total > 0.8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_alone_leads_at_once_and_goes_on),
		cmocka_unit_test(another_one_leads_seven_seconds_after_the_leader_died),
		cmocka_unit_test(who_gives_it_up_is_followed_at_once),
		cmocka_unit_test(what_is_given_up_late_is_not_another_ones),
		cmocka_unit_test(who_hears_no_answer_leads_no_longer_than_it_holds),
		cmocka_unit_test(an_answer_that_is_lost_costs_nothing),
		cmocka_unit_test(never_do_two_lead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
