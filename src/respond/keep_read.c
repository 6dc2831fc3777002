/*
 * keep_read.c: what was in force, who was served: taken up from the files of keep.c.
 *
 * Nothing there is believed that could make a block longer than it was to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "respond/change.h"
#include "respond/keep.h"

enum { FILE_MOST = 256 << 20 };

struct reading {
	const char *at;
	size_t len;
	int64_t back_us; /* the clock was set back since: what was can't lie ahead */
	bool is_whole;   /* its last entry was read */
	bool is_ours;    /* of this version's layout: the others' can't be read */
	bool has_others;
};

/* The next entry; NULL: no more, or it is torn. */
static const char *take_entry(struct reading *reading, struct entry *entry)
{
	if (reading->len < sizeof(*entry))
		return NULL;
	memcpy(entry, reading->at, sizeof(*entry));
	const char *at = reading->at + sizeof(*entry);
	if (entry->len > KEPT_MOST || entry->len > reading->len - sizeof(*entry) ||
	    entry->sum != hash_sum(at, entry->len) + entry->kind)
		return NULL;
	reading->at = at + entry->len;
	reading->len -= sizeof(*entry) + entry->len;
	return at;
}

static void take_state(struct respond *respond, struct reading *reading, const char *at)
{
	struct kept_state state;
	memcpy(&state, at, sizeof(state));
	int64_t ahead_us = state.at_us - respond->ahead_us - respond->now_us;
	reading->back_us = ahead_us > 0 ? ahead_us : 0;
	respond->frozen_by = keep_word(state.frozen_by);
	respond->frozen_us = respond->now_us;
}

static struct block block_of(const struct respond *respond,
			     const struct kept_block *kept, int64_t back_us)
{
	int64_t by_us = respond->ahead_us + back_us;
	struct block block = {
		.id = kept->id,
		.start_us = kept->start_us - by_us,
		.until_us = kept->until_us - by_us,
		.wanted_us = kept->wanted_us - by_us,
		.decided_us = kept->decided_us - by_us,
		.at_us = respond->now_us,
		.span_us = kept->span_us,
		.address = kept->address,
		.prefix_len = kept->prefix_len,
		.port = kept->port,
		.strike = kept->strike,
		.rate = kept->rate,
		.transport = keep_word(kept->transport),
		.action = keep_word(kept->action),
		.proof = keep_word(kept->proof),
		.vetoed_by = keep_word(kept->vetoed_by),
		.state = kept->is_observed ? "observed" : "asked",
		.latency_us = kept->latency_us,
		.packets = UNKNOWN_U64,
		.bytes = UNKNOWN_U64,
		.sessions = UNKNOWN_U64,
		.clients = kept->clients,
		.cut = kept->cut,
		.in_force = kept->in_force != 0,
		.by_hand = kept->by_hand != 0,
	};
	int64_t most_us = respond->now_us +
			  (block.span_us < LONGEST_US ? block.span_us : LONGEST_US);
	block.until_us = block.until_us < most_us ? block.until_us : most_us;
	record_text(block.finding, sizeof(block.finding), kept->finding);
	return block;
}

enum { TEXTS = 4 }; /* actor and reason, now and before */

/* False: they are not all there. */
static bool read_texts(const char *at, size_t len, const char *texts[static TEXTS])
{
	for (size_t i = 0; i < TEXTS; i++) {
		size_t text_len = strnlen(at, len);
		if (text_len == len)
			return false;
		texts[i] = at;
		at += text_len + 1;
		len -= text_len + 1;
	}
	return len == 0;
}

static void take_before(struct respond *respond, struct block *block,
			const struct kept_block *kept, int64_t back_us,
			const char *const texts[static TEXTS])
{
	int64_t until_us = kept->before_until_us - respond->ahead_us - back_us;
	int64_t most_us = respond->now_us + LONGEST_US;
	change_forget(block);
	if (kept->has_before == 0)
		return;
	block->before = change_before(until_us < most_us ? until_us : most_us,
				      kept->before_span_us, texts[2], texts[3]);
	if (block->before == NULL)
		return;
	block->before->rate = kept->before_rate;
	block->before->by_hand = kept->before_by_hand != 0;
}

