/*
 * patience.h: what a command that takes long owes to whoever waits: a word after a
 * second, and an end at Ctrl-C.
 */
#pragma once

#include <stdbool.h>

/* From now on Ctrl-C only sets patience_has_ended().  May be nested. */
void patience_begin(void);
bool patience_has_ended(void);

/* On a terminal, after the first second and once a second: "what ... 3 s". */
void patience_tell(const char *what);

/* Clears that line; Ctrl-C does what it did. */
void patience_end(void);
