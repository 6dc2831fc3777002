/*
 * http_head.c: heads as HTTP/1 writes them (RFC 9112); see http_head.h.
 *
 * We read as leniently as the most lenient server does, and note every leniency that
 * another server would not have: there is room for a second request in between.
 */
#include "protocol/http_head.h"
#include "protocol/header.h"

enum { METHOD_MAX = 24 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum verdict begins_request(struct bytes data)
{
	size_t len = 0;
	while (len < data.len && len <= METHOD_MAX && header_is_token(data.at[len]))
		len++;
	if (len == data.len && len <= METHOD_MAX)
		return VERDICT_MORE;
	if (len == 0 || len > METHOD_MAX || data.at[len] != ' ')
		return VERDICT_NO;
	if (len + 1 == data.len)
		return VERDICT_MORE;
	return data.at[len + 1] > ' ' && data.at[len + 1] != 0x7f ? VERDICT_YES
								  : VERDICT_NO;
}

/* "HTTP/1.1 200", or of an old streaming server "ICY 200". */
static enum verdict begins_response(struct bytes data)
{
	static const char *const shapes[] = { "HTTP/1.# ###", "ICY ###" };
	enum verdict verdict = VERDICT_NO;
	for (unsigned i = 0; i < 2; i++) {
		const char *shape = shapes[i];
		size_t len = 0;
		while (len < data.len && shape[len] != '\0' &&
		       (shape[len] == '#' ? is_digit(data.at[len])
					  : shape[len] == (char)data.at[len]))
			len++;
		if (shape[len] == '\0')
			return VERDICT_YES;
		if (len == data.len)
			verdict = VERDICT_MORE;
	}
	return verdict;
}

enum verdict http_begins(struct bytes data, unsigned by)
{
	return by == CLIENT ? begins_request(data) : begins_response(data);
}

/* What is gathered while lines pass. */
struct lines {
	struct http_head *head;
	struct http_framing *framing;
	unsigned count;
	bool is_request, may_have_control;
	bool is_crlf;  /* the first line ended so */
	bool was_bare; /* the line before ended in "\n" alone */
	bool has_chunked, has_other;
};

static struct bytes take_item(struct bytes *list)
{
	const uint8_t *comma = list->len > 0 ? memchr(list->at, ',', list->len) : NULL;
	struct bytes item = bytes_take(list, comma != NULL ? (size_t)(comma - list->at)
							   : list->len);
	if (comma != NULL)
		bytes_take(list, 1);
	return line_trim(item);
}

/* A list of equal numbers may be taken for one of them (RFC 9110 8.6). */
static void take_length(struct lines *lines, struct bytes value)
{
	/* Programs that don't know it say so, badly, but mean no harm. */
	if (value.len == 0 || line_is_nocase(value, "-1"))
		return;
	do {
		uint64_t length;
		if (!http_number(take_item(&value), &length)) {
			lines->framing->flaws |= FLAW_LENGTH;
			return;
		}
		if (lines->head->has_length && lines->head->length != length)
			lines->framing->flaws |= FLAW_LENGTHS;
		lines->head->has_length = true;
		lines->head->length = length;
	} while (value.len > 0);
}

static bool has_chunk(struct bytes coding)
{
	for (size_t i = 0; i < coding.len; i++)
		if (line_starts_nocase(bytes_of(coding.at + i, coding.len - i),
				       "chunk"))
			return true;
	return false;
}

static bool is_coding(struct bytes coding)
{
	static const char *const known[] = { "gzip",     "x-gzip",     "deflate",
					     "compress", "x-compress", "identity" };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (line_is_nocase(coding, known[i]))
			return true;
	return false;
}

static void take_coding(struct lines *lines, struct bytes value)
{
	struct http_framing *framing = lines->framing;
	do {
		struct bytes coding = take_item(&value);
		if (line_is_nocase(coding, "chunked")) {
			framing->flaws |= lines->has_chunked ? FLAW_UNCHUNKED : 0;
			framing->is_coded = framing->is_chunked = lines->has_chunked =
				true;
			continue;
		}
		framing->flaws |= lines->has_chunked ? FLAW_ORDER : 0;
		framing->flaws |= has_chunk(coding) ? FLAW_CODING : 0;
		/* RFC 2616 had "identity" for no coding at all. */
		framing->is_coded |= !line_is_nocase(coding, "identity");
		framing->is_chunked = false;
		lines->has_other |= !is_coding(coding);
	} while (value.len > 0);
}

static bool frames(struct bytes name)
{
	return line_is_nocase(name, "content-length") ||
	       line_is_nocase(name, "transfer-encoding");
}

/* The same with other characters around it. */
static bool frames_disguised(struct bytes name)
{
	struct bytes bare = name;
	while (bare.len > 0 && !header_is_token(bare.at[0]))
		bytes_take(&bare, 1);
	while (bare.len > 0 && !header_is_token(bare.at[bare.len - 1]))
		bare.len--;
	return bare.len != name.len && frames(bare);
}

/* A CR that another reader may take for the end of the line (RFC 9112 2.2). */
static bool frames_behind_cr(struct bytes line)
{
	const uint8_t *cr;
	while (line.len > 0 && (cr = memchr(line.at, '\r', line.len)) != NULL) {
		bytes_take(&line, (size_t)(cr - line.at) + 1);
		if (line_starts_nocase(line, "content-length") ||
		    line_starts_nocase(line, "transfer-encoding"))
			return true;
	}
	return false;
}

/*
 * Whether to look closer: at a control character, or a CR without its LF.  No way out
 * of the loop and nothing wider than an octet, so it takes sixteen at once.
 */
static bool may_have_control(struct bytes text)
{
	uint8_t odd = text.len > 0 && text.at[text.len - 1] == '\r';
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.at[i];
		bool is_control = (c < ' ') | (c == 0x7f);
		odd |= is_control & (c != '\t') & (c != '\r') & (c != '\n');
	}
	for (size_t i = 1; i < text.len; i++)
		odd |= (text.at[i - 1] == '\r') & (text.at[i] != '\n');
	return odd != 0;
}

