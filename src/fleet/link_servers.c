/*
 * link_servers.c: see link_servers.h.
 */
#include "fleet/link_servers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, DECIMAL = 10, HOST_MAX = 253, TOLD_MAX = 100 };

static const char plain[] = "nats://", secure[] = "tls://";

/* What it is of an address after its scheme; NULL: it is no scheme of ours. */
static const char *after_scheme(const char *address, bool *is_tls)
{
	*is_tls = strncmp(address, secure, strlen(secure)) == 0;
	if (*is_tls)
		return address + strlen(secure);
	return strncmp(address, plain, strlen(plain)) == 0 ? address + strlen(plain)
							   : NULL;
}

static bool is_port(const char *text)
{
	char *end = NULL;
	unsigned long port = strtoul(text, &end, DECIMAL);
	return isdigit((unsigned char)*text) && *end == '\0' && port > 0 &&
	       port <= PORT_MAX;
}

/* A name, or an IPv6 address, which stands in brackets; its end in *rest. */
static bool is_host(const char *text, const char **rest)
{
	bool is_bracketed = *text == '[';
	const char *allowed = is_bracketed ? "0123456789abcdefABCDEF:."
					   : "0123456789abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
	text += is_bracketed;
	size_t len = strspn(text, allowed);
	*rest = text + len;
	if (is_bracketed && *(*rest)++ != ']')
		return false;
	return len > 0 && len <= HOST_MAX;
}

static bool is_address(const char *address, bool *is_tls)
{
	const char *rest = after_scheme(address, is_tls);
	if (rest == NULL || !is_host(rest, &rest))
		return false;
	return *rest == '\0' || (*rest == ':' && is_port(rest + 1));
}

/* The next one, without blanks around it; its length, and *text after its comma. */
static const char *next_address(const char **text, size_t *len)
{
	const char *start = *text + strspn(*text, " \t");
	*len = strcspn(start, ",");
	*text = start + *len + (start[*len] == ',');
	while (*len > 0 && isblank((unsigned char)start[*len - 1]))
		(*len)--;
	return start;
}

static bool take_address(const char *start, size_t len, struct link_servers *out,
			 char error[static LINK_ERROR_MAX])
{
	if (out->count == LINK_SERVERS_MAX) {
		snprintf(error, LINK_ERROR_MAX, "more than %d servers are named",
			 LINK_SERVERS_MAX);
		return false;
	}
	char *address = out->text[out->count];
	bool is_tls = false;
	if (len < LINK_SERVER_MAX)
		snprintf(address, LINK_SERVER_MAX, "%.*s", (int)len, start);
	if (len >= LINK_SERVER_MAX || !is_address(address, &is_tls)) {
		snprintf(error, LINK_ERROR_MAX,
			 "\"%.*s\" is no server: write tls://HOST:PORT, or nats:// for "
			 "one without TLS",
			 (int)(len < TOLD_MAX ? len : TOLD_MAX), start);
		return false;
	}
	if (out->count > 0 && is_tls != out->is_tls) {
		snprintf(
			error, LINK_ERROR_MAX,
			"some servers are tls:// and others nats://: all are to be the "
			"same");
		return false;
	}
	out->is_tls = is_tls;
	out->count++;
	return true;
}

bool link_servers_read(const char *text, struct link_servers *out,
		       char error[static LINK_ERROR_MAX])
{
	*out = (struct link_servers){ 0 };
	while (*text != '\0') {
		size_t len = 0;
		const char *start = next_address(&text, &len);
		if (!take_address(start, len, out, error))
			return false;
	}
	if (out->count == 0)
		snprintf(error, LINK_ERROR_MAX, "no server is named");
	return out->count > 0;
}
