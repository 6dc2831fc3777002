/*
 * digest.h: what binds a record to others: a hash over its JSON.
 *
 * A field has room for 63 characters, so the last digit of SHA-256 is left out: 252
 * bits are as hard to meet as 256.
 */
#pragma once

#include "record/record.h"

/*
 * The first 63 hexadecimal digits of SHA-256 over one text and then another; before may
 * be "".
 */
void digest_text(const char *before, const char *text, size_t len, field_text64 out);

/* The same over a record's JSON. False without memory. */
bool digest_record(const char *before, enum record_kind kind, const void *record,
		   field_text64 out);

/*
 * What the hash of a line should be that is a record's JSON with its hash as the last
 * member: it is over the line without it.  False if there is no such member.
 */
bool digest_line(const char *before, const char *line, field_text64 out);
