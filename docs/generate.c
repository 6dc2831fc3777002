/*
 * generate.c: writes what the documentation takes from tables in the code: two whole
 * pages, and the table of docs/protocols.md.
 *
 * usage: generate_docs records|config|protocols
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "protocol/feed.h"
#include "record/record.h"

static void put_protocol(struct buf *page, const struct protocol *protocol)
{
	const char *between = "";
	buf_printf(page, "| `%s` | %s | ", protocol->name, protocol->doc);
	for (size_t i = 0; i < 3 && protocol->transports[i] != 0; i++) {
		buf_printf(page, "%s%s", between,
			   transport_name(protocol->transports[i]));
		between = ", ";
	}
	buf_text(page, " | ");
	between = "";
	for (size_t i = 0; i < 8 && protocol->ports[i] != 0; i++) {
		buf_printf(page, "%s%u", between, protocol->ports[i]);
		between = ", ";
	}
	buf_text(page, " |\n");
}

/* What only reads packets that belong to no conversation has no name of its own. */
static void protocol_table(struct buf *page)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	buf_text(page,
		 "| name | protocol | over | asked first on |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		if (!all[i]->is_hidden)
			put_protocol(page, all[i]);
}

int main(int argc, char **argv)
{
	struct buf page = { 0 };
	if (argc == 2 && strcmp(argv[1], "records") == 0)
		record_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "config") == 0)
		config_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "protocols") == 0)
		protocol_table(&page);
	else
		fprintf(stderr, "usage: generate_docs records|config|protocols\n");
	bool ok = buf_ok(&page) && page.len > 0;
	if (ok)
		fwrite(page.at, 1, page.len, stdout);
	buf_free(&page);
	return ok ? 0 : 2;
}
