/*
 * asked.h: what web_source (web.h) is asked with, and what it gives that is no record.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

/* Appends one JSON object. */
typedef void (*web_json)(void *self, struct buf *json);

/* What GET /probe is asked with; NULL: not given. */
struct web_probe {
	const char *target, *module, *hostname;
	const char *timeout; /* seconds, as Prometheus says */
	bool debug;
};
/* POST /api/v1/sinks/test. */
struct web_sink_test {
	const char *sink, *actor;
};
/* What somebody says of a heartbeat. */
struct web_push {
	bool is_trusted; /* it comes from root or the daemon's own user: no token needed
			  */
	const char *name, *token, *message; /* NULL: not given */
	bool is_down;
	uint64_t took_us; /* or unknown */
};
/* GET /api/v1/report/NAME, and of /api/v1/reports name "". "": not given. */
struct web_report_ask {
	char name[64], format[16], host[64], user[256], incident[64];
	char sensor[512], site[64], tag[64]; /* at a hub: whose records, as all ask */
	int64_t since_us, until_us, now_us;
	bool has_time; /* somebody asked for one */
	bool is_bundle;
	size_t rows; /* of each evidence as JSON; 0: all */
};
/* What came of it: text, or with another status than 200 why there is none. */
struct web_report {
	unsigned status;     /* of HTTP */
	const char *type;    /* static */
	char file_name[192]; /* "": it is no file */
	struct buf *text;
};
/*
 * What a report needs of memory, kept until the end, which is in another thread: it
 * makes it of the store, and lets go.  ask NULL: it is not wanted any more.  begin
 * gives NULL without memory, and is NULL where none are made.
 */
struct store_reader;
struct web_reporter {
	void *(*begin)(void *self);
	void (*end)(void *begun, const struct web_report_ask *ask,
		    struct store_reader *reader, const atomic_bool *cancelled,
		    struct web_report *out);
};
typedef void (*web_probe_answer)(void *to, unsigned status, const char *type,
				 struct buf *text);
/* What came of a change: as of a change_take (web.h); message is taken over. */
typedef void (*web_change_answer)(void *to, int result, struct buf *message);

/* Records of one kind, one behind the other. */
struct web_records {
	const void *at;
	size_t count;
};

/* What is known of one port: records of it, or of all where the port is not in them. */
struct web_port_facts {
	uint16_t port;
	const char *sensor; /* at a hub: whose it is; "": this machine's */
	/* Now: */
	struct web_records listeners, sockets, findings, alerts, probes, ports, flows;
	/* Of the last week or day; `past` is of ports, finer the nearer. */
	struct web_records changes, gaps, unusual, past;
	const char *missing; /* why some of the past is; "" none is */
	const atomic_bool *cancelled;
	bool with_facts; /* the answer is to have all of it */
};

/* Gives all records of a kind since then to take, until that returns false; 0, or
 * -errno. */
typedef bool (*web_take)(void *to, const void *record);
typedef int (*web_reader)(void *from, enum record_kind kind, int64_t since_us,
			  web_take take, void *to);

/* As a database has it: text of strangers. */
struct web_country {
	char code[8];  /* ISO 3166-1: "NL" */
	char name[96]; /* in English; "": not known */
};

enum { WEB_PUBLIC_DAYS = 90 };

/* A day (UTC) of a target: seconds of which it is known how it was. */
struct web_public_day {
	double good_s, bad_s;
};

/* One target of the public status page, and nothing that is not public. */
struct web_public {
	const char *name;   /* as the configuration says it */
	const char *state;  /* up, degraded, down, maintenance or unknown */
	int64_t since_us;   /* UNKNOWN_TIME */
	uint64_t answer_us; /* of the last answer, or unknown */
	struct web_public_day days[WEB_PUBLIC_DAYS]; /* the first is today */
};
typedef void (*web_public_take)(void *to, const struct web_public *target);
