/*
 * blocklist.h: addresses known for attacks, from files that others write.
 *
 * Three kinds are told by their first words: STIX 2.1 or other JSON objects ("{"), CSV
 * (a comma in the first line), and text with one address, network or range per line.
 * A list is one file, read whole, and never changed after that.  What is within another
 * entry of the same list is not kept: so entries are disjoint, and looking one up is a
 * binary search.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"

enum {
	BLOCKLIST_ENTRIES_MAX = 1000000,         /* of all lists together */
	BLOCKLIST_NOTES_BYTES = 1 << 20,         /* of one list's comments */
	BLOCKLIST_FILE_BYTES = 64 * 1024 * 1024, /* a larger one is none */
};

struct blocklist;

struct blocklist_source {
	const char *name; /* of the file, for messages and hits */
	size_t entries_max;
	int64_t now_us; /* what is no longer valid is left out */
};

/*
 * NULL, with lines "name:line: what" in *errors, if anything is wrong.  What is no
 * address by intent (domains in a CSV, patterns of other things) is left out.
 */
struct blocklist *blocklist_parse(const char *text, size_t len,
				  const struct blocklist_source *source,
				  struct buf *errors);
/* The same from that file, whose name it is. */
struct blocklist *blocklist_read(const struct blocklist_source *source,
				 struct buf *errors);
void blocklist_free(struct blocklist *list);

struct blocklist_hit {
	const char *list; /* borrowed from it, as is the note */
	const char *note; /* what the list says of it, as it stands there; "" */
	struct prefix entry;
	uint32_t line;
};

/* The entry that holds the address; false: none does. */
bool blocklist_find(const struct blocklist *list, const struct addr *addr,
		    struct blocklist_hit *hit);
/* An entry that has addresses in common with that prefix. */
bool blocklist_meets(const struct blocklist *list, const struct prefix *prefix,
		     struct blocklist_hit *hit);

const char *blocklist_name(const struct blocklist *list);
size_t blocklist_count(const struct blocklist *list);
/* Lines or objects that are of something else, or no longer valid. */
size_t blocklist_left_out(const struct blocklist *list);
size_t blocklist_bytes(const struct blocklist *list);
/* When the first entry ceases to be valid; INT64_MAX: none does. */
int64_t blocklist_expires_us(const struct blocklist *list);
