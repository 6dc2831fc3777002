/*
 * depot_clickhouse_write.c: batches into ClickHouse, each once, without transactions.
 *
 * The table `batch` says what is going on with each: `begun` by a writer (a random
 * number per call), `left` by it, or `kept`.  So a batch of which nothing is said is
 * new; one that is kept is done; and of one that was begun some rows may be there: they
 * are looked up, and only the others are written.
 *
 * No two write the same one at once.  Whoever begins says so first, and only then looks
 * whether another one has, too: of two, the later sees the earlier, and leaves it.  A
 * writer that died is waited for no longer than LIVE_S after it began; one that is slow
 * writes nothing later than WRITE_S after it, and gives a request up after 20 s
 * (REQUEST_MS, and the 5 s that depot_clickhouse_http.c adds).  So a row is there twice
 * only if the server carries an INSERT out more than 20 s after its sender gave it up.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "fleet/depot_clickhouse.h"
#include "fleet/depot_clickhouse_encode.h"
#include "fleet/depot_rows.h"

enum { LIVE_S = 60, WRITE_S = 20, REQUEST_MS = 15000 };

/* What becomes of a batch in this call. */
enum fate { FATE_NONE, FATE_NEW, FATE_REST };

struct writing {
	struct clickhouse_depot *house;
	struct depot_batch *batches;
	size_t count;
	enum fate *fates; /* owned: one per batch */
	uint64_t writer;
	int64_t until_us; /* when nothing more may be written */
	bool is_certain;  /* what failed did nothing more */
	char *error;      /* DEPOT_ERROR_MAX */
};

/* ---- what is said of batches ---- */

static void add_key(struct buf *sql, const struct batch_id *id)
{
	buf_char(sql, '(');
	depot_literal(sql, CLICKHOUSE, id->sensor);
	buf_printf(sql, ",'%s',%lld,%lld", fleet_lane_name(id->lane),
		   (long long)id->epoch, (long long)id->sequence);
}

/* Those of a fate; FATE_NONE: those whose result is 0. */
static bool is_of_fate(const struct writing *writing, size_t i, enum fate fate)
{
	return writing->batches[i].result == 0 &&
	       (fate == FATE_NONE || writing->fates[i] == fate);
}

static struct depot_batch *find_batch(const struct writing *writing,
				      const char *const *values, size_t *at)
{
	for (size_t i = 0; i < writing->count; i++) {
		const struct batch_id *id = &writing->batches[i].id;
		if (writing->batches[i].result != 0 ||
		    strtoll(values[3], NULL, 10) != (int64_t)id->sequence ||
		    strtoll(values[2], NULL, 10) != (int64_t)id->epoch ||
		    strcmp(values[1], fleet_lane_name(id->lane)) != 0 ||
		    strcmp(values[0], id->sensor) != 0)
			continue;
		*at = i;
		return &writing->batches[i];
	}
	return NULL;
}

/* Of one writer and batch: when it began, and the most that is said. */
static bool take_state(void *self, const char *const *values, const size_t *lens,
		       size_t count)
{
	struct writing *writing = self;
	size_t at;
	(void)lens;
	for (size_t i = 0; i < count; i++)
		if (values[i] == NULL)
			return true;
	struct depot_batch *batch =
		count == 8 ? find_batch(writing, values, &at) : NULL;
	if (batch == NULL)
		return true;
	bool is_mine = strtoull(values[4], NULL, 10) == writing->writer;
	bool is_kept = values[5][0] == '1', is_left = values[6][0] == '1';
	long long age_s = strtoll(values[7], NULL, 10);
	if (is_kept)
		batch->result = -EEXIST;
	else if (!is_mine && !is_left && age_s < LIVE_S)
		batch->result = -EAGAIN;
	else if (!is_mine)
		writing->fates[at] = FATE_REST;
	return true;
}

static void ask_states(struct buf *sql, const struct writing *writing)
{
	bool is_first = true;
	buf_text(sql, "SELECT sensor,lane,epoch,sequence,writer,max(state='kept'),"
		      "max(state='left'),toInt64(toUnixTimestamp(now()))-"
		      "toInt64(toUnixTimestamp(max(at)))FROM batch WHERE "
		      "(sensor,lane,epoch,sequence)IN(");
	for (size_t i = 0; i < writing->count; i++) {
		if (!is_of_fate(writing, i, FATE_NONE))
			continue;
		buf_text(sql, is_first ? "" : "),");
		add_key(sql, &writing->batches[i].id);
		is_first = false;
	}
	buf_text(sql,
		 "))GROUP BY sensor,lane,epoch,sequence,writer FORMAT TabSeparated");
}

static bool has_any(const struct writing *writing, enum fate fate)
{
	for (size_t i = 0; i < writing->count; i++)
		if (is_of_fate(writing, i, fate))
			return true;
	return false;
}

