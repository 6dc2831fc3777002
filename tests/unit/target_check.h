/*
 * target_check.h: a target that is taken or refused, for tests of what people write.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/target.h"

static struct target target;
static char why[TARGET_WHY_MAX];

static inline int drop(void **state)
{
	(void)state;
	target_free(&target);
	return 0;
}

static inline void take(const char *text)
{
	target_free(&target);
	if (!target_parse(&target, text, why))
		fail_msg("%s: %s", text, why);
}

static inline void refuse(const char *text, const char *because)
{
	target_free(&target);
	if (target_parse(&target, text, why))
		fail_msg("%s was taken", text);
	if (strstr(why, because) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, why, because);
}
