/*
 * depot_schema.c: tables of depots, made from schemas[]; see depot_driver.h.
 *
 * What many rows go into has one cheap index over a time that rises; random keys, which
 * cost a multiple of the row itself, are indexed only where rows are few.  Texts of
 * PostgreSQL are compared by bytes, which takes a fraction of what a language's order
 * does.
 */
#include "fleet/depot_driver.h"

#include <errno.h>
#include <string.h>

#define SQLITE_TYPES                                                                   \
	{                                                                              \
		[TYPE_time] = "INTEGER", [TYPE_addr] = "TEXT", [TYPE_u16] = "INTEGER", \
		[TYPE_u32] = "INTEGER", [TYPE_u64] = "INTEGER", [TYPE_ratio] = "REAL", \
		[TYPE_real] = "REAL", [TYPE_flag] = "INTEGER", [TYPE_word] = "TEXT",   \
		[TYPE_text32] = "TEXT", [TYPE_text64] = "TEXT",                        \
		[TYPE_text256] = "TEXT", [TYPE_bytes1536] = "BLOB",                    \
	}
#define TEXT_C "text COLLATE \"C\""
#define POSTGRESQL_TYPES                                                               \
	{                                                                              \
		[TYPE_time] = "bigint", [TYPE_addr] = "inet", [TYPE_u16] = "integer",  \
		[TYPE_u32] = "bigint", [TYPE_u64] = "bigint",                          \
		[TYPE_ratio] = "double precision", [TYPE_real] = "double precision",   \
		[TYPE_flag] = "boolean", [TYPE_word] = TEXT_C, [TYPE_text32] = TEXT_C, \
		[TYPE_text64] = TEXT_C, [TYPE_text256] = TEXT_C,                       \
		[TYPE_bytes1536] = "bytea",                                            \
	}
#define CLICKHOUSE_TYPES                                                               \
	{                                                                              \
		[TYPE_time] = "Nullable(Int64)", [TYPE_addr] = "Nullable(String)",     \
		[TYPE_u16] = "Nullable(UInt16)", [TYPE_u32] = "Nullable(UInt32)",      \
		[TYPE_u64] = "Nullable(UInt64)", [TYPE_ratio] = "Nullable(Float64)",   \
		[TYPE_real] = "Nullable(Float64)", [TYPE_flag] = "Nullable(UInt8)",    \
		[TYPE_word] = "Nullable(String)", [TYPE_text32] = "Nullable(String)",  \
		[TYPE_text64] = "Nullable(String)",                                    \
		[TYPE_text256] = "Nullable(String)",                                   \
		[TYPE_bytes1536] = "Nullable(String)",                                 \
	}

static void put_in_net_sqlite(struct buf *out, const char *column, const char *network)
{
	buf_printf(out, "in_net(\"%s\",'%s')", column, network);
}

static void put_in_net_postgresql(struct buf *out, const char *column,
				  const char *network)
{
	buf_printf(out, "\"%s\"<<='%s'::inet", column, network);
}

const struct depot_dialect depot_dialects[DEPOT_KINDS] = {
	[DEPOT_SQLITE] = { .kind = "sqlite",
			   .types = SQLITE_TYPES,
			   .sensor = "TEXT NOT NULL",
			   .number = "INTEGER NOT NULL",
			   .integer = "INTEGER",
			   .least_flag = "min",
			   .put_in_net = put_in_net_sqlite,
			   .has_windows = true },
	[DEPOT_POSTGRESQL] = { .kind = "postgresql",
			       .types = POSTGRESQL_TYPES,
			       .sensor = TEXT_C " NOT NULL",
			       .number = "bigint NOT NULL",
			       .integer = "bigint",
			       .least_flag = "bool_and",
			       .put_in_net = put_in_net_postgresql,
			       .has_windows = true },
	[DEPOT_CLICKHOUSE] = { .kind = "clickhouse",
			       .types = CLICKHOUSE_TYPES,
			       .sensor = "String",
			       .number = "Int64",
			       .integer = "Nullable(Int64)",
			       .least_flag = "min",
			       .has_backslashes = true },
};

