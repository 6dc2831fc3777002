/*
 * redis.h: what commands and errors of Redis say.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/ask.h"

enum {
	REDIS_WORDS_MAX = 6, /* of a command that are looked at */
	REDIS_BULK_MAX =
		512 * 1024 * 1024, /* octets of a string, as the server has it */
};

/* "*3", "$-1": the number behind the type; false if it is none. */
bool redis_read_number(struct bytes line, int64_t *number);

struct redis_command {
	size_t count; /* of words */
	struct bytes word[REDIS_WORDS_MAX];
};

/*
 * Takes the first of an array's `count` strings, at most REDIS_WORDS_MAX; bad if they
 * are not here.
 */
void redis_take_words(struct bytes *data, size_t count, struct redis_command *command);
void redis_read_inline(struct bytes line, struct redis_command *command);

/* AUTH [user] password, HELLO version ... AUTH user password. */
struct redis_credentials {
	bool are_there;
	struct bytes user;
};
struct redis_credentials redis_read_credentials(const struct redis_command *command);

/* After these what the server says is no longer a reply to each command. */
bool redis_ends_order(const struct redis_command *command);

/* What stands behind the "-" of an error: is it the server's own fault? */
bool redis_is_fault(struct bytes error);
/* ... or a wrong user or password? */
bool redis_is_denial(struct bytes error);
/* ... or no room for one more client? */
bool redis_is_overload(struct bytes error);

extern const struct asking redis_asking;
