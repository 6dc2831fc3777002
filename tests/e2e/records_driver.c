/*
 * records_driver.c: puts records into a store as a monitor put them that ran back then.
 *
 *   records_driver FOLDER < RECORDS
 *
 * RECORDS are as --json prints them, one a line, in the order in which they were put;
 * each has in "put" when, which is what this program's clock then says: so the writer
 * makes gaps, roll-ups and checkpoints as it did at that time.  {"record": "stop"} ends
 * the monitor; the next record is of another run.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "record/from_json.h"
#include "store/store.h"

#define SECOND 1000000LL
#define DAY    (86400 * SECOND)

static _Atomic int64_t now_us;

/* Of the whole process, libraries too: libc's is hidden behind it. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t at_us = atomic_load(&now_us);
	if (clock != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, clock, now);
	*now = (struct timespec){ at_us / SECOND, at_us % SECOND * 1000 };
	return 0;
}

static _Noreturn void die(unsigned long line, const char *what)
{
	fprintf(stderr, "records_driver: line %lu: %s\n", line, what);
	exit(2);
}

static void pause_ms(long ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000 };
	nanosleep(&pause, NULL);
}

/* ---- one record ---- */

union any_record {
	struct flow_record flow;
	struct probe_record probe;
	char room[8192];
};

static enum record_kind kind_of(const char *name)
{
	unsigned kind = 0;
	while (kind < RECORD_KINDS && strcmp(schemas[kind].name, name) != 0)
		kind++;
	return (enum record_kind)kind;
}

static void put(struct store *store, const json_t *object, const char *name,
		unsigned long line)
{
	static union any_record record;
	enum record_kind kind = kind_of(name);
	if (kind == RECORD_KINDS || !store_keeps(kind) ||
	    schemas[kind].size > sizeof(record) ||
	    !record_from_json(kind, object, &record))
		die(line, "no record that a store keeps");
	while (!store_put(store, kind, &record))
		pause_ms(1);
}

static void set_clock(const json_t *object, unsigned long line)
{
	const char *text = json_string_value(json_object_get(object, "put"));
	int64_t at_us;
	if (text == NULL || !when_parse(text, 0, &at_us))
		die(line, "in \"put\" is no time");
	if (at_us < atomic_load(&now_us))
		die(line, "it is older than the one before");
	atomic_store(&now_us, at_us);
}

/* ---- runs of the monitor ---- */

static struct store *begin(const char *folder)
{
	struct store *store = store_open(folder, &store_no_limits);
	if (store == NULL)
		die(0, "not enough memory");
	return store;
}

static void wait_written(struct store *store)
{
	struct store_status status;
	do {
		pause_ms(1);
		store_status(store, &status);
		if (status.state != STORE_OK)
			die(0, status.message);
	} while (status.waiting > 0);
}

static bool take_number(void *self, const struct store_value *values, size_t count)
{
	if (count == 1 && values[0].type == STORE_INTEGER)
		*(int64_t *)self = values[0].integer;
	return true;
}

/* Until when there are whole days of ports; INT64_MAX: there are no ports at all. */
static int64_t rolled_until(const char *folder)
{
	int64_t until_us = INT64_MAX;
	int status;
	char error[STORE_ERROR_MAX];
	const struct store_sql to = { .self = &until_us, .row = take_number };
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL ||
	    store_sql(reader, "SELECT value FROM meta WHERE name='rolled_port_1d'", 0,
		      &to, error) != 0)
		die(0, error);
	store_reader_close(reader);
	return until_us;
}

/* A monitor that runs makes days of its ports when they are over, within seconds. */
static void end(struct store *store, const char *folder)
{
	int64_t today_us = atomic_load(&now_us) / DAY * DAY;
	wait_written(store);
	while (rolled_until(folder) < today_us)
		pause_ms(10);
	store_close(store);
}

int main(int argc, char **argv)
{
	struct store *store = NULL;
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	if (argc != 2)
		die(0, "usage: records_driver FOLDER < RECORDS");
	for (unsigned long line = 1; (len = getline(&text, &room, stdin)) > 0; line++) {
		json_t *object = json_loadb(text, (size_t)len, 0, NULL);
		const char *name = json_string_value(json_object_get(object, "record"));
		if (name == NULL)
			die(line, "no object with a \"record\"");
		set_clock(object, line);
		if (store == NULL)
			store = begin(argv[1]);
		if (strcmp(name, "stop") == 0) {
			end(store, argv[1]);
			store = NULL;
		} else {
			put(store, object, name, line);
		}
		json_decref(object);
	}
	if (store != NULL)
		end(store, argv[1]);
	free(text);
	return EXIT_SUCCESS;
}
