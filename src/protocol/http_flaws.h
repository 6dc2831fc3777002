/*
 * http_flaws.h: what is wrong with requests, told.
 *
 * Responses are left out: what a server does wrong in them harms its own clients, and
 * half of the world's servers do something.
 */
#pragma once

#include "protocol/http_head.h"

/* flaws: of enum http_flaw. */
void http_tell_flaws(struct talk *talk, unsigned flaws, int64_t at_us);

/* Not all of it came within TURN_MAX bytes. */
void http_tell_oversized(struct talk *talk, int64_t at_us);

/* seen: what is wrong with a chunk. */
void http_tell_chunk(struct talk *talk, const char *seen, int64_t at_us);

/* The body has two lengths; surplus: how much longer Content-Length is. */
void http_tell_lengths(struct talk *talk, int64_t surplus, int64_t at_us);
