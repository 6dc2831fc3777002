/*
 * erasing.c: see erasing.h.
 */
#include "store/erasing.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "store/erasing_parts.h"
#include "store/month_keys.h"
#include "store/privacy_audit.h"
#include "store/scrub.h"
#include "store/writer.h"

enum {
	HASH_BYTES = 16,
	LOOK_MS = 50,  /* within a look, or one page */
	FORGET_S = 60, /* that it takes to forget; more is said */
};

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

/* ---- one after the other ---- */

static bool begin_at(struct erasing *erasing, enum erasing_step step)
{
	erasing->step = step;
	erasing->table = 0;
	erasing->day = INT64_MIN;
	erasing->row = step == ERASING_ROWS ? INT64_MIN : 0;
	erasing->key[0] = '\0';
	erasing->asked_us = clock_us(CLOCK_MONOTONIC);
	return true;
}

static void say_trouble(struct erasing *erasing, struct store *store, const char *what,
			const char *why)
{
	trouble_say(&store->unerased, STORE_FAILED, "%.200s: %.100s", what, why);
	erasing->is_in_trouble = true;
}

/* If that can't be said, the last step is made once more, which changes nothing. */
static void end(struct erasing *erasing, struct store *store)
{
	char after[256];
	field_text256 rows, left;
	memcpy(rows, erasing->rows, sizeof(rows));
	memcpy(left, erasing->left, sizeof(left));
	erasing_say(rows, "flow", erasing->flows);
	erasing_say(rows, "evidence", erasing->evidence);
	erasing_say(left, "files of days", erasing->held_days);
	snprintf(after, sizeof(after),
		 "erased: %.110s; left, as held or not over: %.90s",
		 rows[0] != '\0' ? rows : "nothing",
		 left[0] != '\0' ? left : "nothing");
	if (!privacy_audit(store, "privacy_erased", erasing->note.what.actor,
			   erasing->subject, after))
		return;
	int error = erasing_note_destroy(store->folder);
	if (error != 0)
		say_trouble(erasing, store,
			    "privacy/erasing could not be removed, and names an "
			    "address that was erased",
			    strerror(-error));
	else if (erasing->is_in_trouble && !erasing->has_unread)
		store->unerased = (struct trouble){ 0 };
	bool is_left_over = erasing->is_left_over;
	OPENSSL_cleanse(erasing, sizeof(*erasing));
	*erasing = (struct erasing){ .has_looked = true };
	pthread_mutex_lock(&store->lock);
	if (!is_left_over) /* else another one may wait */
		store->is_erasing = false;
	pthread_mutex_unlock(&store->lock);
}

/* One that a daemon of before did not end; false: there is none. */
static bool find_left_over(struct erasing *erasing, struct store *store)
{
	if (erasing->has_looked)
		return false;
	int error = erasing_note_read(store->folder, &erasing->note);
	erasing->has_looked = true;
	erasing->is_left_over = error == 0;
	if (error != 0 && error != -ENOENT)
		say_trouble(erasing, store,
			    "privacy/erasing can't be read, so an address that was "
			    "being erased may be left",
			    strerror(-error));
	return error == 0;
}

static bool find_wanted(struct erasing *erasing, struct store *store)
{
	pthread_mutex_lock(&store->lock);
	bool is_wanted = store->is_erasing;
	erasing->note.what = store->erasure;
	pthread_mutex_unlock(&store->lock);
	return is_wanted;
}

/* What it is called, and what will stand there: before anything is said or done. */
static bool prepare(struct erasing *erasing, struct store *store)
{
	int error =
		RAND_bytes(erasing->others, sizeof(erasing->others)) == 1 ? 0 : -EIO;
	bool ok = error == 0 && name_subject(store->folder, &erasing->note.what.addr,
					     erasing->subject);
	if (ok && !erasing->is_left_over) {
		ok = make_instead(&erasing->note.what.addr, &erasing->note.instead);
		error = ok ? erasing_note_write(store->folder, &erasing->note) : 0;
	}
	if (ok && error == 0)
		return true;
	say_trouble(erasing, store,
		    "no key can be made or read in STATE/privacy, so no address is "
		    "erased",
		    error != 0 ? strerror(-error) : "see there");
	return false;
}

