/*
 * svg.h: charts as pictures within a page, drawn from numbers.  Private to the room.
 *
 * Places from left to right are shares of the width, heights are pixels, so that text
 * keeps its size on every screen and on paper.  Colours and hatches come from
 * report.css by class.
 */
#pragma once

#include "report/model.h"

/* Once in a page, before the charts: the hatches. */
void svg_patterns(struct buf *out);

/*
 * <svg> with its title and description for who doesn't see it; number: no other chart
 * of the page has it.
 */
void svg_open(struct buf *out, size_t number, unsigned height, const char *title,
	      const char *description);
void svg_close(struct buf *out);

/* from, to: shares of the width, 0 to 1; cut to that. */
void svg_rect(struct buf *out, const char *name, double from, double to, double y,
	      double height);
void svg_label(struct buf *out, const char *anchor, double at, double y,
	       const char *text);

/* The time as a bar: observed, gaps, what nothing is known of. */
void svg_coverage(struct buf *out, size_t number, const struct observed *observed,
		  const struct coverage *coverage, const char *title,
		  const char *description);

/* How often something was, by steps of time. */
struct svg_column {
	uint64_t count, marked; /* of them */
};
void svg_columns(struct buf *out, size_t number, const struct svg_column *columns,
		 size_t count, const char *title, const char *description);

/* A share as a small bar within a line of text that says it, too. */
void svg_share(struct buf *out, double ratio);
