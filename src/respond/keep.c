/*
 * keep.c: what survives a restart: blocks.bin, replaced as a whole, and blocks.log,
 * which is appended to with each decision.
 *
 * Each entry says all of what it is about, so that reading older ones after newer ones
 * does no harm as long as the newest comes last.  When the log has grown, it becomes
 * blocks.old until a new blocks.bin is whole: at every moment the three in this order
 * say what is.  A decision waits for write(2), never for a disk: after a power cut the
 * last seconds may be missing, and the end of the log may be torn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "respond/change.h"
#include "respond/keep.h"

enum {
	VERSION = 1,
	EVERY_S = 300,
	LOG_MOST = 16 << 20,
	ENTRIES_AT_ONCE = 4096, /* of blocks.bin, in a tick */
};

static const char magic[8] = "bwblocks";

static const char *const words[] = {
	"tcp",       "udp",      "drop", "limit", "reset",          "unsolicited",
	"handshake", "dialogue", "mode", "nat",   "new_per_minute", "total",
	"clients",   NULL
};

static uint8_t number_of(const char *word)
{
	for (uint8_t i = 0; words[i] != NULL; i++)
		if (is_word(word, words[i]))
			return (uint8_t)(i + 1);
	return 0;
}

const char *keep_word(uint32_t number)
{
	return number > 0 && number < sizeof(words) / sizeof(words[0])
		       ? words[number - 1]
		       : NULL;
}

