/*
 * blocks.c: breakwater blocks: which responses are in force, which were lately, and
 * why.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/block_screen.h"
#include "cli/by_id.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/proof.h"
#include "cli/state_folder.h"
#include "cli/table.h"

enum { OVER_SHOWN = 10 };

static const char all_path[] = "/api/v1/blocks?limit=100000";
static const char examples[] =
	"  breakwater blocks                 what is in force, and what was lately\n"
	"  breakwater blocks 3fa2            all that is known of one: why, on what\n"
	"                                    ground, for how long, what it stopped\n"
	"  breakwater blocks 192.0.2.7       is it blocked? Also networks that hold "
	"it\n"
	"  breakwater blocks 3fa2 --evidence proof.ndjson\n"
	"                                    what it was decided by, to be checked "
	"elsewhere\n"
	"  breakwater blocks --since 7d      what was decided in the last week\n"
	"  breakwater blocks --thaw          after too many blocks: let automatic "
	"ones\n"
	"                                    begin again\n"
	"  breakwater unblock 192.0.2.7      end one\n";

struct asked {
	struct listing listing;
	const char *folder;   /* a store's */
	const char *evidence; /* file */
	bool all, thaws;
	bool is_about_one; /* source */
	struct prefix about;
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater blocks: %s\n", why);
	return status;
}

/* ---- a list ---- */

/* It holds what is asked about, or lies within. */
static bool concerns(const json_t *row, const struct prefix *about)
{
	char text[ADDR_TEXT_MAX + 8];
	struct prefix prefix;
	const char *address = member_text(row, "address");
	double len = member_number(row, "prefix_len");
	snprintf(text, sizeof(text), "%.45s/%.0f", address != NULL ? address : "",
		 len >= 0 && len <= 128 ? len : 128);
	return prefix_parse(text, &prefix) && (prefix_holds(&prefix, &about->addr) ||
					       prefix_holds(about, &prefix.addr));
}

static bool row_lasts(const json_t *row)
{
	const char *state = member_text(row, "state");
	return state != NULL && block_lasts(state);
}

/* Those in force first; those that are over only while they are few. */
static json_t *rows_shown(const struct asked *a, const json_t *rows, size_t *left_out)
{
	size_t i, over = 0;
	json_t *row, *shown = json_array(), *rest = json_array();
	json_array_foreach(rows, i, row)
	{
		if (a->is_about_one && !concerns(row, &a->about))
			continue;
		if (row_lasts(row))
			json_array_append(shown, row);
		else if (over++ < OVER_SHOWN)
			json_array_append(rest, row);
	}
	json_array_extend(shown, rest);
	json_decref(rest);
	*left_out = over > OVER_SHOWN ? over - OVER_SHOWN : 0;
	return shown;
}

static void print_json(const json_t *rows)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static void print_rows(const struct asked *a, const json_t *rows)
{
	size_t left_out;
	const struct limits limits = limits_of(NULL);
	const struct look look = look_of(&a->listing.common);
	json_t *shown = rows_shown(a, rows, &left_out);
	if (a->listing.common.json)
		print_json(shown);
	else if (json_array_size(shown) > 0)
		table_print(&view_blocks, shown, &limits, &look);
	else
		fprintf(stderr, "%s\n", view_blocks.nothing);
	fflush(stdout);
	if (left_out > 0 && !a->listing.common.json)
		fprintf(stderr, "and %zu that are over; more with --all\n", left_out);
	json_decref(shown);
}

static int list(const struct asked *a)
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct buf body = { 0 };
	struct client *client = client_open(&a->listing.common);
	int status = client == NULL
			     ? STATUS_INCOMPLETE
			     : client_get(client, all_path, &body, NULL, NULL, error);
	json_t *rows = status == STATUS_OK ? lines_parse(&body) : NULL;
	if (status != STATUS_OK)
		complain(status, error);
	else if (rows == NULL)
		status = complain(STATUS_UNREACHABLE,
				  "the daemon's answer can't be read");
	else
		print_rows(a, rows);
	json_decref(rows);
	buf_free(&body);
	client_close(client);
	return status;
}

/* What was asked for in particular is all shown. */
static int run_listing(struct asked *a)
{
	struct listing *listing = &a->listing;
	bool is_plain = !a->all && !listing->common.json && listing->since == NULL &&
			listing->until == NULL && listing->port == UINT64_MAX &&
			listing->sort == NULL && listing->limit == 0;
	if (is_plain)
		return list(a);
	if (a->all && listing->since == NULL && listing->until == NULL)
		listing->since = "30d";
	return listing_run(listing);
}

/* ---- one ---- */

static bool take_finding(void *self, const void *record)
{
	struct block_facts *facts = self;
	facts->finding = *(const struct finding_record *)record;
	return false;
}

