/*
 * past_reader.c: see past_reader.h.
 */
#include "cli/past_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/hub_past.h"
#include "cli/state_folder.h"
#include "fleet/depot.h"

/* One line: the kind of the depot. */
#define HUB_MARK "hub.depot"
enum { MARK_BYTES_MAX = 64, MARK_PATH_MAX = CONFIG_TEXT_MAX + sizeof("/" HUB_MARK) };

struct past_reader {
	struct store_reader *store; /* NULL: the depot is read */
	struct depot *depot;        /* NULL: the store is */
};

/* ---- where it is ---- */

void past_depot_of(const struct config *config, char depot[static PAST_DEPOT_MAX])
{
	if (config->hub_store[0] != '\0')
		snprintf(depot, PAST_DEPOT_MAX, "%s", config->hub_store);
	else
		snprintf(depot, PAST_DEPOT_MAX, "sqlite:%s/fleet.db", config->state);
}

static void mark_path(const char *state, char path[static MARK_PATH_MAX])
{
	snprintf(path, MARK_PATH_MAX, "%.*s/" HUB_MARK, CONFIG_TEXT_MAX - 1, state);
}

int past_mark_hub(const char *state, const char *depot)
{
	char path[MARK_PATH_MAX], line[MARK_BYTES_MAX];
	const char *kind = depot_kind_of(depot);
	mark_path(state, path);
	int len = snprintf(line, sizeof(line), "%s\n", kind != NULL ? kind : "");
	return file_replace(path, line, (size_t)len);
}

/* "": it is no hub's folder, or nobody may look; then the store says so. */
static void marked(const char *state, char kind[static MARK_BYTES_MAX])
{
	char path[MARK_PATH_MAX];
	struct buf text = { 0 };
	kind[0] = '\0';
	mark_path(state, path);
	if (file_read(path, MARK_BYTES_MAX - 1, &text) == 0 && buf_cstr(&text) != NULL)
		snprintf(kind, MARK_BYTES_MAX, "%.*s", (int)strcspn(text.at, "\n"),
			 text.at);
	buf_free(&text);
}

/* The configuration may be another hub's, or a machine's own. */
static int check_kind(const struct past_asked *asked, const struct past_place *place,
		      const char *kind)
{
	const char *configured = depot_kind_of(place->depot);
	if (configured != NULL && strcmp(configured, kind) == 0)
		return STATUS_OK;
	fprintf(stderr,
		"breakwater %s: %s is the state folder of a hub that keeps its fleet's "
		"records in %s, but hub.store of the configuration says %s: ask the "
		"hub itself, without --state, or name its configuration with -c\n",
		asked->command, place->folder, kind,
		configured != NULL ? configured : "nothing that is known");
	return STATUS_USAGE;
}

int past_find(const struct past_asked *asked, struct past_place *place)
{
	static struct config config;
	char kind[MARK_BYTES_MAX];
	place->depot[0] = '\0';
	int status = state_folder(asked->command, asked->state, asked->config_path,
				  place->folder);
	if (status != STATUS_OK || asked->own)
		return status;
	marked(place->folder, kind);
	if (kind[0] == '\0')
		return STATUS_OK;
	status = state_config(asked->command, asked->config_path, &config);
	if (status != STATUS_OK)
		return status;
	snprintf(config.state, sizeof(config.state), "%s", place->folder);
	past_depot_of(&config, place->depot);
	return check_kind(asked, place, kind);
}

/* ---- reading ---- */

static void copy_error(char error[static STORE_ERROR_MAX], const char *why)
{
	snprintf(error, STORE_ERROR_MAX, "%.*s", STORE_ERROR_MAX - 1, why);
}

struct past_reader *past_reader_open(const struct past_place *place,
				     char error[static STORE_ERROR_MAX], int *status)
{
	struct past_reader *reader = calloc(1, sizeof(*reader));
	char why[DEPOT_ERROR_MAX] = "out of memory";
	*status = STATUS_INCOMPLETE;
	if (reader != NULL && place->depot[0] == '\0') {
		reader->store = store_reader_open(place->folder, error, status);
	} else {
		if (reader != NULL)
			reader->depot = depot_look(place->depot, why);
		*status = STATUS_UNREACHABLE;
		copy_error(error, why);
	}
	if (reader != NULL && (reader->store != NULL || reader->depot != NULL))
		return reader;
	free(reader);
	return NULL;
}

void past_reader_close(struct past_reader *reader)
{
	if (reader == NULL)
		return;
	store_reader_close(reader->store);
	depot_close(reader->depot);
	free(reader);
}

struct store_reader *past_reader_store(const struct past_reader *reader)
{
	return reader->store;
}

int past_read(struct past_reader *reader, enum record_kind kind,
	      const struct store_filter *filter, store_emit emit, void *to,
	      char error[static STORE_ERROR_MAX])
{
	return reader->store != NULL
		       ? store_read(reader->store, kind, filter, emit, to, error)
		       : hub_past_read(reader->depot, kind, filter, emit, to, error);
}

int past_sql(struct past_reader *reader, const char *text, uint32_t time_limit_ms,
	     const struct store_sql *to, char error[static STORE_ERROR_MAX])
{
	char why[DEPOT_ERROR_MAX];
	if (reader->store != NULL)
		return store_sql(reader->store, text, time_limit_ms, to, error);
	int result = depot_sql(reader->depot, text, time_limit_ms, to, why);
	copy_error(error, why);
	return result;
}
