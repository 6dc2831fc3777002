/*
 * quic_packet.c: headers by RFC 9000 17.2, keys by RFC 9001 5; see quic_packet.h.
 *
 * Versions differ in a salt, in the labels of keys and in how types are numbered.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/digests.h"
#include "protocol/quic_packet.h"

enum {
	SALT_LEN = 20,
	SECRET_LEN = SHA256_LEN,
	KEY_LEN = 16,
	IV_LEN = 12,
	TAG_LEN = 16,
	SAMPLE_LEN = 16,
	NUMBER_MAX = 4,
	PACKET_MAX = 4096, /* longer ones are not opened */
};

/* ---- versions ---- */

static const struct generation {
	uint32_t first, last;
	uint8_t salt[SALT_LEN];
	bool is_v2;
} generations[] = {
	{ QUIC_V1,
	  QUIC_V1,
	  { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	  false },
	{ QUIC_V2,
	  QUIC_V2,
	  { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	  true },
	/* draft-29 to draft-32 */
	{ QUIC_DRAFT_29,
	  QUIC_DRAFT_29 + 3,
	  { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	    0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 },
	  false },
	/* draft-33 and draft-34 are version 1 but for the number. */
	{ QUIC_DRAFT_29 + 4,
	  QUIC_DRAFT_29 + 5,
	  { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	  false },
};

static const struct generation *generation_of(uint32_t version)
{
	for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++)
		if (version >= generations[i].first && version <= generations[i].last)
			return &generations[i];
	return NULL;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* 'Q' or 'T' and three digits. */
static bool is_google(uint32_t version)
{
	uint8_t at[4] = { (uint8_t)(version >> 24), (uint8_t)(version >> 16),
			  (uint8_t)(version >> 8), (uint8_t)version };
	return (at[0] == 'Q' || at[0] == 'T') && at[1] == '0' && is_digit(at[2]) &&
	       is_digit(at[3]);
}

/* Made up so that servers answer with their versions, RFC 9000 15. */
static bool is_reserved(uint32_t version)
{
	return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

bool quic_version_text(uint32_t version, char out[QUIC_VERSION_TEXT_MAX])
{
	if (version == QUIC_V1)
		snprintf(out, QUIC_VERSION_TEXT_MAX, "QUIC v1");
	else if (version == QUIC_V2)
		snprintf(out, QUIC_VERSION_TEXT_MAX, "QUIC v2");
	else if (generation_of(version) != NULL)
		snprintf(out, QUIC_VERSION_TEXT_MAX, "QUIC draft-%u", version & 0xff);
	else if (is_google(version))
		snprintf(out, QUIC_VERSION_TEXT_MAX, "gQUIC %c%c%c%c",
			 (char)(version >> 24), (char)(version >> 16),
			 (char)(version >> 8), (char)version);
	else
		return false;
	return true;
}

/* ---- headers ---- */

uint64_t quic_number(struct bytes *data)
{
	if (data->len == 0) {
		data->bad = true;
		return 0;
	}
	switch (data->at[0] >> 6) {
	case 0:
		return bytes_u8(data);
	case 1:
		return bytes_be16(data) & 0x3fff;
	case 2:
		return bytes_be32(data) & 0x3fffffff;
	default:
		return bytes_be64(data) & 0x3fffffffffffffff;
	}
}

static enum quic_type type_of(uint8_t first, uint32_t version)
{
	unsigned number = first >> 4 & 3;
	if (version == QUIC_V2) /* RFC 9369 3.2 counts from one */
		number = (number + 3) & 3;
	return (enum quic_type)number;
}

/*
 * "Q043" and its like: flags, connection id of eight octets, version (with flag 1
 * only); Q046 has the first form of the long header.
 */
static bool take_google_packet(struct bytes *datagram, struct quic_packet *packet)
{
	enum { HAS_VERSION = 0x01, HAS_CID = 0x08, UNUSED = 0xc0 };
	struct bytes data = *datagram;
	uint8_t flags = bytes_u8(&data);
	if ((flags & 0x80) == 0) {
		if ((flags & (HAS_VERSION | HAS_CID)) != (HAS_VERSION | HAS_CID) ||
		    (flags & UNUSED) != 0)
			return false;
		bytes_take(&data, 8);
	}
	packet->type = QUIC_OLD;
	packet->version = bytes_be32(&data);
	if (!bytes_ok(&data) || !is_google(packet->version))
		return false;
	packet->whole = *datagram;
	bytes_take(datagram, datagram->len);
	return true;
}

/* What follows the connection ids, by type.  The rest of a datagram is one Retry. */
static bool take_payload(struct bytes *data, const struct bytes *datagram,
			 struct quic_packet *packet)
{
	uint64_t len = data->len;
	if (packet->type == QUIC_INITIAL) {
		uint64_t token = quic_number(data);
		bytes_take(data, token < SIZE_MAX ? (size_t)token : SIZE_MAX);
	}
	if (packet->type != QUIC_RETRY) {
		len = quic_number(data);
		packet->number_at = (size_t)(data->at - datagram->at);
	}
	if (!bytes_ok(data) || len < NUMBER_MAX)
		return false;
	size_t whole = packet->number_at + (size_t)len;
	if (packet->type == QUIC_RETRY)
		whole = datagram->len;
	packet->whole = len <= data->len ? bytes_of(datagram->at, whole)
					 : (struct bytes){ .bad = true };
	return true;
}

bool quic_take_packet(struct bytes *datagram, struct quic_packet *packet)
{
	struct bytes data = *datagram;
	*packet = (struct quic_packet){ 0 };
	if (data.len == 0)
		return false;
	uint8_t first = bytes_u8(&data);
	packet->version = bytes_be32(&data);
	if ((first & 0x80) == 0 || is_google(packet->version))
		return take_google_packet(datagram, packet);
	packet->has_fixed_bit = (first & 0x40) != 0;
	packet->to = bytes_take(&data, bytes_u8(&data));
	packet->from = bytes_take(&data, bytes_u8(&data));
	if (!bytes_ok(&data) || packet->to.len > QUIC_CID_MAX ||
	    packet->from.len > QUIC_CID_MAX)
		return false;
	packet->type = type_of(first, packet->version);
	if (packet->version == 0) {
		packet->type = QUIC_VERSION_NEGOTIATION;
		packet->number_at = (size_t)(data.at - datagram->at);
		packet->whole = *datagram;
	} else if ((generation_of(packet->version) == NULL &&
		    !is_reserved(packet->version)) ||
		   !take_payload(&data, datagram, packet)) {
		return false;
	}
	bytes_take(datagram, packet->whole.bad ? datagram->len : packet->whole.len);
	return true;
}

/* ---- keys ---- */

struct quic_opener {
	struct digests *digests;
	EVP_CIPHER *block, *sealed; /* AES-128 in ECB and in GCM */
	EVP_CIPHER_CTX *context;
	uint8_t header[PACKET_MAX], frames[PACKET_MAX];
};

struct keys {
	uint8_t key[KEY_LEN], iv[IV_LEN], header[KEY_LEN];
};

void quic_opener_free(struct quic_opener *opener)
{
	if (opener == NULL)
		return;
	digests_free(opener->digests);
	EVP_CIPHER_free(opener->block);
	EVP_CIPHER_free(opener->sealed);
	EVP_CIPHER_CTX_free(opener->context);
	free(opener);
}

struct quic_opener *quic_opener_new(void)
{
	struct quic_opener *opener = calloc(1, sizeof(*opener));
	if (opener == NULL)
		return NULL;
	opener->digests = digests_new();
	opener->block = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	opener->sealed = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	opener->context = EVP_CIPHER_CTX_new();
	if (opener->digests == NULL || opener->block == NULL ||
	    opener->sealed == NULL || opener->context == NULL) {
		quic_opener_free(opener);
		return NULL;
	}
	return opener;
}

/* HMAC-SHA256, RFC 2104; keys here are never longer than a block. */
static bool hmac(struct digests *digests, struct bytes key, struct bytes text,
		 uint8_t out[SECRET_LEN])
{
	enum { BLOCK_LEN = 64 };
	uint8_t inner[BLOCK_LEN], outer[BLOCK_LEN], hash[SECRET_LEN];
	for (size_t i = 0; i < BLOCK_LEN; i++) {
		uint8_t k = i < key.len ? key.at[i] : 0;
		inner[i] = k ^ 0x36;
		outer[i] = k ^ 0x5c;
	}
	if (!digest_begin(digests, digests->sha256))
		return false;
	digest_add(digests, inner, BLOCK_LEN);
	digest_add(digests, text.at, text.len);
	if (!digest_end(digests, hash) || !digest_begin(digests, digests->sha256))
		return false;
	digest_add(digests, outer, BLOCK_LEN);
	digest_add(digests, hash, SECRET_LEN);
	return digest_end(digests, out);
}

/* HKDF-Expand-Label of RFC 8446 7.1 for at most one block, without context. */
static bool expand(struct digests *digests, const uint8_t from[SECRET_LEN],
		   const char *label, uint8_t *out, size_t len)
{
	uint8_t info[32], block[SECRET_LEN];
	size_t label_len = strlen(label), at = 0;
	info[at++] = 0;
	info[at++] = (uint8_t)len;
	info[at++] = (uint8_t)(6 + label_len);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, label_len);
	at += 6 + label_len;
	info[at++] = 0;
	info[at++] = 1;
	if (!hmac(digests, bytes_of(from, SECRET_LEN), bytes_of(info, at), block))
		return false;
	memcpy(out, block, len);
	return true;
}

static bool derive(struct digests *digests, const struct generation *generation,
		   struct bytes cid, bool by_server, struct keys *keys)
{
	uint8_t initial[SECRET_LEN], secret[SECRET_LEN];
	bool is_v2 = generation->is_v2;
	return hmac(digests, bytes_of(generation->salt, SALT_LEN), cid, initial) &&
	       expand(digests, initial, by_server ? "server in" : "client in", secret,
		      SECRET_LEN) &&
	       expand(digests, secret, is_v2 ? "quicv2 key" : "quic key", keys->key,
		      KEY_LEN) &&
	       expand(digests, secret, is_v2 ? "quicv2 iv" : "quic iv", keys->iv,
		      IV_LEN) &&
	       expand(digests, secret, is_v2 ? "quicv2 hp" : "quic hp", keys->header,
		      KEY_LEN);
}

/* ---- opening ---- */

static bool encrypt_block(struct quic_opener *opener, const uint8_t key[KEY_LEN],
			  const uint8_t in[SAMPLE_LEN], uint8_t out[SAMPLE_LEN])
{
	int len;
	return EVP_EncryptInit_ex2(opener->context, opener->block, key, NULL, NULL) ==
		       1 &&
	       EVP_CIPHER_CTX_set_padding(opener->context, 0) == 1 &&
	       EVP_EncryptUpdate(opener->context, out, &len, in, SAMPLE_LEN) == 1;
}

/*
 * Takes the mask off the first octet and the packet number (RFC 9001 5.4): the header
 * as it was, in opener->header, and its length; 0 if that fails.
 */
static size_t unmask(struct quic_opener *opener, const struct quic_packet *packet,
		     const struct keys *keys)
{
	uint8_t mask[SAMPLE_LEN];
	const uint8_t *number = packet->whole.at + packet->number_at;
	if (!encrypt_block(opener, keys->header, number + NUMBER_MAX, mask))
		return 0;
	memcpy(opener->header, packet->whole.at, packet->number_at + NUMBER_MAX);
	opener->header[0] ^= mask[0] & 0x0f;
	size_t number_len = (size_t)(opener->header[0] & 3) + 1;
	for (size_t i = 0; i < number_len; i++)
		opener->header[packet->number_at + i] ^= mask[1 + i];
	return packet->number_at + number_len;
}

static struct bytes decrypt(struct quic_opener *opener, struct bytes sealed,
			    size_t header_len, const uint8_t key[KEY_LEN],
			    const uint8_t nonce[IV_LEN])
{
	EVP_CIPHER_CTX *context = opener->context;
	uint8_t tag[TAG_LEN];
	int len = 0, rest = 0;
	size_t text_len = sealed.len - TAG_LEN;
	memcpy(tag, sealed.at + text_len, TAG_LEN);
	bool is_sound =
		EVP_DecryptInit_ex2(context, opener->sealed, key, nonce, NULL) == 1 &&
		EVP_DecryptUpdate(context, NULL, &len, opener->header,
				  (int)header_len) == 1 &&
		EVP_DecryptUpdate(context, opener->frames, &len, sealed.at,
				  (int)text_len) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) ==
			1 &&
		EVP_DecryptFinal_ex(context, opener->frames + len, &rest) == 1;
	return is_sound ? bytes_of(opener->frames, text_len)
			: (struct bytes){ .bad = true };
}

struct bytes quic_open(struct quic_opener *opener, const struct quic_packet *packet,
		       struct bytes cid, bool by_server)
{
	const struct bytes bad = { .bad = true };
	const struct generation *generation = generation_of(packet->version);
	struct keys keys;
	if (packet->type != QUIC_INITIAL || generation == NULL || packet->whole.bad ||
	    packet->whole.len > PACKET_MAX ||
	    packet->whole.len < packet->number_at + NUMBER_MAX + SAMPLE_LEN ||
	    !derive(opener->digests, generation, cid, by_server, &keys))
		return bad;
	size_t header_len = unmask(opener, packet, &keys);
	if (header_len == 0 || packet->whole.len < header_len + TAG_LEN)
		return bad;
	/* In a handshake numbers are small: what is not sent of them is zero. */
	for (size_t i = packet->number_at; i < header_len; i++)
		keys.iv[IV_LEN - (header_len - i)] ^= opener->header[i];
	struct bytes sealed = packet->whole;
	bytes_take(&sealed, header_len);
	return decrypt(opener, sealed, header_len, keys.key, keys.iv);
}
