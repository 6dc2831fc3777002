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
/* What tells of an incident goes with it. */
#define HAS_NO_INCIDENT "ifnull(incident NOT IN(SELECT id FROM incident),1)"

/* How something stood is its last record up to a moment: the last one of each stays,
 * however old it is, as long as it tells of a time that is kept. */
#define LAST_OF(table, each)                                                           \
	"rowid NOT IN(SELECT max(rowid)FROM " table " WHERE at<$ GROUP BY " each ")"

const struct kept kept[] = {
	{ RECORD_listener, BY(events_s), "at",
	  "(change='closed'AND ifnull(sockets,0)=0 OR " LAST_OF(
		  "listener", "transport,ip,port,netns,iface,exe,unit,container") ")" },
	{ RECORD_approval, BY(events_s), "at",
	  "(state='withdrawn'OR " LAST_OF("approval", "id") ")" },
	{ RECORD_finding, BY(events_s), "\"last\"", ALL },
	{ RECORD_login, BY(events_s), "at", ALL },
	{ RECORD_scan_run, BY(events_s), "\"start\"", ALL },
	{ RECORD_scan, BY(events_s), "at", ALL },
	{ RECORD_gap, BY(events_s), "\"end\"", ALL },
	{ RECORD_decision, BY(events_s), "at", ALL },
	{ RECORD_health, BY(events_s), "\"start\"", ALL },
	{ RECORD_ruleset, BY(events_s), "at", ALL },
	{ RECORD_block, BY(events_s), "max(at,ifnull(until,at))", ALL },
	/* Before what belongs to it. */
	{ RECORD_incident, BY(events_s), "at", IS_RESOLVED },
	{ RECORD_alert, BY(events_s), "at", IS_RESOLVED " AND " HAS_NO_INCIDENT },
	{ RECORD_timeline, BY(events_s), "at", HAS_NO_INCIDENT },
	{ RECORD_silence, BY(events_s), "until", ALL },
	{ RECORD_hold, BY(events_s), "until", ALL },
	{ RECORD_notification, BY(events_s), "at", ALL },
	{ RECORD_report_made, BY(events_s), "at", ALL },
	{ RECORD_deployment, BY(events_s), "at", ALL },
	{ RECORD_anomaly, BY(events_s), "at", ALL },
	{ RECORD_self_test, BY(events_s), "at", ALL },
	{ RECORD_forecast, BY(ports_1d_s), "at", ALL },
	{ RECORD_level, BY(ports_1d_s), "at", ALL },
	{ RECORD_conversation, BY(ports_1d_s), "\"start\"", ALL },
	{ RECORD_uptime, BY(events_s), "\"start\"", "interval_s IN(3600,86400)" },
	{ RECORD_probe, BY(probes_s), "at", ALL },
	{ RECORD_failure, BY(failures_s), "at", ALL },
	{ RECORD_transcript, BY(failures_s), "at", ALL },
	/* Our own probes', and those of others. */
	{ RECORD_packet, BY(failures_s), "at", "ifnull(of,'')<>'finding'" },
	{ RECORD_packet, BY(packets_s), "at", "of='finding'" },
};
const size_t kept_count = sizeof(kept) / sizeof(kept[0]);

uint32_t kept_seconds(const struct kept *of, const struct store_limits *limits)
{
	return *(const uint32_t *)((const char *)limits + of->limit);
}
