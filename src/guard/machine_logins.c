/*
 * machine_logins.c: from where people have logged in, by utmp(5): sshd, or PAM for it,
 * writes it as root, so that the daemon can't change what it says.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <utmp.h>

#include "guard/machine_inside.h"

enum {
	SECOND_US = 1000000,
	AT_ONCE = 1024,   /* records */
	PARTS_MOST = 256, /* of so many: 100 MB of a log, the newest */
	NOW_MOST = 4096,  /* records of who is logged in */
};

#define KEPT_US (30LL * 86400 * SECOND_US)

/* IPv4 has the first word only; a person at the console has none. */
static bool addr_of(const struct utmp *record, struct addr *out)
{
	const int32_t *words = record->ut_addr_v6;
	if ((words[1] | words[2] | words[3]) == 0)
		*out = addr_v4(words);
	else
		*out = addr_v6(words);
	return !addr_is_unspecified(out);
}

/* One that is said to have been in the future was now: its clock was wrong, or ours. */
static int64_t left_us(const struct utmp *record, const struct machine_now *now)
{
	int64_t age_us = now->real_us - (int64_t)record->ut_tv.tv_sec * SECOND_US;
	return age_us > 0 ? KEPT_US - age_us : KEPT_US;
}

static void add_login(const struct utmp *record, int64_t until_us, struct never *people)
{
	struct never_entry entry = { .prefix.len = 128,
				     .reason = NEVER_ssh,
				     .until_us = until_us };
	if (record->ut_type == USER_PROCESS && addr_of(record, &entry.prefix.addr))
		never_add(people, &entry);
}

size_t machine_parse_logins(const void *bytes, size_t len, bool are_now,
			    const struct machine_now *now, struct never *people)
{
	const char *at = bytes;
	struct utmp record;
	size_t fresh = 0;
	for (; len >= sizeof(record); at += sizeof(record), len -= sizeof(record)) {
		memcpy(&record, at, sizeof(record));
		int64_t left = are_now ? KEPT_US : left_us(&record, now);
		if (left <= 0)
			continue;
		fresh++;
		add_login(&record, now->boot_us + left, people);
	}
	return fresh;
}

/* ---- the log ---- */

struct log_reading {
	const char *path;
	char *room;
	const struct machine_now *now;
	struct never *people;
};

/* The records from one offset to another; how many are fresh. */
static size_t read_part(const struct log_reading *reading, int64_t from, int64_t to)
{
	ssize_t len =
		machine_read(reading->path, from, reading->room, (size_t)(to - from));
	return len > 0 ? machine_parse_logins(reading->room, (size_t)len, false,
					      reading->now, reading->people)
		       : 0;
}

/*
 * Backwards from its end, until a part has nothing of the last 30 days, or those who
 * came last fill the list: of a file without end only its newest records are read.
 */
static void read_back(const struct log_reading *reading, int64_t begin, int64_t end)
{
	const int64_t part = (int64_t)AT_ONCE * (int64_t)sizeof(struct utmp);
	for (int i = 0; i < PARTS_MOST && end > begin; i++) {
		int64_t from = end - begin > part ? end - part : begin;
		if (read_part(reading, from, end) == 0 ||
		    reading->people->count == NEVER_MAX)
			return;
		end = from;
	}
}

void machine_follow_logins(const char *path, struct machine_log *log,
			   const struct machine_now *now, struct never *people)
{
	const size_t size = AT_ONCE * sizeof(struct utmp);
	const struct log_reading reading = { path, malloc(size), now, people };
	struct stat st;
	if (reading.room != NULL && stat(path, &st) == 0) {
		/* What is half written is read when it is whole. */
		int64_t whole = st.st_size - st.st_size % (int64_t)sizeof(struct utmp);
		bool goes_on = st.st_dev == log->device && st.st_ino == log->inode &&
			       whole >= log->size;
		read_back(&reading, goes_on ? log->size : 0, whole);
		*log = (struct machine_log){ st.st_dev, st.st_ino, whole };
	}
	free(reading.room);
}

void machine_read_logins_now(const struct machine_now *now, struct never *people)
{
	const size_t size = NOW_MOST * sizeof(struct utmp);
	char *room = malloc(size);
	ssize_t len = room != NULL ? machine_read(_PATH_UTMP, 0, room, size) : -1;
	if (len > 0)
		machine_parse_logins(room, (size_t)len, true, now, people);
	free(room);
}
