/*
 * policy_rules.h: rules of detecting and blocking, tried on the past.
 */
#pragma once

#include "cli/policy.h"

enum policy_file_kind { POLICY_FILE_REGISTER, POLICY_FILE_RULES, POLICY_FILE_NEITHER };

/* By its keys; of neither the message has been said. */
enum policy_file_kind policy_file_kind(const char *path);

/* "policy test FILE" of a configuration. Exit status. */
int policy_test_rules(const struct policy_options *options, const char *path);
