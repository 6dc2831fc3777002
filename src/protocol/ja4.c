/*
 * ja4.c: JA4 of a client, as FoxIO's technical details say it (BSD licence; the
 * patented ones of that family are not here).
 *
 * "t13d1516h2_8daaf6152771_e5627efa2ab1": what carried it, newest version, whether a
 * name is asked for, how many ciphers and extensions, ends of the first ALPN; then 12
 * digits of SHA-256 over the sorted ciphers, and over the sorted extensions (without
 * name and ALPN) with the signature algorithms as they come.  GREASE counts nowhere.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "protocol/digests.h"

/* Real clients have fewer than a hundred of each. */
enum { VALUES_MAX = 512, HASH_LEN = 12, SERVER_NAME = 0, ALPN = 16 };

struct values {
	size_t count;
	bool overflows;
	uint16_t at[VALUES_MAX];
};

static void add(struct values *values, uint16_t value)
{
	if (values->count < VALUES_MAX)
		values->at[values->count++] = value;
	else
		values->overflows = true;
}

static int compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void sort(struct values *values)
{
	qsort(values->at, values->count, sizeof(values->at[0]), compare);
}

/* "002f,0035" */
static void add_list(struct digests *digests, const struct values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		char text[6] = ",";
		uint8_t octets[2] = { (uint8_t)(values->at[i] >> 8),
				      (uint8_t)values->at[i] };
		hex_text(text + 1, octets, 2);
		digest_add(digests, i > 0 ? text : text + 1, i > 0 ? 5 : 4);
	}
}

/* The first digits of the hash of both lists; zeros if the first is empty. */
static bool hash_lists(struct digests *digests, const struct values *first,
		       const struct values *second, char out[HASH_LEN + 1])
{
	uint8_t hash[SHA256_LEN] = { 0 };
	if (first->count > 0) {
		if (!digest_begin(digests, digests->sha256))
			return false;
		add_list(digests, first);
		if (second->count > 0)
			digest_add(digests, "_", 1);
		add_list(digests, second);
		if (!digest_end(digests, hash))
			return false;
	}
	hex_text(out, hash, HASH_LEN / 2);
	return true;
}

static const char *version_code(uint16_t version)
{
	switch (version) {
	case SSL_2:
		return "s2";
	case SSL_3:
		return "s3";
	case TLS_1_0:
		return "10";
	case TLS_1_1:
		return "11";
	case TLS_1_2:
		return "12";
	case TLS_1_3:
		return "13";
	case DTLS_1_0:
		return "d1";
	case DTLS_1_2:
		return "d2";
	case DTLS_1_3:
		return "d3";
	default:
		return "00";
	}
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* First and last character; of its hexadecimal form if either is none to print. */
static void alpn_ends(struct bytes alpn, char out[3])
{
	out[0] = out[1] = '0';
	out[2] = '\0';
	if (alpn.len == 0)
		return;
	uint8_t first = alpn.at[0], last = alpn.at[alpn.len - 1];
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		out[0] = (char)first;
		out[1] = (char)last;
		return;
	}
	char hex[2][3];
	hex_text(hex[0], &first, 1);
	hex_text(hex[1], &last, 1);
	out[0] = hex[0][0];
	out[1] = hex[1][1];
}

static void take_list(struct values *values, struct bytes list)
{
	uint16_t value;
	values->count = 0;
	values->overflows = false;
	while (hello_next(&list, &value))
		add(values, value);
}

/* All of them are counted, but two are not hashed. */
static unsigned take_extensions(struct values *values, struct bytes extensions)
{
	uint16_t type;
	struct bytes content;
	unsigned count = 0;
	values->count = 0;
	values->overflows = false;
	while (extensions.len > 0 &&
	       hello_next_extension(&extensions, &type, &content)) {
		if (is_grease(type))
			continue;
		count++;
		if (type != SERVER_NAME && type != ALPN)
			add(values, type);
	}
	return count;
}

static unsigned at_most_99(size_t count)
{
	return count < 99 ? (unsigned)count : 99;
}

bool ja4_client(struct digests *digests, const struct client_hello *hello,
		enum carrier carrier, char out[JA4_LEN + 1])
{
	static const struct values none = { .count = 0 };
	struct values ciphers, extensions, signatures;
	char alpn[3], hashes[2][HASH_LEN + 1];
	take_list(&ciphers, hello->ciphers);
	take_list(&signatures, hello->signatures);
	unsigned count = take_extensions(&extensions, hello->extensions);
	if (ciphers.overflows || signatures.overflows || extensions.overflows)
		return false;
	sort(&ciphers);
	sort(&extensions);
	if (!hash_lists(digests, &ciphers, &none, hashes[0]) ||
	    !hash_lists(digests, &extensions, &signatures, hashes[1]))
		return false;
	alpn_ends(hello->alpn, alpn);
	snprintf(out, JA4_LEN + 1, "%c%s%c%02u%02u%s_%s_%s", carrier,
		 version_code(client_hello_version(hello)), hello->has_name ? 'd' : 'i',
		 at_most_99(ciphers.count), at_most_99(count), alpn, hashes[0],
		 hashes[1]);
	return true;
}
