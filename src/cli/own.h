/*
 * own.h: this machine's own services as targets: which of those that listen here are
 * asked without anybody having named them, and in which words.
 *
 * In the words that were really spoken there; without those, in the ones that are usual
 * on the port, until the first answer: who does not understand them is not unwell, but
 * something else.  Only protocols that may be asked unbidden (`is_harmless` in ask.h);
 * for all others the kernel's word stands: it listens, and its backlog has room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "probe/event.h"
#include "record/record.h"

enum {
	OWN_LISTENERS_MAX = 1024, /* that are looked at */
	OWN_TARGETS_MAX = 256,    /* that are asked */
	OWN_PER_PROGRAM = 16,     /* one that opens port after port does not take all */
	OWN_SETTLE_S = 10,        /* a port that opens for a moment is no service */
};

struct own_options {
	const struct catalog *catalog; /* borrowed */
	uint32_t interval_s;           /* who is asked more often settles sooner */
	const char *exe; /* this program's: it does not ask itself; NULL: not known */
	void *self;
	/* False: not now; it is told again. */
	bool (*tell)(void *self, const struct probe_own *own);
};

struct own;
/* NULL without memory. */
struct own *own_new(const struct own_options *options);
void own_free(struct own *own);

/* Every change of a listener.  now_us: monotonic, as below. */
void own_take_listener(struct own *own, const struct listener_record *listener,
		       int64_t now_us);
/* A client and the server at that listener's address were heard to speak this. */
void own_note_protocol(struct own *own, const char *transport, const struct addr *ip,
		       uint16_t port, const char *protocol);
/*
 * An answer, of a target of ours or of one that somebody named: who is named is not
 * asked twice.  is_here: its address is this machine's.
 */
void own_take_answer(struct own *own, const struct probe_record *answer, bool is_here);
/* Tells what is to be asked from now on, and what not any more. */
void own_second(struct own *own, int64_t now_us);

/* Who asks was started again and knows of none, or is to ask them otherwise. */
void own_tell_again(struct own *own);

struct own_counts {
	uint32_t targets;  /* asked */
	uint32_t left_out; /* could be asked, but are too many */
	uint32_t unasked;  /* listen, and have no words that may be said unbidden */
};
void own_counts(const struct own *own, struct own_counts *counts);

/*
 * How to ask who speaks `spoken` (NULL: not known) on a port where `usual` (NULL:
 * nothing) is: "ssh", "imaps", "dns+tcp"; NULL: not at all.
 */
const char *own_scheme(const char *spoken, const char *usual, uint8_t proto);
