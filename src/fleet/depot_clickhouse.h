/*
 * depot_clickhouse.h: what the files of the depot in ClickHouse share.  Private to
 * depot_clickhouse*.c.
 */
#pragma once

#include <curl/curl.h>

#include "base/bytes.h"
#include "fleet/depot_driver.h"

#define CLICKHOUSE (&depot_dialects[DEPOT_CLICKHOUSE])

struct clickhouse_depot {
	struct depot depot;
	CURL *easy;
	char *url; /* "http://host:8123/?database=..." */
	char *user, *password;
	const char *inserting; /* settings of an INSERT; NULL: none */
};

/* ---- asking (depot_clickhouse_http.c) ---- */

/* Pieces of the answer as they come; returns false to end. */
typedef bool (*clickhouse_take)(void *self, const char *bytes, size_t len);

struct clickhouse_ask {
	const char *sql;
	const char *settings; /* "&readonly=1..."; NULL: none */
	struct bytes body;    /* of an INSERT; then sql is a part of the URL */
	uint32_t limit_ms;
	const struct depot_watch *watch; /* NULL: none */
	bool (*look)(void *self);        /* now and then: false: end; NULL: none */
	clickhouse_take take;            /* NULL: nothing is wanted */
	void *self;
	/* Told: */
	int code;        /* of ClickHouse's error; 0: none */
	bool is_certain; /* it failed, and did nothing or will do nothing more */
	bool is_tsv;     /* what the answer is in */
};
/* True: done, or ended by take. False with the line. */
bool clickhouse_ask(struct clickhouse_depot *house, struct clickhouse_ask *ask,
		    char error[static DEPOT_ERROR_MAX]);
/* A statement that gives nothing. */
bool clickhouse_run(struct clickhouse_depot *house, const char *sql,
		    char error[static DEPOT_ERROR_MAX]);

/* ---- rows of text (depot_clickhouse_rows.c) ---- */

/*
 * Rows in TabSeparated, as they come in pieces: a value is NULL, or as it is with its
 * length and a NUL behind.
 */
struct clickhouse_rows {
	/* Returns false to end. */
	bool (*take)(void *self, const char *const *values, const size_t *lens,
		     size_t count);
	void *self;
	struct buf line;     /* what has no end yet */
	const char **values; /* owned */
	size_t *lens;        /* owned */
	size_t room;
	bool has_failed; /* no memory */
};
/* A clickhouse_take. */
bool clickhouse_rows_take(void *rows, const char *bytes, size_t len);
void clickhouse_rows_free(struct clickhouse_rows *rows);

/* ---- the rest ---- */

int clickhouse_write(struct depot *depot, struct depot_batch *batches, size_t count,
		     char error[static DEPOT_ERROR_MAX]);
int clickhouse_read(struct depot *depot, const char *sql,
		    const struct depot_query *query, struct depot_giving *giving,
		    char error[static DEPOT_ERROR_MAX]);
int clickhouse_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
		   const struct store_sql *to, char error[static DEPOT_ERROR_MAX]);
