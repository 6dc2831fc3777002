/*
 * depot_query.c: the statements by which depots are read; see depot_driver.h.
 *
 * Columns of a result have no names of their own: ClickHouse would take them for the
 * columns that they are made of.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fleet/depot_driver.h"
#include "store/filter.h"

#define SECOND_US 1000000LL

/* Of an hour, at most: how long a port's record is. */
#define PORT_LENGTH_US (3600 * SECOND_US)

struct asking {
	struct buf *out;
	const struct depot_dialect *dialect;
	enum record_kind kind;
	const struct store_filter *filter;
	char since[24], until[24];
};

static void put_literal(const struct asking *asking, const char *text)
{
	depot_literal(asking->out, asking->dialect, text);
}

/* ---- what is asked for ---- */

static bool is_wanted(const struct asking *asking, size_t i, bool is_exact)
{
	const struct field *field = &schemas[asking->kind].fields[i];
	field_set wanted = asking->filter->fields;
	return wanted == 0 || (wanted >> i & 1) != 0 ||
	       strcmp(field->name, "sensor") == 0 ||
	       (!is_exact && field->type == TYPE_addr);
}

static void choose_fields(const struct asking *asking, struct depot_query *query)
{
	const struct schema *schema = &schemas[asking->kind];
	query->count = 0;
	for (size_t i = 0; i < schema->field_count; i++)
		if (is_wanted(asking, i, query->is_exact))
			query->fields[query->count++] = &schema->fields[i];
}

/* ---- conditions ---- */

enum { NETWORK_TEXT_MAX = ADDR_TEXT_MAX + 4 };

/* A network of IPv6 that holds all of IPv4 is one only in here (addr.h). */
static bool is_one_family(const struct prefix *host)
{
	static const uint8_t zero[4];
	struct addr v4 = addr_v4(zero);
	return addr_is_v4(&host->addr) || !prefix_holds(host, &v4);
}

/* An address as it is, or a network where the database can ask for one. */
static bool host_is_exact(const struct asking *asking)
{
	const struct prefix *host = &asking->filter->host;
	return !asking->filter->has_host || host->len == 128 ||
	       (asking->dialect->put_in_net != NULL && is_one_family(host));
}

static void network_text(const struct prefix *host, char out[static NETWORK_TEXT_MAX])
{
	size_t len = addr_text(&host->addr, out);
	unsigned bits = addr_is_v4(&host->addr) ? host->len - 96U : host->len;
	snprintf(out + len, NETWORK_TEXT_MAX - len, "/%u", bits);
}

static void put_host_of(const struct asking *asking, const char *column)
{
	const struct prefix *host = &asking->filter->host;
	char text[NETWORK_TEXT_MAX];
	if (host->len < 128) {
		network_text(host, text);
		asking->dialect->put_in_net(asking->out, column, text);
		return;
	}
	addr_text(&host->addr, text);
	buf_printf(asking->out, "\"%s\"='%s'", column, text);
}

static void put_host(const struct asking *asking)
{
	const struct schema *schema = &schemas[asking->kind];
	bool is_first = true;
	if (!asking->filter->has_host || !host_is_exact(asking))
		return;
	for (size_t i = 0; i < schema->field_count; i++) {
		if (schema->fields[i].type != TYPE_addr)
			continue;
		buf_text(asking->out, is_first ? " AND(" : " OR ");
		put_host_of(asking, schema->fields[i].name);
		is_first = false;
	}
	buf_text(asking->out, is_first ? "" : ")");
}

static void put_port(const struct asking *asking)
{
	enum record_kind kind = asking->kind;
	unsigned port = asking->filter->port;
	if (!asking->filter->has_port)
		return;
	if (record_field(kind, "port_last") != NULL)
		buf_printf(asking->out, " AND %u BETWEEN \"port\" AND \"port_last\"",
			   port);
	else if (record_field(kind, "port") != NULL)
		buf_printf(asking->out, " AND \"port\"=%u", port);
	if (record_field(kind, "server_port") != NULL)
		buf_printf(asking->out, " AND \"server_port\"=%u", port);
}

static void put_equal(const struct asking *asking, const char *column, const char *text)
{
	if (text == NULL || record_field(asking->kind, column) == NULL)
		return;
	buf_printf(asking->out, " AND \"%s\"=", column);
	put_literal(asking, text);
}

