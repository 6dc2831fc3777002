/*
 * erasing.c: see erasing.h.
 */
#include "store/erasing.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hex.h"
#include "store/aging.h"
#include "store/evidence_erase.h"
#include "store/holds.h"
#include "store/month_keys.h"
#include "store/privacy_audit.h"
#include "store/veil.h"
#include "store/writer.h"

enum { HASH_BYTES = 16 };

/* ---- the address in the audit chain ---- */

/*
 * By a key of its own: who has the store can prove which address was meant, and who has
 * the chain alone can't try all addresses there are.
 */
static bool name_subject(const char *folder, const struct addr *addr, field_text64 out)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char digits[2 * HASH_BYTES + 1];
	struct buf key = { 0 };
	unsigned len = sizeof(sum);
	bool ok = month_keys_own(folder, &key) == 0 &&
		  HMAC(EVP_sha256(), key.at, (int)key.len, addr->ip6, sizeof(addr->ip6),
		       sum, &len) != NULL;
	if (ok) {
		hex_text(digits, sum, HASH_BYTES);
		snprintf(out, sizeof(field_text64), "address %s", digits);
	}
	if (key.at != NULL)
		OPENSSL_cleanse(key.at, key.size);
	buf_free(&key);
	return ok;
}

/* By a key that nobody keeps. */
static bool make_instead(const struct addr *addr, struct addr *out)
{
	uint8_t key[PSEUDONYM_KEY_LEN];
	struct pseudonyms *pseudonyms = NULL;
	if (RAND_bytes(key, sizeof(key)) == 1)
		pseudonyms = pseudonyms_open(key);
	OPENSSL_cleanse(key, sizeof(key));
	bool ok = pseudonyms != NULL && pseudonym_of(pseudonyms, addr, out);
	pseudonyms_close(pseudonyms);
	return ok;
}

/* ---- rows of breakwater.db ---- */

struct job {
	struct erasing *erasing;
	sqlite3 *db;
	int64_t now_us, day;
};

static void note(field_text256 text, const char *table, int64_t count)
{
	size_t len = strlen(text);
	if (count > 0)
		snprintf(text + len, sizeof(field_text256) - len, "%s%s %lld",
			 len > 0 ? ", " : "", table, (long long)count);
}

static void put_where(struct buf *sql, const struct private_kind *of)
{
	for (size_t i = 0; i < PRIVATE_COLUMNS && of->columns[i] != NULL; i++)
		buf_printf(sql, "%snames(%s,pseudonym)", i > 0 ? " OR " : " WHERE(",
			   of->columns[i]);
	buf_char(sql, ')');
}

static int erase_kind(struct job *job, const struct private_kind *of)
{
	const char *table = schemas[of->kind].name;
	struct buf sql = { 0 }, count = { 0 };
	buf_printf(&sql, "UPDATE %s SET ", table);
	private_assignments(&sql, of);
	put_where(&sql, of);
	buf_printf(&sql, "AND %s", of->over);
	holds_spare(&sql, of->kind, job->now_us);
	int code = db_run_buf(job->db, &sql);
	note(job->erasing->rows, table, sqlite3_changes(job->db));
	buf_printf(&count, "SELECT count(*)FROM %s", table);
	put_where(&count, of);
	const char *text = buf_cstr(&count);
	if (code == SQLITE_OK && text != NULL)
		note(job->erasing->left, table, db_number(job->db, text, 0));
	buf_free(&count);
	return code;
}

/* Octets can't be swapped in what has checksums: they go. */
static int erase_packets(struct job *job)
{
	struct buf sql = { 0 };
	buf_text(&sql, "DELETE FROM packet WHERE of='finding' AND carries(data)");
	holds_spare(&sql, RECORD_packet, job->now_us);
	int code = db_run_buf(job->db, &sql);
	note(job->erasing->rows, "packet", sqlite3_changes(job->db));
	note(job->erasing->left, "packet",
	     db_number(
		     job->db,
		     "SELECT count(*)FROM packet WHERE of='finding' AND carries(data)",
		     0));
	return code;
}

static int erase_rows(void *self)
{
	struct job *job = self;
	int code = SQLITE_OK;
	job->erasing->rows[0] = job->erasing->left[0] = '\0';
	for (size_t i = 0; i < private_kind_count && code == SQLITE_OK; i++)
		code = erase_kind(job, &private_kinds[i]);
	return code == SQLITE_OK ? erase_packets(job) : code;
}

/* ---- files of days ---- */

static int erase_flows(void *self)
{
	struct job *job = self;
	struct buf sql = { 0 };
	private_flow_assignments(&sql, job->day);
	buf_text(&sql, " WHERE names(client_ip,pseudonym)OR names(server_ip,pseudonym)"
		       "OR names(name,pseudonym)");
	int code = db_run_buf(job->db, &sql);
	int changed = sqlite3_changes(job->db);
	if (code == SQLITE_OK && changed > 0)
		code = db_run(job->db, PRIVATE_FILE_CHANGED);
	if (code == SQLITE_OK)
		job->erasing->flows += (uint64_t)changed;
	return code;
}

static int erase_flow_file(struct store *store, struct veil *veil, struct job *job)
{
	struct day_file file;
	if (!day_open(&file, store->folder, job->day, &store->notice))
		return SQLITE_OK;
	job->db = file.db;
	int code = veil_lend(file.db, veil);
	if (code == SQLITE_OK)
		code = db_transact(file.db, erase_flows, job);
	veil_end(file.db, veil);
	day_close(&file);
	return code;
}

