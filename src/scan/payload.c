/*
 * payload.c: see payload.h.
 */
#include "scan/payload.h"

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "protocol/protocol.h"

/* Questions that change nothing, of protocols without a dialogue over UDP. */
static const struct {
	const char *protocol;
	const char *bytes;
	size_t len, padded; /* padded with zeros to so many; 0: not */
} table[] = {
#define WORDS(text) text, sizeof(text) - 1
	/* Call of the portmapper's procedure 0, which does nothing (RFC 5531, 1833). */
	{ "sunrpc",
	  WORDS("\x72\xfe\x1d\x13\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2\0\0\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	  0 },
	/* The same of NFS version 3 (RFC 1813). */
	{ "nfs",
	  WORDS("\x72\xfe\x1d\x14\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\3\0\0\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	  0 },
	/* Node status of "*" (RFC 1002 4.2.17). */
	{ "netbios-ns",
	  WORDS("\x12\x34\0\0\0\1\0\0\0\0\0\0\x20"
		"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\1"),
	  0 },
	/* RMCP presence ping (ASF 2.0, 3.2.4.2). */
	{ "ipmi", WORDS("\x06\0\xff\x06\0\0\x11\xbe\x80\0\0\0"), 0 },
	{ "ssdp",
	  WORDS("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
		"MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"),
	  0 },
	/* Binding request (RFC 8489 5). */
	{ "stun",
	  WORDS("\0\1\0\0\x21\x12\xa4\x42"
		"breakwater-1"),
	  0 },
	/* Which kinds of service there are (RFC 6763 9). */
	{ "mdns",
	  WORDS("\0\0\0\0\0\1\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0"
		"\0\x0c\0\1"),
	  0 },
	/* GET /.well-known/core (RFC 7252, 6690). */
	{ "coap",
	  WORDS("\x40\x01\x7d\x70\xbb.well-known\x04"
		"core"),
	  0 },
	/* A version that nobody has: the server lists its own (RFC 9000 6, 14.1). */
	{ "quic",
	  WORDS("\xc0\x1a\x2a\x3a\x4a\x08"
		"breakwtr"
		"\x08"
		"portscan"),
	  1200 },
	{ "memcached", WORDS("\0\1\0\0\0\1\0\0version\r\n"), 0 },
	/* Hard reset of a client (OpenVPN's protocol 2). */
	{ "openvpn",
	  WORDS("\x38"
		"breakwtr"
		"\0\0\0\0\0"),
	  0 },
	/* Echo request (3GPP TS 29.281 7.2.1). */
	{ "gtp", WORDS("\x32\x01\0\4\0\0\0\0\0\0\0\0"), 0 },
	/* Which instances there are (MC-SQLR 2.2.2). */
	{ "mssql-browser", WORDS("\x03"), 0 },
#undef WORDS
};

static size_t from_table(uint8_t *out, const char *protocol)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].protocol, protocol) != 0)
			continue;
		memset(out, 0, table[i].padded);
		memcpy(out, table[i].bytes, table[i].len);
		return table[i].padded > 0 ? table[i].padded : table[i].len;
	}
	return 0;
}

static void make_nonce(uint8_t out[16], const struct hash_key *key,
		       const struct payload_to *to)
{
	uint64_t words[3] = { 0 };
	memcpy(words, to->remote.ip6, sizeof(to->remote.ip6));
	for (uint64_t half = 0; half < 2; half++) {
		words[2] = half << 16 | to->port;
		uint64_t hash = hash_words(key, words, 3);
		memcpy(out + half * sizeof(hash), &hash, sizeof(hash));
	}
}

static size_t from_dialogue(uint8_t *out, const struct asking *asking,
			    const struct hash_key *key, const struct payload_to *to)
{
	char host[ADDR_TEXT_MAX];
	addr_text(&to->remote, host);
	struct question question = {
		.host = host,
		.path = "",
		.user = "",
		.password = "",
		.transport = IPPROTO_UDP,
		.local = to->local,
		.remote = to->remote,
		.local_port = to->local_port,
		.port = to->port,
		.at_us = clock_us(CLOCK_REALTIME),
	};
	make_nonce(question.nonce, key, to);
	struct ask ask = { .question = &question };
	struct bytes nothing = bytes_of("", 0);
	asking->step(&ask, &nothing);
	if (ask.out_len > PAYLOAD_MAX)
		return 0;
	memcpy(out, ask.out, ask.out_len);
	return ask.out_len;
}

size_t payload_make(uint8_t out[static PAYLOAD_MAX], const struct catalog *catalog,
		    const struct hash_key *key, const struct payload_to *to)
{
	const char *name = catalog_protocol(catalog, IPPROTO_UDP, to->port);
	if (name == NULL)
		return 0;
	const struct protocol *protocol = protocol_by_name(name);
	size_t len = 0;
	if (protocol != NULL && protocol->asking != NULL &&
	    protocol->asking->transport == IPPROTO_UDP)
		len = from_dialogue(out, protocol->asking, key, to);
	return len > 0 ? len : from_table(out, name);
}