static void take_change(struct respond *respond, struct block *block,
			const struct block *read, const char *const texts[static TEXTS])
{
	blocks_prolong(&respond->blocks, block, read->until_us);
	blocks_say(block, texts[0], texts[1]);
	block->wanted_us = read->wanted_us;
	block->span_us = read->span_us;
	block->rate = read->rate;
	block->by_hand = read->by_hand;
	block->latency_us = read->latency_us;
}

static void take_block(struct respond *respond, const struct reading *reading,
		       const char *at, size_t len)
{
	struct kept_block kept;
	memcpy(&kept, at, sizeof(kept));
	const char *texts[TEXTS];
	if (!read_texts(at + sizeof(kept), len - sizeof(kept), texts))
		return;
	kept.finding[sizeof(kept.finding) - 1] = '\0';
	const struct block block = block_of(respond, &kept, reading->back_us);
	struct block *there = blocks_find(&respond->blocks, kept.id);
	if (there != NULL && !block.in_force)
		blocks_end(&respond->blocks, there);
	else if (there != NULL && there->in_force)
		take_change(respond, there, &block, texts);
	else if (there == NULL && block.in_force && block.id != 0 &&
		 block.action != NULL && block.prefix_len <= 128)
		there = blocks_add(&respond->blocks, &block, texts[0], texts[1]);
	if (there != NULL && block.in_force && there->in_force)
		take_before(respond, there, &kept, reading->back_us, texts);
}

static void take_counts(struct respond *respond, const char *at)
{
	struct kept_counts kept;
	memcpy(&kept, at, sizeof(kept));
	struct block *block = blocks_find(&respond->blocks, kept.id);
	if (block == NULL)
		return;
	block->packets = kept.packets;
	block->bytes = kept.bytes;
	block->sessions = kept.sessions;
}

static void take_known_source(struct respond *respond, const struct reading *reading,
			      const char *at)
{
	struct known read;
	memcpy(&read, at, sizeof(read));
	keep_shift_known(&read, -respond->ahead_us - reading->back_us);
	read.forgiven[sizeof(read.forgiven) - 1] = '\0';
	if (read.port_count > KNOWN_PORTS)
		read.port_count = 0;
	struct known *known = roster_take(&respond->known, &read.head.key);
	const struct roster_entry head = known->head;
	*known = read;
	known->head = head;
	roster_rank(&respond->known, known, read.head.rank > 0);
}

static void take_watched(struct respond *respond, const struct reading *reading,
			 const char *at)
{
	struct watched read;
	memcpy(&read, at, sizeof(read));
	keep_shift_watched(&read, -respond->ahead_us - reading->back_us);
	struct candidate *c = &read.candidate;
	c->finding[sizeof(c->finding) - 1] = c->reason[sizeof(c->reason) - 1] = '\0';
	c->kind[sizeof(c->kind) - 1] = c->severity[sizeof(c->severity) - 1] = '\0';
	c->proof = "unsolicited";
	c->transport = c->port == UNKNOWN_U32 ? NULL : read.head.next ? "udp" : "tcp";
	struct watched *watched = roster_take(&respond->watched, &read.head.key);
	const struct roster_entry head = watched->head;
	*watched = read;
	watched->head = head;
}

static void take_served(struct respond *respond, const struct reading *reading,
			const char *at)
{
	struct served read;
	memcpy(&read, at, sizeof(read));
	read.first_us -= respond->ahead_us + reading->back_us;
	read.last_us -= respond->ahead_us + reading->back_us;
	if (read.port_count <= SERVED_PORTS && read.last_us > 0)
		served_restore(respond, &read);
}

static void take_asked(struct respond *respond, const struct reading *reading,
		       const char *at)
{
	struct asked read;
	memcpy(&read, at, sizeof(read));
	read.last_us -= respond->ahead_us + reading->back_us;
	asked_restore(respond, &read);
}