/* Characters; ClickHouse's substr() counts bytes. */
static size_t length_of(const struct asking *asking, const char *text)
{
	size_t length = 0;
	for (const char *at = text; *at != '\0'; at++)
		length += asking->dialect->has_backslashes || (*at & 0xc0) != 0x80;
	return length;
}

static void put_id(const struct asking *asking)
{
	const char *id = asking->filter->id;
	if (id == NULL || !asking->filter->id_begins) {
		put_equal(asking, "id", id);
	} else if (record_field(asking->kind, "id") != NULL) {
		buf_printf(asking->out,
			   " AND substr(\"id\",1,%zu)=", length_of(asking, id));
		put_literal(asking, id);
	}
}

static void put_sensors(const struct asking *asking)
{
	const struct store_filter *filter = asking->filter;
	for (size_t i = 0; i < filter->sensor_count; i++) {
		buf_text(asking->out, i == 0 ? " AND sensor IN(" : ",");
		put_literal(asking, filter->sensors[i]);
	}
	buf_text(asking->out, filter->sensor_count > 0 ? ")" : "");
}

static void put_others(const struct asking *asking)
{
	put_port(asking);
	put_equal(asking, "transport", asking->filter->transport);
	put_equal(asking, "target", asking->filter->target);
	put_host(asking);
}

/* Who is looked for among all versions of a record. */
static void put_names(const struct asking *asking)
{
	put_sensors(asking);
	put_id(asking);
}

/* What is filed before cannot last until then; but who blocks says for how long. */
static void put_filed(const struct asking *asking)
{
	int64_t most = 0;
	if (asking->kind == RECORD_port)
		most = PORT_LENGTH_US;
	else if (filter_lasts(asking->kind) &&
		 record_field(asking->kind, "end") == NULL)
		most = asking->kind == RECORD_finding ? 0 : 86400 * SECOND_US;
	if (asking->kind == RECORD_block)
		buf_text(asking->out, "1=1");
	else
		buf_printf(asking->out, "kept_at>=%s-%lld", asking->since,
			   (long long)most);
}

static void put_time(const struct asking *asking)
{
	if (asking->kind == RECORD_port)
		buf_printf(asking->out,
			   "kept_at+coalesce(\"interval_s\",0)*1000000>%s AND "
			   "kept_at<=%s",
			   asking->since, asking->until);
	else
		filter_time(asking->out, asking->kind, asking->filter->step_s,
			    asking->since, asking->until, "kept_at");
}

static void put_limit(const struct asking *asking, size_t limit, bool is_exact)
{
	if (limit > 0 && is_exact)
		buf_printf(asking->out, " LIMIT %zu", limit);
}

#define NEWEST_FIRST "kept_at DESC,batch_sequence DESC,batch_row DESC"

/* ---- as they came ---- */

static void put_fields(const struct asking *asking, const struct depot_query *query)
{
	buf_text(asking->out, "SELECT ");
	for (size_t i = 0; i < query->count; i++)
		buf_printf(asking->out, "%s\"%s\"", i > 0 ? "," : "",
			   query->fields[i]->name);
}

static void select_all(const struct asking *asking, const struct depot_query *query,
		       size_t limit)
{
	put_fields(asking, query);
	buf_printf(asking->out, " FROM \"%s\" WHERE ", schemas[asking->kind].name);
	put_filed(asking);
	buf_text(asking->out, " AND ");
	put_time(asking);
	put_names(asking);
	put_others(asking);
	buf_text(asking->out, " ORDER BY " NEWEST_FIRST);
	put_limit(asking, limit, query->is_exact);
}

/* ---- as last written ---- */

const char *depot_name_of(enum record_kind kind)
{
	switch (kind) {
	case RECORD_finding:
	case RECORD_alert:
	case RECORD_incident:
	case RECORD_block:
	case RECORD_silence:
		return "\"id\"";
	case RECORD_hold:
		return "\"incident\"";
	case RECORD_gap:
		return "\"start\",\"reason\"";
	case RECORD_scan_run:
		return "\"start\",\"user\"";
	default:
		return NULL;
	}
}

