/*
 * starttls.h: a conversation goes on in TLS: STARTTLS, STLS, AUTH TLS.
 */
#pragma once

#include "protocol/protocol.h"

/* The server agreed: what follows is TLS. */
void starttls_begin(struct talk *talk);

/* The client said a line behind its wish, before the server agreed. */
void starttls_overtaken(struct talk *talk, struct bytes line, int64_t at_us);
