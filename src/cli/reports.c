/*
 * reports.c: breakwater reports: which reports the daemon makes by itself, when, and
 * what it made; and has it make one now.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/view.h"

static const char examples[] =
	"  breakwater reports                    what is scheduled, and what was made\n"
	"  breakwater reports --limit 100\n"
	"  breakwater reports run pci-dss        now, of the period that ended last\n"
	"  breakwater reports run cis --every week\n"
	"  breakwater reports run cis --site berlin    at a hub, if several are "
	"scheduled\n";

enum { TEXT_SIZE = 256, MINUTE_LEN = 16 };

struct asked {
	struct common_options common;
	const char *every, *sensor, *site, *tag;
	uint64_t limit;
};

static int complain(const char *error, int status)
{
	char clean[CLIENT_ERROR_MAX];
	text_clean(clean, sizeof(clean), error);
	fprintf(stderr, "breakwater reports: %s\n", clean);
	return status;
}

/* ---- what is scheduled ---- */

static const char *clean_member(const json_t *object, const char *name,
				char clean[static TEXT_SIZE])
{
	const char *text = member_text(object, name);
	text_clean(clean, TEXT_SIZE, text != NULL ? text : "");
	return clean;
}

static void print_words(const json_t *object, const char *name, const char *before)
{
	const json_t *all = json_object_get(object, name);
	char clean[TEXT_SIZE];
	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *text = json_string_value(json_array_get(all, i));
		text_clean(clean, sizeof(clean), text != NULL ? text : "");
		printf("%s%s", i == 0 ? before : ", ", clean);
	}
}

/* To the minute, UTC: "2026-12-01 06:00". */
static void print_time(const json_t *object, const char *name, const char *before)
{
	const char *text = member_text(object, name);
	char clean[TEXT_SIZE];
	if (text == NULL)
		return;
	text_clean(clean, sizeof(clean), text);
	clean[MINUTE_LEN] = '\0';
	if (clean[10] == 'T')
		clean[10] = ' ';
	printf("%s%s UTC", before, clean);
}

/* At a hub: whose records. */
static void print_choice(const json_t *entry)
{
	static const char *const names[] = { "site", "tag", "sensor" };
	char text[TEXT_SIZE];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (clean_member(entry, names[i], text)[0] != '\0')
			printf("  of %s %s", names[i], text);
}

static void print_entry(const json_t *entry)
{
	char report[TEXT_SIZE], every[TEXT_SIZE], at[TEXT_SIZE];
	printf("%s", clean_member(entry, "report", report));
	print_choice(entry);
	printf("  every %s at %s", clean_member(entry, "every", every),
	       clean_member(entry, "at", at));
	print_words(entry, "formats", "  as ");
	if (json_is_true(json_object_get(entry, "bundle")))
		printf(" with its bundle");
	print_words(entry, "mail", "  mailed to ");
	print_time(entry, "next", "  next ");
	if (json_is_true(json_object_get(entry, "making")))
		printf("  BEING MADE");
	print_time(entry, "again", "  failed, tried again ");
	puts("");
}

static int list_schedule(const struct asked *a, struct client *client)
{
	char error[CLIENT_ERROR_MAX], detail[TEXT_SIZE];
	struct buf body = { 0 };
	int status =
		client_get(client, "/api/v1/report_schedule", &body, NULL, NULL, error);
	json_t *object = status == STATUS_OK ? object_parse(&body) : NULL;
	const json_t *schedule = json_object_get(object, "schedule");
	const json_t *process = json_object_get(object, "process");
	size_t count = json_array_size(schedule);
	if (status != STATUS_OK)
		complain(error, status);
	else if (a->common.json)
		fwrite(body.at, 1, body.len, stdout);
	else if (count == 0)
		puts("Nothing is scheduled (report.schedule of the configuration).");
	for (size_t i = 0; i < count && !a->common.json; i++)
		print_entry(json_array_get(schedule, i));
	if (count > 0 && json_is_false(json_object_get(process, "holds"))) {
		complain(clean_member(process, "detail", detail), STATUS_BAD_NEWS);
		status = STATUS_BAD_NEWS;
	}
	json_decref(object);
	buf_free(&body);
	return status;
}

/* ---- what was made ---- */

