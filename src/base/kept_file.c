/*
 * kept_file.c: see kept_file.h.
 */
#include "base/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum {
	EVERY_S = 300,
	URGENT_S = 10,
	PLACES_AT_ONCE = 4096, /* those of sources take half a minute */
	FILE_MOST = 256 << 20,
};
#define SECOND_US 1000000LL

/* ---- writing ---- */

/* FNV-1a */
static uint64_t add_sum(uint64_t sum, const void *at, size_t len)
{
	const unsigned char *byte = at;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ byte[i]) * 0x100000001b3;
	return sum;
}

void kept_file_open(struct kept_file *file, const char *folder, const char *name,
		    int64_t now_us)
{
	file->fd = -1;
	file->begun_us = now_us;
	int n = snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
	if (n < 0 || n >= (int)sizeof(file->path))
		file->path[0] = '\0';
	snprintf(file->fresh, sizeof(file->fresh), "%s.new", file->path);
}

static void give_up(struct kept_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	unlink(file->fresh);
}

static bool write_piece(struct kept_file *file)
{
	size_t done = 0;
	if (!buf_ok(&file->piece))
		return false;
	file->sum = add_sum(file->sum, file->piece.at, file->piece.len);
	while (done < file->piece.len) {
		ssize_t n =
			write(file->fd, file->piece.at + done, file->piece.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	buf_clear(&file->piece);
	return true;
}

static bool begin(struct kept_file *file, const struct kept *kept, int64_t now_us)
{
	file->begun_us = now_us;
	file->is_urgent = false;
	file->next = 0;
	file->sum = 0;
	file->fd = open(file->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return false;
	buf_clear(&file->piece);
	kept->begin(kept->table, now_us, &file->piece);
	return write_piece(file);
}

static bool write_some(struct kept_file *file, const struct kept *kept, int64_t now_us)
{
	uint32_t end = file->next + PLACES_AT_ONCE;
	for (; file->next < end && file->next < kept->places; file->next++)
		kept->add(kept->table, file->next, now_us, &file->piece);
	return write_piece(file);
}

static bool finish(struct kept_file *file)
{
	uint64_t sum = file->sum;
	buf_add(&file->piece, &sum, sizeof(sum));
	if (!write_piece(file) || rename(file->fresh, file->path) != 0)
		return false;
	close(file->fd);
	file->fd = -1;
	return true;
}

void kept_file_hurry(struct kept_file *file)
{
	file->is_urgent = true;
}

static bool is_due(const struct kept_file *file, int64_t now_us)
{
	int64_t every_us = (file->is_urgent ? URGENT_S : EVERY_S) * SECOND_US;
	int64_t ago_us = now_us - file->begun_us;
	/* Also when the clock was set back. */
	return ago_us < 0 || ago_us >= every_us;
}

void kept_file_tick(struct kept_file *file, const struct kept *kept, int64_t now_us)
{
	bool went_well = true;
	if (file->path[0] == '\0')
		return;
	if (file->fd < 0) {
		if (!is_due(file, now_us))
			return;
		went_well = begin(file, kept, now_us);
	} else {
		went_well = write_some(file, kept, now_us);
		if (went_well && file->next == kept->places)
			went_well = finish(file);
	}
	if (!went_well)
		give_up(file);
}

void kept_file_close(struct kept_file *file, const struct kept *kept, int64_t now_us)
{
	if (file->path[0] == '\0')
		return;
	if (file->fd >= 0)
		give_up(file);
	bool went_well = begin(file, kept, now_us);
	while (went_well && file->next < kept->places)
		went_well = write_some(file, kept, now_us);
	if (!went_well || fsync(file->fd) != 0 || !finish(file))
		give_up(file);
	buf_free(&file->piece);
}

/* ---- reading ---- */

bool kept_file_read(struct kept_file *file, kept_take *take_up, void *table,
		    int64_t now_us, const char *of_what, struct buf *why)
{
	struct buf text = { 0 };
	if (file->path[0] == '\0')
		return true;
	int error = file_read(file->path, FILE_MOST, &text);
	const char *fault = error == -ENOENT ? NULL
			    : error != 0     ? strerror(-error)
					     : take_up(table, &text, now_us);
	buf_free(&text);
	if (fault == NULL)
		return true;
	buf_text(why, why->len > 0 ? "; " : "");
	buf_printf(why, "%s: %s; what was known of %s begins anew", file->path, fault,
		   of_what);
	return false;
}

bool kept_file_is_whole(const struct buf *text, size_t least)
{
	uint64_t sum;
	if (text->len < least + sizeof(sum))
		return false;
	memcpy(&sum, text->at + text->len - sizeof(sum), sizeof(sum));
	return sum == add_sum(0, text->at, text->len - sizeof(sum));
}

struct kept_reading kept_reading_of(const struct buf *text, size_t header,
				    int64_t saved_us, int64_t now_us)
{
	return (struct kept_reading){
		.at = text->at + header,
		.len = text->len - header - sizeof(uint64_t),
		.back_us = saved_us > now_us ? saved_us - now_us : 0,
	};
}

bool kept_reading_take(struct kept_reading *reading, void *out, size_t len)
{
	if (reading->len < len)
		return false;
	memcpy(out, reading->at, len);
	reading->at += len;
	reading->len -= len;
	return true;
}
