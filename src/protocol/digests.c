/*
 * digests.c: see digests.h.
 */
#include <stdlib.h>

#include "protocol/digests.h"

void digests_free(struct digests *digests)
{
	if (digests == NULL)
		return;
	EVP_MD_free(digests->md5);
	EVP_MD_free(digests->sha1);
	EVP_MD_free(digests->sha256);
	EVP_MD_CTX_free(digests->context);
	free(digests);
}

struct digests *digests_new(void)
{
	struct digests *digests = calloc(1, sizeof(*digests));
	if (digests == NULL)
		return NULL;
	digests->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	digests->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	digests->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	digests->context = EVP_MD_CTX_new();
	if (digests->context == NULL) {
		digests_free(digests);
		return NULL;
	}
	return digests;
}

static bool digest(struct digests *digests, const EVP_MD *function, struct bytes data,
		   uint8_t *out)
{
	if (!digest_begin(digests, function))
		return false;
	digest_add(digests, data.at, data.len);
	return digest_end(digests, out);
}

bool digest_sha1(struct digests *digests, struct bytes data, uint8_t out[SHA1_LEN])
{
	return digest(digests, digests->sha1, data, out);
}

bool digest_sha256(struct digests *digests, struct bytes data, uint8_t out[SHA256_LEN])
{
	return digest(digests, digests->sha256, data, out);
}
