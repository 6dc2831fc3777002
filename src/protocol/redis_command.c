/*
 * redis_command.c: what commands and errors of Redis say; see redis.h.
 */
#include "protocol/redis.h"

#include "protocol/line.h"
#include "protocol/text.h"

bool redis_read_number(struct bytes line, int64_t *number)
{
	bool is_negative = line.len > 1 && line.at[1] == '-';
	size_t from = is_negative ? 2 : 1;
	if (line.len <= from || line.len > from + 10)
		return false;
	*number = 0;
	for (size_t i = from; i < line.len; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return false;
		*number = *number * 10 + (line.at[i] - '0');
	}
	if (is_negative)
		*number = -*number;
	return true;
}

void redis_take_words(struct bytes *data, size_t count, struct redis_command *command)
{
	command->count = count < REDIS_WORDS_MAX ? count : REDIS_WORDS_MAX;
	for (size_t i = 0; i < command->count; i++) {
		struct bytes line;
		int64_t len;
		if (!line_take(data, &line) || line.len == 0 || line.at[0] != '$' ||
		    !redis_read_number(line, &len) || len < 0 || len > REDIS_BULK_MAX) {
			data->bad = true;
			return;
		}
		command->word[i] = bytes_take(data, (size_t)len);
		bytes_take(data, 2);
	}
}

void redis_read_inline(struct bytes line, struct redis_command *command)
{
	command->count = 0;
	while (command->count < REDIS_WORDS_MAX) {
		struct bytes word = line_word(&line);
		if (word.len == 0)
			return;
		command->word[command->count++] = word;
	}
}

struct redis_credentials redis_read_credentials(const struct redis_command *command)
{
	static const char everybody[] = "default"; /* whose password it is without */
	struct bytes standard = bytes_of(everybody, sizeof(everybody) - 1);
	const struct bytes *word = command->word;
	if (line_is_nocase(word[0], "auth") && command->count == 2)
		return (struct redis_credentials){ true, standard };
	if (line_is_nocase(word[0], "auth") && command->count == 3)
		return (struct redis_credentials){ true, word[1] };
	if (line_is_nocase(word[0], "hello"))
		for (size_t i = 2; i + 1 < command->count; i++)
			if (line_is_nocase(word[i], "auth"))
				return (struct redis_credentials){ true, word[i + 1] };
	return (struct redis_credentials){ 0 };
}

bool redis_ends_order(const struct redis_command *command)
{
	static const char *const names[] = { "subscribe", "psubscribe", "ssubscribe",
					     "monitor",   "sync",       "psync" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (line_is_nocase(command->word[0], names[i]))
			return true;
	return command->count > 1 && line_is_nocase(command->word[0], "client") &&
	       line_is_nocase(command->word[1], "reply");
}

bool redis_is_fault(struct bytes error)
{
	static const char *const words[] = { "OOM",        "LOADING",   "MISCONF",
					     "BUSY",       "READONLY",  "CLUSTERDOWN",
					     "MASTERDOWN", "NOREPLICAS" };
	struct bytes rest = error, word = line_word(&rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_is(word, words[i]))
			return true;
	return redis_is_overload(error);
}

bool redis_is_overload(struct bytes error)
{
	return text_is(error, "ERR max number of clients reached");
}

bool redis_is_denial(struct bytes error)
{
	return text_starts(error, "WRONGPASS ") ||
	       text_starts(error, "ERR invalid password") ||
	       text_starts(error, "ERR invalid username-password");
}
