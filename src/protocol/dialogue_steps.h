/*
 * dialogue_steps.h: steps of a dialogue, made of the user's words; private to it.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>

#include "protocol/dialogue.h"

struct pattern {
	char *text;
	pcre2_code *code; /* NULL: none */
};

struct step {
	struct pattern expect, fails_if;
	bool by_line, starts_tls;
	struct bytes expect_bytes, send; /* owned */
};

struct dialogue_steps {
	pcre2_match_context *limits;
	size_t count;
	struct step step[];
};