static bool begin(struct erasing *erasing, struct store *store)
{
	char after[256];
	if (!erasing->is_left_over && !find_left_over(erasing, store) &&
	    !find_wanted(erasing, store))
		return false;
	if (!prepare(erasing, store))
		return false;
	snprintf(after, sizeof(after), "%s%.200s",
		 erasing->is_left_over ? "begun anew, as the daemon ended before: "
				       : "",
		 erasing->note.what.why);
	return privacy_audit(store, "privacy_erase", erasing->note.what.actor,
			     erasing->subject, after) &&
	       begin_at(erasing, ERASING_ROWS);
}

static int scrub_trunk(struct trunk *trunk, bool *more)
{
	wal_rest(&trunk->wal); /* the log can't be emptied by two */
	return scrub_file(trunk->db, more);
}

/* Nobody is told that it is done while memory shows it. */
static bool is_forgotten(struct erasing *erasing, struct store *store)
{
	int64_t waited_us = clock_us(CLOCK_MONOTONIC) - erasing->asked_us;
	pthread_mutex_lock(&store->lock);
	bool is_done = !store->privacy.has_memory || store->has_forgotten;
	store->is_to_forget = !is_done;
	store->has_forgotten = false;
	pthread_mutex_unlock(&store->lock);
	if (!is_done && waited_us > FORGET_S * 1000000LL)
		say_trouble(
			erasing, store,
			"an address is erased in all files, and the daemon shows it "
			"still",
			"incidents can't be read again");
	return is_done;
}

static int run_step(const struct erasing_part *part)
{
	struct erasing *erasing = part->erasing;
	bool more = false;
	int code = SQLITE_OK;
	switch (erasing->step) {
	case ERASING_ROWS:
		code = erasing_rows(part, &more);
		break;
	case ERASING_END:
		code = scrub_trunk(&part->store->trunk, &more);
		break;
	case ERASING_MEMORY:
		more = !is_forgotten(erasing, part->store);
		break;
	default:
		code = erasing_days(part, &more);
		break;
	}
	if (more || code != SQLITE_OK)
		return code;
	if (erasing->step == ERASING_MEMORY)
		end(erasing, part->store);
	else
		begin_at(erasing, erasing->step + 1);
	return code;
}

static int run_some(const struct erasing_part *part)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + LOOK_MS * 1000LL;
	int code = SQLITE_OK;
	bool waits = false; /* for somebody else: the next look asks again */
	while (code == SQLITE_OK && part->erasing->step != ERASING_NOTHING &&
	       part->store->has_trunk && !waits &&
	       clock_us(CLOCK_MONOTONIC) < until_us) {
		code = run_step(part);
		waits = part->erasing->step == ERASING_MEMORY;
	}
	return code;
}

bool erasing_work(struct erasing *erasing, struct store *store, int64_t now_us)
{
	if (erasing->step == ERASING_NOTHING && !begin(erasing, store))
		return false;
	struct month_names *names = malloc(sizeof(*names));
	if (names == NULL)
		return false;
	pthread_mutex_lock(&store->lock);
	const struct store_privacy privacy = store->privacy;
	pthread_mutex_unlock(&store->lock);
	month_names_init(names, store->folder, &erasing->note.what.addr);
	struct veil veil = { .folder = store->folder,
			     .ours = &privacy.ours,
			     .erased = names,
			     .instead = erasing->note.instead,
			     .otherwise = privacy.pseudonyms_after_s == 0
						  ? erasing->others
						  : NULL };
	int code = run_some(&(struct erasing_part){ erasing, store, &veil, now_us });
	free(names);
	if (code == SQLITE_OK)
		return erasing->step != ERASING_NOTHING;
	say_trouble(erasing, store, "an address is not erased everywhere yet",
		    (code & 0xff) == SQLITE_BUSY ? "somebody still reads the store as "
						   "it was"
						 : sqlite3_errstr(code));
	return false;
}
