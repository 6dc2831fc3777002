/*
 * query.c: breakwater query: read-only SQL over the store, without a daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/patience.h"
#include "cli/query_out.h"
#include "cli/state_folder.h"
#include "store/store.h"

static const char examples[] =
	"  breakwater query \"SELECT server_port, count(*) AS n FROM flow\n"
	"    WHERE end > time_us('1d') GROUP BY 1 ORDER BY n DESC LIMIT 10\"\n"
	"  breakwater query \"SELECT time_text(start) AS start, lost_ratio FROM "
	"port_1h\n"
	"    WHERE port = 443 AND start > time_us('7d') ORDER BY start\"\n"
	"  breakwater query \"SELECT client_ip, process FROM flow\n"
	"    WHERE in_net(client_ip, '10.0.0.0/8') AND end > time_us('2h')\" --json\n"
	"  breakwater query --schema             tables and columns\n";

/* The tables of the store, and the record whose fields are their columns. */
static const struct {
	const char *name, *doc;
	enum record_kind kind;
} tables[] = {
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
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

struct query_options {
	const char *config_path, *state, *limit;
	bool csv, tables, schema;
	struct common_options common;
};

/* ---- what there is ---- */

static const char *sql_type(enum field_type type)
{
	switch (type) {
	case TYPE_time:
		return "microseconds since 1970";
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

static void print_json_column(const char *table, const struct field *field)
{
	struct buf line = { 0 };
	buf_printf(&line,
		   "{\"table\":\"%s\",\"column\":\"%s\",\"type\":\"%s\",\"doc\":\"",
		   table, field->name, sql_type(field->type));
	buf_json_text(&line, field->doc);
	buf_text(&line, "\"}\n");
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	buf_free(&line);
}

static void print_columns(size_t table, bool json)
{
	const struct schema *schema = &schemas[tables[table].kind];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (json)
			print_json_column(tables[table].name, field);
		else
			printf("  %-22s %-24s %s\n", field->name, sql_type(field->type),
			       field->doc);
	}
}

/* Tables of one record one after another have the same columns: once is enough. */
static void print_schema(bool json)
{
	for (size_t i = 0; i < TABLES; i++) {
		if (!json)
			printf("%-10s %s\n", tables[i].name, tables[i].doc);
		if (json || i + 1 == TABLES || tables[i + 1].kind != tables[i].kind) {
			print_columns(i, json);
			if (!json && i + 1 < TABLES)
				putchar('\n');
		}
	}
}

static void print_tables(bool json)
{
	for (size_t i = 0; i < TABLES; i++)
		printf(json ? "{\"table\":\"%s\",\"doc\":\"%s\"}\n" : "%-10s %s\n",
		       tables[i].name, tables[i].doc);
}

/* ---- the question ---- */

static bool tell_progress(void *self, uint64_t rows, int64_t elapsed_us)
{
	char text[64];
	(void)self;
	(void)elapsed_us;
	snprintf(text, sizeof(text), "%llu rows", (unsigned long long)rows);
	patience_tell(text);
	return !patience_has_ended();
}

static int complain(const char *error)
{
	fprintf(stderr, "breakwater query: %s\n", error);
	return STATUS_USAGE;
}

static int status_of(int result)
{
	return result == 0         ? STATUS_OK
	       : result == -EINVAL ? STATUS_USAGE
				   : STATUS_INCOMPLETE;
}

static int run(struct store_reader *reader, const char *sql, uint32_t limit_ms,
	       struct query_out *out)
{
	const struct store_sql to = { .self = out,
				      .columns = query_out_columns,
				      .row = query_out_row,
				      .progress = tell_progress };
	char error[STORE_ERROR_MAX] = "";
	patience_begin();
	int result = store_sql(reader, sql, limit_ms, &to, error);
	bool ended = patience_has_ended();
	patience_end();
	uint64_t rows = query_out_end(out);
	fflush(stdout);
	if (ended) {
		fprintf(stderr, "breakwater query: ended after %llu rows\n",
			(unsigned long long)rows);
		return STATUS_INCOMPLETE;
	}
	if (result != 0)
		complain(error);
	return status_of(result);
}

static int query(const struct query_options *o, const char *sql, uint32_t limit_ms)
{
	config_text folder;
	char error[STORE_ERROR_MAX];
	int status = state_folder("query", o->state, o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL) {
		complain(error);
		return status;
	}
	struct look look = look_of(&o->common);
	struct query_out *out = query_out_new(o->common.json ? QUERY_JSON
					      : o->csv       ? QUERY_CSV
							     : QUERY_TABLE,
					      &look);
	status = out == NULL ? complain("out of memory")
			     : run(reader, sql, limit_ms, out);
	query_out_free(out);
	store_reader_close(reader);
	return status;
}

static bool parse_limit(const char *text, uint32_t *ms)
{
	int64_t us;
	if (!duration_parse(text, &us) || us < 1000000 || us > 86400 * INT64_C(1000000))
		return false;
	*ms = (uint32_t)(us / 1000);
	return true;
}

static int start(const struct query_options *o, int words, char **word)
{
	uint32_t limit_ms;
	if (o->schema || o->tables) {
		if (o->schema)
			print_schema(o->common.json);
		else
			print_tables(o->common.json);
		return STATUS_OK;
	}
	if (!parse_limit(o->limit, &limit_ms))
		return complain("--limit-time: not a duration from 1s to 1d, such as "
				"30s");
	if (words == 0)
		return complain("which one? Write a SELECT; --schema tells what there "
				"is");
	if (words > 1)
		return complain("one word too many: put the whole statement in quotes");
	return query(o, word[0], limit_ms);
}

int command_query(int argc, char **argv)
{
	struct query_options o = { .limit = "10s" };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "state", "DIR",
		  "folder of the store; default that of the configuration", &o.state, 0,
		  0 },
		OPTION_CONFIG(&o.config_path),
		{ 0, OPTION_TEXT, "limit-time", "TIME",
		  "end after so long, with what there is (10s)", &o.limit, 0, 0 },
		{ 0, OPTION_FLAG, "csv", NULL, "comma-separated, with a head", &o.csv,
		  0, 0 },
		{ 0, OPTION_FLAG, "tables", NULL, "tables there are", &o.tables, 0, 0 },
		{ 0, OPTION_FLAG, "schema", NULL, "tables and their columns", &o.schema,
		  0, 0 },
	};
	const struct command_help help = {
		.name = "query",
		.operands = "\"SELECT ...\"",
		.doc = "Read-only SQL (SQLite's) over the store, with or without a "
		       "daemon. Times are\nmicroseconds since 1970: time_us('2h'), "
		       "time_text(end); in_net(ip, 'CIDR').",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
