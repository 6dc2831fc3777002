/*
 * tell_keep.c: who was told what, and silences, over a restart: told.bin, replaced as a
 * whole after each message.
 *
 * What waits is not kept: it waits again.  After a crash between a message and this
 * file, the same message is made again, with the same id, by which the sender knows
 * that it has it.  Nobody waits for the disk: after a power cut the last may be
 * missing, and somebody is told twice rather than never.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/telling.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"

enum { VERSION = 1, FILE_MOST = 16 << 20, PATH_BYTES = 1024 + 16 };

static const char magic[8] = "bwtold";

struct header {
	char magic[8];
	uint32_t version, row_size, silence_size;
	uint32_t rows, silences, zero;
};

struct kept_row {
	char incident[32];
	uint64_t name;
	int64_t known_told_us, told_us;
	uint32_t serial;
	int8_t severity, is_firing;
	uint16_t zero;
};

struct kept_silence {
	char id[32], match[256], why[256], actor[64];
	int64_t at_us, start_us, until_us, is_expired;
};

/* ---- writing ---- */

static bool is_kept(const struct row *row)
{
	return row->known != NULL && row->told_us != 0;
}

static void put_row(struct buf *out, const struct row *row)
{
	struct kept_row kept;
	memset(&kept, 0, sizeof(kept));
	record_text(kept.incident, sizeof(kept.incident), row->known->record.id);
	kept.name = row->name;
	kept.known_told_us = row->known->told_us;
	kept.told_us = row->told_us;
	kept.serial = row->serial;
	kept.severity = row->severity;
	kept.is_firing = row->is_firing;
	buf_add(out, &kept, sizeof(kept));
}

static void put_silence(struct buf *out, const struct silence_record *record)
{
	struct kept_silence kept;
	memset(&kept, 0, sizeof(kept));
	record_text(kept.id, sizeof(kept.id), record->id);
	record_text(kept.match, sizeof(kept.match), record->match);
	record_text(kept.why, sizeof(kept.why), record->why);
	record_text(kept.actor, sizeof(kept.actor), record->actor);
	kept.at_us = record->at;
	kept.start_us = record->start;
	kept.until_us = record->until;
	kept.is_expired = strcmp(record->state, "expired") == 0;
	buf_add(out, &kept, sizeof(kept));
}

static struct header header_of(const struct teller *teller)
{
	struct header header = { .version = VERSION,
				 .row_size = sizeof(struct kept_row),
				 .silence_size = sizeof(struct kept_silence) };
	memcpy(header.magic, magic, sizeof(magic));
	for (size_t i = 0; i < TELLER_ROWS; i++)
		header.rows += is_kept(&teller->rows[i]);
	for (size_t i = 0; i < TELLER_SILENCES; i++)
		header.silences += teller->silences[i].record.id[0] != '\0';
	return header;
}

static void put_all(struct buf *out, const struct teller *teller)
{
	struct header header = header_of(teller);
	buf_add(out, &header, sizeof(header));
	for (size_t i = 0; i < TELLER_ROWS; i++)
		if (is_kept(&teller->rows[i]))
			put_row(out, &teller->rows[i]);
	for (size_t i = 0; i < TELLER_SILENCES; i++)
		if (teller->silences[i].record.id[0] != '\0')
			put_silence(out, &teller->silences[i].record);
	uint64_t sum = hash_sum(out->at, out->len);
	buf_add(out, &sum, sizeof(sum));
}

static int write_fresh(const char *path, const struct buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int error = file_write(fd, text->at, text->len);
	close(fd);
	return error;
}

