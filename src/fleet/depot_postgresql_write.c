/*
 * depot_postgresql_write.c: batches into PostgreSQL, by COPY in its binary format
 * ("COPY", Binary Format): values go as they are, so that none can mean anything else.
 *
 * Which batches they are is written first, in the same transaction: of two hubs that
 * bring the same one, the second waits there until the first has ended, and then has
 * nothing left to do.
 *
 * Many batches go in several transactions: while the server takes the rows of one, the
 * batches of the next are read.
 */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/depot_postgresql.h"
#include "fleet/depot_rows.h"

/* ---- rows ---- */

static char *put_16(char *out, uint16_t value)
{
	value = htobe16(value);
	memcpy(out, &value, sizeof(value));
	return out + sizeof(value);
}

static char *put_32(char *out, uint32_t value)
{
	value = htobe32(value);
	memcpy(out, &value, sizeof(value));
	return out + sizeof(value);
}

static char *put_64(char *out, uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
	return out + sizeof(value);
}

static char *put_null(char *out)
{
	return put_32(out, UINT32_MAX);
}

static char *put_bigint(char *out, uint64_t value, uint64_t unknown)
{
	if (value == unknown)
		return put_null(out);
	return put_64(put_32(out, sizeof(value)), value);
}

static char *put_integer(char *out, uint16_t value)
{
	if (value == UNKNOWN_U16)
		return put_null(out);
	return put_32(put_32(out, sizeof(uint32_t)), value);
}

static char *put_boolean(char *out, uint8_t value)
{
	if (value == UNKNOWN_FLAG)
		return put_null(out);
	out = put_32(out, 1);
	*out++ = value != 0;
	return out;
}

static char *put_double(char *out, double value)
{
	uint64_t bits;
	if (!isfinite(value))
		return put_null(out);
	memcpy(&bits, &value, sizeof(bits));
	return put_64(put_32(out, sizeof(bits)), bits);
}

/* As network_recv() of the server reads it: family, bits, not a cidr, length, bytes. */
static char *put_inet(char *out, const struct addr *addr)
{
	enum { FAMILY_V4 = 2, FAMILY_V6 = 3 };
	size_t len = addr_is_v4(addr) ? 4 : 16;
	if (addr_is_unset(addr))
		return put_null(out);
	out = put_32(out, (uint32_t)(4 + len));
	*out++ = len == 4 ? FAMILY_V4 : FAMILY_V6;
	*out++ = (char)(8 * len);
	*out++ = 0;
	*out++ = (char)len;
	memcpy(out, addr->ip6 + sizeof(addr->ip6) - len, len);
	return out + len;
}

/* The length is known when the text is UTF-8. */
static char *put_text(char *out, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return put_null(out);
	char *end = depot_put_utf8(out + sizeof(uint32_t), text);
	put_32(out, (uint32_t)(end - out - (ptrdiff_t)sizeof(uint32_t)));
	return end;
}

static char *put_bytes(char *out, const field_bytes1536 *bytes)
{
	if (bytes->len == 0)
		return put_null(out);
	out = put_32(out, bytes->len);
	memcpy(out, bytes->at, bytes->len);
	return out + bytes->len;
}

static char *put_field(char *out, const struct field *field, const void *value)
{
	switch (field->type) {
	case TYPE_time:
		return put_bigint(out, (uint64_t) * (const field_time *)value,
				  (uint64_t)UNKNOWN_TIME);
	case TYPE_addr:
		return put_inet(out, value);
	case TYPE_u16:
		return put_integer(out, *(const field_u16 *)value);
	case TYPE_u32:
		return put_bigint(out, *(const field_u32 *)value, UNKNOWN_U32);
	case TYPE_u64:
		return put_bigint(out, *(const field_u64 *)value, UNKNOWN_U64);
	case TYPE_ratio:
	case TYPE_real:
		return put_double(out, *(const field_ratio *)value);
	case TYPE_flag:
		return put_boolean(out, *(const field_flag *)value);
	case TYPE_word:
		return put_text(out, *(const field_word *)value);
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return put_text(out, value);
	case TYPE_bytes1536:
		break;
	}
	return put_bytes(out, value);
}

enum { PLACE_COLUMNS = 4 };

static char *encode(char *out, enum record_kind kind, const void *record,
		    const struct depot_place *place)
{
	const struct schema *schema = &schemas[kind];
	const int64_t more[PLACE_COLUMNS] = { place->kept_at, place->epoch,
					      place->sequence, place->row };
	out = put_16(out, (uint16_t)(schema->field_count + PLACE_COLUMNS));
	for (size_t i = 0; i < schema->field_count; i++)
		out = put_field(out, &schema->fields[i],
				(const char *)record + schema->fields[i].offset);
	for (size_t i = 0; i < PLACE_COLUMNS; i++)
		out = put_64(put_32(out, sizeof(more[i])), (uint64_t)more[i]);
	return out;
}

