/*
 * query.c: filters and order over any record; see query.h.
 */
#include "web/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "web/field.h"

bool query_sum(enum record_kind kind, const char *name, const struct field **client,
	       const struct field **server)
{
	if (strcmp(name, "bytes") != 0 && strcmp(name, "packets") != 0)
		return false;
	char side[32];
	snprintf(side, sizeof(side), "client_%s", name);
	*client = record_field(kind, side);
	snprintf(side, sizeof(side), "server_%s", name);
	*server = record_field(kind, side);
	return *client != NULL && *server != NULL;
}

static bool sort_by_sum(struct query *query, const char *name)
{
	const struct field *client, *server;
	if (!query_sum(query->kind, name, &client, &server))
		return false;
	query->sort[0] = client;
	query->sort[1] = server;
	return true;
}

/* The first of those names that the record has; a NULL ends them. */
static const struct field *first_of(enum record_kind kind, const char *const *names)
{
	const struct field *field = NULL;
	for (; *names != NULL && field == NULL; names++)
		field = record_field(kind, *names);
	return field;
}

static const char *const port_names[] = { "server_port", "port", NULL };
static const char *const server_names[] = { "server_ip", "ip", NULL };
static const char *const client_names[] = { "client_ip", "address", NULL };
static const char *const begin_names[] = { "start", "first", "at", NULL };
static const char *const end_names[] = { "end", "last", "until", NULL };
static const char *const word_names[QUERY_WORDS] = {
	"kind",    "state", "severity", "process",  "reach",  "id",      "protocol",
	"outcome", "user",  "target",   "incident", "action", "finding", "rule"
};

/* Its end is not known until it is over. */
static bool lasts_until_told(const struct query *query)
{
	return query->kind == RECORD_alert || query->kind == RECORD_incident;
}

/* What will end some time is no newer for that. */
void query_sort_newest(struct query *query)
{
	bool has_ended = query->end != NULL && query->kind != RECORD_block &&
			 query->kind != RECORD_silence && !lasts_until_told(query);
	query->sort[0] = has_ended ? query->end : query->begin;
	query->sort[1] = NULL;
	query->ascending = false;
}

/*
 * Ports: the busiest first; what lasts a while: the newest first; what is there now,
 * such as a listener: by port.
 */
static void sort_as_usual(struct query *query)
{
	if (query->end != NULL || query->port == NULL)
		query_sort_newest(query);
	else if (!sort_by_sum(query, "bytes")) {
		query->sort[0] = query->port;
		query->ascending = true;
	}
}

void query_init(struct query *query, enum record_kind kind)
{
	*query = (struct query){
		.kind = kind,
		.schema = &schemas[kind],
		.client = first_of(kind, client_names),
		.server = first_of(kind, server_names),
		.port = first_of(kind, port_names),
		.port_last = record_field(kind, "port_last"),
		.transport = record_field(kind, "transport"),
		.begin = first_of(kind, begin_names),
		.end = first_of(kind, end_names),
		.interval = record_field(kind, "interval_s"),
		.sensor = record_field(kind, "sensor"),
		.members = sensor_names_field(kind),
		.since_us = INT64_MIN,
		.until_us = INT64_MAX,
		.limit = QUERY_LIMIT,
	};
	for (size_t i = 0; i < QUERY_WORDS; i++) {
		query->words[i].name = word_names[i];
		query->words[i].field = record_field(kind, word_names[i]);
	}
	sort_as_usual(query);
}

const char *query_word(const struct query *query, const char *name)
{
	for (size_t i = 0; i < QUERY_WORDS; i++)
		if (strcmp(query->words[i].name, name) == 0 &&
		    query->words[i].wanted[0] != '\0')
			return query->words[i].wanted;
	return NULL;
}

static bool parse_number(const char *text, unsigned long min, unsigned long max,
			 unsigned long *out)
{
	char *end = NULL;
	errno = 0;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static const char *set_port(struct query *query, const char *value)
{
	unsigned long port;
	if (!parse_number(value, 0, UINT16_MAX, &port))
		return "not a port number from 0 to 65535";
	query->has_port = true;
	query->wanted_port = (uint16_t)port;
	return NULL;
}

static const char *set_prefix(bool *has, struct prefix *prefix, const char *value)
{
	*has = prefix_parse(value, prefix);
	return *has ? NULL : "not an address or prefix such as 192.0.2.0/24";
}

static const char *set_transport(struct query *query, const char *value)
{
	static const char *const known[] = {
		"tcp", "udp", "icmp", "icmp6", "sctp", "ip"
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(value, known[i]) != 0)
			continue;
		snprintf(query->wanted_transport, sizeof(query->wanted_transport), "%s",
			 value);
		return NULL;
	}
	return "not one of tcp, udp, icmp, icmp6, sctp, ip";
}

