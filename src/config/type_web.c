/*
 * type_web.c: names of HTTP headers and of hosts.
 */
#include <ctype.h>
#include <string.h>

#include "config/type.h"

/* ---- header: RFC 9110 5.6.2, a token ---- */

static bool header_take(const struct key *key, void *field, const char *text,
			bool quoted)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return strspn(text, token) == strlen(text) &&
	       key_type_text.take(key, field, text, quoted);
}

static void header_write(struct buf *out, const void *field, size_t index)
{
	key_type_text.write(out, field, index);
}

static void header_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "the name of an HTTP header of at most %u characters, such as "
		   "X-Forwarded-User, or \"\"",
		   key->max);
}

static void header_schema(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "\"type\": \"string\", \"pattern\": "
		   "\"^[!#$%%&'*+.^_`|~0-9A-Za-z-]*$\", "
		   "\"maxLength\": %u",
		   key->max);
}

const struct key_type key_type_header = {
	.size = sizeof(config_header),
	.take = header_take,
	.write = header_write,
	.expect = header_expect,
	.schema = header_schema,
};

/* ---- hosts: "name" or "name:port" ---- */

static bool is_host(const char *text)
{
	size_t len = strcspn(text, ":");
	const char *port = text + len;
	if (len == 0 || text[0] == '.' || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(text[i]) ||
		    (!isalnum(text[i]) && text[i] != '.' && text[i] != '-'))
			return false;
	size_t digits = *port == ':' ? strspn(port + 1, "0123456789") : 0;
	return *port == '\0' || (digits > 0 && digits <= 5 && port[1 + digits] == '\0');
}

static bool hosts_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	return is_host(text) && key_type_texts.take(key, field, text, quoted);
}

static size_t hosts_count(const void *field)
{
	return key_type_texts.count(field);
}

static void hosts_write(struct buf *out, const void *field, size_t index)
{
	key_type_texts.write(out, field, index);
}

static void hosts_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "a list of at most %u names such as watch.example.org or "
		   "watch.example.org:8443",
		   key->max);
}

static void hosts_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": "
		      "\"^[0-9A-Za-z][0-9A-Za-z.-]*(:[0-9]{1,5})?$\"");
}

const struct key_type key_type_hosts = {
	.size = sizeof(config_hosts),
	.is_list = true,
	.take = hosts_take,
	.count = hosts_count,
	.write = hosts_write,
	.expect = hosts_expect,
	.schema = hosts_schema,
};
