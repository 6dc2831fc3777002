/*
 * cipher_suites.h: what a cipher suite is called, and what is wrong with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* IANA's name: "TLS_AES_128_GCM_SHA256"; NULL if it has none. */
const char *cipher_suite_name(uint16_t suite);

/*
 * Why nobody should use it, in two or three words ("64-bit block cipher"); NULL if
 * there is nothing to say against it, or nothing known about it.
 */
const char *cipher_suite_weakness(uint16_t suite);

/* True if it leaves what is said readable. */
bool cipher_suite_is_cleartext(uint16_t suite);
