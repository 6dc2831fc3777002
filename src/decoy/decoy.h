/*
 * decoy.h: answers on ports where nobody serves, and wastes the time of who asks.
 *
 * A completed handshake proves where somebody is.  What he says is thrown away unread;
 * what he is told is a greeting, or, as endlessh does, a line of nonsense every ten
 * seconds.  Everything has a hard limit: it is one struct of fixed size, one thread,
 * and does not allocate.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DECOY_PORTS_MAX = 256,
	DECOY_CLIENTS_MAX = 256,
	DECOY_PER_SOURCE = 16,
	DECOY_LIFE_S = 600,         /* of a client */
	DECOY_READ_MAX = 64 * 1024, /* bytes that one may say */
	DECOY_CONNECTS_MAX = 200,   /* in a second; more is overload */
	DECOY_REST_S = 60,          /* for so long nobody is answered then */
	DECOY_LINE_MAX = 32,
	DECOY_BYTES_MAX = 64 * 1024, /* of memory for all of it */
};

struct decoy_stats {
	uint32_t ports;   /* that are answered */
	uint32_t clients; /* now */
	uint64_t accepted;
	uint64_t refused; /* beyond a limit: their connection was reset at once */
	uint32_t rests;   /* how often it was overloaded */
	uint32_t rests_s; /* for so long it still answers nobody; 0: it does */
};

struct decoy;

/* NULL without memory. */
struct decoy *decoy_new(void);
void decoy_free(struct decoy *decoy);

/*
 * Takes a TCP port, of all addresses; this may need a right that decoy_begin() and what
 * follows do not.  0 or -errno: -EADDRINUSE, somebody else serves it.
 */
int decoy_listen(struct decoy *decoy, uint16_t port);

/* Begins to answer, in whichever process calls it.  0 or -errno. */
int decoy_begin(struct decoy *decoy);

/* Readable when decoy_run() has something to do; also when the time has come. */
int decoy_fd(const struct decoy *decoy);
int decoy_timeout_ms(const struct decoy *decoy, int64_t now_us);
/* now_us: monotonic. */
void decoy_run(struct decoy *decoy, int64_t now_us);

void decoy_stats(const struct decoy *decoy, int64_t now_us, struct decoy_stats *stats);

/* What is usually said there first; NULL: nothing. */
const char *decoy_greeting(uint16_t port);
