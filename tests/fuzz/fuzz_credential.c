/*
 * fuzz_credential.c: any bytes as the headers that say who somebody is: what is taken
 * for ours has the form of ours, and of no other length.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "web/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A cookie's value holds no separator, whatever stands around it. */
static void check(const struct credential *credential)
{
	if (strpbrk(credential->session, ";") != NULL ||
	    strlen(credential->session) >= SECRET_TEXT_MAX ||
	    strlen(credential->csrf) >= SECRET_TEXT_MAX ||
	    strlen(credential->token) >= TOKEN_TEXT_MAX)
		abort();
	if (!credential->is_bearer && credential->token[0] != '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct credential credential;
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* One header after the other, as lines. */
	char *second = strchr(text, '\n');
	if (second != NULL)
		*second++ = '\0';
	const struct credential_headers headers = { .cookie = text,
						    .authorization = second,
						    .csrf = second };
	credential_read(&headers, "__Host-breakwater_7070", &credential);
	check(&credential);
	if (second != NULL && origin_is_host(text, second) &&
	    strstr(text, "://") == NULL)
		abort();
	free(text);
	return 0;
}
