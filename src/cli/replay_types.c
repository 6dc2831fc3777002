/*
 * replay_types.c: see replay_types.h.
 */
#include "cli/replay_types.h"

#include <stdio.h>
#include <string.h>

#include "record/record.h"

/* Those of a replay; the rest needs a running monitor. */
static record_bits replayed(void)
{
	return RECORDS_SAID | RECORDS_EVIDENCE | RECORD_BIT(RECORD_flow) |
	       RECORD_BIT(RECORD_port) | RECORD_BIT(RECORD_self) |
	       RECORD_BIT(RECORD_login) | RECORD_BIT(RECORD_finding) |
	       RECORD_BIT(RECORD_block);
}

/* Those that are much, and not everybody's; and what would have been. */
static const record_bits only_if_asked =
	RECORDS_SAID | RECORDS_EVIDENCE | RECORD_BIT(RECORD_block);

/* "flow, port, self". */
static void print_types(FILE *to, record_bits types)
{
	const char *between = "";
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		if ((types >> kind & 1) == 0)
			continue;
		fprintf(to, "%s%s", between, schemas[kind].name);
		between = ", ";
	}
}

void replay_types_print(void)
{
	fputs("\nTypes of records:\n  ", stdout);
	print_types(stdout, replayed() & ~only_if_asked);
	fputs("; and, only if asked for, what is said, evidence of attacks, and what "
	      "would be\n  blocked:\n  ",
	      stdout);
	print_types(stdout, only_if_asked);
	fputs(".\n  --format eve prints all but port, login, block and evidence, "
	      "--format zeek\n  flow.\n",
	      stdout);
}

static bool refuse_type(const char *type, size_t len)
{
	fprintf(stderr, "breakwater: --type %.*s: allowed are ", (int)len, type);
	print_types(stderr, replayed());
	fprintf(stderr, ", joined by commas\n");
	return false;
}

/* Those a format has a form for. */
static record_bits suited(enum replay_format format)
{
	if (format == FORMAT_ZEEK)
		return RECORD_BIT(RECORD_flow);
	if (format == FORMAT_EVE)
		return replayed() &
		       ~(RECORDS_EVIDENCE | RECORD_BIT(RECORD_port) |
			 RECORD_BIT(RECORD_login) | RECORD_BIT(RECORD_block));
	return replayed();
}

/* The number of that record's type; RECORD_KINDS: a replay has none such. */
static unsigned kind_named(const char *name, size_t len)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if ((replayed() >> kind & 1) != 0 &&
		    strlen(schemas[kind].name) == len &&
		    memcmp(schemas[kind].name, name, len) == 0)
			return kind;
	return RECORD_KINDS;
}

static bool refuse_format(enum replay_format format)
{
	fprintf(stderr, "breakwater: --type: --format %s has nothing of these; it has ",
		format == FORMAT_ZEEK ? "zeek" : "eve");
	print_types(stderr, suited(format));
	fprintf(stderr, "\n");
	return false;
}

bool replay_types_choose(enum replay_format format, const char *types, record_bits *out)
{
	*out = 0;
	if (types == NULL)
		*out = suited(format) &
		       (format == FORMAT_NATIVE ? ~only_if_asked : ~0u);
	while (types != NULL && *types != '\0') {
		size_t len = strcspn(types, ",");
		unsigned kind = kind_named(types, len);
		if (kind == RECORD_KINDS)
			return refuse_type(types, len);
		*out |= RECORD_BIT(kind);
		types += len + (types[len] == ',');
	}
	return (*out & suited(format)) != 0 || refuse_format(format);
}