static void select_last(const struct asking *asking, const struct depot_query *query,
			size_t limit, const char *name)
{
	bool has_windows = asking->dialect->has_windows;
	const char *table = schemas[asking->kind].name;
	put_fields(asking, query);
	if (has_windows)
		buf_printf(asking->out,
			   " FROM(SELECT *,row_number()OVER(PARTITION BY sensor,%s "
			   "ORDER BY " NEWEST_FIRST ")AS nth FROM \"%s\" WHERE ",
			   name, table);
	else
		buf_printf(asking->out, " FROM(SELECT * FROM \"%s\" WHERE ", table);
	put_filed(asking);
	put_names(asking);
	if (has_windows)
		buf_text(asking->out, ")AS last_written WHERE nth=1 AND ");
	else
		buf_printf(asking->out,
			   " ORDER BY " NEWEST_FIRST " LIMIT 1 BY sensor,%s)WHERE ",
			   name);
	put_time(asking);
	put_others(asking);
	buf_text(asking->out, " ORDER BY " NEWEST_FIRST);
	put_limit(asking, limit, query->is_exact);
}

/* ---- ports, merged ---- */

static void put_sum(const struct asking *asking, const char *name)
{
	/* SQLite's sum() fails where the result has no room. */
	if (asking->dialect == &depot_dialects[DEPOT_SQLITE])
		buf_printf(asking->out,
			   "CASE WHEN count(\"%s\")>0 THEN CAST(total(\"%s\")AS "
			   "INTEGER)END",
			   name, name);
	else
		buf_printf(asking->out, "sum(\"%s\")", name);
}

/* A ratio is that of the sums; parts and wholes are added up. */
static const struct merged_ratio {
	const char *name, *part, *whole;
} ratios[] = {
	{ "retransmit_ratio", "coalesce(\"retransmits\",0)", "\"data_packets\"" },
	{ "lost_ratio", "coalesce(\"lost_bytes\",0)",
	  "coalesce(\"lost_bytes\",0)+\"payload_bytes\"" },
	{ "error_ratio", "coalesce(\"errors\",0)+coalesce(\"answer_errors\",0)",
	  "coalesce(\"ended\",0)+coalesce(\"answers\",0)" },
};

static void put_ratio(const struct asking *asking, const char *name)
{
	const char *sum =
		asking->dialect == &depot_dialects[DEPOT_SQLITE] ? "total" : "sum";
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++)
		if (strcmp(ratios[i].name, name) == 0)
			buf_printf(asking->out, "1.0*%s(%s)/nullif(%s(%s),0)", sum,
				   ratios[i].part, sum, ratios[i].whole);
}

/*
 * By how many answers it is the mean of; what nobody can have measured is left out.
 * Of none it is NULL by 1, not by 0: below a NULL ClickHouse computes all the same, and
 * no integer stands for what comes out.
 */
static void put_mean(const struct asking *asking)
{
	static const char known[] =
		"CASE WHEN \"response_mean_us\" BETWEEN 0 AND 1000000000000000 AND "
		"\"responses\" BETWEEN 1 AND 1000000000000000 THEN 1.0*\"responses\"";
	buf_printf(
		asking->out,
		"CAST(sum(%s*\"response_mean_us\" END)/coalesce(sum(%s END),1)AS %s)",
		known, known, asking->dialect->integer);
}

static void put_begin(const struct asking *asking)
{
	uint32_t step_s = asking->filter->step_s;
	if (step_s > 0)
		buf_printf(asking->out, "kept_at-kept_at%%%lld", step_s * SECOND_US);
	else
		buf_text(asking->out, "min(kept_at)");
}