static int erase_evidence(void *self)
{
	struct job *job = self;
	struct erasing *erasing = job->erasing;
	return evidence_erase(job->db, &erasing->what.addr, &erasing->instead,
			      &erasing->evidence);
}

static int erase_evidence_file(struct store *store, struct veil *veil, struct job *job)
{
	struct evidence_file file;
	(void)veil;
	if (!evidence_open(&file, store->folder, job->day, &store->notice))
		return SQLITE_OK;
	job->db = file.db;
	int code = db_transact(file.db, erase_evidence, job);
	evidence_close(&file);
	return code;
}

/* The next file of a series; *more: there was one. */
static int erase_day(struct store *store, struct veil *veil, struct job *job,
		     bool is_flows, bool *more)
{
	enum day_series series = is_flows ? DAYS_FLOWS : DAYS_EVIDENCE;
	int64_t *days = NULL;
	long count = days_list(store->folder, series, &days), i = 0;
	int code = SQLITE_OK;
	while (i < count && days[i] < job->erasing->day)
		i++;
	*more = i < count;
	if (i < count) {
		job->day = days[i];
		job->erasing->day = days[i] + 1;
		batch_close_day(store, series, job->day);
		if (holds_day(store->trunk.db, job->day, job->now_us))
			job->erasing->held_days++;
		else
			code = is_flows ? erase_flow_file(store, veil, job)
					: erase_evidence_file(store, veil, job);
	}
	free(days);
	return code;
}

/* ---- one after the other ---- */

/* If that can't be said, the last step is made once more, which changes nothing. */
static void end(struct erasing *erasing, struct store *store)
{
	char after[256];
	note(erasing->rows, "flow", (int64_t)erasing->flows);
	note(erasing->rows, "evidence", (int64_t)erasing->evidence);
	note(erasing->left, "files of days", (int64_t)erasing->held_days);
	erasing->flows = erasing->evidence = erasing->held_days = 0;
	snprintf(after, sizeof(after),
		 "erased: %.110s; left, as held or not over: %.90s",
		 erasing->rows[0] != '\0' ? erasing->rows : "nothing",
		 erasing->left[0] != '\0' ? erasing->left : "nothing");
	if (!privacy_audit(store, "privacy_erased", erasing->what.actor,
			   erasing->subject, after))
		return;
	OPENSSL_cleanse(erasing, sizeof(*erasing));
	erasing->step = ERASING_NOTHING;
	pthread_mutex_lock(&store->lock);
	store->is_erasing = false;
	pthread_mutex_unlock(&store->lock);
}

static void begin(struct erasing *erasing, struct store *store)
{
	pthread_mutex_lock(&store->lock);
	bool is_wanted = store->is_erasing;
	*erasing = (struct erasing){ .what = store->erasure };
	pthread_mutex_unlock(&store->lock);
	if (!is_wanted)
		return;
	if (!name_subject(store->folder, &erasing->what.addr, erasing->subject) ||
	    !make_instead(&erasing->what.addr, &erasing->instead)) {
		trouble_say(&store->notice, STORE_FAILED,
			    "%.300s/privacy: no key can be made or read there, so no "
			    "address is erased",
			    store->folder);
		return;
	}
	erasing->day = INT64_MIN;
	if (privacy_audit(store, "privacy_erase", erasing->what.actor, erasing->subject,
			  erasing->what.why))
		erasing->step = ERASING_ROWS;
}

static int run_rows(struct store *store, struct veil *veil, struct job *job)
{
	int code = veil_lend(store->trunk.db, veil);
	job->db = store->trunk.db;
	if (code == SQLITE_OK)
		code = db_transact(job->db, erase_rows, job);
	veil_end(store->trunk.db, veil);
	return code;
}

static int run_step(struct erasing *erasing, struct store *store, struct veil *veil,
		    int64_t now_us)
{
	struct job job = { .erasing = erasing, .now_us = now_us };
	bool more = false;
	int code;
	if (erasing->step == ERASING_ROWS)
		code = run_rows(store, veil, &job);
	else
		code = erase_day(store, veil, &job, erasing->step == ERASING_FLOWS,
				 &more);
	if (more || code != SQLITE_OK)
		return code;
	erasing->day = INT64_MIN;
	if (erasing->step == ERASING_EVIDENCE)
		end(erasing, store);
	else
		erasing->step++;
	return code;
}

bool erasing_work(struct erasing *erasing, struct store *store, int64_t now_us)
{
	if (erasing->step == ERASING_NOTHING)
		begin(erasing, store);
	if (erasing->step == ERASING_NOTHING)
		return false;
	struct month_names *names = malloc(sizeof(*names));
	if (names == NULL)
		return false;
	pthread_mutex_lock(&store->lock);
	const struct home ours = store->privacy.ours;
	pthread_mutex_unlock(&store->lock);
	month_names_init(names, store->folder, &erasing->what.addr);
	struct veil veil = { .folder = store->folder,
			     .ours = &ours,
			     .erased = names,
			     .instead = erasing->instead };
	int code = run_step(erasing, store, &veil, now_us);
	free(names);
	if (code == SQLITE_OK)
		return erasing->step != ERASING_NOTHING;
	trouble_say(&store->notice, STORE_FAILED,
		    "an address is not erased everywhere yet: %s",
		    sqlite3_errstr(code));
	return false;
}
