/*
 * silence.h: whether it says anything that nobody answered; private to the room.
 *
 * Who is silent may be somewhere that we can't see, and datagrams are not all meant to
 * be answered: streams go on, and what asks for something stops sooner or later.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/body.h"

enum { SILENCE_DATAGRAM_US = 1500000 }; /* a resolver asks others first */

struct flows;

/* Its time is up: true if it asked, and was not answered. */
bool silence_is_meant(const struct flows *f, const struct body *b, int64_t at_us);

/* It can't be told yet: some datagrams, up to now. Not twice. */
bool silence_is_doubtful(const struct body *b, int64_t at_us);