bool depot_keeps(enum record_kind kind)
{
	return fleet_lane_of(kind) != LANE_NONE;
}

const char *depot_type(const char *kind, const struct field *field)
{
	for (size_t i = 0; i < DEPOT_KINDS; i++)
		if (strcmp(depot_dialects[i].kind, kind) == 0)
			return depot_dialects[i].types[field->type];
	return NULL;
}

void depot_column(struct buf *out, const struct depot_dialect *dialect,
		  const struct field *field)
{
	buf_printf(out, "\"%s\" %s", field->name, dialect->types[field->type]);
}

static bool is_sensor(const struct field *field)
{
	return strcmp(field->name, "sensor") == 0;
}

void depot_columns(struct buf *out, const struct depot_dialect *dialect,
		   enum record_kind kind)
{
	const struct schema *schema = &schemas[kind];
	buf_printf(out, "\"sensor\" %s,\n", dialect->sensor);
	for (size_t i = 0; i < schema->field_count; i++) {
		if (is_sensor(&schema->fields[i]))
			continue;
		depot_column(out, dialect, &schema->fields[i]);
		buf_text(out, ",\n");
	}
	static const char *const more[] = { "kept_at", "batch_epoch", "batch_sequence",
					    "batch_row" };
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		buf_printf(out, "%s %s%s", more[i], dialect->number,
			   i + 1 < sizeof(more) / sizeof(more[0]) ? ",\n" : "");
}

/* ---- indexes ---- */

/* Much of it, and read by time alone. */
static bool is_raw(enum record_kind kind)
{
	int lane = fleet_lane_of(kind);
	return lane == LANE_FLOW || lane == LANE_EVIDENCE;
}

static void add_index(struct buf *out, const char *table, const char *name,
		      const char *what)
{
	buf_printf(out, "CREATE INDEX IF NOT EXISTS \"%s_%s\" ON \"%s\"%s;\n", table,
		   name, table, what);
}

/* The audit chain of one sensor is read by its numbers, again and again. */
void depot_index_chain(struct buf *out, enum record_kind kind)
{
	if (kind == RECORD_audit || kind == RECORD_checkpoint)
		add_index(out, schemas[kind].name, "chain", "(sensor,seq)");
}

/* A table holds a day: in it, order matters where the newest few are asked for. */
static void add_indexes_postgresql(struct buf *out, enum record_kind kind)
{
	const char *table = schemas[kind].name;
	if (is_raw(kind) || depot_name_of(kind) != NULL)
		add_index(out, table, "kept_at",
			  " USING brin(kept_at)WITH(pages_per_range=32,"
			  "autosummarize=on)");
	else
		add_index(out, table, "kept_at", "(kept_at)");
	if (is_raw(kind))
		return;
	depot_index_chain(out, kind);
	add_index(out, table, "sensor", "(sensor)");
	if (record_field(kind, "id") != NULL)
		add_index(out, table, "id", " USING hash(id)");
	if (kind == RECORD_probe)
		add_index(out, table, "target", "(target)");
}

/* Who has a file has few sensors. */
static void add_indexes_sqlite(struct buf *out, enum record_kind kind)
{
	const char *table = schemas[kind].name;
	add_index(out, table, "kept_at", "(kept_at)");
	depot_index_chain(out, kind);
	if (!is_raw(kind) && record_field(kind, "id") != NULL)
		add_index(out, table, "id", "(id)");
	if (kind == RECORD_probe)
		add_index(out, table, "target", "(target,kept_at)");
}

/* Earlier versions made one by which nothing is looked up. */
void depot_drop_retired(struct buf *out, enum record_kind kind)
{
	buf_printf(out, "DROP INDEX IF EXISTS \"%s_incident\";\n", schemas[kind].name);
}

