/*
 * self_test.c: see self_test.h.  The process: one test at a time, from the order to its
 * end; between two it holds nothing but our own namespace.
 */
#include "guard/self_test.h"

#include <errno.h>

#include "guard/self_test_network.h"
#include "guard/self_test_packets.h"

struct self_test {
	struct self_test_network *network;
};

static void tell(const struct self_test_event *event)
{
	guard_emit(event, sizeof(*event));
}

static int test(struct self_test *self, const struct self_test_order *order,
		struct self_test_event *ends)
{
	struct self_test_packets *packets = self_test_packets_new(order);
	if (packets == NULL)
		return -errno;
	int error = self_test_network_open(self->network, order);
	if (error == 0)
		error = self_test_packets_open(packets);
	if (error == 0)
		self_test_packets_run(packets, tell, ends);
	/* Before the link goes, or connections that are open would outlive it. */
	self_test_packets_free(packets);
	self_test_network_close(self->network);
	return error;
}

static void take(void *self, const void *message, size_t len)
{
	struct self_test_order order;
	struct self_test_event ends = { .kind = SELF_TEST_ENDS };
	if (!self_test_order_parse(message, len, &order))
		return;
	ends.id = order.id;
	ends.error = test(self, &order, &ends);
	if (ends.error != 0)
		ends.outcome = SELF_TEST_NO_NETWORK;
	tell(&ends);
}

static void prepare(void *self)
{
	((struct self_test *)self)->network = self_test_network_new();
}

static bool begin(void *self)
{
	struct self_test *test = self;
	if (test->network == NULL)
		return false;
	self_test_network_clean(test->network);
	return true;
}

/* Nothing is to be done but what take() does. */
static void run(void *self)
{
	(void)self;
}

struct guard_task self_test_task(const char *user)
{
	static struct self_test self; /* that process has a copy */
	return (struct guard_task){ .kind = GUARD_SELF_TEST,
				    .user = user,
				    .self = &self,
				    .prepare = prepare,
				    .open = begin,
				    .run = run,
				    .take = take };
}
