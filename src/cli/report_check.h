/*
 * report_check.h: breakwater report --check.
 */
#pragma once

struct compliance;

/* Says what a check of the files found; exit status. */
int report_check(const struct compliance *compliance);
