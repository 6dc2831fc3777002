/*
 * chain_read.c: see chain_read.h.
 *
 * Records and checkpoints are read in turns, some at a time, in the order of the
 * records' numbers: a chain of any length takes the same memory.
 */
#include "fleet/chain_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/lane.h"

enum { ROWS = 512, TELL_ROWS = 2048 };

/* One kind's, some at a time. */
struct source {
	enum record_kind kind;
	char *rows; /* owned */
	size_t count, next;
	uint64_t after; /* the last number that was read */
	bool is_over;
};

struct reading {
	struct depot *depot;
	const char *sensor;
	struct source audits, checkpoints;
	uint64_t rows; /* of both, however often each was told */
	char *error;
};

static uint64_t seq_of(enum record_kind kind, const void *row)
{
	return kind == RECORD_audit ? ((const struct audit_record *)row)->seq
				    : ((const struct checkpoint_record *)row)->seq;
}

static const void *row_at(const struct source *source, size_t i)
{
	return source->rows + i * schemas[source->kind].size;
}

static bool keep(void *to, const void *record)
{
	struct source *source = to;
	size_t size = schemas[source->kind].size;
	memcpy(source->rows + source->count++ * size, record, size);
	return source->count < ROWS;
}

/*
 * Those of the last number may be cut apart: they are read again with what follows,
 * unless there is nothing else, which is as many of one number as nobody tells.
 */
static void leave_cut_apart(struct source *source)
{
	size_t count = source->count;
	uint64_t last = seq_of(source->kind, row_at(source, count - 1));
	source->after = last;
	while (count > 0 && seq_of(source->kind, row_at(source, count - 1)) == last)
		count--;
	if (count == 0)
		return;
	source->count = count;
	source->after = seq_of(source->kind, row_at(source, count - 1));
}

static int refill(struct reading *reading, struct source *source)
{
	const struct depot_chain chain = { reading->sensor, source->after, ROWS };
	source->count = source->next = 0;
	int result = depot_read_chain(reading->depot, source->kind, &chain, keep,
				      source, reading->error);
	if (result != 0)
		return result;
	source->is_over = source->count < ROWS;
	if (!source->is_over)
		leave_cut_apart(source);
	return 0;
}

/* The next one; NULL: there is none, or *result says why. */
static const void *peek(struct reading *reading, struct source *source, int *result)
{
	if (source->next == source->count && !source->is_over)
		*result = refill(reading, source);
	return *result == 0 && source->next < source->count
		       ? row_at(source, source->next)
		       : NULL;
}

static bool may_go_on(struct reading *reading, const struct chain_proof *proof)
{
	return ++reading->rows % TELL_ROWS != 0 || proof->sink.goes_on == NULL ||
	       proof->sink.goes_on(proof->sink.self, proof->records);
}

/* A checkpoint comes behind the record that it holds. */
static int read_both(struct reading *reading, struct chain_proof *proof)
{
	int result = 0;
	for (;;) {
		const void *audit = peek(reading, &reading->audits, &result);
		const void *checkpoint = peek(reading, &reading->checkpoints, &result);
		if (result != 0 || (audit == NULL && checkpoint == NULL))
			return result;
		bool is_audit = checkpoint == NULL ||
				(audit != NULL &&
				 seq_of(RECORD_audit, audit) <=
					 seq_of(RECORD_checkpoint, checkpoint));
		if (is_audit) {
			chain_proof_audit(proof, audit);
			reading->audits.next++;
		} else {
			chain_proof_checkpoint(proof, checkpoint);
			reading->checkpoints.next++;
		}
		if (!may_go_on(reading, proof))
			return -ECANCELED;
	}
}

/* ---- when it joined ---- */

struct joins {
	const char *sensor;
	struct chain_proof *proof;
};

static bool take_join(void *to, const void *record)
{
	const struct joins *joins = to;
	const struct audit_record *audit = record;
	if (audit->action != NULL && strcmp(audit->action, "fleet_join") == 0 &&
	    strcmp(audit->subject, joins->sensor) == 0)
		chain_proof_joined(joins->proof, audit->at);
	return true;
}

/* What hubs said of it. */
static int read_joins(struct reading *reading, struct chain_proof *proof)
{
	static const char *const hub = FLEET_HUB;
	struct joins joins = { reading->sensor, proof };
	struct store_filter filter;
	store_filter_init(&filter);
	filter.sensors = &hub;
	filter.sensor_count = 1;
	proof->join_count = 0;
	return depot_read(reading->depot, RECORD_audit, &filter, 0, take_join, &joins,
			  reading->error);
}

int chain_read(struct depot *depot, const char *sensor, struct chain_proof *proof,
	       char error[static DEPOT_ERROR_MAX])
{
	const struct chain_end *last = chain_proof_last(proof);
	uint64_t after = last != NULL && last->seq > 0 ? last->seq - 1 : 0;
	uint64_t held = last != NULL && last->held > 0 ? last->held - 1 : 0;
	struct reading reading = {
		.depot = depot,
		.sensor = sensor,
		.audits = { .kind = RECORD_audit, .after = after },
		.checkpoints = { .kind = RECORD_checkpoint, .after = held },
		.error = error,
	};
	reading.audits.rows = calloc(ROWS, schemas[RECORD_audit].size);
	reading.checkpoints.rows = calloc(ROWS, schemas[RECORD_checkpoint].size);
	int result = -EBUSY;
	if (reading.audits.rows != NULL && reading.checkpoints.rows != NULL)
		result = read_both(&reading, proof);
	else
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	/* Also of what was read in part, which may be judged. */
	bool is_read = result == 0 || result == -ECANCELED;
	int joins = is_read && proof->count > 1 ? read_joins(&reading, proof) : 0;
	if (joins != 0)
		result = joins;
	free(reading.audits.rows);
	free(reading.checkpoints.rows);
	return result;
}
