/*
 * batch_words.h: words of other sensors, made static.
 *
 * A field of words never frees them, so the table of words has a bound.  A sensor that
 * lies must not fill it, as then no new word of any other would be known: each may
 * bring only so many that nobody had used before.
 */
#pragma once

enum { BATCH_WORDS_EACH = 256 };

/* NULL: unknown; it is too long, or that sensor has brought too many. */
const char *batch_word(const char *sensor, const char *text);