/* Results and fates, by what others have said. */
static bool look_up(struct writing *writing)
{
	struct buf sql = { 0 };
	struct clickhouse_rows rows = { .take = take_state, .self = writing };
	if (!has_any(writing, FATE_NONE))
		return true;
	ask_states(&sql, writing);
	struct clickhouse_ask ask = { .sql = buf_cstr(&sql),
				      .settings = "&max_query_size=16777216",
				      .limit_ms = REQUEST_MS,
				      .take = clickhouse_rows_take,
				      .self = &rows };
	bool ok =
		ask.sql != NULL && clickhouse_ask(writing->house, &ask, writing->error);
	clickhouse_rows_free(&rows);
	buf_free(&sql);
	return ok && !rows.has_failed;
}

/* Of those whose result is that: one row each, in one block, which is there or not. */
static bool say(struct writing *writing, int result, const char *state)
{
	struct buf sql = { 0 };
	bool is_first = true;
	buf_text(&sql, "INSERT INTO batch(sensor,lane,epoch,sequence,writer,state)"
		       "VALUES");
	for (size_t i = 0; i < writing->count; i++) {
		if (writing->batches[i].result != result ||
		    writing->fates[i] == FATE_NONE)
			continue;
		buf_text(&sql, is_first ? "" : ",");
		add_key(&sql, &writing->batches[i].id);
		buf_printf(&sql, ",%" PRIu64 ",'%s')", writing->writer, state);
		is_first = false;
	}
	struct clickhouse_ask ask = { .sql = buf_cstr(&sql),
				      .settings = writing->house->inserting,
				      .limit_ms = REQUEST_MS };
	bool ok = is_first || (ask.sql != NULL &&
			       clickhouse_ask(writing->house, &ask, writing->error));
	writing->is_certain = ok || ask.is_certain;
	buf_free(&sql);
	return ok;
}

/* ---- rows ---- */

static bool is_late(struct writing *writing)
{
	if (clock_us(CLOCK_MONOTONIC) < writing->until_us)
		return false;
	writing->is_certain = true;
	snprintf(writing->error, DEPOT_ERROR_MAX, "ClickHouse: slower than %d s",
		 WRITE_S);
	return true;
}

static bool insert(struct writing *writing, enum record_kind kind, struct bytes body)
{
	struct buf sql = { 0 };
	if (is_late(writing))
		return false;
	clickhouse_insert(&sql, kind);
	struct clickhouse_ask ask = { .sql = buf_cstr(&sql),
				      .settings = writing->house->inserting,
				      .body = body,
				      .limit_ms = REQUEST_MS };
	bool ok =
		ask.sql != NULL && clickhouse_ask(writing->house, &ask, writing->error);
	writing->is_certain = ask.is_certain;
	buf_free(&sql);
	return ok;
}

/* Rows of the batches of a fate that are still to be written. */
static bool write_kind(struct writing *writing, const struct depot_rows *rows,
		       enum record_kind kind)
{
	struct buf body = { 0 };
	for (size_t i = 0; i < rows->count; i++) {
		struct bytes bytes = depot_rows_of(rows, i, kind);
		if (is_of_fate(writing, i, FATE_NEW) && bytes.len > 0)
			buf_add(&body, bytes.at, bytes.len);
	}
	bool ok = buf_ok(&body);
	if (ok && body.len > 0)
		ok = insert(writing, kind, bytes_of(body.at, body.len));
	buf_free(&body);
	return ok;
}

static bool write_new(struct writing *writing, const struct depot_rows *rows)
{
	bool ok = true;
	for (unsigned kind = 0; kind < RECORD_KINDS && ok; kind++)
		ok = write_kind(writing, rows, (enum record_kind)kind);
	return ok;
}

/* ---- the rest of what somebody else began ---- */

struct present {
	bool is_there[BATCH_RECORDS_MAX];
};

static bool wants(void *self, int64_t row)
{
	const struct present *present = self;
	return row >= BATCH_RECORDS_MAX || !present->is_there[row];
}

static bool take_row_number(void *self, const char *const *values, const size_t *lens,
			    size_t count)
{
	struct present *present = self;
	long long row =
		count == 1 && values[0] != NULL ? strtoll(values[0], NULL, 10) : -1;
	(void)lens;
	if (row >= 0 && row < BATCH_RECORDS_MAX)
		present->is_there[row] = true;
	return true;
}

static bool look_for_rows(struct writing *writing, const struct batch_id *id,
			  enum record_kind kind, struct present *present)
{
	struct buf sql = { 0 };
	struct clickhouse_rows rows = { .take = take_row_number, .self = present };
	buf_printf(&sql,
		   "SELECT batch_row FROM \"%s\" WHERE sensor=", schemas[kind].name);
	depot_literal(&sql, CLICKHOUSE, id->sensor);
	buf_printf(&sql,
		   " AND batch_epoch=%lld AND batch_sequence=%lld FORMAT TabSeparated",
		   (long long)id->epoch, (long long)id->sequence);
	struct clickhouse_ask ask = { .sql = buf_cstr(&sql),
				      .limit_ms = REQUEST_MS,
				      .take = clickhouse_rows_take,
				      .self = &rows };
	bool ok =
		ask.sql != NULL && clickhouse_ask(writing->house, &ask, writing->error);
	clickhouse_rows_free(&rows);
	buf_free(&sql);
	return ok && !rows.has_failed;
}