/* Line ends in it are those of a folded line. */
static bool has_control(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.at[i];
		bool is_fold = c == '\r' && i + 1 < text.len && text.at[i + 1] == '\n';
		if ((c < ' ' && c != '\t' && c != '\n' && !is_fold) || c == 0x7f)
			return true;
	}
	return false;
}

static void check(struct lines *lines, const struct header *header)
{
	unsigned *flaws = &lines->framing->flaws;
	bool is_framing = frames(header->name);
	bool is_odd = header->has_gap ||
		      (lines->is_crlf && (lines->was_bare || header->is_bare));
	if ((is_framing && is_odd) || frames_disguised(header->name))
		*flaws |= FLAW_HIDDEN;
	if (!lines->may_have_control ||
	    (!has_control(header->name) && !has_control(header->value)))
		return;
	*flaws |= FLAW_CONTROL;
	if (frames_behind_cr(header->value))
		*flaws |= FLAW_HIDDEN;
}

static void take_lines(struct lines *lines, struct bytes text)
{
	struct header header;
	struct http_framing *framing = lines->framing;
	while (header_take(&text, &header)) {
		lines->count++;
		if (lines->is_request)
			check(lines, &header);
		lines->was_bare = header.is_bare;
		if (line_is_nocase(header.name, "content-length"))
			take_length(lines, header.value);
		else if (line_is_nocase(header.name, "transfer-encoding"))
			take_coding(lines, header.value);
		else
			http_field(lines->head, header.name, header.value);
	}
	if (lines->count > HTTP_LINES_MAX)
		framing->flaws |= FLAW_LINES;
	if (lines->has_chunked && lines->has_other)
		framing->flaws |= FLAW_CODING;
	if (framing->is_coded && !lines->has_chunked)
		framing->flaws |= FLAW_UNCHUNKED;
	if (framing->is_coded && lines->head->has_length)
		framing->flaws |= FLAW_BOTH;
}

static bool take_first_line(struct lines *lines, struct bytes *text, struct bytes *line)
{
	*lines->head = (struct http_head){ .has_proof = false };
	*lines->framing = (struct http_framing){ .minor = 0 };
	if (!line_take(text, line)) {
		*line = bytes_take(text, text->len);
		return line->len > HTTP_TARGET_MAX;
	}
	lines->is_crlf = line->at != NULL && line->at[line->len] == '\r';
	return true;
}

/* Takes " HTTP/1.x" off the end. */
static bool take_version(struct bytes *line, unsigned *minor)
{
	static const char version[] = " HTTP/1.";
	size_t len = sizeof(version) - 1;
	while (line->len > 0 && line->at[line->len - 1] == ' ')
		line->len--;
	if (line->len <= len || !is_digit(line->at[line->len - 1]) ||
	    memcmp(line->at + line->len - 1 - len, version, len) != 0)
		return false;
	*minor = line->at[line->len - 1] - (unsigned)'0';
	line->len -= len + 1;
	return true;
}

bool http_read_request(struct bytes text, struct http_head *head,
		       struct http_framing *framing)
{
	struct lines lines = { .head = head,
			       .framing = framing,
			       .is_request = true,
			       .may_have_control = may_have_control(text) };
	struct bytes line;
	if (!take_first_line(&lines, &text, &line) ||
	    (!take_version(&line, &framing->minor) && text.len > 0))
		return false;
	struct bytes method = line_word(&line);
	head->method = http_method(method);
	line = line_trim(line);
	if (method.len == 0 || line.len == 0)
		return false;
	framing->flaws |= line.len > HTTP_TARGET_MAX ? FLAW_TARGET : 0;
	framing->flaws |= has_control(line) ? FLAW_CONTROL : 0;
	http_target(head, line);
	take_lines(&lines, text);
	/* HTTP/1.0 has no codings; who sends one anyway is read either way (6.1). */
	if (framing->minor == 0 && framing->is_coded)
		framing->flaws |= FLAW_UNCHUNKED;
	return true;
}

bool http_read_response(struct bytes text, struct http_head *head,
			struct http_framing *framing)
{
	struct lines lines = { .head = head, .framing = framing };
	struct bytes line;
	if (begins_response(text) != VERDICT_YES ||
	    !take_first_line(&lines, &text, &line))
		return false;
	bool is_http = line_starts(line, "HTTP/1.");
	bytes_take(&line, is_http ? 7 : 4);
	if (is_http)
		framing->minor = bytes_u8(&line) - (unsigned)'0';
	struct bytes code = line_word(&line);
	for (size_t i = 0; i < 3 && i < code.len; i++)
		head->status = head->status * 10 + (code.at[i] - (unsigned)'0');
	take_lines(&lines, text);
	return true;
}

static int hex_digit(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c = line_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_read_chunk(struct bytes line, uint64_t *size)
{
	size_t digits = 0;
	int digit;
	*size = 0;
	/* Zeros in front are not counted: some write them. */
	while (line.len > 0 && (digit = hex_digit(line.at[0])) >= 0) {
		if (*size >> 56 != 0)
			return false;
		*size = *size << 4 | (uint64_t)digit;
		bytes_take(&line, 1);
		digits++;
	}
	line = line_trim(line); /* some servers pad */
	return digits > 0 && (line.len == 0 || line.at[0] == ';');
}
