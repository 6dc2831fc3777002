/*
 * login_attempts_file.c: see login_attempts_file.h.
 *
 * Entries come in the order of their places: who makes room first is learned anew.
 */
#include "detect/login_attempts_file.h"

#include <stddef.h>
#include <string.h>

#include "detect/findings.h"
#include "detect/guess.h"

enum { VERSION = 1, KINDS = 3 };
#define DAY_US (24 * 3600 * SECOND_US)

static const char magic[8] = "bwlogins";

struct header {
	char magic[8];
	uint32_t version, sizes[KINDS];
	int64_t saved_us;
};

/* What is before each entry: of which roster it is. */
enum kind { KIND_GUESSER, KIND_GUEST, KIND_TARGET };

static const size_t rosters[KINDS] = {
	[KIND_GUESSER] = offsetof(struct login_attempts, guessers),
	[KIND_GUEST] = offsetof(struct login_attempts, guests),
	[KIND_TARGET] = offsetof(struct login_attempts, targets),
};

static const struct roster *roster_of(const struct login_attempts *attempts,
				      size_t kind)
{
	return (const struct roster *)((const char *)attempts + rosters[kind]);
}

static void fill_header(const struct login_attempts *attempts, struct header *header)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, magic, sizeof(magic));
	header->version = VERSION;
	for (size_t i = 0; i < KINDS; i++)
		header->sizes[i] = (uint32_t)roster_of(attempts, i)->entry_size;
}

/* ---- what is worth it ---- */

static bool guesser_matters(const void *entry, int64_t now_us)
{
	const struct guesser *g = entry;
	return now_us - g->last_us <= DAY_US || now_us - g->told_us <= g->hold_us ||
	       now_us - g->guests_us <= 2 * DAY_US;
}

static bool guest_matters(const void *entry, int64_t now_us)
{
	return now_us - ((const struct guest *)entry)->last_us <= LOGIN_GUEST_US;
}

static bool target_matters(const void *entry, int64_t now_us)
{
	const struct target *target = entry;
	for (size_t i = 0; i < ASKERS_MAX; i++)
		if (target->askers[i].at_us != 0 &&
		    now_us - target->askers[i].at_us <= DAY_US)
			return true;
	return false;
}

/* ---- what comes from the disk ---- */

static void go_back(int64_t *at_us, int64_t back_us)
{
	*at_us = *at_us > back_us ? *at_us - back_us : 0;
}

static bool take_guesser(void *entry, int64_t back_us)
{
	struct guesser *g = entry;
	if (g->recent_count > RECENT_MAX || g->guess > GUESS_SPRAY ||
	    g->port_count > SERVICES_MAX || g->hold_us < 0 || g->hold_us > DAY_US)
		return false;
	int64_t *const times[] = { &g->first_us, &g->last_us, &g->proven_us,
				   &g->guests_us, &g->told_us };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		go_back(times[i], back_us);
	for (size_t i = 0; i < g->recent_count; i++)
		go_back(&g->recent[i].at_us, back_us);
	g->user[sizeof(g->user) - 1] = g->protocol[sizeof(g->protocol) - 1] = '\0';
	return true;
}

static bool take_guest(void *entry, int64_t back_us)
{
	go_back(&((struct guest *)entry)->last_us, back_us);
	return true;
}

static bool take_target(void *entry, int64_t back_us)
{
	struct target *target = entry;
	for (size_t i = 0; i < ASKERS_MAX; i++)
		go_back(&target->askers[i].at_us, back_us);
	go_back(&target->told_us, back_us);
	go_back(&target->first_us, back_us);
	target->user[sizeof(target->user) - 1] = '\0';
	return true;
}

static const struct {
	bool (*matters)(const void *entry, int64_t now_us);
	bool (*take)(void *entry, int64_t back_us);
} kinds[KINDS] = {
	[KIND_GUESSER] = { guesser_matters, take_guesser },
	[KIND_GUEST] = { guest_matters, take_guest },
	[KIND_TARGET] = { target_matters, take_target },
};

/* ---- writing ---- */

void login_attempts_file_open(struct kept_file *file, const char *folder,
			      int64_t now_us)
{
	kept_file_open(file, folder, "logins.bin", now_us);
}

static void begin(const void *table, int64_t now_us, struct buf *piece)
{
	struct header header;
	fill_header(table, &header);
	header.saved_us = now_us;
	buf_add(piece, &header, sizeof(header));
}

/* One roster after the other; of what was never used there is nothing to say. */
static void add(const void *table, uint32_t place, int64_t now_us, struct buf *piece)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		const struct roster *roster = roster_of(table, kind);
		if (place < roster->size) {
			const void *entry = roster_at(roster, place);
			if (place >= roster->used ||
			    !kinds[kind].matters(entry, now_us))
				return;
			buf_char(piece, (char)kind);
			buf_add(piece, entry, roster->entry_size);
			return;
		}
		place -= roster->size;
	}
}

static struct kept kept_of(const struct login_attempts *attempts)
{
	struct kept kept = { attempts, begin, add, 0 };
	for (size_t kind = 0; kind < KINDS; kind++)
		kept.places += roster_of(attempts, kind)->size;
	return kept;
}

void login_attempts_file_tick(struct kept_file *file,
			      const struct login_attempts *attempts, int64_t now_us)
{
	const struct kept kept = kept_of(attempts);
	kept_file_tick(file, &kept, now_us);
}

void login_attempts_file_close(struct kept_file *file,
			       const struct login_attempts *attempts, int64_t now_us)
{
	const struct kept kept = kept_of(attempts);
	kept_file_close(file, &kept, now_us);
}

/* ---- reading ---- */

static const char *fault_of(const struct login_attempts *attempts,
			    const struct buf *text, struct header *header)
{
	struct header ours;
	if (text->len < sizeof(*header))
		return "it is cut off";
	memcpy(header, text->at, sizeof(*header));
	fill_header(attempts, &ours);
	if (memcmp(header->magic, magic, sizeof(magic)) != 0)
		return "it is no file of logins";
	if (header->version != VERSION ||
	    memcmp(header->sizes, ours.sizes, sizeof(ours.sizes)) != 0)
		return "another version of breakwater wrote it";
	return kept_file_is_whole(text, sizeof(*header)) ? NULL : "it is damaged";
}

static bool take_entry(struct kept_reading *reading, struct login_attempts *attempts)
{
	union {
		struct guesser guesser;
		struct guest guest;
		struct target target;
	} entry;
	uint8_t kind;
	if (!kept_reading_take(reading, &kind, 1) || kind >= KINDS)
		return false;
	struct roster *roster = (struct roster *)((char *)attempts + rosters[kind]);
	if (!kept_reading_take(reading, &entry, roster->entry_size))
		return false;
	if (kinds[kind].take(&entry, reading->back_us))
		roster_restore(roster, &entry);
	return true;
}

static const char *take_up(void *table, const struct buf *text, int64_t now_us)
{
	struct header header;
	const char *fault = fault_of(table, text, &header);
	if (fault != NULL)
		return fault;
	struct kept_reading reading =
		kept_reading_of(text, sizeof(header), header.saved_us, now_us);
	while (reading.len > 0)
		if (!take_entry(&reading, table))
			return "it is damaged";
	return NULL;
}

bool login_attempts_file_read(struct kept_file *file, struct login_attempts *attempts,
			      int64_t now_us, struct buf *why)
{
	return kept_file_read(file, take_up, attempts, now_us, "logins", why);
}
