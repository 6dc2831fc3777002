/*
 * forecast_run.c: see forecast_run.h.
 */
#include "cli/forecast_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/capacity.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/link_speed.h"
#include "cli/view.h"
#include "config/config.h"

enum {
	SERVICES_MAX = 1000, /* the busiest; what strangers try is not forecast */
	AHEAD_HOURS = 14 * 24,
	ROWS_MAX = 100000,
};
#define HOUR_US INT64_C(3600000000)

int forecast_complain(int status, const char *why)
{
	fprintf(stderr, "breakwater forecast: %s\n", why);
	return status;
}

/* ---- limits ---- */

/* The usual file may be readable to the daemon only, which is asked, too. */
static int load_config(const struct forecast_asked *asked, struct config *config)
{
	struct buf errors = { 0 };
	config_init(config);
	int result = config_load(config, asked->config_path, &errors);
	if (result != 0 && asked->config_path == NULL)
		config_init(config);
	else if (result != 0 && buf_cstr(&errors) != NULL)
		fputs(buf_cstr(&errors), stderr);
	buf_free(&errors);
	return result != 0 && asked->config_path != NULL ? STATUS_USAGE : STATUS_OK;
}

static double free_bytes(const char *folder)
{
	struct statvfs disk;
	return statvfs(folder, &disk) == 0
		       ? (double)disk.f_bavail * (double)disk.f_frsize
		       : INFINITY;
}

static int ask_limits(const struct forecast_asked *asked, struct limits *limits)
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct buf body = { 0 };
	struct client *client = client_open(&asked->common);
	int status = client == NULL ? STATUS_INCOMPLETE
				    : client_get(client, "/api/v1/status", &body, NULL,
						 NULL, error);
	json_t *told = status == STATUS_OK ? object_parse(&body) : NULL;
	*limits = limits_of(told);
	json_decref(told);
	buf_free(&body);
	client_close(client);
	return status == STATUS_OK ? status : forecast_complain(status, error);
}

void forecast_limits(const struct config *config, const char *folder,
		     struct foresee_limits *out)
{
	*out = (struct foresee_limits){
		.response_us = (double)config->limit_response_ms * 1000,
		.loss = config->limit_loss,
		.errors = config->limit_errors,
		.link_bytes = link_speed_bytes(),
		.store_bytes = (double)config->retention_size,
		.disk_free_bytes = free_bytes(folder),
		.certificate_days = (uint32_t)config->probe_certificate_days,
	};
}

/* The daemon's own, where it is asked. */
static int learn_limits(const struct forecast_asked *asked, struct foresee_limits *out)
{
	static struct config config;
	struct limits told;
	int status = load_config(asked, &config);
	forecast_limits(&config, asked->state != NULL ? asked->state : config.state,
			out);
	if (status != STATUS_OK || asked->state != NULL)
		return status;
	status = ask_limits(asked, &told);
	out->response_us = told.response_ms * 1000;
	out->loss = told.loss;
	out->errors = told.errors;
	return status;
}

/* ---- time ---- */

static int choose_time(const struct forecast_asked *asked, struct foresee *f)
{
	int64_t now_us = clock_us(CLOCK_REALTIME), since_us = 0, until_us = now_us;
	int64_t ahead_us = AHEAD_HOURS * HOUR_US;
	if (asked->until != NULL)
		when_parse(asked->until, now_us, &until_us);
	f->at_us = until_us / HOUR_US * HOUR_US;
	if (asked->since != NULL)
		when_parse(asked->since, now_us, &since_us);
	if (asked->ahead != NULL && !duration_parse(asked->ahead, &ahead_us))
		return forecast_complain(STATUS_USAGE,
					 "--ahead: a duration such as 12h, 7d or 4w");
	if (ahead_us < HOUR_US || ahead_us > FORECAST_AHEAD_MAX * HOUR_US)
		return forecast_complain(STATUS_USAGE, "--ahead: from 1h to 4w");
	if (f->at_us - since_us < HOUR_US)
		return forecast_complain(STATUS_USAGE,
					 "--since: at least an hour before --until");
	f->ahead = (size_t)(ahead_us / HOUR_US);
	f->hours = (size_t)((f->at_us - since_us) / HOUR_US);
	if (f->hours > FORECAST_HOURS_MAX)
		f->hours = FORECAST_HOURS_MAX;
	return STATUS_OK;
}

/* ---- services ---- */

static double bytes_of(const struct port_record *port)
{
	return (double)(port->client_bytes == UNKNOWN_U64 ? 0 : port->client_bytes) +
	       (double)(port->server_bytes == UNKNOWN_U64 ? 0 : port->server_bytes);
}

static int busiest_first(const void *left, const void *right)
{
	double a = bytes_of(left), b = bytes_of(right);
	return a < b ? 1 : a > b ? -1 : 0;
}

