/*
 * target.h: what is to be asked, as people write it.
 *
 * "proto[+tcp|+udp|+tls|+starttls]://[user[:password]@]host[:port][/path][?name=value&...]"
 * where proto is a protocol's name ("ssh"), the name of its secure sister ("imaps"), or
 * one of tcp, udp, tls, icmp, http and https.  Of the last two the query is the site's,
 * and options are written behind '#'.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe/burst.h"
#include "protocol/protocol.h"

enum target_kind {
	TARGET_TCP,  /* a handshake is the answer */
	TARGET_TLS,  /* a TLS handshake is */
	TARGET_UDP,  /* any datagram is; asked in the words of the port's protocol */
	TARGET_ICMP, /* echo */
	TARGET_HTTP, /* by libcurl */
	TARGET_DIALOGUE, /* protocol->asking */
};

enum target_tls { TARGET_PLAIN, TARGET_TLS_FIRST, TARGET_STARTTLS };

enum {
	TARGET_TEXT_MAX = 256,
	TARGET_TIMEOUT_MS = 5000,
	TARGET_TIMEOUT_MAX_MS = 120000
};

struct http_wanted;

struct target {
	char text[TARGET_TEXT_MAX]; /* as written, without the password */
	char *texts;                /* owned: what the pointers below point into */
	size_t texts_len;
	enum target_kind kind;
	enum target_tls tls;
	uint8_t transport;
	uint16_t port;
	const struct protocol *protocol; /* NULL: none is spoken */
	const struct asking *asking; /* its words, or any; NULL: a handshake will do */
	struct question question;    /* host, path, user, password, options */
	uint32_t timeout_ms;
	/* Of options that every target takes. */
	uint8_t family;          /* 4, 6; 0: as the resolver orders */
	struct addr source;      /* unset: as the kernel chooses */
	const char *interface;   /* NULL: any */
	struct burst burst;      /* of those that can be asked many times */
	const char *server_name; /* for TLS; NULL: the host */
	bool verifies;           /* a certificate that is not good makes it down */
	/* Whose address is asked: the host's own, or a proxy's. */
	const char *connect_host;
	uint16_t connect_port;
	struct http_wanted *http; /* owned; of TARGET_HTTP */
};

/*
 * False, with why (at most 256 bytes, one sentence that says what is allowed), if it is
 * no target.  What it owns is given back with target_free().
 */
enum { TARGET_WHY_MAX = 256 };
bool target_parse(struct target *target, const char *text, char why[TARGET_WHY_MAX]);
void target_free(struct target *target);
