/*
 * report.c: breakwater report: what was observed, for an auditor; needs no daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/fleet_report.h"
#include "cli/options.h"
#include "cli/past_reader.h"
#include "cli/patience.h"
#include "cli/report_check.h"
#include "cli/report_kept.h"
#include "cli/state_folder.h"
#include "report/bundle.h"
#include "report/formats.h"

static const char examples[] =
	"  breakwater report                                which ones there are\n"
	"  breakwater report pci-dss --since 90d -o pci-dss.html\n"
	"  breakwater report pci-dss --since 90d --bundle pci.bundle\n"
	"  breakwater report soc2 --format csv -o soc2.csv\n"
	"  breakwater report --check --compliance house     after an edit\n"
	"  breakwater report access --user alice -o alice.html\n"
	"  breakwater report incident 3f2a -o incident.html\n"
	"  breakwater report executive --site berlin -o june.html    at a hub\n";

enum { HOST_MAX = 256 };
#define DEFAULT_SINCE "90d"

struct report_options {
	const char *config_path, *state, *since, *until, *format, *out, *bundle,
		*compliance;
	struct report_subject subject;
	struct fleet_choice choice;
	bool is_check, own;
	struct common_options common;
};

static int complain(const char *what)
{
	fprintf(stderr, "breakwater report: %s\n", what);
	return STATUS_USAGE;
}

static bool goes_on(void *self)
{
	(void)self;
	patience_tell("collecting the evidence");
	return !patience_has_ended();
}

/* ---- what is asked ---- */

static bool read_time(const char *option, const char *text, int64_t now_us,
		      int64_t *at_us)
{
	if (when_parse(text, now_us, at_us))
		return true;
	fprintf(stderr, "breakwater report: --%s: \"%s\" is no time; allowed is %s\n",
		option, text, WHEN_ALLOWED);
	return false;
}

/* ---- what is answered ---- */

static int write_out(const struct buf *text, const char *path)
{
	int error = 0;
	if (!buf_ok(text))
		return complain("not enough memory for the report");
	if (path != NULL)
		error = file_replace(path, text->at, text->len);
	else if (fwrite(text->at, 1, text->len, stdout) != text->len ||
		 fflush(stdout) != 0)
		error = -errno;
	if (error == 0)
		return STATUS_OK;
	fprintf(stderr, "breakwater report: %s: %s\n",
		path != NULL ? path : "standard output", strerror(-error));
	return STATUS_USAGE;
}

static int write_bundle(const struct report_options *o, const struct report *report,
			struct store_reader *reader)
{
	struct buf text = { 0 };
	char error[STORE_ERROR_MAX];
	int status = bundle_write(report, reader, &text, error)
			     ? write_out(&text, o->bundle)
			     : complain(error);
	buf_free(&text);
	return status;
}

static int write_document(const struct report_options *o, const struct report *report)
{
	struct buf text = { 0 };
	report_format(o->format)->write(report, &text);
	int status = write_out(&text, o->out);
	buf_free(&text);
	return status;
}

/* A bundle holds every format: the document is written only if it was asked for. */
static int write_report(const struct report_options *o, const struct report *report,
			struct store_reader *reader)
{
	int status = STATUS_OK;
	if (o->bundle != NULL)
		status = write_bundle(o, report, reader);
	if (status == STATUS_OK && (o->bundle == NULL || o->out != NULL))
		status = write_document(o, report);
	if (status != STATUS_OK)
		return status;
	return report_is_incomplete(report) ? STATUS_INCOMPLETE
	       : report_deviates(report)    ? STATUS_BAD_NEWS
					    : STATUS_OK;
}

static int make(const struct report_options *o, struct store_reader *reader,
		const struct compliance *compliance, struct report_ask *ask)
{
	char host[HOST_MAX] = "", error[STORE_ERROR_MAX];
	if (ask->fleet == NULL) {
		gethostname(host, sizeof(host) - 1);
		ask->host = host;
	}
	patience_begin();
	struct report *report = report_make(reader, compliance, ask, error);
	patience_end();
	if (report == NULL)
		return complain(error);
	bool has_no_controls =
		report_format(o->format)->is_of_controls && report_is_document(report);
	int status =
		has_no_controls
			? complain("--format: a document has no controls; "
				   "allowed for it is " REPORT_FORMATS_OF_DOCUMENTS)
			: write_report(o, report, reader);
	report_free(report);
	return status;
}

static int report_of_store(const struct report_options *o,
			   const struct compliance *compliance, struct report_ask *ask)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(ask->folder, error, &status);
	if (reader == NULL) {
		complain(error);
		return status;
	}
	status = make(o, reader, compliance, ask);
	store_reader_close(reader);
	return status;
}

static int report_of_fleet(const struct report_options *o,
			   const struct compliance *compliance,
			   const struct past_place *place, struct report_ask *ask)
{
	char error[STORE_ERROR_MAX];
	int status;
	const struct fleet_report_place from = { .folder = place->folder,
						 .depot = place->depot };
	if (o->bundle != NULL || report_format(o->format)->is_of_controls)
		return complain(FLEET_REPORT_FORMATS);
	struct fleet_report *fleet =
		fleet_report_open(&from, &o->choice, ask, &status, error);
	if (fleet == NULL) {
		complain(error);
		return status;
	}
	status = make(o, NULL, compliance, ask);
	fleet_report_close(fleet);
	return status;
}

