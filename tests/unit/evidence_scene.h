/*
 * evidence_scene.h: ten days of a store, made by its own writer, of which all is known;
 * and the rows that a query of evidence gives of them, as CSV.
 */
#pragma once

#include "store_check.h"

#include "report/compliance.h"
#include "report/exhibit.h"
#include "report/report.h"

#define MINUTE (60 * SECOND)
#define HOUR   (3600 * SECOND)
#define UNTIL  (START_US + 10 * DAY)

static struct compliance *compliance;

#define PUT(kind, ...)                                                                 \
	do {                                                                           \
		struct kind##_record *r = &record.kind;                                \
		record_init(RECORD_##kind, r);                                         \
		__VA_ARGS__;                                                           \
		assert_true(store_put(store, RECORD_##kind, r));                       \
	} while (0)
#define TEXT(field, text) record_text(r->field, sizeof(r->field), text)

/* One of any kind that the scene has. */
union scene_record {
	struct finding_record finding;
	struct incident_record incident;
	struct timeline_record timeline;
	struct notification_record notification;
	struct block_record block;
	struct conversation_record conversation;
	struct ruleset_record ruleset;
	struct deployment_record deployment;
	struct self_record self;
	struct gap_record gap;
	struct anomaly_record anomaly;
	struct forecast_record forecast;
	struct listener_record listener;
	struct approval_record approval;
	struct scan_record scan;
	struct audit_record audit;
};

static inline struct addr scene_addr(const char *text)
{
	struct addr addr = addr_unset();
	assert_true(addr_parse(text, &addr));
	return addr;
}

/* ---- asking ---- */

static inline int open_compliance(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	compliance = compliance_open(NULL, &errors);
	if (compliance == NULL)
		print_error("%s\n", buf_cstr(&errors));
	buf_free(&errors);
	return compliance != NULL ? 0 : -1;
}

static inline void ask_evidence(const struct evidence *evidence,
				struct store_reader *reader, struct exhibit *rows)
{
	static const struct store_parameter parameters[] = {
		{ ":since", NULL, START_US },      { ":until", NULL, UNTIL },
		{ ":now", NULL, UNTIL },           { ":kept_flows_s", NULL, 604800 },
		{ ":kept_ports_1m_s", NULL, 1 },   { ":kept_ports_1h_s", NULL, 1 },
		{ ":kept_ports_1d_s", NULL, 1 },   { ":kept_events_s", NULL, 691200 },
		{ ":kept_probes_s", NULL, 604800 }
	};
	char error[STORE_ERROR_MAX];
	const struct store_sql to = {
		.self = rows,
		.columns = exhibit_columns,
		.row = exhibit_take,
		.parameters = parameters,
		.parameter_count = sizeof(parameters) / sizeof(parameters[0]),
	};
	if (store_sql(reader, evidence->sql, 0, &to, error) != 0)
		fail_msg("%s: %s", evidence->id, error);
}

/* Rows of that query, with the head, to be freed. */
static inline struct buf rows_of(const char *id)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct exhibit rows = { 0 };
	struct buf csv = { 0 };
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	ask_evidence(compliance_evidence(compliance, id), reader, &rows);
	exhibit_csv(&rows, &csv);
	exhibit_free(&rows);
	store_reader_close(reader);
	return csv;
}

static inline void expect_rows(const char *id, const char *wanted)
{
	struct buf csv = rows_of(id);
	assert_string_equal(buf_cstr(&csv), wanted);
	buf_free(&csv);
}
