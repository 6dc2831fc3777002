/*
 * blocklists.c: see blocklists.h.
 */
#include "cli/blocklists.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "cli/path_files.h"

enum { LOOK_US = 1000000 }; /* what changed must be the same for that long */

/* ---- which files there are ---- */

static void add_file(void *to, const char *path)
{
	struct blocklists_set *set = to;
	if (set->count == CONFIG_PATHS_MAX || strlen(path) >= CONFIG_TEXT_MAX)
		return;
	struct blocklists_file *file = &set->at[set->count++];
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->stamp = file_stamp(file->path);
}

/* Too many: the first. */
static void find_files(const struct config_paths *paths, struct blocklists_set *set)
{
	*set = (struct blocklists_set){ 0 };
	path_files_each(paths, add_file, set);
}

static const struct blocklists_file *find(const struct blocklists_set *set,
					  const char *path)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->at[i].path, path) == 0)
			return &set->at[i];
	return NULL;
}

/* ---- reading ---- */

static size_t entries_of(const struct blocklists_set *set)
{
	size_t sum = 0;
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i].list != NULL)
			sum += blocklist_count(set->at[i].list);
	return sum;
}

/* One that is wrong by now can't say any more what holds today. */
static bool has_expired(const struct blocklists_file *file, int64_t now_us)
{
	return !file->is_wrong && file->list != NULL &&
	       blocklist_expires_us(file->list) <= now_us;
}

/* Not right: what it was stays.  room: entries that all others leave. */
static void read_file(struct blocklists_file *file, size_t room, struct buf *errors)
{
	const struct blocklist_source source = { file->path, room,
						 clock_us(CLOCK_REALTIME) };
	struct blocklist *list = blocklist_read(&source, errors);
	file->is_wrong = list == NULL;
	if (list != NULL)
		file->list = list;
}

static bool is_same(const struct blocklists_file *file,
		    const struct blocklists_file *old)
{
	return old != NULL && old->stamp == file->stamp &&
	       !has_expired(old, clock_us(CLOCK_REALTIME));
}

static void read_all(const struct blocklists_set *now, struct blocklists_set *next,
		     struct buf *errors)
{
	for (size_t i = 0; i < next->count; i++) {
		const struct blocklists_file *old = find(now, next->at[i].path);
		next->at[i].list = old != NULL ? old->list : NULL;
		next->at[i].is_wrong = old != NULL && old->is_wrong;
	}
	for (size_t i = 0; i < next->count; i++) {
		struct blocklists_file *file = &next->at[i];
		if (is_same(file, find(now, file->path)))
			continue;
		size_t others = entries_of(next);
		others -= file->list != NULL ? blocklist_count(file->list) : 0;
		read_file(file,
			  others < BLOCKLIST_ENTRIES_MAX
				  ? BLOCKLIST_ENTRIES_MAX - others
				  : 0,
			  errors);
	}
}

static uint64_t stamp_all(const struct blocklists_set *set)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t sum = set->count;
	for (size_t i = 0; i < set->count; i++) {
		const uint64_t words[] = { sum, set->at[i].stamp };
		sum = hash_words(&same, words, 2);
	}
	return sum;
}

void blocklists_open(struct blocklists *lists, const struct config_paths *paths,
		     struct buf *errors)
{
	const struct blocklists_set none = { 0 };
	lists->paths = *paths;
	find_files(paths, &lists->now);
	read_all(&none, &lists->now, errors);
	lists->seen = stamp_all(&lists->now);
}

/* ---- reading again ---- */

static bool holds(const struct blocklists_set *set, const struct blocklist *list)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i].list == list)
			return true;
	return false;
}

/* Those of one set that are not in the other. */
static void free_but(struct blocklists_set *set, const struct blocklists_set *other)
{
	for (size_t i = 0; i < set->count; i++)
		if (!holds(other, set->at[i].list))
			blocklist_free(set->at[i].list);
	*set = (struct blocklists_set){ 0 };
}

/* `now` is not changed while this runs. */
static void *run(void *self)
{
	struct blocklists *lists = self;
	read_all(&lists->now, &lists->next, &lists->errors);
	atomic_store(&lists->is_done, true);
	return NULL;
}