void keep_path(const struct keeping *keeping, const char *name,
	       char path[static PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", keeping->folder, name);
}

/* ---- entries ---- */

static void put_entry(struct buf *out, enum kept_kind kind, const void *at, size_t len)
{
	const struct entry entry = { .kind = kind,
				     .len = (uint32_t)len,
				     .sum = hash_sum(at, len) + kind };
	buf_add(out, &entry, sizeof(entry));
	buf_add(out, at, len);
}

static void put_state(struct buf *out, const struct respond *respond)
{
	const struct kept_state state = {
		.at_us = respond->now_us + respond->ahead_us,
		.frozen_by = number_of(respond->frozen_by),
	};
	put_entry(out, KEPT_STATE, &state, sizeof(state));
}

static void put_before(struct kept_block *kept, const struct respond *respond,
		       const struct before *before)
{
	kept->has_before = 1;
	kept->before_until_us = before->until_us + respond->ahead_us;
	kept->before_span_us = before->span_us;
	kept->before_rate = before->rate;
	kept->before_by_hand = before->by_hand;
}

/* Its texts follow it, each ended by a NUL: its actor and reason, then those before. */
static void put_block(struct buf *out, const struct respond *respond,
		      const struct block *block)
{
	char at[KEPT_MOST];
	struct kept_block kept;
	memset(&kept, 0, sizeof(kept));
	kept.id = block->id;
	kept.start_us = block->start_us + respond->ahead_us;
	kept.until_us = block->until_us + respond->ahead_us;
	kept.decided_us = block->decided_us + respond->ahead_us;
	kept.wanted_us = block->wanted_us + respond->ahead_us;
	kept.span_us = block->span_us;
	kept.latency_us = block->latency_us;
	kept.clients = block->clients;
	kept.cut = block->cut;
	kept.address = block->address;
	kept.port = block->port;
	kept.strike = block->strike;
	kept.rate = block->rate;
	kept.transport = number_of(block->transport);
	kept.action = number_of(block->action);
	kept.proof = number_of(block->proof);
	kept.vetoed_by = number_of(block->vetoed_by);
	kept.prefix_len = block->prefix_len;
	kept.in_force = block->in_force;
	kept.by_hand = block->by_hand;
	kept.is_observed = is_word(block->state, "observed");
	memcpy(kept.finding, block->finding, sizeof(kept.finding));
	const struct before *before = block->before;
	if (before != NULL)
		put_before(&kept, respond, before);
	memcpy(at, &kept, sizeof(kept));
	int len = snprintf(at + sizeof(kept), sizeof(at) - sizeof(kept),
			   "%.63s%c%.255s%c%.63s%c%.255s", block->actor, '\0',
			   block->reason, '\0', before != NULL ? before->actor : "",
			   '\0', before != NULL ? before->reason : "");
	put_entry(out, KEPT_BLOCK, at, sizeof(kept) + (size_t)len + 1);
}

/* All are known, or none is; what has stopped nothing yet begins at 0 anyway. */
static void put_counts(struct buf *out, const struct block *block)
{
	const struct kept_counts counts = {
		.id = block->id,
		.packets = block->packets,
		.bytes = block->bytes,
		.sessions = block->sessions,
	};
	if (counts.packets != UNKNOWN_U64 && counts.packets + counts.sessions > 0)
		put_entry(out, KEPT_COUNTS, &counts, sizeof(counts));
}

static int64_t later(int64_t at_us, int64_t by_us)
{
	return at_us != 0 ? at_us + by_us : 0;
}

void keep_shift_known(struct known *known, int64_t by_us)
{
	known->handshake_us = later(known->handshake_us, by_us);
	known->here_since_us = later(known->here_since_us, by_us);
	known->proof_us = later(known->proof_us, by_us);
	known->ports_since_us = later(known->ports_since_us, by_us);
	known->shared_since_us = later(known->shared_since_us, by_us);
	known->shared_us = later(known->shared_us, by_us);
	known->blocked_us = later(known->blocked_us, by_us);
	known->forgiven_us = later(known->forgiven_us, by_us);
	for (size_t i = 0; i < KNOWN_USERS; i++)
		known->users_us[i] = later(known->users_us[i], by_us);
	for (size_t i = 0; i < KNOWN_SESSIONS; i++) {
		known->sessions[i].start_us = later(known->sessions[i].start_us, by_us);
		known->sessions[i].end_us = later(known->sessions[i].end_us, by_us);
	}
}

static void put_known(struct buf *out, const struct respond *respond,
		      const struct known *known)
{
	struct known kept = *known;
	keep_shift_known(&kept, respond->ahead_us);
	put_entry(out, KEPT_KNOWN, &kept, sizeof(kept));
}

void keep_shift_watched(struct watched *watched, int64_t by_us)
{
	watched->until_us = later(watched->until_us, by_us);
	watched->candidate.first_us += by_us;
	watched->candidate.last_us += by_us;
}

/* What is watched is unproven; its transport is all that a pointer says. */
static void put_watched(struct buf *out, const struct respond *respond,
			const struct watched *watched)
{
	struct watched kept = *watched;
	bool is_udp = is_word(kept.candidate.transport, "udp");
	keep_shift_watched(&kept, respond->ahead_us);
	kept.candidate.proof = NULL;
	kept.candidate.transport = NULL;
	kept.head.next = is_udp;
	put_entry(out, KEPT_WATCHED, &kept, sizeof(kept));
}

static void put_served(struct buf *out, const struct respond *respond,
		       const struct served *served)
{
	struct served kept = *served;
	kept.first_us += respond->ahead_us;
	kept.last_us += respond->ahead_us;
	put_entry(out, KEPT_SERVED, &kept, sizeof(kept));
}

static void put_asked(struct buf *out, const struct respond *respond,
		      const struct asked *asked)
{
	struct asked kept = *asked;
	kept.last_us += respond->ahead_us;
	put_entry(out, KEPT_ASKED, &kept, sizeof(kept));
}

struct header keep_header(void)
{
	struct header header = { .version = VERSION,
				 .block_size = sizeof(struct kept_block),
				 .known_size = sizeof(struct known),
				 .watched_size = sizeof(struct watched),
				 .served_size = sizeof(struct served) };
	memcpy(header.magic, magic, sizeof(magic));
	return header;
}

/* ---- the log ---- */

static bool is_logging(const struct respond *respond)
{
	const struct keeping *keeping = respond->keeping;
	return keeping != NULL && !keeping->is_reading && keeping->log >= 0;
}

static void log_piece(struct respond *respond, struct buf *piece)
{
	struct keeping *keeping = respond->keeping;
	int error = buf_ok(piece) ? file_write(keeping->log, piece->at, piece->len)
				  : -ENOMEM;
	keeping->log_len += piece->len;
	respond->keep_error = error != 0 ? -error : respond->keep_error;
	buf_free(piece);
}

void keep_state(struct respond *respond)
{
	struct buf piece = { 0 };
	if (!is_logging(respond))
		return;
	put_state(&piece, respond);
	log_piece(respond, &piece);
}

/* A block that never was in force is in the records alone. */
void keep_block(struct respond *respond, const struct block *block)
{
	struct buf piece = { 0 };
	if (!is_logging(respond) || is_word(block->state, "vetoed"))
		return;
	put_block(&piece, respond, block);
	log_piece(respond, &piece);
}

/* Written with the next tick: they change by the thousand. */
void keep_counts(struct respond *respond, const struct block *block)
{
	if (is_logging(respond) && block->in_force)
		put_counts(&respond->keeping->counts, block);
}

static void log_counts(struct respond *respond)
{
	if (respond->keeping->counts.len > 0)
		log_piece(respond, &respond->keeping->counts);
}

void keep_known(struct respond *respond, const struct known *known)
{
	struct buf piece = { 0 };
	if (!is_logging(respond))
		return;
	put_known(&piece, respond, known);
	log_piece(respond, &piece);
}

void keep_watched(struct respond *respond, const struct watched *watched)
{
	struct buf piece = { 0 };
	if (!is_logging(respond))
		return;
	put_watched(&piece, respond, watched);
	log_piece(respond, &piece);
}

/* ---- all of it ---- */

static void give_up(struct respond *respond, int error)
{
	struct keeping *keeping = respond->keeping;
	char path[PATH_BYTES];
	keep_path(keeping, "blocks.new", path);
	if (keeping->fresh >= 0)
		close(keeping->fresh);
	keeping->fresh = -1;
	unlink(path);
	respond->keep_error = error;
}

static void log_header(struct respond *respond)
{
	const struct header ours = keep_header();
	struct buf piece = { 0 };
	if (!is_logging(respond))
		return;
	put_entry(&piece, KEPT_HEADER, &ours, sizeof(ours));
	log_piece(respond, &piece);
}

void keep_open_log(struct respond *respond)
{
	struct keeping *keeping = respond->keeping;
	char path[PATH_BYTES];
	keep_path(keeping, "blocks.log", path);
	keeping->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	keeping->log_len = 0;
	if (keeping->log < 0)
		respond->keep_error = errno;
	log_header(respond);
	keep_state(respond);
}

/* blocks.old of one that failed before must stay: then the log goes on. */
static void turn_log(struct respond *respond)
{
	struct keeping *keeping = respond->keeping;
	char log[PATH_BYTES], turned[PATH_BYTES];
	keep_path(keeping, "blocks.log", log);
	keep_path(keeping, "blocks.old", turned);
	if (access(turned, F_OK) == 0 || rename(log, turned) != 0)
		return;
	if (keeping->log >= 0)
		close(keeping->log);
	keep_open_log(respond);
}

static bool begin_all(struct respond *respond)
{
	struct keeping *keeping = respond->keeping;
	const struct header ours = keep_header();
	char path[PATH_BYTES];
	keep_path(keeping, "blocks.new", path);
	turn_log(respond);
	keeping->begun_us = respond->now_us;
	keeping->phase = keeping->next = 0;
	keeping->fresh = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (keeping->fresh < 0) {
		respond->keep_error = errno;
		return false;
	}
	buf_clear(&keeping->piece);
	buf_add(&keeping->piece, &ours, sizeof(ours));
	put_state(&keeping->piece, respond);
	return true;
}

static void put_one(struct respond *respond, const struct roster *roster, uint32_t i)
{
	struct buf *out = &respond->keeping->piece;
	if (roster == NULL) {
		if (!respond->blocks.at[i].in_force)
			return;
		put_block(out, respond, &respond->blocks.at[i]);
		put_counts(out, &respond->blocks.at[i]);
	} else if (roster == &respond->known) {
		put_known(out, respond, roster_at(roster, i));
	} else if (roster == &respond->watched) {
		put_watched(out, respond, roster_at(roster, i));
	} else if (roster == &respond->served) {
		put_served(out, respond, roster_at(roster, i));
	} else {
		put_asked(out, respond, roster_at(roster, i));
	}
}

/* True when all tables are through. */
static bool put_some(struct respond *respond, uint32_t most)
{
	const struct roster *const tables[] = { NULL, &respond->known,
						&respond->watched, &respond->served,
						&respond->asked };
	struct keeping *keeping = respond->keeping;
	while (keeping->phase < sizeof(tables) / sizeof(tables[0])) {
		const struct roster *table = tables[keeping->phase];
		uint32_t end =
			table != NULL ? table->used : (uint32_t)respond->blocks.made;
		for (; keeping->next < end && most > 0; most--)
			put_one(respond, table, keeping->next++);
		if (keeping->next < end)
			return false;
		keeping->phase++;
		keeping->next = 0;
	}
	return true;
}

static int write_piece(struct keeping *keeping)
{
	struct buf *piece = &keeping->piece;
	int error = buf_ok(piece) ? file_write(keeping->fresh, piece->at, piece->len)
				  : -ENOMEM;
	buf_clear(piece);
	return error;
}

static int finish_all(struct keeping *keeping, bool is_synced)
{
	char path[PATH_BYTES], fresh[PATH_BYTES], old[PATH_BYTES];
	keep_path(keeping, "blocks.bin", path);
	keep_path(keeping, "blocks.new", fresh);
	keep_path(keeping, "blocks.old", old);
	put_entry(&keeping->piece, KEPT_END, magic, sizeof(magic));
	int error = write_piece(keeping);
	if (error == 0 && is_synced && fsync(keeping->fresh) != 0)
		error = -errno;
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error == 0 && is_synced)
		error = file_sync_name(path);
	if (error != 0)
		return error;
	close(keeping->fresh);
	keeping->fresh = -1;
	unlink(old);
	return 0;
}

