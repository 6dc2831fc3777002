/*
 * message.h: what daemon and guard say to each other; private to this room.
 *
 * One datagram is one message (SOCK_SEQPACKET), so a length is either right or wrong.
 * There are two sockets: one for requests and their answers, one for events, so that
 * an answer never waits behind events that nobody reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_kind {
	MESSAGE_HELLO = 1,        /* answer only: the guard serves */
	MESSAGE_OPEN_CAPTURE = 2, /* its answer carries one or two descriptors */
	MESSAGE_NOTE_SOCKET = 3,
};

enum { MESSAGE_FDS_MAX = 2 };

/* How one that begins to serve has confined itself. */
struct guard_confined {
	int32_t error; /* 0, or why the first part that does not hold does not: -errno
			*/
	uint32_t part; /* enum sandbox_part */
};

/* No event of a task begins with this word. */
#define MESSAGE_NEWS UINT32_MAX

/* Among the events: one that is kept (keeper.h) has ended, or the next one serves. */
struct guard_news {
	uint32_t mark; /* MESSAGE_NEWS */
	uint32_t ended;
	int32_t status;    /* ended: as of waitpid(2) ... */
	uint32_t again_ms; /* ... and until the next */
	int32_t pid;       /* the next */
	struct guard_confined confined;
};

struct guard_request {
	uint32_t kind;
	uint32_t zero; /* must be: whoever sends something else is not our daemon */
};

struct guard_answer {
	uint32_t kind;
	int32_t error; /* 0 or -errno */
	/* MESSAGE_HELLO: */
	int32_t pid;
	struct guard_confined confined;
};

/* False if these bytes are no request that a daemon makes. */
bool message_parse_request(const void *bytes, size_t len, struct guard_request *out);

bool message_parse_news(const void *bytes, size_t len, struct guard_news *out);

/* 0 or -errno; -EPIPE when the other side is gone. */
int message_send(int socket, const void *bytes, size_t len, const int *fds,
		 size_t fd_count);

/*
 * Receives exactly one message of that length into bytes.  fds, unused ones -1, are the
 * caller's; NULL: none is allowed.  0; -EPIPE when the other side is gone; -EPROTO for
 * a message of another length or with descriptors where there should be none.
 */
int message_receive(int socket, void *bytes, size_t len, int fds[MESSAGE_FDS_MAX]);
