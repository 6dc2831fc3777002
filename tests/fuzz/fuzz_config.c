/*
 * fuzz_config.c: any bytes as a configuration: no crash, no leak, and what was taken
 * shows as YAML that reads back as the same settings.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct config *a, const struct config *b)
{
	struct buf a_shown = { 0 }, b_shown = { 0 };
	config_show(&a_shown, a);
	config_show(&b_shown, b);
	if (a_shown.len != b_shown.len ||
	    memcmp(a_shown.at, b_shown.at, a_shown.len) != 0)
		abort();
	buf_free(&a_shown);
	buf_free(&b_shown);
}

static void check_reads_back(const struct config *config)
{
	struct config again;
	struct buf shown = { 0 }, errors = { 0 };
	config_init(&again);
	config_show(&shown, config);
	if (config_parse(&again, shown.at, shown.len, "shown", &errors) != 0)
		abort();
	check_same(&again, config);
	buf_free(&shown);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config, before;
	struct buf errors = { 0 };
	config_init(&config);
	config_init(&before);
	int result = config_parse(&config, (const char *)data, size, "fuzz", &errors);
	if ((result == 0) != (errors.len == 0))
		abort();
	if (result == 0)
		check_reads_back(&config);
	else
		check_same(&config, &before);
	buf_free(&errors);
	return 0;
}
