/*
 * explain_screen.h: an explanation as one screen.
 */
#pragma once

#include "cli/table.h"
#include "explain/explain.h"

void explain_screen(const struct explain_facts *facts, struct explain_answer *answer,
		    const struct common_options *common);
