/*
 * query.h: what a client asks of records: filters, order, how many.
 *
 * One set of words for every kind of record; which of them apply is found from the
 * record's schema.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/record.h"
#include "web/sensor_set.h"

enum {
	QUERY_LIMIT = 1000,
	QUERY_LIMIT_MAX = 100000,
	QUERY_ERROR_MAX = 768,
	QUERY_WORDS = 14,
	QUERY_WORD_MAX = 256,
	QUERY_NAMES_MAX = 224,
};

/* A field of text that must be equal to a word. */
struct query_word {
	const char *name;
	const struct field *field;   /* NULL: this kind of record has none */
	char wanted[QUERY_WORD_MAX]; /* "": any */
};

enum query_format {
	QUERY_NDJSON,
	QUERY_JSON, /* one array */
	QUERY_CSV,
	QUERY_PCAP, /* packets as a file that tcpdump reads */
};

struct query {
	enum record_kind kind;
	const struct schema *schema;
	/* Fields that the filters look at; NULL: this kind of record has none. */
	const struct field *port, *client, *server, *transport, *begin, *end, *interval,
		*port_last; /* port is the first of a range that ends there */
	const struct field
		*sort[2]; /* the sum of both; [1] may be NULL, [0] too: as it comes */
	bool ascending;
	bool sorted; /* in an order that was asked for */
	bool has_port, has_host, has_client;
	enum query_format format;
	uint16_t wanted_port;
	struct prefix wanted_host, wanted_client;
	char wanted_transport[8]; /* "": any */
	struct query_word words[QUERY_WORDS];
	int least;                            /* severity; below: not wanted */
	const struct field *sensor, *members; /* members: sensor_names_field() */
	const struct sensor_set *sensors;     /* borrowed; NULL: of any and of none */
	bool of_fleet; /* sensors are known, so that they may be asked for */
	bool has_time;
	bool is_usual_time; /* nobody asked for one, and nothing is known of now */
	int64_t since_us, until_us;
	uint32_t
		step_s; /* ports: a row per service and step; 0: one for all the time */
	size_t limit;
};

void query_init(struct query *query, enum record_kind kind);

/*
 * One parameter of the address. False and one line in error if it can't be used.  Those
 * of sensors (sensor_set.h) are passed over: who asks sets query.sensors.
 */
bool query_set(struct query *query, const char *key, const char *value, int64_t now_us,
	       char error[static QUERY_ERROR_MAX]);

/* True if there is such a parameter for this kind of record. */
bool query_takes(const struct query *query, const char *key);

/* Those that filter, with a blank behind each. */
void query_say_names(const struct query *query, char out[static QUERY_NAMES_MAX]);

bool query_wants(const struct query *query, const void *record);

/* The fields that query_wants() looks at. */
field_set query_fields(const struct query *query);

/* The word wanted in that field, or NULL. */
const char *query_word(const struct query *query, const char *name);

/*
 * The two fields that "bytes" or "packets" is the sum of: no field, and the first thing
 * people want.  False: that is another name, or there are none.
 */
bool query_sum(enum record_kind kind, const char *name, const struct field **client,
	       const struct field **server);

/* What happened last comes first: the order of what is read from the past. */
void query_sort_newest(struct query *query);

/* < 0: a comes before b in the order asked for; unknown values come last. */
int query_order(const struct query *query, const void *a, const void *b);
