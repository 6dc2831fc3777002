/*
 * sql_check.h: whether a statement would run, for whoever writes one that is to run
 * later.
 */
#pragma once

#include <stddef.h>

#include "store/store.h"

/*
 * Whether store_sql() would run it on an empty store of this version, with no other
 * parameters than those: 0; or -EINVAL, -EIO with one line in error.
 */
int store_sql_check(const char *text, const char *const *parameters, size_t count,
		    char error[static STORE_ERROR_MAX]);
