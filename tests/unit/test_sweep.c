/*
 * test_sweep.c: passes, verdicts and ends of a scan, over a way that is made up here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "scan/way.h"

/* What the made-up network does with a probe. */
enum fate { FATE_OPEN, FATE_CLOSED, FATE_SILENT, FATE_UNREACHABLE };

struct world {
	struct way way;
	enum fate (*fate)(const struct probe *probe);
	unsigned loses; /* one in so many is lost; 0: none */
	uint64_t sent;  /* probes */
	uint64_t found[SCAN_STATES];
	uint64_t ends_after; /* 0: goes on */
	int room;            /* taken at once */
	int fails;           /* -errno of the next send */
	struct heard queue[SWEEP_BATCH];
	int queued;
	uint64_t noise;
};

static const struct addr stranger = { .ip6 = { [10] = 0xff, 0xff, 1, 1, 1, 1 } };

static void answer(struct world *world, const struct probe *probe, unsigned pass)
{
	static const enum scan_state states[] = { SCAN_OPEN, SCAN_CLOSED, 0,
						  SCAN_FILTERED };
	enum fate fate = world->fate(probe);
	world->noise = world->noise * 6364136223846793005U + 1442695040888963407U;
	if (fate == FATE_SILENT ||
	    (world->loses > 0 && (world->noise >> 33) % world->loses == 0))
		return;
	world->queue[world->queued++] = (struct heard){
		.addr = probe->addr,
		.port = probe->port,
		.pass = pass,
		.state = states[fate],
		.reason = "made-up",
		.ttl = 64,
		.rtt_us = 50,
		.at_us = clock_us(CLOCK_REALTIME),
	};
}

static int world_send(struct way *way, const struct probe *probes, int count,
		      unsigned pass)
{
	struct world *world = (struct world *)way;
	if (world->fails != 0)
		return world->fails;
	if (count > world->room)
		count = world->room;
	for (int i = 0; i < count; i++)
		answer(world, &probes[i], pass);
	world->sent += (uint64_t)count;
	return count;
}

/* Each answer twice, and one that nobody asked for. */
static int world_listen(struct way *way, int64_t wait_us)
{
	struct world *world = (struct world *)way;
	struct heard odd = { .addr = stranger, .port = 1, .reason = "odd" };
	(void)wait_us;
	for (int i = 0; i < world->queued; i++) {
		sweep_hear(way->sweep, &world->queue[i]);
		sweep_hear(way->sweep, &world->queue[i]);
	}
	sweep_hear(way->sweep, &odd);
	world->queued = 0;
	return 0;
}

static bool world_is_idle(const struct way *way)
{
	return ((const struct world *)way)->queued == 0;
}

static void world_close(struct way *way)
{
	(void)way;
}

static const struct way_ops ops = {
	.send = world_send,
	.listen = world_listen,
	.is_idle = world_is_idle,
	.close = world_close,
	.silence = SCAN_FILTERED,
};

static void found(void *self, const struct scan_answer *one)
{
	((struct world *)self)->found[one->state]++;
}

static bool goes_on(void *self, const struct sweep_progress *progress)
{
	struct world *world = self;
	assert_true(progress->remaining_us >= 0);
	return world->ends_after == 0 || world->sent < world->ends_after;
}

static struct targets targets;
static struct ports ports;

static int run(struct world *world, const char *hosts, const char *wanted,
	       struct sweep_counts *counts)
{
	char error[TARGET_ERROR_MAX];
	targets = (struct targets){ 0 };
	assert_true(targets_add(&targets, hosts, error));
	assert_true(targets_finish(&targets, error));
	assert_true(ports_parse(&ports, wanted, error));
	struct sweep_plan plan = { .targets = &targets,
				   .ports = &ports,
				   .transport = IPPROTO_TCP,
				   .self = world,
				   .found = found,
				   .goes_on = goes_on };
	world->way.ops = &ops;
	if (world->room == 0)
		world->room = SWEEP_BATCH;
	struct sweep *sweep = sweep_new(&plan, &world->way);
	assert_non_null(sweep);
	int result = sweep_run(sweep);
	sweep_each_silent(sweep);
	sweep_count(sweep, counts);
	sweep_free(sweep);
	targets_free(&targets);
	return result;
}

