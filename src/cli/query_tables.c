/*
 * query_tables.c: see query_tables.h.
 */
#include "cli/query_tables.h"

#include <stdio.h>

#include "base/buf.h"
#include "fleet/depot.h"
#include "record/record.h"

struct table {
	const char *name, *doc;
	enum record_kind kind;
};

/* The tables of the store, and the record whose fields are their columns. */
static const struct table stored[] = {
	{ "flow", "Connections that ended, of all days.", RECORD_flow },
	{ "port_10s", "Services, every 10 seconds.", RECORD_port },
	{ "port_1m", "Services, every minute.", RECORD_port },
	{ "port_1h", "Services, every hour.", RECORD_port },
	{ "port_1d", "Services, every day.", RECORD_port },
	{ "listener", "Listening sockets, when they changed.", RECORD_listener },
	{ "socket", "TCP sockets of services, as the kernel counts.", RECORD_socket },
	{ "finding", "Findings, each as last written.", RECORD_finding },
	{ "block", "Responses to sources, each as last written.", RECORD_block },
	{ "alert", "Limits that were crossed, each as last written.", RECORD_alert },
	{ "incident", "What belongs together, each as last written.", RECORD_incident },
	{ "timeline", "What happened in incidents.", RECORD_timeline },
	{ "silence", "Times in which nobody is told.", RECORD_silence },
	{ "hold", "Incidents that are held.", RECORD_hold },
	{ "notification", "Messages that were sent.", RECORD_notification },
	{ "report_made", "Reports that were made, or could not be.",
	  RECORD_report_made },
	{ "level", "How service levels stood.", RECORD_level },
	{ "deployment", "Changes that somebody told of.", RECORD_deployment },
	{ "approval", "Entries of the register, when they changed.", RECORD_approval },
	{ "anomaly", "Values that were not as usual.", RECORD_anomaly },
	{ "login", "Attempts to log in, each once.", RECORD_login },
	{ "probe", "Probes, each with its answer.", RECORD_probe },
	{ "uptime", "How targets were, by hour and by day.", RECORD_uptime },
	{ "failure", "Probes that failed, as the flight recorder kept them.",
	  RECORD_failure },
	{ "transcript", "What was said in them, line by line.", RECORD_transcript },
	{ "packet", "Packets that were kept as evidence.", RECORD_packet },
	{ "scan_run", "Scans that were made.", RECORD_scan_run },
	{ "scan", "What they found, port by port.", RECORD_scan },
	{ "self_test", "Whether attackers were really stopped, each test.",
	  RECORD_self_test },
	{ "forecast", "What values were expected to become, once a day.",
	  RECORD_forecast },
	{ "gap", "Times of which something is not known.", RECORD_gap },
	{ "audit", "Changes and decisions.", RECORD_audit },
	{ "checkpoint", "The audit chain, signed.", RECORD_checkpoint },
	{ "decision", "What blocks were decided by.", RECORD_decision },
	{ "self", "The monitor's own health, every minute.", RECORD_self },
	{ "health", "The same, every hour.", RECORD_health },
	{ "conversation", "Who was served by what, every day.", RECORD_conversation },
	{ "ruleset", "The packet filter, when it changed.", RECORD_ruleset },
};
enum { STORED = sizeof(stored) / sizeof(stored[0]) };

/* Beside the fields, in each table of a depot (docs/fleet.md). */
static const struct {
	const char *name, *doc;
} filed[] = {
	{ "kept_at", "By which it is filed: its own time, else when it came." },
	{ "batch_epoch", "With the next two: which one it was of what the" },
	{ "batch_sequence", "sensor sent." },
	{ "batch_row", "" },
};
enum { FILED = sizeof(filed) / sizeof(filed[0]) };

/* ---- tables ---- */

/* The number of the next one at or after i; of a depot one for each kind it keeps. */
static bool table_at(const char *depot, size_t i, struct table *table)
{
	if (depot == NULL) {
		if (i < STORED)
			*table = stored[i];
		return i < STORED;
	}
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (depot_keeps((enum record_kind)kind) && i-- == 0) {
			*table = (struct table){ schemas[kind].name, schemas[kind].doc,
						 (enum record_kind)kind };
			return true;
		}
	return false;
}

void query_print_tables(const char *depot, bool json)
{
	struct table table;
	for (size_t i = 0; table_at(depot, i, &table); i++)
		printf(json ? "{\"table\":\"%s\",\"doc\":\"%s\"}\n" : "%-12s %s\n",
		       table.name, table.doc);
}

/* ---- columns ---- */

static const char *sql_type(const char *depot, const struct field *field)
{
	if (field->type == TYPE_time)
		return "microseconds since 1970";
	if (depot != NULL)
		return depot_type(depot, field);
	switch (field->type) {
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
		return "integer";
	case TYPE_flag:
		return "0 or 1";
	case TYPE_ratio:
	case TYPE_real:
		return "real";
	case TYPE_bytes1536:
		return "blob";
	default:
		return "text";
	}
}

static void print_column(const char *table, const char *name, const char *type,
			 const char *doc, bool json)
{
	struct buf line = { 0 };
	if (!json) {
		printf("  %-22s %-24s %s\n", name, type, doc);
		return;
	}
	buf_printf(&line,
		   "{\"table\":\"%s\",\"column\":\"%s\",\"type\":\"%s\",\"doc\":\"",
		   table, name, type);
	buf_json_text(&line, doc);
	buf_text(&line, "\"}\n");
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	buf_free(&line);
}

static void print_columns(const char *depot, const struct table *table, bool json)
{
	const struct schema *schema = &schemas[table->kind];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		print_column(table->name, field->name, sql_type(depot, field),
			     field->doc, json);
	}
	for (size_t i = 0; depot != NULL && i < FILED; i++)
		print_column(table->name, filed[i].name, "integer", filed[i].doc, json);
}

/* Tables of one record one after another have the same columns: once is enough. */
void query_print_schema(const char *depot, bool json)
{
	struct table table, next;
	bool has_next = table_at(depot, 0, &next);
	for (size_t i = 1; has_next; i++) {
		table = next;
		has_next = table_at(depot, i, &next);
		bool has_columns = !has_next || next.kind != table.kind;
		if (!json)
			printf("%-12s %s\n", table.name, table.doc);
		if (json || has_columns) {
			print_columns(depot, &table, json);
			if (!json && has_next)
				putchar('\n');
		}
	}
}
