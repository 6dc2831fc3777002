/*
 * dots.c: see dots.h.
 */
#include "protocol/dots.h"

#include "protocol/line.h"

enum stage {
	STAGE_TEXT,
	STAGE_DOT, /* a dot began a line */
	STAGE_CR,  /* and CR came */
	STAGE_WORD /* it stood alone, but not as it should: what follows? */
};

enum ending { ENDING_NONE, ENDING_CRLF, ENDING_LF, ENDING_CR };

/* With which a message may be begun. */
static const char *const commands[] = { "mail from:", "ehlo ", "helo ", "rset" };
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

void dots_begin(struct dots *dots)
{
	*dots = (struct dots){ .last = { '\r', '\n' } };
}

static void pass(struct dots *dots, struct bytes *data, size_t n)
{
	const uint8_t *gone = data->at;
	if (n == 0)
		return;
	dots->last[0] = n > 1 ? gone[n - 2] : dots->last[1];
	dots->last[1] = gone[n - 1];
	bytes_take(data, n);
}

static enum ending ending_of(const struct dots *dots)
{
	if (dots->last[1] == '\n')
		return dots->last[0] == '\r' ? ENDING_CRLF : ENDING_LF;
	return dots->last[1] == '\r' ? ENDING_CR : ENDING_NONE;
}

static void find_dot(struct dots *dots, struct bytes *data)
{
	const uint8_t *dot = memchr(data->at, '.', data->len);
	pass(dots, data, dot != NULL ? (size_t)(dot - data->at) : data->len);
	if (dot == NULL)
		return;
	dots->before = (uint8_t)ending_of(dots);
	dots->stage = dots->before != ENDING_NONE ? STAGE_DOT : STAGE_TEXT;
	pass(dots, data, 1);
}

/* True if that is the end. */
static bool line_ended(struct dots *dots, enum ending ending)
{
	bool is_end = dots->before == ENDING_CRLF && ending == ENDING_CRLF;
	dots->stage = is_end ? STAGE_TEXT : STAGE_WORD;
	dots->word_len = 0;
	dots->words = (1 << COMMANDS) - 1;
	return is_end;
}

static void read_word(struct dots *dots, struct bytes *data)
{
	uint8_t c = line_lower(data->at[0]);
	for (unsigned i = 0; i < COMMANDS; i++) {
		if (!(dots->words >> i & 1))
			continue;
		if ((uint8_t)commands[i][dots->word_len] != c)
			dots->words &= (uint8_t) ~(1u << i);
		else if (commands[i][dots->word_len + 1] == '\0')
			dots->is_smuggled = true;
	}
	dots->word_len++;
	if (dots->words == 0 || dots->is_smuggled)
		dots->stage = STAGE_TEXT; /* the byte may be a dot */
	else
		pass(dots, data, 1);
}

bool dots_take(struct dots *dots, struct bytes *data)
{
	while (data->len > 0) {
		bool is_end = false;
		uint8_t c = data->at[0];
		switch ((enum stage)dots->stage) {
		case STAGE_TEXT:
			find_dot(dots, data);
			break;
		case STAGE_DOT:
			dots->stage = c == '\r' ? STAGE_CR : STAGE_TEXT;
			if (c == '\r' || c == '\n')
				pass(dots, data, 1);
			if (c == '\n')
				is_end = line_ended(dots, ENDING_LF);
			break;
		case STAGE_CR:
			if (c == '\n')
				pass(dots, data, 1);
			is_end = line_ended(dots, c == '\n' ? ENDING_CRLF : ENDING_CR);
			break;
		case STAGE_WORD:
			read_word(dots, data);
			break;
		}
		if (is_end)
			return true;
	}
	return false;
}
