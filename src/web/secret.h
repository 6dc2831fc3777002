/*
 * secret.h: 256 random bits that prove who somebody is: of a session, an API token, a
 * one-time link.
 *
 * We keep only their SHA-256: who reads our memory or our file learns nothing that lets
 * him in.  Without salt and slowness, as 256 random bits can't be guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_BYTES = 32, SECRET_TEXT_MAX = 2 * SECRET_BYTES + 1 };

struct secret_digest {
	uint8_t at[SECRET_BYTES];
};

/* A fresh one, as hexadecimal digits.  False if the kernel gives no random bits. */
bool secret_new(char text[static SECRET_TEXT_MAX]);

/* False if the text is none: SECRET_BYTES in small hexadecimal digits. */
bool secret_digest(const char *text, struct secret_digest *out);

/* SHA-256 of anything. */
bool secret_digest_of(const void *at, size_t len, struct secret_digest *out);

/* In a time that does not depend on where they differ. */
bool secret_same(const struct secret_digest *a, const struct secret_digest *b);
bool secret_same_text(const char *a, const char *b);

/* Overwrites what should not stay in memory. */
void secret_forget(void *at, size_t len);
