/*
 * review.c: see review.h.
 *
 * In the chain: subject "E1 version 3", before "rows SHA256 of SINCE to UNTIL", with
 * " about user bob" if it is not of all, after "accepted: COMMENT".  What is read is
 * put again and compared, so that one review has one way to be written.
 */
#include "report/review.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

enum { READ_MS = 60000, SHA256_LEN = 64 };

static const char *const outcomes[] = { "rejected", "accepted" };

const char *review_outcome(const struct review *review)
{
	return outcomes[review->is_accepted];
}

bool review_read_outcome(const char *text, bool *is_accepted)
{
	*is_accepted = strcmp(text, outcomes[true]) == 0;
	return *is_accepted || strcmp(text, outcomes[false]) == 0;
}

bool review_is_id(const char *text)
{
	size_t len = strlen(text);
	if (len == 0 || len >= REVIEW_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
			return false;
	return true;
}

bool review_is_sha256(const char *text)
{
	return strlen(text) == SHA256_LEN &&
	       strspn(text, "0123456789abcdef") == SHA256_LEN;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

bool review_read_comment(const char *text, char out[static REVIEW_COMMENT_MAX])
{
	size_t len = 0;
	for (; *text != '\0' && len < REVIEW_COMMENT_MAX; text++) {
		if (!is_blank(*text))
			out[len++] = *text;
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	while (len > 0 && out[len - 1] == ' ')
		len--;
	bool fits = len > 0 && len < REVIEW_COMMENT_MAX;
	out[fits ? len : 0] = '\0';
	return fits;
}

static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (is_blank(*text) && *text != ' ')
			return false;
	return true;
}

static void add_about(struct buf *out, const char *what, const char *name)
{
	if (name == NULL || name[0] == '\0')
		return;
	buf_printf(out, "%s%s %s", out->len > 0 ? ", " : "", what, name);
}

bool review_put_about(const char *host, const char *user, const char *incident,
		      char out[static REVIEW_ABOUT_MAX])
{
	struct buf text = { 0 };
	add_about(&text, "host", host);
	add_about(&text, "user", user);
	add_about(&text, "incident", incident);
	bool fits = buf_ok(&text) && text.len < REVIEW_ABOUT_MAX &&
		    (text.len == 0 || is_one_line(buf_cstr(&text)));
	snprintf(out, REVIEW_ABOUT_MAX, "%s",
		 fits && text.len > 0 ? buf_cstr(&text) : "");
	buf_free(&text);
	return fits;
}

/* ---- as a record ---- */

static void put_rows(const struct review *review, field_text256 out)
{
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	record_time_text(review->since_us, since);
	record_time_text(review->until_us, until);
	snprintf(out, sizeof(field_text256), "rows %s of %s to %s%s%s", review->rows,
		 since, until, review->about[0] != '\0' ? " about " : "",
		 review->about);
}

bool review_is_of(const struct review *review, const struct review_rows *rows)
{
	return review->version == rows->version && review->since_us == rows->since_us &&
	       review->until_us == rows->until_us &&
	       strcmp(review->about, rows->about) == 0 &&
	       strcmp(review->rows, rows->sha256) == 0;
}

void review_put(const struct review *review, struct audit_record *audit)
{
	snprintf(audit->subject, sizeof(audit->subject), "%s version %" PRIu32,
		 review->evidence, review->version);
	put_rows(review, audit->before);
	snprintf(audit->after, sizeof(audit->after), "%s: %s", review_outcome(review),
		 review->comment);
}

static bool take_subject(const char *text, struct review *review)
{
	enum { DECIMAL = 10 };
	static const char between[] = " version ";
	const char *at = strstr(text, between);
	size_t len = at != NULL ? (size_t)(at - text) : 0;
	if (len == 0 || len >= REVIEW_ID_MAX)
		return false;
	memcpy(review->evidence, text, len);
	review->evidence[len] = '\0';
	/* What is no number, or too large, is written otherwise. */
	unsigned long version = strtoul(at + strlen(between), NULL, DECIMAL);
	review->version = version <= UINT32_MAX ? (uint32_t)version : 0;
	return true;
}

static bool take_rows(const char *text, struct review *review)
{
	char since[TIME_TEXT_MAX] = "", until[TIME_TEXT_MAX] = "";
	int end = 0;
	if (sscanf(text, "rows %64s of %31s to %31s%n", review->rows, since, until,
		   &end) != 3)
		return false;
	/* What does not fit is written otherwise. */
	static const char between[] = " about ";
	if (strncmp(text + end, between, strlen(between)) == 0)
		snprintf(review->about, sizeof(review->about), "%s",
			 text + end + strlen(between));
	return time_parse(since, &review->since_us) &&
	       time_parse(until, &review->until_us);
}

static bool take_outcome(const char *text, struct review *review)
{
	char outcome[16];
	const char *colon = strchr(text, ':');
	if (colon == NULL || (size_t)(colon - text) >= sizeof(outcome))
		return false;
	memcpy(outcome, text, (size_t)(colon - text));
	outcome[colon - text] = '\0';
	return review_read_outcome(outcome, &review->is_accepted) &&
	       review_read_comment(colon + 1, review->comment);
}

bool review_take(const struct audit_record *audit, struct review *review)
{
	struct audit_record again;
	memset(review, 0, sizeof(*review));
	if (audit->action == NULL || strcmp(audit->action, REVIEW_ACTION) != 0 ||
	    !take_subject(audit->subject, review) ||
	    !take_rows(audit->before, review) || !take_outcome(audit->after, review) ||
	    !review_is_id(review->evidence) || !review_is_sha256(review->rows))
		return false;
	review->seq = audit->seq;
	review->at_us = audit->at;
	memcpy(review->actor, audit->actor, sizeof(review->actor));
	record_init(RECORD_audit, &again);
	review_put(review, &again);
	return strcmp(again.subject, audit->subject) == 0 &&
	       strcmp(again.before, audit->before) == 0 &&
	       strcmp(again.after, audit->after) == 0;
}

/* ---- from the store ---- */

static void take_text(const struct store_value *value, char *out, size_t size)
{
	size_t len = value->type == STORE_TEXT ? value->len : 0;
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, value->bytes, len);
	out[len] = '\0';
}

static bool take_row(void *self, const struct store_value *values, size_t count)
{
	const struct reviews_of *wanted = self;
	struct audit_record audit;
	struct review review;
	(void)count;
	record_init(RECORD_audit, &audit);
	audit.action = REVIEW_ACTION;
	audit.seq = (uint64_t)values[0].integer;
	audit.at = values[1].integer;
	take_text(&values[2], audit.actor, sizeof(audit.actor));
	take_text(&values[3], audit.subject, sizeof(audit.subject));
	take_text(&values[4], audit.before, sizeof(audit.before));
	take_text(&values[5], audit.after, sizeof(audit.after));
	bool is_meant = review_take(&audit, &review) &&
			(wanted->evidence == NULL ||
			 strcmp(wanted->evidence, review.evidence) == 0);
	return !is_meant || wanted->take(wanted->to, &review);
}

int reviews_read(struct store_reader *reader, const struct reviews_of *wanted,
		 char error[static STORE_ERROR_MAX])
{
	const struct store_parameter until = { ":until", NULL, wanted->until_us };
	const struct store_sql to = { .self = (void *)wanted,
				      .row = take_row,
				      .parameters = &until,
				      .parameter_count = 1 };
	return store_sql(reader,
			 "SELECT seq, at, actor, subject, before, after FROM audit "
			 "WHERE action = '" REVIEW_ACTION "' AND at <= :until "
			 "ORDER BY seq DESC",
			 READ_MS, &to, error);
}
