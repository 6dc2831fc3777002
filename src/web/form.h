/*
 * form.h: fields of a form as browsers and curl post them
 * (application/x-www-form-urlencoded).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FORM_VALUE_MAX = 512 }; /* with its end */

/* False, and "", if there is no such field, or it is too long. */
bool form_value(const char *form, const char *name, char out[static FORM_VALUE_MAX]);
/* True if it is there, and "1". */
bool form_is_set(const char *form, const char *name);
