/*
 * summary.h: a report in some sentences, for a mail, and in some figures, for a list.
 */
#pragma once

#include "report/report.h"

struct report_figures {
	const char *outcome; /* the gravest: clear, review, unknown or deviations */
	uint64_t evidence, deviate, not_known;
	double observed; /* share of the time, of the evidence of which least is known
			  */
};

struct report_figures report_figures(const struct report *report);

/* "PCI DSS 4.0.1", "Executive page" */
const char *report_title(const struct report *report);

/*
 * What deviates, what is not known, what a person has to look at, and how much of the
 * time was observed; lines of plain text, `most` bytes about.
 */
void report_summary(const struct report *report, size_t most, struct buf *out);