/* ---- tables ---- */

#define DAY_OF_CLICKHOUSE "toYYYYMMDD(toDateTime(intDiv(kept_at,1000000),'UTC'))"

void depot_table(struct buf *out, const struct depot_dialect *dialect,
		 enum record_kind kind)
{
	buf_printf(out, "CREATE TABLE IF NOT EXISTS \"%s\"(\n", schemas[kind].name);
	depot_columns(out, dialect, kind);
	if (dialect == &depot_dialects[DEPOT_CLICKHOUSE]) {
		buf_text(out, ")ENGINE=MergeTree PARTITION BY " DAY_OF_CLICKHOUSE
			      " ORDER BY(sensor,kept_at);\n");
		return;
	}
	if (dialect == &depot_dialects[DEPOT_POSTGRESQL]) {
		buf_text(out, ")PARTITION BY RANGE(kept_at);\n");
		add_indexes_postgresql(out, kind);
	} else {
		buf_text(out, ");\n");
		add_indexes_sqlite(out, kind);
	}
}

/*
 * ClickHouse knows no transactions: what was begun and what is kept are told one after
 * the other (depot_clickhouse.c).
 */
static const char clickhouse_batches[] =
	"CREATE TABLE IF NOT EXISTS \"batch\"(\n"
	"\"sensor\" String,\nlane String,\nepoch Int64,\nsequence Int64,\n"
	"writer UInt64,\nstate String,\nat DateTime DEFAULT now())"
	"ENGINE=MergeTree PARTITION BY toYYYYMMDD(at) "
	"ORDER BY(sensor,lane,epoch,sequence);\n";

void depot_batch_table(struct buf *out, const struct depot_dialect *dialect)
{
	const char *text = dialect->types[TYPE_text32], *number = dialect->number;
	if (dialect == &depot_dialects[DEPOT_CLICKHOUSE]) {
		buf_text(out, clickhouse_batches);
		return;
	}
	buf_printf(out,
		   "CREATE TABLE IF NOT EXISTS \"batch\"(\n\"sensor\" %s,\n"
		   "lane %s NOT NULL,\nepoch %s,\nsequence %s,\nkept_at %s,\n"
		   "PRIMARY KEY(sensor,lane,epoch,sequence))%s;\n",
		   dialect->sensor, text, number, number, number,
		   dialect == &depot_dialects[DEPOT_SQLITE] ? "WITHOUT ROWID" : "");
}

/* By when they were kept: an epoch's number is the sensor's clock, or its choice. */
void depot_forget_ended(struct buf *out, int64_t now_us)
{
	buf_printf(
		out,
		"DELETE FROM batch WHERE(sensor,lane,epoch)IN(SELECT sensor,lane,epoch "
		"FROM(SELECT sensor,lane,epoch,max(kept_at)AS last,max(CASE WHEN "
		"min(kept_at)<%lld THEN min(kept_at)END)OVER(PARTITION BY sensor,lane)"
		"AS later FROM batch GROUP BY sensor,lane,epoch)AS epochs WHERE "
		"last<later AND last<%lld)",
		(long long)(now_us - DEPOT_ENDED_HOURS * (DEPOT_DAY_US / 24)),
		(long long)(now_us - DEPOT_ENDED_DAYS * DEPOT_DAY_US));
}

bool depot_schema(const char *kind, struct buf *out)
{
	for (unsigned i = 0; i < DEPOT_KINDS; i++) {
		const struct depot_dialect *dialect = &depot_dialects[i];
		if (strcmp(dialect->kind, kind) != 0)
			continue;
		depot_batch_table(out, dialect);
		for (unsigned record = 0; record < RECORD_KINDS; record++)
			if (depot_keeps((enum record_kind)record))
				depot_table(out, dialect, (enum record_kind)record);
		return buf_ok(out);
	}
	return false;
}
