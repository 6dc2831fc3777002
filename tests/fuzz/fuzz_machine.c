/*
 * fuzz_machine.c: any bytes as the machine's files, and as its records of logins: no
 * crash, and nothing is added that is not an address of somebody.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "guard/machine_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct machine_now now = { 1000000, 1700000000000000 };
static struct never list;
static struct machine_names names;

static void check(size_t most)
{
	if (list.count > most)
		abort();
	for (size_t i = 0; i < list.count; i++)
		if (list.at[i].prefix.len > 128 || list.at[i].until_us <= now.boot_us ||
		    never_find(&list, &list.at[i].prefix, now.boot_us) == NULL)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keywords[] = { "server", "DNS",
						"option dhcp-server-identifier", NULL };
	const char *text = (const char *)data;
	list.count = 0;
	names.count = 0;
	machine_parse(text, size, keywords, NEVER_resolver, &list, &names);
	machine_parse_hosts(text, size, &names, &list);
	check(size);
	list.count = 0;
	if (machine_parse_logins(data, size, false, &now, &list) > size / 384)
		abort();
	check(size / 384);
	return 0;
}
