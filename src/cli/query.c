/*
 * query.c: breakwater query: read-only SQL over what was recorded, without a daemon: a
 * machine's store, or the depot of a hub's fleet.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/past_reader.h"
#include "cli/patience.h"
#include "cli/query_out.h"
#include "cli/query_tables.h"
#include "fleet/depot.h"

static const char examples[] =
	"  breakwater query \"SELECT server_port, count(*) AS n FROM flow\n"
	"    WHERE end > time_us('1d') GROUP BY 1 ORDER BY n DESC LIMIT 10\"\n"
	"  breakwater query \"SELECT time_text(start) AS start, lost_ratio FROM "
	"port_1h\n"
	"    WHERE port = 443 AND start > time_us('7d') ORDER BY start\"\n"
	"  breakwater query \"SELECT client_ip, process FROM flow\n"
	"    WHERE in_net(client_ip, '10.0.0.0/8') AND end > time_us('2h')\" --json\n"
	"  breakwater query --schema             tables and columns\n"
	"  breakwater query -c hub.yaml \"SELECT sensor, count(*) FROM finding GROUP "
	"BY "
	"1\"\n"
	"                                        at a hub: of the whole fleet\n";

struct query_options {
	const char *config_path, *state, *limit;
	bool csv, tables, schema, own;
	struct common_options common;
};

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

static int run(struct past_reader *reader, const char *sql, uint32_t limit_ms,
	       struct query_out *out)
{
	const struct store_sql to = { .self = out,
				      .columns = query_out_columns,
				      .row = query_out_row,
				      .progress = tell_progress };
	char error[STORE_ERROR_MAX] = "";
	patience_begin();
	int result = past_sql(reader, sql, limit_ms, &to, error);
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

static int query(const struct query_options *o, const struct past_place *place,
		 const char *sql, uint32_t limit_ms)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct past_reader *reader = past_reader_open(place, error, &status);
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
	past_reader_close(reader);
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

static void print_what_there_is(const struct query_options *o, const char *depot)
{
	if (o->schema)
		query_print_schema(depot, o->common.json);
	else
		query_print_tables(depot, o->common.json);
}

static int start(const struct query_options *o, int words, char **word)
{
	const struct past_asked asked = { "query", o->state, o->config_path, o->own };
	struct past_place place;
	uint32_t limit_ms;
	if (o->schema || o->tables) {
		int status = past_find(&asked, &place);
		if (status == STATUS_OK)
			print_what_there_is(o, depot_kind_of(place.depot));
		return status;
	}
	if (!parse_limit(o->limit, &limit_ms))
		return complain("--limit-time: not a duration from 1s to 1d, such as "
				"30s");
	if (words == 0)
		return complain("which one? Write a SELECT; --schema tells what there "
				"is");
	if (words > 1)
		return complain("one word too many: put the whole statement in quotes");
	int status = past_find(&asked, &place);
	return status == STATUS_OK ? query(o, &place, word[0], limit_ms) : status;
}

int command_query(int argc, char **argv)
{
	struct query_options o = { .limit = "10s" };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "state", "DIR",
		  "the state folder; default that of the configuration", &o.state, 0,
		  0 },
		{ 0, OPTION_FLAG, "own", NULL,
		  "at a hub: its own store, not what its fleet has told", &o.own, 0,
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
		       "time_text(end); in_net(ip, 'CIDR').  At a\nhub over the "
		       "records "
		       "of its fleet, in the SQL of its depot (hub.store): SQLite's "
		       "with\nthese functions, PostgreSQL's or ClickHouse's.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
