/*
 * failure.h: what the flight recorder has to tell of a probe that failed.
 *
 *   recorder.c, recorder_ring.c   packets of our own probes, always
 *   flight.c                      what one probe notes besides
 *   failure.c                     puts it together when a probe has failed
 *   failure_packets.c             its packets, and what they say
 *   failure_words.c               the one sentence; a pure function of the facts
 *   difference.c                  what is not as it was when the target was last up
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { FAILURE_LINES = 80, FAILURE_PACKETS = 64, SUMMARY_MAX = 256 };

struct failure {
	struct failure_record record;
	struct transcript_record lines[FAILURE_LINES];
	size_t line_count;
	struct packet_record packets[FAILURE_PACKETS];
	size_t packet_count;
};
void failure_free(struct failure *failure);

/* One more line; what has no room is left out. */
void failure_line(struct failure *failure, int64_t at_us, const char *by,
		  const char *text);

/* ---- the sentence ---- */

/* An ICMP error about it. */
struct failure_icmp {
	bool is_known, is_v4;
	struct addr offender;
	uint8_t type, code;
};

/* Plain data: what its sentence is made of.  Times: -1 is unknown. */
struct failure_facts {
	const struct probe_record *record; /* reason, detail, times, certificate */
	const char *reason;
	uint8_t transport;
	uint32_t timeout_ms;
	bool has_packets;         /* all of them: what is counted below is true */
	unsigned sent, received;  /* packets */
	unsigned syns;            /* SYNs sent */
	unsigned asked_neighbour; /* times that the host's hardware address was */
	size_t sent_bytes, received_bytes; /* payload */
	int64_t answer_us;                 /* first packet sent to first that came */
	int64_t silence_us;                /* last packet that came to the end */
	int64_t rst_us; /* last packet sent with payload, or SYN, to a RST */
	struct failure_icmp icmp;
	bool has_alert, alert_is_ours;
	uint8_t alert;
	char said[64]; /* the last that the server said, for people; "" nothing */
};
void failure_summarize(const struct failure_facts *facts, char out[SUMMARY_MAX]);

/* "40 us", "3.1 ms", "1,003 ms", "12 s" */
enum { DURATION_TEXT_MAX = 24 };
void failure_duration(char out[DURATION_TEXT_MAX], int64_t us);
/* "14:02:11" of the same day (UTC) as that other time, else "2026-01-31 14:02:11". */
enum { MOMENT_TEXT_MAX = 32 };
void failure_moment(char out[MOMENT_TEXT_MAX], int64_t at_us, int64_t beside_us,
		    bool with_seconds);

/* ---- the last success ---- */

/* A probe that was up, in little room: there may be tens of thousands. */
struct remembered {
	int64_t at_us; /* 0: none */
	struct addr ip;
	int64_t cert_not_after;
	uint64_t connect_us, tls_us, first_byte_us;
	char *texts; /* owned: software, version, TLS version, cipher, subject, issuer
		      */
	uint32_t texts_len;
};
void remember(struct remembered *last, const struct probe_record *record);
void remembered_free(struct remembered *last);
/* Lines about what is different, and record.last_up. */
void failure_compare(struct failure *failure, const struct remembered *last,
		     const struct probe_record *now);

/* ---- private to the room ---- */

struct asked;
/* Recorded, and no packet of it was sent, nor a neighbour asked for. */
bool failure_was_not_sent(struct asked *a);
/* Fills packets and what the facts say of them. */
void failure_take_packets(struct asked *a, struct failure *failure,
			  struct failure_facts *facts);
