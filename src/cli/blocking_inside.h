/*
 * blocking_inside.h: what the files of blocking share; private to them.
 */
#pragma once

#include "cli/blocking.h"

/*
 * The wall clock; if it was set since the last call, that is taken into account first.
 * To be asked before each record that respond is given, as records have its time.
 */
int64_t blocking_now_us(struct blocking *b);

/* Sends what waits, as far as there is room. */
void blocking_flush(struct blocking *b);

void blocking_spare(struct blocking *b, const struct spared *who);
/* Who has logged in by SSH, as far as the store knows. */
void blocking_spare_known(struct blocking *b);
