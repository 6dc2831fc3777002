/*
 * fuzz_forwarded.c: any bytes before what a proxy of ours adds to a header: the client
 * is the one that the proxy says, or unknown, and never one of the client's choice.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct forwarded *f, bool may_be_unknown)
{
	struct addr real;
	bool is_known = addr_parse("192.0.2.9", &real) && addr_equal(&f->client, &real);
	if (!is_known && !(may_be_unknown && addr_is_unset(&f->client)))
		abort();
}

/* In the same line, and in one behind it. */
static void try_both(const char *name, const char *text, const char *added)
{
	struct config_prefixes proxies = { .count = 1 };
	struct forwarded f;
	size_t size = strlen(text) + strlen(added) + sizeof(", ");
	char *line = malloc(size);
	if (line == NULL || !prefix_parse("10.0.0.0/8", &proxies.at[0]))
		abort();
	snprintf(line, size, "%s, %s", text, added);
	forwarded_init(&f, name, &proxies);
	forwarded_line(&f, line);
	/* A quote that the client opened may hold it. */
	check(&f, f.is_standard);
	forwarded_init(&f, name, &proxies);
	forwarded_line(&f, text);
	forwarded_line(&f, added);
	check(&f, false);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try_both("X-Forwarded-For", text, "192.0.2.9");
	try_both("Forwarded", text, "for=192.0.2.9;proto=https");
	free(text);
	return 0;
}
