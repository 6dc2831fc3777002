/*
 * blackbox_debug.h: what ?debug=true shows: what happened, when, and the module;
 * private to the files blackbox*.c.
 */
#pragma once

#include "probe/blackbox_module.h"
#include "record/record.h"

/* Keeps, for each module, its text without what is secret.  The file is a good one. */
void blackbox_show_modules(struct blackbox *all, const char *text, size_t len);

struct blackbox_debug {
	const struct blackbox_module *module;
	const char *target;
	uint32_t timeout_ms;
	int64_t began_us; /* Unix time */
	uint64_t took_us;
	bool success;
	struct bytes metrics;
};

/* The whole page. */
void blackbox_debug_page(const struct blackbox_debug *what,
			 const struct probe_record *record, struct buf *out);
