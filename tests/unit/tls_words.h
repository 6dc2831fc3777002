/*
 * tls_words.h: what TLS clients and servers say, made to order.
 *
 * A hello is written from lists of numbers, as fingerprints are published; certificates
 * are made by libcrypto, so that no test expires.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

struct words {
	size_t len;
	uint8_t at[40000];
};

static inline void put(struct words *w, const void *at, size_t len)
{
	if (len > 0)
		memcpy(w->at + w->len, at, len);
	w->len += len;
}

/* A number of that many octets, most significant first. */
static inline void put_number(struct words *w, unsigned octets, uint64_t value)
{
	while (octets-- > 0)
		w->at[w->len++] = (uint8_t)(value >> 8 * octets);
}

/* Room for the length of what follows; put_length() fills it in. */
static inline size_t open_length(struct words *w, unsigned octets)
{
	w->len += octets;
	return w->len;
}

static inline void close_length(struct words *w, unsigned octets, size_t from)
{
	struct words length = { .len = 0 };
	put_number(&length, octets, w->len - from);
	memcpy(w->at + from - octets, length.at, octets);
}

static inline struct bytes said_in(const struct words *w)
{
	return bytes_of(w->at, w->len);
}

/* ---- hellos ---- */

enum { LIST_MAX = 40 };
struct list {
	size_t count;
	uint16_t at[LIST_MAX];
};
#define LIST_OF(...)                                                                   \
	{                                                                              \
		.count = sizeof((uint16_t[]){ __VA_ARGS__ }) / 2,                      \
		.at = { __VA_ARGS__ }                                                  \
	}
#define LIST(...) ((struct list)LIST_OF(__VA_ARGS__))

struct hello_words {
	uint16_t version;
	struct list ciphers, extensions, groups, versions, signatures;
	uint8_t formats[4];
	size_t format_count;
	const char *name, *alpn[2];
	bool has_no_extensions;
	uint8_t session; /* all 32 octets of the session; 0: none */
};

static inline void put_list(struct words *w, unsigned octets, const struct list *list)
{
	size_t from = open_length(w, octets);
	for (size_t i = 0; i < list->count; i++)
		put_number(w, 2, list->at[i]);
	close_length(w, octets, from);
}

static inline void put_session(struct words *w, uint8_t session)
{
	uint8_t octets[32];
	memset(octets, session, sizeof(octets));
	put_number(w, 1, session != 0 ? 32 : 0);
	put(w, octets, session != 0 ? 32 : 0);
}

static inline void put_name(struct words *w, const char *name)
{
	size_t list = open_length(w, 2);
	put_number(w, 1, 0);
	put_number(w, 2, strlen(name));
	put(w, name, strlen(name));
	close_length(w, 2, list);
}

static inline void put_alpn(struct words *w, const char *const alpn[2])
{
	size_t list = open_length(w, 2);
	for (int i = 0; i < 2 && alpn[i] != NULL; i++) {
		put_number(w, 1, strlen(alpn[i]));
		put(w, alpn[i], strlen(alpn[i]));
	}
	close_length(w, 2, list);
}

static inline void put_extension(struct words *w, const struct hello_words *h,
				 uint16_t type)
{
	put_number(w, 2, type);
	size_t from = open_length(w, 2);
	if (type == 0 && h->name != NULL)
		put_name(w, h->name);
	else if (type == 10)
		put_list(w, 2, &h->groups);
	else if (type == 13)
		put_list(w, 2, &h->signatures);
	else if (type == 16)
		put_alpn(w, h->alpn);
	else if (type == 43)
		put_list(w, 1, &h->versions);
	if (type == 11) {
		put_number(w, 1, h->format_count);
		put(w, h->formats, h->format_count);
	}
	close_length(w, 2, from);
}

/* The body of a ClientHello; a cookie is what DTLS has. */
static inline void put_client_hello(struct words *w, const struct hello_words *h,
				    bool has_cookie)
{
	static const uint8_t random[32] = { 1, 2, 3, 4, 5, 6, 7 };
	put_number(w, 2, h->version);
	put(w, random, sizeof(random));
	put_session(w, h->session);
	if (has_cookie)
		put_number(w, 1, 0);
	put_list(w, 2, &h->ciphers);
	put_number(w, 2, 0x0100); /* one compression: none */
	if (h->has_no_extensions)
		return;
	size_t from = open_length(w, 2);
	for (size_t i = 0; i < h->extensions.count; i++)
		put_extension(w, h, h->extensions.at[i]);
	close_length(w, 2, from);
}