static enum fate by_port(const struct probe *probe)
{
	return probe->port % 100 == 0 ? FATE_OPEN : FATE_CLOSED;
}

static void what_is_all_answered_is_asked_once(void **state)
{
	struct world world = { .fate = by_port };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.0/30", "1-1000", &counts), 0);
	assert_int_equal(world.sent, 4000);
	assert_int_equal(counts.passes, 1);
	assert_int_equal(world.found[SCAN_OPEN], 40);
	assert_int_equal(world.found[SCAN_CLOSED], 3960);
	assert_int_equal(counts.states[SCAN_OPEN], 40);
	assert_int_equal(counts.lost, 0);
}

static void what_was_lost_is_found_by_asking_again(void **state)
{
	struct world world = { .fate = by_port, .loses = 5 };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.0/30", "1-1000", &counts), 0);
	assert_int_equal(counts.states[SCAN_OPEN], 40);
	assert_int_equal(counts.states[SCAN_CLOSED], 3960);
	assert_in_range(counts.lost, 600, 1000);
	assert_true(counts.passes > 3);
	assert_true(counts.rate >= 100); /* slowed down, as so much was lost */
}

static void a_full_way_is_waited_for(void **state)
{
	struct world world = { .fate = by_port, .room = 3 };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.1", "1-1000", &counts), 0);
	assert_int_equal(world.sent, 1000);
	assert_int_equal(counts.states[SCAN_OPEN], 10);
}

/* Host 1 answers, hosts 0 and 2 do not: on so many ports that is no loss. */
static enum fate only_one_is_there(const struct probe *probe)
{
	if (probe->host != 1)
		return FATE_SILENT;
	return probe->port <= 20 ? FATE_SILENT : by_port(probe);
}

static void who_is_silent_everywhere_is_not_asked_again(void **state)
{
	struct world world = { .fate = only_one_is_there };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.4-6", "1-1000", &counts), 0);
	/* The 20 silent ports of the host that is there, once more. */
	assert_int_equal(world.sent, 3000 + 20);
	assert_int_equal(counts.passes, 2);
	assert_int_equal(counts.states[SCAN_FILTERED], 2020);
	assert_int_equal(world.found[SCAN_FILTERED], 2020);
	assert_int_equal(world.found[SCAN_OPEN], 10);
}

static enum fate all_unreachable(const struct probe *probe)
{
	(void)probe;
	return FATE_UNREACHABLE;
}

static void an_error_is_an_answer(void **state)
{
	struct world world = { .fate = all_unreachable };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "fd00::/127", "1-50", &counts), 0);
	assert_int_equal(world.sent, 100);
	assert_int_equal(counts.states[SCAN_FILTERED], 100);
}

static enum fate slow_world(const struct probe *probe)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	nanosleep(&pause, NULL);
	return by_port(probe);
}

static void who_is_interrupted_says_what_is_known(void **state)
{
	struct world world = { .fate = slow_world, .ends_after = 100 };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.1", "1-1000", &counts), -EINTR);
	assert_in_range(world.sent, 100, 900);
	assert_int_equal(counts.unknown, 1000 - world.sent);
	/* Nobody knows whether the rest is filtered. */
	assert_int_equal(counts.states[SCAN_FILTERED], 0);
	assert_int_equal(world.found[SCAN_FILTERED], 0);
}

static void a_way_that_breaks_ends_the_sweep(void **state)
{
	struct world world = { .fate = by_port, .fails = -ENETDOWN };
	struct sweep_counts counts;
	(void)state;
	assert_int_equal(run(&world, "10.0.0.1", "1-10", &counts), -ENETDOWN);
	assert_int_equal(counts.unknown, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_all_answered_is_asked_once),
		cmocka_unit_test(what_was_lost_is_found_by_asking_again),
		cmocka_unit_test(a_full_way_is_waited_for),
		cmocka_unit_test(who_is_silent_everywhere_is_not_asked_again),
		cmocka_unit_test(an_error_is_an_answer),
		cmocka_unit_test(who_is_interrupted_says_what_is_known),
		cmocka_unit_test(a_way_that_breaks_ends_the_sweep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
