/*
 * scan_keep.c: see scan_keep.h.
 */
#include "cli/scan_keep.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/replay_store.h"
#include "cli/scan_body.h"
#include "cli/scan_known.h"

enum { BODY_BYTES = 512 * 1024 }; /* half of what the daemon takes at once */

bool scan_may_ask_daemon(const struct common_options *common)
{
	char path[SOCKET_PATH_SIZE];
	socket_path_default(path);
	return common->socket != NULL || access(path, F_OK) == 0 ||
	       access(SOCKET_PATH_SYSTEM, F_OK) == 0;
}

/* ---- a store ---- */

static void put(const struct scan_report *report, const struct scan_run_record *run,
		const char *folder)
{
	struct scan_run_record own = *run;
	const struct passwd *user = getpwuid(getuid());
	int status;
	struct replay_store *store = replay_store_open("scan", folder, &status);
	if (store == NULL)
		return;
	if (user != NULL)
		record_text(own.user, sizeof(own.user), user->pw_name);
	else
		snprintf(own.user, sizeof(own.user), "uid %u", (unsigned)getuid());
	replay_store_put(store, RECORD_scan_run, &own);
	for (size_t i = 0; i < report->count; i++)
		replay_store_put(store, RECORD_scan, &report->records[i]);
	replay_store_close(store);
}

/* ---- the daemon ---- */

static void announce(struct client *client, const struct scan_report *report,
		     struct buf *ranges)
{
	char error[CLIENT_ERROR_MAX];
	struct buf body = { 0 }, answer = { 0 };
	struct scan_run_record run;
	record_init(RECORD_scan_run, &run);
	run.start = report->begin_us;
	run.transport = strcmp(report->technique, "udp") == 0 ? "udp" : "tcp";
	run.technique = report->technique;
	record_text(run.targets, sizeof(run.targets), buf_cstr(ranges));
	record_json(&body, RECORD_scan_run, &run);
	buf_char(&body, '\n');
	client_post(client, "/api/v1/scans", &body, &answer, error);
	buf_free(&body);
	buf_free(&answer);
}

/* The last address of a range. */
static struct addr last_of(const struct target_range *range)
{
	struct addr last = range->first;
	uint32_t more = range->count - 1;
	for (int i = 15; i >= 0 && more > 0; i--) {
		more += last.ip6[i];
		last.ip6[i] = (uint8_t)more;
		more >>= 8;
	}
	return last;
}

void scan_announce(const struct scan_report *report, const struct targets *targets)
{
	enum { RANGE_TEXT = 2 * ADDR_TEXT_MAX, TEXT_MAX = 250 };
	struct client *client = scan_may_ask_daemon(report->common)
					? client_open(report->common)
					: NULL;
	struct buf ranges = { 0 };
	for (size_t i = 0; client != NULL && i < targets->count; i++) {
		struct addr last = last_of(&targets->at[i]);
		scan_known_text(&ranges, &targets->at[i].first, &last);
		if (i + 1 < targets->count && ranges.len + RANGE_TEXT < TEXT_MAX)
			continue;
		announce(client, report, &ranges);
		buf_clear(&ranges);
	}
	buf_free(&ranges);
	client_close(client);
}

static void add_line(struct buf *body, enum record_kind kind, const void *record)
{
	record_json(body, kind, record);
	buf_char(body, '\n');
}

/* The next of them, as many as may be given at once; how far it has come. */
static size_t fill(struct buf *body, const struct scan_report *report,
		   const struct scan_run_record *run, size_t from)
{
	buf_clear(body);
	add_line(body, RECORD_scan_run, run);
	size_t end = from;
	while (end < report->count && end - from < SCAN_BODY_PORTS &&
	       body->len < BODY_BYTES)
		add_line(body, RECORD_scan, &report->records[end++]);
	return end;
}

static int give(struct client *client, const struct scan_report *report,
		const struct scan_run_record *run, char error[static CLIENT_ERROR_MAX])
{
	struct buf body = { 0 }, answer = { 0 };
	int status = STATUS_OK;
	size_t at = 0;
	do {
		at = fill(&body, report, run, at);
		buf_clear(&answer);
		status = client_post(client, "/api/v1/scans", &body, &answer, error);
	} while (status == STATUS_OK && at < report->count);
	buf_free(&body);
	buf_free(&answer);
	return status;
}

void scan_keep(const struct scan_report *report, const struct scan_run_record *run,
	       const char *folder)
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	if (folder != NULL) {
		put(report, run, folder);
		return;
	}
	if (!scan_may_ask_daemon(report->common)) {
		if (report->form == SCAN_TABLE)
			fputs("Not kept: no daemon runs here; --state DIR keeps it "
			      "without one.\n",
			      stderr);
		return;
	}
	struct client *client = client_open(report->common);
	if (client == NULL || give(client, report, run, error) != STATUS_OK)
		fprintf(stderr, "Not kept: %s\n", error);
	client_close(client);
}