static void begin_reading(struct blocklists *lists, const struct blocklists_set *found)
{
	sigset_t all, before;
	lists->next = *found;
	buf_clear(&lists->errors);
	atomic_store(&lists->is_done, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	lists->is_reading = pthread_create(&lists->thread, NULL, run, lists) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!lists->is_reading)
		lists->next = (struct blocklists_set){ 0 };
}

static bool is_due(const struct blocklists *lists, const struct blocklists_set *found)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	for (size_t i = 0; i < lists->now.count; i++)
		if (has_expired(&lists->now.at[i], now_us))
			return true;
	return stamp_all(found) != stamp_all(&lists->now);
}

static void look_at_files(struct blocklists *lists)
{
	struct blocklists_set found;
	find_files(&lists->paths, &found);
	uint64_t stamp = stamp_all(&found);
	bool has_settled = stamp == lists->seen;
	lists->seen = stamp;
	if (has_settled && is_due(lists, &found))
		begin_reading(lists, &found);
}

void blocklists_reload(struct blocklists *lists, const struct config_paths *paths)
{
	lists->paths = *paths;
	lists->look_us = 0;
}

bool blocklists_look(struct blocklists *lists, int64_t monotonic_us, struct buf *errors)
{
	if (lists->is_reading) {
		if (!atomic_load(&lists->is_done))
			return false;
		pthread_join(lists->thread, NULL);
		lists->is_reading = false;
		struct blocklists_set before = lists->now;
		lists->now = lists->next;
		lists->next = before; /* until they are forgotten */
		buf_add(errors, lists->errors.at, lists->errors.len);
		return true;
	}
	if (monotonic_us < lists->look_us)
		return false;
	lists->look_us = monotonic_us + LOOK_US;
	look_at_files(lists);
	return false;
}

void blocklists_forget(struct blocklists *lists)
{
	free_but(&lists->next, &lists->now);
}

void blocklists_close(struct blocklists *lists)
{
	const struct blocklists_set none = { 0 };
	if (lists->is_reading)
		pthread_join(lists->thread, NULL);
	blocklists_forget(lists);
	free_but(&lists->now, &none);
	buf_free(&lists->errors);
}

/* ---- what they are for ---- */

void blocklists_tell(const struct blocklists *lists, struct detect *detect)
{
	const struct blocklist *right[CONFIG_PATHS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < lists->now.count; i++)
		if (lists->now.at[i].list != NULL)
			right[count++] = lists->now.at[i].list;
	detect_set_blocklists(detect, right, count);
}

static void say_mistake(const struct blocklist_hit *hit, const struct prefix *mine,
			const char *what, struct buf *out)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&mine->addr, text);
	buf_json_text(out, hit->list);
	buf_printf(out, ":%u: has %s, %s: that is not raised\n", hit->line, text, what);
}

/* Lists of what is not routed have all of loopback, private and groups. */
static bool is_routed(const struct addr *addr)
{
	return !addr_is_private(addr) && !addr_is_loopback(addr) &&
	       !addr_is_group(addr);
}

void blocklists_mistakes(const struct blocklists *lists, const struct home *mine,
			 const char *what, struct buf *out)
{
	struct blocklist_hit hit;
	for (size_t i = 0; i < lists->now.count; i++)
		for (size_t j = 0; lists->now.at[i].list != NULL && j < mine->count;
		     j++)
			if (is_routed(&mine->at[j].addr) &&
			    blocklist_meets(lists->now.at[i].list, &mine->at[j], &hit))
				say_mistake(&hit, &mine->at[j], what, out);
}

void blocklists_count(const struct blocklists *lists, struct blocklists_counts *counts)
{
	*counts = (struct blocklists_counts){ .lists = lists->now.count };
	for (size_t i = 0; i < lists->now.count; i++) {
		const struct blocklists_file *file = &lists->now.at[i];
		counts->wrong += file->is_wrong;
		if (file->list == NULL)
			continue;
		counts->entries += blocklist_count(file->list);
		counts->left_out += blocklist_left_out(file->list);
	}
}
