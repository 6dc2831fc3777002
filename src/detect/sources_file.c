/*
 * sources_file.c: see sources_file.h.
 *
 * Times are absolute, so a source ages while nobody looks.  If the clock was set back
 * since it was written, all times go back as far: what happened before can't lie ahead.
 */
#include "detect/sources_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "detect/attempt.h"

enum {
	VERSION = 1,
	EVERY_S = 300,
	PLACES_AT_ONCE = 4096, /* all of them take half a minute */
	WORTH_FAILURES = 2,
	DAY_S = 24 * 3600,
	FILE_MOST = 256 << 20,
};
#define SECOND_US  1000000LL
#define SCORE_MOST 9.2F

static const char magic[8] = "bwsource";

struct header {
	char magic[8];
	uint32_t version, source_size, attempt_size, open_ports;
	int64_t saved_us;
	struct hash_key key; /* servers are known by it */
};

/* ---- writing ---- */

/* FNV-1a: against what breaks, not against who forges; the folder is ours. */
static uint64_t add_sum(uint64_t sum, const void *at, size_t len)
{
	const unsigned char *byte = at;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ byte[i]) * 0x100000001b3;
	return sum;
}

void sources_file_open(struct sources_file *file, const char *folder, int64_t now_us)
{
	file->fd = -1;
	file->begun_us = now_us;
	int n = snprintf(file->path, sizeof(file->path), "%s/sources.bin", folder);
	if (n < 0 || n >= (int)sizeof(file->path))
		file->path[0] = '\0';
	snprintf(file->fresh, sizeof(file->fresh), "%s.new", file->path);
}

static void give_up(struct sources_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	unlink(file->fresh);
}

static bool write_piece(struct sources_file *file)
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

