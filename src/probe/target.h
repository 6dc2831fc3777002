/*
 * target.h: what is to be asked, as people write it.
 *
 * "proto[+tcp|+udp|+tls|+starttls]://[user[:password]@]host[:port][/path][?name=value&...]"
 * where proto is a protocol's name ("ssh"), the name of its secure sister ("imaps"), or
 * one of tcp, udp, tls, icmp, http and https.  Of the last two the query is the site's,
 * and options are written behind '#'.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe/burst.h"
#include "probe/limits.h"
#include "protocol/protocol.h"

enum target_kind {
	TARGET_TCP,  /* a handshake is the answer */
	TARGET_TLS,  /* a TLS handshake is */
	TARGET_UDP,  /* any datagram is; asked in the words of the port's protocol */
	TARGET_ICMP, /* echo */
	TARGET_HTTP, /* by libcurl */
	TARGET_DIALOGUE,  /* protocol->asking */
	TARGET_HEARTBEAT, /* it is not asked: heartbeat.h */
};

enum target_tls { TARGET_PLAIN, TARGET_TLS_FIRST, TARGET_STARTTLS };

enum {
	TARGET_TEXT_MAX = 256,
	TARGET_TIMEOUT_MS = 5000,
	TARGET_TIMEOUT_MAX_MS = 120000
};

/* A target may stand for several, each of which is one of its own (members.c). */
enum target_members {
	MEMBERS_NONE,
	MEMBERS_ADDRESSES, /* addresses=all */
	MEMBERS_FAMILIES,  /* family=both */
	MEMBERS_SERVICES,  /* _ldap._tcp.example.net: the hosts of its SRV records */
};

struct http_answer;
struct http_wanted;
struct ssl_st;
struct ssl_ctx_st;

/* Who wants to know more of a probe than its record says; all are called. */
struct onlooker {
	/* A handshake was completed, and its certificates are not judged yet. */
	void (*saw_tls)(void *self, struct ssl_st *ssl);
	void (*heard)(void *self, struct bytes said);
	/* easy: libcurl's, which knows the times. */
	void (*saw_http)(void *self, void *easy, const struct http_answer *answer);
};

struct target {
	char text[TARGET_TEXT_MAX]; /* as written, without the password */
	char *texts;                /* owned: what the pointers below point into */
	size_t texts_len;
	enum target_kind kind;
	enum target_tls tls;
	uint8_t transport;
	uint16_t port;
	const struct protocol *protocol; /* NULL: none is spoken */
	const struct asking *asking; /* its words, or any; NULL: a handshake will do */
	struct question question;    /* host, path, user, password, options */
	uint32_t timeout_ms;
	/* Of options that every target takes. */
	uint8_t family; /* 4, 6; 0: as the resolver orders */
	bool wants_both_families, wants_all_addresses;
	enum target_members members;
	char *url;        /* owned: as written; of one that stands for several */
	bool has_address; /* to be asked, whatever the name says */
	struct addr address;
	struct addr source;      /* unset: as the kernel chooses */
	const char *resolver;    /* to be asked for the name; NULL: the machine's */
	const char *netns;       /* network namespace; NULL: our own */
	const char *interface;   /* NULL: any */
	struct burst burst;      /* of those that can be asked many times */
	const char *server_name; /* for TLS; NULL: the host */
	struct probe_limits limits;
	uint32_t every_s, grace_s; /* of TARGET_HEARTBEAT; 0: as its rules say */
	char *token;               /* owned; NULL: none */
	bool verifies;             /* a certificate that is not good makes it down */
	bool verifies_dates;       /* ... if it is not valid now; whose it is may be */
	/* Of who asks for others (blackbox.c). */
	uint8_t hop_limit;  /* of echoes; 0: as the kernel has it */
	bool dont_fragment; /* of echoes over IPv4 */
	uint16_t echo_data; /* bytes in an echo; 0: as many as we like */
	uint8_t prefers; /* 4, 6: that family, if there is one, where none is given */
	const struct prefix *allow; /* addresses that may be asked; NULL: all */
	size_t allow_count;
	struct ssl_ctx_st *tls_context;  /* NULL: the prober's */
	const struct onlooker *onlooker; /* NULL: none */
	void *onlooker_self;
	/* Whose address is asked: the host's own, or a proxy's. */
	const char *connect_host;
	uint16_t connect_port;
	struct http_wanted *http;     /* owned; of TARGET_HTTP */
	struct dialogue_steps *steps; /* owned; the user's words; NULL: none */
};

/*
 * False, with why (at most 256 bytes, one sentence that says what is allowed), if it is
 * no target.  What it owns is given back with target_free().
 */
enum { TARGET_WHY_MAX = 256 };
bool target_parse(struct target *target, const char *text, char why[TARGET_WHY_MAX]);
void target_free(struct target *target);

/*
 * It is asked in these words, which it takes over, instead of its own.  False, with
 * why: it is not one for which there are words of one's own.
 */
bool target_speak(struct target *target, struct dialogue_steps *steps,
		  char why[TARGET_WHY_MAX]);

/* The file of its token; NULL: it has none. */
const char *target_token_file(const struct target *target);

/* Of a target's text; unkeyed on purpose: the same after a restart. */
uint64_t target_hash(const char *text);

/* May that address be asked?  It is an address's to say: a name may stand for any. */
bool target_allows(const struct target *target, const struct addr *addr);

/* "500ms", "10s", or seconds. */
#define TARGET_TIMEOUT_ALLOWED "1ms to 120s"
bool target_timeout_parse(const char *text, uint32_t *timeout_ms);
