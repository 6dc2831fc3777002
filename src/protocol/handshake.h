/*
 * handshake.h: what one TLS handshake told, whether records, DTLS or QUIC carried it.
 *
 * Whoever reads the carrier hands over messages as they come; the record and what is
 * wrong with the server's choices are told once, when there is no more to come.
 */
#pragma once

#include "protocol/certificate.h"
#include "protocol/pieces.h"
#include "protocol/protocol.h"

/* Handshake messages, RFC 8446 4 and RFC 5246 7.4. */
enum message {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	HELLO_VERIFY_REQUEST = 3,
	CERTIFICATE = 11,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	MESSAGE_HEADER_LEN = 4, /* type, and length in three octets */
};

/* Part of a talk's state. */
struct handshake {
	uint64_t session;     /* hash of the one the client would resume; 0: none */
	uint64_t certificate; /* certificate_again(); 0: none read */
	uint16_t version, cipher;
	uint8_t carrier;
	uint8_t alert; /* that ended it; 0: none */
	bool alert_by_server : 1;
	bool has_client : 1, has_server : 1;
	bool is_resumed : 1, asks_certificate : 1;
	bool has_ja3 : 1, has_ja3s : 1;
	bool is_told : 1;
	uint8_t ja3[MD5_LEN], ja3s[MD5_LEN];
	char ja4[JA4_LEN + 1];
	char alpn[20];
	char name[128]; /* of the server; longer ones are cut */
};

/* What all talks of a thread share. */
struct tls_shared {
	struct digests *digests;
	struct certificates *certificates;
	struct pieces *pieces;
	uint8_t message[TURN_MAX]; /* one that came in pieces, put together */
};
void *tls_shared_new(const struct hash_key *key);
void tls_shared_free(void *self);
struct tls_shared *tls_shared(struct talk *talk); /* NULL without memory */

/* False if it is broken. */
bool handshake_client_hello(struct talk *talk, struct handshake *handshake,
			    struct bytes body, enum carrier carrier);
/* *is_last: the server has chosen and goes on encrypted. */
bool handshake_server_hello(struct talk *talk, struct handshake *handshake,
			    struct bytes body, bool *is_last);
/* The server's, DER. */
void handshake_certificate(struct talk *talk, struct handshake *handshake,
			   struct bytes der, int64_t at_us);
void handshake_alert(struct handshake *handshake, unsigned by, uint8_t alert);
/* Version and cipher of a server that chose without a ServerHello of TLS. */
void handshake_chosen(struct talk *talk, struct handshake *handshake, uint16_t version,
		      uint16_t cipher);

/* Once; nothing if there was no hello. */
void handshake_tell(struct talk *talk, struct handshake *handshake, int64_t at_us);

/* "handshake_failure", RFC 8446 6; NULL if it has no name. */
const char *alert_name(uint8_t alert);

/* Tells what is wrong with what the server chose and showed; certificate may be NULL.
 */
void handshake_judge(struct talk *talk, const struct handshake *handshake,
		     const struct certificate *certificate, int64_t at_us);
