/*
 * hub_time.c: see hub_time.h.
 */
#include "cli/hub_time.h"

#include <stdbool.h>
#include <string.h>

#include "base/words.h"

static bool is_of_the_past(const struct field *field)
{
	static const char *const names[] = {
		"at", "start", "first", "last", "end", NULL
	};
	return field->type == TYPE_time && words_hold(names, field->name);
}

void hub_not_later(enum record_kind kind, void *record, int64_t now_us)
{
	const struct schema *schema = &schemas[kind];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		int64_t time_us;
		if (!is_of_the_past(field))
			continue;
		char *at = (char *)record + field->offset;
		memcpy(&time_us, at, sizeof(time_us));
		if (time_us != UNKNOWN_TIME && time_us > now_us)
			memcpy(at, &now_us, sizeof(now_us));
	}
}
