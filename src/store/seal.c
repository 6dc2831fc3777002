/*
 * seal.c: see seal.h.
 */
#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"

enum { SIGNATURE_LEN = 64, ID_BYTES = 16 };

struct seal {
	EVP_PKEY *key;
	struct seal_key public;
};

/* ---- public keys ---- */

void seal_key_from(const uint8_t at[static SEAL_PUBLIC_LEN], struct seal_key *key)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	memcpy(key->at, at, SEAL_PUBLIC_LEN);
	SHA256(at, SEAL_PUBLIC_LEN, sum);
	hex_text(key->id, sum, ID_BYTES);
}

static bool public_of(EVP_PKEY *key, struct seal_key *out)
{
	uint8_t at[SEAL_PUBLIC_LEN];
	size_t len = sizeof(at);
	if (key == NULL || EVP_PKEY_get_raw_public_key(key, at, &len) != 1 ||
	    len != sizeof(at))
		return false;
	seal_key_from(at, out);
	return true;
}

static int read_keys(BIO *from, struct seal_key *keys, size_t most)
{
	size_t count = 0;
	EVP_PKEY *key;
	while ((key = PEM_read_bio_PUBKEY(from, NULL, NULL, NULL)) != NULL) {
		bool is_one = count < most && public_of(key, &keys[count]);
		EVP_PKEY_free(key);
		if (!is_one)
			return -EINVAL;
		count++;
	}
	return count > 0 ? (int)count : -EINVAL;
}

int seal_parse_keys(const struct buf *text, struct seal_key *keys, size_t most)
{
	BIO *from = BIO_new_mem_buf(text->at, (int)text->len);
	int result = from != NULL ? read_keys(from, keys, most) : -ENOMEM;
	BIO_free(from);
	return result;
}

int seal_read_keys(const char *path, struct seal_key *keys, size_t most)
{
	struct buf text = { 0 };
	int result = file_read(path, SEAL_FILE_MAX, &text);
	if (result == 0)
		result = seal_parse_keys(&text, keys, most);
	buf_free(&text);
	return result;
}

/* ---- the private key ---- */

/* No password is asked of anybody: a file that wants one is none of ours. */
/* NOLINTNEXTLINE(readability-non-const-parameter): they are OpenSSL's */
static int no_password(char *text, int size, int writes, void *self)
{
	(void)text;
	(void)size;
	(void)writes;
	(void)self;
	return -1;
}

/* 0 or -errno; -ENOENT: there is none yet. */
static int read_private(const char *path, EVP_PKEY **key)
{
	struct buf text = { 0 };
	int error = file_read(path, SEAL_FILE_MAX, &text);
	if (error == 0) {
		BIO *from = BIO_new_mem_buf(text.at, (int)text.len);
		*key = PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
		BIO_free(from);
		if (*key == NULL || EVP_PKEY_get_id(*key) != EVP_PKEY_ED25519)
			error = -EINVAL;
	}
	if (text.at != NULL)
		OPENSSL_cleanse(text.at, text.size);
	buf_free(&text);
	return error;
}

static int write_bio(const char *path, BIO *text, mode_t mode)
{
	char *at;
	long len = BIO_get_mem_data(text, &at);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	int error = file_write(fd, at, (size_t)len);
	if (error == 0 && fsync(fd) != 0)
		error = -errno;
	close(fd);
	return error;
}

/* Beside and renamed: half a key would be one that can't be read. */
static int write_private(const char *path, EVP_PKEY *key)
{
	char fresh[PATH_MAX];
	BIO *text = BIO_new(BIO_s_secmem());
	int error = -ENOMEM;
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		error = -ENAMETOOLONG;
	else if (text != NULL &&
		 PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL) == 1) {
		unlink(fresh);
		error = write_bio(fresh, text, 0600);
	}
	if (error == 0)
		error = file_rename(fresh, path);
	BIO_free(text);
	return error;
}

static int write_public(const char *path, EVP_PKEY *key)
{
	char *at = NULL;
	BIO *text = BIO_new(BIO_s_mem());
	int error = -ENOMEM;
	if (text != NULL && PEM_write_bio_PUBKEY(text, key) == 1) {
		long len = BIO_get_mem_data(text, &at);
		error = file_replace(path, at, (size_t)len);
	}
	BIO_free(text);
	return error;
}