static void take_kept(struct respond *respond, struct reading *reading,
		      const struct entry *entry, const char *at)
{
	switch (entry->kind) {
	case KEPT_STATE:
		if (entry->len == sizeof(struct kept_state))
			take_state(respond, reading, at);
		break;
	case KEPT_BLOCK:
		if (entry->len > sizeof(struct kept_block))
			take_block(respond, reading, at, entry->len);
		break;
	case KEPT_COUNTS:
		if (entry->len == sizeof(struct kept_counts))
			take_counts(respond, at);
		break;
	case KEPT_KNOWN:
		if (entry->len == sizeof(struct known))
			take_known_source(respond, reading, at);
		break;
	case KEPT_WATCHED:
		if (entry->len == sizeof(struct watched))
			take_watched(respond, reading, at);
		break;
	case KEPT_SERVED:
		if (entry->len == sizeof(struct served))
			take_served(respond, reading, at);
		break;
	case KEPT_ASKED:
		if (entry->len == sizeof(struct asked))
			take_asked(respond, reading, at);
		break;
	default:
		reading->is_whole = entry->kind == KEPT_END;
		break;
	}
}

static bool is_our_header(const char *at, size_t len)
{
	const struct header ours = keep_header();
	return len == sizeof(ours) && memcmp(at, &ours, sizeof(ours)) == 0;
}

static void take_one(struct respond *respond, struct reading *reading,
		     const struct entry *entry, const char *at)
{
	if (entry->kind == KEPT_HEADER)
		reading->is_ours = is_our_header(at, entry->len);
	else if (reading->is_ours)
		take_kept(respond, reading, entry, at);
	else
		reading->has_others = true;
}

static const char of_another_version[] = "another version of breakwater wrote it";

static const char *fault_of(const struct buf *text)
{
	const struct header ours = keep_header();
	if (text->len < sizeof(ours))
		return "it is cut off";
	if (memcmp(text->at, ours.magic, sizeof(ours.magic)) != 0)
		return "it is no file of blocks";
	return is_our_header(text->at, sizeof(ours)) ? NULL : of_another_version;
}

/* All of it is looked at before any is believed. */
static const char *take_up(struct respond *respond, const struct buf *text)
{
	struct entry entry;
	const char *at, *fault = fault_of(text);
	if (fault != NULL)
		return fault;
	struct reading reading = { .at = text->at + sizeof(struct header),
				   .len = text->len - sizeof(struct header),
				   .is_ours = true };
	struct reading again = reading;
	while (take_entry(&reading, &entry) != NULL)
		reading.is_whole = entry.kind == KEPT_END;
	if (!reading.is_whole || reading.len > 0)
		return "it is damaged";
	while ((at = take_entry(&again, &entry)) != NULL)
		take_one(respond, &again, &entry, at);
	return NULL;
}

/* What is wrong, after which the file is out of the way under another name. */
static void read_all(struct respond *respond, struct buf *why)
{
	char path[PATH_BYTES], aside[PATH_BYTES];
	struct buf text = { 0 };
	keep_path(respond->keeping, "blocks.bin", path);
	keep_path(respond->keeping, "blocks.unread", aside);
	int error = file_read(path, FILE_MOST, &text);
	const char *fault = error == -ENOENT ? NULL
			    : error != 0     ? strerror(-error)
					     : take_up(respond, &text);
	buf_free(&text);
	if (fault == NULL)
		return;
	bool is_aside = rename(path, aside) == 0;
	buf_printf(why, "%s: %s; blocks begin anew, and it is %s", path, fault,
		   is_aside ? "kept as blocks.unread" : "written over");
}

static int cut_off(const char *path, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = fd < 0 || ftruncate(fd, (off_t)len) != 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

/*
 * The end may be torn: what is before it counts, and what is appended must not stand
 * behind it, where nobody would read it.  One sentence says it of all files.
 */
static void read_log(struct respond *respond, const char *name, struct buf *why)
{
	char path[PATH_BYTES];
	struct buf text = { 0 };
	struct entry entry;
	const char *at;
	keep_path(respond->keeping, name, path);
	if (file_read(path, FILE_MOST, &text) != 0) {
		buf_free(&text);
		return;
	}
	struct reading reading = { .at = text.at, .len = text.len };
	while ((at = take_entry(&reading, &entry)) != NULL)
		take_one(respond, &reading, &entry, at);
	if (reading.len > 0)
		respond->keep_error = cut_off(path, text.len - reading.len);
	buf_free(&text);
	if (reading.has_others && why->len == 0)
		buf_printf(why, "%s: %s; what it says is passed over", path,
			   of_another_version);
}

void keep_read(struct respond *respond, struct buf *why)
{
	read_all(respond, why);
	read_log(respond, "blocks.old", why);
	read_log(respond, "blocks.log", why);
}