/* Which kinds are in it is known once it is read; then it is read again. */
static bool look_at_batch(struct writing *writing, struct depot_batch *batch,
			  struct present *present)
{
	struct depot_rows all = { .encode = clickhouse_encode };
	bool ok = depot_rows_read(&all, batch, 1);
	for (unsigned kind = 0; kind < RECORD_KINDS && ok; kind++)
		if (batch->result == 0 && all.rows[kind].len > 0)
			ok = look_for_rows(writing, &batch->id, (enum record_kind)kind,
					   present);
	depot_rows_free(&all);
	return ok;
}

static bool write_rest_of(struct writing *writing, struct depot_batch *batch)
{
	struct present *present = calloc(1, sizeof(*present));
	struct depot_rows rows = { .encode = clickhouse_encode,
				   .wants = wants,
				   .self = present };
	bool ok = present != NULL && look_at_batch(writing, batch, present) &&
		  depot_rows_read(&rows, batch, 1);
	for (unsigned kind = 0; kind < RECORD_KINDS && ok; kind++)
		if (batch->result == 0 && rows.rows[kind].len > 0)
			ok = insert(writing, (enum record_kind)kind,
				    bytes_of(rows.rows[kind].at, rows.rows[kind].len));
	depot_rows_free(&rows);
	free(present);
	return ok;
}

static bool write_rests(struct writing *writing)
{
	bool ok = true;
	for (size_t i = 0; i < writing->count && ok; i++)
		if (is_of_fate(writing, i, FATE_REST))
			ok = write_rest_of(writing, &writing->batches[i]);
	return ok;
}

/* ---- all of it ---- */

/* None but those that are new, so that of others nothing is read in vain. */
static bool read_new(struct writing *writing, struct depot_rows *rows)
{
	int *results = calloc(writing->count + 1, sizeof(*results));
	for (size_t i = 0; results != NULL && i < writing->count; i++) {
		results[i] = writing->batches[i].result;
		if (writing->fates[i] == FATE_REST)
			writing->batches[i].result = -EAGAIN;
	}
	bool ok = results != NULL &&
		  depot_rows_read(rows, writing->batches, writing->count);
	for (size_t i = 0; results != NULL && i < writing->count; i++)
		if (writing->fates[i] == FATE_REST)
			writing->batches[i].result = results[i];
	free(results);
	return ok;
}

/* Says that it begins, and leaves what another one has begun or kept meanwhile. */
static bool begin(struct writing *writing)
{
	if (!say(writing, 0, "begun"))
		return false;
	bool *was_mine = calloc(writing->count + 1, sizeof(*was_mine));
	for (size_t i = 0; was_mine != NULL && i < writing->count; i++)
		was_mine[i] = writing->batches[i].result == 0;
	bool ok = was_mine != NULL && look_up(writing);
	for (size_t i = 0; was_mine != NULL && i < writing->count; i++)
		if (!was_mine[i]) /* of others nothing is said */
			writing->fates[i] = FATE_NONE;
	free(was_mine);
	return ok && say(writing, -EAGAIN, "left");
}

static bool write_begun(struct writing *writing, const struct depot_rows *rows)
{
	bool ok = begin(writing) && write_new(writing, rows) && write_rests(writing) &&
		  !is_late(writing) && say(writing, 0, "kept");
	if (ok || !writing->is_certain)
		return ok;
	/* Whoever tries again needn't wait for us. */
	char error[DEPOT_ERROR_MAX], *first = writing->error;
	writing->error = error;
	say(writing, 0, "left");
	writing->error = first;
	return false;
}

static bool write_all(struct writing *writing)
{
	struct depot_rows rows = { .encode = clickhouse_encode };
	for (size_t i = 0; i < writing->count; i++)
		writing->fates[i] =
			writing->batches[i].result == 0 ? FATE_NEW : FATE_NONE;
	if (!look_up(writing))
		return false;
	bool ok = read_new(writing, &rows);
	if (ok && has_any(writing, FATE_NONE))
		ok = write_begun(writing, &rows);
	depot_rows_free(&rows);
	return ok;
}

int clickhouse_write(struct depot *depot, struct depot_batch *batches, size_t count,
		     char error[static DEPOT_ERROR_MAX])
{
	struct writing writing = {
		.house = (struct clickhouse_depot *)depot,
		.batches = batches,
		.count = count,
		.fates = calloc(count + 1, sizeof(enum fate)),
		.until_us = clock_us(CLOCK_MONOTONIC) + WRITE_S * 1000000LL,
		.error = error,
	};
	snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	bool ok = writing.fates != NULL &&
		  getrandom(&writing.writer, sizeof(writing.writer), 0) ==
			  sizeof(writing.writer) &&
		  write_all(&writing);
	free(writing.fates);
	if (ok)
		error[0] = '\0';
	return ok ? 0 : -EAGAIN;
}
