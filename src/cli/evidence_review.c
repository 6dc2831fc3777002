/*
 * evidence_review.c: breakwater evidence review, reviews: that a person looked at rows
 * of evidence, and who did.
 *
 * The rows are asked for here, as a report asks, and named to the daemon by their hash;
 * the list is read from the store, and needs no daemon.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/evidence_command.h"
#include "cli/report_kept.h"
#include "cli/state_folder.h"
#include "cli/table.h"
#include "record/object.h"
#include "report/review.h"

static int complain(const char *why, int status)
{
	char clean[STORE_ERROR_MAX];
	text_clean(clean, sizeof(clean), why);
	fprintf(stderr, "breakwater evidence: %s\n", clean);
	return status;
}

static struct store_reader *open_store(const struct evidence_options *o, int *status)
{
	config_text folder;
	char error[STORE_ERROR_MAX];
	*status = state_folder("evidence", o->state, o->config_path, folder);
	if (*status != STATUS_OK)
		return NULL;
	struct store_reader *reader = store_reader_open(folder, error, status);
	if (reader == NULL)
		complain(error, *status);
	return reader;
}

/* ---- review ---- */

struct reviewing {
	const struct evidence_options *o;
	struct compliance *compliance;
	struct report_piece piece;
	int64_t since_us, until_us;
};

static int check_words(const struct reviewing *r,
		       char comment[static REVIEW_COMMENT_MAX])
{
	bool is_accepted;
	const struct evidence_options *o = r->o;
	if (!review_read_outcome(o->outcome, &is_accepted))
		return complain("--outcome: allowed is " REVIEW_OUTCOMES_ALLOWED,
				STATUS_USAGE);
	if (o->comment == NULL || !review_read_comment(o->comment, comment))
		return complain("--comment: needed are " REVIEW_COMMENT_ALLOWED,
				STATUS_USAGE);
	if (o->rows != NULL && !review_is_sha256(o->rows))
		return complain("--rows: allowed are " REVIEW_SHA256_ALLOWED,
				STATUS_USAGE);
	if (o->since == NULL)
		return complain("of which rows? Give the time they are of: --since and "
				"--until",
				STATUS_USAGE);
	return STATUS_OK;
}

static int read_times(struct reviewing *r)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	r->until_us = now_us;
	when_parse(r->o->since, now_us, &r->since_us); /* checked with the options */
	if (r->o->until != NULL)
		when_parse(r->o->until, now_us, &r->until_us);
	if (r->until_us > now_us)
		return complain("--until is yet to come", STATUS_USAGE);
	return r->until_us > r->since_us
		       ? STATUS_OK
		       : complain("--until is not after --since", STATUS_USAGE);
}

/* The rows as they are now; which are those of --rows, if that was given, too. */
static int read_rows(struct reviewing *r)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = open_store(r->o, &status);
	if (reader == NULL)
		return status;
	const struct report_ask ask = {
		.since_us = r->since_us,
		.until_us = r->until_us,
		.now_us = clock_us(CLOCK_REALTIME),
		.retention = report_kept_by(r->o->config_path),
	};
	bool ok = report_read_piece(reader, r->compliance, &ask, &r->piece, error);
	store_reader_close(reader);
	if (!ok)
		return complain(error, STATUS_INCOMPLETE);
	if (r->o->rows == NULL || strcmp(r->o->rows, r->piece.sha256) == 0)
		return STATUS_OK;
	fprintf(stderr,
		"breakwater evidence: the rows of that time are not those of --rows: "
		"their SHA-256 is %s\n",
		r->piece.sha256);
	return STATUS_BAD_NEWS;
}

/* Only a report of that subject has the rows: they are named by --rows. */
static bool is_about_one(const struct evidence_options *o)
{
	return o->host != NULL || o->user != NULL || o->incident != NULL;
}

static int know_rows(struct reviewing *r)
{
	int status = read_times(r);
	if (status != STATUS_OK)
		return status;
	if (!is_about_one(r->o))
		return read_rows(r);
	return r->o->rows != NULL
		       ? STATUS_OK
		       : complain("--rows is needed with --host, --user or --incident: "
				  "the SHA-256 that the report of it has",
				  STATUS_USAGE);
}

static void add_time(struct buf *form, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	client_parameter(form, name, text);
}

static void add_subject(struct buf *form, const char *name, const char *text)
{
	if (text != NULL)
		client_parameter(form, name, text);
}

