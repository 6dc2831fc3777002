/*
 * notice.h: what all notifiers say alike, and how text is made safe for their formats.
 *
 * Summaries and causes may quote strangers (a user agent, a name): nothing of them may
 * become a header, a tag or a field of its own.
 */
#pragma once

#include "alert/notifier.h"

/* The gravest of its incidents, SEVERITY_...; what has none counts as medium. */
int notice_severity(const struct notice *notice);
/* True if all that it tells of is over. */
bool notice_is_over(const struct notice *notice);

/* notification.others: all its incidents' ids but the first. */
void notice_others(const struct notice *notice, field_text256 out);

/* One line: "[high] db01: PostgreSQL on 5432 does not answer". */
void notice_title(const struct notice *notice, struct buf *out);
/*
 * Plain text of some lines: what, since when, the probable cause, where to find more.
 * Of so many bytes about, which is a bound of many receivers: who does not fit is
 * counted.
 */
void notice_text(const struct notice *notice, size_t most, struct buf *out);
/* "2026-01-31T12:00:00Z" */
void notice_time(int64_t at_us, struct buf *out);

/* Cuts it to so many bytes, between two characters. */
void notice_cut(struct buf *text, size_t most);

/* RFC 8259, within quotes, is buf_json_text(). */
/*
 * One line, of a header or of text: controls, also CR and LF, become blanks; "?" is
 * for bad UTF-8, and for what turns the direction of writing.  NULL: "".
 */
void escape_line(struct buf *out, const char *text);
/* HTML and XML, also within quotes. */
void escape_html(struct buf *out, const char *text);
/* RFC 3986: all but what is unreserved. */
void escape_url(struct buf *out, const char *text);
