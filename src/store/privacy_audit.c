/*
 * privacy_audit.c: see privacy_audit.h.
 */
#include "store/privacy_audit.h"

#include "base/clock.h"
#include "store/writer.h"

static int say(struct store *store, const struct audit_record *audit)
{
	sqlite3 *db = store->trunk.db;
	int code = db_run(db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = chain_put(events_chain(store->trunk.events), audit);
	return code == SQLITE_OK ? db_run(db, "COMMIT") : code;
}

bool privacy_audit(struct store *store, const char *action, const char *actor,
		   const char *subject, const char *after)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.at = clock_us(CLOCK_REALTIME);
	audit.action = action;
	record_text(audit.actor, sizeof(audit.actor), actor);
	record_text(audit.subject, sizeof(audit.subject), subject);
	record_text(audit.after, sizeof(audit.after), after);
	db_run(store->trunk.db, "PRAGMA synchronous=FULL");
	int code = say(store, &audit);
	db_run(store->trunk.db, "PRAGMA synchronous=NORMAL");
	if (code == SQLITE_OK)
		return true;
	/* What is in memory is of the transaction that failed. */
	trunk_close(&store->trunk);
	store->has_trunk = false;
	return false;
}
