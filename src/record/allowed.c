/*
 * allowed.c: the closed lists of words, for who asks for one of them.
 *
 * record.def says in its sentences what they mean; tests/unit/test_record.c compares.
 */
#include <string.h>

#include "record/record.h"

static const char *const finding_states[] = { "open", "closed", NULL };
static const char *const port_states[] = { "open", "closed", "silent", NULL };
static const char *const probe_states[] = { "up", "degraded", "down", "unknown", NULL };
static const char *const failure_states[] = { "degraded", "down", "unknown", NULL };
static const char *const scan_states[] = { "open", "closed", "filtered",
					   "open|filtered", NULL };
static const char *const outcomes[] = { "success", "failure", "unknown", NULL };
static const char *const contacts[] = { "refused",  "silent", "half_open", "handshake",
					"answered", "stray",  "slow",      "stalled",
					"unused",   NULL };
static const char *const reaches[] = { "loopback", "namespace", "firewalled", "outside",
				       NULL };
static const char *const block_states[] = { "observed",    "asked",   "active",
					    "unconfirmed", "vetoed",  "expired",
					    "removing",    "removed", "failed",
					    NULL };
static const char *const block_actions[] = { "drop",    "limit",   "reset",
					     "observe", "program", NULL };
static const char *const alert_states[] = { "firing", "resolved", NULL };
static const char *const silence_states[] = { "pending", "active", "expired", NULL };
static const char *const approval_states[] = { "approved", "changed",   "reviewed",
					       "expired",  "withdrawn", NULL };
static const char *const sent_states[] = { "sent", "failed", "dropped", NULL };
static const char *const report_states[] = { "made", "failed", NULL };
static const char *const report_outcomes[] = { "clear", "review", "unknown",
					       "deviations", NULL };
static const char *const listener_changes[] = { "opened", "closed", "changed", NULL };
static const struct {
	enum record_kind kind;
	const char *field;
	const char *const *words;
} lists[] = {
	{ RECORD_finding, "kind", words_finding_kinds },
	{ RECORD_finding, "state", finding_states },
	{ RECORD_finding, "severity", severity_names },
	{ RECORD_port, "state", port_states },
	{ RECORD_listener, "reach", reaches },
	{ RECORD_listener, "change", listener_changes },
	{ RECORD_login, "outcome", outcomes },
	{ RECORD_contact, "outcome", contacts },
	{ RECORD_probe, "state", probe_states },
	{ RECORD_failure, "state", failure_states },
	{ RECORD_scan, "state", scan_states },
	{ RECORD_alert, "state", alert_states },
	{ RECORD_alert, "severity", severity_names },
	{ RECORD_incident, "state", alert_states },
	{ RECORD_incident, "severity", severity_names },
	{ RECORD_silence, "state", silence_states },
	{ RECORD_notification, "state", sent_states },
	{ RECORD_approval, "state", approval_states },
	{ RECORD_report_made, "state", report_states },
	{ RECORD_report_made, "outcome", report_outcomes },
	{ RECORD_block, "state", block_states },
	{ RECORD_block, "action", block_actions },
};

const char *const *record_allowed(enum record_kind kind, const char *field)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].kind == kind && strcmp(lists[i].field, field) == 0)
			return lists[i].words;
	return NULL;
}
