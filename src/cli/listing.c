/*
 * listing.c: ask for records and print them; see listing.h.
 */
#include "cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/table.h"

static void number_parameter(struct buf *path, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	client_parameter(path, name, text);
}

/* "p95" or "p95:asc" becomes the field's name; what we don't know the daemon may. */
static void sort_parameter(struct buf *path, const struct listing *listing)
{
	char name[64];
	if (listing->sort == NULL)
		return;
	size_t len = strcspn(listing->sort, ":");
	snprintf(name, sizeof(name), "%.*s", (int)len, listing->sort);
	const struct column *column = view_column(listing->view, name);
	struct buf sort = { 0 };
	buf_text(&sort, column == NULL ? name : column->sort);
	buf_text(&sort, listing->sort + len);
	client_parameter(path, "sort", buf_cstr(&sort));
	buf_free(&sort);
}

static void build_path(struct buf *path, const struct listing *listing)
{
	buf_text(path, listing->view->path);
	if (listing->port != UINT64_MAX)
		number_parameter(path, "port", listing->port);
	client_parameter(path, "host", listing->host);
	client_parameter(path, "transport", listing->transport);
	client_parameter(path, "since", listing->since);
	client_parameter(path, "until", listing->until);
	sort_parameter(path, listing);
	if (listing->limit != 0)
		number_parameter(path, "limit", listing->limit);
}

static int complain(const struct listing *listing, int status, const char *error)
{
	fprintf(stderr, "breakwater %s: %s\n", listing->command, error);
	return status;
}

/* A table of part of the truth says so. */
static void print_rest(const struct listing *listing, size_t shown, uint64_t total)
{
	if (total > shown)
		fprintf(stderr, "%zu of %llu %s shown; more with --limit N\n", shown,
			(unsigned long long)total, listing->view->title);
}

static struct limits ask_limits(struct client *client)
{
	struct buf text = { 0 };
	char error[CLIENT_ERROR_MAX];
	json_t *status = NULL;
	if (client_get(client, "/api/v1/status", &text, NULL, NULL, error) == STATUS_OK)
		status = object_parse(&text);
	struct limits limits = limits_of(status);
	json_decref(status);
	buf_free(&text);
	return limits;
}

static int print_table(const struct listing *listing, struct client *client,
		       const struct buf *body, uint64_t total)
{
	json_t *rows = lines_parse(body);
	if (rows == NULL)
		return complain(listing, STATUS_UNREACHABLE,
				"the daemon's answer can't be read");
	if (json_array_size(rows) == 0) {
		fprintf(stderr, "%s\n", listing->view->nothing);
	} else {
		struct limits limits = ask_limits(client);
		struct look look = look_of(&listing->common);
		table_print(listing->view, rows, &limits, &look);
		fflush(stdout);
		print_rest(listing, json_array_size(rows), total);
	}
	json_decref(rows);
	return STATUS_OK;
}

int listing_run(const struct listing *listing)
{
	struct client *client = client_open(&listing->common);
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	uint64_t total = 0;
	if (client == NULL)
		return complain(listing, STATUS_UNREACHABLE, "out of memory");
	build_path(&path, listing);
	int status = client_get(client, buf_cstr(&path), &body,
				listing->common.json ? stdout : NULL, &total, error);
	if (status != STATUS_OK)
		complain(listing, status, error);
	else if (!listing->common.json)
		status = print_table(listing, client, &body, total);
	buf_free(&path);
	buf_free(&body);
	client_close(client);
	return status;
}
