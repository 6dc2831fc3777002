/*
 * write_csv.c: the evidence of a report as tables (RFC 4180), one behind the other, an
 * empty line between them: its id stands in front of every row.
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

void report_csv(const struct report *report, struct buf *out)
{
	for (size_t i = 0; i < report->collected_count; i++) {
		if (i > 0)
			buf_text(out, "\r\n");
		put_exhibit(out, &report->collected[i]);
	}
}