static bool begin(struct sources_file *file, const struct sources *sources,
		  int64_t now_us)
{
	struct header header;
	memset(&header, 0, sizeof(header));
	memcpy(header.magic, magic, sizeof(magic));
	header.version = VERSION;
	header.source_size = sizeof(struct source);
	header.attempt_size = sizeof(struct attempt);
	header.open_ports = OPEN_PORTS_MAX;
	header.saved_us = now_us;
	header.key = sources->key;
	file->begun_us = now_us;
	file->next = 0;
	file->sum = 0;
	file->fd = open(file->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return false;
	buf_clear(&file->piece);
	buf_add(&file->piece, &header, sizeof(header));
	buf_add(&file->piece, sources->open_ports.at,
		OPEN_PORTS_MAX * sizeof(*sources->open_ports.at));
	return write_piece(file);
}

static bool is_worth_it(const struct source *source, int64_t now_us)
{
	return source->last_us != 0 && now_us - source->last_us < DAY_S * SECOND_US &&
	       (source->failures >= WORTH_FAILURES || source->handshake_us != 0);
}

/* Prefixes are made of their sources again. */
static bool write_some(struct sources_file *file, const struct sources *sources,
		       int64_t now_us)
{
	uint32_t end = file->next + PLACES_AT_ONCE;
	for (; file->next < end && file->next < 2 * SOURCES_FAMILY; file->next++) {
		const struct source *source = &sources->at[file->next];
		size_t count;
		if (!is_worth_it(source, now_us))
			continue;
		const struct attempt *at = sources_attempts(sources, source, &count);
		buf_add(&file->piece, source, sizeof(*source));
		buf_add(&file->piece, at, count * sizeof(*at));
	}
	return write_piece(file);
}

static bool finish(struct sources_file *file)
{
	uint64_t sum = file->sum;
	buf_add(&file->piece, &sum, sizeof(sum));
	if (!write_piece(file) || rename(file->fresh, file->path) != 0)
		return false;
	close(file->fd);
	file->fd = -1;
	return true;
}

void sources_file_tick(struct sources_file *file, const struct sources *sources,
		       int64_t now_us)
{
	bool went_well = true;
	if (file->path[0] == '\0')
		return;
	if (file->fd < 0) {
		/* Also when the clock was set back. */
		int64_t ago_us = now_us - file->begun_us;
		if (ago_us >= 0 && ago_us < EVERY_S * SECOND_US)
			return;
		went_well = begin(file, sources, now_us);
	} else {
		went_well = write_some(file, sources, now_us);
	}
	if (went_well && file->next == 2 * SOURCES_FAMILY)
		went_well = finish(file);
	if (!went_well)
		give_up(file);
}

void sources_file_close(struct sources_file *file, const struct sources *sources,
			int64_t now_us)
{
	if (file->path[0] == '\0')
		return;
	if (file->fd >= 0)
		give_up(file);
	bool went_well = begin(file, sources, now_us);
	while (went_well && file->next < 2 * SOURCES_FAMILY)
		went_well = write_some(file, sources, now_us);
	if (!went_well || fsync(file->fd) != 0 || !finish(file))
		give_up(file);
	buf_free(&file->piece);
}

/* ---- reading ---- */

struct reading {
	const char *at;
	size_t len;
	int64_t back_us; /* how far times go back */
};

static bool take(struct reading *reading, void *out, size_t len)
{
	if (reading->len < len)
		return false;
	memcpy(out, reading->at, len);
	reading->at += len;
	reading->len -= len;
	return true;
}

static uint32_t earlier_s(const struct reading *reading, uint32_t at_s)
{
	uint32_t back_s = (uint32_t)(reading->back_us / SECOND_US);
	return at_s > back_s ? at_s - back_s : 0;
}

static void take_open_ports(struct reading *reading, struct sources *sources)
{
	struct hints *hints = &sources->open_ports;
	take(reading, hints->at, OPEN_PORTS_MAX * sizeof(*hints->at));
	for (size_t i = 0; i < OPEN_PORTS_MAX; i++)
		hints->at[i].at_s = earlier_s(reading, hints->at[i].at_s);
}

static void take_attempt(const struct reading *reading, struct attempt *attempt)
{
	attempt->first_s = earlier_s(reading, attempt->first_s);
	attempt->last_s = earlier_s(reading, attempt->last_s);
	if (attempt->technique >= ATTEMPT_TECHNIQUES)
		attempt->technique = ATTEMPT_OTHER;
}

static bool take_source(struct reading *reading, struct sources *sources)
{
	struct source source;
	struct attempt attempts[SOURCE_ATTEMPTS];
	if (!take(reading, &source, sizeof(source)) || source.count > SOURCE_ATTEMPTS ||
	    !take(reading, attempts, source.count * sizeof(attempts[0])))
		return false;
	for (size_t i = 0; i < source.count; i++)
		take_attempt(reading, &attempts[i]);
	source.first_us -= reading->back_us;
	source.last_us -= reading->back_us;
	source.grid_us = source.scan_us = 0;
	if (source.handshake_us != 0) {
		source.handshake_us -= reading->back_us;
		source.client_us -= reading->back_us;
	}
	if (!(source.score >= -SCORE_MOST && source.score <= SCORE_MOST))
		source.score = 0;
	source.next_ttl %= SOURCE_TTLS;
	if (source.last_us > 0)
		sources_restore(sources, &source, attempts);
	return true;
}

static bool is_whole(const struct buf *text, const struct header *header)
{
	uint64_t sum;
	if (text->len <
	    sizeof(*header) + OPEN_PORTS_MAX * sizeof(struct hint) + sizeof(sum))
		return false;
	memcpy(&sum, text->at + text->len - sizeof(sum), sizeof(sum));
	return sum == add_sum(0, text->at, text->len - sizeof(sum));
}

static const char *fault_of(const struct buf *text, struct header *header)
{
	if (text->len < sizeof(*header))
		return "it is cut off";
	memcpy(header, text->at, sizeof(*header));
	if (memcmp(header->magic, magic, sizeof(magic)) != 0)
		return "it is no file of sources";
	if (header->version != VERSION ||
	    header->source_size != sizeof(struct source) ||
	    header->attempt_size != sizeof(struct attempt) ||
	    header->open_ports != OPEN_PORTS_MAX)
		return "another version of breakwater wrote it";
	return is_whole(text, header) ? NULL : "it is damaged";
}

static const char *take_up(struct sources *sources, const struct buf *text,
			   int64_t now_us)
{
	struct header header;
	const char *fault = fault_of(text, &header);
	if (fault != NULL)
		return fault;
	struct reading reading = {
		.at = text->at + sizeof(header),
		.len = text->len - sizeof(header) - sizeof(uint64_t),
		.back_us = header.saved_us > now_us ? header.saved_us - now_us : 0,
	};
	sources->key = header.key;
	take_open_ports(&reading, sources);
	while (reading.len > 0)
		if (!take_source(&reading, sources))
			return "it is damaged";
	return NULL;
}

bool sources_file_read(struct sources_file *file, struct sources *sources,
		       int64_t now_us, struct buf *why)
{
	struct buf text = { 0 };
	if (file->path[0] == '\0')
		return true;
	int error = file_read(file->path, FILE_MOST, &text);
	const char *fault = error == -ENOENT ? NULL
			    : error != 0     ? strerror(-error)
					     : take_up(sources, &text, now_us);
	buf_free(&text);
	if (fault == NULL)
		return true;
	buf_printf(why, "%s: %s; what was known of sources begins anew", file->path,
		   fault);
	return false;
}