/* ---- sending ---- */

struct writing {
	struct postgresql_depot *pg;
	bool has_begun;  /* a transaction */
	bool is_copying; /* rows are sent; the server has not said yet that it has them
			  */
	char *error;     /* DEPOT_ERROR_MAX */
};

static bool begin_copy(PGconn *conn, enum record_kind kind,
		       char error[static DEPOT_ERROR_MAX])
{
	static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	struct buf sql = { 0 };
	const struct schema *schema = &schemas[kind];
	buf_printf(&sql, "COPY \"%s\"(", schema->name);
	for (size_t i = 0; i < schema->field_count; i++)
		buf_printf(&sql, "\"%s\",", schema->fields[i].name);
	buf_text(&sql, "kept_at,batch_epoch,batch_sequence,batch_row)"
		       "FROM STDIN(FORMAT binary)");
	PGresult *result = PQexec(conn, buf_ok(&sql) ? buf_cstr(&sql) : "");
	bool ok = PQresultStatus(result) == PGRES_COPY_IN &&
		  PQputCopyData(conn, header, sizeof(header)) == 1;
	if (!ok)
		postgresql_said(conn, result, error);
	PQclear(result);
	buf_free(&sql);
	return ok;
}

/* The server has all rows that were sent. */
static bool end_copy(struct writing *writing)
{
	PGconn *conn = writing->pg->conn;
	PGresult *result;
	bool ok = true;
	if (!writing->is_copying)
		return true;
	writing->is_copying = false;
	while ((result = PQgetResult(conn)) != NULL) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK) {
			postgresql_said(conn, result, writing->error);
			ok = false;
		}
		PQclear(result);
		if (PQstatus(conn) != CONNECTION_OK)
			break;
	}
	return ok;
}

static bool send_bytes(struct writing *writing, const void *bytes, size_t len)
{
	if (PQputCopyData(writing->pg->conn, bytes, (int)len) == 1)
		return true;
	postgresql_said(writing->pg->conn, NULL, writing->error);
	return false;
}

static bool send_end(struct writing *writing)
{
	if (!send_bytes(writing, "\377\377", 2))
		return false;
	writing->is_copying = PQputCopyEnd(writing->pg->conn, NULL) == 1;
	if (!writing->is_copying)
		postgresql_said(writing->pg->conn, NULL, writing->error);
	return writing->is_copying;
}

static bool copy_kind(struct writing *writing, const struct depot_rows *rows,
		      const struct depot_batch *batches, enum record_kind kind)
{
	bool has_begun = false, ok = true;
	for (size_t i = 0; i < rows->count && ok; i++) {
		struct bytes bytes = depot_rows_of(rows, i, kind);
		if (batches[i].result != 0 || bytes.len == 0)
			continue;
		if (!has_begun)
			ok = end_copy(writing) &&
			     begin_copy(writing->pg->conn, kind, writing->error);
		has_begun = true;
		ok = ok && send_bytes(writing, bytes.at, bytes.len);
	}
	return ok && (!has_begun || send_end(writing));
}

/* ---- which batches ---- */

static int compare_batches(const void *a, const void *b)
{
	const struct batch_id *one = &(*(struct depot_batch *const *)a)->id;
	const struct batch_id *other = &(*(struct depot_batch *const *)b)->id;
	int order = strcmp(one->sensor, other->sensor);
	if (order == 0)
		order = (one->lane > other->lane) - (one->lane < other->lane);
	if (order == 0)
		order = (one->epoch > other->epoch) - (one->epoch < other->epoch);
	if (order == 0)
		order = (one->sequence > other->sequence) -
			(one->sequence < other->sequence);
	return order;
}

static void add_batch(struct buf *sql, const struct depot_batch *batch, int64_t now_us)
{
	depot_literal(sql, POSTGRESQL, batch->id.sensor);
	buf_printf(sql, ",'%s',%lld,%lld,%lld)", fleet_lane_name(batch->id.lane),
		   (long long)batch->id.epoch, (long long)batch->id.sequence,
		   (long long)now_us);
}

static bool is_returned(const PGresult *result, int row, const struct batch_id *id)
{
	return strcmp(PQgetvalue(result, row, 0), id->sensor) == 0 &&
	       strcmp(PQgetvalue(result, row, 1), fleet_lane_name(id->lane)) == 0 &&
	       strtoll(PQgetvalue(result, row, 2), NULL, 10) == (int64_t)id->epoch &&
	       strtoll(PQgetvalue(result, row, 3), NULL, 10) == (int64_t)id->sequence;
}