static int post(const struct reviewing *r, const char *id, const char *comment)
{
	char version[16], message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	snprintf(version, sizeof(version), "%" PRIu32, r->piece.version);
	client_parameter(&form, "evidence", id);
	client_parameter(&form, "version", version);
	client_parameter(&form, "rows",
			 is_about_one(r->o) ? r->o->rows : r->piece.sha256);
	add_time(&form, "since", r->since_us);
	add_time(&form, "until", r->until_us);
	add_subject(&form, "host", r->o->host);
	add_subject(&form, "user", r->o->user);
	add_subject(&form, "incident", r->o->incident);
	client_parameter(&form, "outcome", r->o->outcome);
	client_parameter(&form, "comment", comment);
	struct client *client = client_open(&r->o->common);
	if (client == NULL) {
		buf_free(&form);
		return complain("out of memory", STATUS_INCOMPLETE);
	}
	int status = change_post(client, "evidence", "/api/v1/evidence/reviewed", &form,
				 message);
	client_close(client);
	if (status == STATUS_OK)
		puts(message);
	return status;
}

int evidence_review(const struct evidence_options *o, const char *id)
{
	char error[STORE_ERROR_MAX], comment[REVIEW_COMMENT_MAX];
	config_text folder;
	struct buf said = { 0 };
	struct reviewing r = { .o = o };
	int status = check_words(&r, comment);
	if (status != STATUS_OK)
		return status;
	status = compliance_folder("evidence", o->compliance, o->state, o->config_path,
				   folder);
	if (status != STATUS_OK)
		return status;
	r.compliance = compliance_open(folder[0] != '\0' ? folder : NULL, &said);
	if (r.compliance == NULL) {
		fputs(buf_cstr(&said) != NULL ? buf_cstr(&said) : "", stderr);
		status = STATUS_USAGE;
	} else if (!report_find_piece(r.compliance, id, &r.piece, error)) {
		status = complain(error, STATUS_USAGE);
	} else {
		status = know_rows(&r);
	}
	if (status == STATUS_OK)
		status = post(&r, id, comment);
	compliance_free(r.compliance);
	buf_free(&said);
	return status;
}

/* ---- reviews ---- */

struct list {
	const struct evidence_options *o;
	int64_t since_us;
	json_t *rows;
};

static void put_json(const struct review *review, struct buf *out)
{
	object_open(out, NULL);
	object_text(out, "record", "review");
	object_u64(out, "seq", review->seq);
	object_time(out, "at", review->at_us, "Z");
	object_text(out, "actor", review->actor);
	object_text(out, "evidence", review->evidence);
	object_u64(out, "version", review->version);
	object_text(out, "outcome", review_outcome(review));
	object_text(out, "comment", review->comment);
	object_text(out, "rows_sha256", review->rows);
	object_time(out, "since", review->since_us, "Z");
	object_time(out, "until", review->until_us, "Z");
	object_text(out, "about", review->about);
	object_close(out);
}

static bool take_review(void *to, const struct review *review)
{
	struct list *list = to;
	struct buf text = { 0 };
	if (review->at_us < list->since_us)
		return true;
	put_json(review, &text);
	json_t *row = object_parse(&text);
	buf_free(&text);
	return row != NULL && json_array_append_new(list->rows, row) == 0;
}

static void print_list(const struct list *list)
{
	const struct look look = look_of(&list->o->common);
	const struct limits limits = limits_of(NULL);
	json_t *row;
	size_t i;
	if (!list->o->common.json) {
		table_print(&view_reviews, list->rows, &limits, &look);
		return;
	}
	json_array_foreach(list->rows, i, row)
	{
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

int evidence_reviews(const struct evidence_options *o, const char *id)
{
	char error[STORE_ERROR_MAX];
	int status;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct list list = { .o = o, .since_us = INT64_MIN };
	struct reviews_of wanted = {
		.evidence = id, .until_us = now_us, .take = take_review, .to = &list
	};
	if (o->since != NULL)
		when_parse(o->since, now_us, &list.since_us);
	if (o->until != NULL)
		when_parse(o->until, now_us, &wanted.until_us);
	struct store_reader *reader = open_store(o, &status);
	if (reader == NULL)
		return status;
	list.rows = json_array();
	int result = list.rows != NULL ? reviews_read(reader, &wanted, error) : -1;
	store_reader_close(reader);
	if (list.rows == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	if (result == 0)
		print_list(&list);
	else
		status = complain(error, STATUS_INCOMPLETE);
	json_decref(list.rows);
	return status;
}
