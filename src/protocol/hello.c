/*
 * hello.c: ClientHello and ServerHello, RFC 8446 4.1.2 and 4.1.3, RFC 5246 7.4.1; see
 * hello.h.
 *
 * A field inside an extension that is broken leaves that extension empty: servers
 * disagree on what they refuse, and the rest still says who is talking.
 */
#include <stddef.h>

#include "protocol/hello.h"

enum {
	SERVER_NAME = 0,
	SUPPORTED_GROUPS = 10,
	EC_POINT_FORMATS = 11,
	SIGNATURE_ALGORITHMS = 13,
	ALPN = 16,
	PRE_SHARED_KEY = 41,
	SUPPORTED_VERSIONS = 43,
	RANDOM_LEN = 32,
	SESSION_MAX = 32,
};

const char *tls_version_name(uint16_t version)
{
	switch (version) {
	case SSL_2:
		return "SSLv2";
	case SSL_3:
		return "SSLv3";
	case TLS_1_0:
		return "TLS 1.0";
	case TLS_1_1:
		return "TLS 1.1";
	case TLS_1_2:
		return "TLS 1.2";
	case TLS_1_3:
		return "TLS 1.3";
	case DTLS_1_0:
		return "DTLS 1.0";
	case DTLS_1_2:
		return "DTLS 1.2";
	case DTLS_1_3:
		return "DTLS 1.3";
	default:
		return NULL;
	}
}

static struct bytes take_vector8(struct bytes *data)
{
	size_t len = bytes_u8(data);
	return bytes_take(data, len);
}

static struct bytes take_vector16(struct bytes *data)
{
	size_t len = bytes_be16(data);
	return bytes_take(data, len);
}

static struct bytes or_empty(struct bytes vector)
{
	return vector.bad ? bytes_of(NULL, 0) : vector;
}

bool hello_next_extension(struct bytes *extensions, uint16_t *type,
			  struct bytes *content)
{
	*type = bytes_be16(extensions);
	*content = take_vector16(extensions);
	return bytes_ok(extensions);
}

/* server_name is a list; only names of hosts (type 0) were ever defined. */
static struct bytes host_name(struct bytes content)
{
	struct bytes list = take_vector16(&content);
	if (bytes_u8(&list) != 0)
		return bytes_of(NULL, 0);
	return or_empty(take_vector16(&list));
}

static struct bytes first_alpn(struct bytes content)
{
	struct bytes list = take_vector16(&content);
	return or_empty(take_vector8(&list));
}

static void read_client_extension(struct client_hello *hello, uint16_t type,
				  struct bytes content)
{
	switch (type) {
	case SERVER_NAME:
		hello->has_name = true;
		hello->name = host_name(content);
		break;
	case SUPPORTED_GROUPS:
		hello->groups = or_empty(take_vector16(&content));
		break;
	case EC_POINT_FORMATS:
		hello->formats = or_empty(take_vector8(&content));
		break;
	case SIGNATURE_ALGORITHMS:
		hello->signatures = or_empty(take_vector16(&content));
		break;
	case ALPN:
		hello->alpn = first_alpn(content);
		break;
	case SUPPORTED_VERSIONS:
		hello->versions = or_empty(take_vector8(&content));
		break;
	default:
		break;
	}
}

bool client_hello_parse(struct bytes body, bool is_dtls, struct client_hello *hello)
{
	*hello = (struct client_hello){ .version = bytes_be16(&body) };
	bytes_take(&body, RANDOM_LEN);
	hello->session = take_vector8(&body);
	if (is_dtls)
		take_vector8(&body); /* cookie, RFC 6347 4.2.1 */
	hello->ciphers = take_vector16(&body);
	struct bytes compressions = take_vector8(&body);
	if (!bytes_ok(&body) || hello->session.len > SESSION_MAX ||
	    hello->ciphers.len < 2 || hello->ciphers.len % 2 != 0 ||
	    compressions.len == 0)
		return false;
	if (body.len == 0) /* of before there were extensions */
		return true;
	hello->has_extensions = true;
	hello->extensions = take_vector16(&body);
	struct bytes left = hello->extensions, content;
	uint16_t type;
	while (left.len > 0 && hello_next_extension(&left, &type, &content))
		read_client_extension(hello, type, content);
	return bytes_ok(&body) && bytes_ok(&left) && body.len == 0;
}

/* DTLS counts down. */
static bool is_newer(uint16_t version, uint16_t than)
{
	return version >> 8 == 0xfe ? version < than || than == 0 : version > than;
}

