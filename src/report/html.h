/*
 * html.h: elements of HTML.  Private to the room.
 *
 * Every text goes through buf_html_text(); tags and classes are the program's own
 * words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* <tag class="name">; name NULL: without. */
void html_open(struct buf *out, const char *tag, const char *name);
void html_close(struct buf *out, const char *tag);

/* All of one. */
void html_element(struct buf *out, const char *tag, const char *name, const char *text);

/* A term and what it is: <dt>, <dd>. */
void html_term(struct buf *out, const char *term, const char *text);
void html_term_open(struct buf *out, const char *term);

/* <time>, to the second, UTC. */
void html_time(struct buf *out, int64_t at_us);
/* The same of a text of a record's time; false: it is none, and nothing was said. */
bool html_time_text(struct buf *out, const char *text);

/* Words that begin with a digit and hold a hyphen, days, are not broken. */
void html_sentence(struct buf *out, const char *text);

/* The head of a table: a row of <th scope="col">. */
void html_table_open(struct buf *out, const char *name, const char *caption);
void html_heads(struct buf *out, const char *const *heads, size_t count);
void html_table_close(struct buf *out);

/* What is wider than a small screen is scrolled by itself, by keys, too. */
void html_scroll_open(struct buf *out, const char *label);

/* "#name-4": where a link goes, and what it goes to. */
void html_link(struct buf *out, const char *name, size_t at, const char *text);
