/*
 * foresee.c: see foresee.h.
 *
 * One series is in memory at a time, of an hour each; a service costs the reading of
 * its hours, and a few milliseconds for each value.
 */
#include "cli/foresee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum {
	RECORDS_MAX = 100000, /* as many as the daemon gives at a time */
	RESPONSES_LEAST = 20, /* a 95th percentile of fewer is one answer */
	SELF_HOURS = 30 * 24, /* a record a minute: of more there are too many */
	DAY_S = 86400,
};
#define HOUR_US INT64_C(3600000000)

/* ---- values of a service ---- */

static double number(uint64_t value)
{
	return value == UNKNOWN_U64 ? NAN : (double)value;
}

static double response_of(const struct port_record *hour)
{
	if (hour->responses == UNKNOWN_U64 || hour->responses < RESPONSES_LEAST)
		return NAN;
	return number(hour->response_p95_us);
}

static double loss_of(const struct port_record *hour)
{
	return hour->lost_ratio;
}

static double retransmits_of(const struct port_record *hour)
{
	return hour->retransmit_ratio;
}

static double errors_of(const struct port_record *hour)
{
	return hour->unused == 1 ? NAN : hour->error_ratio;
}

/* Of both directions the busier: a link has its speed in each. */
static double bytes_of(const struct port_record *hour)
{
	return fmax(number(hour->client_bytes), number(hour->server_bytes)) /
	       hour->interval_s;
}

static double flows_of(const struct port_record *hour)
{
	return number(hour->flows);
}

static double active_of(const struct port_record *hour)
{
	return number(hour->active_max);
}

static double no_limit(const struct foresee_limits *limits)
{
	(void)limits;
	return NAN;
}

static double response_limit(const struct foresee_limits *limits)
{
	return limits->response_us;
}

static double loss_limit(const struct foresee_limits *limits)
{
	return limits->loss;
}

static double errors_limit(const struct foresee_limits *limits)
{
	return limits->errors;
}

static double link_limit(const struct foresee_limits *limits)
{
	return limits->link_bytes;
}

static const struct metric {
	const char *name, *limit_of;
	double most;
	bool is_zero_without; /* traffic: an hour without a record had none */
	double (*value)(const struct port_record *hour);
	double (*limit)(const struct foresee_limits *limits);
} metrics[] = {
	{ "response_p95_us", "limits.response_ms", INFINITY, false, response_of,
	  response_limit },
	{ "lost_ratio", "limits.loss", 1, false, loss_of, loss_limit },
	{ "retransmit_ratio", "limits.loss", 1, false, retransmits_of, loss_limit },
	{ "error_ratio", "limits.errors", 1, false, errors_of, errors_limit },
	{ "bytes_per_s", "link", INFINITY, true, bytes_of, link_limit },
	{ "flows", "", INFINITY, true, flows_of, no_limit },
	{ "active_max", "", INFINITY, true, active_of, no_limit },
};
enum { METRICS = sizeof(metrics) / sizeof(metrics[0]) };
static const char store_metric[] = "store_bytes", end_metric[] = "certificate_s";

/* Of the machine, from the monitor's own records; limits are those of usual rules. */
enum { OF_STORE, OF_PORTS, OF_FILES, OF_MACHINE };
static const char *const machine_metrics[OF_MACHINE] = {
	[OF_STORE] = store_metric,
	[OF_PORTS] = "client_ports_ratio",
	[OF_FILES] = "files_ratio",
};
static const double FULL = 0.8;

bool foresee_has(const char *metric)
{
	if (strcmp(metric, end_metric) == 0)
		return true;
	for (int m = 0; m < OF_MACHINE; m++)
		if (strcmp(metric, machine_metrics[m]) == 0)
			return true;
	for (size_t m = 0; m < METRICS; m++)
		if (strcmp(metric, metrics[m].name) == 0)
			return true;
	fputs("breakwater forecast: --metric: allowed are ", stderr);
	for (size_t m = 0; m < METRICS; m++)
		fprintf(stderr, "%s, ", metrics[m].name);
	for (int m = 0; m < OF_MACHINE; m++)
		fprintf(stderr, "%s, ", machine_metrics[m]);
	fprintf(stderr, "and %s\n", end_metric);
	return false;
}