static void print_made(const json_t *record)
{
	char report[TEXT_SIZE], text[TEXT_SIZE];
	bool is_made = strcmp(clean_member(record, "state", text), "made") == 0;
	print_time(record, "at", "");
	printf("  %s", clean_member(record, "report", report));
	if (clean_member(record, "chosen", text)[0] != '\0')
		printf("  of %s", text);
	print_time(record, "period_start", "  from ");
	print_time(record, "period_end", " to ");
	if (is_made)
		printf("  %s", clean_member(record, "outcome", text));
	if (is_made)
		printf("  in reports/: %s", clean_member(record, "files", text));
	else
		printf("  FAILED");
	if (clean_member(record, "mailed_to", text)[0] != '\0')
		printf("  mailed to %s", text);
	if (clean_member(record, "error", text)[0] != '\0')
		printf("  (%s)", text);
	puts("");
}

static int list_made(const struct asked *a, struct client *client)
{
	char error[CLIENT_ERROR_MAX], limit[32];
	struct buf path = { 0 }, body = { 0 };
	snprintf(limit, sizeof(limit), "%llu", (unsigned long long)a->limit);
	buf_text(&path, "/api/v1/reports_made");
	client_parameter(&path, "limit", limit);
	int status = buf_cstr(&path) == NULL
			     ? STATUS_INCOMPLETE
			     : client_get(client, path.at, &body, NULL, NULL, error);
	json_t *rows = status == STATUS_OK ? lines_parse(&body) : NULL;
	if (status != STATUS_OK)
		complain(error, status);
	else if (a->common.json)
		fwrite(body.at, 1, body.len, stdout);
	else if (json_array_size(rows) > 0)
		puts("\nMade:");
	for (size_t i = 0; i < json_array_size(rows) && !a->common.json; i++)
		print_made(json_array_get(rows, i));
	json_decref(rows);
	buf_free(&path);
	buf_free(&body);
	return status;
}

static int list(const struct asked *a, struct client *client)
{
	int status = list_schedule(a, client);
	if (status != STATUS_OK && status != STATUS_BAD_NEWS)
		return status;
	int made = list_made(a, client);
	return made != STATUS_OK ? made : status;
}

/* ---- one now ---- */

static int run(const struct asked *a, struct client *client, const char *report)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	client_parameter(&form, "report", report);
	client_parameter(&form, "every", a->every);
	client_parameter(&form, "sensor", a->sensor);
	client_parameter(&form, "site", a->site);
	client_parameter(&form, "tag", a->tag);
	int status =
		change_post(client, "reports", "/api/v1/reports_made", &form, message);
	if (status == STATUS_OK)
		puts(message);
	return status;
}

int command_reports(int argc, char **argv)
{
	enum { LIMIT_USUAL = 20, LIMIT_MAX = 10000 };
	struct asked a = { .limit = LIMIT_USUAL };
	int first, status;
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "every", "PERIOD",
		  "of run: which, if it is scheduled more than once", &a.every, 0, 0 },
		{ 0, OPTION_TEXT, "sensor", "NAME",
		  "... at a hub: the one of that sensor", &a.sensor, 0, 0 },
		{ 0, OPTION_TEXT, "site", "NAME", "... of that site", &a.site, 0, 0 },
		{ 0, OPTION_TEXT, "tag", "NAME", "... of that tag", &a.tag, 0, 0 },
		{ 0, OPTION_NUMBER, "limit", "N",
		  "at most so many of those that were made (20)", &a.limit, 1,
		  LIMIT_MAX },
	};
	const struct command_help help = {
		.name = "reports",
		.operands = "[run NAME]",
		.doc = "Which reports the daemon makes by itself, when next, and what "
		       "it "
		       "made.  run: makes\none now, of the period that ended last, and "
		       "mails it as scheduled.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	bool runs = argc - first == 2 && strcmp(argv[first], "run") == 0;
	if (argc > first && !runs)
		return complain("allowed is nothing, or: run NAME", STATUS_USAGE);
	if ((a.every != NULL || a.sensor != NULL || a.site != NULL || a.tag != NULL) &&
	    !runs)
		return complain(
			"--every, --sensor, --site and --tag belong to run NAME",
			STATUS_USAGE);
	struct client *client = client_open(&a.common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	status = runs ? run(&a, client, argv[first + 1]) : list(&a, client);
	client_close(client);
	return status;
}
