/*
 * talk.h: a conversation: two sides that take turns, and what its reader makes of it.
 *
 * Whoever has bytes (the packet path, a probe, a test) gives them to the talk in order;
 * the protocol's reader tells what it understood through the talk_...() functions
 * below.
 *
 * Nobody sees a whole stream: a reader gets what a side says as it comes, and what it
 * does not take is kept for it, up to turn_max bytes.  What comes beyond that, and what
 * follows bytes that were lost, is not given until that side's next turn begins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "record/record.h"

/* Zeek's originator and responder. */
enum { CLIENT = 0, SERVER = 1 };

/* What one side says. */
struct said {
	unsigned by; /* CLIENT or SERVER */
	/*
	 * Unread bytes in order: those left last time, then what came now.  A reader
	 * takes from the front what it understood.  TCP: part of a stream, cut
	 * anywhere; others: one datagram.
	 */
	struct bytes data;
	size_t fresh;   /* how many of them, at the end, are new */
	size_t beyond;  /* bytes that came with them and are not given */
	bool begins;    /* data starts with the first byte of a turn */
	bool after_gap; /* bytes of this side before it were lost or not given */
	bool peer_lost; /* and bytes of the other side, since it was last given */
	bool ends;      /* what is left of data will not be given again */
	int64_t at_us;
};

/* Fields the probe and the passive reader both fill; "" and NULL are unknown. */
struct facts {
	char software[64]; /* of the server, as it says: "OpenSSH_9.2p1 Debian-2" */
	char client_software[64]; /* of the client */
	char name[64];            /* asked for: TLS server name, HTTP host, DNS query */
	char user[32];            /* who logged in or tried to */
	char cipher[48];          /* suite or algorithm in use */
	char version[16];         /* of the protocol: "TLS 1.3", "HTTP/1.1", "2.0" */
	uint8_t cleartext;        /* 1, 0 or UNKNOWN_FLAG */
	/* Media (RTP) of both sides; without packets the others are unknown. */
	uint64_t rtp_packets, rtp_lost, jitter_us;
};

/*
 * Something wrong that a reader may notice; each protocol defines its own, static.
 * Becomes a finding whose summary is "<what was seen>: <why>".
 */
enum about {
	ABOUT_SERVICE, /* one finding per port: how the server is set up */
	ABOUT_CLIENT,  /* one per port and client: what somebody did */
};
struct talk_notice {
	const char *kind; /* cleartext_login, weak_protocol, protocol_anomaly, tunnel */
	const char
		*technique; /* which one of the kind, snake_case: "request_smuggling" */
	const char *severity; /* notice, low, medium, high, critical */
	const char *mitre;    /* ATT&CK technique, or NULL */
	enum about about;
	const char *why; /* why it matters, with the RFC; no full stop */
};

enum outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

enum {
	TALK_STATE_MAX = 512,
	TALK_NOTICES = 6,
	USER_MAX = 64,
};

struct protocol;
struct talk;

/* Who hears what readers tell.  Called from the thread that feeds the talk. */
struct talk_sink {
	void *self;
	/*
	 * A record of the conversation: login, http, dns ... Its SPOKEN() fields are
	 * set already, but for iface and vlan; the hearer may set those.
	 */
	void (*record)(void *self, struct talk *talk, enum record_kind kind,
		       struct spoken *record);
	/* detail: what was seen, one clause; borrowed. */
	void (*notice)(void *self, struct talk *talk, const struct talk_notice *notice,
		       const char *detail, int64_t at_us);
	/* took_us: UNKNOWN_U64 if not measured. */
	void (*answer)(void *self, struct talk *talk, bool is_error, uint64_t took_us);
	record_bits wants; /* bit per record_kind: others need not be made */
};

/* What all talks of one thread share: tables of readers that look across talks. */
struct talk_room;

struct talk {
	const struct protocol *protocol; /* NULL: not yet recognised */
	const struct talk_sink *sink;
	struct talk_room *room;
	/* Of the conversation; set by whoever feeds, before each call. */
	const struct addr *addr; /* [2]: client, server */
	const uint16_t *port;    /* [2] */
	int64_t start_us;
	/* The reader's words to whoever feeds. */
	uint64_t skip[2];  /* of a side: bytes not to be given */
	bool skip_turn[2]; /* of a side: not to be given until its next turn */
	bool done;         /* nothing more to read */
	uint8_t transport; /* of the conversation, too */
	const struct talk_notice *told[TALK_NOTICES];
	struct facts facts;
	_Alignas(16) uint8_t state[TALK_STATE_MAX];
};

/* ---- for readers ---- */

/* The reader's own state: STATE(talk, struct http_state). */
#define STATE(talk, type) ((type *)(void *)(talk)->state)

/* Nothing more needs to be read; the facts stay. */
static inline void talk_done(struct talk *talk)
{
	talk->done = true;
}

/* The next n bytes of that side, behind what was taken, are of no interest. */
static inline void talk_skip(struct talk *talk, unsigned by, uint64_t n)
{
	talk->skip[by] += n;
}

/*
 * The same for the next n bytes where some of them may be at hand: those are taken.  If
 * the rest of the turn is not given anyway, nothing else need be passed over.
 */
static inline void talk_pass(struct talk *talk, struct said *said, uint64_t n)
{
	size_t here = n < said->data.len ? (size_t)n : said->data.len;
	bytes_take(&said->data, here);
	if (!said->ends)
		talk_skip(talk, said->by, n - here);
}

/* Nor is what else its turn brings, data included: take nothing more of it. */
static inline void talk_skip_turn(struct talk *talk, unsigned by)
{
	talk->skip_turn[by] = true;
}

/*
 * From the next byte on it is another protocol (STARTTLS, upgrade): its reader reads
 * on, with fresh state.  Facts stay.  Give NULL to have it recognised anew.
 */
void talk_become(struct talk *talk, const struct protocol *protocol);

/* Is anybody interested in that record? */
static inline bool talk_wants(const struct talk *talk, enum record_kind kind)
{
	return talk->sink != NULL && (talk->sink->wants >> kind & 1) != 0;
}

/*
 * Tells a record that begins with SPOKEN() fields, which are filled in here; the rest
 * from record_init() on is the reader's.
 */
void talk_record(struct talk *talk, enum record_kind kind, void *record, int64_t at_us);

/*
 * An attempt to log in.  user: not NUL-terminated, may be empty or unknown (len 0);
 * method: a static word or NULL; seen_by "packets" or "size".  Keeps the user as a
 * fact.
 */
struct login_seen {
	struct bytes user;
	enum outcome outcome;
	const char *method, *seen_by;
};
void talk_login(struct talk *talk, const struct login_seen *login, int64_t at_us);

/* Something is wrong; a conversation tells each notice once. */
__attribute__((format(printf, 4, 5))) void talk_notice(struct talk *talk,
						       const struct talk_notice *notice,
						       int64_t at_us,
						       const char *format, ...);

/* The application answered; is_error: by its own fault (5xx), not the client's. */
void talk_answered(struct talk *talk, bool is_error, uint64_t took_us);

/* What talks of that protocol share in this thread; NULL without memory. */
void *talk_shared(struct talk *talk, const struct protocol *protocol);

/*
 * Copies a stranger's text into a field of facts or of a record, cut to fit: printable
 * ASCII stays, other bytes become '.'.
 */
void facts_text(char *field, size_t size, struct bytes text);
