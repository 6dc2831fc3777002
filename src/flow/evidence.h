/*
 * evidence.h: what is wrong with traffic, as evidence for findings; private to the
 * room.
 */
#pragma once

#include <stdint.h>

#include "record/record.h"

/* Starts evidence of one event; kind, technique, severity and place are the caller's.
 */
void evidence_begin(struct finding_record *out, uint8_t proto, int64_t at_us);
/* It is about what this client did. */
void evidence_client(struct finding_record *out, const struct addr *client);
/* Its summary: "<What was seen>: <why it matters>." */
void evidence_sentence(struct finding_record *out, const char *what, const char *why);
