/*
 * erasing_days.c: files of days, one page after the other; see erasing_parts.h.
 */
#include <stdlib.h>

#include "store/aging.h"
#include "store/erasing_parts.h"
#include "store/evidence_erase.h"
#include "store/holds.h"
#include "store/scrub.h"
#include "store/writer.h"

enum { FLOWS_AT_ONCE = 4000, BLOCKS_AT_ONCE = 64 };

/* One file, open for writing. */
struct file {
	const struct erasing_part *part;
	enum day_series series;
	int64_t day;
	sqlite3 *db;
	int64_t until;    /* told: the last row of the page */
	uint64_t changed; /* told */
};

static bool is_of_flows(const struct file *file)
{
	return file->series == DAYS_FLOWS;
}

static int erase_flows(void *self)
{
	struct file *file = self;
	struct buf sql = { 0 };
	file->until = file->part->erasing->row + FLOWS_AT_ONCE;
	private_flow_assignments(&sql, file->day);
	buf_printf(&sql,
		   " WHERE rowid>%lld AND rowid<=%lld AND(names(client_ip,pseudonym)OR "
		   "names(server_ip,pseudonym)OR names(name,pseudonym))",
		   (long long)file->part->erasing->row, (long long)file->until);
	int code = db_run_buf(file->db, &sql);
	file->changed = (uint64_t)sqlite3_changes(file->db);
	if (code == SQLITE_OK && file->changed > 0)
		code = db_run(file->db, PRIVATE_FILE_CHANGED);
	return code;
}

static int erase_blocks(void *self)
{
	struct file *file = self;
	const struct erasing *erasing = file->part->erasing;
	file->until = erasing->row + BLOCKS_AT_ONCE;
	return evidence_erase(file->db, &erasing->note.what.addr,
			      &erasing->note.instead, erasing->row + 1, file->until,
			      &file->changed);
}

static int erase_page(struct file *file)
{
	struct erasing *erasing = file->part->erasing;
	int code = veil_lend(file->db, file->part->veil);
	file->changed = 0;
	if (code == SQLITE_OK)
		code = db_transact(
			file->db, is_of_flows(file) ? erase_flows : erase_blocks, file);
	veil_end(file->db, file->part->veil);
	if (code == SQLITE_OK) {
		erasing->row = file->until;
		erasing->done += file->changed;
	}
	return code;
}

/*
 * The file has it no more.  One that has had it is written again, and so is each when
 * nobody knows what a daemon that ended had changed.
 */
static int end_file(struct file *file, bool *is_done)
{
	struct erasing *erasing = file->part->erasing;
	bool is_due = erasing->done > 0 || erasing->is_left_over, more = false;
	int code = SQLITE_OK;
	if (is_due && !erasing->is_scrubbed)
		code = is_of_flows(file) ? scrub_table(file->db, "flow", true)
					 : scrub_table(file->db, "evidence", false);
	erasing->is_scrubbed = code == SQLITE_OK;
	if (code == SQLITE_OK)
		code = scrub_file(file->db, &more);
	*is_done = code == SQLITE_OK && !more;
	return code;
}

static int take_part(struct file *file, bool *is_done)
{
	struct erasing *erasing = file->part->erasing;
	const char *last = is_of_flows(file) ? "SELECT max(rowid)FROM flow"
					     : "SELECT max(id)FROM evidence";
	*is_done = false;
	if (erasing->row < db_number(file->db, last, 0))
		return erase_page(file);
	return end_file(file, is_done);
}

/* One that is damaged is said, and left. */
static int leave(const struct file *file)
{
	file->part->erasing->has_unread = true;
	return SQLITE_OK;
}

static int open_and_take(struct file *file, bool *is_done)
{
	struct store *store = file->part->store;
	struct day_file flows;
	struct evidence_file evidence;
	int code;
	*is_done = true;
	if (is_of_flows(file)) {
		if (!day_open(&flows, store->folder, file->day, &store->unerased))
			return leave(file);
		file->db = flows.db;
		code = take_part(file, is_done);
		day_close(&flows);
		return code;
	}
	if (!evidence_open(&evidence, store->folder, file->day, &store->unerased))
		return leave(file);
	file->db = evidence.db;
	code = take_part(file, is_done);
	evidence_close(&evidence);
	return code;
}

static void go_to_next(struct erasing *erasing, const struct file *file)
{
	if (is_of_flows(file))
		erasing->flows += erasing->done;
	else
		erasing->evidence += erasing->done;
	erasing->done = 0;
	erasing->row = 0;
	erasing->is_scrubbed = false;
	erasing->day = file->day + 1;
}

/* A part of the file of a day. */
static int take_day(struct file *file)
{
	struct erasing *erasing = file->part->erasing;
	struct store *store = file->part->store;
	bool is_done = true;
	int code = SQLITE_OK;
	batch_close_day(store, file->series, file->day);
	if (holds_day(store->trunk.db, file->day, file->part->now_us))
		erasing->held_days++;
	else
		code = open_and_take(file, &is_done);
	if (code == SQLITE_OK && is_done)
		go_to_next(erasing, file);
	return code;
}

int erasing_days(const struct erasing_part *part, bool *more)
{
	struct file file = { .part = part,
			     .series = part->erasing->step == ERASING_FLOWS
					       ? DAYS_FLOWS
					       : DAYS_EVIDENCE };
	int64_t *days = NULL;
	long count = days_list(part->store->folder, file.series, &days), i = 0;
	int code = SQLITE_OK;
	while (i < count && days[i] < part->erasing->day)
		i++;
	*more = i < count;
	if (i < count) {
		if (days[i] != part->erasing->day) /* the one of before is gone */
			part->erasing->row = 0;
		file.day = part->erasing->day = days[i];
		code = take_day(&file);
	}
	free(days);
	return code;
}
