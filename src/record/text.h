/*
 * text.h: values as text, fast, into room the caller knows to be enough.
 *
 * Each returns the length and writes no NUL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TEXT_U64_MAX = 20, TEXT_TIME = 26 };

size_t text_u64(uint64_t value, char *at);

/* "2026-01-31T12:00:00.000000", TEXT_TIME characters. */
size_t text_time(int64_t at_us, char *at);

/* Length of text if JSON needs nothing of it escaped and it has at most max, else 0. */
size_t text_plain(const char *text, size_t max);
