/*
 * ask.c: see ask.h.
 */
#include "protocol/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/talk.h"

const char *question_option(const struct question *question, const char *name)
{
	for (size_t i = 0; i < question->option_count; i++)
		if (strcmp(question->options[i].name, name) == 0)
			return question->options[i].value;
	return NULL;
}

void ask_send(struct ask *ask, const void *bytes, size_t len)
{
	if (len > sizeof(ask->out) - ask->out_len) {
		ask->out_len = 0;
		ask_unwell(ask, REASON_not_sent, ASK_CLOSE, "the question is too long");
		return;
	}
	if (len > 0)
		memcpy(ask->out + ask->out_len, bytes, len);
	ask->out_len += len;
}

void ask_say(struct ask *ask, const char *format, ...)
{
	char text[ASK_OUT_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ask_send(ask, text, len < 0 ? sizeof(text) : (size_t)len);
}

void ask_well(struct ask *ask, enum ask_next next)
{
	ask->next = next;
	ask->is_judged = true;
}

void ask_unwell(struct ask *ask, enum reason reason, enum ask_next next,
		const char *format, ...)
{
	ask->next = next;
	if (ask->is_judged)
		return;
	ask->is_judged = true;
	ask->reason = reason;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(ask->detail, sizeof(ask->detail), format, arguments);
	va_end(arguments);
}

const char *ask_quote(char *text, size_t size, struct bytes said)
{
	facts_text(text, size, said);
	return text;
}
