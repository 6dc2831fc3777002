/*
 * hex.h: bytes as hexadecimal digits, in small letters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two digits for each, and a NUL. */
void hex_text(char *out, const uint8_t *at, size_t len);

/* Exactly len bytes of twice as many digits. False if the text is anything else. */
bool hex_read(const char *text, uint8_t *bytes, size_t len);
