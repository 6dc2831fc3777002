/*
 * near.h: which word was meant, if one is misspelt.
 */
#pragma once

#include <stddef.h>

enum { NEAR_LEN_MAX = 63 };

/*
 * Letters to insert, delete or replace (Levenshtein) until a is the first b_len of b;
 * what is longer than NEAR_LEN_MAX is far from all.
 */
size_t near_distance(const char *a, const char *b, size_t b_len);