static const char *set_limit(struct query *query, const char *value)
{
	unsigned long limit;
	if (!parse_number(value, 1, QUERY_LIMIT_MAX, &limit))
		return "not a number from 1 to 100000";
	query->limit = limit;
	return NULL;
}

/* "NAME", "NAME:asc", "NAME:desc"; numbers start with the largest, text with A. */
static const char *set_sort(struct query *query, const char *value)
{
	char name[64];
	const char *colon = strchr(value, ':');
	size_t len = colon == NULL ? strlen(value) : (size_t)(colon - value);
	if (len == 0 || len >= sizeof(name))
		return "not a field of this record";
	memcpy(name, value, len);
	name[len] = '\0';
	if (!sort_by_sum(query, name)) {
		const struct field *field = record_field(query->kind, name);
		if (field == NULL)
			return "not a field of this record, nor bytes or packets";
		query->sort[0] = field;
		query->sort[1] = NULL;
	}
	query->sorted = true;
	query->ascending = !field_is_number(query->sort[0]);
	if (colon == NULL)
		return NULL;
	query->ascending = strcmp(colon, ":asc") == 0;
	return query->ascending || strcmp(colon, ":desc") == 0 ? NULL
							       : "not :asc or :desc";
}

static const char *set_format(struct query *query, const char *value)
{
	static const char *const names[] = { [QUERY_NDJSON] = "ndjson",
					     [QUERY_JSON] = "json",
					     [QUERY_CSV] = "csv",
					     [QUERY_PCAP] = "pcap" };
	bool has_pcap = query->kind == RECORD_packet;
	for (enum query_format format = QUERY_NDJSON;
	     format < QUERY_PCAP + (has_pcap ? 1 : 0); format++) {
		if (strcmp(value, names[format]) != 0)
			continue;
		query->format = format;
		if (format == QUERY_PCAP) { /* as they came */
			query->sort[0] = query->begin;
			query->ascending = query->sorted = true;
		}
		return NULL;
	}
	return has_pcap ? "not json, ndjson, csv or pcap" : "not json, ndjson or csv";
}

static const char *set_time(struct query *query, int64_t *at_us, const char *value,
			    int64_t now_us)
{
	query->has_time = true;
	return when_parse(value, now_us, at_us) ? NULL : "not " WHEN_ALLOWED;
}

static const char *set_step(struct query *query, const char *value)
{
	static const struct {
		const char *name;
		uint32_t seconds;
	} steps[] = { { "10s", 10 }, { "1m", 60 }, { "1h", 3600 }, { "1d", 86400 } };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(value, steps[i].name) != 0)
			continue;
		query->step_s = steps[i].seconds;
		return NULL;
	}
	return "not one of 10s, 1m, 1h, 1d";
}

/* "not one of a, b", in a text of the thread's own. */
static const char *not_one_of(const char *const *words)
{
	static _Thread_local char text[QUERY_ERROR_MAX - 128];
	int len = snprintf(text, sizeof(text), "not one of %s", *words);
	while (*++words != NULL && len < (int)sizeof(text))
		len += snprintf(text + len, sizeof(text) - (size_t)len, ", %s", *words);
	return text;
}

