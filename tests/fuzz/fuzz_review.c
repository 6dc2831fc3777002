/*
 * fuzz_review.c: any texts in an audit record: what is taken for a review is one that
 * is put the same way, of one line.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ')
			abort();
}

/* Subject, before and after, each up to a newline. */
static void fill(struct audit_record *audit, char *text)
{
	struct {
		char *at;
		size_t size;
	} fields[] = { { audit->subject, sizeof(audit->subject) },
		       { audit->before, sizeof(audit->before) },
		       { audit->after, sizeof(audit->after) } };
	record_init(RECORD_audit, audit);
	audit->action = REVIEW_ACTION;
	for (size_t i = 0; i < 3 && text != NULL; i++)
		record_text(fields[i].at, fields[i].size, strsep(&text, "\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_record audit, again;
	struct review review;
	char comment[REVIEW_COMMENT_MAX];
	char *text = strndup((const char *)data, size);
	if (text == NULL)
		return 0;
	if (review_read_comment(text, comment))
		check_line(comment);
	fill(&audit, text);
	if (review_take(&audit, &review)) {
		record_init(RECORD_audit, &again);
		review_put(&review, &again);
		if (!review_is_id(review.evidence) || !review_is_sha256(review.rows) ||
		    strcmp(again.after, audit.after) != 0)
			abort();
		check_line(review.comment);
	}
	free(text);
	return 0;
}
