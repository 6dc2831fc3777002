/*
 * write_html.c: a report as one page, for screens and for paper.
 *
 * It loads nothing and runs nothing: its policy allows the one style sheet in it, by
 * its hash.
 */
#include <openssl/evp.h>
#include <string.h>

#include "base/base64.h"
#include "report/builtin.h"
#include "report/svg.h"
#include "report/words.h"
#include "report/write_html.h"

/* ---- head ---- */

/* 'sha256-...' of CSP Level 3, 2.3.1. */
static void put_style_hash(struct buf *out, const char *style, size_t len)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[BASE64_LEN(EVP_MAX_MD_SIZE) + 1];
	unsigned made = 0;
	if (EVP_Digest(style, len, digest, &made, EVP_sha256(), NULL) != 1) {
		out->failed = true;
		return;
	}
	base64_encode((struct bytes){ .at = digest, .len = made }, text);
	buf_printf(out, "'sha256-%s'", text);
}

static void put_name(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	buf_html_text(out, framework->title);
	if (framework->edition != NULL) {
		buf_char(out, ' ');
		buf_html_text(out, framework->edition);
	}
}

static void put_head(struct buf *out, const struct report *report)
{
	size_t len;
	const char *style = report_style(&len);
	buf_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		      "<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" "
		      "content=\"default-src 'none'; base-uri 'none'; form-action "
		      "'none'; style-src ");
	put_style_hash(out, style, len);
	buf_text(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	put_name(out, report);
	buf_text(out, ", ");
	buf_html_text(out, report->ask.host);
	buf_text(out, "</title>\n<style>");
	buf_add(out, style, len);
	buf_text(out, "</style>\n</head>\n");
}

/* ---- title ---- */

static void put_period(struct buf *out, const struct report *report)
{
	html_term_open(out, "Time");
	html_time(out, report->ask.since_us);
	buf_text(out, " to ");
	html_time(out, report->ask.until_us);
	buf_text(out, " (");
	words_duration(out, report->ask.until_us - report->ask.since_us);
	buf_text(out, "); all times are UTC");
	html_close(out, "dd");
}

static void put_about(struct buf *out, const struct report *report)
{
	const struct report_subject *subject = &report->ask.subject;
	if (subject->host != NULL)
		html_term(out, "About the address", subject->host);
	if (subject->user != NULL)
		html_term(out, "About the user", subject->user);
	if (subject->incident != NULL)
		html_term(out, "About the incident", report->incident);
}

static void put_facts(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	html_open(out, "dl", "facts");
	html_term(out, report->ask.fleet != NULL ? "Sensors" : "Host",
		  report->ask.host);
	put_about(out, report);
	put_period(out, report);
	html_term_open(out, "Made");
	html_time(out, report->ask.now_us);
	buf_text(out, " by Breakwater " BREAKWATER_VERSION);
	html_close(out, "dd");
	if (framework->reviewed != NULL) {
		html_term_open(out, "Mapping");
		buf_text(out, "reviewed on ");
		buf_html_text(out, framework->reviewed);
		html_close(out, "dd");
	}
	if (framework->source != NULL) {
		html_term_open(out, "After");
		buf_html_text(out, framework->source);
		buf_text(out, " (");
		html_sentence(out, framework->published);
		buf_char(out, ')');
		html_close(out, "dd");
	}
	html_close(out, "dl");
}

static void put_title(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	buf_text(out, "<header>\n");
	html_element(out, "p", "kind",
		     framework_is_document(framework)
			     ? "Breakwater report"
			     : "What was observed, as evidence for");
	html_open(out, "h1", NULL);
	put_name(out, report);
	html_close(out, "h1");
	if (framework->purpose != NULL)
		html_element(out, "p", "lead", framework->purpose);
	put_facts(out, report);
	buf_text(out, "</header>\n");
}

/* ---- all of it ---- */

void page_section(struct buf *out, const char *name, const char *title)
{
	buf_printf(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", name, name);
	buf_html_text(out, title);
	html_close(out, "h2");
}

void page_outcome(struct buf *out, enum outcome outcome)
{
	static const char *const words[] = { "Nothing deviates", "For review",
					     "Not known", "Deviates" };
	buf_printf(out, "<span class=\"outcome %s\">%s</span>", outcome_name(outcome),
		   words[outcome]);
}

const char *page_name(const struct report *report, const struct evidence *evidence)
{
	return framework_is_document(report->framework) ? evidence->title
							: evidence->id;
}

size_t page_place(const struct report *report, const struct collected *collected)
{
	return (size_t)(collected->evidence - report->compliance->evidence);
}

void report_html(const struct report *report, struct buf *out)
{
	put_head(out, report);
	buf_text(out, "<body>\n");
	svg_patterns(out);
	buf_text(out, "<main>\n");
	put_title(out, report);
	page_sensors(out, report);
	page_look(out, report);
	if (framework_is_document(report->framework)) {
		page_document(out, report);
	} else {
		page_reading(out, report);
		page_controls(out, report);
		page_evidence(out, report);
	}
	page_gaps(out, report);
	page_kept(out, report);
	page_hashes(out, report);
	buf_text(out, "</main>\n</body>\n</html>\n");
}