static void path_of(const struct teller *teller, const char *name,
		    char path[static PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", teller->folder, name);
}

void tell_save(struct teller *teller)
{
	char path[PATH_BYTES], fresh[PATH_BYTES];
	struct buf text = { 0 };
	if (teller->folder[0] == '\0')
		return;
	path_of(teller, "told.bin", path);
	path_of(teller, "told.new", fresh);
	put_all(&text, teller);
	/* What fails is tried again at the next tick. */
	if (buf_ok(&text) && write_fresh(fresh, &text) == 0 && rename(fresh, path) == 0)
		teller->is_changed = false;
	buf_free(&text);
}

/* ---- reading ---- */

/* What was in the future was so by a clock that was set back since. */
static int64_t past(const struct teller *teller, int64_t at_us)
{
	return at_us < teller->now_us ? at_us : teller->now_us;
}

static void take_row(struct teller *teller, const char *at)
{
	struct kept_row kept;
	memcpy(&kept, at, sizeof(kept));
	kept.incident[sizeof(kept.incident) - 1] = '\0';
	struct known *known = known_of(teller, kept.incident);
	if (known == NULL)
		known = known_new(teller, kept.incident);
	struct row *row = known != NULL ? row_new(teller, known, kept.name) : NULL;
	if (row == NULL)
		return;
	known->told_us = past(teller, kept.known_told_us);
	row->told_us = past(teller, kept.told_us);
	row->serial = kept.serial;
	row->severity = kept.severity;
	row->is_firing = kept.is_firing != 0;
}

static void take_silence(struct teller *teller, const char *at)
{
	struct kept_silence kept;
	struct silence_record record;
	memcpy(&kept, at, sizeof(kept));
	record_init(RECORD_silence, &record);
	memcpy(record.id, kept.id, sizeof(record.id) - 1);
	memcpy(record.match, kept.match, sizeof(record.match) - 1);
	memcpy(record.why, kept.why, sizeof(record.why) - 1);
	memcpy(record.actor, kept.actor, sizeof(record.actor) - 1);
	record.at = kept.at_us;
	record.start = kept.start_us;
	record.until = kept.until_us;
	/* What it is now is found out, and said, at the next tick. */
	record.state = kept.is_expired ? "expired" : "pending";
	silence_restore(teller, &record);
}

static bool is_sound(const struct buf *text, struct header *header)
{
	uint64_t sum;
	if (text->len < sizeof(*header) + sizeof(sum))
		return false;
	size_t len = text->len - sizeof(sum);
	memcpy(&sum, text->at + len, sizeof(sum));
	memcpy(header, text->at, sizeof(*header));
	return sum == hash_sum(text->at, len) &&
	       memcmp(header->magic, magic, sizeof(magic)) == 0 &&
	       header->version == VERSION &&
	       header->row_size == sizeof(struct kept_row) &&
	       header->silence_size == sizeof(struct kept_silence) &&
	       header->rows <= TELLER_ROWS && header->silences <= TELLER_SILENCES &&
	       len == sizeof(*header) + header->rows * sizeof(struct kept_row) +
			       header->silences * sizeof(struct kept_silence);
}

/* ---- less of it ---- */

static int by_told(const void *left, const void *right)
{
	const struct kept_row *a = left, *b = right;
	return (a->told_us < b->told_us) - (a->told_us > b->told_us);
}

/* The newest of so many rows come first in *out, then what is behind them. */
static void put_newest(struct buf *out, const char *rows, size_t count, size_t most)
{
	struct kept_row *sorted = calloc(count, sizeof(*sorted));
	if (sorted != NULL) {
		memcpy(sorted, rows, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), by_told);
		buf_add(out, sorted, most * sizeof(*sorted));
	}
	free(sorted);
}

int teller_kept_within(const void *bytes, size_t len, size_t most, struct buf *out)
{
	struct buf text = { 0 };
	struct header header = { .rows = 0 };
	buf_add(&text, bytes, len);
	bool is_whole = buf_ok(&text) && is_sound(&text, &header);
	size_t silences = header.silences * sizeof(struct kept_silence);
	size_t fixed = sizeof(header) + silences + sizeof(uint64_t);
	size_t count = header.rows, left = 0;
	const char *rows = text.at + sizeof(header);
	if (is_whole && fixed <= most) {
		size_t room = (most - fixed) / sizeof(struct kept_row);
		left = count > room ? count - room : 0;
		header.rows = (uint32_t)(count - left);
		buf_add(out, &header, sizeof(header));
		put_newest(out, rows, count, count - left);
		buf_add(out, rows + count * sizeof(struct kept_row), silences);
		uint64_t sum = hash_sum(out->at, out->len);
		buf_add(out, &sum, sizeof(sum));
	}
	buf_free(&text);
	return !is_whole ? -EBADMSG : fixed > most ? -ENOSPC : (int)left;
}

/* NULL, or why not. */
static const char *take_all(struct teller *teller, const struct buf *text)
{
	struct header header;
	if (!is_sound(text, &header))
		return "it is damaged, or of another version";
	const char *at = text->at + sizeof(header);
	for (uint32_t i = 0; i < header.rows; i++, at += sizeof(struct kept_row))
		take_row(teller, at);
	for (uint32_t i = 0; i < header.silences; i++)
		take_silence(teller, at + i * sizeof(struct kept_silence));
	return NULL;
}

/* Out of the way, as the next message replaces told.bin: there may be silences in it.
 */
static void set_aside(const struct teller *teller, const char *path, const char *fault,
		      struct buf *why)
{
	char aside[PATH_BYTES];
	path_of(teller, "told.unread", aside);
	bool is_aside = rename(path, aside) == 0;
	buf_printf(why, "%s: %s; who was told begins anew, and it is %s", path, fault,
		   is_aside ? "kept as told.unread" : "written over");
}

bool teller_keep(struct teller *teller, const char *folder, int64_t now_us,
		 struct buf *why)
{
	char path[PATH_BYTES];
	struct buf text = { 0 };
	teller->now_us = now_us;
	if (snprintf(teller->folder, sizeof(teller->folder), "%s", folder) >=
	    (int)sizeof(teller->folder)) {
		teller->folder[0] = '\0';
		buf_printf(why, "%s: who was told can't be kept there", folder);
		return false;
	}
	path_of(teller, "told.bin", path);
	int error = file_read(path, FILE_MOST, &text);
	const char *fault = error == -ENOENT ? NULL
			    : error != 0     ? strerror(-error)
					     : take_all(teller, &text);
	buf_free(&text);
	rows_settle(teller);
	if (fault != NULL)
		set_aside(teller, path, fault, why);
	return fault == NULL;
}
