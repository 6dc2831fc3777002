/*
 * evidence_by_hand.c: see evidence_by_hand.h.
 *
 * What the rows are is not looked up here: whoever reviews says by their hash which
 * ones were seen, and the audit chain keeps that.  A hash that no rows have makes a
 * review of nothing.
 */
#include "cli/evidence_by_hand.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "report/review.h"
#include "web/form.h"

static int refuse(struct buf *message, const char *why)
{
	buf_text(message, why);
	return -EINVAL;
}

static int read_evidence(const char *form, struct review *review, struct buf *message)
{
	enum { DECIMAL = 10, DIGITS_MAX = 9 };
	char text[FORM_VALUE_MAX];
	char *end = NULL;
	if (!form_value(form, "evidence", text) || !review_is_id(text))
		return refuse(message, "evidence: allowed is " REVIEW_ID_ALLOWED);
	memcpy(review->evidence, text, strlen(text) + 1);
	form_value(form, "version", text);
	if (strspn(text, "0123456789") == strlen(text) && strlen(text) <= DIGITS_MAX)
		review->version = (uint32_t)strtoul(text, &end, DECIMAL);
	if (review->version == 0)
		return refuse(message, "version: that of the evidence is needed, such "
				       "as 1");
	if (!form_value(form, "rows", text) || !review_is_sha256(text))
		return refuse(message, "rows: the SHA-256 of the rows is "
				       "needed, " REVIEW_SHA256_ALLOWED);
	memcpy(review->rows, text, strlen(text) + 1);
	return 0;
}

/* What is yet to come can't have been looked at. */
static int read_time(const char *form, struct review *review, struct buf *message)
{
	char since[FORM_VALUE_MAX], until[FORM_VALUE_MAX];
	form_value(form, "since", since);
	form_value(form, "until", until);
	if (!time_parse(since, &review->since_us) ||
	    !time_parse(until, &review->until_us))
		return refuse(message, "since, until: the time that the rows are of is "
				       "needed, two times in RFC 3339");
	if (review->until_us > review->since_us &&
	    review->until_us <= clock_us(CLOCK_REALTIME))
		return 0;
	return refuse(message, "until: allowed is a time after since that has come");
}

static int read_subject(const char *form, struct review *review, struct buf *message)
{
	char host[FORM_VALUE_MAX], user[FORM_VALUE_MAX], incident[FORM_VALUE_MAX];
	form_value(form, "host", host);
	form_value(form, "user", user);
	form_value(form, "incident", incident);
	if (review_put_about(host, user, incident, review->about))
		return 0;
	return refuse(message,
		      "host, user, incident: allowed are " REVIEW_ABOUT_ALLOWED);
}

static int read_judgement(const char *form, struct review *review, struct buf *message)
{
	char text[FORM_VALUE_MAX];
	if (!form_value(form, "outcome", text) ||
	    !review_read_outcome(text, &review->is_accepted))
		return refuse(message, "outcome: allowed is " REVIEW_OUTCOMES_ALLOWED);
	if (!form_value(form, "comment", text) ||
	    !review_read_comment(text, review->comment))
		return refuse(message, "comment: allowed are " REVIEW_COMMENT_ALLOWED);
	return 0;
}

int evidence_review_by_hand(struct monitor *m, const char *form, const char *actor,
			    struct buf *message)
{
	struct review review = { .version = 0 };
	struct audit_record audit;
	int error = read_evidence(form, &review, message);
	if (error == 0)
		error = read_time(form, &review, message);
	if (error == 0)
		error = read_subject(form, &review, message);
	if (error == 0)
		error = read_judgement(form, &review, message);
	if (error != 0)
		return error;
	record_init(RECORD_audit, &audit);
	review_put(&review, &audit);
	monitor_audit(m, REVIEW_ACTION, actor, audit.subject, audit.before,
		      audit.after);
	buf_printf(message, "%s version %" PRIu32 ": rows %.12s... %s by %s",
		   review.evidence, review.version, review.rows,
		   review_outcome(&review), actor);
	return 0;
}
