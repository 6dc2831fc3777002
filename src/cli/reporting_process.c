/*
 * reporting_process.c: who makes reports, in a process of its own; see reporting.h.
 *
 * A report that takes too long ends, and if it does not the process does (alarm(2)). It
 * has so much memory, and is the first that the kernel ends when there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/fleet_report.h"
#include "cli/report_store.h"
#include "cli/reporting_files.h"
#include "report/bundle.h"
#include "report/formats.h"
#include "report/summary.h"

enum {
	STEP_BACK = 19, /* the nicest */
	GRACE_S = 60,   /* for what does not ask whether it may go on */
	HOST_SIZE = 256,
	SUMMARY_MAX = 16000,
};
#define MEMORY_BYTES (UINT64_C(1536) << 20)
#define ROWS_BYTES   ((size_t)512 << 20)
#define SECOND_US    INT64_C(1000000)

/* That process has a copy of what is set before the fork. */
static struct {
	const struct config *config;
	const char *depot; /* "": of this machine */
	const char *readable[2], *writable[2];
	char compliance_folder[CONFIG_TEXT_MAX + 1];
	struct compliance *compliance; /* of the report that is being made */
	char host[HOST_SIZE];
	int64_t end_us; /* of what is made */
} process;

/* ---- bounds ---- */

/* Bytes of data that it has by now: the sixth number of proc_pid_statm(5); 0: nobody
 * knows. */
