/*
 * store_check.h: what tests of the store share: a folder of their own, records with
 * random fields, and waiting for the writer.
 */
#pragma once

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/store.h"

#define SECOND 1000000LL
#define DAY    (86400 * SECOND)
/* 2026-01-31T00:00:00Z */
#define START_US 1769817600000000LL

static char folder[64];
static uint64_t seed;

static inline uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* 0 .. most */
static inline uint64_t some(uint64_t most)
{
	return most == UINT64_MAX ? random64() : random64() % (most + 1);
}

static inline int choose_seed(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	seed = given != NULL ? strtoull(given, NULL, 10)
			     : (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	printf("# SEED=%llu\n", (unsigned long long)seed);
	return 0;
}

static inline int new_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/store-test-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *st, int type,
			     struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static inline int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static inline const char *in_folder(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static inline void pause_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&pause, NULL);
}

/* Until everything put is on disk. */
static inline void wait_written(struct store *store)
{
	struct store_status status;
	for (int i = 0; i < 2000; i++) {
		store_status(store, &status);
		if (status.waiting == 0)
			return;
		pause_ms(10);
	}
	fail_msg("%llu records wait: %s", (unsigned long long)status.waiting,
		 status.message);
}

/* Until the writer says that it is in that state. */
static inline void wait_state(struct store *store, enum store_state state,
			      struct store_status *status)
{
	for (int i = 0; i < 2000; i++) {
		store_status(store, status);
		if (status->state == state)
			return;
		pause_ms(10);
	}
	fail_msg("state %s, not %s: %s", store_state_name(status->state),
		 store_state_name(state), status->message);
}

/* ---- records ---- */

static inline void random_text(char *at, size_t size)
{
	size_t len = (size_t)some(size - 2) + 1;
	memset(at, 0, size);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)('!' + some('~' - '!'));
}

static inline void random_bytes(field_bytes1536 *bytes)
{
	bytes->len = (uint16_t)(1 + some(sizeof(bytes->at) - 1));
	for (size_t i = 0; i < bytes->len; i++)
		bytes->at[i] = (uint8_t)random64();
}

/* Not inlined: the compiler would check a record's size against types that it has not.
 */
__attribute__((noinline, unused)) static void random_value(const struct field *field,
							   void *value)
{
	static const char *const words[] = { "tcp", "udp", "closed", "SF", "open" };
	switch (field->type) {
	case TYPE_time:
		*(field_time *)value = START_US + (int64_t)some(DAY);
		break;
	case TYPE_addr: {
		uint8_t bytes[16];
		for (int i = 0; i < 16; i++)
			bytes[i] = (uint8_t)random64();
		*(field_addr *)value = some(1) == 0 ? addr_v4(bytes) : addr_v6(bytes);
		break;
	}
	case TYPE_u16:
		*(field_u16 *)value = (field_u16)some(UINT16_MAX - 1);
		break;
	case TYPE_u32:
		*(field_u32 *)value = (field_u32)some(UINT32_MAX - 1);
		break;
	case TYPE_u64:
		*(field_u64 *)value = random64() >> some(63);
		break;
	case TYPE_ratio:
	case TYPE_real:
		*(field_ratio *)value = (double)some(1000) / 1000;
		break;
	case TYPE_flag:
		*(field_flag *)value = (field_flag)some(1);
		break;
	case TYPE_word:
		*(field_word *)value = words[some(4)];
		break;
	case TYPE_text32:
		random_text(value, 32);
		break;
	case TYPE_text64:
		random_text(value, 64);
		break;
	case TYPE_text256:
		random_text(value, 256);
		break;
	case TYPE_bytes1536:
		random_bytes(value);
		break;
	}
}

/* Every field is known with one in two, or all of them. */
static inline void random_record(enum record_kind kind, void *record, bool all)
{
	const struct schema *schema = &schemas[kind];
	record_init(kind, record);
	for (size_t i = 0; i < schema->field_count; i++)
		if (all || some(1) == 0)
			random_value(&schema->fields[i],
				     (char *)record + schema->fields[i].offset);
}

static inline void to_json(enum record_kind kind, const void *record, struct buf *out)
{
	buf_clear(out);
	record_json(out, kind, record);
	assert_non_null(buf_cstr(out));
}

/* ---- reading ---- */

enum { RECORDS_MAX = 20000 };

union any_record {
	struct flow_record flow;
	struct port_record port;
	struct self_record self;
	struct listener_record listener;
	struct socket_record socket;
	struct finding_record finding;
	struct gap_record gap;
	struct audit_record audit;
	struct packet_record packet;
};

static union any_record *got;
static size_t got_count;
static enum record_kind got_kind;

static inline bool take_record(void *to, const void *record)
{
	(void)to;
	assert_true(got_count < RECORDS_MAX);
	memcpy(&got[got_count++], record, schemas[got_kind].size);
	return true;
}

/* Into got; what store_read() returns. */
static inline int read_all(enum record_kind kind, const struct store_filter *filter,
			   char error[static STORE_ERROR_MAX])
{
	struct store_filter every;
	int status;
	store_filter_init(&every);
	if (got == NULL)
		got = calloc(RECORDS_MAX, sizeof(got[0]));
	got_count = 0;
	got_kind = kind;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return -status;
	int result = store_read(reader, kind, filter != NULL ? filter : &every,
				take_record, NULL, error);
	store_reader_close(reader);
	return result;
}

static inline void read_well(enum record_kind kind, const struct store_filter *filter)
{
	char error[STORE_ERROR_MAX] = "";
	int result = read_all(kind, filter, error);
	if (result != 0)
		fail_msg("%d %s", result, error);
}