/* Rows come in the order in which they were put; those that were there are left out. */
static void mark_kept(const PGresult *result, struct depot_batch **sorted, size_t count)
{
	int row = 0;
	for (size_t i = 0; i < count; i++)
		if (row < PQntuples(result) && is_returned(result, row, &sorted[i]->id))
			row++;
		else
			sorted[i]->result = -EEXIST;
}

/*
 * In one order, so that two hubs never wait for each other.  Which are kept already is
 * their result.
 */
static bool put_batches(PGconn *conn, struct depot_batch **sorted, size_t count,
			int64_t now_us, char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	buf_text(&sql, "INSERT INTO batch(sensor,lane,epoch,sequence,kept_at)VALUES");
	for (size_t i = 0; i < count; i++) {
		buf_text(&sql, i > 0 ? ",(" : "(");
		add_batch(&sql, sorted[i], now_us);
	}
	buf_text(&sql, "ON CONFLICT DO NOTHING RETURNING sensor,lane,epoch,sequence");
	PGresult *result = NULL;
	if (buf_ok(&sql))
		result = postgresql_rows(conn, buf_cstr(&sql), error);
	buf_free(&sql);
	if (result != NULL)
		mark_kept(result, sorted, count);
	PQclear(result);
	return result != NULL;
}

static bool sort_and_put(PGconn *conn, struct depot_batch *batches, size_t count,
			 int64_t now_us, char error[static DEPOT_ERROR_MAX])
{
	struct depot_batch **sorted = calloc(count + 1, sizeof(struct depot_batch *));
	size_t wanted = 0;
	for (size_t i = 0; sorted != NULL && i < count; i++)
		if (batches[i].result == 0)
			sorted[wanted++] = &batches[i];
	if (sorted != NULL && wanted > 0)
		qsort(sorted, wanted, sizeof(struct depot_batch *), compare_batches);
	bool ok = sorted != NULL &&
		  (wanted == 0 || put_batches(conn, sorted, wanted, now_us, error));
	free(sorted);
	return ok;
}

/* ---- all of it ---- */

static bool make_days(struct postgresql_depot *pg, const struct depot_rows *rows,
		      char error[static DEPOT_ERROR_MAX])
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		for (uint64_t days = rows->days[kind]; days != 0; days &= days - 1)
			if (!postgresql_make_day(
				    pg, (enum record_kind)kind,
				    rows->first_day + __builtin_ctzll(days), error))
				return false;
	return true;
}

/* The rows that were sent are there to stay. */
static bool finish(struct writing *writing)
{
	bool ok = end_copy(writing) &&
		  (!writing->has_begun ||
		   postgresql_run(writing->pg->conn, "COMMIT", writing->error));
	writing->has_begun = false;
	return ok;
}

static bool write_rows(struct writing *writing, const struct depot_rows *rows,
		       struct depot_batch *batches)
{
	PGconn *conn = writing->pg->conn;
	writing->has_begun = make_days(writing->pg, rows, writing->error) &&
			     postgresql_run(conn, "BEGIN", writing->error);
	bool ok = writing->has_begun && sort_and_put(conn, batches, rows->count,
						     rows->now_us, writing->error);
	for (unsigned kind = 0; kind < RECORD_KINDS && ok; kind++)
		ok = copy_kind(writing, rows, batches, (enum record_kind)kind);
	return ok;
}

/* So many as the server is busy with while as many are read. */
enum { BYTES_AT_ONCE = 256 << 10 };

/* What was sent before is finished once these are read. */
static bool write_some(struct writing *writing, struct depot_batch *batches,
		       size_t count)
{
	struct depot_rows rows = { .encode = encode };
	bool ok = depot_rows_read(&rows, batches, count);
	if (!ok)
		snprintf(writing->error, DEPOT_ERROR_MAX, "not enough memory");
	ok = ok && finish(writing) && write_rows(writing, &rows, batches);
	depot_rows_free(&rows);
	return ok;
}

int postgresql_write(struct depot *depot, struct depot_batch *batches, size_t count,
		     char error[static DEPOT_ERROR_MAX])
{
	struct postgresql_depot *pg = (struct postgresql_depot *)depot;
	struct writing writing = { .pg = pg, .error = error };
	if (!postgresql_is_connected(pg, error))
		return -EAGAIN;
	bool ok = true;
	for (size_t from = 0, some; ok && from < count; from += some) {
		some = depot_some(&batches[from], count - from, BYTES_AT_ONCE);
		ok = write_some(&writing, &batches[from], some);
	}
	if (ok && finish(&writing))
		return 0;
	postgresql_undo(pg->conn);
	/* Another hub may have removed a day. */
	memset(pg->days, 0, sizeof(pg->days));
	return -EAGAIN;
}
