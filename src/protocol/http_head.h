/*
 * http_head.h: what the head of a request or response says (RFC 9110), whatever its
 * version, and how HTTP/1 writes it (RFC 9112).
 *
 * A head is read whole, by pure functions: what is asked and answered into
 * struct http_head, and what is needed to find the end of the message into struct
 * http_framing.
 */
#pragma once

#include "protocol/credentials.h"

enum http_upgrade { UPGRADE_NONE, UPGRADE_H2C, UPGRADE_TLS, UPGRADE_OTHER };

struct http_head {
	/* of a request */
	uint8_t method; /* see http_method_word() */
	char host[64];  /* without port and user */
	char path[256]; /* without query, fragment and parameters */
	char agent[160];
	bool has_proof;    /* it carried credentials: */
	bool is_for_proxy; /* Proxy-Authorization */
	struct credentials proof;
	bool waits; /* Expect: 100-continue */
	/* of a response */
	unsigned status;
	char software[64];
	char content_type[64];
	unsigned offers; /* bit per enum scheme the server would take */
	bool goes_on;    /* of one of its challenges */
	enum http_upgrade upgrade;
	bool has_grpc_status;
	unsigned grpc_status;
	/* of both */
	bool has_length;
	uint64_t length; /* Content-Length */
};

/* Takes what a field says into head; name without regard to case. */
void http_field(struct http_head *head, struct bytes name, struct bytes value);

/* The target of a request: path, absolute URI or authority (RFC 9112 3.2). */
void http_target(struct http_head *head, struct bytes target);

/* A number, digits and nothing else; false if it is none, or too large. */
bool http_number(struct bytes text, uint64_t *value);

/* Methods that are registered or well known, by number; 0, "other", are all the rest.
 */
uint8_t http_method(struct bytes token);
const char *http_method_word(uint8_t method);
enum { METHOD_OTHER, METHOD_GET, METHOD_POST, METHOD_HEAD, METHOD_CONNECT };

/* ---- HTTP/1 ---- */

/* Ways to be wrong; some are how requests are smuggled past a proxy (RFC 9112 11.2). */
enum http_flaw {
	FLAW_BOTH = 1 << 0,      /* Content-Length and Transfer-Encoding (6.1) */
	FLAW_LENGTHS = 1 << 1,   /* two of different value (6.3) */
	FLAW_LENGTH = 1 << 2,    /* not a number (6.3) */
	FLAW_CODING = 1 << 3,    /* one that is almost "chunked" (6.1) */
	FLAW_ORDER = 1 << 4,     /* chunked, but not last (6.1) */
	FLAW_HIDDEN = 1 << 5,    /* the name or line is disguised (5.1, 2.2) */
	FLAW_UNCHUNKED = 1 << 6, /* coded without a length (6.3), or chunked twice */
	FLAW_CONTROL = 1 << 7,   /* control characters (RFC 9110 5.5) */
	FLAW_LINES = 1 << 8,     /* more lines than anybody needs */
	FLAW_TARGET = 1 << 9,    /* longer target than must be supported (3) */
};
enum { HTTP_LINES_MAX = 200, HTTP_TARGET_MAX = 8000 };

struct http_framing {
	unsigned minor;  /* of HTTP/1. */
	bool is_coded;   /* there is a Transfer-Encoding */
	bool is_chunked; /* and the last of its codings is chunked */
	unsigned flaws;  /* of enum http_flaw */
};

/*
 * Does it begin like a request (by CLIENT) or a response (by SERVER)?  Looks at few
 * bytes: neither needs its whole first line for YES.
 */
enum verdict http_begins(struct bytes data, unsigned by);

/* Reads a head, its empty line included or, if it was cut, up to its last line. */
bool http_read_request(struct bytes text, struct http_head *head,
		       struct http_framing *framing);
bool http_read_response(struct bytes text, struct http_head *head,
			struct http_framing *framing);

/*
 * Reads "1f;name=value" without its line end (RFC 9112 7.1); false if it is no size, or
 * one of more than 60 bits.
 */
bool http_read_chunk(struct bytes line, uint64_t *size);
