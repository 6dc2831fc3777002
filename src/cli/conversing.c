/*
 * conversing.c: see conversing.h.
 */
#include "cli/conversing.h"

#include "cli/monitor.h"
#include "policy/matrix.h"

enum { TOLD_S = 60 };

void conversing_flow(struct monitor *m, const struct flow_record *flow)
{
	const struct matrix_zones zones = { .own = &m->own,
					    .home = &m->home,
					    .policy = m->policy.policy };
	if (m->matrix == NULL)
		m->matrix = matrix_new();
	if (m->matrix != NULL)
		matrix_take(m->matrix, &zones, flow);
}

static void keep(void *self, const struct conversation_record *row)
{
	struct monitor *m = self;
	store_put(m->store, RECORD_conversation, row);
}

static void tell(struct monitor *m)
{
	if (m->matrix != NULL && m->store != NULL)
		matrix_tell(m->matrix, keep, m);
}

void conversing_second(struct monitor *m)
{
	if (m->ticks % (TOLD_S * TICKS_PER_SECOND) == 0)
		tell(m);
}

void conversing_close(struct monitor *m)
{
	tell(m);
	matrix_free(m->matrix);
	m->matrix = NULL;
}