/* ---- one series ---- */

static double *values_of(const struct foresee *f, size_t which)
{
	return f->values + which * f->hours;
}

/* The hour of the history that a time is in; -1: none of them. */
static ptrdiff_t hour_of(const struct foresee *f, int64_t at_us)
{
	int64_t first_us = f->at_us - (int64_t)f->hours * HOUR_US;
	return at_us < first_us || at_us >= f->at_us
		       ? -1
		       : (ptrdiff_t)((at_us - first_us) / HOUR_US);
}

static void clear(double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = NAN;
}

static bool is_wanted(const struct foresee *f, const char *metric)
{
	return f->metric == NULL || strcmp(f->metric, metric) == 0;
}

static bool is_known(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isnan(values[i]))
			return true;
	return false;
}

static int64_t crossed_last(const struct foresee *f, const double *values, double limit)
{
	for (size_t i = f->hours; i > 0; i--)
		if (values[i - 1] >= limit)
			return f->at_us - (int64_t)(f->hours - i + 1) * HOUR_US;
	return UNKNOWN_TIME;
}

/* What a service does not have (a UDP port retransmits nothing) is not spoken of. */
static void forecast(struct foresee *f, const double *values, double limit, double most,
		     const char *limit_of, struct forecast_record *record)
{
	if (!is_known(values, f->hours))
		return;
	const struct forecast_question question = {
		.hours = values,
		.count = f->hours,
		.ahead = f->ahead,
		.limit = limit > 0 ? limit : NAN,
		.least = 0,
		.most = most,
	};
	forecast_make(f->room, &question, f->forecast);
	forecast_tell(f->forecast, &question, f->at_us, record);
	record->crossed_last = crossed_last(f, values, question.limit);
	if (!isnan(question.limit))
		record_text(record->limit_of, sizeof(record->limit_of), limit_of);
	f->emit(f->to, record);
}

/* ---- services ---- */

struct reading {
	struct foresee *foresee;
	size_t first; /* hour in which it was seen first */
};

static bool take_hour(void *self, const void *record)
{
	struct reading *r = self;
	const struct port_record *hour = record;
	ptrdiff_t at = hour_of(r->foresee, hour->start);
	if (at < 0 || hour->interval_s == 0 || hour->interval_s == UNKNOWN_U32)
		return true;
	for (size_t m = 0; m < METRICS; m++)
		values_of(r->foresee, m)[at] = metrics[m].value(hour);
	if ((size_t)at < r->first)
		r->first = (size_t)at;
	return true;
}

static void fill_quiet_hours(struct foresee *f, double *values, size_t first)
{
	for (size_t i = first; i < f->hours; i++)
		if (isnan(values[i]) && !f->unwatched[i])
			values[i] = 0;
}

static void name_service(struct forecast_record *record,
			 const struct port_record *names, const char *metric)
{
	char address[ADDR_TEXT_MAX];
	record_init(RECORD_forecast, record);
	addr_text(&names->server_ip, address);
	snprintf(record->subject, sizeof(record->subject),
		 addr_is_v4(&names->server_ip) ? "%s:%u/%s" : "[%s]:%u/%s", address,
		 names->port, names->transport);
	record->server_ip = names->server_ip;
	record->port = names->port;
	record->transport = names->transport;
	record_text(record->service, sizeof(record->service), names->service);
	record->metric = metric;
}