static int read_or_make(const char *path, EVP_PKEY **key)
{
	int error = read_private(path, key);
	if (error != -ENOENT)
		return error;
	*key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return *key == NULL ? -ENOMEM : write_private(path, *key);
}

static const char *problem(int error)
{
	return error == -EINVAL ? "no private key, Ed25519 in PEM" : strerror(-error);
}

struct seal *seal_open(const char *folder, struct buf *why)
{
	char path[PATH_MAX], beside[PATH_MAX];
	struct seal *seal = calloc(1, sizeof(*seal));
	struct seal_key told;
	if (seal == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/audit.key", folder);
	snprintf(beside, sizeof(beside), "%s/audit.pub", folder);
	int error = read_or_make(path, &seal->key);
	if (error == 0 && !public_of(seal->key, &seal->public))
		error = -EINVAL;
	if (error != 0) {
		buf_printf(why, "%s: %s", path, problem(error));
		seal_close(seal);
		return NULL;
	}
	bool is_told = seal_read_keys(beside, &told, 1) == 1 &&
		       memcmp(told.at, seal->public.at, sizeof(told.at)) == 0;
	if (!is_told)
		write_public(beside, seal->key);
	return seal;
}

void seal_close(struct seal *seal)
{
	if (seal == NULL)
		return;
	EVP_PKEY_free(seal->key);
	free(seal);
}

const struct seal_key *seal_key_of(const struct seal *seal)
{
	return &seal->public;
}

/* ---- signatures ---- */

/* What is signed: the record without its signature. */
static bool signed_text(const struct checkpoint_record *checkpoint, struct buf *text)
{
	struct checkpoint_record bare = *checkpoint;
	memset(bare.signature, 0, sizeof(bare.signature));
	record_json(text, RECORD_checkpoint, &bare);
	return buf_ok(text);
}

static bool sign(EVP_PKEY *key, const struct buf *text, uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = SIGNATURE_LEN;
	bool ok = context != NULL &&
		  EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestSign(context, signature, &len, (const uint8_t *)text->at,
				 text->len) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

bool seal_sign_text(const struct seal *seal, const struct buf *text,
		    char out[static SEAL_SIGNATURE_MAX])
{
	uint8_t signature[SIGNATURE_LEN];
	bool ok = sign(seal->key, text, signature);
	if (ok)
		hex_text(out, signature, sizeof(signature));
	return ok;
}

bool seal_sign(const struct seal *seal, struct checkpoint_record *checkpoint)
{
	struct buf text = { 0 };
	char public[2 * SEAL_PUBLIC_LEN + 1];
	hex_text(public, seal->public.at, sizeof(seal->public.at));
	record_text(checkpoint->key, sizeof(checkpoint->key), seal->public.id);
	record_text(checkpoint->public_key, sizeof(checkpoint->public_key), public);
	bool ok = signed_text(checkpoint, &text) &&
		  seal_sign_text(seal, &text, checkpoint->signature);
	buf_free(&text);
	return ok;
}

static bool verify(const struct seal_key *by, const struct buf *text,
		   const uint8_t *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, by->at,
						    sizeof(by->at));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = key != NULL && context != NULL &&
		  EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestVerify(context, signature, SIGNATURE_LEN,
				   (const uint8_t *)text->at, text->len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return ok;
}

bool seal_holds_text(const struct seal_key *key, const struct buf *text,
		     const char *signature)
{
	uint8_t bytes[SIGNATURE_LEN];
	return hex_read(signature, bytes, sizeof(bytes)) && verify(key, text, bytes);
}

bool seal_key_in(const struct checkpoint_record *checkpoint, struct seal_key *out)
{
	uint8_t at[SEAL_PUBLIC_LEN];
	if (!hex_read(checkpoint->public_key, at, sizeof(at)))
		return false;
	seal_key_from(at, out);
	return strcmp(out->id, checkpoint->key) == 0;
}

bool seal_holds(const struct seal_key *key, const struct checkpoint_record *checkpoint)
{
	struct buf text = { 0 };
	bool ok = strcmp(key->id, checkpoint->key) == 0 &&
		  signed_text(checkpoint, &text) &&
		  seal_holds_text(key, &text, checkpoint->signature);
	buf_free(&text);
	return ok;
}
