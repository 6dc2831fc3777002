/*
 * wall_hostile_driver.c: a daemon that has been taken over, beside the wall in this
 * network namespace; for wall_hostile.py.
 *
 *   wall_hostile_driver SEED MESSAGES NEVER...
 *
 * It sends all that the wall may be asked, and more, names the addresses that are never
 * blocked again and again, says that a person asked and that it was in force before,
 * does not read what is told, and has the wall ended.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/wall.h"

enum { TEN = 10, NEVER_MOST = 64, PHASES = 8, IDS = 3000, KILLS = 2, AGAIN = 10 };

static struct guard *wall;
static struct prefix never[NEVER_MOST];
static size_t never_count;
static uint64_t seed;

/* xorshift64*: the same on every machine. */
static uint64_t any(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717ULL;
}

static uint32_t below(uint32_t bound)
{
	return (uint32_t)((any() >> 32) % bound);
}

static void take_events(void)
{
	uint8_t bytes[GUARD_EVENT_MAX];
	int len;
	while ((len = guard_next(wall, bytes, sizeof(bytes))) != 0)
		if (len == -EPIPE)
			exit(EXIT_FAILURE);
}

/* ---- what is asked ---- */

static void put_prefix(struct wall_order *order, const struct addr *addr, uint8_t len)
{
	const struct prefix prefix = prefix_around(addr, len);
	order->address = prefix.addr;
	order->prefix_len = len;
}

static struct addr any_addr(void)
{
	struct addr addr;
	uint64_t words[2] = { any(), any() };
	memcpy(&addr, words, sizeof(addr));
	if (below(2) == 0)
		return addr_v4((const uint8_t *)words);
	addr.ip6[0] = 0x20;
	return addr;
}

/* Itself, all around it, and one beside it. */
static void aim_at_never(struct wall_order *order)
{
	const struct prefix *one = &never[below((uint32_t)never_count)];
	uint8_t least = addr_is_v4(&one->addr) ? 96 : 0;
	uint8_t len = (uint8_t)(least + below(129U - least));
	put_prefix(order, &one->addr, below(2) == 0 ? 128 : len);
}

static void aim(struct wall_order *order)
{
	struct addr addr = any_addr();
	uint8_t least = addr_is_v4(&addr) ? 96 : 0;
	if (below(3) == 0)
		aim_at_never(order);
	else if (below(3) > 0)
		put_prefix(order, &addr, addr_is_v4(&addr) ? 128 : 64);
	else
		put_prefix(order, &addr, (uint8_t)(least + below(129U - least)));
}

static uint32_t any_left(void)
{
	static const uint32_t edges[] = { 0,
					  1,
					  2,
					  60,
					  3600,
					  WALL_SECONDS_MAX - 1,
					  WALL_SECONDS_MAX,
					  WALL_SECONDS_MAX + 1,
					  UINT32_MAX };
	return edges[below(sizeof(edges) / sizeof(edges[0]))];
}

static void fill_order(struct wall_order *order)
{
	static const uint8_t protos[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
	static const uint16_t ports[] = { 0, 0, 22, 65535 };
	aim(order);
	/* Who has an id already ends what had it. */
	order->id = 1 + (below(64) == 0 ? below(IDS) : any() >> 1);
	order->left_s = below(4) == 0 ? any_left() : 3600;
	order->action = (uint8_t)(1 + below(3));
	order->rate = order->action == WALL_LIMIT ? 1 + below(3) : 0;
	order->proto = protos[below(3)];
	order->port = ports[below(4)];
	order->flags = (uint8_t)below(4);
}

static void fill(struct wall_message *message)
{
	*message =
		(struct wall_message){ .kind = below(8) == 0 ? WALL_REMOVE : WALL_ADD };
	message->count = 1 + below(WALL_ORDERS);
	for (uint32_t i = 0; i < message->count; i++)
		do
			fill_order(&message->at[i]);
		while (message->at[i].left_s < 1 ||
		       message->at[i].left_s > WALL_SECONDS_MAX);
	if (below(1000) == 0)
		*message = (struct wall_message){ .kind = WALL_READY };
}

/* Of what is well formed, some bytes are others. */
static void spoil(struct wall_message *message)
{
	uint8_t *bytes = (uint8_t *)message;
	for (uint32_t i = 1 + below(8); i > 0; i--)
		bytes[below(sizeof(*message))] = (uint8_t)any();
}

/* ---- sending ---- */

static void send_one(bool reads)
{
	struct wall_message message;
	size_t len = sizeof(message);
	fill(&message);
	if (below(4) == 0)
		spoil(&message);
	if (below(64) == 0)
		len = 1 + below(sizeof(message));
	while (guard_tell(wall, &message, len) != 0) {
		struct pollfd waited = { .fd = guard_fd(wall),
					 .events = POLLIN | POLLOUT };
		poll(&waited, 1, reads ? 100 : 10);
		if (reads || guard_pid(wall) == 0 || waited.revents & POLLIN)
			take_events();
	}
	if (reads)
		take_events();
}

/* Its turn comes within a second, whatever was used up before. */
static void block_one(void)
{
	struct wall_message message = { .kind = WALL_ADD, .count = 1 };
	struct wall_order *order = &message.at[0];
	order->id = UINT64_MAX;
	order->address = addr_v4((const uint8_t[]){ 203, 0, 113, 9 });
	order->prefix_len = 128;
	order->left_s = 3600;
	order->action = WALL_DROP;
	order->flags = WALL_BY_HAND;
	for (int i = 0; i < AGAIN; i++) {
		guard_tell(wall, &message, sizeof(message));
		poll(NULL, 0, 100);
	}
}

int main(int argc, char **argv)
{
	static struct config config;
	if (argc < 4)
		return EXIT_FAILURE;
	seed = strtoull(argv[1], NULL, TEN) | 1;
	uint64_t count = strtoull(argv[2], NULL, TEN);
	for (int i = 3; i < argc && never_count < NEVER_MOST; i++)
		if (!prefix_parse(argv[i], &never[never_count++]))
			return EXIT_FAILURE;
	config_init(&config);
	snprintf(config.user, sizeof(config.user), "nobody");
	config.block_never.at[config.block_never.count++] = never[0];
	const struct guard_task task = wall_task(&config);
	wall = guard_fork(&task);
	if (wall == NULL)
		return EXIT_FAILURE;
	for (uint64_t sent = 0; sent < count; sent++) {
		if (sent % (count / (KILLS + 1)) == 1 && sent > 1)
			kill(guard_pid(wall), SIGKILL);
		send_one(sent * PHASES / count % 2 == 0);
	}
	block_one();
	printf("sent %llu pid %d\n", (unsigned long long)count, (int)guard_pid(wall));
	fflush(stdout);
	/* It goes on without a daemon that reads, until this one is ended. */
	pause();
	return EXIT_SUCCESS;
}
