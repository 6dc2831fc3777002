/*
 * flight.h: what a probe in flight notes, in case it fails; private to this room.
 *
 * The flight recorder's packets are in one ring for all (recorder.h); here is what else
 * a failure wants to know: whose they are, what was said, what the kernel knew.
 */
#pragma once

#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "probe/recorder.h"

struct asked;
struct probe_ends;

enum {
	FLIGHT_ENDS = 8,
	FLIGHT_SAID_MAX = 3072, /* of one probe, both sides */
	FLIGHT_LINE_MAX = 512,  /* at once */
};

enum flight_by { BY_CLIENT, BY_SERVER, BY_TLS, BY_KERNEL, BY_DIFFERENCE, BYS };
/* "client"; NULL: none of them. */
const char *flight_by_word(unsigned by);

/* What was said, in flight->said: this, and so many octets. */
struct flight_said {
	uint32_t after_us; /* since the begin */
	uint8_t by;
	uint16_t len;
};

struct flight {
	uint64_t mark, dropped, unread; /* of the recorder, at the begin */
	struct ends ends[FLIGHT_ENDS];
	uint16_t own_port[FLIGHT_ENDS];
	size_t ends_count;
	struct buf said;
	uint32_t unsaid; /* octets that had no room there */
	bool has_alert, alert_is_ours;
	uint8_t alert;
	bool has_info;
	struct tcp_info info;
};

/* Of a prober. */
struct flight_recorder {
	bool records;
	struct recorder *recorder; /* NULL: without packets; borrowed */
	char why_not[RECORDER_WHY_MAX];
	int64_t drained_us;
	struct asked *telling;   /* whose answer is being told; NULL: nobody's */
	struct failure *failure; /* the last that was asked for; owned */
};

/* Nothing, if nobody records; what follows then does nothing, too. */
void flight_begin(struct asked *a);
void flight_free(struct asked *a);

void flight_said(struct asked *a, enum flight_by by, struct bytes said);
/* In a text that may quote the server, recorded or not. */
void flight_hide_password(const struct asked *a, char *text, size_t size);
/* Whose its packets are; of echoes with that identifier. */
void flight_note_ends(struct asked *a, const struct probe_ends *told);
void flight_note_echo(struct asked *a, uint16_t id);
/* Its socket will be closed. */
void flight_note_socket(struct asked *a);
/* Handshake and alerts of TLS; of a context, for all its connections. */
void flight_watch_tls(struct asked *a, SSL *ssl);
void flight_watch_context(struct asked *a, SSL_CTX *context);

/* A password was given, or there may be one in what we were told to say. */
bool flight_has_secret(const struct asked *a);
/* "certificate_expired"; RFC 8446 6. */
const char *flight_alert_word(uint8_t alert);