/* Of a server: what it chose.  selected 0: it is of before TLS 1.3. */
struct choice {
	uint16_t version, cipher, selected;
	uint8_t session;
	bool is_retry, takes_psk;
	const char *alpn;
};

static inline void put_server_hello(struct words *w, const struct choice *c)
{
	static const uint8_t random[32] = { 9, 8, 7 };
	uint8_t retry[EVP_MAX_MD_SIZE];
	EVP_Digest("HelloRetryRequest", strlen("HelloRetryRequest"), retry, NULL,
		   EVP_sha256(), NULL);
	put_number(w, 2, c->version);
	put(w, c->is_retry ? retry : random, 32);
	put_session(w, c->session);
	put_number(w, 2, c->cipher);
	put_number(w, 1, 0);
	size_t from = open_length(w, 2);
	if (c->selected != 0)
		put_number(w, 6, (uint64_t)43 << 32 | 2u << 16 | c->selected);
	if (c->takes_psk)
		put_number(w, 6, (uint64_t)41 << 32 | 2u << 16);
	if (c->alpn != NULL) {
		const char *alpn[2] = { c->alpn };
		put_number(w, 2, 16);
		size_t extension = open_length(w, 2);
		put_alpn(w, alpn);
		close_length(w, 2, extension);
	}
	close_length(w, 2, from);
}

/* ---- messages and records ---- */

static inline void put_message(struct words *w, uint8_t type, struct bytes body)
{
	put_number(w, 1, type);
	put_number(w, 3, body.len);
	put(w, body.at, body.len);
}

static inline void put_record(struct words *w, uint8_t type, struct bytes payload)
{
	put_number(w, 1, type);
	put_number(w, 2, 0x0303);
	put_number(w, 2, payload.len);
	put(w, payload.at, payload.len);
}

/* The payload in records of that many octets each. */
static inline void put_records(struct words *w, uint8_t type, struct bytes payload,
			       size_t each)
{
	while (payload.len > 0) {
		size_t len = payload.len < each ? payload.len : each;
		put_record(w, type, bytes_take(&payload, len));
	}
}

static inline void put_client(struct words *w, const struct hello_words *h)
{
	struct words body = { .len = 0 }, message = { .len = 0 };
	put_client_hello(&body, h, false);
	put_message(&message, 1, said_in(&body));
	put_record(w, 22, said_in(&message));
}

static inline void put_choice(struct words *messages, const struct choice *c)
{
	struct words body = { .len = 0 };
	put_server_hello(&body, c);
	put_message(messages, 2, said_in(&body));
}

static inline void put_certificates(struct words *messages, struct bytes first,
				    struct bytes second)
{
	struct words body = { .len = 0 };
	size_t list = open_length(&body, 3);
	put_number(&body, 3, first.len);
	put(&body, first.at, first.len);
	put_number(&body, 3, second.len);
	put(&body, second.at, second.len);
	close_length(&body, 3, list);
	put_message(messages, 11, said_in(&body));
}

/* ---- certificates ---- */

struct certificate_words {
	const char *name, *issuer; /* CN; no issuer: signed by itself */
	const char *alt;           /* "DNS:a.example,IP:192.0.2.7" */
	int64_t from_s, to_s;
	EVP_PKEY *key;
	const EVP_MD *digest; /* NULL: SHA-256 */
};

static inline void name_it(X509_NAME *name, const char *common)
{
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"DE", -1,
				   -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
				   (const uint8_t *)"Example, Inc.", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)common,
				   -1, -1, 0);
}

/* DER, in w. */
static inline struct bytes make_certificate(struct words *w,
					    const struct certificate_words *c)
{
	X509 *x509 = X509_new();
	uint8_t *der = NULL;
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 0xc0ffee);
	ASN1_TIME_set(X509_getm_notBefore(x509), c->from_s);
	ASN1_TIME_set(X509_getm_notAfter(x509), c->to_s);
	name_it(X509_get_subject_name(x509), c->name);
	name_it(X509_get_issuer_name(x509), c->issuer != NULL ? c->issuer : c->name);
	X509_set_pubkey(x509, c->key);
	if (c->alt != NULL) {
		X509_EXTENSION *alt =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, c->alt);
		X509_add_ext(x509, alt, -1);
		X509_EXTENSION_free(alt);
	}
	X509_sign(x509, c->key, c->digest != NULL ? c->digest : EVP_sha256());
	int len = i2d_X509(x509, &der);
	size_t from = w->len;
	put(w, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(x509);
	return bytes_of(w->at + from, (size_t)len);
}
