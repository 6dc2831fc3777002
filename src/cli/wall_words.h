/*
 * wall_words.h: what respond orders, in the words of the wall, and what the wall tells,
 * in those of respond.
 */
#pragma once

#include "guard/wall.h"
#include "respond/respond.h"

void wall_words_order(const struct respond_order *order, struct wall_order *out);

/* too_many: the word for what is beyond a bound of the wall's. */
struct respond_result wall_words_result(const struct wall_told *told,
					const char *too_many);
