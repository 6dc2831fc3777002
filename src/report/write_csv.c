/*
 * write_csv.c: the evidence of a report as tables (RFC 4180), one behind the other, an
 * empty line between them: its id stands in front of every row.  The last table says
 * who reviewed them.
 */
#include "report/model.h"

static void put_head(struct buf *out, const struct exhibit *rows)
{
	buf_text(out, "evidence");
	for (size_t i = 0; i < rows->column_count; i++) {
		buf_char(out, ',');
		buf_csv_text(out, rows->names[i]);
	}
	buf_text(out, "\r\n");
}

static void put_exhibit(struct buf *out, const struct collected *collected)
{
	const struct exhibit *rows = &collected->rows;
	put_head(out, rows);
	for (size_t i = 0; i < rows->row_count; i++) {
		buf_csv_text(out, collected->evidence->id);
		buf_char(out, ',');
		exhibit_csv_row(rows, i, out);
	}
}

/* ---- who reviewed them ---- */

static void put_field(struct buf *out, const char *text)
{
	buf_char(out, ',');
	buf_csv_text(out, text);
}

static void put_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX] = "";
	if (at_us != UNKNOWN_TIME)
		record_time_text(at_us, text);
	put_field(out, text);
}

static void put_review(struct buf *out, const struct collected *collected)
{
	const struct review *review = &collected->review;
	put_field(out, reviewed_name(collected->reviewed));
	if (collected->reviewed == REVIEWED_NOT) {
		buf_text(out, ",,,,,,,,,\r\n");
		return;
	}
	put_time(out, review->at_us);
	put_field(out, review->actor);
	put_field(out, review_outcome(review));
	put_field(out, review->comment);
	put_time(out, collected->reviewed > REVIEWED_OTHER
			      ? collected->review_expires_us
			      : UNKNOWN_TIME);
	put_field(out, review->rows);
	put_time(out, review->since_us);
	put_time(out, review->until_us);
	buf_printf(out, ",%llu\r\n", (unsigned long long)review->seq);
}

static void put_reviews(struct buf *out, const struct report *report)
{
	buf_text(out, "\r\nevidence,reviewed,review_at,review_actor,review_outcome,"
		      "review_comment,review_expires,review_rows_sha256,review_since,"
		      "review_until,review_seq\r\n");
	for (size_t i = 0; i < report->collected_count; i++) {
		buf_csv_text(out, report->collected[i].evidence->id);
		put_review(out, &report->collected[i]);
	}
}

/* Whose records all of it is. */
static void put_sensors(struct buf *out, const struct report_fleet *fleet)
{
	buf_text(out, "sensor,site,tags,told_since,told_until\r\n");
	for (size_t i = 0; i < fleet->count; i++) {
		const struct report_sensor *sensor = &fleet->sensors[i];
		buf_csv_text(out, sensor->name);
		put_field(out, sensor->site);
		put_field(out, sensor->tags);
		put_time(out, sensor->first_us);
		put_time(out, sensor->last_us);
		buf_text(out, "\r\n");
	}
	buf_text(out, "\r\n");
}

void report_csv(const struct report *report, struct buf *out)
{
	if (report->ask.fleet != NULL)
		put_sensors(out, report->ask.fleet);
	for (size_t i = 0; i < report->collected_count; i++) {
		if (i > 0)
			buf_text(out, "\r\n");
		put_exhibit(out, &report->collected[i]);
	}
	if (report->collected_count > 0 && report->reviews_problem[0] == '\0')
		put_reviews(out, report);
}