static uint64_t data_bytes(void)
{
	enum { DATA = 6, DECIMAL = 10 };
	struct buf text = { 0 };
	unsigned long long pages = 0;
	if (file_read("/proc/self/statm", HOST_SIZE, &text) != 0) {
		buf_free(&text);
		return 0;
	}
	const char *words = buf_cstr(&text);
	char *at = (char *)words;
	for (int i = 0; i < DATA && words != NULL; i++)
		pages = strtoull(at, &at, DECIMAL);
	buf_free(&text);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Beyond what is in use already: of a build with a sanitizer that is all there is. */
static void bound_memory(void)
{
	struct rlimit limit;
	uint64_t used = data_bytes();
	if (used == 0 || getrlimit(RLIMIT_DATA, &limit) != 0)
		return;
	limit.rlim_cur = used + MEMORY_BYTES;
	setrlimit(RLIMIT_DATA, &limit);
}

static void offer_itself(void)
{
	static const char most[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	file_write(fd, most, sizeof(most) - 1);
	close(fd);
}

/* Not of whoever starts it again: that one is to stay. */
static void begin_life(void *self)
{
	(void)self;
	(void)setpriority(PRIO_PROCESS, 0, STEP_BACK);
	bound_memory();
	offer_itself();
}

static bool goes_on(void *self)
{
	(void)self;
	return clock_us(CLOCK_MONOTONIC) < process.end_us;
}

/* ---- making ---- */

static bool fail(struct reporting_event *event, const char *why)
{
	snprintf(event->error, sizeof(event->error), "%.255s", why);
	return false;
}

static void put_figures(const struct report *report, struct reporting_event *event)
{
	const struct report_figures figures = report_figures(report);
	event->evidence = figures.evidence;
	event->deviate = figures.deviate;
	event->not_known = figures.not_known;
	event->observed = figures.observed;
	snprintf(event->outcome, sizeof(event->outcome), "%s", figures.outcome);
	snprintf(event->title, sizeof(event->title), "%s", report_title(report));
}

/* False: its error is in files. */
static bool write_formats(const struct report *report,
			  const struct reporting_order *order,
			  struct reporting_files *files)
{
	bool is_good = true;
	for (uint32_t i = 0; i < order->format_count && is_good; i++) {
		const struct report_format *format = report_format(order->formats[i]);
		struct buf text = { 0 };
		format->write(report, &text);
		is_good = reporting_files_add(files, format->suffix, &text);
		buf_free(&text);
	}
	return is_good;
}

static bool write_bundle(const struct report *report, struct store_reader *reader,
			 const struct reporting_order *order,
			 struct reporting_files *files)
{
	struct buf text = { 0 };
	char error[STORE_ERROR_MAX];
	if (!order->bundle)
		return true;
	bool is_good = bundle_write(report, reader, &text, error);
	if (is_good)
		is_good = reporting_files_add(files, REPORTING_BUNDLE, &text);
	else
		snprintf(files->error, sizeof(files->error), "%.255s", error);
	buf_free(&text);
	return is_good;
}

static bool write_summary(const struct report *report, struct reporting_files *files)
{
	struct buf text = { 0 };
	report_summary(report, SUMMARY_MAX, &text);
	bool is_good = reporting_files_add(files, REPORTING_TEXT, &text);
	buf_free(&text);
	return is_good;
}

static bool write_all(const struct report *report, struct store_reader *reader,
		      const struct reporting_order *order,
		      struct reporting_event *event)
{
	struct reporting_files files;
	const char *names;
	bool is_good =
		reporting_files_begin(&files, process.config->state, order->stem) &&
		write_formats(report, order, &files) &&
		write_bundle(report, reader, order, &files) &&
		write_summary(report, &files) &&
		reporting_files_end(&files, event->sha256);
	if (is_good && (names = buf_cstr(&files.names)) != NULL)
		snprintf(event->files, sizeof(event->files), "%s", names);
	event->bytes = files.bytes;
	if (!is_good)
		fail(event, files.error);
	reporting_files_close(&files);
	return is_good;
}

static bool make_from(struct store_reader *reader, const struct report_ask *ask,
		      const struct reporting_order *order,
		      struct reporting_event *event)
{
	char error[STORE_ERROR_MAX];
	struct report *report = report_make(reader, process.compliance, ask, error);
	if (report == NULL)
		return fail(event,
			    goes_on(NULL) ? error : "it took longer than 10 minutes");
	put_figures(report, event);
	bool is_made = write_all(report, reader, order, event);
	report_free(report);
	return is_made;
}

static bool make_of_machine(const struct report_ask *ask,
			    const struct reporting_order *order,
			    struct reporting_event *event)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader =
		store_reader_open(process.config->state, error, &status);
	bool is_made = reader != NULL ? make_from(reader, ask, order, event)
				      : fail(event, error);
	store_reader_close(reader);
	return is_made;
}

static bool make_of_fleet(struct report_ask *ask, const struct reporting_order *order,
			  struct reporting_event *event)
{
	const struct fleet_choice choice = { order->of.sensor, order->of.site,
					     order->of.tag };
	const struct fleet_report_place place = { .folder = process.config->state,
						  .depot = process.depot };
	char error[STORE_ERROR_MAX];
	int status;
	struct fleet_report *fleet =
		fleet_report_open(&place, &choice, ask, &status, error);
	if (fleet == NULL)
		return fail(event, error);
	bool is_made = make_from(NULL, ask, order, event);
	fleet_report_close(fleet);
	return is_made;
}

static bool make_it(const struct reporting_order *order, struct reporting_event *event)
{
	struct report_ask ask = { .framework = order->report,
				  .since_us = order->since_us,
				  .until_us = order->until_us,
				  .now_us = order->now_us,
				  .host = process.host,
				  .retention = order->retention,
				  .folder = process.config->state,
				  .bytes_max = ROWS_BYTES,
				  .goes_on = goes_on };
	return process.depot[0] != '\0' ? make_of_fleet(&ask, order, event)
					: make_of_machine(&ask, order, event);
}

/* As its files are now: they may have been edited since the last one. */
static bool open_compliance(struct reporting_event *event)
{
	struct buf errors = { 0 };
	const char *folder = process.config->report_compliance;
	process.compliance =
		compliance_open(folder[0] != '\0' ? folder : NULL, &errors);
	if (process.compliance == NULL)
		fail(event, buf_ok(&errors) && errors.len > 0 ? buf_cstr(&errors)
							      : "not enough memory");
	buf_free(&errors);
	return process.compliance != NULL;
}

static bool make(const struct reporting_order *order, struct reporting_event *event)
{
	if (!open_compliance(event))
		return false;
	bool is_made = make_it(order, event);
	compliance_free(process.compliance);
	return is_made;
}

static void prune(const struct reporting_order *order)
{
	const char *period = reporting_period(order->stem);
	char name[REPORTING_NAME_MAX];
	enum period_kind kind;
	if (reporting_name(order->report, &order->of, name) &&
	    reporting_period_kind(period, strlen(period), &kind))
		reporting_files_prune(process.config->state, name, kind, order->keep);
}

static void take(void *self, const void *bytes, size_t len)
{
	struct reporting_order order = { .id = 0 };
	struct reporting_event event;
	(void)self;
	bool is_good = reporting_order_parse(bytes, len, &order);
	int64_t begun_us = clock_us(CLOCK_MONOTONIC);
	memset(&event, 0, sizeof(event)); /* padding, too: it leaves the process */
	event.id = order.id;
	if (!is_good && order.id == 0)
		return;
	if (!is_good) {
		fail(&event, "it is not what can be made");
		guard_emit(&event, sizeof(event));
		return;
	}
	process.end_us = begun_us + REPORTING_MAKE_S * SECOND_US;
	alarm(REPORTING_MAKE_S + GRACE_S);
	event.is_made = make(&order, &event);
	alarm(0);
	if (event.is_made)
		prune(&order);
	event.took_us = (uint64_t)(clock_us(CLOCK_MONOTONIC) - begun_us);
	guard_emit(&event, sizeof(event));
}

/* ---- the task ---- */

static bool open_all(void *self)
{
	(void)self;
	gethostname(process.host, sizeof(process.host) - 1);
	reporting_files_tidy(process.config->state);
	report_store_tidy(process.config->state);
	return true;
}

/* It has nothing to do but what it is told. */
static void run(void *self)
{
	(void)self;
}

struct guard_task reporting_task(const struct config *config, const char *depot)
{
	process.config = config;
	process.depot = depot;
	process.writable[0] = config->state;
	size_t readable = 0;
	if (config->report_compliance[0] != '\0') {
		snprintf(process.compliance_folder, sizeof(process.compliance_folder),
			 "%s/", config->report_compliance);
		process.readable[readable++] = process.compliance_folder;
	}
	return (struct guard_task){
		.kind = depot[0] != '\0' ? GUARD_FLEET_REPORTER : GUARD_REPORTER,
		.user = config->user,
		.readable = process.readable,
		.readable_count = readable,
		.writable = process.writable,
		.begin_life = begin_life,
		.open = open_all,
		.run = run,
		.take = take,
	};
}
