/*
 * history.c: packed history letters; see history.h.
 *
 * Five bits a letter, in order: history[0] holds twelve; history[1] nine, then
 * five bits of count and, per side, seven bits that count wrong checksums.
 */
#include "flow/history.h"

#include <string.h>

enum {
	LETTER_BITS = 5,
	IN_FIRST = 12,
	IN_SECOND = HISTORY_LETTERS - IN_FIRST,
	COUNT_AT = IN_SECOND * LETTER_BITS,
	CHECKSUM_AT = COUNT_AT + LETTER_BITS,
	CHECKSUM_BITS = 7,
};

static const char letters[] = " shadfrcgtwiqx^";

static unsigned letter_code(unsigned side, char letter)
{
	unsigned code = (unsigned)(strchr(letters, letter) - letters);
	return side == CLIENT && letter != '^' ? code | 16 : code;
}

static unsigned letter_count(const struct body *b)
{
	return (unsigned)(b->history[1] >> COUNT_AT) & 31;
}

static unsigned letter_at(const struct body *b, unsigned i)
{
	if (i < IN_FIRST)
		return (unsigned)(b->history[0] >> (i * LETTER_BITS)) & 31;
	return (unsigned)(b->history[1] >> ((i - IN_FIRST) * LETTER_BITS)) & 31;
}

void history_add(struct body *b, unsigned side, char letter)
{
	unsigned count = letter_count(b);
	if (count == HISTORY_LETTERS)
		return;
	uint64_t code = letter_code(side, letter);
	if (count < IN_FIRST)
		b->history[0] |= code << (count * LETTER_BITS);
	else
		b->history[1] |= code << ((count - IN_FIRST) * LETTER_BITS);
	b->history[1] += 1ULL << COUNT_AT;
}

bool history_has(const struct body *b, unsigned side, char letter)
{
	unsigned code = letter_code(side, letter), count = letter_count(b);
	for (unsigned i = 0; i < count; i++)
		if (letter_at(b, i) == code)
			return true;
	return false;
}

void history_once(struct body *b, unsigned side, char letter)
{
	if (!history_has(b, side, letter))
		history_add(b, side, letter);
}

void history_scaled(struct body *b, unsigned side, char letter, uint64_t count)
{
	while (count >= 10 && count % 10 == 0)
		count /= 10;
	if (count == 1)
		history_add(b, side, letter);
}

void history_checksum(struct body *b, unsigned side)
{
	unsigned at = CHECKSUM_AT + side * CHECKSUM_BITS;
	uint64_t seen = (b->history[1] >> at) & ((1 << CHECKSUM_BITS) - 1);
	if (seen == (1 << CHECKSUM_BITS) - 1)
		return;
	b->history[1] += 1ULL << at;
	history_scaled(b, side, 'c', seen + 1);
}

size_t history_text(const struct body *b, char out[static HISTORY_TEXT_MAX])
{
	unsigned count = letter_count(b);
	for (unsigned i = 0; i < count; i++) {
		unsigned code = letter_at(b, i);
		char letter = letters[code & 15];
		out[i] = code & 16 ? (char)(letter - 'a' + 'A') : letter;
	}
	out[count] = '\0';
	return count;
}
