/*
 * holds.c: see holds.h.
 */
#include "store/holds.h"

#include <stdio.h>
#include <string.h>

#include "store/days.h"
#include "store/file.h"
#include "store/meta.h"

/*
 * "$" stands for the incidents that are held.  A finding or an alert says itself which
 * one it belongs to, but for those that were found to have to do with another one:
 * these stand in its timeline.
 */
#define ABOUT    "SELECT about FROM timeline WHERE incident IN $"
#define FINDINGS "SELECT id FROM finding WHERE incident IN $ UNION " ABOUT
static const struct {
	enum record_kind kind;
	const char *condition;
} conditions[] = {
	{ RECORD_incident, "id IN $" },
	{ RECORD_finding, "(incident IN $ OR id IN(" ABOUT "))" },
	{ RECORD_alert, "(incident IN $ OR id IN(" ABOUT "))" },
	{ RECORD_timeline, "incident IN $" },
	{ RECORD_notification, "incident IN $" },
	{ RECORD_block, "(id IN(" ABOUT ")OR finding IN(" FINDINGS "))" },
	{ RECORD_decision, "finding IN(" FINDINGS ")" },
	{ RECORD_failure, "id IN(" ABOUT ")" },
	{ RECORD_transcript, "id IN(" ABOUT ")" },
	{ RECORD_packet, "id IN(" FINDINGS ")" },
	{ RECORD_login, "EXISTS(SELECT 1 FROM incident i WHERE i.id IN $ AND login.at "
			"BETWEEN i.\"first\" AND ifnull(i.\"end\",i.\"last\"))" },
};

static const char *condition_of(enum record_kind kind)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (conditions[i].kind == kind)
			return conditions[i].condition;
	return NULL;
}

bool holds_any(sqlite3 *db, int64_t now_us)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "SELECT count(*)FROM hold WHERE until>%lld",
		 (long long)now_us);
	return db_number(db, sql, 1) > 0; /* what can't be read is held */
}

/* What is not known belongs to none. */
static void put_condition(struct buf *sql, const char *condition, int64_t now_us)
{
	buf_text(sql, "ifnull(");
	for (const char *c = condition; *c != '\0'; c++)
		if (*c == '$')
			buf_printf(sql, "(SELECT incident FROM hold WHERE until>%lld)",
				   (long long)now_us);
		else
			buf_char(sql, *c);
	buf_text(sql, ",0)");
}

void holds_spare(struct buf *sql, enum record_kind kind, int64_t now_us)
{
	const char *condition = condition_of(kind);
	if (condition == NULL)
		return;
	buf_text(sql, " AND NOT ");
	put_condition(sql, condition, now_us);
}

bool holds_only(struct buf *sql, enum record_kind kind, int64_t now_us)
{
	const char *condition = condition_of(kind);
	if (condition == NULL)
		return false;
	buf_text(sql, " AND ");
	put_condition(sql, condition, now_us);
	return true;
}

bool holds_day(sqlite3 *db, int64_t day, int64_t now_us)
{
	char sql[320];
	if (meta_get(db, HOLDS_UNKNOWN, INT64_MIN) > now_us)
		return true;
	/* One that goes on has an end that nobody knows. */
	snprintf(sql, sizeof(sql),
		 "SELECT count(*)FROM incident WHERE id IN(SELECT incident FROM hold "
		 "WHERE until>%lld)AND \"first\"<%lld AND(state<>'resolved' OR "
		 "ifnull(\"end\",\"last\")>=%lld)",
		 (long long)now_us, (long long)((day + 1) * DAY_US),
		 (long long)(day * DAY_US));
	return db_number(db, sql, 1) > 0; /* what can't be read is held */
}
