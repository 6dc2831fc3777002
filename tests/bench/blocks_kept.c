/*
 * blocks_kept.c: the state that a daemon with many blocks leaves.
 *
 *   blocks_kept FOLDER COUNT SECONDS
 *
 * COUNT addresses from 10.0.0.0 on, each blocked by hand and for so many seconds from
 * now on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "respond/respond.h"

static void take_order(void *self, const struct respond_order *order)
{
	*(uint64_t *)self = order->id;
}

static void block(struct respond *respond, uint32_t number, int64_t for_us,
		  int64_t now_us)
{
	struct buf message = { 0 };
	const uint8_t four[4] = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				  (uint8_t)number };
	const struct respond_asked asked = {
		.prefix = { .addr = addr_v4(four), .len = 128 },
		.port = UNKNOWN_U32,
		.action = "drop",
		.for_us = for_us,
		.why = "guessed passwords",
		.actor = "root",
	};
	if (respond_block(respond, &asked, now_us, &message) != 0) {
		fprintf(stderr, "blocks_kept: %s\n", buf_cstr(&message));
		exit(EXIT_FAILURE);
	}
	buf_free(&message);
}

/* The kernel has it. */
static void hold(struct respond *respond, uint64_t id, int64_t now_us)
{
	const struct respond_result result = { .id = id, .state = "active" };
	respond_result(respond, &result, now_us);
}

int main(int argc, char **argv)
{
	uint64_t id = 0;
	const struct respond_sink sink = { .self = &id, .order = take_order };
	struct config config;
	struct buf why = { 0 };
	if (argc != 4)
		return EXIT_FAILURE;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
	struct respond *respond = respond_new(&sink);
	config_init(&config);
	config.block_total = count;
	snprintf(config.block_mode, sizeof(config.block_mode), "on");
	if (respond == NULL)
		return EXIT_FAILURE;
	respond_set_rules(respond, &config, now_us);
	if (!respond_keep(respond, argv[1], now_us, &why))
		return EXIT_FAILURE;
	for (uint32_t number = 0; number < count; number++) {
		block(respond, number, strtol(argv[3], NULL, 10) * 1000000, now_us);
		hold(respond, id, now_us);
	}
	respond_free(respond);
	return EXIT_SUCCESS;
}