static void put_length(const struct asking *asking)
{
	uint32_t step_s = asking->filter->step_s;
	if (step_s > 0)
		buf_printf(asking->out, "%u", step_s);
	else
		buf_printf(asking->out,
			   "CAST((max(kept_at+coalesce(\"interval_s\",0)*1000000)-"
			   "min(kept_at))/1000000 AS %s)",
			   asking->dialect->integer);
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static const char *aggregate_of(const struct asking *asking, const struct field *field)
{
	static const char *const least[] = { "response_min_us", "active_min",
					     "second_min_bytes", "protocol_by" };
	if (field->type == TYPE_flag)
		return asking->dialect->least_flag;
	bool is_least = is_named(field->name, least, sizeof(least) / sizeof(least[0]));
	return is_least ? "min" : "max";
}

static void put_merged(const struct asking *asking, const struct field *field)
{
	static const char *const keys[] = { "sensor", "server_ip", "port",
					    "transport" };
	const char *name = field->name;
	if (is_named(name, keys, sizeof(keys) / sizeof(keys[0])))
		buf_printf(asking->out, "\"%s\"", name);
	else if (strcmp(name, "start") == 0)
		put_begin(asking);
	else if (strcmp(name, "interval_s") == 0)
		put_length(asking);
	else if (strcmp(name, "response_mean_us") == 0)
		put_mean(asking);
	else if (strcmp(name, "state") == 0)
		buf_text(asking->out,
			 "CASE WHEN max(CASE WHEN \"state\"='open' THEN 1 "
			 "ELSE 0 END)=1 THEN 'open' ELSE max(\"state\")END");
	else if (field->type == TYPE_ratio)
		put_ratio(asking, name);
	else if (field->role == ROLE_COUNTER)
		put_sum(asking, name);
	else
		buf_printf(asking->out, "%s(\"%s\")", aggregate_of(asking, field),
			   name);
}

static void put_step(const struct asking *asking)
{
	if (asking->filter->step_s == 0)
		return;
	buf_char(asking->out, ',');
	put_begin(asking);
}

static void select_ports(const struct asking *asking, const struct depot_query *query,
			 size_t limit)
{
	buf_text(asking->out, "SELECT ");
	for (size_t i = 0; i < query->count; i++) {
		buf_text(asking->out, i > 0 ? "," : "");
		put_merged(asking, query->fields[i]);
	}
	buf_text(asking->out, " FROM \"port\" WHERE ");
	put_filed(asking);
	buf_text(asking->out, " AND ");
	put_time(asking);
	put_names(asking);
	put_others(asking);
	buf_text(asking->out, " GROUP BY sensor,\"server_ip\",\"port\",\"transport\"");
	put_step(asking);
	buf_text(asking->out, " ORDER BY \"port\",\"server_ip\",\"transport\",sensor");
	put_step(asking);
	put_limit(asking, limit, query->is_exact);
}

/* ---- all ---- */

/* In bounds, so that nothing overflows when lengths are added. */
static void put_times(struct asking *asking)
{
	const struct store_filter *filter = asking->filter;
	int64_t since_us = filter->since_us, most = INT64_MAX / 2;
	if (since_us < -most)
		since_us = -most;
	if (asking->kind == RECORD_port && filter->step_s > 0) /* steps are whole */
		since_us -= since_us % (filter->step_s * SECOND_US);
	int64_t until_us = filter->until_us < most ? filter->until_us : most;
	snprintf(asking->since, sizeof(asking->since), "%lld", (long long)since_us);
	snprintf(asking->until, sizeof(asking->until), "%lld", (long long)until_us);
}

void depot_select(struct buf *out, const struct depot_dialect *dialect,
		  enum record_kind kind, const struct store_filter *filter,
		  size_t limit, struct depot_query *query)
{
	struct asking asking = {
		.out = out, .dialect = dialect, .kind = kind, .filter = filter
	};
	put_times(&asking);
	query->is_exact = host_is_exact(&asking);
	choose_fields(&asking, query);
	const char *name = depot_name_of(kind);
	if (kind == RECORD_port)
		select_ports(&asking, query, limit);
	else if (name != NULL)
		select_last(&asking, query, limit, name);
	else
		select_all(&asking, query, limit);
}

void depot_select_chain(struct buf *out, const struct depot_dialect *dialect,
			enum record_kind kind, const struct depot_chain *chain,
			struct depot_query *query)
{
	struct store_filter filter;
	store_filter_init(&filter);
	const struct asking asking = {
		.out = out, .dialect = dialect, .kind = kind, .filter = &filter
	};
	query->is_exact = true;
	choose_fields(&asking, query);
	put_fields(&asking, query);
	buf_printf(out, " FROM \"%s\" WHERE sensor=", schemas[kind].name);
	depot_literal(out, dialect, chain->sensor);
	buf_printf(out,
		   " AND \"seq\">%" PRIu64
		   " ORDER BY \"seq\",%sbatch_epoch,batch_sequence,batch_row LIMIT %zu",
		   chain->after, kind == RECORD_checkpoint ? "\"number\"," : "",
		   chain->limit);
}