int foresee_read(struct foresee *f, const struct port_record *names)
{
	struct reading reading = { f, f->hours };
	const struct gather_about about = {
		.since_us = f->at_us - (int64_t)f->hours * HOUR_US,
		.until_us = f->at_us - 1,
		.transport = names->transport,
		.ip = &names->server_ip,
		.port = names->port,
		.by_hour = true,
	};
	const struct gather_wanted wanted = { .kind = RECORD_port,
					      .limit = RECORDS_MAX,
					      .about = &about };
	clear(f->values, METRICS * f->hours);
	int status = gather_each(f->gather, &wanted, take_hour, &reading);
	for (size_t m = 0; m < METRICS; m++)
		if (metrics[m].is_zero_without)
			fill_quiet_hours(f, values_of(f, m), reading.first);
	return status;
}

const double *foresee_values(const struct foresee *f, const char *metric)
{
	for (size_t m = 0; m < METRICS; m++)
		if (strcmp(metrics[m].name, metric) == 0)
			return values_of(f, m);
	return NULL;
}

int foresee_service(struct foresee *f, const struct port_record *names)
{
	int status = foresee_read(f, names);
	for (size_t m = 0; status == STATUS_OK && m < METRICS; m++) {
		struct forecast_record record;
		if (!is_wanted(f, metrics[m].name))
			continue;
		name_service(&record, names, metrics[m].name);
		forecast(f, values_of(f, m), metrics[m].limit(&f->limits),
			 metrics[m].most, metrics[m].limit_of, &record);
	}
	return status;
}

/* ---- the machine ---- */

static double share(uint64_t value, uint64_t most)
{
	return most == 0 ? NAN : number(value) / number(most);
}

/* The highest of the hour: what is full for a minute is full. */
static bool take_self(void *of, const void *record)
{
	struct foresee *f = of;
	const struct self_record *self = record;
	ptrdiff_t at = hour_of(f, self->at);
	const double now[OF_MACHINE] = {
		[OF_STORE] = number(self->store_bytes),
		[OF_PORTS] = share(self->client_ports, self->client_ports_max),
		[OF_FILES] = share(self->files, self->files_max),
	};
	for (size_t m = 0; at >= 0 && m < OF_MACHINE; m++)
		values_of(f, m)[at] = fmax(values_of(f, m)[at], now[m]);
	return true;
}

static double last_known(const struct foresee *f)
{
	for (size_t i = f->hours; i > 0; i--)
		if (!isnan(f->values[i - 1]))
			return f->values[i - 1];
	return NAN;
}

static void forecast_machine(struct foresee *f, size_t which)
{
	struct forecast_record record;
	double disk_bytes = last_known(f) + f->limits.disk_free_bytes;
	bool is_store = which == OF_STORE, is_disk = disk_bytes < f->limits.store_bytes;
	double bytes = is_disk ? disk_bytes : f->limits.store_bytes;
	const char *const limits_of[OF_MACHINE] = {
		[OF_STORE] = is_disk ? "disk" : "retention.size",
		[OF_PORTS] = "client-ports",
		[OF_FILES] = "descriptors",
	};
	if (!is_wanted(f, machine_metrics[which]))
		return;
	record_init(RECORD_forecast, &record);
	record_text(record.subject, sizeof(record.subject),
		    is_store ? "store" : "machine");
	record.metric = machine_metrics[which];
	forecast(f, values_of(f, which), is_store ? bytes : FULL,
		 is_store ? INFINITY : 1, limits_of[which], &record);
}

int foresee_machine(struct foresee *f)
{
	size_t hours = f->hours < SELF_HOURS ? f->hours : SELF_HOURS;
	const struct gather_about about = {
		.since_us = f->at_us - (int64_t)hours * HOUR_US,
		.until_us = f->at_us - 1,
		.port = UNKNOWN_U32,
	};
	const struct gather_wanted wanted = { .kind = RECORD_self,
					      .limit = RECORDS_MAX,
					      .about = &about };
	clear(f->values, OF_MACHINE * f->hours);
	int status = gather_each(f->gather, &wanted, take_self, f);
	for (size_t m = 0; status == STATUS_OK && m < OF_MACHINE; m++)
		forecast_machine(f, m);
	return status;
}

