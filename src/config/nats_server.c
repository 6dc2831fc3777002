/*
 * nats_server.c: see nats_server.h.
 */
#include "config/nats_server.h"

#include <string.h>

enum { DECIMAL = 10 };

/* What is left of a text. */
struct rest {
	const char *at;
	size_t len;
};

static bool skip(struct rest *rest, const char *word)
{
	size_t len = strlen(word);
	if (rest->len < len || memcmp(rest->at, word, len) != 0)
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* How many of its first characters are of these. */
static size_t span(const struct rest *rest, const char *allowed)
{
	size_t len = 0;
	while (len < rest->len && rest->at[len] != '\0' &&
	       strchr(allowed, rest->at[len]) != NULL)
		len++;
	return len;
}

static bool take_host(struct rest *rest, struct nats_server *out)
{
	bool is_bracketed = skip(rest, "[");
	size_t len = span(rest, is_bracketed ? "0123456789abcdefABCDEF:."
					     : "0123456789abcdefghijklmnopqrstuvwxyz"
					       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._");
	if (len == 0 || len >= sizeof(out->host))
		return false;
	memcpy(out->host, rest->at, len);
	rest->at += len;
	rest->len -= len;
	return !is_bracketed || skip(rest, "]");
}

static bool take_port(struct rest *rest, struct nats_server *out)
{
	unsigned port = 0;
	size_t len = span(rest, "0123456789");
	if (len == 0 || len != rest->len)
		return false;
	for (size_t i = 0; i < len && port <= UINT16_MAX; i++)
		port = DECIMAL * port + (unsigned)(rest->at[i] - '0');
	out->port = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

bool nats_server_read(const char *text, size_t len, struct nats_server *out)
{
	struct rest rest = { text, len };
	*out = (struct nats_server){ .is_tls = skip(&rest, "tls://") };
	if ((!out->is_tls && !skip(&rest, "nats://")) || !take_host(&rest, out))
		return false;
	return rest.len == 0 || (skip(&rest, ":") && take_port(&rest, out));
}

bool nats_server_addr(const char *text, struct addr *out)
{
	struct nats_server server;
	return nats_server_read(text, strlen(text), &server) &&
	       addr_parse(server.host, out);
}
