/*
 * write_html_kept.c: what a report rests on: gaps, what is kept for how long and why,
 * and hashes.
 */
#include <stdio.h>

#include "report/words.h"
#include "report/write_html.h"

#define SECOND_US INT64_C(1000000)

/* ---- gaps ---- */

static void put_gap(struct buf *out, const struct gap_record *gap)
{
	buf_text(out, "<tr><td>");
	html_time(out, gap->start);
	buf_text(out, "</td><td>");
	html_time(out, gap->end);
	buf_text(out, "</td><td class=\"number\">");
	words_duration(out, gap->end - gap->start);
	buf_text(out, "</td><td>");
	buf_html_text(out, words_gap(gap));
	if (gap->sensor[0] != '\0') {
		buf_text(out, ", ");
		buf_html_text(out, gap->sensor);
	}
	if (gap->count != UNKNOWN_U64)
		buf_printf(out, ": %llu", (unsigned long long)gap->count);
	buf_text(out, "</td></tr>\n");
}

void page_gaps(struct buf *out, const struct report *report)
{
	static const char *const heads[] = { "From", "To", "Length", "Why" };
	const struct observed *observed = &report->observed;
	size_t shown = observed->gap_count < PAGE_ROWS_MAX ? observed->gap_count
							   : PAGE_ROWS_MAX;
	page_section(out, "gaps", "Gaps and losses");
	if (shown == 0) {
		buf_text(out, "<p>None is recorded in this time.</p>\n");
	} else {
		html_scroll_open(out, "Gaps and losses");
		html_table_open(out, "rows", NULL);
		html_heads(out, heads, 4);
		for (size_t i = 0; i < shown; i++)
			put_gap(out, &observed->gaps[i]);
		html_table_close(out);
		html_close(out, "div");
	}
	if (shown < observed->gap_count)
		buf_printf(out,
			   "<p class=\"more\">%zu more are in the report as "
			   "JSON.</p>\n",
			   observed->gap_count - shown);
	html_close(out, "section");
}

/* ---- what is kept ---- */

struct kept_row {
	const char *what, *why, *personal;
	uint32_t seconds;
};

static void put_kept(struct buf *out, const struct kept_row *row)
{
	buf_text(out, "<tr>");
	buf_text(out, "<th scope=\"row\">");
	buf_html_text(out, row->what);
	buf_text(out, "</th><td>");
	if (row->seconds == 0)
		buf_text(out, "for ever");
	else
		words_duration(out, row->seconds * SECOND_US);
	buf_text(out, "</td>");
	html_element(out, "td", NULL, row->why);
	html_element(out, "td", NULL, row->personal);
	buf_text(out, "</tr>\n");
}

/* 0 of the second: there is no such. */
static uint32_t shorter(uint32_t kept_s, uint32_t most_s)
{
	return most_s != 0 && most_s < kept_s ? most_s : kept_s;
}

static void put_pseudonyms(struct buf *out, const struct report_retention *retention)
{
	if (retention->pseudonyms_after_s == 0) {
		buf_text(out, "<p>Addresses stay as they were seen as long as their "
			      "records (<code>privacy.pseudonyms_after</code> is "
			      "0).</p>\n");
		return;
	}
	buf_text(out, "<p>Addresses of others become pseudonyms after ");
	words_duration(out, retention->pseudonyms_after_s * SECOND_US);
	buf_text(out, ", by a key of their month that is destroyed ");
	words_duration(out, retention->keys_kept_s * SECOND_US);
	buf_text(out, " after the last of them: then nobody can tell whose they were. "
		      "Packets of findings go at that age. Blocks, what they were "
		      "decided by and the audit trail keep theirs, to account for what "
		      "was done to somebody.</p>\n");
}

void page_kept(struct buf *out, const struct report *report)
{
	static const char *const heads[] = { "Records", "Kept", "Why",
					     "Personal data in them" };
	const struct report_retention *retention = &report->ask.retention;
	const struct kept_row rows[] = {
		{ "Connections", "to see who talked to whom after an incident is found",
		  "addresses; users of processes and of logins that can be read",
		  retention->flows_s },
		{ "Probes, each", "to explain an outage", "none of persons",
		  retention->probes_s },
		{ "Packets of findings, headers alone, and of failed probes",
		  "to prove an attack, to explain an outage", "addresses",
		  retention->failures_s },
		{ "What attacks were judged by", "to try other rules on it",
		  "addresses; users of logins that can be read",
		  shorter(retention->evidence_s, retention->pseudonyms_after_s) },
		{ "Ports by the minute", "to see what a day was like",
		  "none: clients are only counted", retention->ports_1m_s },
		{ "Ports by the hour", "to compare with last year’s same time",
		  "none: clients are only counted", retention->ports_1h_s },
		{ "Ports by the day", "to see growth, and to plan",
		  "none: clients are only counted", retention->ports_1d_s },
		{ "Events: listeners, logins, findings, blocks, incidents, gaps, "
		  "the audit trail",
		  "to account for what was open, what was done and who did it",
		  "addresses of clients; names of users and operators",
		  retention->events_s },
	};
	page_section(out, "kept", "What is kept, for how long, and why");
	html_table_open(out, "kept", NULL);
	html_heads(out, heads, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_kept(out, &rows[i]);
	html_table_close(out);
	put_pseudonyms(out, retention);
	buf_text(out,
		 "<p>What was said in connections is not kept, but for the names that "
		 "protocols say openly. What belongs to an incident under a legal hold "
		 "is kept until that ends. This report itself holds the "
		 "personal data of its rows: keep it as you keep the records, and no "
		 "longer than your evidence has to be kept.</p>\n");
	html_close(out, "section");
}

/* ---- hashes ---- */

static void put_hash(struct buf *out, const char *what, const char *of,
		     const char *sha256)
{
	buf_text(out, "<tr><td>");
	buf_html_text(out, what);
	buf_text(out, of);
	buf_text(out, "</td><td><code>");
	buf_html_text(out, sha256);
	buf_text(out, "</code></td></tr>\n");
}

void page_hashes(struct buf *out, const struct report *report)
{
	static const char *const heads[] = { "What", "SHA-256" };
	page_section(out, "hashes", "Appendix: hashes");
	buf_text(out, "<p>Of the rows as CSV, of the text of each query, and of the "
		      "file that says what speaks for what. Who has the bundle of this "
		      "report checks them with <code>breakwater evidence "
		      "verify</code>.</p>\n");
	html_table_open(out, "hashes", NULL);
	html_heads(out, heads, 2);
	put_hash(out, report->framework->name,
		 framework_is_document(report->framework) ? ", the document"
							  : ", the mapping",
		 report->framework->sha256);
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		put_hash(out, collected->evidence->id, ", its rows", collected->sha256);
		put_hash(out, collected->evidence->id, ", its query",
			 collected->evidence->query_sha256);
	}
	html_table_close(out);
	html_close(out, "section");
}
