/*
 * ja3.c: JA3 of a client, JA3S of a server.
 *
 * MD5 of "version,ciphers,extensions,groups,formats": decimal numbers in the order of
 * the hello, joined by dashes, without GREASE; a server's has version, cipher and
 * extensions.  The text goes to the hash in pieces, so its length has no limit.
 */
#include "protocol/digests.h"

struct text {
	struct digests *digests;
	size_t len;
	char at[256];
};

static void put(struct text *text, char c)
{
	if (text->len == sizeof(text->at)) {
		digest_add(text->digests, text->at, text->len);
		text->len = 0;
	}
	text->at[text->len++] = c;
}

static void put_number(struct text *text, unsigned number)
{
	char digits[8];
	size_t len = 0;
	do
		digits[len++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (len > 0)
		put(text, digits[--len]);
}

static void put_list(struct text *text, struct bytes list)
{
	uint16_t value;
	put(text, ',');
	for (bool first = true; hello_next(&list, &value); first = false) {
		if (!first)
			put(text, '-');
		put_number(text, value);
	}
}

static void put_extensions(struct text *text, struct bytes extensions)
{
	uint16_t type;
	struct bytes content;
	bool first = true;
	put(text, ',');
	while (extensions.len > 0 &&
	       hello_next_extension(&extensions, &type, &content)) {
		if (is_grease(type))
			continue;
		if (!first)
			put(text, '-');
		put_number(text, type);
		first = false;
	}
}

static void put_formats(struct text *text, struct bytes formats)
{
	put(text, ',');
	for (size_t i = 0; i < formats.len; i++) {
		if (i > 0)
			put(text, '-');
		put_number(text, formats.at[i]);
	}
}

static bool finish(struct text *text, uint8_t out[MD5_LEN])
{
	digest_add(text->digests, text->at, text->len);
	return digest_end(text->digests, out);
}

bool ja3_client(struct digests *digests, const struct client_hello *hello,
		uint8_t out[MD5_LEN])
{
	struct text text = { .digests = digests };
	if (!digest_begin(digests, digests->md5))
		return false;
	put_number(&text, hello->version);
	put_list(&text, hello->ciphers);
	put_extensions(&text, hello->extensions);
	put_list(&text, hello->groups);
	put_formats(&text, hello->formats);
	return finish(&text, out);
}

bool ja3_server(struct digests *digests, const struct server_hello *hello,
		uint8_t out[MD5_LEN])
{
	struct text text = { .digests = digests };
	if (!digest_begin(digests, digests->md5))
		return false;
	put_number(&text, hello->version);
	put(&text, ',');
	put_number(&text, hello->cipher);
	put_extensions(&text, hello->extensions);
	return finish(&text, out);
}
