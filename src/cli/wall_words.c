/*
 * wall_words.c: see wall_words.h.
 */
#include "cli/wall_words.h"

#include <netinet/in.h>
#include <string.h>

#include "policy/never.h"

enum { IPV4_BITS_BEFORE = 96, ADDR_BITS = 128 };
#define SECOND_US 1000000LL

/* No block ends before its time. */
static uint32_t seconds_of(int64_t left_us)
{
	int64_t left_s = (left_us + SECOND_US - 1) / SECOND_US;
	if (left_s < 1)
		return 1;
	return left_s < WALL_SECONDS_MAX ? (uint32_t)left_s : WALL_SECONDS_MAX;
}

static uint8_t action_of(const char *word)
{
	if (strcmp(word, "limit") == 0)
		return WALL_LIMIT;
	return strcmp(word, "reset") == 0 ? WALL_RESET : WALL_DROP;
}

static uint8_t proto_of(const struct block_record *block)
{
	if (block->transport == NULL)
		return 0;
	return strcmp(block->transport, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
}

static uint8_t prefix_len_of(const struct block_record *block)
{
	unsigned before = addr_is_v4(&block->address) ? IPV4_BITS_BEFORE : 0;
	unsigned len = before + block->prefix_len;
	return len < ADDR_BITS ? (uint8_t)len : ADDR_BITS;
}

void wall_words_order(const struct respond_order *order, struct wall_order *out)
{
	const struct block_record *block = order->block;
	memset(out, 0, sizeof(*out));
	out->id = order->id;
	out->address = block->address;
	out->prefix_len = prefix_len_of(block);
	out->left_s = seconds_of(order->left_us);
	out->action = action_of(block->action);
	out->rate = out->action == WALL_LIMIT ? block->rate : 0;
	out->port = block->port != UNKNOWN_U32 ? (uint16_t)block->port : 0;
	out->proto = proto_of(block);
	out->flags = (uint8_t)((order->by_hand ? WALL_BY_HAND : 0) |
			       (order->restored ? WALL_RESTORED : 0));
}

static const char *state_of(uint16_t outcome)
{
	static const char *const states[] = {
		[WALL_HELD] = "active",     [WALL_ENDED] = "expired",
		[WALL_REMOVED] = "removed", [WALL_VETOED] = "vetoed",
		[WALL_TOO_MANY] = "vetoed", [WALL_FAILED] = "failed",
	};
	return states[outcome];
}

struct respond_result wall_words_result(const struct wall_told *told,
					const char *too_many)
{
	struct respond_result result = {
		.id = told->id,
		.state = state_of(told->outcome),
		.error = -told->error,
		.packets = told->packets,
		.bytes = told->bytes,
		.sessions = told->sessions,
	};
	if (told->outcome == WALL_VETOED)
		result.vetoed_by = never_reason_name((enum never_reason)told->reason);
	else if (told->outcome == WALL_TOO_MANY)
		result.vetoed_by = too_many;
	return result;
}
