/*
 * wall_message.c: what the wall and the daemon say to each other, judged byte by byte:
 * one of them may have been taken over.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "guard/wall.h"
#include "policy/never.h"

enum {
	ADDR_BITS = 128,
	ERRNO_END = 4096, /* no error of the kernel's has a higher number */
	RATE_MAX = 100000,
	IP4_BASE = 96,
	/* Whom an order of nobody's hand may stop: one host, or who holds one /64. */
	IP4_LEAST = 128,
	IP6_LEAST = 64,
	/* And one by hand: more is no block, but an end of service. */
	IP4_WIDEST = IP4_BASE + 8,
	IP6_WIDEST = 16,
	IP4_WIDE = IP4_BASE + 16,
	IP6_WIDE = 32,
};

static bool is_zero(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint8_t any = 0;
	for (size_t i = 0; i < len; i++)
		any |= at[i];
	return any == 0;
}

static bool is_error(int32_t error)
{
	return error <= 0 && error > -ERRNO_END;
}

/* Bits behind the prefix are 0. */
static bool is_prefix(const struct addr *addr, uint8_t len)
{
	if (len > ADDR_BITS)
		return false;
	for (unsigned bit = len; bit < ADDR_BITS; bit++)
		if (addr->ip6[bit / 8] & 0x80U >> bit % 8)
			return false;
	return true;
}

/* ---- to the wall ---- */

bool wall_is_wide(const struct addr *address, uint8_t prefix_len)
{
	return prefix_len < (addr_is_v4(address) ? IP4_WIDE : IP6_WIDE);
}

static bool is_rate(const struct wall_order *order)
{
	return order->action == WALL_LIMIT ? order->rate >= 1 && order->rate <= RATE_MAX
					   : order->rate == 0;
}

static bool is_add(const struct wall_order *order)
{
	return order->id != 0 && is_prefix(&order->address, order->prefix_len) &&
	       order->left_s >= 1 && order->left_s <= WALL_SECONDS_MAX &&
	       order->action >= WALL_DROP && order->action <= WALL_RESET &&
	       is_rate(order) &&
	       (order->proto == 0 || order->proto == IPPROTO_TCP ||
		order->proto == IPPROTO_UDP) &&
	       (order->flags & ~(WALL_BY_HAND | WALL_RESTORED)) == 0 &&
	       is_zero(order->zero, sizeof(order->zero));
}

static bool is_spare(const struct wall_order *order)
{
	return is_prefix(&order->address, order->prefix_len) && order->left_s >= 1;
}

static bool is_order(uint32_t kind, const struct wall_order *order)
{
	if (kind == WALL_ADD)
		return is_add(order);
	return kind == WALL_SPARE ? is_spare(order) : order->id != 0;
}

bool wall_message_parse(const void *bytes, size_t len, struct wall_message *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	if (out->kind < WALL_ADD || out->kind > WALL_SPARE || out->count > WALL_ORDERS)
		return false;
	if ((out->kind == WALL_READY) != (out->count == 0))
		return false;
	for (uint32_t i = 0; i < out->count; i++)
		if (!is_order(out->kind, &out->at[i]))
			return false;
	return is_zero(&out->at[out->count],
		       (WALL_ORDERS - out->count) * sizeof(out->at[0]));
}

int wall_order_width(const struct wall_order *order)
{
	bool is_v4 = addr_is_v4(&order->address);
	if (order->prefix_len < (is_v4 ? IP4_WIDEST : IP6_WIDEST))
		return -EINVAL;
	if (order->prefix_len < (is_v4 ? IP4_LEAST : IP6_LEAST) &&
	    !(order->flags & WALL_BY_HAND))
		return -EPERM;
	return 0;
}

/* ---- from the wall ---- */

static bool is_told(const struct wall_told *told)
{
	return told->id != 0 && told->outcome >= WALL_HELD &&
	       told->outcome <= WALL_FAILED && told->reason < NEVER_REASON_COUNT &&
	       is_error(told->error) && told->zero == 0;
}

static bool is_never(const struct wall_never *never)
{
	return is_prefix(&never->address, never->prefix_len) &&
	       never->reason < NEVER_REASON_COUNT && never->is_first <= 1;
}

static bool is_state(const struct wall_state *state)
{
	return is_error(state->error) && is_error(state->xdp_error) &&
	       state->is_owned <= 1 && state->wanted <= state->held &&
	       state->xdp_generic <= state->xdp;
}

static bool is_item(const struct wall_event *event, uint32_t i)
{
	switch (event->kind) {
	case WALL_TELLS:
		return is_told(&event->told[i]);
	case WALL_DROPPED:
		return is_zero(event->dropped[i].zero, sizeof(event->dropped[i].zero));
	case WALL_STATE:
		return is_state(&event->state);
	default:
		return is_never(&event->never[i]);
	}
}

static size_t item_size(uint32_t kind)
{
	static const size_t sizes[] = { [WALL_TELLS] = sizeof(struct wall_told),
					[WALL_DROPPED] = sizeof(struct wall_dropped),
					[WALL_STATE] = sizeof(struct wall_state),
					[WALL_NEVER] = sizeof(struct wall_never) };
	return sizes[kind];
}

bool wall_event_parse(const void *bytes, size_t len, struct wall_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	if (out->kind < WALL_TELLS || out->kind > WALL_NEVER || out->count < 1 ||
	    out->count > (out->kind == WALL_STATE ? 1 : WALL_TOLD))
		return false;
	for (uint32_t i = 0; i < out->count; i++)
		if (!is_item(out, i))
			return false;
	size_t used =
		offsetof(struct wall_event, told) + out->count * item_size(out->kind);
	return is_zero((const uint8_t *)out + used, sizeof(*out) - used);
}