static bool is_due(const struct respond *respond)
{
	const struct keeping *keeping = respond->keeping;
	return respond->now_us - keeping->begun_us >= EVERY_S * SECOND_US ||
	       keeping->log_len > LOG_MOST;
}

void keep_tick(struct respond *respond)
{
	struct keeping *keeping = respond->keeping;
	if (keeping == NULL || keeping->is_reading)
		return;
	log_counts(respond);
	if (keeping->fresh < 0 && (!is_due(respond) || !begin_all(respond)))
		return;
	bool is_through = put_some(respond, ENTRIES_AT_ONCE);
	int error = is_through ? finish_all(keeping, false) : write_piece(keeping);
	if (error != 0)
		give_up(respond, -error);
	else if (is_through)
		respond->keep_error = 0;
}

/* At once; then nothing of the log is needed any more. */
static void write_all(struct respond *respond, bool is_synced)
{
	struct keeping *keeping = respond->keeping;
	char log[PATH_BYTES];
	int error = 0;
	keep_path(keeping, "blocks.log", log);
	if (keeping->fresh >= 0)
		give_up(respond, 0);
	if (!begin_all(respond))
		return;
	while (error == 0 && !put_some(respond, ENTRIES_AT_ONCE))
		error = write_piece(keeping);
	if (error == 0)
		error = finish_all(keeping, is_synced);
	if (error == 0)
		unlink(log);
	else
		give_up(respond, -error);
}

