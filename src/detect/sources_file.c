/*
 * sources_file.c: see sources_file.h.
 *
 * Times are absolute, so a source ages while nobody looks.
 */
#include "detect/sources_file.h"

#include <string.h>

#include "detect/scan_attempt.h"

enum {
	VERSION = 1,
	WORTH_FAILURES = 2,
	DAY_S = 24 * 3600,
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

void sources_file_open(struct kept_file *file, const char *folder, int64_t now_us)
{
	kept_file_open(file, folder, "sources.bin", now_us);
}

static void begin(const void *table, int64_t now_us, struct buf *piece)
{
	const struct sources *sources = table;
	struct header header;
	memset(&header, 0, sizeof(header));
	memcpy(header.magic, magic, sizeof(magic));
	header.version = VERSION;
	header.source_size = sizeof(struct source);
	header.attempt_size = sizeof(struct attempt);
	header.open_ports = OPEN_PORTS_MAX;
	header.saved_us = now_us;
	header.key = sources->key;
	buf_add(piece, &header, sizeof(header));
	buf_add(piece, sources->open_ports.at,
		OPEN_PORTS_MAX * sizeof(*sources->open_ports.at));
}

static bool is_worth_it(const struct source *source, int64_t now_us)
{
	return source->last_us != 0 && now_us - source->last_us < DAY_S * SECOND_US &&
	       (source->failures >= WORTH_FAILURES || source->handshake_us != 0);
}

static void add(const void *table, uint32_t place, int64_t now_us, struct buf *piece)
{
	const struct sources *sources = table;
	const struct source *source = &sources->at[place];
	size_t count;
	if (!is_worth_it(source, now_us))
		return;
	const struct attempt *at = sources_attempts(sources, source, &count);
	buf_add(piece, source, sizeof(*source));
	buf_add(piece, at, count * sizeof(*at));
}

/* Prefixes are made of their sources again. */
static struct kept kept_of(const struct sources *sources)
{
	return (struct kept){ sources, begin, add, 2 * SOURCES_FAMILY };
}

void sources_file_tick(struct kept_file *file, const struct sources *sources,
		       int64_t now_us)
{
	const struct kept kept = kept_of(sources);
	kept_file_tick(file, &kept, now_us);
}

void sources_file_close(struct kept_file *file, const struct sources *sources,
			int64_t now_us)
{
	const struct kept kept = kept_of(sources);
	kept_file_close(file, &kept, now_us);
}

/* ---- reading ---- */

static uint32_t earlier_s(const struct kept_reading *reading, uint32_t at_s)
{
	uint32_t back_s = (uint32_t)(reading->back_us / SECOND_US);
	return at_s > back_s ? at_s - back_s : 0;
}

static void take_open_ports(struct kept_reading *reading, struct sources *sources)
{
	struct hints *hints = &sources->open_ports;
	kept_reading_take(reading, hints->at, OPEN_PORTS_MAX * sizeof(*hints->at));
	for (size_t i = 0; i < OPEN_PORTS_MAX; i++)
		hints->at[i].at_s = earlier_s(reading, hints->at[i].at_s);
}

static void take_attempt(const struct kept_reading *reading, struct attempt *attempt)
{
	attempt->first_s = earlier_s(reading, attempt->first_s);
	attempt->last_s = earlier_s(reading, attempt->last_s);
	if (attempt->technique >= ATTEMPT_TECHNIQUES)
		attempt->technique = ATTEMPT_OTHER;
}

static bool take_source(struct kept_reading *reading, struct sources *sources)
{
	struct source source;
	struct attempt attempts[SOURCE_ATTEMPTS];
	if (!kept_reading_take(reading, &source, sizeof(source)) ||
	    source.count > SOURCE_ATTEMPTS ||
	    !kept_reading_take(reading, attempts, source.count * sizeof(attempts[0])))
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
	size_t least = sizeof(*header) + OPEN_PORTS_MAX * sizeof(struct hint);
	return kept_file_is_whole(text, least) ? NULL : "it is damaged";
}

static const char *take_up(void *table, const struct buf *text, int64_t now_us)
{
	struct sources *sources = table;
	struct header header;
	const char *fault = fault_of(text, &header);
	if (fault != NULL)
		return fault;
	struct kept_reading reading =
		kept_reading_of(text, sizeof(header), header.saved_us, now_us);
	sources->key = header.key;
	take_open_ports(&reading, sources);
	while (reading.len > 0)
		if (!take_source(&reading, sources))
			return "it is damaged";
	return NULL;
}

bool sources_file_read(struct kept_file *file, struct sources *sources, int64_t now_us,
		       struct buf *why)
{
	return kept_file_read(file, take_up, sources, now_us, "sources", why);
}
