/*
 * template.h: a person's own words for a notice.  Private to the room.
 *
 * A small part of Mustache: {{name}} is a value, escaped for the type of the whole;
 * {{#incidents}}...{{/incidents}} is repeated for each, and between them stands what is
 * between {{^last}} and {{/last}} for all but the last.  (Debian's libraries of
 * Mustache are for C++, D, Java and scripts; there is none for C.)
 */
#pragma once

#include "alert/notifier.h"

/*
 * type: of MIME, decides how values are escaped: as within a string of JSON, in HTML or
 * XML, in a URL (application/x-www-form-urlencoded), and otherwise as one line of text.
 * False: error says the line, what is wrong, and what is allowed.
 */
bool template_fill(const char *text, const char *type, const struct notice *notice,
		   struct buf *out, struct buf *error);
