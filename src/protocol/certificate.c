/*
 * certificate.c: see certificate.h.
 *
 * libcrypto parses; strangers' text leaves here printable.  The cache is a table of
 * SETS x WAYS: who fills it with certificates of his own pushes others out of one set
 * at a time, which costs them a parse.
 */
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "protocol/certificate.h"
#include "protocol/protocol.h"

enum { SETS = 64, WAYS = 4 };

struct kept {
	bool is_certificate; /* what can't be parsed is kept, too */
	uint64_t used;       /* count of reads when it was last; 0: free */
	uint8_t hash[SHA256_LEN];
	struct certificate certificate;
};

struct certificates {
	uint64_t reads;
	int64_t second; /* in which `parsed` were parsed */
	unsigned parsed;
	struct kept kept[SETS][WAYS];
};

struct certificates *certificates_new(void)
{
	return calloc(1, sizeof(struct certificates));
}

void certificates_free(struct certificates *certificates)
{
	free(certificates);
}

/* ---- one certificate ---- */

static void name_text(char *field, size_t size, const X509_NAME *name)
{
	/* RFC 4514, but in the certificate's order, and spaced. */
	const unsigned long flags =
		(ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) |
		XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN;
	char *text = NULL;
	BIO *memory = BIO_new(BIO_s_mem());
	if (memory != NULL && X509_NAME_print_ex(memory, name, 0, flags) >= 0) {
		long len = BIO_get_mem_data(memory, &text);
		if (len > 0)
			facts_text(field, size, bytes_of(text, (size_t)len));
	}
	BIO_free(memory);
}

static void serial_text(char *field, size_t size, const X509 *x509)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *text = number != NULL ? BN_bn2hex(number) : NULL;
	if (text != NULL)
		facts_text(field, size, bytes_of(text, strlen(text)));
	OPENSSL_free(text);
	BN_free(number);
}

static int64_t time_us(const ASN1_TIME *time)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return UNKNOWN_TIME;
	return (int64_t)timegm(&tm) * 1000000;
}

/* Appends a name if all of it fits; a comma in it would make two of it. */
static void add_name(char *field, size_t size, struct bytes name)
{
	size_t len = strlen(field);
	size_t comma = len > 0 ? 1 : 0;
	if (name.len == 0 || name.len + comma >= size - len)
		return;
	if (comma == 1)
		field[len] = ',';
	facts_text(field + len + comma, size - len - comma, name);
	for (char *c = field + len + comma; (c = strchr(c, ',')) != NULL;)
		*c = '.';
}

static void add_general_name(char *field, size_t size, const GENERAL_NAME *name)
{
	char text[INET6_ADDRSTRLEN];
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	if (type != GEN_DNS && type != GEN_IPADD)
		return;
	const uint8_t *at = ASN1_STRING_get0_data(value);
	int len = ASN1_STRING_length(value);
	if (type == GEN_DNS)
		add_name(field, size, bytes_of(at, (size_t)len));
	else if ((len == 4 || len == 16) && inet_ntop(len == 4 ? AF_INET : AF_INET6, at,
						      text, sizeof(text)) != NULL)
		add_name(field, size, bytes_of(text, strlen(text)));
}

static void alt_names_text(char *field, size_t size, const X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++)
		add_general_name(field, size, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

static const char *key_type(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return "RSA";
	case EVP_PKEY_RSA_PSS:
		return "RSA-PSS";
	case EVP_PKEY_DSA:
		return "DSA";
	case EVP_PKEY_EC:
		return "EC";
	case EVP_PKEY_ED25519:
		return "Ed25519";
	case EVP_PKEY_ED448:
		return "Ed448";
	default:
		return NULL;
	}
}

/* With those functions two texts of the same hash can be made. */
static const char *broken_digest(const X509 *x509)
{
	int digest = NID_undef;
	OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, NULL);
	switch (digest) {
	case NID_sha1:
		return "SHA-1";
	case NID_md5:
		return "MD5";
	case NID_md2:
		return "MD2";
	case NID_md4:
		return "MD4";
	default:
		return NULL;
	}
}

static void colon_text(char *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		hex_text(out + 3 * i, at + i, 1);
		out[3 * i + 2] = ':';
	}
	out[3 * len - 1] = '\0';
}

static void describe(struct certificate *certificate, X509 *x509)
{
	const EVP_PKEY *key = X509_get0_pubkey(x509);
	name_text(certificate->subject, sizeof(certificate->subject),
		  X509_get_subject_name(x509));
	name_text(certificate->issuer, sizeof(certificate->issuer),
		  X509_get_issuer_name(x509));
	alt_names_text(certificate->alt_names, sizeof(certificate->alt_names), x509);
	serial_text(certificate->serial, sizeof(certificate->serial), x509);
	certificate->not_before_us = time_us(X509_get0_notBefore(x509));
	certificate->not_after_us = time_us(X509_get0_notAfter(x509));
	if (key != NULL) {
		certificate->key_type = key_type(key);
		certificate->key_bits = (uint32_t)EVP_PKEY_get_bits(key);
	}
	/* Checking the signature would cost more than it tells. */
	certificate->is_self_signed = X509_self_signed(x509, 0) == 1;
	/* What signed itself is believed, or not, whatever the signature. */
	if (!certificate->is_self_signed)
		certificate->broken_digest = broken_digest(x509);
}

static bool parse(struct kept *kept, struct digests *digests, struct bytes der)
{
	const unsigned char *at = der.at;
	uint8_t sha1[SHA1_LEN];
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	if (x509 == NULL)
		return false;
	describe(&kept->certificate, x509);
	X509_free(x509);
	if (digest_sha1(digests, der, sha1))
		colon_text(kept->certificate.sha1, sha1, SHA1_LEN);
	hex_text(kept->certificate.sha256, kept->hash, SHA256_LEN);
	return true;
}

/* ---- those that were seen last ---- */

static uint64_t key_of(const uint8_t hash[SHA256_LEN])
{
	uint64_t key;
	memcpy(&key, hash, sizeof(key));
	return key;
}

/* That one, or the one of its set that was not wanted for longest. */
static struct kept *look_up(struct certificates *certificates, uint64_t key)
{
	struct kept *set = certificates->kept[key % SETS], *oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].used != 0 && key_of(set[i].hash) == key)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

static bool may_parse(struct certificates *certificates, int64_t at_us)
{
	int64_t second = at_us / 1000000;
	if (second != certificates->second) {
		certificates->second = second;
		certificates->parsed = 0;
	}
	return certificates->parsed++ < CERTIFICATES_PER_SECOND;
}

const struct certificate *certificate_read(struct certificates *certificates,
					   struct digests *digests, struct bytes der,
					   int64_t at_us, uint64_t *key)
{
	uint8_t hash[SHA256_LEN];
	if (!digest_sha256(digests, der, hash))
		return NULL;
	*key = key_of(hash);
	struct kept *kept = look_up(certificates, *key);
	if (kept->used == 0 || memcmp(kept->hash, hash, SHA256_LEN) != 0) {
		if (!may_parse(certificates, at_us))
			return NULL;
		*kept = (struct kept){ 0 };
		memcpy(kept->hash, hash, SHA256_LEN);
		kept->is_certificate = parse(kept, digests, der);
	}
	kept->used = ++certificates->reads;
	return kept->is_certificate ? &kept->certificate : NULL;
}

const struct certificate *certificate_again(struct certificates *certificates,
					    uint64_t key)
{
	const struct kept *kept = look_up(certificates, key);
	bool is_it = kept->used != 0 && key_of(kept->hash) == key;
	return is_it && kept->is_certificate ? &kept->certificate : NULL;
}
