/*
 * past_reader.h: the past, read without asking who runs: of a machine from the store in
 * its state folder, at a hub from the depot of its fleet.  Which of the two it is, the
 * folder says: a hub leaves a word in it.
 */
#pragma once

#include "config/config.h"
#include "store/store.h"

/* As hub.store says it, or where SQLite is if that is "". */
enum { PAST_DEPOT_MAX = CONFIG_TEXT_MAX + 32 };
void past_depot_of(const struct config *config, char depot[static PAST_DEPOT_MAX]);

/* Of a hub, in its state folder: this is one, and what kind of depot is its fleet's. 0
 * or -errno. */
int past_mark_hub(const char *state, const char *depot);

struct past_place {
	config_text folder;         /* the state folder */
	char depot[PAST_DEPOT_MAX]; /* as depot_open(); "": the store in the folder */
};

/*
 * state: --state, NULL: the folder of the configuration, whose path NULL is the usual
 * one.  own: at a hub, its own store, too.  Exit status; all has been said if it is not
 * 0.
 */
struct past_asked {
	const char *command, *state, *config_path;
	bool own;
};
int past_find(const struct past_asked *asked, struct past_place *place);

struct past_reader;
/* As store_reader_open(); 3: the depot can't be reached. */
struct past_reader *past_reader_open(const struct past_place *place,
				     char error[static STORE_ERROR_MAX], int *status);
void past_reader_close(struct past_reader *reader);
/* The store that is read; NULL: it is a depot. */
struct store_reader *past_reader_store(const struct past_reader *reader);

/* As store_read(); at a hub of all sensors, and of incidents the fleet's. */
int past_read(struct past_reader *reader, enum record_kind kind,
	      const struct store_filter *filter, store_emit emit, void *to,
	      char error[static STORE_ERROR_MAX]);
/* As store_sql(), in the SQL of what is read. */
int past_sql(struct past_reader *reader, const char *text, uint32_t time_limit_ms,
	     const struct store_sql *to, char error[static STORE_ERROR_MAX]);
