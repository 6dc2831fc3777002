/*
 * form.c: see form.h.
 */
#include "web/form.h"

#include <microhttpd.h>
#include <string.h>

/* "a+b%21" of len bytes. */
static bool decode(char out[static FORM_VALUE_MAX], const char *text, size_t len)
{
	if (len >= FORM_VALUE_MAX)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	for (char *plus; (plus = strchr(out, '+')) != NULL;)
		*plus = ' ';
	MHD_http_unescape(out);
	return true;
}

bool form_value(const char *form, const char *name, char out[static FORM_VALUE_MAX])
{
	size_t name_len = strlen(name);
	out[0] = '\0';
	for (const char *at = form; *at != '\0';) {
		size_t len = strcspn(at, "&");
		if (len > name_len && at[name_len] == '=' &&
		    memcmp(at, name, name_len) == 0)
			return decode(out, at + name_len + 1, len - name_len - 1);
		at += len + (at[len] == '&');
	}
	return false;
}

bool form_is_set(const char *form, const char *name)
{
	char value[FORM_VALUE_MAX];
	return form_value(form, name, value) && strcmp(value, "1") == 0;
}
