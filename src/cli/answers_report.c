/*
 * answers_report.c: reports for the web room, made of the daemon's own store, or at a
 * hub of what the depot has; see answers_report.h.
 */
#include "cli/answers_report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/fleet_report.h"
#include "cli/report_kept.h"
#include "report/bundle.h"
#include "report/formats.h"

/* Who wants more has the command, which disturbs no monitor. */
enum { TIME_MAX_S = 60, BYTES_MAX = 32 << 20, DEPOT_MS = 20000 };
enum { CHOICE_MAX = 80 }; /* of a file's name */
enum {
	STATUS_GOOD = 200,
	STATUS_WRONG = 400,
	STATUS_NONE = 404,
	STATUS_TOO_LARGE = 422, /* what is asked is right, and too much */
	STATUS_NOT_NOW = 503
};

struct making {
	struct report_retention kept;
	config_text folder, compliance; /* the latter "": what is built in */
	char depot[PAST_DEPOT_MAX];     /* of a hub; "": the store in the folder */
	char host[HOST_NAME_MAX + 1];
	/* In the thread: */
	const struct web_report_ask *ask;
	const atomic_bool *cancelled;
	int64_t until_us; /* monotonic */
	bool is_late;
	enum report_failure failure; /* told */
	struct web_report *out;
};

void *answers_report_begin(const struct config *config, const char *depot)
{
	struct making *making = calloc(1, sizeof(*making));
	if (making == NULL)
		return NULL;
	making->kept = report_kept(config);
	memcpy(making->folder, config->state, sizeof(making->folder));
	memcpy(making->compliance, config->report_compliance,
	       sizeof(making->compliance));
	snprintf(making->depot, sizeof(making->depot), "%s", depot);
	gethostname(making->host, sizeof(making->host) - 1);
	return making;
}

/* ---- in a thread ---- */

static bool goes_on(void *self)
{
	struct making *making = self;
	making->is_late |= clock_us(CLOCK_MONOTONIC) > making->until_us;
	return !making->is_late && !atomic_load(making->cancelled);
}

static void say(const struct making *making, unsigned status, const char *why)
{
	making->out->status = status;
	buf_free(making->out->text);
	buf_text(making->out->text, why);
}

/* "-berlin", "-web-1-and-others": whose records, at a hub. */
static void name_choice(const struct web_report_ask *ask, char out[static CHOICE_MAX])
{
	const char *const chosen[] = { ask->site, ask->tag, ask->sensor };
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
		size_t first = strcspn(chosen[i], ", ");
		if (first > 0)
			len += (size_t)snprintf(out + len, CHOICE_MAX - len, "-%.*s%s",
						first < 20 ? (int)first : 20, chosen[i],
						chosen[i][first] != '\0' ? "-and-others"
									 : "");
	}
}

