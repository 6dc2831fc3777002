/*
 * dots.h: text that ends with a dot alone on a line (RFC 5321 4.1.1.4, RFC 1939 3).
 *
 * It is looked through as it comes, cut anywhere, and nothing of it is kept.
 */
#pragma once

#include "base/bytes.h"

struct dots {
	uint8_t stage;
	uint8_t before;  /* how the line before the dot ended */
	uint8_t last[2]; /* bytes that went by */
	uint8_t word_len, words;
	/*
	 * A dot stood alone between line ends that are not all CRLF, and a command
	 * followed: who takes that for the end sees another message (CVE-2023-51764).
	 */
	bool is_smuggled;
};

void dots_begin(struct dots *dots);

/* Takes text, its end too.  True: it ended; what follows is left in data. */
bool dots_take(struct dots *dots, struct bytes *data);
