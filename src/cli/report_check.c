/*
 * report_check.c: breakwater report --check: whether who edited a mapping or a query
 * did it well; needs no store.
 */
#include "cli/report_check.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "report/report.h"

int report_check(const struct compliance *compliance)
{
	struct buf said = { 0 };
	struct report_check count =
		compliance_check(compliance, clock_us(CLOCK_REALTIME), &said);
	const char *text = buf_cstr(&said);
	fputs(text != NULL ? text : "fault: not enough memory for what is to be said\n",
	      stdout);
	buf_free(&said);
	printf("%zu frameworks and documents, %zu pieces of evidence: %zu faults, "
	       "%zu warnings\n",
	       count.frameworks, count.evidence, count.faults, count.warnings);
	if (count.faults > 0 || text == NULL)
		return STATUS_USAGE;
	return count.warnings > 0 ? STATUS_BAD_NEWS : STATUS_OK;
}
