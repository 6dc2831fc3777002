/*
 * hello.h: what client and server say first in a handshake of TLS, whether records,
 * DTLS or QUIC carried it.
 *
 * Parsed hellos borrow the message's bytes.  What is not there is empty.
 */
#pragma once

#include "base/bytes.h"

enum tls_version {
	SSL_2 = 0x0002,
	SSL_3 = 0x0300,
	TLS_1_0 = 0x0301,
	TLS_1_1 = 0x0302,
	TLS_1_2 = 0x0303,
	TLS_1_3 = 0x0304,
	DTLS_1_0 = 0xfeff,
	DTLS_1_2 = 0xfefd,
	DTLS_1_3 = 0xfefc,
};

/* "TLS 1.3"; NULL if it is none of those. */
const char *tls_version_name(uint16_t version);

/* Values that clients make up so that servers learn to ignore them, RFC 8701. */
static inline bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/*
 * Takes the next two-octet value that is not GREASE off a list of them; false at its
 * end.
 */
static inline bool hello_next(struct bytes *list, uint16_t *value)
{
	do
		*value = bytes_be16(list);
	while (bytes_ok(list) && is_grease(*value));
	return bytes_ok(list);
}

/* Takes the next extension; false at their end. */
bool hello_next_extension(struct bytes *extensions, uint16_t *type,
			  struct bytes *content);

struct client_hello {
	uint16_t version; /* legacy_version: what it says for servers of old */
	bool has_name, has_extensions;
	struct bytes session;    /* legacy_session_id */
	struct bytes ciphers;    /* two octets each */
	struct bytes extensions; /* for hello_next_extension() */
	/* Of them: */
	struct bytes name;       /* server_name, RFC 6066 */
	struct bytes alpn;       /* the first offered, RFC 7301 */
	struct bytes versions;   /* supported_versions, two octets each */
	struct bytes groups;     /* supported_groups, two octets each */
	struct bytes formats;    /* ec_point_formats, one octet each */
	struct bytes signatures; /* signature_algorithms, two octets each */
};

/* A message without its header; false if it is broken.  DTLS has a cookie in it. */
bool client_hello_parse(struct bytes body, bool is_dtls, struct client_hello *hello);

/* The newest version it offers. */
uint16_t client_hello_version(const struct client_hello *hello);

struct server_hello {
	uint16_t version;          /* legacy_version */
	uint16_t selected_version; /* supported_versions, or legacy_version */
	uint16_t cipher;
	bool is_retry; /* HelloRetryRequest: the client is to ask again (RFC 8446 4.1.4)
			*/
	bool takes_psk; /* pre_shared_key selected */
	struct bytes session;
	struct bytes extensions;
	struct bytes alpn; /* selected */
};

bool server_hello_parse(struct bytes body, struct server_hello *hello);

/*
 * SSL 2.0 (RFC 6101 appendix E), from the two octets of length on: true if the fixed
 * fields are there and agree with that length.
 */
bool ssl2_client_hello_parse(struct bytes record, uint16_t *version);
/* der: the certificate; bad if not all of it is there, empty if there is none. */
bool ssl2_server_hello_parse(struct bytes record, struct bytes *der);
