/*
 * cipher_suites.c: the table of cipher_suites.def; a name says what a suite is made of.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "protocol/cipher_suites.h"

static const struct suite {
	uint16_t number;
	const char *name;
} suites[] = {
#define SUITE(number, name) { number, #name },
#include "protocol/cipher_suites.def"
#undef SUITE
};
enum { COUNT = sizeof(suites) / sizeof(suites[0]) };

const char *cipher_suite_name(uint16_t suite)
{
	size_t from = 0, to = COUNT;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (suites[middle].number < suite)
			from = middle + 1;
		else
			to = middle;
	}
	return from < COUNT && suites[from].number == suite ? suites[from].name : NULL;
}

/* The worst first: a suite is named for one of its weaknesses. */
static const struct {
	const char *part, *weakness;
} weaknesses[] = {
	{ "_NULL", "no encryption" },
	{ "_SHA256_SHA256", "no encryption" }, /* RFC 9150: integrity only */
	{ "_SHA384_SHA384", "no encryption" },
	{ "_EXPORT", "export grade" },
	{ "_anon_", "no authentication" },
	{ "_DES_", "56-bit key" },
	{ "_RC4_", "RC4" },
	{ "_RC2_", "RC2" },
	{ "_3DES_", "64-bit block cipher" },
	{ "_IDEA_", "64-bit block cipher" },
};

const char *cipher_suite_weakness(uint16_t suite)
{
	const char *name = cipher_suite_name(suite);
	for (size_t i = 0; name != NULL && i < sizeof(weaknesses) / sizeof(*weaknesses);
	     i++)
		if (strstr(name, weaknesses[i].part) != NULL)
			return weaknesses[i].weakness;
	return NULL;
}

bool cipher_suite_is_cleartext(uint16_t suite)
{
	const char *weakness = cipher_suite_weakness(suite);
	return weakness != NULL && strcmp(weakness, "no encryption") == 0;
}
