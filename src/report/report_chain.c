/*
 * report_chain.c: whether the audit chain is what was written, for a report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model.h"

enum { FAULTS_MAX = 1000 };

static void take_fault(void *self, const struct audit_fault *fault)
{
	struct report_chain *chain = &((struct report *)self)->chain;
	if (chain->fault_count == FAULTS_MAX)
		return; /* the verdict counts them all */
	struct report_fault *faults = reallocarray(
		chain->faults, chain->fault_count + 1, sizeof(chain->faults[0]));
	if (faults == NULL)
		return;
	chain->faults = faults;
	struct report_fault *kept = &faults[chain->fault_count];
	kept->is_notice = fault->is_notice;
	kept->text = strdup(fault->text);
	chain->fault_count += kept->text != NULL;
}

static bool goes_on(void *self, uint64_t records)
{
	const struct report *report = self;
	(void)records;
	return report->ask.goes_on == NULL || report->ask.goes_on(report->ask.self);
}

bool report_check_chain(struct report *report)
{
	const struct audit_check_sink sink = { report, take_fault, goes_on };
	struct report_chain *chain = &report->chain;
	int status;
	if (report->ask.folder == NULL)
		return true;
	struct audit_check *check = audit_check_open(report->ask.folder, NULL, 0, &sink,
						     chain->problem, &status);
	if (check == NULL)
		return true; /* the report says why */
	int result = audit_check_run(check, chain->problem);
	audit_check_close(check, result == 0 ? &chain->verdict : NULL);
	chain->is_checked = result == 0;
	if (result == 0)
		chain->problem[0] = '\0';
	return result != -ECANCELED;
}
