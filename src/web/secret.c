/*
 * secret.c: see secret.h.
 */
#include "web/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"

bool secret_new(char text[static SECRET_TEXT_MAX])
{
	uint8_t bytes[SECRET_BYTES];
	bool is_random = getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes);
	text[0] = '\0';
	if (is_random)
		hex_text(text, bytes, sizeof(bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return is_random;
}

bool secret_digest_of(const void *at, size_t len, struct secret_digest *out)
{
	unsigned made = 0;
	return EVP_Digest(at, len, out->at, &made, EVP_sha256(), NULL) == 1 &&
	       made == sizeof(out->at);
}

bool secret_digest(const char *text, struct secret_digest *out)
{
	uint8_t bytes[SECRET_BYTES];
	if (!hex_read(text, bytes, sizeof(bytes)))
		return false;
	bool is_made = secret_digest_of(bytes, sizeof(bytes), out);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return is_made;
}

bool secret_same(const struct secret_digest *a, const struct secret_digest *b)
{
	return CRYPTO_memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

bool secret_same_text(const char *a, const char *b)
{
	size_t len = strlen(a);
	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

void secret_forget(void *at, size_t len)
{
	OPENSSL_cleanse(at, len);
}
