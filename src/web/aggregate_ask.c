/*
 * aggregate_ask.c: see aggregate_ask.h.
 */
#include "web/aggregate_ask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "web/inside.h"

enum { NAMES_MAX = 1536, NAME_MAX_LEN = 64 };
#define SECOND_US INT64_C(1000000)

/* "flow, port, ..."; cut if it does not fit. */
static void add_name(char names[static NAMES_MAX], const char *name)
{
	size_t len = strlen(names);
	if (len + strlen(name) + sizeof(", ...") < NAMES_MAX)
		snprintf(names + len, NAMES_MAX - len, "%s%s", len > 0 ? ", " : "",
			 name);
}

bool aggregate_ask_open(struct aggregate_ask *ask, const char *record,
			char error[static AGGREGATE_ERROR_MAX])
{
	char names[NAMES_MAX] = "";
	*ask = (struct aggregate_ask){ .limit = AGGREGATE_LIMIT };
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		if (!route_has_records((enum record_kind)kind))
			continue;
		if (record != NULL && strcmp(record, schemas[kind].name) == 0) {
			query_init(&ask->query, (enum record_kind)kind);
			return true;
		}
		add_name(names, schemas[kind].name);
	}
	if (record == NULL)
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "record: of what, is missing; one of %s", names);
	else
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "record: \"%.40s\" is not one of %s", record, names);
	return false;
}

/* ---- lists of fields ---- */

static bool may_be_grouped(const struct field *field)
{
	return field->type != TYPE_bytes1536;
}

static bool may_be_measured(const struct field *field, enum measure_how how)
{
	bool is_extreme = how == MEASURE_MAX || how == MEASURE_MIN;
	return field_is_number(field) && (field->type != TYPE_time || is_extreme);
}

static bool name_fields(const struct aggregate_ask *ask, const char *key,
			const char *name, int how,
			char error[static AGGREGATE_ERROR_MAX])
{
	char names[NAMES_MAX] = "";
	const struct schema *schema = ask->query.schema;
	for (size_t i = 0; i < schema->field_count; i++)
		if (how < 0 ? may_be_grouped(&schema->fields[i])
			    : may_be_measured(&schema->fields[i],
					      (enum measure_how)how))
			add_name(names, schema->fields[i].name);
	snprintf(error, AGGREGATE_ERROR_MAX, "%s: \"%.40s\" is no %s of %s; one of %s",
		 key, name, how < 0 ? "field" : "number", schema->name, names);
	return false;
}

static bool add_group(struct aggregate_ask *ask, const char *name, int how,
		      char error[static AGGREGATE_ERROR_MAX])
{
	const struct field *field = record_field(ask->query.kind, name);
	(void)how;
	if (field == NULL || !may_be_grouped(field))
		return name_fields(ask, "by", name, -1, error);
	if (ask->by_count == AGGREGATE_BY_MAX) {
		snprintf(error, AGGREGATE_ERROR_MAX, "by: at most %d fields",
			 AGGREGATE_BY_MAX);
		return false;
	}
	for (size_t i = 0; i < ask->by_count; i++)
		if (ask->by[i] == field)
			return true;
	ask->by[ask->by_count++] = field;
	return true;
}

static const char *const how_names[] = { [MEASURE_SUM] = "sum",
					 [MEASURE_MAX] = "max",
					 [MEASURE_MIN] = "min",
					 [MEASURE_MEAN] = "mean" };

static bool add_measure(struct aggregate_ask *ask, const char *name, int how,
			char error[static AGGREGATE_ERROR_MAX])
{
	struct measure measure = { .how = (enum measure_how)how };
	if (!query_sum(ask->query.kind, name, &measure.field, &measure.other))
		measure.field = record_field(ask->query.kind, name);
	if (measure.field == NULL || !may_be_measured(measure.field, measure.how))
		return name_fields(ask, how_names[how], name, how, error);
	if (ask->measures.count == MEASURES_MAX) {
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "%s: sum, max, min and mean together have at most %d fields",
			 how_names[how], MEASURES_MAX);
		return false;
	}
	snprintf(measure.name, sizeof(measure.name), "%s_%s", how_names[how], name);
	for (size_t i = 0; i < ask->measures.count; i++)
		if (strcmp(ask->measures.at[i].name, measure.name) == 0)
			return true;
	ask->measures.at[ask->measures.count++] = measure;
	return true;
}

typedef bool (*add_field)(struct aggregate_ask *ask, const char *name, int how,
			  char error[static AGGREGATE_ERROR_MAX]);

