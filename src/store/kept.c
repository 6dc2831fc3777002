/*
 * kept.c: see kept.h.
 *
 * What is not over stays however old it is: it is still looked at, and the program
 * takes it up again when it starts.
 */
#include "store/kept.h"

#define ALL         "1"
#define BY(limit)   offsetof(struct store_limits, limit)
#define IS_RESOLVED "state='resolved'"

/* How something stood is its last record up to a moment: the last one of each stays,
 * however old it is, as long as it tells of a time that is kept. */
#define LAST_OF(table, each)                                                           \
	"rowid NOT IN(SELECT max(rowid)FROM " table " WHERE at<$ GROUP BY " each ")"

const struct kept kept[] = {
	{ RECORD_listener, BY(events_s), "at",
	  "(change='closed'AND ifnull(sockets,0)=0 OR " LAST_OF(
		  "listener", "transport,ip,port,netns,iface,exe,unit,container") ")",
	  false },
	{ RECORD_approval, BY(events_s), "at",
	  "(state='withdrawn'OR " LAST_OF("approval", "id") ")", false },
	{ RECORD_finding, BY(events_s), "\"last\"", ALL, false },
	{ RECORD_login, BY(events_s), "at", ALL, true },
	{ RECORD_scan_run, BY(events_s), "\"start\"", ALL, false },
	{ RECORD_scan, BY(events_s), "at", ALL, true },
	{ RECORD_gap, BY(events_s), "\"end\"", ALL, false },
	{ RECORD_decision, BY(events_s), "at", ALL, false },
	{ RECORD_health, BY(events_s), "\"start\"", ALL, false },
	{ RECORD_ruleset, BY(events_s), "at", ALL, false },
	{ RECORD_block, BY(events_s), "max(at,ifnull(until,at))", ALL, false },
	{ RECORD_alert, BY(events_s), "at", IS_RESOLVED, false },
	{ RECORD_incident, BY(events_s), "at", IS_RESOLVED, false },
	{ RECORD_timeline, BY(events_s), "at",
	  "ifnull(incident NOT IN(SELECT id FROM incident WHERE state<>'resolved'),1)",
	  true },
	{ RECORD_silence, BY(events_s), "until", ALL, false },
	{ RECORD_hold, BY(events_s), "until", ALL, false },
	{ RECORD_notification, BY(events_s), "at", ALL, true },
	{ RECORD_report_made, BY(events_s), "at", ALL, false },
	{ RECORD_deployment, BY(events_s), "at", ALL, true },
	{ RECORD_anomaly, BY(events_s), "at", ALL, true },
	{ RECORD_self_test, BY(events_s), "at", ALL, true },
	{ RECORD_forecast, BY(ports_1d_s), "at", ALL, false },
	{ RECORD_level, BY(ports_1d_s), "at", ALL, false },
	{ RECORD_conversation, BY(ports_1d_s), "\"start\"", ALL, false },
	{ RECORD_uptime, BY(events_s), "\"start\"", "interval_s IN(3600,86400)",
	  false },
	{ RECORD_probe, BY(probes_s), "at", ALL, true },
	{ RECORD_failure, BY(failures_s), "at", ALL, true },
	{ RECORD_transcript, BY(failures_s), "at", ALL, true },
	/* Our own probes', and those of others. */
	{ RECORD_packet, BY(failures_s), "at", "ifnull(of,'')<>'finding'", true },
	{ RECORD_packet, BY(packets_s), "at", "of='finding'", true },
};
const size_t kept_count = sizeof(kept) / sizeof(kept[0]);

uint32_t kept_seconds(const struct kept *of, const struct store_limits *limits)
{
	return *(const uint32_t *)((const char *)limits + of->limit);
}
