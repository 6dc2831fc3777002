/*
 * block_metrics.c: see block_metrics.h.
 *
 * A block is told of again and again while it lasts, and once when it is over: what it
 * stopped counts as what those that are over stopped, and those in force until now.
 */
#include "web/block_metrics.h"

#include <string.h>

/* What is promised is 50 ms. */
static const uint64_t bounds_us[BLOCK_BOUNDS] = { 1000,  2500,  5000,   10000,
						  25000, 50000, 100000, 1000000 };
static const char *const ends[BLOCK_ENDS] = { "vetoed", "expired", "removed",
					      "failed" };
enum { STATES = 5, ACTIONS = 3 };
static const char *const states[STATES] = { "observed", "asked", "active",
					    "unconfirmed", "removing" };
static const char *const actions[ACTIONS] = { "drop", "limit", "reset" };

/* Its place; count: none. */
static size_t place_of(const char *const *words, size_t count, const char *word)
{
	size_t i = 0;
	while (i < count && (word == NULL || strcmp(words[i], word) != 0))
		i++;
	return i;
}

static void add(uint64_t *sum, uint64_t value)
{
	if (value != UNKNOWN_U64)
		*sum += value;
}

static void sum_up(struct block_sums *sums, const struct block_record *block)
{
	add(&sums->packets, block->packets);
	add(&sums->bytes, block->bytes);
	add(&sums->sessions, block->sessions);
	if (block->latency_us == UNKNOWN_U64)
		return;
	sums->latencies++;
	sums->latency_us += block->latency_us;
	for (size_t i = 0; i < BLOCK_BOUNDS; i++)
		sums->up_to[i] += block->latency_us <= bounds_us[i];
}

static void add_veto(struct block_counts *counts, const char *by)
{
	size_t i = 0;
	while (i < BLOCK_VETOES && counts->vetoes[i].by[0] != '\0' &&
	       strcmp(counts->vetoes[i].by, by) != 0)
		i++;
	if (i == BLOCK_VETOES || by[0] == '\0')
		return;
	record_text(counts->vetoes[i].by, sizeof(counts->vetoes[i].by), by);
	counts->vetoes[i].count++;
}

void block_metrics_add(struct block_counts *counts, const struct block_record *block)
{
	size_t end = place_of(ends, BLOCK_ENDS, block->state);
	if (end == BLOCK_ENDS)
		return;
	counts->ended[end]++;
	if (strcmp(ends[end], "vetoed") == 0)
		add_veto(counts, block->vetoed_by);
	sum_up(&counts->sums, block);
}

struct lasting {
	uint64_t count[STATES][ACTIONS];
	struct block_sums sums;
};

/* web_emit: those in force, and some that are over. */
static void take(void *to, const void *record)
{
	struct lasting *lasting = to;
	const struct block_record *block = record;
	size_t state = place_of(states, STATES, block->state);
	size_t action = place_of(actions, ACTIONS, block->action);
	if (state == STATES)
		return;
	if (action < ACTIONS)
		lasting->count[state][action]++;
	sum_up(&lasting->sums, block);
}

static void write_lasting(const struct lasting *lasting, struct family *family)
{
	family_named(family, "blocks", "", "gauge",
		     "Responses that last, by state and action; those there are.");
	for (size_t s = 0; s < STATES; s++)
		for (size_t a = 0; a < ACTIONS; a++) {
			if (lasting->count[s][a] == 0)
				continue;
			family_sample(family);
			buf_printf(family->out, "{state=\"%s\",action=\"%s\"}",
				   states[s], actions[a]);
			family_value(family, (long double)lasting->count[s][a]);
		}
}

static void write_ended(const struct block_counts *counts, struct family *family)
{
	family_named(family, "blocks_ended", "", "counter",
		     "Responses that are over, by how they ended.");
	for (size_t i = 0; i < BLOCK_ENDS; i++) {
		family_sample(family);
		buf_printf(family->out, "{state=\"%s\"}", ends[i]);
		family_value(family, (long double)counts->ended[i]);
	}
}

static void write_vetoes(const struct block_counts *counts, struct family *family)
{
	family_named(family, "block_vetoes", "", "counter",
		     "Blocks that were not made, by what speaks against them.");
	for (size_t i = 0; i < BLOCK_VETOES && counts->vetoes[i].count > 0; i++) {
		family_sample(family);
		buf_text(family->out, "{by=\"");
		family_label(family->out, counts->vetoes[i].by);
		buf_text(family->out, "\"}");
		family_value(family, (long double)counts->vetoes[i].count);
	}
}

void block_metrics_firewall(const json_t *firewall, struct family *family)
{
	if (!json_is_object(firewall))
		return;
	family_single(family, "firewall_holds", "", "gauge",
		      "1 if the kernel holds what it should, 0 if not.",
		      json_is_true(json_object_get(firewall, "holds")));
	family_single(family, "firewall_elements", "", "gauge",
		      "Blocks that the kernel held when last looked.",
		      json_number_value(json_object_get(firewall, "in_kernel")));
	family_single(family, "firewall_repairs", "", "counter",
		      "Times that the kernel did not hold what it should.",
		      json_number_value(json_object_get(firewall, "repairs")));
	family_single(family, "blocks_frozen", "", "gauge",
		      "1 if automatic blocks have stopped, as there were too many.",
		      json_object_get(firewall, "frozen_by") != NULL);
}

static void write_latency(const struct block_sums *over, const struct block_sums *now,
			  struct family *family)
{
	uint64_t up_to[BLOCK_BOUNDS];
	const struct family_histogram whole = {
		.bounds_us = bounds_us,
		.up_to = up_to,
		.bounds = BLOCK_BOUNDS,
		.count = over->latencies + now->latencies,
		.sum_us = over->latency_us + now->latency_us,
	};
	for (size_t i = 0; i < BLOCK_BOUNDS; i++)
		up_to[i] = over->up_to[i] + now->up_to[i];
	family_named(family, "block_latency_seconds", "seconds", "histogram",
		     "From the packet that decided a block until the kernel held it.");
	family_histogram(family, "", &whole);
}

void block_metrics_write(const struct block_counts *counts,
			 const struct web_source *source, struct family *family)
{
	struct lasting lasting = { 0 };
	const struct block_sums *over = &counts->sums, *now = &lasting.sums;
	if (source->blocks == NULL)
		return;
	source->blocks(source->self, take, &lasting);
	write_lasting(&lasting, family);
	write_ended(counts, family);
	write_vetoes(counts, family);
	family_single(family, "blocked_packets", "", "counter",
		      "Packets that blocks stopped.", over->packets + now->packets);
	family_single(family, "blocked_bytes", "bytes", "counter", "IP bytes of them.",
		      over->bytes + now->bytes);
	family_single(family, "blocked_sessions", "", "counter",
		      "Established connections that blocks ended.",
		      over->sessions + now->sessions);
	write_latency(over, now, family);
}