/* "a,b,c" */
static bool add_each(struct aggregate_ask *ask, const char *value, add_field add,
		     int how, char error[static AGGREGATE_ERROR_MAX])
{
	do {
		char name[NAME_MAX_LEN];
		size_t len = strcspn(value, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, value);
		if (!add(ask, name, how, error))
			return false;
		value += len;
	} while (*value++ == ',');
	return true;
}

/* ---- the rest ---- */

uint32_t aggregate_step_s(const char *word)
{
	static const struct {
		const char *name;
		uint32_t seconds;
	} steps[] = { { "10s", 10 },
		      { "1m", 60 },
		      { "5m", 300 },
		      { "1h", 3600 },
		      { "1d", 86400 } };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(word, steps[i].name) == 0)
			return steps[i].seconds;
	return 0;
}

static bool set_step(struct aggregate_ask *ask, const char *value,
		     char error[static AGGREGATE_ERROR_MAX])
{
	ask->step_s = aggregate_step_s(value);
	if (ask->step_s == 0)
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "step: \"%.40s\" is not one of 10s, 1m, 5m, 1h, 1d", value);
	else if (ask->query.begin == NULL)
		snprintf(error, AGGREGATE_ERROR_MAX, "step: a %s has no time",
			 ask->query.schema->name);
	else
		return true;
	return false;
}

static bool set_limit(struct aggregate_ask *ask, const char *value,
		      char error[static AGGREGATE_ERROR_MAX])
{
	char *end = NULL;
	unsigned long limit = strtoul(value, &end, 10);
	if (value[0] >= '0' && value[0] <= '9' && *end == '\0' && limit >= 1 &&
	    limit <= AGGREGATE_LIMIT_MAX) {
		ask->limit = limit;
		return true;
	}
	snprintf(error, AGGREGATE_ERROR_MAX,
		 "limit: \"%.40s\" is not a number of groups from 1 to %d", value,
		 AGGREGATE_LIMIT_MAX);
	return false;
}

static bool set_previous(struct aggregate_ask *ask, const char *value,
			 char error[static AGGREGATE_ERROR_MAX])
{
	ask->previous = strcmp(value, "1") == 0;
	if (ask->previous || strcmp(value, "0") == 0)
		return true;
	snprintf(error, AGGREGATE_ERROR_MAX, "previous: \"%.40s\" is not 0 or 1",
		 value);
	return false;
}

static bool set_filter(struct aggregate_ask *ask, const char *key, const char *value,
		       int64_t now_us, char error[static AGGREGATE_ERROR_MAX])
{
	char why[QUERY_ERROR_MAX];
	if (query_set(&ask->query, key, value, now_us, why))
		return true;
	snprintf(error, AGGREGATE_ERROR_MAX, "%s%s", why,
		 query_takes(&ask->query, key)
			 ? ""
			 : "; beside these: record by sum max min mean step previous");
	return false;
}

bool aggregate_ask_set(struct aggregate_ask *ask, const char *key, const char *value,
		       int64_t now_us, char error[static AGGREGATE_ERROR_MAX])
{
	for (int how = MEASURE_SUM; how <= MEASURE_MEAN; how++)
		if (strcmp(key, how_names[how]) == 0)
			return add_each(ask, value, add_measure, how, error);
	if (strcmp(key, "by") == 0)
		return add_each(ask, value, add_group, -1, error);
	if (strcmp(key, "step") == 0)
		return set_step(ask, value, error);
	if (strcmp(key, "limit") == 0)
		return set_limit(ask, value, error);
	if (strcmp(key, "previous") == 0)
		return set_previous(ask, value, error);
	if (strcmp(key, "sort") == 0) { /* of what is known only at the end */
		snprintf(ask->sort, sizeof(ask->sort), "%s", value);
		return true;
	}
	return set_filter(ask, key, value, now_us, error);
}

/* ---- at the end ---- */

/* "client_bytes" is the first measure of that field, whichever it is. */
static bool is_named(const struct measure *measure, const char *name)
{
	return strcmp(measure->name, name) == 0 ||
	       strcmp(strchr(measure->name, '_') + 1, name) == 0;
}

static bool find_order(struct aggregate_ask *ask, const char *name)
{
	for (size_t i = 0; i < ask->measures.count; i++) {
		if (!is_named(&ask->measures.at[i], name))
			continue;
		ask->order = AGGREGATE_BY_MEASURE;
		ask->order_at = i;
		return true;
	}
	for (size_t i = 0; i < ask->by_count; i++) {
		if (strcmp(ask->by[i]->name, name) != 0)
			continue;
		ask->order = AGGREGATE_BY_FIELD;
		ask->order_at = i;
		return true;
	}
	ask->order = AGGREGATE_BY_COUNT;
	return strcmp(name, "count") == 0;
}

