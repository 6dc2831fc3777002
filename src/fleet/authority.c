/*
 * authority.c: see authority.h.
 */
#include "fleet/authority.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DAYS_PER_YEAR = 365,
	/* Clocks of other machines are behind, and nobody should wait for them. */
	EARLIER_S = 24 * 3600,
	SERIAL_BITS = 127,
	SECONDS_PER_DAY = 24 * 3600,
};

/* ---- PEM ---- */

static bool take_memory(BIO *memory, struct buf *out)
{
	char *at = NULL;
	long len = BIO_get_mem_data(memory, &at);
	if (len > 0)
		buf_add(out, at, (size_t)len);
	return len > 0 && buf_ok(out);
}

static bool add_certificate(X509 *certificate, struct buf *out)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool is_added = memory != NULL &&
			PEM_write_bio_X509(memory, certificate) == 1 &&
			take_memory(memory, out);
	BIO_free(memory);
	return is_added;
}

static bool add_key(EVP_PKEY *key, struct buf *out)
{
	BIO *memory = BIO_new(BIO_s_secmem());
	bool is_added =
		memory != NULL &&
		PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		take_memory(memory, out);
	BIO_free(memory);
	return is_added;
}

static X509 *certificate_of(const char *pem)
{
	BIO *memory = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
	BIO_free(memory);
	return certificate;
}

/* An empty passphrase: ours have none, and nobody is asked. */
static EVP_PKEY *key_of(const char *pem)
{
	static char none[] = "";
	BIO *memory = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(memory, NULL, NULL, none);
	BIO_free(memory);
	return key;
}

/* ---- certificates ---- */

static bool set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool is_set =
		number != NULL &&
		BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) ==
			1 &&
		BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return is_set;
}

static bool set_name(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX about;
	X509V3_set_ctx_nodb(&about);
	X509V3_set_ctx(&about, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &about, nid, value);
	bool is_added =
		extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

/* With a key of its own, and a time; NULL: it could not be made. */
static X509 *start(const char *name, int days, EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	if (certificate != NULL && key != NULL &&
	    X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
	    set_name(certificate, name) && X509_set_pubkey(certificate, key) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -EARLIER_S) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) != NULL)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static bool finish(X509 *certificate, X509 *issuer, EVP_PKEY *signer)
{
	return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
	       add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
	       X509_sign(certificate, signer, EVP_sha256()) > 0;
}

bool authority_make(const char *fleet, struct buf *certificate, struct buf *key)
{
	char name[64]; /* a common name has no more (RFC 5280, A.1) */
	snprintf(name, sizeof(name), "fleet %s", fleet);
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *made = start(name, AUTHORITY_YEARS * DAYS_PER_YEAR, pair);
	bool is_made = made != NULL &&
		       add_extension(made, made, NID_basic_constraints,
				     "critical,CA:TRUE,pathlen:0") &&
		       add_extension(made, made, NID_key_usage,
				     "critical,keyCertSign,cRLSign") &&
		       finish(made, made, pair) && add_certificate(made, certificate) &&
		       add_key(pair, key);
	X509_free(made);
	EVP_PKEY_free(pair);
	return is_made;
}

static bool is_address(const char *host)
{
	struct in6_addr octets;
	return inet_pton(AF_INET, host, &octets) == 1 ||
	       inet_pton(AF_INET6, host, &octets) == 1;
}

static bool name_server(X509 *certificate, X509 *issuer, const char *host)
{
	char names[300];
	snprintf(names, sizeof(names), "%s:%s", is_address(host) ? "IP" : "DNS", host);
	return add_extension(certificate, issuer, NID_basic_constraints,
			     "critical,CA:FALSE") &&
	       add_extension(certificate, issuer, NID_key_usage,
			     "critical,digitalSignature") &&
	       add_extension(certificate, issuer, NID_ext_key_usage,
			     "serverAuth,clientAuth") &&
	       add_extension(certificate, issuer, NID_authority_key_identifier,
			     "keyid:always") &&
	       add_extension(certificate, issuer, NID_subject_alt_name, names);
}

bool authority_sign(const char *ca, const char *ca_key, const char *host,
		    struct buf *certificate, struct buf *key)
{
	X509 *issuer = certificate_of(ca), *made = NULL;
	EVP_PKEY *signer = key_of(ca_key), *pair = EVP_EC_gen("P-256");
	bool is_made =
		issuer != NULL && signer != NULL &&
		X509_check_private_key(issuer, signer) == 1 &&
		(made = start("nats-server", AUTHORITY_SERVER_DAYS, pair)) != NULL &&
		name_server(made, issuer, host) && finish(made, issuer, signer) &&
		add_certificate(made, certificate) && add_key(pair, key);
	X509_free(made);
	X509_free(issuer);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(signer);
	return is_made;
}

/* ---- other forms ---- */

size_t authority_der(const char *pem, unsigned char *out, size_t size)
{
	X509 *certificate = certificate_of(pem);
	int len = certificate != NULL ? i2d_X509(certificate, NULL) : 0;
	if (len > 0 && (size_t)len <= size)
		len = i2d_X509(certificate, &out);
	else
		len = 0;
	X509_free(certificate);
	return len > 0 ? (size_t)len : 0;
}

bool authority_pem(const unsigned char *der, size_t len, struct buf *out)
{
	const unsigned char *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long)len);
	bool is_added = certificate != NULL && add_certificate(certificate, out);
	X509_free(certificate);
	return is_added;
}

int64_t authority_end_s(const char *pem)
{
	struct tm end;
	X509 *certificate = certificate_of(pem);
	bool is_known = certificate != NULL &&
			ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
	X509_free(certificate);
	return is_known ? timegm(&end) : 0;
}