static bool take_service(void *self, const void *record)
{
	struct forecast_run *run = self;
	const struct port_record *service = record;
	if (service->unused == 1 || service->transport == NULL ||
	    addr_is_unset(&service->server_ip))
		return true;
	struct port_record *grown =
		reallocarray(run->services, run->service_count + 1, sizeof(*grown));
	if (grown == NULL)
		return false;
	run->services = grown;
	run->services[run->service_count++] = *service;
	return run->service_count < ROWS_MAX;
}

static int learn_services(struct forecast_run *run)
{
	const struct forecast_asked *asked = run->asked;
	const struct foresee *f = &run->foresee;
	const struct gather_about about = {
		.since_us = f->at_us - (int64_t)f->hours * HOUR_US,
		.until_us = f->at_us - 1,
		.transport = asked->transport,
		.ip = asked->host != NULL ? &asked->ip : NULL,
		.port = f->port,
	};
	const struct gather_wanted wanted = { .kind = RECORD_port,
					      .limit = ROWS_MAX,
					      .about = &about };
	int status = gather_each(f->gather, &wanted, take_service, run);
	if (run->service_count > 0)
		qsort(run->services, run->service_count, sizeof(run->services[0]),
		      busiest_first);
	if (run->service_count <= SERVICES_MAX)
		return status;
	if (asked->limits == NULL)
		fprintf(stderr,
			"breakwater forecast: only the busiest %d of %zu services; "
			"--port and --host choose others\n",
			SERVICES_MAX, run->service_count);
	run->service_count = SERVICES_MAX;
	return status;
}

int forecast_run_open(struct forecast_run *run, const struct forecast_asked *asked)
{
	struct foresee *f = &run->foresee;
	*run = (struct forecast_run){ .asked = asked };
	f->metric = asked->metric;
	f->port = asked->port == UINT64_MAX ? UNKNOWN_U32 : (uint32_t)asked->port;
	int status = choose_time(asked, f);
	if (status == STATUS_OK && asked->limits != NULL)
		f->limits = *asked->limits;
	else if (status == STATUS_OK)
		status = learn_limits(asked, &f->limits);
	if (status == STATUS_OK)
		f->gather =
			gather_open(&asked->common, "forecast", asked->state, &status);
	if (f->gather != NULL) {
		gather_cancel_by(f->gather, asked->cancel);
		status = foresee_open(f);
	}
	if (status == STATUS_OK)
		status = learn_services(run);
	return status;
}

/* The same rows, with room for one more; NULL without memory. */
static void *with_room(void *rows, size_t count, size_t *room, size_t size)
{
	enum { ROOM_FIRST = 64 };
	if (count < *room)
		return rows;
	size_t more = *room == 0 ? ROOM_FIRST : 2 * *room;
	void *larger = reallocarray(rows, more, size);
	if (larger != NULL)
		*room = more;
	return larger;
}

void forecasts_keep(void *to, const struct forecast_record *forecast)
{
	struct forecasts *all = to;
	struct forecast_record *rows =
		with_room(all->rows, all->count, &all->room, sizeof(*rows));
	all->has_failed |= rows == NULL;
	if (rows == NULL)
		return;
	all->rows = rows;
	all->rows[all->count++] = *forecast;
}

static void keep_use(const struct forecast_run *run, const struct port_record *service)
{
	struct capacities *all = run->uses;
	struct capacity_record *rows =
		with_room(all->rows, all->count, &all->room, sizeof(*rows));
	all->has_failed |= rows == NULL;
	if (rows == NULL)
		return;
	all->rows = rows;
	capacity_of_read(&run->foresee, service, &all->rows[all->count++]);
}

static int forecast_service(struct forecast_run *run, const struct port_record *service)
{
	int status = foresee_service(&run->foresee, service);
	if (status == STATUS_OK && run->uses != NULL)
		keep_use(run, service);
	return status;
}

/* Of a port, host or transport: not what is of the whole machine. */
static bool is_of_machine(const struct forecast_asked *asked)
{
	return asked->port == UINT64_MAX && asked->host == NULL &&
	       asked->transport == NULL;
}

int forecast_run_all(struct forecast_run *run)
{
	const struct forecast_asked *asked = run->asked;
	struct foresee *f = &run->foresee;
	int status = STATUS_OK;
	for (size_t i = 0; status == STATUS_OK && i < run->service_count; i++)
		status = forecast_service(run, &run->services[i]);
	if (status == STATUS_OK && is_of_machine(asked))
		status = foresee_machine(f);
	if (status == STATUS_OK && asked->host == NULL && asked->transport == NULL)
		status = foresee_certificates(f);
	return status;
}

void forecast_run_close(struct forecast_run *run)
{
	foresee_close(&run->foresee);
	if (run->foresee.gather != NULL)
		gather_close(run->foresee.gather);
	free(run->services);
}