static void print_one(const struct asked *a, const struct block_facts *facts)
{
	const struct look look = look_of(&a->listing.common);
	struct timespec now;
	if (a->listing.common.json) {
		record_print(RECORD_block, &facts->block);
		if (facts->finding.id[0] != '\0')
			record_print(RECORD_finding, &facts->finding);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	block_screen(&look, facts, (int64_t)now.tv_sec * 1000000);
}

static int show(const struct asked *a, const char *id)
{
	int status;
	struct block_facts facts = { 0 };
	if (!is_id(id))
		return complain(STATUS_USAGE,
				"that is no address, and an ID is at least the first "
				"four of its sixteen hexadecimal digits");
	record_init(RECORD_finding, &facts.finding);
	struct gather *gather =
		gather_open(&a->listing.common, "blocks", a->folder, &status);
	if (gather == NULL)
		return status;
	status = by_id_find(gather, RECORD_block, id, &facts.block);
	const struct gather_wanted finding = { .kind = RECORD_finding,
					       .name = "id",
					       .value = facts.block.finding };
	if (status == STATUS_OK && facts.block.finding[0] != '\0')
		status = gather_each(gather, &finding, take_finding, &facts);
	if (status == STATUS_OK)
		print_one(a, &facts);
	gather_close(gather);
	return status;
}

/* ---- what it was decided by ---- */

static int write_lines(const char *path, const struct buf *lines)
{
	bool is_output = strcmp(path, "-") == 0;
	int fd = is_output ? STDOUT_FILENO
			   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	int error = file_write(fd, lines->at, lines->len);
	if (!is_output && close(fd) != 0 && error == 0)
		error = -errno;
	return error;
}

static int write_evidence(const struct asked *a, const char *id)
{
	config_text folder;
	struct buf lines = { 0 };
	int status = state_folder("blocks", a->folder, NULL, folder);
	if (status == STATUS_OK)
		status = proof_make("blocks", folder, id, &lines);
	int error = status == STATUS_OK ? write_lines(a->evidence, &lines) : 0;
	buf_free(&lines);
	if (error == 0)
		return status;
	fprintf(stderr, "breakwater blocks: %s: %s\n", a->evidence, strerror(-error));
	return error == -EACCES ? STATUS_NOT_PERMITTED : STATUS_INCOMPLETE;
}

/* ---- after a freeze ---- */

static int thaw(const struct asked *a)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	struct client *client = client_open(&a->listing.common);
	if (client == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	client_parameter(&form, "thaw", "1");
	int status = change_post(client, "blocks", view_blocks.path, &form, message);
	if (status == STATUS_OK)
		puts(message[0] != '\0' ? message : "Automatic blocks may begin.");
	client_close(client);
	return status;
}

int command_blocks(int argc, char **argv)
{
	struct asked a = { .listing = { .view = &view_blocks,
					.command = "blocks",
					.port = UINT64_MAX } };
	const struct option_spec specs[] = {
		{ 'a', OPTION_FLAG, "all", NULL,
		  "also what is over; without --since of the last 30 days", &a.all, 0,
		  0 },
		LISTING_PORT(&a.listing, "only at this port"),
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with ID: read the store in this folder, without the daemon",
		  &a.folder, 0, 0 },
		{ 0, OPTION_TEXT, "evidence", "FILE",
		  "with ID: what it was decided by, for breakwater evidence verify",
		  &a.evidence, 0, 0 },
		{ 0, OPTION_FLAG, "thaw", NULL,
		  "let automatic blocks begin again after a freeze", &a.thaws, 0, 0 },
		LISTING_TIME(&a.listing, since,
			     "decided since then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&a.listing, until, "decided until then"),
		LISTING_SENSORS(&a.listing),
		LISTING_ORDER(&a.listing, ""),
	};
	const struct command_help help = {
		.name = "blocks",
		.operands = "[ID|ADDR]",
		.doc = "Which sources are blocked and why; with the first digits of an "
		       "ID all of one.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_blocks,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &a.listing.common, &first, &status))
		return status;
	if (argc - first > 1)
		return complain(STATUS_USAGE, "one ID or address at a time");
	if (a.thaws && (first < argc || a.all))
		return complain(STATUS_USAGE, "--thaw stands alone");
	if (a.thaws)
		return thaw(&a);
	a.is_about_one = first < argc && prefix_parse(argv[first], &a.about);
	if (a.evidence != NULL && (first == argc || a.is_about_one))
		return complain(STATUS_USAGE,
				"--evidence: of which block? Give its ID");
	if (a.evidence != NULL)
		return write_evidence(&a, argv[first]);
	if (a.is_about_one)
		return list(&a);
	if (first < argc)
		return show(&a, argv[first]);
	if (a.folder != NULL)
		return complain(STATUS_USAGE, "--state: of which block? Give its ID");
	return run_listing(&a);
}
