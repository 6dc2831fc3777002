/*
 * log_line.c: see log_line.h.
 */
#include "host/log_line.h"

#include <ctype.h>
#include <string.h>

enum { TIME_BYTES = 15 }; /* "Nov 25 16:32:01" */

static void skip(struct bytes *line, size_t n)
{
	line->at += n;
	line->len -= n;
}

/* One word and the blank behind it. */
static bool take_word(struct bytes *line, struct bytes *word)
{
	const uint8_t *blank = line->len > 0 ? memchr(line->at, ' ', line->len) : NULL;
	if (blank == NULL || blank == line->at)
		return false;
	*word = bytes_of(line->at, (size_t)(blank - line->at));
	skip(line, word->len + 1);
	return true;
}

/* '9' in the shape stands for a digit or a blank before one, 'a' for a letter. */
static bool has_shape(struct bytes line, const char *shape)
{
	size_t len = strlen(shape);
	if (line.len < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = line.at[i];
		bool fits = shape[i] == '9'   ? isdigit(c) || c == ' '
			    : shape[i] == 'a' ? isalpha(c) != 0
					      : c == (uint8_t)shape[i];
		if (!fits)
			return false;
	}
	return true;
}

static bool take_time(struct bytes *line)
{
	struct bytes time;
	if (has_shape(*line, "aaa 99 99:99:99 ")) {
		skip(line, TIME_BYTES + 1);
		return true;
	}
	return has_shape(*line, "9999-99-99T99:99:99") && take_word(line, &time);
}

/* "sshd[123]:", "postfix/smtpd[9]:", "su:", "gdm-password]:" */
static bool take_identifier(struct bytes *line, struct bytes *identifier)
{
	struct bytes tag;
	if (!take_word(line, &tag) || tag.len < 2 || tag.at[tag.len - 1] != ':')
		return false;
	tag.len--;
	const uint8_t *bracket = memrchr(tag.at, '[', tag.len);
	if (bracket != NULL && tag.at[tag.len - 1] == ']')
		tag.len = (size_t)(bracket - tag.at);
	*identifier = tag;
	return true;
}

bool log_line_split(struct bytes line, struct bytes *identifier, struct bytes *text)
{
	struct bytes host;
	if (!take_time(&line) || !take_word(&line, &host) ||
	    !take_identifier(&line, identifier))
		return false;
	*text = line;
	return true;
}
