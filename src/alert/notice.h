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

/* One line: "[high] db01: PostgreSQL on 5432 does not answer". */
void notice_title(const struct notice *notice, struct buf *out);
/* Plain text of some lines: what, since when, the probable cause, where to find more. */
void notice_text(const struct notice *notice, struct buf *out);

/* RFC 8259, within quotes, is buf_json_text(). */
/* One line of a header: controls, also CR and LF, become blanks; bad UTF-8 "?". */
void escape_line(struct buf *out, const char *text);
/* HTML and XML, also within quotes. */
void escape_html(struct buf *out, const char *text);
/* RFC 3986: all but what is unreserved. */
void escape_url(struct buf *out, const char *text);
