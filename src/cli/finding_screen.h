/*
 * finding_screen.h: one finding as a screen, and as records.
 */
#pragma once

#include <stddef.h>

#include "cli/table.h"
#include "record/record.h"

enum { FINDING_PACKETS = 64, FINDING_OTHERS = 16 };

struct finding_facts {
	struct finding_record finding;
	struct packet_record packets[FINDING_PACKETS]; /* number 0: missing */
	size_t packet_count;
	struct finding_record others[FINDING_OTHERS]; /* of its incident */
	size_t other_count;                           /* also beyond these */
};

void finding_screen(const struct look *look, const struct finding_facts *facts);
/* What handshake, dialogue or unsolicited say of a source, in a sentence. */
const char *proof_meaning(const char *proof);
/* The finding, then its packets. */
void finding_json(const struct finding_facts *facts);