static int report_of(const struct report_options *o,
		     const struct compliance *compliance, const char *framework)
{
	const struct past_asked asked = { .command = "report",
					  .state = o->state,
					  .config_path = o->config_path,
					  .own = o->own };
	struct past_place place;
	struct report_ask ask = { .framework = framework,
				  .now_us = clock_us(CLOCK_REALTIME),
				  .has_own_time = o->since == NULL && o->until == NULL,
				  .subject = o->subject,
				  .retention = report_kept_by(o->config_path),
				  .goes_on = goes_on,
				  .folder = place.folder };
	if (!read_time("since", o->since != NULL ? o->since : DEFAULT_SINCE, ask.now_us,
		       &ask.since_us))
		return STATUS_USAGE;
	ask.until_us = ask.now_us;
	if (o->until != NULL &&
	    !read_time("until", o->until, ask.now_us, &ask.until_us))
		return STATUS_USAGE;
	if (ask.until_us <= ask.since_us)
		return complain("--until is not after --since");
	int status = past_find(&asked, &place);
	if (status != STATUS_OK)
		return status;
	if (place.depot[0] != '\0')
		return report_of_fleet(o, compliance, &place, &ask);
	if (o->choice.sensor != NULL || o->choice.site != NULL || o->choice.tag != NULL)
		return complain(
			"--sensor, --site and --tag choose among those of a "
			"fleet: allowed in a hub's state folder, without --own");
	return report_of_store(o, compliance, &ask);
}

static int start(struct report_options *o, int words, char **word)
{
	struct buf text = { 0 };
	if (report_format(o->format) == NULL) {
		fprintf(stderr,
			"breakwater report: --format: \"%s\" is none; allowed "
			"is " REPORT_FORMATS_ALLOWED "\n",
			o->format);
		return STATUS_USAGE;
	}
	if (o->is_check && words > 0)
		return complain("--check is of all files: name none");
	if (words > 2)
		return complain("one word too many: one framework or document at a "
				"time, and the id of an incident");
	o->subject.incident = words == 2 ? word[1] : NULL;
	config_text folder;
	int status = compliance_folder("report", o->compliance, o->state,
				       o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	struct compliance *compliance =
		compliance_open(folder[0] != '\0' ? folder : NULL, &text);
	if (compliance == NULL) {
		fputs(buf_ok(&text) ? buf_cstr(&text) : "", stderr);
		buf_free(&text);
		return STATUS_USAGE;
	}
	if (o->is_check) {
		status = report_check(compliance);
	} else if (words == 0) {
		compliance_list(compliance, &text);
		status = write_out(&text, NULL);
	} else {
		status = report_of(o, compliance, word[0]);
	}
	compliance_free(compliance);
	buf_free(&text);
	return status;
}

int command_report(int argc, char **argv)
{
	struct report_options o = { .format = "html" };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "since", "TIME",
		  "begin of the time it is about (" DEFAULT_SINCE
		  "; of an incident its own)",
		  &o.since, 0, 0 },
		{ 0, OPTION_TEXT, "until", "TIME", "its end (now)", &o.until, 0, 0 },
		{ 0, OPTION_TEXT, "format", "NAME", REPORT_FORMATS_ALLOWED " (html)",
		  &o.format, 0, 0 },
		{ 'o', OPTION_TEXT, "output", "FILE", "into that file", &o.out, 0, 0 },
		{ 0, OPTION_TEXT, "bundle", "FILE",
		  "with all that it rests on, to be verified anywhere", &o.bundle, 0,
		  0 },
		{ 0, OPTION_TEXT, "host", "ADDRESS",
		  "of access: whose connections and logins, address or network",
		  &o.subject.host, 0, 0 },
		{ 0, OPTION_TEXT, "user", "NAME", "of access: whose", &o.subject.user,
		  0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "folder of the store; default that of the configuration", &o.state, 0,
		  0 },
		{ 0, OPTION_TEXT, "compliance", "DIR",
		  "own evidence/ and frameworks/ beside those built in; default that "
		  "of the configuration, without --state",
		  &o.compliance, 0, 0 },
		{ 0, OPTION_FLAG, "check", NULL,
		  "only whether evidence/ and frameworks/ are as they should be",
		  &o.is_check, 0, 0 },
		{ 0, OPTION_TEXT, "sensor", "NAME", "at a hub: of that sensor only",
		  &o.choice.sensor, 0, 0 },
		{ 0, OPTION_TEXT, "site", "NAME", "... of those at that site",
		  &o.choice.site, 0, 0 },
		{ 0, OPTION_TEXT, "tag", "NAME", "... of those with that tag",
		  &o.choice.tag, 0, 0 },
		{ 0, OPTION_FLAG, "own", NULL,
		  "at a hub: of its own store, which has what people did there", &o.own,
		  0, 0 },
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "report",
		.operands = "[FRAMEWORK | DOCUMENT | incident ID]",
		.doc = "What was observed, as evidence for a framework's controls: "
		       "with "
		       "how much of the\ntime was really observed, and what it can't "
		       "show. Exit status 1: something\ndeviates, 5: not all is known.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
