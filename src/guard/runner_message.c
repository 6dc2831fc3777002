/*
 * runner_message.c: what the runner and the daemon say to each other, judged byte by
 * byte: one of them may have been taken over.
 */
#include <string.h>

#include "guard/runner.h"

static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789:._/-";

bool runner_name_is_good(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len < RUNNER_NAME_MAX && strspn(name, capitals) == len;
}

/* No option and no path of its own, whatever a script does with it unquoted. */
bool runner_value_is_good(const char *value)
{
	size_t len = strlen(value);
	return len > 0 && len < RUNNER_VALUE_MAX && strspn(value, plain) == len &&
	       strchr("._/-", value[0]) == NULL;
}

static bool is_word(const struct runner_word *word)
{
	return memchr(word->name, '\0', sizeof(word->name)) != NULL &&
	       memchr(word->value, '\0', sizeof(word->value)) != NULL &&
	       runner_name_is_good(word->name) && runner_value_is_good(word->value);
}

static bool is_run(const struct runner_message *message)
{
	if (message->program >= RUNNER_PROGRAMS_MAX ||
	    message->count > RUNNER_WORDS_MAX || message->total > RUNNER_INPUT_MAX)
		return false;
	for (uint32_t i = 0; i < message->count; i++)
		if (!is_word(&message->words[i]))
			return false;
	return true;
}

static bool is_input(const struct runner_message *message)
{
	return message->program == 0 && message->total == 0 && message->count > 0 &&
	       message->count <= RUNNER_PIECE_MAX;
}

bool runner_message_parse(const void *bytes, size_t len, struct runner_message *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	if (out->id == 0)
		return false;
	if (out->kind == RUNNER_RUN)
		return is_run(out);
	return out->kind == RUNNER_INPUT && is_input(out);
}

bool runner_event_parse(const void *bytes, size_t len, struct runner_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind >= RUNNER_ENDED && out->kind <= RUNNER_STATE &&
	       out->program < RUNNER_PROGRAMS_MAX && out->is_late <= 1 &&
	       out->said_len <= RUNNER_SAID_MAX && out->zero == 0 &&
	       (out->id != 0 || out->kind >= RUNNER_REFUSED);
}
