/*
 * selection.h: which services, hosts and targets something is about: a rule, a tag, a
 * service level.
 *
 * What a record is about is in fields that are named alike in all records, so that a
 * rule may watch any of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/home.h"
#include "base/port_set.h"
#include "record/record.h"

/* Fields of one kind of record that say what it is about; NULL: it has none. */
struct limit_places {
	const struct field *ip, *port, *transport, *service, *protocol, *target, *netns;
};

void limit_places_find(enum record_kind kind, struct limit_places *out);

/* Borrowed from the record. */
struct limit_subject {
	struct addr ip;                                      /* unset: none */
	uint32_t port;                                       /* unknown: none */
	uint64_t netns;                                      /* unknown: ours */
	const char *transport, *service, *protocol, *target; /* "": unknown */
};

void limit_subject_of(const struct limit_places *places, const void *record,
		      struct limit_subject *out);

/* "192.0.2.1:443/tcp", a target, an address, or "breakwater" of what has none. */
enum { LIMIT_TARGET_MAX = 256 };
void limit_subject_text(const struct limit_subject *subject,
			char out[LIMIT_TARGET_MAX]);

enum {
	SELECTION_PLACES = 16, /* of each kind */
	SELECTION_WORD = 32,
	SELECTION_TARGETS = 8,
	SELECTION_TARGET = 192,
};

/* All of what is given must hold; of each, one of them.  All zero is everything. */
struct limit_selection {
	bool only_home; /* addresses in our networks */
	size_t ports_count, hosts_count, services_count, protocols_count, targets_count,
		tags_count;
	struct port_range ports[SELECTION_PLACES];
	struct prefix hosts[SELECTION_PLACES];
	char services[SELECTION_PLACES][SELECTION_WORD];
	char protocols[SELECTION_PLACES][SELECTION_WORD];
	char targets[SELECTION_TARGETS][SELECTION_TARGET]; /* with * */
	char tags[SELECTION_PLACES][SELECTION_WORD];
};

/* A name for a selection, by which others select. */
struct limit_tag {
	char name[SELECTION_WORD];
	struct limit_selection selection; /* without tags */
};

/* What selections go by. */
struct limit_world {
	const struct home *home; /* borrowed; NULL: nothing is ours */
	const struct limit_tag *tags;
	size_t tag_count;
};

bool limit_selection_holds(const struct limit_selection *selection,
			   const struct limit_world *world,
			   const struct limit_subject *subject);

/* "customer-facing,web"; those that don't fit are left out. */
void limit_tags_text(const struct limit_world *world,
		     const struct limit_subject *subject, char *out, size_t size);
