/*
 * text.h: values as text, fast, into room the caller knows to be enough.
 *
 * Each returns the length and writes no NUL.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"

enum { TEXT_U64_MAX = 20, TEXT_TIME = 26 };

size_t text_u64(uint64_t value, char *at);

/* As addr_text(), which goes through printf(). At most ADDR_TEXT_MAX - 1. */
size_t text_addr(const struct addr *addr, char *at);

/* "2026-01-31T12:00:00.000000", TEXT_TIME characters. */
size_t text_time(int64_t at_us, char *at);

/* Length of text if JSON needs nothing of it escaped and it has at most max, else 0. */
size_t text_plain(const char *text, size_t max);
