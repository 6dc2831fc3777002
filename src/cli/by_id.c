/*
 * by_id.c: see by_id.h.
 */
#include "cli/by_id.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { ID_LEN = 16, ID_LEAST = 4, ALL = 100000 };

struct looking {
	const struct schema *schema;
	const char *id;
	size_t offset; /* of the field */
	void *record;
	size_t found; /* with other ids */
};

bool is_id(const char *text)
{
	size_t len = strlen(text);
	return len >= ID_LEAST && len <= ID_LEN &&
	       strspn(text, "0123456789abcdef") == len;
}

/* The newest of each that begins so; a second one makes it ambiguous. */
static bool take(void *self, const void *record)
{
	struct looking *l = self;
	const char *id = (const char *)record + l->offset;
	const char *first = (const char *)l->record + l->offset;
	if (strncmp(id, l->id, strlen(l->id)) != 0)
		return true;
	if (l->found > 0 && strcmp(id, first) == 0)
		return true;
	if (l->found++ == 0)
		memcpy(l->record, record, l->schema->size);
	return l->found < 2;
}

int by_id_find(struct gather *gather, enum record_kind kind, const char *id,
	       void *record)
{
	struct looking l = { .schema = &schemas[kind],
			     .id = id,
			     .offset = record_field(kind, "id")->offset,
			     .record = record };
	bool is_whole = strlen(id) == ID_LEN;
	struct gather_wanted wanted = { .kind = kind,
					.name = is_whole ? "id" : "since",
					.value = is_whole ? id : "30d",
					.limit = is_whole ? 0 : ALL };
	int status = gather_each(gather, &wanted, take, &l);
	if (status != STATUS_OK || l.found == 1)
		return status;
	if (l.found == 0)
		fprintf(stderr, "breakwater: no %s of the last 30 days has the id %s\n",
			l.schema->name, id);
	else
		fprintf(stderr,
			"breakwater: several %ss have an id that begins with %s; one "
			"digit more\n",
			l.schema->name, id);
	return l.found == 0 ? STATUS_BAD_NEWS : STATUS_USAGE;
}

int by_id_get(const struct common_options *common, const char *command,
	      enum record_kind kind, const char *id, void *record)
{
	int status;
	if (!is_id(id)) {
		fprintf(stderr, "breakwater %s: " ID_ALLOWED "\n", command);
		return STATUS_USAGE;
	}
	struct gather *gather = gather_open(common, command, NULL, &status);
	if (gather == NULL)
		return status;
	status = by_id_find(gather, kind, id, record);
	gather_close(gather);
	return status;
}
