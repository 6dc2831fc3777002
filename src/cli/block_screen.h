/*
 * block_screen.h: one block as a screen.
 */
#pragma once

#include <stdbool.h>

#include "cli/table.h"
#include "record/record.h"

struct block_facts {
	struct block_record block;
	struct finding_record finding; /* id "": not known */
};

/* True of observed, asked, active and unconfirmed: it is not over. */
bool block_lasts(const char *state);

/* What a word of vetoed_by means; NULL: nothing is known of it. */
const char *veto_meaning(const char *word);

void block_screen(const struct look *look, const struct block_facts *facts,
		  int64_t now_us);
