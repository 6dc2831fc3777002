/*
 * generate.c: writes the reference pages that come from tables in the code.
 *
 * usage: generate_docs records|config
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "record/record.h"

int main(int argc, char **argv)
{
	struct buf page = { 0 };
	if (argc == 2 && strcmp(argv[1], "records") == 0)
		record_docs(&page);
	else if (argc == 2 && strcmp(argv[1], "config") == 0)
		config_docs(&page);
	else
		fprintf(stderr, "usage: generate_docs records|config\n");
	bool ok = buf_ok(&page) && page.len > 0;
	if (ok)
		fwrite(page.at, 1, page.len, stdout);
	buf_free(&page);
	return ok ? 0 : 2;
}
