/*
 * config.h: settings, read from YAML; every key has a default.
 *
 * config.def is the one list of keys.  Unknown keys and bad values are errors
 * that say file:line:column, what is wrong and what is allowed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/period.h"

#define CONFIG_DEFAULT_PATH "/etc/breakwater/breakwater.yaml"

enum { CONFIG_LIST_MAX = 64, CONFIG_PATHS_MAX = 16, CONFIG_TEXT_MAX = 256 };

struct config_prefixes {
	struct prefix at[CONFIG_LIST_MAX];
	size_t count;
};

struct config_names {
	char at[CONFIG_LIST_MAX][16]; /* interface names, IFNAMSIZ */
	size_t count;
};

struct config_paths {
	char at[CONFIG_PATHS_MAX][CONFIG_TEXT_MAX]; /* with *, ? and [] as in glob(7) */
	size_t count;
};

/* Where something stands in its file. */
struct config_place {
	size_t line, column;
};

/* Of one word at least. */
enum { CONFIG_WORD_MAX = 64, CONFIG_WORDS_MAX = 8 };
struct config_words {
	char at[CONFIG_WORDS_MAX][CONFIG_WORD_MAX];
	struct config_place places[CONFIG_WORDS_MAX];
	size_t count;
};

/* Of a fleet: whose records it is made of, all of it; "": any. */
struct config_choice {
	char sensor[CONFIG_WORD_MAX], site[CONFIG_WORD_MAX], tag[CONFIG_WORD_MAX];
};
/* A report that is made of each period of the calendar. */
struct config_schedule {
	char report[CONFIG_WORD_MAX];
	struct config_choice of;
	struct config_words formats, mail; /* mail: names of sinks */
	enum period_kind every;
	unsigned at_min; /* of the day after the period */
	bool bundle;
	struct config_place report_at, of_at; /* the latter 0: not chosen */
	char file[CONFIG_TEXT_MAX];           /* that all these places are in */
};

/* Whether it is the one of that report, so often, and of those. */
bool config_schedule_is(const struct config_schedule *schedule, const char *report,
			enum period_kind every, const struct config_choice *of);
bool config_choice_is_any(const struct config_choice *of);

enum { CONFIG_SCHEDULES_MAX = 16 };
struct config_schedules {
	struct config_schedule at[CONFIG_SCHEDULES_MAX];
	size_t count;
};

struct config_texts {
	char at[CONFIG_LIST_MAX][CONFIG_TEXT_MAX];
	size_t count;
};

/* What KEY() of config.def names, as config_TYPE. */
typedef struct config_prefixes config_prefixes;
typedef struct config_names config_names;
typedef struct config_paths config_paths;
typedef struct config_texts config_texts;
typedef struct config_schedules config_schedules;
typedef struct config_texts config_windows;    /* as window.h has them */
typedef struct config_texts config_ports;      /* as port_set.h has them */
typedef struct config_texts config_kinds;      /* of findings */
typedef char config_mode[CONFIG_TEXT_MAX];     /* words_block_modes */
typedef char config_severity[CONFIG_TEXT_MAX]; /* severity_names */
typedef char config_role[CONFIG_TEXT_MAX];     /* words_roles */
typedef char config_header[CONFIG_TEXT_MAX];   /* RFC 9110 5.1, or "" */
typedef struct config_texts config_hosts;      /* "name" or "name:port" */
typedef bool config_flag;                      /* written as yes or no */
typedef char config_text[CONFIG_TEXT_MAX];
typedef char config_file[CONFIG_TEXT_MAX];     /* from / on, or "" */
typedef char config_endpoint[CONFIG_TEXT_MAX]; /* "127.0.0.1:80", "[::1]:0", "off" */
typedef uint32_t config_number;
typedef double config_ratio;      /* 0..1, written as number or percentage */
typedef uint32_t config_duration; /* seconds, written as "7d" */
typedef uint32_t config_limit;    /* milliseconds, written as "100ms"; 0: off */
typedef uint64_t config_size;     /* bytes, written as "10 GB" */

#define KEY(type, name, path, ...) config_##type name;
struct config {
#include "config/config.def"
};
#undef KEY

/* All defaults. */
void config_init(struct config *config);

/*
 * Reads one file over what config already holds: a key that is there replaces the
 * value, a list the whole list.  0, or -EINVAL / -errno with messages, one per line,
 * in *errors; config is then unchanged.
 */
int config_read(struct config *config, const char *path, struct buf *errors);

/* The same from memory; name stands for the file in messages. */
int config_parse(struct config *config, const char *text, size_t len, const char *name,
		 struct buf *errors);

/*
 * Appends to *files the files that config_load() reads, in that order, each ended by
 * a NUL: path, then every *.yaml of the folder conf.d beside it, by name.  path NULL:
 * /etc/breakwater/breakwater.yaml, left out if it is missing.  0, or -errno and a
 * message if conf.d can't be listed.
 */
int config_list_files(const char *path, struct buf *files, struct buf *errors);

/* Reads them all over config; on any error config is unchanged. */
int config_load(struct config *config, const char *path, struct buf *errors);

/* ---- what a fleet sets (docs/fleet.md) ---- */

/*
 * A fleet may set what to look for and when it is bad; never what blocks somebody, runs
 * a program, names a file, opens a port, is destroyed, or is told to whom.
 */
bool config_may_steer(const char *path);
/* "home, limits.response_ms, ..." */
void config_say_steered(struct buf *out);
/* As config_parse(), of these keys alone. */
int config_parse_steered(struct config *config, const char *text, size_t len,
			 const char *name, struct buf *errors);
/* Folders below the state folder in which the fleet's settings and files are. */
#define CONFIG_STEERED         "/fleet/conf.d"
#define CONFIG_STEERED_LIMITS  "/fleet/limits.d"
#define CONFIG_STEERED_NOTIFY  "/fleet/notify.d"
#define CONFIG_STEERED_TARGETS "/fleet/targets.d"
struct config_origins;
/*
 * Over what the machine's own files say, of a sensor: what its fleet does, from that
 * state folder.  A file with an error is left out and said: what was
 * checked when it came may be unknown to another version.  origins may be NULL.
 */
void config_steer(struct config *config, struct config_origins *origins,
		  const char *state, struct buf *errors);

/* Which file and line each key has its value from, by its number. */
enum { CONFIG_KEYS_MAX = 256, CONFIG_PLACE_MAX = 320 };
struct config_origins {
	char at[CONFIG_KEYS_MAX][CONFIG_PLACE_MAX]; /* "FILE:LINE"; "": the default */
};

/* As config_load() over the defaults, and where from.  On an error both are unchanged.
 */
int config_load_traced(struct config *config, struct config_origins *origins,
		       const char *path, struct buf *errors);

/*
 * Appends {"keys":[{"key":...,"value":...,"default":...,"from":...,"doc":...}]} of what
 * is in force; what differs from what was read says so.  Passwords in URLs are masked.
 */
void config_json_traced(struct buf *out, const struct config *in_force,
			const struct config *read,
			const struct config_origins *origins);

/* Whether that key, "hub.store", has the same value in both. */
bool config_is_same(const struct config *a, const struct config *b, const char *path);

/* Appends the settings in force as YAML that reads back the same, or as JSON. */
void config_show(struct buf *out, const struct config *config);
void config_json(struct buf *out, const struct config *config);

/* Appends the JSON Schema (2020-12) of the file; docs/config.md. */
void config_schema(struct buf *out);
void config_docs(struct buf *out);
