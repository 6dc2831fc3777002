/*
 * sign.c: see sign.h.
 *
 * The text of a public key is base32 of a byte that says what it is of, the key, and a
 * CRC-16/XMODEM of both, low octet first.  A seed's begins with the same byte shifted
 * into the second one, so that it reads "SU..." where the key reads "U...".
 */
#include "fleet/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "base/base32.h"

enum {
	KEY_LEN = 32,
	CRC_LEN = 2,
	PUBLIC_LEN = 1 + KEY_LEN + CRC_LEN,
	SEED_LEN = 2 + KEY_LEN + CRC_LEN,
	SEED_LETTER = 'S' - 'A',
};

/* Base32's first digit is the letter. */
static const char letters[] = {
	[NKEY_OPERATOR] = 'O',
	[NKEY_ACCOUNT] = 'A',
	[NKEY_USER] = 'U',
	[NKEY_SERVER] = 'N',
};

static uint8_t letter_of(enum nkey_kind kind)
{
	return (uint8_t)(letters[kind] - 'A');
}

static bool kind_of(uint8_t letter, enum nkey_kind *kind)
{
	for (size_t i = 0; i < sizeof(letters); i++)
		if (letters[i] - 'A' == letter) {
			*kind = (enum nkey_kind)i;
			return true;
		}
	return false;
}

static uint16_t crc16(const uint8_t *at, size_t len)
{
	uint32_t crc = 0;
	for (size_t i = 0; i < len; i++) {
		crc ^= (uint32_t)at[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0);
	}
	return (uint16_t)crc;
}

/* Fills in the last two octets. */
static void seal(uint8_t *raw, size_t len)
{
	uint16_t crc = crc16(raw, len - CRC_LEN);
	raw[len - 2] = (uint8_t)crc;
	raw[len - 1] = (uint8_t)(crc >> 8);
}

static bool is_sealed(const uint8_t *raw, size_t len)
{
	return crc16(raw, len - CRC_LEN) == (raw[len - 2] | raw[len - 1] << 8);
}

static EVP_PKEY *private_of(const struct nkey *key)
{
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, KEY_LEN);
}

/* Of the seed. */
static bool make_public(struct nkey *key)
{
	size_t len = KEY_LEN;
	EVP_PKEY *pair = private_of(key);
	bool is_made = pair != NULL &&
		       EVP_PKEY_get_raw_public_key(pair, key->public_key, &len) == 1 &&
		       len == KEY_LEN;
	EVP_PKEY_free(pair);
	return is_made;
}

bool nkey_make(enum nkey_kind kind, struct nkey *out)
{
	*out = (struct nkey){ .kind = kind, .has_seed = true };
	if (getrandom(out->seed, KEY_LEN, 0) == KEY_LEN && make_public(out))
		return true;
	nkey_forget(out);
	return false;
}

static bool parse_public(struct bytes text, struct nkey *out)
{
	uint8_t raw[PUBLIC_LEN];
	if (!base32_decode(text, raw, PUBLIC_LEN) || !is_sealed(raw, PUBLIC_LEN) ||
	    (raw[0] & 7) != 0 || !kind_of(raw[0] >> 3, &out->kind))
		return false;
	memcpy(out->public_key, raw + 1, KEY_LEN);
	return true;
}

/* The letter's five bits are the last three of the first octet and two of the next. */
static bool parse_seed(struct bytes text, struct nkey *out)
{
	uint8_t raw[SEED_LEN];
	bool is_seed = base32_decode(text, raw, SEED_LEN) && is_sealed(raw, SEED_LEN) &&
		       raw[0] >> 3 == SEED_LETTER && (raw[1] & 63) == 0 &&
		       kind_of((uint8_t)((raw[0] & 7) << 2 | raw[1] >> 6), &out->kind);
	if (is_seed) {
		memcpy(out->seed, raw + 2, KEY_LEN);
		out->has_seed = true;
		is_seed = make_public(out);
	}
	OPENSSL_cleanse(raw, sizeof(raw));
	return is_seed;
}

bool nkey_parse(const char *text, struct nkey *out)
{
	struct bytes t = bytes_of(text, strnlen(text, NKEY_TEXT_MAX));
	*out = (struct nkey){ 0 };
	if (parse_public(t, out) || parse_seed(t, out))
		return true;
	nkey_forget(out);
	return false;
}

void nkey_public_text(const struct nkey *key, char out[static NKEY_TEXT_MAX])
{
	uint8_t raw[PUBLIC_LEN] = { (uint8_t)(letter_of(key->kind) << 3) };
	memcpy(raw + 1, key->public_key, KEY_LEN);
	seal(raw, PUBLIC_LEN);
	base32_encode(bytes_of(raw, PUBLIC_LEN), out);
}

void nkey_seed_text(const struct nkey *key, char out[static NKEY_TEXT_MAX])
{
	uint8_t letter = letter_of(key->kind);
	uint8_t raw[SEED_LEN] = { (uint8_t)(SEED_LETTER << 3 | letter >> 2),
				  (uint8_t)(letter << 6) };
	out[0] = '\0';
	if (!key->has_seed)
		return;
	memcpy(raw + 2, key->seed, KEY_LEN);
	seal(raw, SEED_LEN);
	base32_encode(bytes_of(raw, SEED_LEN), out);
	OPENSSL_cleanse(raw, sizeof(raw));
}

void nkey_forget(struct nkey *key)
{
	OPENSSL_cleanse(key->seed, sizeof(key->seed));
	key->has_seed = false;
}

bool nkey_sign(const struct nkey *key, const void *bytes, size_t len,
	       uint8_t out[static SIGNATURE_LEN])
{
	if (!key->has_seed)
		return false;
	size_t made = SIGNATURE_LEN;
	EVP_PKEY *pair = private_of(key);
	EVP_MD_CTX *signing = EVP_MD_CTX_new();
	bool is_signed = pair != NULL && signing != NULL &&
			 EVP_DigestSignInit(signing, NULL, NULL, NULL, pair) == 1 &&
			 EVP_DigestSign(signing, out, &made, bytes, len) == 1 &&
			 made == SIGNATURE_LEN;
	EVP_MD_CTX_free(signing);
	EVP_PKEY_free(pair);
	return is_signed;
}

bool nkey_verify(const struct nkey *key, const void *bytes, size_t len,
		 const uint8_t signature[static SIGNATURE_LEN])
{
	EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
							   key->public_key, KEY_LEN);
	EVP_MD_CTX *checking = EVP_MD_CTX_new();
	bool is_right =
		public_key != NULL && checking != NULL &&
		EVP_DigestVerifyInit(checking, NULL, NULL, NULL, public_key) == 1 &&
		EVP_DigestVerify(checking, signature, SIGNATURE_LEN, bytes, len) == 1;
	EVP_MD_CTX_free(checking);
	EVP_PKEY_free(public_key);
	return is_right;
}
