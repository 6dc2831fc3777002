/*
 * options.h: one table per command says which options it takes; parsing, checks
 * and --help come from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum { OPTION_LIST_MAX = 256, SOCKET_PATH_SIZE = 108 /* sun_path, unix(7) */ };

/* Options that every command takes. */
struct common_options {
	bool json;          /* NDJSON on standard output */
	bool plain;         /* no colour, no boxes, no full screen */
	bool no_color;      /* also: NO_COLOR, TERM=dumb */
	const char *socket; /* --socket, or NULL */
};

struct option_list {
	const char *at[OPTION_LIST_MAX];
	size_t count;
};

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char * */
	OPTION_LIST,   /* struct option_list; may be given again */
	OPTION_NUMBER, /* uint64_t, min..max */
	OPTION_TIME,   /* const char *, checked with when_parse() */
};

struct option_spec {
	char letter; /* 0: none */
	enum option_type type;
	const char *name;  /* "port" for --port */
	const char *value; /* what --help calls its value ("N"); NULL for a flag */
	const char *doc;
	void *into; /* by type; left alone when the option is not given */
	uint64_t min, max;
};

/* Of which sensors of a fleet, where a hub answers; NULL: not given. */
struct sensor_options {
	const char *sensor, *site, *tag;
};
#define OPTION_SENSOR(options, member, value, doc)                                     \
	{                                                                              \
		0, OPTION_TEXT, #member, value, doc, &(options)->member, 0, 0          \
	}
#define OPTION_SENSORS(options)                                                        \
	OPTION_SENSOR(options, sensor, "NAME",                                         \
		      "of a fleet, only what this sensor told; several with commas"),  \
		OPTION_SENSOR(options, site, "NAME",                                   \
			      "of a fleet, only what sensors of this site told"),      \
		OPTION_SENSOR(options, tag, "WORD",                                    \
			      "of a fleet, only what sensors with this tag told")

/* Of commands that go by the daemon's configuration. */
#define OPTION_CONFIG(into)                                                            \
	{                                                                              \
		'c', OPTION_TEXT, "config", "FILE",                                    \
			"configuration; default " CONFIG_DEFAULT_PATH                  \
			", if there is one",                                           \
			into, 0, 0                                                     \
	}

/* The table of a command, in its help. */
#define OPTION_SPECS(table)                                                            \
	.specs = (table), .spec_count = sizeof(table) / sizeof((table)[0])

struct view; /* cli/view.h */

/* What --help prints around the options. */
struct command_help {
	const char *name;     /* "ports" */
	const char *operands; /* "FILE..." or NULL: the command takes none */
	const char *doc;      /* one line */
	const char *examples; /* lines, each with two leading blanks; or NULL */
	const struct option_spec *specs;
	size_t spec_count;
	const struct view *view; /* whose columns are explained; or NULL */
	void (*more)(void);      /* prints what else is to be known; or NULL */
};

/*
 * Fills the specs' targets and *common. True: go on, operands are argv[*first] up to
 * argc (argv may be reordered). False: return *status, all has been said (--help,
 * --version, or a mistake in one line on standard error).
 */
bool options_parse(const struct command_help *help, int argc, char **argv,
		   struct common_options *common, int *first, int *status);

/*
 * Where the daemon of this user listens: /run/breakwater/breakwater.sock for root,
 * $XDG_RUNTIME_DIR/breakwater.sock for others (without it: root's).
 */
void socket_path_default(char out[static SOCKET_PATH_SIZE]);

#define SOCKET_PATH_SYSTEM "/run/breakwater/breakwater.sock"

/* Whether to colour what goes to that descriptor: a terminal, and nobody said no. */
bool color_wanted(const struct common_options *common, int fd);
