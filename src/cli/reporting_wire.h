/*
 * reporting_wire.h: what the daemon and who makes reports say to each other; private to
 * the files reporting*.c.  One of them may have been taken over: each judges what it is
 * told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/period.h"
#include "config/config.h"
#include "guard/guard.h"
#include "record/record.h"
#include "report/report.h"

enum {
	/* "pci-dss", "pci-dss.site-berlin.tag-web" */
	REPORTING_NAME_MAX = 140,
	REPORTING_STEM_MAX = 160, /* with its period: "pci-dss_2026-10" */
	REPORTING_SHA256_MAX = 65,
	REPORTING_ERROR_MAX = 256,
	REPORTING_OUTCOME_MAX = 16,
	REPORTING_FILES_MAX = 1024,
	REPORTING_MAKE_S = 600, /* that one may take */
};

#define REPORTING_FOLDER "reports" /* in that of the state */

/* Make that. */
struct reporting_order {
	uint64_t id; /* not 0 */
	int64_t since_us, until_us, now_us;
	uint32_t keep, bundle;
	struct report_retention retention;
	char report[CONFIG_WORD_MAX], stem[REPORTING_STEM_MAX];
	struct config_choice of; /* a fleet's; else nothing is chosen */
	uint32_t format_count, zero;
	char formats[CONFIG_WORDS_MAX][CONFIG_WORD_MAX];
};
_Static_assert(sizeof(struct reporting_order) <= GUARD_EVENT_MAX, "one datagram");

/* What came of it. */
struct reporting_event {
	uint64_t id;
	uint64_t evidence, deviate, not_known, bytes, took_us;
	double observed;
	uint32_t is_made, zero;
	char outcome[REPORTING_OUTCOME_MAX], title[REPORTING_STEM_MAX];
	char sha256[REPORTING_SHA256_MAX];
	char files[REPORTING_FILES_MAX]; /* separated by blanks */
	char error[REPORTING_ERROR_MAX];
};
_Static_assert(sizeof(struct reporting_event) <= GUARD_EVENT_MAX, "one datagram");

/* False if these bytes are nothing that ours sends. */
bool reporting_order_parse(const void *bytes, size_t len, struct reporting_order *out);
bool reporting_event_parse(const void *bytes, size_t len, struct reporting_event *out);

/* Letters, digits and "._-", no dot in front: a name in one folder, and not longer. */
bool reporting_name_is_good(const char *name, size_t len);

/* What files of such an entry are called, but for the period; false: it is too long. */
bool reporting_name(const char *report, const struct config_choice *of,
		    char out[static REPORTING_NAME_MAX]);
/* The period in the name of a report's files. */
const char *reporting_period(const char *stem);

/* "DIR/reports" */
void reporting_folder(const char *state, char out[static CONFIG_TEXT_MAX + 16]);

/*
 * The process' task.  depot: as depot_open(), of a fleet; "": of this machine.  Both
 * are borrowed for good.
 */
struct guard_task reporting_task(const struct config *config, const char *depot);
