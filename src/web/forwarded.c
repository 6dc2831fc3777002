/*
 * forwarded.c: see forwarded.h.
 *
 * It is read from the first element on, so that a quoted comma ends none.  Whatever
 * can't be read leaves the client unknown until a proxy of ours comes behind it: a
 * client that garbles the header is counted for that proxy, and for nobody else.
 */
#include "web/forwarded.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NODE_MAX = ADDR_TEXT_MAX + sizeof("[]:65535") };

bool forwarded_is_ours(const struct config_prefixes *proxies, const struct addr *addr)
{
	for (size_t i = 0; i < proxies->count; i++)
		if (prefix_holds(&proxies->at[i], addr))
			return true;
	return false;
}

void forwarded_init(struct forwarded *f, const char *name,
		    const struct config_prefixes *proxies)
{
	*f = (struct forwarded){ .proxies = proxies,
				 .is_standard = strcasecmp(name, "Forwarded") == 0,
				 .client = addr_unset() };
}

/* ---- a node ---- */

/* ":80", or one that is hidden (RFC 7239 6.3). */
static bool is_port(const char *text)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
	return text[0] == ':' && text[1] != '\0' &&
	       text[1 + strspn(text + 1, allowed)] == '\0';
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80";
 * false: no address, such as "unknown" and names that hide it. */
static bool read_node(char *node, struct addr *out)
{
	char *colon = strchr(node, ':'), *bracket = strchr(node, ']');
	if (node[0] == '[') {
		if (bracket == NULL || (bracket[1] != '\0' && !is_port(bracket + 1)))
			return false;
		*bracket = '\0';
		return addr_parse(node + 1, out);
	}
	if (colon != NULL && strchr(colon + 1, ':') == NULL && is_port(colon))
		*colon = '\0';
	return addr_parse(node, out);
}

static void take_node(struct forwarded *f, char *node)
{
	struct addr addr;
	if (!read_node(node, &addr))
		f->client = addr_unset();
	else if (!forwarded_is_ours(f->proxies, &addr) || addr_is_unset(&f->client))
		f->client = addr;
}

/* ---- a line ---- */

static const char blanks[] = " \t";

/* An empty element is none (RFC 9110 5.6.1). */
static void take_addresses(struct forwarded *f, const char *value)
{
	char node[NODE_MAX];
	while (*value != '\0') {
		value += strspn(value, " \t,");
		size_t element = strcspn(value, ","), len = element;
		while (len > 0 && strchr(blanks, value[len - 1]) != NULL)
			len--;
		/* What is too long is no address. */
		snprintf(node, sizeof(node), "%.*s", (int)(len < NODE_MAX ? len : 0),
			 value);
		if (len > 0)
			take_node(f, node);
		value += element;
	}
}

/* A token, or a quoted string (RFC 9110 5.6.4); what is too long is cut to "". False if
 * it does not end. */
static bool read_value(const char **at, char out[static NODE_MAX])
{
	bool is_quoted = **at == '"';
	size_t len = 0;
	*at += is_quoted;
	while (**at != '\0' && (is_quoted ? **at != '"' : !strchr(" \t;,\"", **at))) {
		if (is_quoted && **at == '\\' && (*at)[1] != '\0')
			++*at;
		if (len < NODE_MAX)
			out[len++] = **at;
		++*at;
	}
	out[len < NODE_MAX ? len : 0] = '\0';
	if (is_quoted && **at != '"')
		return false;
	*at += is_quoted;
	return true;
}

/* "for=192.0.2.1;proto=https"; false if it is none: where it ends is not known. */
static bool read_element(const char **at, char node[static NODE_MAX])
{
	char value[NODE_MAX];
	bool has_for = false;
	node[0] = '\0';
	for (;;) {
		*at += strspn(*at, blanks);
		size_t len = strcspn(*at, "= \t;,\"");
		bool is_for = len == 3 && strncasecmp(*at, "for", 3) == 0;
		*at += len;
		if (len == 0 || **at != '=' || (is_for && has_for))
			return false;
		++*at;
		if (!read_value(at, value))
			return false;
		has_for |= is_for;
		if (is_for)
			memcpy(node, value, sizeof(value));
		*at += strspn(*at, blanks);
		if (**at != ';')
			return **at == ',' || **at == '\0';
		++*at;
	}
}

static void take_elements(struct forwarded *f, const char *value)
{
	char node[NODE_MAX];
	for (value += strspn(value, " \t,"); *value != '\0';
	     value += strspn(value, " \t,")) {
		if (!read_element(&value, node)) {
			f->client = addr_unset();
			return;
		}
		take_node(f, node);
	}
}

void forwarded_line(struct forwarded *f, const char *value)
{
	if (f->is_standard)
		take_elements(f, value);
	else
		take_addresses(f, value);
}
