/*
 * digest.h: SHA-256 (FIPS 180-4) as people compare it.
 */
#pragma once

#include <stddef.h>

/* 64 hexadecimal digits and a NUL; "" if the library fails. */
void digest_of(const void *at, size_t len, char out[static 65]);
