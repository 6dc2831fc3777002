/*
 * month_keys.h: the keys of pseudonyms, one per month of what they stand for.  Private
 * to the room.
 *
 *   FOLDER/privacy/2026-11.key    32 random bytes, for the writer alone
 *
 * Losing one, or destroying it, is erasure: nobody can tell any more whose pseudonyms
 * those are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/pseudonym.h"

enum { MONTH_NONE = 0 }; /* a pseudonym of no key */

/* 202611. */
uint32_t month_of(int64_t at_us);
/* When that month is over. */
int64_t month_end_us(uint32_t month);

/* The months that have a key, ascending, to be freed; their count, or -errno. */
long month_keys_list(const char *folder, uint32_t **months);

/* With the key of a month: NULL with -errno; -ENOENT: there is none. */
struct pseudonyms *month_key_open(const char *folder, uint32_t month, int *error);
/* Makes one, if there is none. */
struct pseudonyms *month_key_make(const char *folder, uint32_t month, int *error);
/* One of no month, that never goes; made, if there is none. 0 or -errno. */
int month_keys_own(const char *folder, struct buf *key);
/* 0 or -errno; overwritten, too, for what that is worth on the disk at hand. */
int month_key_destroy(const char *folder, uint32_t month);
/* The same of another file of that many bytes. */
int private_file_destroy(const char *path, size_t len);
