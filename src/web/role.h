/*
 * role.h: what somebody may do, and what each path needs.
 *
 * A viewer reads, an operator also changes what the daemon does (blocks, silences,
 * acknowledges), an administrator also changes who may and what is allowed.
 */
#pragma once

#include <stdbool.h>

/* In order: who may more comes later. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMINISTRATOR };

#define ROLES_ALLOWED "viewer, operator and administrator"

/* "viewer"; ROLE_NONE is "none". */
const char *role_name(enum role role);
/* ROLE_NONE: it is no name of one. */
enum role role_parse(const char *name);

/* The least that a path needs; ROLE_NONE: anybody may.  is_change: POST or DELETE. */
enum role role_needed(const char *path, bool is_change);
