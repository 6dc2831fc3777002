/*
 * tls_dialogue.h: whole handshakes of TLS, said in segments, and what was heard of
 * them.
 */
#pragma once

#include "talk_check.h"
#include "tls_words.h"

extern const struct protocol protocol_tls;

enum { NOW_S = 1700000000, DAY_S = 86400 };

static const struct hello_words asks = {
	.version = 0x0303,
	.session = 5,
	.ciphers = LIST_OF(0x1301, 0xc02f, 0x002f),
	.extensions = LIST_OF(0, 16, 43),
	.versions = LIST_OF(0x0304, 0x0303),
	.name = "mail.example.org",
	.alpn = { "imap" },
};
static const struct choice takes_1_2 = { .version = 0x0303,
					 .cipher = 0xc02f,
					 .session = 6 };
static const struct choice takes_1_3 = {
	.version = 0x0303, .cipher = 0x1301, .selected = 0x0304, .session = 5
};

/* What both say, segment by segment. */
struct dialogue {
	size_t count;
	unsigned by[16];
	struct words said[16];
};

static inline struct words *says(struct dialogue *d, unsigned by)
{
	d->by[d->count] = by;
	d->said[d->count].len = 0;
	return &d->said[d->count++];
}

static inline struct dialogue *new_dialogue(void)
{
	struct dialogue *d = malloc(sizeof(*d));
	d->count = 0;
	put_client(says(d, CLIENT), &asks);
	return d;
}

static inline void put_change_cipher(struct words *w)
{
	static const uint8_t sealed[40] = { 0xaa };
	put_record(w, 20, bytes_of("\1", 1));
	put_record(w, 22, bytes_of(sealed, sizeof(sealed)));
}

static inline void put_data(struct words *w)
{
	static const uint8_t sealed[100] = { 0xbb };
	put_record(w, 23, bytes_of(sealed, sizeof(sealed)));
}

/* ServerHello, certificates, request, done: as one row of messages. */
static inline struct words flight_of(const struct choice *choice,
				     const struct certificate_words *certificate,
				     size_t second_len)
{
	static const uint8_t filler[20000];
	struct words messages = { .len = 0 }, der = { .len = 0 };
	struct words request = { .len = 0 };
	put_choice(&messages, choice);
	put_certificates(&messages, make_certificate(&der, certificate),
			 bytes_of(filler, second_len));
	put_number(&request, 4, 0);
	put_message(&messages, 13, said_in(&request));
	put_message(&messages, 14, bytes_of(NULL, 0));
	return messages;
}

/* A whole handshake of TLS 1.2, its server's messages in records of `each` octets. */
static inline struct dialogue *handshake_of(const struct choice *choice,
					    const struct certificate_words *certificate,
					    size_t second_len, size_t each)
{
	struct dialogue *d = new_dialogue();
	struct words flight = flight_of(choice, certificate, second_len);
	put_records(says(d, SERVER), 22, said_in(&flight), each);
	struct words *key = says(d, CLIENT);
	put_record(key, 22, bytes_of("\x10\0\0\1k", 5));
	put_change_cipher(key);
	put_change_cipher(says(d, SERVER));
	put_data(says(d, CLIENT));
	put_data(says(d, SERVER));
	return d;
}

/* Says it in pieces of that many octets; 0: as it is. */
static inline struct talk_check *hear(const struct dialogue *d, size_t each)
{
	struct talk_check *c = talk_check_new(&protocol_tls, IPPROTO_TCP, 443);
	for (size_t i = 0; i < d->count; i++) {
		struct bytes left = said_in(&d->said[i]);
		while (left.len > 0) {
			size_t len = each != 0 && each < left.len ? each : left.len;
			struct bytes piece = bytes_take(&left, len);
			talk_say(c, d->by[i], piece.at, piece.len);
		}
	}
	talk_finish(c);
	return c;
}

static inline struct talk_check *hear_once(struct dialogue *d)
{
	struct talk_check *c = hear(d, 0);
	free(d);
	return c;
}

static EVP_PKEY *key;

static inline struct certificate_words good_certificate(void)
{
	return (struct certificate_words){ .name = "mail.example.org",
					   .issuer = "Example CA",
					   .alt = "DNS:mail.example.org",
					   .from_s = NOW_S - 30 * DAY_S,
					   .to_s = NOW_S + 60 * DAY_S,
					   .key = key };
}

static inline int make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key == NULL;
}

static inline int free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}
