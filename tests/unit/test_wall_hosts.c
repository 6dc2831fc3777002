/*
 * test_wall_hosts.c: the table of blocked hosts that the program in the kernel reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard/wall_hosts.h"

enum { BLOCKS_MAX = 131072, BLOCKS = 100000, UNTIL = 77 };

static struct wall_hosts hosts_for(uint32_t blocks)
{
	uint32_t lines = wall_hosts_lines(blocks);
	struct wall_hosts hosts = {
		.lines = calloc(lines, sizeof(*hosts.lines)),
		.secret = { 0x0123456789abcdef, 0xfedcba9876543210 },
		.mask = lines - 1,
	};
	assert_non_null(hosts.lines);
	return hosts;
}

static uint64_t address(uint32_t number)
{
	return wall_xdp_key4(0x0a | number << 8);
}

/* As bpf/wall.bpf.c looks: the second line only if the first one says so. */
static uint32_t seen(const struct wall_hosts *hosts, uint64_t key)
{
	uint64_t mixed = wall_xdp_mix(hosts->secret, key);
	const struct wall_xdp_line *line =
		&hosts->lines[wall_xdp_first(mixed) & hosts->mask];
	for (int turn = 0; turn < 2; turn++) {
		for (int way = 0; way < WALL_XDP_WAYS; way++)
			if (line->key[way] == key)
				return line->until[way];
		if (line->beyond == 0)
			return 0;
		line = &hosts->lines[wall_xdp_second(mixed) & hosts->mask];
	}
	return 0;
}

static void what_is_put_is_found_until_it_is_removed(void **state)
{
	struct wall_hosts hosts = hosts_for(16);
	(void)state;
	assert_int_equal(wall_hosts_put(&hosts, address(1), UNTIL), 1);
	assert_int_equal(seen(&hosts, address(1)), UNTIL);
	assert_int_equal(seen(&hosts, address(2)), 0);
	assert_int_equal(wall_hosts_put(&hosts, address(1), UNTIL + 1), 0);
	assert_int_equal(seen(&hosts, address(1)), UNTIL + 1);
	assert_true(wall_hosts_remove(&hosts, address(1)));
	assert_int_equal(seen(&hosts, address(1)), 0);
	assert_false(wall_hosts_remove(&hosts, address(1)));
	free(hosts.lines);
}

static void a_hundred_thousand_have_room(void **state)
{
	struct wall_hosts hosts = hosts_for(BLOCKS_MAX);
	uint32_t second = 0;
	(void)state;
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(wall_hosts_put(&hosts, address(i), UNTIL + i), 1);
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(seen(&hosts, address(i)), UNTIL + i);
	for (uint32_t i = 0; i <= hosts.mask; i++)
		second += hosts.lines[i].beyond;
	assert_in_range(second, 1, BLOCKS / 10);
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_true(wall_hosts_remove(&hosts, address(i)));
	/* Nobody is looked for in a second line any more. */
	for (uint32_t i = 0; i <= hosts.mask; i++)
		assert_int_equal(hosts.lines[i].beyond, 0);
	free(hosts.lines);
}

static void a_full_table_says_so(void **state)
{
	struct wall_hosts hosts = hosts_for(1);
	(void)state;
	for (uint32_t i = 0; i < WALL_XDP_WAYS; i++)
		assert_int_equal(wall_hosts_put(&hosts, address(i), UNTIL), 1);
	assert_int_equal(wall_hosts_put(&hosts, address(WALL_XDP_WAYS), UNTIL),
			 -ENOSPC);
	for (uint32_t i = 0; i < WALL_XDP_WAYS; i++)
		assert_int_equal(seen(&hosts, address(i)), UNTIL);
	free(hosts.lines);
}

static void what_was_stopped_is_taken_once(void **state)
{
	struct wall_xdp_line line = { 0 };
	(void)state;
	wall_line_put(&line, 1, address(1), UNTIL);
	line.stopped[1] += 5;
	assert_int_equal(wall_line_take(&line, 1), 5);
	assert_int_equal(wall_line_take(&line, 1), 0);
	line.stopped[1] += 7;
	wall_line_prolong(&line, 1, UNTIL + 1);
	assert_int_equal(line.until[1], UNTIL + 1);
	assert_int_equal(wall_line_take(&line, 1), 7);
	line.stopped[1] += 7;
	wall_line_clear(&line, 1);
	assert_int_equal(wall_line_take(&line, 1), 0);
	/* A key that stayed would hide the same one in its second line. */
	assert_true(line.key[1] == 0);
	/* Who comes next does not inherit it. */
	wall_line_put(&line, 1, address(2), UNTIL);
	assert_int_equal(wall_line_take(&line, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found_until_it_is_removed),
		cmocka_unit_test(a_hundred_thousand_have_room),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(what_was_stopped_is_taken_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