static const char *given(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* "pci-dss-2026-01-01-to-2026-04-01.html"; the name is one of the files', so of letters
 * that no file system minds. */
static void name_file(const struct making *making, const char *suffix)
{
	const struct web_report_ask *ask = making->ask;
	char days[2][16] = { "", "" }, choice[CHOICE_MAX];
	const int64_t times[2] = { ask->since_us, ask->until_us };
	for (int i = 0; i < 2; i++) {
		struct tm day;
		time_t at = (time_t)(times[i] / 1000000);
		if (gmtime_r(&at, &day) != NULL)
			strftime(days[i], sizeof(days[i]), "%Y-%m-%d", &day);
	}
	name_choice(ask, choice);
	char *name = making->out->file_name;
	size_t size = sizeof(making->out->file_name);
	if (ask->incident[0] != '\0' && !ask->has_time) /* of its own time */
		snprintf(name, size, "%s%s%s", ask->name, choice, suffix);
	else
		snprintf(name, size, "%s%s-%s-to-%s%s", ask->name, choice, days[0],
			 days[1], suffix);
}

static const char too_late[] =
	"it takes more than a minute: ask for less time, or use `breakwater report`, "
	"which has no limit";

static void say_failure(const struct making *making, const char *error)
{
	static const unsigned statuses[] = { [REPORT_ASKED_WRONGLY] = STATUS_WRONG,
					     [REPORT_TOO_LARGE] = STATUS_TOO_LARGE,
					     [REPORT_NOT_NOW] = STATUS_NOT_NOW };
	if (making->is_late)
		say(making, STATUS_NOT_NOW, too_late);
	else
		say(making, statuses[making->failure], error);
}

static void write_report(const struct making *making, const struct report *report,
			 struct store_reader *reader)
{
	const struct report_format *format = report_format(making->ask->format);
	char error[STORE_ERROR_MAX];
	making->out->status = STATUS_GOOD;
	if (!making->ask->is_bundle) {
		making->out->type = format->type;
		name_file(making, format->suffix);
		format->write(report, making->out->text);
		return;
	}
	making->out->type = "application/x-tar";
	name_file(making, ".bundle");
	if (!bundle_write(report, reader, making->out->text, error))
		say_failure(making, error);
}

static void make_of(struct making *making, const struct compliance *compliance,
		    const struct report_ask *ask, struct store_reader *reader)
{
	char error[STORE_ERROR_MAX];
	struct report *report = report_make(reader, compliance, ask, error);
	if (report != NULL)
		write_report(making, report, reader);
	else
		say_failure(making, error);
	report_free(report);
}

static void make_of_fleet(struct making *making, const struct compliance *compliance,
			  struct report_ask *ask)
{
	const struct web_report_ask *asked = making->ask;
	const struct fleet_choice choice = { asked->sensor, asked->site, asked->tag };
	const struct fleet_report_place place = { .folder = making->folder,
						  .depot = making->depot,
						  .wait_ms = DEPOT_MS,
						  .cancel = making->cancelled };
	char error[STORE_ERROR_MAX];
	int status;
	struct fleet_report *fleet =
		fleet_report_open(&place, &choice, ask, &status, error);
	if (fleet == NULL) {
		say(making, status == STATUS_USAGE ? STATUS_WRONG : STATUS_NOT_NOW,
		    error);
		return;
	}
	make_of(making, compliance, ask, NULL);
	fleet_report_close(fleet);
}

static void make(struct making *making, const struct compliance *compliance,
		 struct store_reader *reader)
{
	const struct web_report_ask *asked = making->ask;
	struct report_ask ask = {
		.framework = asked->name,
		.since_us = asked->since_us,
		.until_us = asked->until_us,
		.now_us = asked->now_us,
		.has_own_time = !asked->has_time,
		.subject = { given(asked->host), given(asked->user),
			     given(asked->incident) },
		.host = making->host,
		.retention = making->kept,
		.folder = making->folder,
		.bytes_max = BYTES_MAX,
		.json_rows_max = asked->rows,
		.failure = &making->failure,
		.goes_on = goes_on,
		.self = making,
	};
	making->until_us = clock_us(CLOCK_MONOTONIC) + TIME_MAX_S * INT64_C(1000000);
	if (making->depot[0] != '\0')
		make_of_fleet(making, compliance, &ask);
	else
		make_of(making, compliance, &ask, reader);
}

static void refuse_name(const struct making *making,
			const struct compliance *compliance)
{
	struct buf *text = making->out->text;
	making->out->status = STATUS_NONE;
	buf_printf(text, "there is no report \"%s\"; allowed: ", making->ask->name);
	compliance_list_names(compliance, text);
}

static void answer(struct making *making, const struct compliance *compliance,
		   struct store_reader *reader)
{
	const struct report_format *format = report_format(making->ask->format);
	bool is_document, is_fleets = making->depot[0] != '\0';
	if (making->ask->name[0] == '\0') {
		making->out->status = STATUS_GOOD;
		making->out->type = "application/json";
		compliance_list_json(compliance, is_fleets, making->out->text);
	} else if (!compliance_has(compliance, making->ask->name, &is_document)) {
		refuse_name(making, compliance);
	} else if (format == NULL) {
		say(making, STATUS_WRONG,
		    "format: there is none of that name; "
		    "allowed: " REPORT_FORMATS_ALLOWED);
	} else if (format->is_of_controls && is_document) {
		say(making, STATUS_WRONG,
		    "format: a document has no controls; "
		    "allowed for it: " REPORT_FORMATS_OF_DOCUMENTS);
	} else if (is_fleets && (format->is_of_controls || making->ask->is_bundle)) {
		say(making, STATUS_WRONG, FLEET_REPORT_FORMATS);
	} else {
		make(making, compliance, reader);
	}
}

void answers_report_end(void *begun, const struct web_report_ask *ask,
			struct store_reader *reader, const atomic_bool *cancelled,
			struct web_report *out)
{
	struct making *making = begun;
	struct buf errors = { 0 };
	if (ask == NULL) {
		free(making);
		return;
	}
	making->ask = ask;
	making->cancelled = cancelled;
	making->out = out;
	struct compliance *compliance =
		compliance_open(given(making->compliance), &errors);
	if (compliance != NULL)
		answer(making, compliance, reader);
	else
		say(making, STATUS_NOT_NOW,
		    errors.len > 0 && buf_ok(&errors) ? buf_cstr(&errors)
						      : "out of memory");
	compliance_free(compliance);
	buf_free(&errors);
	free(making);
}
