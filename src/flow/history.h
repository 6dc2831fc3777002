/*
 * history.h: Zeek's history string, packed into the 16 bytes a body has for it.
 *
 * Room for 21 letters; real connections need fewer than 15, and what comes after
 * is left out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "flow/body.h"

enum { HISTORY_LETTERS = 21, HISTORY_TEXT_MAX = HISTORY_LETTERS + 1 };

/* letter: lower case one of "shadfrcgtwiqx^"; a client's is written upper case. */
void history_add(struct body *b, unsigned side, char letter);
bool history_has(const struct body *b, unsigned side, char letter);

/* Adds the letter unless this side already has it. */
void history_once(struct body *b, unsigned side, char letter);

/* Adds the letter at the 1st, 10th, 100th ... event: count is this event's number. */
void history_scaled(struct body *b, unsigned side, char letter, uint64_t count);

/* Counts a packet with a wrong checksum and notes it. */
void history_checksum(struct body *b, unsigned side);

/* Writes the string with its NUL; returns its length. */
size_t history_text(const struct body *b, char out[static HISTORY_TEXT_MAX]);
