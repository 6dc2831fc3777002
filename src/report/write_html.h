/*
 * write_html.h: the parts of a report as a page, in their order.  Private to the room.
 */
#pragma once

#include "report/html.h"
#include "report/model.h"

/* Rows of an evidence on the page; the rest is in the CSV. */
enum { PAGE_ROWS_MAX = 500 };

/* Numbers of charts: each has its own. */
enum { CHART_LOOK = 1, CHART_COVERAGE = 100, CHART_COLUMNS = 200 };

/* <span>: a mark and a word. */
void page_outcome(struct buf *out, enum outcome outcome);

/* <section id="name"> and its head. */
void page_section(struct buf *out, const char *name, const char *title);

/* Of a fleet: whose records it is made of. */
void page_sensors(struct buf *out, const struct report *report);

/* In one look: a sentence, outcomes, coverage, the audit chain. */
void page_look(struct buf *out, const struct report *report);

/* What it says and what it doesn't; the controls; what no port monitor can show. */
void page_reading(struct buf *out, const struct report *report);
void page_controls(struct buf *out, const struct report *report);

/* Sections of a document, with their evidence. */
void page_document(struct buf *out, const struct report *report);

/* Each evidence of a framework; one of them, under a head of that level. */
void page_evidence(struct buf *out, const struct report *report);
void page_collected(struct buf *out, const struct report *report,
		    const struct collected *collected, int level);
/* Its rows, and a chart of them where one helps. */
void page_rows(struct buf *out, const struct collected *collected);
void page_columns(struct buf *out, const struct collected *collected, size_t number);

/* Gaps; what is kept, for how long and why; hashes. */
void page_gaps(struct buf *out, const struct report *report);
void page_kept(struct buf *out, const struct report *report);
void page_hashes(struct buf *out, const struct report *report);

/* Of evidence of a framework its id; of a document's, which has words as ids, its
 * title. */
const char *page_name(const struct report *report, const struct evidence *evidence);

/* The place of an evidence, by which links find it. */
size_t page_place(const struct report *report, const struct collected *collected);
