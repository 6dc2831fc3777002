/*
 * password.c: see password.h.
 */
#include "web/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "web/secret.h"

static const char prefix[] = "$y$";

/* Of random bytes that nobody kept: of the same cost as the passwords people have. */
static const char nobody[] = "$y$j9T$Ahx7bqQj65jNJlTB.PdFJ0$"
			     ".hdWQsdee286EXJ7Xo77M5FX/ngfExLtE0C4YxY5cb1";

const char *password_refusal(const char *password)
{
	size_t len = strlen(password);
	if (len < PASSWORD_MIN)
		return "a password has at least 15 characters: several words are "
		       "easier to remember than signs";
	if (len >= PASSWORD_MAX)
		return "a password has at most 511 characters";
	return NULL;
}

static void forget(void *data, int size)
{
	if (data != NULL && size > 0)
		secret_forget(data, (size_t)size);
	free(data);
}

bool password_hash(const char *password, char out[static PASSWORD_HASH_MAX])
{
	void *data = NULL;
	int size = 0;
	/* Cost and random bytes as the library and the kernel give them. */
	char *setting = crypt_gensalt_ra(prefix, 0, NULL, 0);
	const char *hash =
		setting != NULL ? crypt_ra(password, setting, &data, &size) : NULL;
	bool is_made = hash != NULL && strlen(hash) < PASSWORD_HASH_MAX &&
		       password_is_hash(hash);
	out[0] = '\0';
	if (is_made)
		memcpy(out, hash, strlen(hash) + 1);
	free(setting);
	forget(data, size);
	return is_made;
}

bool password_matches(const char *password, const char *hash)
{
	void *data = NULL;
	int size = 0;
	bool is_somebody = password_is_hash(hash);
	const char *against = is_somebody ? hash : nobody;
	const char *made = crypt_ra(password, against, &data, &size);
	bool is_same = made != NULL && secret_same_text(made, against);
	forget(data, size);
	return is_same && is_somebody;
}

bool password_is_hash(const char *text)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 &&
	       strlen(text) < PASSWORD_HASH_MAX &&
	       strspn(text, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz$") == strlen(text);
}