uint16_t client_hello_version(const struct client_hello *hello)
{
	struct bytes left = hello->versions;
	uint16_t newest = 0, version;
	while (hello_next(&left, &version))
		if (is_newer(version, newest))
			newest = version;
	return newest != 0 ? newest : hello->version;
}

/* SHA-256 of "HelloRetryRequest" stands for the random value, RFC 8446 4.1.3. */
static const uint8_t retry_random[RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* Drafts of TLS 1.3 said 0x7f00 and their number; Facebook's, 0xfb00. */
static uint16_t released_version(uint16_t version)
{
	return version >> 8 == 0x7f || version >> 8 == 0xfb ? (uint16_t)TLS_1_3
							    : version;
}

static void read_server_extension(struct server_hello *hello, uint16_t type,
				  struct bytes content)
{
	if (type == SUPPORTED_VERSIONS && content.len == 2)
		hello->selected_version = released_version(bytes_be16(&content));
	else if (type == PRE_SHARED_KEY)
		hello->takes_psk = true;
	else if (type == ALPN)
		hello->alpn = first_alpn(content);
}

bool server_hello_parse(struct bytes body, struct server_hello *hello)
{
	*hello = (struct server_hello){ .version = bytes_be16(&body) };
	hello->selected_version = released_version(hello->version);
	struct bytes random = bytes_take(&body, RANDOM_LEN);
	/* Drafts of TLS 1.3 up to 21 had no session here. */
	if (hello->selected_version == hello->version)
		hello->session = take_vector8(&body);
	hello->cipher = bytes_be16(&body);
	if (hello->selected_version == hello->version)
		bytes_u8(&body); /* compression */
	if (!bytes_ok(&body) || hello->session.len > SESSION_MAX)
		return false;
	hello->is_retry = memcmp(random.at, retry_random, RANDOM_LEN) == 0;
	if (body.len == 0)
		return true;
	hello->extensions = take_vector16(&body);
	struct bytes left = hello->extensions, content;
	uint16_t type;
	while (left.len > 0 && hello_next_extension(&left, &type, &content))
		read_server_extension(hello, type, content);
	return bytes_ok(&body) && bytes_ok(&left) && body.len == 0;
}

/* The length of a record with a two-octet header: it has no padding. */
static size_t ssl2_length(struct bytes *record)
{
	uint16_t header = bytes_be16(record);
	if ((header & 0x8000) == 0)
		record->bad = true;
	return header & 0x7fff;
}

bool ssl2_client_hello_parse(struct bytes record, uint16_t *version)
{
	enum { HELLO = 1, HEADER_LEN = 9, CIPHER_LEN = 3, CHALLENGE_MIN = 16 };
	size_t len = ssl2_length(&record);
	uint8_t type = bytes_u8(&record);
	*version = bytes_be16(&record);
	size_t ciphers = bytes_be16(&record);
	size_t session = bytes_be16(&record);
	size_t challenge = bytes_be16(&record);
	return bytes_ok(&record) && type == HELLO &&
	       (*version == SSL_2 || (*version >= SSL_3 && *version <= TLS_1_2)) &&
	       ciphers > 0 && ciphers % CIPHER_LEN == 0 &&
	       (session == 0 || session == 16 || session == SESSION_MAX) &&
	       challenge >= CHALLENGE_MIN && challenge <= 2 * CHALLENGE_MIN &&
	       len == HEADER_LEN + ciphers + session + challenge;
}

bool ssl2_server_hello_parse(struct bytes record, struct bytes *der)
{
	enum {
		HELLO = 4,
		HEADER_LEN = 11,
		CIPHER_LEN = 3,
		X509 = 1,
		CONNECTION_MAX = 32
	};
	size_t len = ssl2_length(&record);
	uint8_t type = bytes_u8(&record);
	uint8_t is_hit = bytes_u8(&record);
	uint8_t certificate_type = bytes_u8(&record);
	uint16_t version = bytes_be16(&record);
	size_t certificate = bytes_be16(&record);
	size_t ciphers = bytes_be16(&record);
	size_t connection = bytes_be16(&record);
	bool fits = bytes_ok(&record) && type == HELLO && is_hit <= 1 &&
		    certificate_type <= X509 && version == SSL_2 &&
		    ciphers % CIPHER_LEN == 0 && connection > 0 &&
		    connection <= CONNECTION_MAX &&
		    len == HEADER_LEN + certificate + ciphers + connection;
	*der = fits && certificate_type == X509 ? bytes_take(&record, certificate)
						: bytes_of(NULL, 0);
	return fits;
}
