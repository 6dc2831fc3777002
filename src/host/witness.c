/*
 * witness.c: see witness.h.
 */
#include "host/witness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

enum { TEXT_MAX = 16384 }; /* it has some 5,000 bytes; names are added at the end */

struct witness {
	int fd;
	bool has_last;
	struct witness_counts last;
	char text[TEXT_MAX];
};

struct witness *witness_open(void)
{
	struct witness *witness = calloc(1, sizeof(*witness));
	if (witness == NULL)
		return NULL;
	witness->fd = open("/proc/self/net/netstat", O_RDONLY | O_CLOEXEC);
	if (witness->fd >= 0)
		return witness;
	free(witness);
	return NULL;
}

void witness_close(struct witness *witness)
{
	if (witness == NULL)
		return;
	close(witness->fd);
	free(witness);
}

/* Takes the next word of a line; empty at its end. */
static struct bytes take_word(struct bytes *line)
{
	while (line->len > 0 && *line->at == ' ') {
		line->at++;
		line->len--;
	}
	struct bytes word = { .at = line->at };
	while (line->len > 0 && *line->at != ' ') {
		line->at++;
		line->len--;
		word.len++;
	}
	return word;
}

static bool is_word(const struct bytes *word, const char *wanted)
{
	return word->len == strlen(wanted) && memcmp(word->at, wanted, word->len) == 0;
}

static uint64_t number_of(const struct bytes *word)
{
	uint64_t number = 0;
	for (size_t i = 0; i < word->len && word->at[i] >= '0' && word->at[i] <= '9';
	     i++)
		number = number * 10 + (uint64_t)(word->at[i] - '0');
	return number;
}

/* A line of names, and one of their values. */
static void take_pair(struct bytes names, struct bytes values,
		      struct witness_counts *out)
{
	for (;;) {
		struct bytes name = take_word(&names), value = take_word(&values);
		if (name.len == 0 || value.len == 0)
			return;
		if (is_word(&name, "SyncookiesSent"))
			out->cookies = number_of(&value);
		else if (is_word(&name, "TCPReqQFullDrop"))
			out->requests_dropped = number_of(&value);
		else if (is_word(&name, "ListenDrops"))
			out->overflows = number_of(&value);
	}
}

static struct bytes take_line(struct bytes *text)
{
	const uint8_t *end = memchr(text->at, '\n', text->len);
	struct bytes line = { .at = text->at,
			      .len = end != NULL ? (size_t)(end - text->at)
						 : text->len };
	size_t taken = line.len + (end != NULL);
	text->at += taken;
	text->len -= taken;
	return line;
}

void witness_parse(const char *text, size_t len, struct witness_counts *out)
{
	struct bytes rest = { .at = (const uint8_t *)text, .len = len };
	*out = (struct witness_counts){ 0 };
	while (rest.len > 0) {
		struct bytes names = take_line(&rest), values = take_line(&rest);
		struct bytes name = take_word(&names), value = take_word(&values);
		if (is_word(&name, "TcpExt:") && is_word(&value, "TcpExt:"))
			take_pair(names, values, out);
	}
}

/* A page at a time, as the kernel gives it. */
static size_t read_all(struct witness *witness)
{
	size_t len = 0;
	while (len < TEXT_MAX) {
		ssize_t got = pread(witness->fd, witness->text + len, TEXT_MAX - len,
				    (off_t)len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return len;
}

bool witness_look(struct witness *witness, struct witness_counts *rise)
{
	struct witness_counts now, last = witness->last;
	size_t len = read_all(witness);
	if (len == 0)
		return false;
	witness_parse(witness->text, len, &now);
	bool has_last = witness->has_last;
	witness->last = now;
	witness->has_last = true;
	rise->cookies = now.cookies - last.cookies;
	rise->requests_dropped = now.requests_dropped - last.requests_dropped;
	rise->overflows = now.overflows - last.overflows;
	return has_last;
}