/* Times there are of the clock as it was: after a kill they would be taken for others.
 */
void keep_shifted(struct respond *respond)
{
	if (!is_logging(respond))
		return;
	write_all(respond, false);
	close(respond->keeping->log);
	keep_open_log(respond);
}

void keep_close(struct respond *respond)
{
	struct keeping *keeping = respond->keeping;
	if (keeping == NULL)
		return;
	write_all(respond, true);
	if (keeping->log >= 0)
		close(keeping->log);
	buf_free(&keeping->counts);
	buf_free(&keeping->piece);
	free(keeping);
	respond->keeping = NULL;
}

/* Of another mode than now, as the settings may have changed while nothing ran. */
static void end_what_is_void(struct respond *respond)
{
	struct blocks *blocks = &respond->blocks;
	for (uint32_t i = blocks->in_force.oldest; i != ORDER_NONE;) {
		uint32_t next = blocks->links[i].newer;
		bool is_observed = is_word(blocks->at[i].state, "observed");
		if (!blocks->at[i].by_hand && is_observed != respond->is_observing)
			life_end(respond, &blocks->at[i], "removed", "breakwater");
		i = next;
	}
}

bool respond_keep(struct respond *respond, const char *folder, int64_t now_us,
		  struct buf *why)
{
	size_t said = why->len;
	struct keeping *keeping = calloc(1, sizeof(*keeping));
	respond_time(respond, now_us);
	if (keeping == NULL || snprintf(keeping->folder, sizeof(keeping->folder), "%s",
					folder) >= (int)sizeof(keeping->folder)) {
		free(keeping);
		buf_printf(why, "%s: blocks can't be kept there", folder);
		return false;
	}
	keeping->log = keeping->fresh = -1;
	keeping->begun_us = respond->now_us - EVERY_S * SECOND_US;
	keeping->is_reading = true;
	respond->keeping = keeping;
	keep_read(respond, why);
	keeping->is_reading = false;
	keep_open_log(respond);
	end_what_is_void(respond);
	respond_tick(respond, respond->now_us);
	return why->len == said;
}
