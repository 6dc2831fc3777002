/*
 * totals.c: what workers count, over all of them; see pipeline.h and worker.h.
 */
#include "cli/worker.h"

void totals_add(struct pipeline_totals *t, const struct worker_stats *s)
{
	t->capture.frames += s->capture.frames;
	t->capture.kernel_dropped += s->capture.kernel_dropped;
	t->capture.cut_short += s->capture.cut_short;
	t->flow.packets += s->flow.packets;
	t->flow.bytes += s->flow.bytes;
	t->flow.flows_open += s->flow.flows_open;
	t->flow.half_open += s->flow.half_open;
	t->flow.services += s->flow.services;
	t->flow.sources += s->flow.sources;
	t->flow.flows_started += s->flow.flows_started;
	t->flow.flows_evicted += s->flow.flows_evicted;
	t->flow.flows_refused += s->flow.flows_refused;
	t->flow.contacts_left_out += s->flow.contacts_left_out;
	t->flow.memory_bytes += s->flow.memory_bytes;
	t->records_dropped += s->records_dropped;
	for (unsigned i = 0; i < DECODE_REASON_COUNT; i++)
		t->decoded[i] += s->decoded[i];
	if (s->newest_us > t->newest_us)
		t->newest_us = s->newest_us;
}

uint64_t totals_undecoded(const struct pipeline_totals *totals)
{
	uint64_t undecoded = 0;
	for (unsigned i = 0; i < DECODE_REASON_COUNT; i++)
		if (!decode_is_used((enum decode_reason)i))
			undecoded += totals->decoded[i];
	return undecoded;
}