static bool is_among(const char *const *words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static const char *set_word(const struct query *query, struct query_word *word,
			    const char *value)
{
	const char *const *allowed = record_allowed(query->kind, word->name);
	if (allowed != NULL && !is_among(allowed, value))
		return not_one_of(allowed);
	if (value[0] == '\0' || strlen(value) >= sizeof(word->wanted))
		return "not a word of this field";
	snprintf(word->wanted, sizeof(word->wanted), "%s", value);
	return NULL;
}

static struct query_word *word_named(struct query *query, const char *name)
{
	for (size_t i = 0; i < QUERY_WORDS; i++)
		if (strcmp(query->words[i].name, name) == 0 &&
		    query->words[i].field != NULL)
			return &query->words[i];
	return NULL;
}

static const char *set_least(struct query *query, const char *value)
{
	query->least = record_severity(value);
	return query->least >= 0
		       ? NULL
		       : not_one_of(record_allowed(RECORD_finding, "severity"));
}

static const char not_here[] = "";

static bool has_host(const struct query *query)
{
	return query->server != NULL || query->client != NULL;
}

/* Kept in intervals of several lengths. */
static bool has_step(const struct query *query)
{
	return query->kind == RECORD_port || query->kind == RECORD_uptime;
}

static const char *set(struct query *query, const char *key, const char *value,
		       int64_t now_us)
{
	if (strcmp(key, "port") == 0 && query->port != NULL)
		return set_port(query, value);
	if (strcmp(key, "host") == 0 && has_host(query))
		return set_prefix(&query->has_host, &query->wanted_host, value);
	if (strcmp(key, "client_ip") == 0 && query->client != NULL)
		return set_prefix(&query->has_client, &query->wanted_client, value);
	if (strcmp(key, "transport") == 0 && query->transport != NULL)
		return set_transport(query, value);
	if (strcmp(key, "since") == 0 && query->begin != NULL)
		return set_time(query, &query->since_us, value, now_us);
	if (strcmp(key, "until") == 0 && query->begin != NULL)
		return set_time(query, &query->until_us, value, now_us);
	if (strcmp(key, "step") == 0 && has_step(query))
		return set_step(query, value);
	if (strcmp(key, "at_least") == 0 && word_named(query, "severity") != NULL)
		return set_least(query, value);
	if (word_named(query, key) != NULL)
		return set_word(query, word_named(query, key), value);
	if (sensors_are_asked(key))
		return NULL;
	if (strcmp(key, "limit") == 0)
		return set_limit(query, value);
	if (strcmp(key, "sort") == 0)
		return set_sort(query, value);
	if (strcmp(key, "format") == 0)
		return set_format(query, value);
	return not_here;
}

bool query_takes(const struct query *query, const char *key)
{
	struct query other = *query;
	return set(&other, key, "", 0) != not_here;
}

void query_say_names(const struct query *query, char out[static QUERY_NAMES_MAX])
{
	const size_t size = QUERY_NAMES_MAX;
	size_t len = (size_t)snprintf(
		out, size, "%s%s%s%s%s%s%s%s",
		query->of_fleet ? "sensor site tag " : "",
		query->port != NULL ? "port " : "", has_host(query) ? "host " : "",
		query->client != NULL ? "client_ip " : "",
		query->transport != NULL ? "transport " : "",
		query->begin != NULL ? "since until " : "",
		has_step(query) ? "step " : "",
		record_field(query->kind, "severity") != NULL ? "at_least " : "");
	for (size_t i = 0; i < QUERY_WORDS && len < size; i++)
		if (query->words[i].field != NULL)
			len += (size_t)snprintf(out + len, size - len, "%s ",
						query->words[i].name);
}

bool query_set(struct query *query, const char *key, const char *value, int64_t now_us,
	       char error[static QUERY_ERROR_MAX])
{
	char allowed[QUERY_NAMES_MAX];
	const char *wrong = set(query, key, value, now_us);
	if (wrong == NULL)
		return true;
	query_say_names(query, allowed);
	if (wrong == not_here)
		snprintf(error, QUERY_ERROR_MAX,
			 "%.40s: not a parameter here; allowed: %slimit sort format",
			 key, allowed);
	else
		snprintf(error, QUERY_ERROR_MAX, "%s: \"%.80s\" is %s", key, value,
			 wrong);
	return false;
}

static bool holds(const struct prefix *wanted, const struct field *field,
		  const void *record)
{
	return field != NULL && prefix_holds(wanted, field_at(field, record));
}

field_set query_fields(const struct query *query)
{
	const struct schema *schema = query->schema;
	field_set set = field_bit(schema, query->begin) |
			field_bit(schema, query->end) |
			field_bit(schema, query->interval);
	if (query->has_port)
		set |= field_bit(schema, query->port) |
		       field_bit(schema, query->port_last);
	if (query->has_host)
		set |= field_bit(schema, query->server) |
		       field_bit(schema, query->client);
	if (query->has_client)
		set |= field_bit(schema, query->client);
	if (query->wanted_transport[0] != '\0')
		set |= field_bit(schema, query->transport);
	for (size_t i = 0; i < QUERY_WORDS; i++)
		if (query->words[i].wanted[0] != '\0')
			set |= field_bit(schema, query->words[i].field);
	if (query->least > 0)
		set |= field_bit(schema, record_field(query->kind, "severity"));
	if (query->sensors != NULL)
		set |= field_bit(schema, query->sensor) |
		       field_bit(schema, query->members);
	return set;
}

/* The last moment the record speaks of. */
static int64_t end_of(const struct query *query, const void *record)
{
	int64_t begin_us = field_us(query->begin, record);
	if (query->end != NULL) {
		int64_t end_us = field_us(query->end, record);
		if (end_us != UNKNOWN_TIME)
			return end_us;
		return lasts_until_told(query) ? INT64_MAX : begin_us;
	}
	uint32_t seconds = UNKNOWN_U32;
	if (query->interval != NULL)
		memcpy(&seconds, field_at(query->interval, record), sizeof(seconds));
	if (seconds == UNKNOWN_U32 || begin_us == UNKNOWN_TIME)
		return begin_us;
	return begin_us + (int64_t)seconds * 1000000;
}

static int severity_of(const struct query *query, const void *record)
{
	return record_severity(
		field_text(record_field(query->kind, "severity"), record));
}

static bool is_wanted_port(const struct query *query, const void *record)
{
	long double port = field_number(query->port, record);
	long double last = query->port_last != NULL
				   ? field_number(query->port_last, record)
				   : port;
	return query->wanted_port >= port && query->wanted_port <= last;
}

/* Who told it, or whom it is about. */
static bool is_of_sensors(const struct query *query, const void *record)
{
	return sensor_set_has(query->sensors, field_text(query->sensor, record)) ||
	       sensor_set_has_any(query->sensors, sensor_names_of(query->kind, record));
}

bool query_wants(const struct query *query, const void *record)
{
	if (query->has_port && !is_wanted_port(query, record))
		return false;
	if (query->has_host && !holds(&query->wanted_host, query->server, record) &&
	    !holds(&query->wanted_host, query->client, record))
		return false;
	if (query->has_client && !holds(&query->wanted_client, query->client, record))
		return false;
	if (query->wanted_transport[0] != '\0' &&
	    strcmp(query->wanted_transport, field_text(query->transport, record)) != 0)
		return false;
	for (size_t i = 0; i < QUERY_WORDS; i++)
		if (query->words[i].wanted[0] != '\0' &&
		    strcmp(query->words[i].wanted,
			   field_text(query->words[i].field, record)) != 0)
			return false;
	if (query->least > 0 && severity_of(query, record) < query->least)
		return false;
	if (query->sensors != NULL && !is_of_sensors(query, record))
		return false;
	if (query->begin == NULL || !query->has_time)
		return true;
	return end_of(query, record) >= query->since_us &&
	       field_us(query->begin, record) <= query->until_us;
}

static int order_numbers(const struct query *query, const void *a, const void *b)
{
	long double x = field_number(query->sort[0], a),
		    y = field_number(query->sort[0], b);
	if (query->sort[1] != NULL) {
		x += field_number(query->sort[1], a);
		y += field_number(query->sort[1], b);
	}
	if (isnan(x) || isnan(y))
		return (isnan(x) ? 1 : 0) - (isnan(y) ? 1 : 0);
	int order = x < y ? -1 : x > y;
	return query->ascending ? order : -order;
}

static int order_text(const struct query *query, const void *a, const void *b)
{
	const struct field *field = query->sort[0];
	int order;
	if (field->type == TYPE_addr) {
		order = memcmp(field_at(field, a), field_at(field, b),
			       sizeof(struct addr));
		return query->ascending ? order : -order;
	}
	const char *x = field_text(field, a), *y = field_text(field, b);
	if (*x == '\0' || *y == '\0')
		return (*x == '\0' ? 1 : 0) - (*y == '\0' ? 1 : 0);
	order = strcmp(x, y);
	return query->ascending ? order : -order;
}

int query_order(const struct query *query, const void *a, const void *b)
{
	if (query->sort[0] == NULL)
		return 0;
	return field_is_number(query->sort[0]) ? order_numbers(query, a, b)
					       : order_text(query, a, b);
}
