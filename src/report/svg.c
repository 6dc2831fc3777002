/*
 * svg.c: see svg.h.
 */
#include "report/svg.h"

#include "report/words.h"

enum {
	BAR = 18, /* heights, in pixels */
	COLUMNS = 96,
	AXIS = 16,
	SPOTS = 2000 /* gaps nearer than a spot are drawn as one */
};

void svg_patterns(struct buf *out)
{
	buf_text(
		out,
		"<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" "
		"focusable=\"false\"><defs>"
		"<pattern id=\"hatch-gap\" width=\"5\" height=\"5\" "
		"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		"<rect class=\"ground\" width=\"5\" height=\"5\"/>"
		"<rect class=\"gap-line\" width=\"2.2\" height=\"5\"/></pattern>"
		"<pattern id=\"hatch-unknown\" width=\"7\" height=\"7\" "
		"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\">"
		"<rect class=\"ground\" width=\"7\" height=\"7\"/>"
		"<rect class=\"unknown-line\" width=\"1\" height=\"7\"/></pattern>"
		"</defs></svg>\n");
}

void svg_open(struct buf *out, size_t number, unsigned height, const char *title,
	      const char *description)
{
	buf_printf(out,
		   "<svg class=\"chart\" role=\"img\" width=\"100%%\" height=\"%u\" "
		   "aria-labelledby=\"chart-%zu chart-%zu-d\"><title id=\"chart-%zu\">",
		   height, number, number, number);
	buf_html_text(out, title);
	buf_printf(out, "</title><desc id=\"chart-%zu-d\">", number);
	buf_html_text(out, description);
	buf_text(out, "</desc>\n");
}

void svg_close(struct buf *out)
{
	buf_text(out, "</svg>\n");
}

static double within(double ratio)
{
	return ratio < 0 ? 0 : ratio > 1 ? 1 : ratio;
}

void svg_rect(struct buf *out, const char *name, double from, double to, double y,
	      double height)
{
	from = within(from);
	to = within(to);
	if (to < from || height <= 0)
		return;
	buf_printf(out,
		   "<rect class=\"%s\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"%.1f\" "
		   "height=\"%.1f\"/>",
		   name, 100 * from, 100 * (to - from), y, height);
}

void svg_label(struct buf *out, const char *anchor, double at, double y,
	       const char *text)
{
	buf_printf(out, "<text text-anchor=\"%s\" x=\"%.3f%%\" y=\"%.1f\">", anchor,
		   100 * within(at), y);
	buf_html_text(out, text);
	buf_text(out, "</text>");
}

/* ---- a bar of time ---- */

struct span {
	int64_t from_us, to_us;
};

static double place_of(const struct coverage *coverage, int64_t at_us)
{
	return (double)(at_us - coverage->since_us) /
	       (double)(coverage->until_us - coverage->since_us);
}

static void draw_span(struct buf *out, const struct coverage *coverage,
		      const struct span *span, bool blind)
{
	if (span->to_us > span->from_us)
		svg_rect(out, blind ? "gap" : "lossy",
			 place_of(coverage, span->from_us),
			 place_of(coverage, span->to_us), blind ? 0.5 : BAR - 5,
			 blind ? BAR - 1 : 5);
}

static void draw_gaps(struct buf *out, const struct observed *observed,
		      const struct coverage *coverage, bool blind)
{
	int64_t spot_us = (coverage->until_us - coverage->since_us) / SPOTS;
	struct span span = { 0 };
	for (size_t i = 0; i < observed->gap_count; i++) {
		const struct gap_record *gap = &observed->gaps[i];
		if (coverage_is_blind(gap) != blind ||
		    gap->end <= coverage->known_since_us ||
		    gap->start >= coverage->until_us)
			continue;
		if (span.to_us == 0 || gap->start - span.to_us > spot_us) {
			draw_span(out, coverage, &span, blind);
			span = (struct span){ gap->start, gap->start };
		}
		if (span.from_us < coverage->known_since_us)
			span.from_us = coverage->known_since_us;
		if (gap->end > span.to_us)
			span.to_us = gap->end;
	}
	draw_span(out, coverage, &span, blind);
}

static void draw_axis(struct buf *out, const struct coverage *coverage)
{
	static const char *const anchors[] = { "start", "middle", "end" };
	int64_t half_us = (coverage->until_us - coverage->since_us) / 2;
	bool has_days = half_us > INT64_C(86400000000);
	for (int i = 0; i < 3; i++) {
		char text[WORDS_TIME_MAX];
		words_time(coverage->since_us + i * half_us, text);
		text[has_days ? WORDS_DAY : WORDS_DAY + 6] = '\0';
		svg_label(out, anchors[i], i / 2.0, BAR + AXIS - 3, text);
	}
}

void svg_coverage(struct buf *out, size_t number, const struct observed *observed,
		  const struct coverage *coverage, const char *title,
		  const char *description)
{
	svg_open(out, number, BAR + AXIS, title, description);
	svg_rect(out, "unknown", 0, 1, 0.5, BAR - 1);
	if (coverage->known_us > 0) {
		int64_t end_us = coverage->known_end_us;
		svg_rect(out, "known", place_of(coverage, coverage->known_since_us),
			 place_of(coverage, end_us), 0, BAR);
		draw_gaps(out, observed, coverage, true);
		if (coverage->lossy_us > 0)
			draw_gaps(out, observed, coverage, false);
	}
	draw_axis(out, coverage);
	svg_close(out);
}

/* ---- columns ---- */

void svg_columns(struct buf *out, size_t number, const struct svg_column *columns,
		 size_t count, const char *title, const char *description)
{
	uint64_t most = 1;
	for (size_t i = 0; i < count; i++)
		if (columns[i].count > most)
			most = columns[i].count;
	svg_open(out, number, COLUMNS + 2, title, description);
	for (size_t i = 0; i < count; i++) {
		const struct svg_column *column = &columns[i];
		double from = ((double)i + 0.1) / (double)count,
		       to = ((double)i + 0.9) / (double)count;
		double all = COLUMNS * (double)column->count / (double)most;
		double marked = COLUMNS * (double)column->marked / (double)most;
		svg_rect(out, "other", from, to, COLUMNS - all, all - marked);
		svg_rect(out, "marked", from, to, COLUMNS - marked, marked);
	}
	svg_rect(out, "axis", 0, 1, COLUMNS, 1);
	svg_close(out);
}

void svg_share(struct buf *out, double ratio)
{
	buf_text(out, "<svg class=\"share\" width=\"64\" height=\"8\" "
		      "aria-hidden=\"true\" focusable=\"false\">");
	svg_rect(out, "rest", 0, 1, 0, 8);
	svg_rect(out, "known", 0, ratio, 0, 8);
	svg_close(out);
}
