/*
 * sessions_order.c: who is looked for, sorted once; each socket and each tracked
 * connection is then looked up in that, so that a thousand sources cost one dump.
 */
#include <linux/inet_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/sessions_inside.h"

enum {
	FILTER_TARGETS = 8, /* beyond, the kernel tells of all sockets */
	V4_BITS = 96,       /* before those of IPv4 */
};

static int by_prefix(const void *a, const void *b)
{
	struct session_target *const *one = a, *const *other = b;
	return prefix_compare(&(*one)->prefix, &(*other)->prefix);
}

bool session_order_set(struct session_order *order, struct session_target *targets,
		       size_t count)
{
	if (count > order->size) {
		void *grown = realloc(order->at, count * sizeof(void *));
		if (grown == NULL)
			return false;
		order->at = grown;
		order->size = count;
	}
	memset(order->has_len, 0, sizeof(order->has_len));
	order->count = count;
	for (size_t i = 0; i < count; i++) {
		struct session_target *target = &targets[i];
		target->prefix =
			prefix_around(&target->prefix.addr, target->prefix.len);
		target->sockets = target->tracked = 0;
		order->at[i] = target;
		order->has_len[target->prefix.len] = true;
	}
	if (count > 0)
		qsort(order->at, count, sizeof(void *), by_prefix);
	return true;
}

static bool is_meant(const struct session_target *target, uint16_t port, uint8_t proto)
{
	return (target->port == 0 || target->port == port) &&
	       (target->proto == 0 || target->proto == proto);
}

static size_t place_of(const struct session_order *order, const struct prefix *prefix)
{
	size_t low = 0, high = order->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (prefix_compare(&order->at[middle]->prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct session_target *session_order_find(const struct session_order *order,
					  const struct addr *remote, uint16_t port,
					  uint8_t proto)
{
	for (unsigned len = 0; len <= 128; len++) {
		if (!order->has_len[len])
			continue;
		struct prefix wanted = prefix_around(remote, (uint8_t)len);
		for (size_t i = place_of(order, &wanted); i < order->count; i++) {
			if (prefix_compare(&order->at[i]->prefix, &wanted) != 0)
				break;
			if (is_meant(order->at[i], port, proto))
				return order->at[i];
		}
	}
	return NULL;
}

/* ---- the same, for the kernel ---- */

/* An instruction, and the inet_diag_hostcond that it looks at, with its address. */
struct condition {
	struct inet_diag_bc_op op;
	uint8_t family, prefix_len;
	uint16_t zero;
	int32_t port; /* -1: any */
	uint8_t address[16];
};
_Static_assert(offsetof(struct condition, address) ==
		       sizeof(struct inet_diag_bc_op) +
			       sizeof(struct inet_diag_hostcond),
	       "as the kernel reads it");

_Static_assert(FILTER_TARGETS *(sizeof(struct condition) +
				sizeof(struct inet_diag_bc_op)) <= SESSION_FILTER_MAX,
	       "room for the filter");

static bool is_of_both(const struct prefix *prefix)
{
	const struct addr any = addr_v4("\0\0\0");
	return prefix->len < V4_BITS && prefix_holds(prefix, &any);
}

/* An IPv4 condition also holds for IPv4 on sockets of IPv6. */
static size_t put_condition(const struct prefix *prefix, uint8_t *out)
{
	bool is_v4 = addr_is_v4(&prefix->addr);
	size_t skipped = is_v4 ? 12 : 0, len = sizeof(struct condition) - skipped;
	struct condition one = {
		.op = { .code = INET_DIAG_BC_D_COND,
			.yes = (uint8_t)len,
			.no = (uint16_t)(len + sizeof(one.op)) },
		.family = is_v4 ? AF_INET : AF_INET6,
		.prefix_len = (uint8_t)(prefix->len - 8 * skipped),
		.port = -1,
	};
	memcpy(one.address, prefix->addr.ip6 + skipped, sizeof(one.address) - skipped);
	memcpy(out, &one, len);
	return len;
}

/*
 * A condition that does not hold goes on behind the jump to the end that follows it;
 * the last has none, and goes on beyond the end, which is a no.
 */
size_t session_filter(const struct session_order *order,
		      uint8_t out[static SESSION_FILTER_MAX])
{
	size_t jumps[FILTER_TARGETS], len = 0;
	if (order->count > FILTER_TARGETS)
		return 0;
	for (size_t i = 0; i < order->count; i++) {
		if (is_of_both(&order->at[i]->prefix))
			return 0;
		len += put_condition(&order->at[i]->prefix, out + len);
		jumps[i] = len;
		if (i + 1 < order->count)
			len += sizeof(struct inet_diag_bc_op);
	}
	for (size_t i = 0; i + 1 < order->count; i++) {
		const struct inet_diag_bc_op jump = { .code = INET_DIAG_BC_JMP,
						      .yes = sizeof(jump),
						      .no = (uint16_t)(len -
								       jumps[i]) };
		memcpy(out + jumps[i], &jump, sizeof(jump));
	}
	return len;
}
