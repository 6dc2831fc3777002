/*
 * write_html_evidence.c: a piece of evidence: its question, what it shows and can't,
 * how much of the time was observed, its rows, and how it was collected.
 */
#include "report/svg.h"
#include "report/words.h"
#include "report/write_html.h"

static void put_heading(struct buf *out, const struct report *report,
			const struct collected *collected, int level)
{
	buf_printf(out, "<h%d id=\"evidence-%zu\">", level,
		   page_place(report, collected));
	if (!framework_is_document(report->framework))
		html_element(out, "span", "id", collected->evidence->id);
	buf_html_text(out, collected->evidence->title);
	buf_printf(out, "</h%d>\n", level);
}

static void put_result(struct buf *out, const struct collected *collected)
{
	html_open(out, "p", "result");
	page_outcome(out, collected->outcome);
	buf_char(out, ' ');
	words_count(out, collected->rows.row_count, "row", "rows");
	if (collected->judges && collected->deviations > 0)
		buf_printf(out, ", of which %llu deviate%s",
			   (unsigned long long)collected->deviations,
			   collected->deviations == 1 ? "s" : "");
	buf_char(out, '.');
	html_close(out, "p");
	if (collected->problem[0] == '\0')
		return;
	html_open(out, "p", "bad");
	buf_text(out, "Not all is known: ");
	buf_html_text(out, collected->problem);
	buf_char(out, '.');
	html_close(out, "p");
}

static void put_meaning(struct buf *out, const struct report *report,
			const struct collected *collected)
{
	struct buf words = { 0 }, review = { 0 };
	words_coverage(&words, report, collected);
	words_review(&review, report, collected);
	html_open(out, "dl", "meaning");
	html_term(out, "Shows", collected->evidence->shows);
	html_term(out, "Can’t show", collected->evidence->limits);
	html_term_open(out, "Coverage");
	html_sentence(out, buf_ok(&words) ? buf_cstr(&words) : "");
	html_close(out, "dd");
	html_term(out, "Review", buf_cstr(&review) != NULL ? buf_cstr(&review) : "");
	html_close(out, "dl");
	out->failed |= !buf_ok(&words) || !buf_ok(&review);
	buf_free(&words);
	buf_free(&review);
}

static void put_code(struct buf *out, const char *term, const char *text)
{
	html_term_open(out, term);
	html_element(out, "code", NULL, text);
	html_close(out, "dd");
}

static void put_origin(struct buf *out, const struct collected *collected)
{
	static const char *const observers[] = {
		"was seen of the host’s sockets",
		"was seen in packets and logs",
		"came of probes",
		"Breakwater recorded itself",
	};
	const struct evidence *evidence = collected->evidence;
	html_open(out, "dl", "origin");
	html_term_open(out, "Query");
	buf_html_text(out, evidence->id);
	buf_printf(out, ", version %u, of what %s", evidence->version,
		   observers[evidence->observer]);
	html_close(out, "dd");
	html_term_open(out, "Counts until");
	html_time(out, collected->expires_us);
	html_close(out, "dd");
	put_code(out, "SHA-256 of the rows", collected->sha256);
	put_code(out, "SHA-256 of the query", evidence->query_sha256);
	html_close(out, "dl");
	buf_text(out, "<details><summary>The query</summary><pre tabindex=\"0\">");
	buf_html_lines(out, evidence->sql);
	buf_text(out, "</pre></details>\n");
}

void page_collected(struct buf *out, const struct report *report,
		    const struct collected *collected, int level)
{
	html_open(out, "article", NULL);
	put_heading(out, report, collected, level);
	html_element(out, "p", "question", collected->evidence->question);
	put_result(out, collected);
	put_meaning(out, report, collected);
	page_columns(out, collected, CHART_COLUMNS + page_place(report, collected));
	page_rows(out, collected);
	put_origin(out, collected);
	html_close(out, "article");
}

void page_evidence(struct buf *out, const struct report *report)
{
	page_section(out, "evidence", "Evidence");
	for (size_t i = 0; i < report->collected_count; i++)
		page_collected(out, report, &report->collected[i], 3);
	html_close(out, "section");
}
