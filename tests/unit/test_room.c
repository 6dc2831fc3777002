/*
 * test_room.c: ports that clients take, and descriptors of who listens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/room.h"

static struct room room;
static struct space space;

static int begin(void **state)
{
	(void)state;
	room_open(&room);
	space = (struct space){ .first_chosen = 32768, .last_chosen = 60999 };
	return room.at != NULL ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	room_close(&room);
	return 0;
}

static void connect_to(const char *remote, uint16_t port, uint16_t from, uint8_t state)
{
	struct diag_socket socket = { .local_port = from,
				      .remote_port = port,
				      .state = state };
	assert_true(addr_parse("192.0.2.10", &socket.local));
	assert_true(addr_parse(remote, &socket.remote));
	room_see(&room, &space, &socket);
}

static void the_busiest_destination_counts(void **state)
{
	struct addr busiest;
	(void)state;
	room_begin(&room);
	for (uint16_t i = 0; i < 300; i++)
		connect_to("198.51.100.1", 5432, (uint16_t)(32768 + i), 1);
	for (uint16_t i = 0; i < 200; i++)
		connect_to("198.51.100.1", 6379, (uint16_t)(32768 + i), 1);
	for (uint16_t i = 0; i < 200; i++)
		connect_to("198.51.100.2", 5432, (uint16_t)(32768 + i), 1);
	assert_int_equal(room.told.ports, 300);
	assert_int_equal(room.told.ports_max, 28232);
	assert_true(addr_parse("198.51.100.1", &busiest));
	assert_true(addr_equal(&room.told.to, &busiest));
	assert_int_equal(room.told.to_port, 5432);
	/* Of the minute the most stays; a pass is not added to the one before. */
	room_begin(&room);
	connect_to("198.51.100.1", 5432, 32768, 1);
	assert_int_equal(room.told.ports, 300);
}

static void only_ports_that_the_kernel_gives_count(void **state)
{
	(void)state;
	room_begin(&room);
	connect_to("198.51.100.1", 5432, 32767, 1);
	connect_to("198.51.100.1", 5432, 61000, 1);
	assert_int_equal(room.told.ports, UNKNOWN_U64);
	connect_to("198.51.100.1", 5432, 60999, 1);
	assert_int_equal(room.told.ports, 1);
}

static void what_waits_takes_its_port_but_on_loopback(void **state)
{
	(void)state;
	room_begin(&room);
	connect_to("127.0.0.1", 80, 40000, 6);
	assert_int_equal(room.told.ports, UNKNOWN_U64);
	connect_to("198.51.100.1", 80, 40000, 6);
	assert_int_equal(room.told.ports, 1);
}

static void namespaces_have_ports_of_their_own(void **state)
{
	(void)state;
	room_begin(&room);
	connect_to("198.51.100.1", 80, 40000, 1);
	space.netns = 4026531840;
	space.last_chosen = 32777;
	for (uint16_t i = 0; i < 2; i++)
		connect_to("198.51.100.1", 80, (uint16_t)(32768 + i), 1);
	/* Fewer of fewer are more. */
	assert_int_equal(room.told.ports, 2);
	assert_int_equal(room.told.ports_max, 10);
}

static void more_destinations_than_fit_are_left_out(void **state)
{
	char remote[ADDR_TEXT_MAX];
	(void)state;
	room_begin(&room);
	for (int i = 0; i < 3 * DESTINATIONS_MAX; i++) {
		snprintf(remote, sizeof(remote), "10.%d.%d.1", i / 256, i % 256);
		connect_to(remote, 80, 40000, 1);
	}
	assert_int_equal(room.told.ports, 1);
}

static void descriptors_are_counted(void **state)
{
	uint64_t before, after, most;
	int fds[2];
	(void)state;
	assert_true(room_files("/proc", (uint32_t)getpid(), &before, &most));
	assert_true(before >= 3 && most >= before);
	assert_int_equal(pipe(fds), 0);
	assert_true(room_files("/proc", (uint32_t)getpid(), &after, &most));
	assert_int_equal(after, before + 2);
	close(fds[0]);
	close(fds[1]);
	assert_false(room_files("/nowhere", 1, &after, &most));
}

static void the_soft_limit_is_what_counts(void **state)
{
	(void)state;
	assert_int_equal(
		room_parse_limit(
			"Limit                     Soft Limit           Hard "
			"Limit           Units     \n"
			"Max open files            1024                 524288 "
			"              files     \n"),
		1024);
	assert_int_equal(room_parse_limit("Max processes 7 7 processes\n"), 0);
	assert_int_equal(room_parse_limit("Max open files unlimited\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(the_busiest_destination_counts),
		TEST(only_ports_that_the_kernel_gives_count),
		TEST(what_waits_takes_its_port_but_on_loopback),
		TEST(namespaces_have_ports_of_their_own),
		TEST(more_destinations_than_fit_are_left_out),
		TEST(descriptors_are_counted),
		TEST(the_soft_limit_is_what_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
