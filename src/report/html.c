/*
 * html.c: see html.h.
 */
#include "report/html.h"

#include <string.h>

#include "base/when.h"
#include "report/words.h"

void html_open(struct buf *out, const char *tag, const char *name)
{
	if (name != NULL)
		buf_printf(out, "<%s class=\"%s\">", tag, name);
	else
		buf_printf(out, "<%s>", tag);
}

void html_close(struct buf *out, const char *tag)
{
	buf_printf(out, "</%s>\n", tag);
}

void html_element(struct buf *out, const char *tag, const char *name, const char *text)
{
	html_open(out, tag, name);
	buf_html_text(out, text);
	buf_printf(out, "</%s>", tag);
}

void html_term_open(struct buf *out, const char *term)
{
	html_element(out, "dt", NULL, term);
	html_open(out, "dd", NULL);
}

void html_term(struct buf *out, const char *term, const char *text)
{
	html_term_open(out, term);
	buf_html_text(out, text);
	html_close(out, "dd");
}

void html_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX], shown[WORDS_TIME_MAX];
	record_time_text(at_us, text);
	words_time(at_us, shown);
	buf_printf(out,
		   "<time datetime=\"%s\"><span>%.10s</span> <span>%s</span></time>",
		   text, shown, shown + WORDS_DAY + 1);
}

bool html_time_text(struct buf *out, const char *text)
{
	int64_t at_us;
	char again[TIME_TEXT_MAX];
	if (!time_parse(text, &at_us))
		return false;
	record_time_text(at_us, again);
	if (strcmp(again, text) != 0)
		return false;
	html_time(out, at_us);
	return true;
}

static bool is_day(const char *word, size_t len)
{
	return len > 0 && word[0] >= '0' && word[0] <= '9' &&
	       memchr(word, '-', len) != NULL;
}

void html_sentence(struct buf *out, const char *text)
{
	char word[64];
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		len = len == 0 ? 1 : len < sizeof(word) ? len : sizeof(word) - 1;
		memcpy(word, text, len);
		word[len] = '\0';
		if (is_day(word, len))
			html_element(out, "span", "whole", word);
		else
			buf_html_text(out, word);
		text += len;
	}
}

void html_table_open(struct buf *out, const char *name, const char *caption)
{
	html_open(out, "table", name);
	if (caption != NULL)
		html_element(out, "caption", NULL, caption);
}

void html_heads(struct buf *out, const char *const *heads, size_t count)
{
	buf_text(out, "<thead><tr>");
	for (size_t i = 0; i < count; i++) {
		buf_text(out, "<th scope=\"col\">");
		buf_html_text(out, heads[i]);
		buf_text(out, "</th>");
	}
	buf_text(out, "</tr></thead>\n<tbody>\n");
}

void html_table_close(struct buf *out)
{
	buf_text(out, "</tbody></table>\n");
}

void html_scroll_open(struct buf *out, const char *label)
{
	buf_text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		      "aria-label=\"");
	buf_html_text(out, label);
	buf_text(out, "\">\n");
}

void html_link(struct buf *out, const char *name, size_t at, const char *text)
{
	buf_printf(out, "<a href=\"#%s-%zu\">", name, at);
	buf_html_text(out, text);
	buf_text(out, "</a>");
}
