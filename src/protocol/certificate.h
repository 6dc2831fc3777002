/*
 * certificate.h: X.509 certificates that servers show, parsed once.
 *
 * A server shows the same one again and again: a thread keeps those it saw last, by
 * their SHA-256, so that a repeat costs a hash.  A new one costs a hundred times that,
 * so who makes them up is not served beyond a few a second.
 */
#pragma once

#include "protocol/fingerprint.h"

struct certificate {
	char subject[256], issuer[256]; /* "C=US, O=Example, CN=www.example.org" */
	char alt_names[256];            /* DNS names and addresses, joined by commas */
	char serial[64];                /* hexadecimal, upper case */
	char sha1[64];                  /* "0b:5c:..." */
	char sha256[2 * SHA256_LEN + 1];
	int64_t not_before_us, not_after_us; /* UNKNOWN_TIME */
	const char *key_type;                /* "RSA", "EC" ...; NULL: another */
	uint32_t key_bits;                   /* 0: unknown */
	bool is_self_signed;
	const char *broken_digest; /* "SHA-1": what signed it and is forgeable; NULL */
};

struct certificates;
struct certificates *certificates_new(void); /* NULL without memory */
void certificates_free(struct certificates *certificates);

/*
 * NULL if it is none, or if too many new ones came in that second.  Borrowed until the
 * next one is read; *key finds it later, if it has not been pushed out by then.
 */
enum { CERTIFICATES_PER_SECOND = 200 };
const struct certificate *certificate_read(struct certificates *certificates,
					   struct digests *digests, struct bytes der,
					   int64_t at_us, uint64_t *key);
const struct certificate *certificate_again(struct certificates *certificates,
					    uint64_t key);
