/*
 * ask.h: how a service is asked whether it is well, in its own protocol's words.
 *
 * A dialogue is one function that is called when something happened; it does no I/O and
 * reads no clock.  Whoever runs it (the prober, a test) sends what it puts out, gives
 * it what comes, starts TLS when it says so, and keeps the time.  What can be learned
 * from both sides' words (software, version, cipher) is not its business: the
 * protocol's reader gets all of them, too.
 *
 * A dialogue must not harm: it logs in only if it was given credentials, changes
 * nothing, leaves as the protocol wants it (QUIT), and waits for a server that speaks
 * first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "record/reason.h"

enum {
	ASK_OUT_MAX = 4096, /* put out and not yet sent */
	ASK_UNREAD_MAX =
		65536, /* kept of what the server said and step() did not take */
	ASK_STATE_MAX = 512,
	ASK_DETAIL_MAX = 192,
	QUESTION_OPTIONS = 16,
};

struct dialogue_steps;
struct guess;
struct protocol;

/* What is asked, and of whom.  Borrowed, the same for a whole dialogue. */
struct question {
	const char *host; /* as the user wrote it, without brackets */
	const char *path; /* behind the first slash: DNS name, database; "" if none */
	const char *user, *password; /* "" if none; both decoded */
	struct question_option {
		const char *name, *value; /* "?type=AAAA"; value "" without "=" */
	} options[QUESTION_OPTIONS];
	size_t option_count;
	bool wants_tls; /* "smtp+starttls": TLS must be started within the dialogue */
	uint8_t transport; /* IPPROTO_TCP, IPPROTO_UDP */
	struct addr local, remote;
	uint16_t local_port, port;
	uint8_t nonce[16]; /* random, new for each dialogue */
	int64_t at_us; /* Unix time at its begin; of datagrams, when it was last asked
			*/
	/* The user's own words (dialogue.h); NULL unless it is asked in these. */
	const struct dialogue_steps *dialogue;
	/* What is to be found out (probe/recognise.c); NULL: the protocol is known. */
	struct guess *guess;
};

/* Of an option; NULL if it was not given. */
const char *question_option(const struct question *question, const char *name);

/* What comes next, once all of `out` is sent. */
enum ask_next {
	ASK_LISTEN, /* more from the server: step() is called again when it came */
	/*
	 * TLS; then step() is called with nothing said and in_tls set. If it has judged
	 * before, TLS is only the polite way to leave, and step() is not called.
	 */
	ASK_START_TLS,
	ASK_OVER_TCP, /* a datagram dialogue must begin again over TCP */
	ASK_LEAVE,    /* the server will close; the prober waits a little for it */
	ASK_CLOSE,    /* close with FIN (TLS: close_notify) */
	ASK_RESET,    /* close with RST: leaves no TIME_WAIT; not where it is logged */
};

struct ask {
	const struct question *question;
	bool in_tls;
	bool is_doubtful; /* TLS with somebody whose certificate is not good */
	bool ended;       /* the server will say no more */
	bool is_quiet;    /* nothing happened for quiet_ms */
	/* The dialogue's words to who runs it. */
	enum ask_next next;
	uint32_t quiet_ms; /* call step() also when nothing came so long; 0: never */
	/* What was found to be spoken, if it was not known before: whose reader reads.
	 */
	const struct protocol *found;
	bool is_judged; /* the answer is known: the time of total_us */
	enum reason reason;
	char detail[ASK_DETAIL_MAX]; /* one clause for people, if not up; or "" */
	/* What more must come, for whoever gives up waiting; or "". */
	char expects[ASK_DETAIL_MAX];
	size_t out_len;
	uint8_t out[ASK_OUT_MAX];
	_Alignas(16) uint8_t state[ASK_STATE_MAX]; /* the dialogue's own, zeroed */
};

/*
 * Called once connected (said empty), then whenever more came, TLS was started, or the
 * server ended.  Takes from the front of *said what it has understood; the rest is
 * given again with more behind it.  Datagrams come one at a time, and are not given
 * again; one that is not the answer is let pass.  If it has not judged when the server
 * has ended, that is `closed`; if what is unread exceeds ASK_UNREAD_MAX,
 * `wrong_protocol`.
 */
typedef void (*ask_step)(struct ask *ask, struct bytes *said);

/* What a protocol's file says of asking: `.asking = &...` in its struct protocol. */
struct asking {
	uint8_t transport;   /* IPPROTO_TCP or IPPROTO_UDP: the usual one */
	uint16_t port;       /* the usual one */
	uint16_t local_port; /* whence it must be asked (DHCP); 0: from any */
	/* Over TLS from the first byte: "imaps", 993.  NULL: nobody does that. */
	const char *secure_scheme;
	uint16_t secure_port;
	bool has_starttls;  /* the dialogue can start it: "imap+starttls" */
	bool has_login;     /* takes a user and password */
	bool may_be_silent; /* UDP: a server that is well may not answer us (SNMP) */
	/*
	 * May be asked of whoever speaks it here, unbidden: no server that we know logs
	 * it as a fault or an attack, counts it against us, or keeps us out.
	 */
	bool is_harmless;
	const char *const *options; /* names, NULL ends; NULL: none */
	/* NULL, or what is wrong with these; called when a target is read. */
	const char *(*check)(const struct question *question);
	ask_step step;
	/*
	 * In place of it with somebody doubtful: leaves as the server wants it and
	 * tells nothing secret.  NULL: the server does not mind that we just close.
	 */
	ask_step doubtful_step;
};

/* The dialogue's own state: ASK_STATE(ask, struct smtp_asking). */
#define ASK_STATE(ask, type) ((type *)(void *)(ask)->state)

/* Add to what is to be sent.  Too much is a mistake of ours: nothing is sent then. */
void ask_send(struct ask *ask, const void *bytes, size_t len);
__attribute__((format(printf, 2, 3))) void ask_say(struct ask *ask, const char *format,
						   ...);

/* The service is well; how to go on from here. */
void ask_well(struct ask *ask, enum ask_next next);
/* It is not; the first judgement stands. */
__attribute__((format(printf, 4, 5))) void ask_unwell(struct ask *ask,
						      enum reason reason,
						      enum ask_next next,
						      const char *format, ...);

/*
 * A stranger's text for a detail: printable ASCII stays, other bytes become '.', cut to
 * size.  Returns text.
 */
const char *ask_quote(char *text, size_t size, struct bytes said);
