/*
 * credential.c: see credential.h.
 */
#include "web/credential.h"

#include <string.h>
#include <strings.h>

/* The value of a cookie of that name; false if there is none, or more than one: which
 * of two is ours can't be told, and a stranger may have put the other one there. */
static bool cookie_of(const char *cookies, const char *name, const char **value,
		      size_t *len)
{
	size_t name_len = strlen(name), found = 0;
	while (*cookies != '\0') {
		cookies += strspn(cookies, " \t;");
		size_t pair = strcspn(cookies, ";");
		if (pair > name_len && cookies[name_len] == '=' &&
		    memcmp(cookies, name, name_len) == 0) {
			*value = cookies + name_len + 1;
			*len = pair - name_len - 1;
			found++;
		}
		cookies += pair;
	}
	return found == 1;
}

static void copy(char *out, size_t size, const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len >= size)
		len = 0;
	memcpy(out, text, len);
	out[len] = '\0';
}

static void read_bearer(const char *header, struct credential *out)
{
	static const char scheme[] = "Bearer";
	size_t len = strlen(scheme);
	if (strncasecmp(header, scheme, len) != 0 ||
	    (header[len] != ' ' && header[len] != '\0'))
		return;
	out->is_bearer = true;
	header += len;
	header += strspn(header, " ");
	copy(out->token, sizeof(out->token), header, strlen(header));
}

void credential_read(const struct credential_headers *headers, const char *cookie_name,
		     struct credential *out)
{
	const char *value = NULL;
	size_t len = 0;
	memset(out, 0, sizeof(*out));
	if (headers->cookie != NULL &&
	    cookie_of(headers->cookie, cookie_name, &value, &len))
		copy(out->session, sizeof(out->session), value, len);
	if (headers->authorization != NULL)
		read_bearer(headers->authorization, out);
	if (headers->csrf != NULL)
		copy(out->csrf, sizeof(out->csrf), headers->csrf,
		     strlen(headers->csrf));
}

bool origin_is_host(const char *origin, const char *host)
{
	const char *behind = strstr(origin, "://");
	return behind != NULL && strcasecmp(behind + strlen("://"), host) == 0;
}
