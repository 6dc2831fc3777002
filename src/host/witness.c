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

static const char *const paths[] = {
	"/proc/self/net/netstat",
	"/proc/self/net/snmp",
	"/proc/self/net/snmp6",
};
enum { FILES = sizeof(paths) / sizeof(paths[0]) };

struct witness {
	int fd[FILES]; /* -1: there is none, as without IPv6 */
	bool has_last;
	struct witness_counts last;
	char text[TEXT_MAX];
};

struct witness *witness_open(void)
{
	struct witness *witness = calloc(1, sizeof(*witness));
	if (witness == NULL)
		return NULL;
	for (unsigned i = 0; i < FILES; i++)
		witness->fd[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	if (witness->fd[0] >= 0)
		return witness;
	witness_close(witness);
	return NULL;
}

void witness_close(struct witness *witness)
{
	if (witness == NULL)
		return;
	for (unsigned i = 0; i < FILES; i++)
		if (witness->fd[i] >= 0)
			close(witness->fd[i]);
	free(witness);
}

static bool is_blank(uint8_t octet)
{
	return octet == ' ' || octet == '\t';
}

/* Takes the next word of a line; empty at its end. */
static struct bytes take_word(struct bytes *line)
{
	while (line->len > 0 && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	struct bytes word = { .at = line->at };
	while (line->len > 0 && !is_blank(*line->at)) {
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

static void take_tcp(const struct bytes *name, uint64_t value,
		     struct witness_counts *out)
{
	if (is_word(name, "SyncookiesSent"))
		out->cookies = value;
	else if (is_word(name, "TCPReqQFullDrop"))
		out->requests_dropped = value;
	else if (is_word(name, "ListenDrops"))
		out->overflows = value;
}

static void take_udp(const struct bytes *name, uint64_t value,
		     struct witness_counts *out)
{
	if (is_word(name, "RcvbufErrors"))
		out->datagrams_dropped += value;
}

typedef void (*take_count)(const struct bytes *name, uint64_t value,
			   struct witness_counts *out);

/* A line of names, and one of their values. */
static void take_pair(struct bytes names, struct bytes values, take_count take,
		      struct witness_counts *out)
{
	for (;;) {
		struct bytes name = take_word(&names), value = take_word(&values);
		if (name.len == 0 || value.len == 0)
			return;
		take(&name, number_of(&value), out);
	}
}

/* IPv6 has a line for each: a name, blanks or a tab, a value. */
static void take_udp6(struct bytes line, struct witness_counts *out)
{
	struct bytes name = take_word(&line), value = take_word(&line);
	if (is_word(&name, "Udp6RcvbufErrors"))
		out->datagrams_dropped += number_of(&value);
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
	while (rest.len > 0) {
		struct bytes line = take_line(&rest), names = line;
		struct bytes name = take_word(&names);
		bool is_tcp = is_word(&name, "TcpExt:"),
		     is_udp = is_word(&name, "Udp:");
		if (!is_tcp && !is_udp) {
			take_udp6(line, out);
			continue;
		}
		struct bytes values = take_line(&rest), again = take_word(&values);
		if (is_word(&again, is_udp ? "Udp:" : "TcpExt:"))
			take_pair(names, values, is_udp ? take_udp : take_tcp, out);
	}
}

/* A page at a time, as the kernel gives it. */
static size_t read_all(struct witness *witness, int fd)
{
	size_t len = 0;
	while (len < TEXT_MAX) {
		ssize_t got =
			pread(fd, witness->text + len, TEXT_MAX - len, (off_t)len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return len;
}

bool witness_look(struct witness *witness, struct witness_counts *rise)
{
	struct witness_counts now = { 0 }, last = witness->last;
	for (unsigned i = 0; i < FILES; i++) {
		size_t len = witness->fd[i] < 0 ? 0 : read_all(witness, witness->fd[i]);
		if (i == 0 && len == 0)
			return false;
		witness_parse(witness->text, len, &now);
	}
	bool has_last = witness->has_last;
	witness->last = now;
	witness->has_last = true;
	rise->cookies = now.cookies - last.cookies;
	rise->requests_dropped = now.requests_dropped - last.requests_dropped;
	rise->overflows = now.overflows - last.overflows;
	rise->datagrams_dropped = now.datagrams_dropped - last.datagrams_dropped;
	return has_last;
}
