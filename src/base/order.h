/*
 * order.h: things of a table in order of use, by number.
 *
 * The links stand beside the table, so that one list serves every kind of thing.
 */
#pragma once

#include <stdint.h>

#define ORDER_NONE UINT32_MAX

struct order_link {
	uint32_t newer, older;
};

struct order {
	uint32_t newest, oldest;
};

static inline struct order order_empty(void)
{
	return (struct order){ ORDER_NONE, ORDER_NONE };
}

static inline void order_put(struct order_link *links, struct order *order, uint32_t i)
{
	links[i] = (struct order_link){ .newer = ORDER_NONE, .older = order->newest };
	if (order->newest != ORDER_NONE)
		links[order->newest].newer = i;
	else
		order->oldest = i;
	order->newest = i;
}

static inline void order_take(struct order_link *links, struct order *order, uint32_t i)
{
	struct order_link link = links[i];
	if (link.newer != ORDER_NONE)
		links[link.newer].older = link.older;
	else
		order->newest = link.older;
	if (link.older != ORDER_NONE)
		links[link.older].newer = link.newer;
	else
		order->oldest = link.newer;
}
