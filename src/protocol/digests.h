/*
 * digests.h: hash functions that were looked up once; private to fingerprints.
 *
 * OpenSSL 3 looks a function up at each one-shot call, under locks that all threads
 * share.
 */
#pragma once

#include <openssl/evp.h>

#include "protocol/fingerprint.h"

struct digests {
	EVP_MD *md5, *sha1, *sha256; /* NULL: refused */
	EVP_MD_CTX *context;
};

static inline bool digest_begin(struct digests *digests, const EVP_MD *function)
{
	return function != NULL &&
	       EVP_DigestInit_ex2(digests->context, function, NULL) == 1;
}

static inline void digest_add(struct digests *digests, const void *at, size_t len)
{
	EVP_DigestUpdate(digests->context, at, len);
}

static inline bool digest_end(struct digests *digests, uint8_t *out)
{
	return EVP_DigestFinal_ex(digests->context, out, NULL) == 1;
}
