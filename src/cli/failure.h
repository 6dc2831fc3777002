/*
 * failure.h: a recorded failure for people and for programs.
 */
#pragma once

#include "cli/table.h"
#include "probe/failure.h"

/* What is different, what was said, what the kernel knew, and each packet. */
void failure_print(const struct look *look, const struct failure *failure);
/* All of it as records, one a line. */
void failure_print_json(const struct failure *failure);
