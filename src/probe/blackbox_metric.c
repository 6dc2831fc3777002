/*
 * blackbox_metric.c: see blackbox_metric.h.
 */
#include "probe/blackbox_metric.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name, *help;
} metrics[BLACKBOX_METRICS] = {
#define METRIC(name, help) { "probe_" #name, help },
#include "probe/blackbox.def"
#undef METRIC
};

void blackbox_head(struct buf *out, enum blackbox_metric metric)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", metrics[metric].name,
		   metrics[metric].help, metrics[metric].name);
}

/* The shortest text that is that number. */
static void put_number(struct buf *out, double value)
{
	enum { DIGITS_MAX = 17 };
	char text[32];
	for (int digits = 6; digits <= DIGITS_MAX; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_text(out, text);
}

static void put_label(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\n') {
			buf_text(out, "\\n");
			continue;
		}
		if (*value == '\\' || *value == '"')
			buf_char(out, '\\');
		buf_char(out, *value);
	}
}

void blackbox_sample(struct buf *out, enum blackbox_metric metric,
		     const struct blackbox_label *labels, size_t count, double value)
{
	buf_text(out, metrics[metric].name);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
		put_label(out, labels[i].value);
		buf_char(out, '"');
	}
	buf_text(out, count > 0 ? "} " : " ");
	put_number(out, value);
	buf_char(out, '\n');
}

void blackbox_tell(struct buf *out, enum blackbox_metric metric, double value)
{
	blackbox_head(out, metric);
	blackbox_sample(out, metric, NULL, 0, value);
}

void blackbox_phases(struct buf *out, enum blackbox_metric metric,
		     const struct blackbox_phase *phases, size_t count)
{
	blackbox_head(out, metric);
	for (size_t i = 0; i < count; i++) {
		const struct blackbox_label label = { "phase", phases[i].name };
		blackbox_sample(out, metric, &label, 1, phases[i].seconds);
	}
}
