/*
 * words.h: closed lists of words that records and settings both know, ended by NULL.
 */
#pragma once

#include <stdbool.h>

extern const char *const words_finding_kinds[];
extern const char *const severity_names[]; /* SEVERITY_... of record.h */
extern const char *const words_block_modes[];
/* Of people and tokens; who may more comes later. */
extern const char *const words_roles[];

/* NULL is in no list. */
bool words_hold(const char *const *words, const char *text);