static bool refuse_order(const struct aggregate_ask *ask,
			 char error[static AGGREGATE_ERROR_MAX])
{
	char names[NAMES_MAX] = "count";
	for (size_t i = 0; i < ask->measures.count; i++)
		add_name(names, ask->measures.at[i].name);
	for (size_t i = 0; i < ask->by_count; i++)
		add_name(names, ask->by[i]->name);
	snprintf(error, AGGREGATE_ERROR_MAX,
		 "sort: \"%.60s\" is not one of %s, with :asc or :desc behind it or "
		 "not",
		 ask->sort, names);
	return false;
}

/* The largest first, of names A first; without a word the first sum, or how many. */
static bool set_order(struct aggregate_ask *ask, char error[static AGGREGATE_ERROR_MAX])
{
	char name[AGGREGATE_SORT_MAX];
	const char *turn = strchr(ask->sort, ':');
	if (ask->sort[0] == '\0') {
		bool is_sum = ask->measures.count > 0 &&
			      ask->measures.at[0].how == MEASURE_SUM;
		ask->order = is_sum ? AGGREGATE_BY_MEASURE : AGGREGATE_BY_COUNT;
		return true;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(ask->sort, ":"), ask->sort);
	if (!find_order(ask, name))
		return refuse_order(ask, error);
	ask->ascending = ask->order == AGGREGATE_BY_FIELD &&
			 !field_is_number(ask->by[ask->order_at]);
	if (turn == NULL)
		return true;
	ask->ascending = strcmp(turn, ":asc") == 0;
	return ask->ascending || strcmp(turn, ":desc") == 0 ? true
							    : refuse_order(ask, error);
}

static bool has_limits(struct aggregate_ask *ask, int64_t now_us,
		       char error[static AGGREGATE_ERROR_MAX])
{
	struct query *query = &ask->query;
	if (ask->step_s == 0 && !ask->previous)
		return true;
	if (query->since_us == INT64_MIN) {
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "%s: since when, is missing; add since=" WHEN_ALLOWED,
			 ask->step_s > 0 ? "step" : "previous");
		return false;
	}
	if (query->until_us == INT64_MAX)
		query->until_us = now_us;
	return true;
}

static bool has_few_steps(const struct aggregate_ask *ask,
			  char error[static AGGREGATE_ERROR_MAX])
{
	if (ask->step_s == 0)
		return true;
	int64_t step_us = (int64_t)ask->step_s * SECOND_US;
	if ((ask->query.until_us - ask->query.since_us) / step_us < AGGREGATE_STEPS_MAX)
		return true;
	snprintf(error, AGGREGATE_ERROR_MAX,
		 "step: more than %d steps of %u s in that time; a longer step, or a "
		 "later since",
		 AGGREGATE_STEPS_MAX, ask->step_s);
	return false;
}

bool aggregate_ask_close(struct aggregate_ask *ask, int64_t now_us,
			 char error[static AGGREGATE_ERROR_MAX])
{
	struct query *query = &ask->query;
	if (!set_order(ask, error) || !has_limits(ask, now_us, error))
		return false;
	if (query->since_us > query->until_us) {
		snprintf(error, AGGREGATE_ERROR_MAX,
			 "since: must not be later than until");
		return false;
	}
	if (query->kind == RECORD_port || query->kind == RECORD_uptime)
		query->step_s = ask->step_s;
	return has_few_steps(ask, error);
}

struct aggregate_ask aggregate_ask_before(const struct aggregate_ask *ask)
{
	struct aggregate_ask before = *ask;
	int64_t length_us = ask->query.until_us - ask->query.since_us + 1;
	before.query.since_us -= length_us;
	before.query.until_us -= length_us;
	return before;
}

field_set aggregate_ask_fields(const struct aggregate_ask *ask)
{
	const struct schema *schema = ask->query.schema;
	field_set set = query_fields(&ask->query);
	for (size_t i = 0; i < ask->by_count; i++)
		set |= field_bit(schema, ask->by[i]);
	for (size_t i = 0; i < ask->measures.count; i++)
		set |= field_bit(schema, ask->measures.at[i].field) |
		       field_bit(schema, ask->measures.at[i].other);
	return set;
}
