/*
 * amplifiers.h: protocols over UDP whose answers are larger than their questions, as
 * anybody can ask in another's name.  Private to the room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum amplifier_way {
	/* One question, one answer: what comes unasked is not ours. */
	AMPLIFIER_ANSWERS,
	/* Questions go to all of a link: answers come from whom nobody asked. */
	AMPLIFIER_LINK,
	/* Whoever has begun a session is sent more than he sends, for a good reason. */
	AMPLIFIER_SESSION,
};

struct amplifier {
	uint16_t port;
	enum amplifier_way way;
	const char *name;
	double factor;         /* answer by question, in payload bytes, at its worst */
	const char *reference; /* where that was measured */
	const char *mend;      /* of a server that is abused */
};

/* NULL: none that is known. */
const struct amplifier *amplifier_of(uint32_t port);
