/*
 * family.c: see family.h.
 *
 * Text format 0.0.4 and OpenMetrics 1.0 differ in little: where "_total" belongs to the
 * family's name, the UNIT line, the info type, and the end mark.
 */
#include "web/family.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

long double family_number(const struct field *field, const void *record)
{
	const void *at = (const char *)record + field->offset;
	uint64_t u64;
	double ratio;
	if (field->type == TYPE_u64) {
		memcpy(&u64, at, sizeof(u64));
		return u64 == UNKNOWN_U64 ? (long double)NAN : (long double)u64;
	}
	if (field->type == TYPE_time) {
		int64_t at_us;
		memcpy(&at_us, at, sizeof(at_us));
		return at_us == UNKNOWN_TIME ? (long double)NAN : (long double)at_us;
	}
	if (field->type == TYPE_flag) {
		field_flag flag = *(const field_flag *)at;
		return flag == UNKNOWN_FLAG ? (long double)NAN
					    : (long double)(flag != 0);
	}
	if (field->type != TYPE_ratio && field->type != TYPE_real)
		return (long double)NAN;
	memcpy(&ratio, at, sizeof(ratio));
	return ratio;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);
	return len >= tail && strcmp(text + len - tail, end) == 0;
}

bool family_is_time(const struct field *field)
{
	return ends_with(field->name, "_us");
}

static void put_help(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			buf_char(out, '\\');
		buf_char(out, *text == '\n' ? ' ' : *text);
	}
}

void family_label(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buf_char(out, '\\');
		if (*value == '\n')
			buf_text(out, "\\n");
		else
			buf_char(out, *value);
	}
}

const char *family_type(const struct field *field)
{
	return field->role == ROLE_COUNTER ? "counter"
	       : field->role == ROLE_GAUGE ? "gauge"
					   : NULL;
}

void family_begin(struct family *family, const char *type, const char *doc)
{
	bool short_name = family->openmetrics;
	const char *total = "", *kind = type;
	family->type = type;
	if (strcmp(type, "counter") == 0 && !short_name)
		total = "_total";
	if (strcmp(type, "info") == 0 && !short_name) {
		total = "_info";
		kind = "gauge";
	}
	buf_printf(family->out, "# HELP %s%s ", family->name, total);
	put_help(family->out, doc);
	buf_printf(family->out, "\n# TYPE %s%s %s\n", family->name, total, kind);
	/* Of a name that does not end with it Prometheus takes nothing at all. */
	if (family->openmetrics && family->unit[0] != '\0' &&
	    ends_with(family->name, family->unit))
		buf_printf(family->out, "# UNIT %s %s\n", family->name, family->unit);
}

void family_sample(const struct family *family)
{
	buf_text(family->out, family->name);
	if (strcmp(family->type, "counter") == 0)
		buf_text(family->out, "_total");
	if (strcmp(family->type, "info") == 0)
		buf_text(family->out, "_info");
}

void family_sensor(struct buf *out, const char *before, const char *sensor)
{
	if (sensor[0] == '\0')
		return;
	buf_printf(out, "%ssensor=\"", before);
	family_label(out, sensor);
	buf_char(out, '"');
}

void family_value(const struct family *family, long double value)
{
	buf_char(family->out, ' ');
	if (strcmp(family->unit, "seconds") == 0)
		buf_decimal(family->out, (double)(value / 1e6L));
	else if (strcmp(family->unit, "ratio") == 0)
		buf_decimal(family->out, (double)value);
	else
		buf_u64(family->out, (uint64_t)value);
	buf_char(family->out, '\n');
}

const char *family_prefix(enum record_kind kind)
{
	switch (kind) {
	case RECORD_port:
		return "breakwater_port_";
	case RECORD_probe:
		return "breakwater_probe_";
	case RECORD_listener:
		return "breakwater_listener_";
	case RECORD_self:
		return "breakwater_";
	case RECORD_sensor:
		return "breakwater_sensor_";
	default:
		return NULL;
	}
}

const struct field *family_field(enum record_kind kind, const char *name)
{
	const struct field *field = schemas[kind].fields;
	while (strcmp(field->name, name) != 0)
		field++;
	return field;
}

void family_of(struct family *family, enum record_kind kind, const struct field *field)
{
	size_t len = strlen(field->name);
	const char *prefix = family_prefix(kind);
	family->unit = "";
	if (family_is_time(field) || field->type == TYPE_time) {
		len -= family_is_time(field) ? strlen("_us") : 0;
		family->unit = "seconds";
		snprintf(family->name, sizeof(family->name), "%s%.*s_seconds", prefix,
			 (int)len, field->name);
		return;
	}
	if (ends_with(field->name, "bytes"))
		family->unit = "bytes";
	else if (ends_with(field->name, "_ratio"))
		family->unit = "ratio";
	snprintf(family->name, sizeof(family->name), "%s%s", prefix, field->name);
}

void family_named(struct family *family, const char *name, const char *unit,
		  const char *type, const char *doc)
{
	family->unit = unit;
	snprintf(family->name, sizeof(family->name), "breakwater_%s", name);
	family_begin(family, type, doc);
}

void family_single(struct family *family, const char *name, const char *unit,
		   const char *type, const char *doc, long double value)
{
	family_named(family, name, unit, type, doc);
	family_sample(family);
	family_value(family, value);
}

void family_histogram(const struct family *family, const char *labels,
		      const struct family_histogram *h)
{
	bool has_labels = labels[0] != '\0';
	const char *open = has_labels ? "{" : "", *shut = has_labels ? "}" : "";
	for (size_t i = 0; i <= h->bounds; i++) {
		bool is_last = i == h->bounds;
		buf_printf(family->out, "%s_bucket{%s%sle=\"", family->name, labels,
			   has_labels ? "," : "");
		if (is_last)
			buf_text(family->out, "+Inf");
		else
			buf_decimal(family->out, (double)h->bounds_us[i] / 1e6);
		buf_printf(family->out, "\"} %llu\n",
			   (unsigned long long)(is_last ? h->count : h->up_to[i]));
	}
	buf_printf(family->out, "%s_sum%s%s%s", family->name, open, labels, shut);
	family_value(family, (long double)h->sum_us);
	buf_printf(family->out, "%s_count%s%s%s %llu\n", family->name, open, labels,
		   shut, (unsigned long long)h->count);
}
