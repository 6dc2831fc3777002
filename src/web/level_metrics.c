/*
 * level_metrics.c: see level_metrics.h.
 */
#include "web/level_metrics.h"

#include <math.h>
#include <stddef.h>

static const struct value {
	const char *name, *doc, *window; /* window NULL: that of the level */
	size_t offset;
} values[] = {
	{ "level_objective_ratio", "What is promised by a service level.", NULL,
	  offsetof(struct level_record, objective) },
	{ "level_reached_ratio", "Share that was good of what is known, in its window.",
	  NULL, offsetof(struct level_record, reached) },
	{ "level_budget_left_ratio", "Share of its error budget that is left.", NULL,
	  offsetof(struct level_record, budget_left) },
	{ "level_burn_rate",
	  "How fast its error budget burns; 1: it is used up exactly at the window's "
	  "end.",
	  "1h", offsetof(struct level_record, burn_1h) },
	{ "level_burn_rate", "", "6h", offsetof(struct level_record, burn_6h) },
	{ "level_burn_rate", "", "3d", offsetof(struct level_record, burn_3d) },
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

struct writing {
	struct family *family;
	const struct value *value;
};

/* web_emit */
static void write_one(void *to, const void *record)
{
	const struct writing *writing = to;
	const struct level_record *level = record;
	const struct value *value = writing->value;
	struct buf *out = writing->family->out;
	const double *number =
		(const double *)(const void *)((const char *)record + value->offset);
	if (isnan(*number))
		return;
	family_sample(writing->family);
	buf_text(out, "{level=\"");
	family_label(out, level->name);
	buf_text(out, "\",target=\"");
	family_label(out, level->target);
	if (value->window != NULL)
		buf_printf(out, "\",window=\"%s", value->window);
	buf_char(out, '"');
	family_sensor(out, ",", level->sensor);
	buf_char(out, '}');
	family_value(writing->family, (long double)*number);
}

void level_metrics_write(const struct web_source *source, struct family *family)
{
	if (source->levels == NULL)
		return;
	for (size_t i = 0; i < VALUES; i++) {
		struct writing writing = { family, &values[i] };
		/* One family has several windows. */
		if (values[i].doc[0] != '\0')
			family_named(family, values[i].name, "ratio", "gauge",
				     values[i].doc);
		source->levels(source->self, write_one, &writing);
	}
}
