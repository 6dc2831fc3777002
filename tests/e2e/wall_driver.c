/*
 * wall_driver.c: the wall in this network namespace, told what standard input says, and
 * what it tells on standard output; for wall.py.
 *
 *   add ID ADDRESS/LEN ACTION PROTO PORT LEFT RATE FLAGS   remove ID   ready
 *   many FIRST COUNT LEFT   (addresses from 10.0.0.0 on, IDs from FIRST on)
 *   spare ADDRESS/LEN LEFT   kill
 *
 * Arguments: how many blocks there may be, and interfaces for XDP.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "guard/wall.h"
#include "policy/never.h"

enum { LINE_BYTES = 256, TEN = 10 };

static struct guard *wall;
static struct wall_message message;
static uint64_t expected, held; /* of many */
static int64_t many_us;

static void print_told(const struct wall_told *told)
{
	if (expected > 0) {
		held += told->outcome == WALL_HELD;
		if (--expected == 0)
			printf("many %llu held in %lld us\n", (unsigned long long)held,
			       (long long)(clock_us(CLOCK_MONOTONIC) - many_us));
		return;
	}
	printf("told %llu %u reason %u error %d packets %llu sessions %u\n",
	       (unsigned long long)told->id, told->outcome, told->reason, told->error,
	       (unsigned long long)told->packets, told->sessions);
}

static void print_dropped(const struct wall_dropped *dropped)
{
	char server[ADDR_TEXT_MAX];
	addr_text(&dropped->server, server);
	printf("dropped %s %u %u packets %llu bytes %llu\n", server, dropped->proto,
	       dropped->port, (unsigned long long)dropped->packets,
	       (unsigned long long)dropped->bytes);
}

static void print_event(const struct wall_event *event)
{
	const struct wall_state *state = &event->state;
	for (uint32_t i = 0; i < event->count && event->kind == WALL_TELLS; i++)
		print_told(&event->told[i]);
	for (uint32_t i = 0; i < event->count && event->kind == WALL_DROPPED; i++)
		print_dropped(&event->dropped[i]);
	if (event->kind == WALL_STATE)
		printf("state held %u kernel %u repairs %u error %d owned %u "
		       "xdp %u generic %u xdp_error %d\n",
		       state->held, state->in_kernel, state->repairs, state->error,
		       state->is_owned, state->xdp, state->xdp_generic,
		       state->xdp_error);
	fflush(stdout);
}

/* True if one came. */
static bool take_event(void)
{
	uint8_t bytes[GUARD_EVENT_MAX];
	struct wall_event event;
	int len = guard_next(wall, bytes, sizeof(bytes));
	if (len == -EPIPE)
		exit(EXIT_FAILURE);
	if (len == -ECHILD) {
		printf("ended\n");
		fflush(stdout);
	}
	if (len <= 0)
		return len == -ECHILD;
	if (!wall_event_parse(bytes, (size_t)len, &event))
		printf("bad event\n");
	else
		print_event(&event);
	return true;
}

static void send_message(void)
{
	int error;
	while ((error = guard_tell(wall, &message, sizeof(message))) == -EAGAIN) {
		struct pollfd waited = { .fd = guard_fd(wall),
					 .events = POLLIN | POLLOUT };
		poll(&waited, 1, -1);
		while (take_event())
			;
	}
	if (error != 0)
		printf("not sent %d\n", error);
	message = (struct wall_message){ 0 };
}

/* The next word of the line. */
static const char *word(char **rest)
{
	const char *found = strtok_r(NULL, " \n", rest);
	if (found == NULL)
		exit(EXIT_FAILURE);
	return found;
}

static uint32_t number(char **rest)
{
	return (uint32_t)strtoul(word(rest), NULL, TEN);
}

static void take_prefix(char **rest, struct wall_order *out)
{
	struct prefix prefix;
	if (!prefix_parse(word(rest), &prefix))
		exit(EXIT_FAILURE);
	out->address = prefix.addr;
	out->prefix_len = prefix.len;
}

static void add(char **rest)
{
	struct wall_order *order = &message.at[0];
	message.kind = WALL_ADD;
	message.count = 1;
	order->id = number(rest);
	take_prefix(rest, order);
	order->action = (uint8_t)number(rest);
	order->proto = (uint8_t)number(rest);
	order->port = (uint16_t)number(rest);
	order->left_s = number(rest);
	order->rate = number(rest);
	order->flags = (uint8_t)number(rest);
	send_message();
}

static struct wall_order nth(uint64_t first, uint32_t n, uint32_t left)
{
	const uint8_t four[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				  (uint8_t)n };
	return (struct wall_order){ .id = first + n,
				    .address = addr_v4(four),
				    .left_s = left,
				    .prefix_len = 128,
				    .action = WALL_DROP,
				    .flags = WALL_RESTORED };
}

static void add_many(char **rest)
{
	uint64_t first = number(rest);
	uint32_t count = number(rest), left = number(rest);
	expected = count;
	held = 0;
	many_us = clock_us(CLOCK_MONOTONIC);
	for (uint32_t n = 0; n < count; n++) {
		message.kind = WALL_ADD;
		message.at[message.count++] = nth(first, n, left);
		if (message.count == WALL_ORDERS || n + 1 == count)
			send_message();
	}
}

static void spare(char **rest)
{
	message.kind = WALL_SPARE;
	message.count = 1;
	take_prefix(rest, &message.at[0]);
	message.at[0].left_s = number(rest);
	message.at[0].rate = NEVER_dashboard;
	send_message();
}

static void remove_block(char **rest)
{
	message.kind = WALL_REMOVE;
	message.count = 1;
	message.at[0].id = number(rest);
	send_message();
}

static void ready(char **rest)
{
	(void)rest;
	message.kind = WALL_READY;
	send_message();
}

static void kill_it(char **rest)
{
	(void)rest;
	kill(guard_pid(wall), SIGKILL);
}

static void obey(char *line)
{
	static const struct {
		const char *word;
		void (*obey)(char **rest);
	} known[] = { { "add", add },     { "many", add_many },
		      { "spare", spare }, { "remove", remove_block },
		      { "ready", ready }, { "kill", kill_it } };
	char *rest;
	const char *first = strtok_r(line, " \n", &rest);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (first == NULL || strcmp(first, known[i].word) != 0)
			continue;
		known[i].obey(&rest);
		return;
	}
	exit(EXIT_FAILURE);
}

static void begin(int argc, char **argv)
{
	struct config config;
	char text[GUARD_TEXT_MAX];
	config_init(&config);
	if (argc > 1)
		config.block_total = (config_number)strtoul(argv[1], NULL, TEN);
	for (int i = 2; i < argc; i++)
		snprintf(config.block_xdp.at[config.block_xdp.count++],
			 sizeof(config.block_xdp.at[0]), "%s", argv[i]);
	snprintf(config.user, sizeof(config.user), "nobody");
	const struct guard_task task = wall_task(&config);
	wall = guard_fork(&task);
	if (wall == NULL)
		exit(EXIT_FAILURE);
	guard_describe(wall, text);
	printf("begun %s\n", text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES];
	setvbuf(stdin, NULL, _IONBF, 0);
	begin(argc, argv);
	while (true) {
		struct pollfd waited[2] = { { .fd = 0, .events = POLLIN },
					    { .fd = guard_fd(wall),
					      .events = POLLIN } };
		if (poll(waited, 2, -1) < 0)
			continue;
		while (take_event())
			;
		if (waited[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			break;
		obey(line);
	}
	guard_close(wall);
	return EXIT_SUCCESS;
}
