/*
 * header.h: heads of "Name: value" lines, as HTTP, SIP and SSDP have them.
 *
 * RFC 9112 5, RFC 3261 7.3.1.  A line that begins with a blank goes on with the one
 * before (obs-fold), so a value may have line ends in it: who reads one takes them for
 * blanks.
 */
#pragma once

#include "protocol/line.h"

struct header {
	struct bytes name, value; /* a line without colon: no name, all is value */
	bool has_gap;             /* a blank between name and colon */
	bool is_bare;             /* ended by "\n" alone */
};

/*
 * RFC 9110 5.6.2, RFC 3261 25.1: what names and methods are made of: letters, digits
 * and !#$%&'*+-.^_`|~ (a bit each).
 */
static inline bool header_is_token(uint8_t c)
{
	static const uint32_t tokens[] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };
	return c < 128 && (tokens[c / 32] >> c % 32 & 1) != 0;
}

/* Empty lines before a message are to be ignored; some senders end one in NUL. */
static inline void header_skip_empty(struct bytes *data)
{
	while (data->len > 0 &&
	       (data->at[0] == '\r' || data->at[0] == '\n' || data->at[0] == '\0'))
		bytes_take(data, 1);
}

static inline bool header_goes_on(struct bytes data)
{
	return data.len > 0 && (data.at[0] == ' ' || data.at[0] == '\t');
}

/* Where its empty line ends, "\r\n" or "\n"; 0 if there is none behind `from`. */
static inline size_t header_end(struct bytes data, size_t from)
{
	while (from < data.len) {
		const uint8_t *end = memchr(data.at + from, '\n', data.len - from);
		if (end == NULL)
			return 0;
		from = (size_t)(end - data.at) + 1;
		if (from < data.len && data.at[from] == '\n')
			return from + 1;
		if (from + 1 < data.len && data.at[from] == '\r' &&
		    data.at[from + 1] == '\n')
			return from + 2;
	}
	return 0;
}

/*
 * Where the head at the front of data ends, of which the last `fresh` bytes are new, so
 * that a head which comes in a thousand pieces is not searched a thousand times.
 */
static inline size_t header_length(struct bytes data, size_t fresh)
{
	size_t known = data.len > fresh ? data.len - fresh : 0;
	return header_end(data, known > 2 ? known - 2 : 0);
}

static inline void header_split(struct bytes line, struct header *header)
{
	const uint8_t *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
	struct bytes name = { .at = line.at };
	if (colon != NULL)
		name = bytes_take(&line, (size_t)(colon - line.at));
	if (colon != NULL)
		bytes_take(&line, 1);
	header->name = line_trim(name);
	header->has_gap = header->name.len != name.len;
	header->value = line_trim(line);
}

/* Takes a line and those that go on with it; false at the empty line and at the end. */
static inline bool header_take(struct bytes *head, struct header *header)
{
	struct bytes line, more;
	if (!line_take(head, &line) || line.len == 0)
		return false;
	header->is_bare = line.at[line.len] == '\n';
	while (header_goes_on(*head) && line_take(head, &more))
		line.len = (size_t)(more.at + more.len - line.at);
	header_split(line, header);
	return true;
}
