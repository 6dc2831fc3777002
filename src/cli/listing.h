/*
 * listing.h: the commands that ask for records and print them: ports, flows,
 * listeners, findings, logins.
 */
#pragma once

#include "cli/options.h"
#include "cli/view.h"

struct listing {
	const struct view *view;
	const char *command;
	struct common_options common;
	const char *host, *transport, *since, *until, *sort;
	const char *step, *kind, *state, *process, *reach, *protocol;
	const char *severity, *at_least, *incident, *client_ip; /* of findings */
	const char *user, *outcome;                             /* of logins */
	const char *rule;                                       /* of alerts */
	struct sensor_options sensors;
	uint64_t port, limit; /* UINT64_MAX: not given; 0: the daemon's own */
};

/* Of a command that is named as its view. */
#define LISTING_OF(what)                                                               \
	{                                                                              \
		.view = &view_##what, .command = #what, .port = UINT64_MAX             \
	}

/* Options that several of these commands take, each with its own words. */
#define LISTING_PORT(listing, doc)                                                     \
	{                                                                              \
		'p', OPTION_NUMBER, "port", "N", doc, &(listing)->port, 0, 65535       \
	}
#define LISTING_TEXT(listing, member, value, doc)                                      \
	{                                                                              \
		0, OPTION_TEXT, #member, value, doc, &(listing)->member, 0, 0          \
	}
#define LISTING_TRANSPORT(listing, doc)                                                \
	{                                                                              \
		't', OPTION_TEXT, "transport", "T", doc, &(listing)->transport, 0, 0   \
	}
#define LISTING_TIME(listing, member, doc)                                             \
	{                                                                              \
		0, OPTION_TIME, #member, "TIME", doc, &(listing)->member, 0, 0         \
	}
#define LISTING_SENSORS(listing) OPTION_SENSORS(&(listing)->sensors)
#define LISTING_LIMIT(listing)                                                         \
	{                                                                              \
		'n', OPTION_NUMBER, "limit", "N", "at most so many rows (1000)",       \
			&(listing)->limit, 1, 100000                                   \
	}
#define LISTING_SORT(listing, columns)                                                 \
	{                                                                              \
		's', OPTION_TEXT, "sort", "COL",                                       \
			"by a column" columns " or field; :asc turns it",              \
			&(listing)->sort, 0, 0                                         \
	}
#define LISTING_ORDER(listing, columns)                                                \
	LISTING_SORT(listing, columns), LISTING_LIMIT(listing)

/* Asks and prints; returns the exit status: 5 if rows are missing. */
int listing_run(const struct listing *listing);

/* How many there are, whatever the limit.  Exit status; a complaint was made. */
int listing_count(const struct listing *listing, uint64_t *total);

/*
 * For scripts: STATUS_BAD_NEWS if any has that state now, listed or not.  at_least: how
 * severe; NULL: as was asked.
 */
int listing_judge(const struct listing *listing, const char *state,
		  const char *at_least);