/* ---- certificates ---- */

enum { TARGETS_MAX = 1024 };

/* The newest answer of each target, which come first. */
struct certificates {
	struct foresee *foresee;
	size_t count;
	field_text256 targets[TARGETS_MAX];
};

static bool is_new(struct certificates *c, const char *target)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->targets[i], target) == 0)
			return false;
	return c->count < TARGETS_MAX;
}

static bool take_probe(void *of, const void *record)
{
	struct certificates *c = of;
	const struct probe_record *probe = record;
	const struct foresee *f = c->foresee;
	struct forecast_record told;
	if (probe->cert_not_after == UNKNOWN_TIME || !is_new(c, probe->target))
		return true;
	record_text(c->targets[c->count++], sizeof(c->targets[0]), probe->target);
	record_init(RECORD_forecast, &told);
	record_text(told.subject, sizeof(told.subject), probe->target);
	told.server_ip = probe->ip;
	told.port = probe->port;
	told.transport = probe->transport;
	told.metric = end_metric;
	forecast_tell_end(probe->cert_not_after, f->limits.certificate_days * DAY_S,
			  f->at_us, (uint32_t)f->ahead * (uint32_t)(HOUR_US / 1000000),
			  &told);
	record_text(told.limit_of, sizeof(told.limit_of), "probe.certificate_days");
	f->emit(f->to, &told);
	return true;
}

/* Asked within the last day: others may be gone. */
int foresee_certificates(struct foresee *f)
{
	const struct gather_about about = {
		.since_us = f->at_us - DAY_S * INT64_C(1000000),
		.until_us = f->at_us,
		.port = f->port,
	};
	const struct gather_wanted wanted = { .kind = RECORD_probe,
					      .limit = RECORDS_MAX,
					      .about = &about };
	if (!is_wanted(f, end_metric))
		return STATUS_OK;
	struct certificates *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return STATUS_INCOMPLETE;
	c->foresee = f;
	int status = gather_each(f->gather, &wanted, take_probe, c);
	free(c);
	return status;
}

/* ---- what nobody watched ---- */

static bool take_gap(void *of, const void *record)
{
	struct foresee *f = of;
	const struct gap_record *gap = record;
	if (gap->reason == NULL || (strcmp(gap->reason, "stopped") != 0 &&
				    strcmp(gap->reason, "suspended") != 0))
		return true;
	int64_t first_us = f->at_us - (int64_t)f->hours * HOUR_US;
	for (size_t i = 0; i < f->hours; i++) {
		/* Its middle stands for the hour. */
		int64_t middle_us = first_us + (int64_t)i * HOUR_US + HOUR_US / 2;
		if (gap->start <= middle_us && middle_us < gap->end)
			f->unwatched[i] = true;
	}
	return true;
}

int foresee_open(struct foresee *f)
{
	const struct gather_about about = {
		.since_us = f->at_us - (int64_t)f->hours * HOUR_US,
		.until_us = f->at_us,
		.port = UNKNOWN_U32,
	};
	const struct gather_wanted wanted = { .kind = RECORD_gap,
					      .limit = RECORDS_MAX,
					      .about = &about };
	f->room = forecast_room_new();
	f->forecast = malloc(sizeof(*f->forecast));
	f->unwatched = calloc(f->hours, sizeof(*f->unwatched));
	f->values = calloc(METRICS * f->hours, sizeof(*f->values));
	if (f->room == NULL || f->forecast == NULL || f->unwatched == NULL ||
	    f->values == NULL) {
		fputs("breakwater forecast: out of memory\n", stderr);
		return STATUS_INCOMPLETE;
	}
	return gather_each(f->gather, &wanted, take_gap, f);
}

void foresee_close(struct foresee *f)
{
	forecast_room_free(f->room);
	free(f->forecast);
	free(f->unwatched);
	free(f->values);
}
