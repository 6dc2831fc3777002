/*
 * fingerprint.h: what a hello tells about the software that made it.
 *
 * JA3 and JA3S (Salesforce) are MD5 of numbers as they come; JA4 (FoxIO) sorts them, so
 * that clients that shuffle their extensions keep theirs.
 */
#pragma once

#include <stdbool.h>

#include "protocol/hello.h"

/* Hash functions, found once, for one thread. */
struct digests;
struct digests *digests_new(void); /* NULL without memory */
void digests_free(struct digests *digests);

enum { MD5_LEN = 16, SHA1_LEN = 20, SHA256_LEN = 32 };
/* False, and nothing written, if this machine refuses the algorithm (FIPS: MD5). */
bool digest_sha1(struct digests *digests, struct bytes data, uint8_t out[SHA1_LEN]);
bool digest_sha256(struct digests *digests, struct bytes data, uint8_t out[SHA256_LEN]);

bool ja3_client(struct digests *digests, const struct client_hello *hello,
		uint8_t out[MD5_LEN]);
bool ja3_server(struct digests *digests, const struct server_hello *hello,
		uint8_t out[MD5_LEN]);

/*
 * What carried a ClientHello, as JA4 writes it.
 */
enum carrier { CARRIER_TLS = 't', CARRIER_DTLS = 'd', CARRIER_QUIC = 'q' };

/* "t13d1516h2_8daaf6152771_e5627efa2ab1"; false if there is too much to sort. */
enum { JA4_LEN = 36 };
bool ja4_client(struct digests *digests, const struct client_hello *hello,
		enum carrier carrier, char out[JA4_LEN + 1]);
