/*
 * blackbox_tls.c: see blackbox_tls.h.
 */
#include "probe/blackbox_tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "probe/blackbox_metric.h"
#include "probe/blackbox_name.h"

/* ---- what is wanted ---- */

static bool is_given(const char *path)
{
	return path != NULL && path[0] != '\0';
}

bool blackbox_tls_has_files(const struct blackbox_way *way)
{
	return is_given(way->tls_config.ca_file) || is_given(way->tls_config.cert_file);
}

static bool load_files(SSL_CTX *context, const struct blackbox_tls *wanted)
{
	if (is_given(wanted->ca_file)
		    ? SSL_CTX_load_verify_locations(context, wanted->ca_file, NULL) != 1
		    : SSL_CTX_set_default_verify_paths(context) != 1)
		return false;
	if (is_given(wanted->cert_file) != is_given(wanted->key_file))
		return false;
	return !is_given(wanted->cert_file) ||
	       (SSL_CTX_use_certificate_chain_file(context, wanted->cert_file) == 1 &&
		SSL_CTX_use_PrivateKey_file(context, wanted->key_file,
					    SSL_FILETYPE_PEM) == 1);
}

/* Versions before 1.2 are taken only by who says so, as that program's TLS has it. */
bool blackbox_tls_prepare(struct blackbox_way *way)
{
	const struct blackbox_tls *wanted = &way->tls_config;
	if (way->context != NULL)
		return true;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (context == NULL)
		return false;
	/* The prober judges, once all is seen. */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	/* Of keys and digests only a chain is judged: RSA of 1024, no SHA-1. */
	SSL_CTX_set_security_level(context, 0);
	X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(context), 1);
	SSL_CTX_set_min_proto_version(context, wanted->min_version != 0
						       ? wanted->min_version
						       : TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(context, wanted->max_version);
	if (!load_files(context, wanted)) {
		SSL_CTX_free(context);
		return false;
	}
	way->context = context;
	return true;
}

/* ---- what was seen ---- */

static double end_of(const X509 *certificate)
{
	struct tm tm;
	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1
		       ? (double)timegm(&tm)
		       : 0;
}

/* Of those of a chain, the first to end. */
static double earliest_end(const STACK_OF(X509) * chain)
{
	double earliest = 0;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		double end = end_of(sk_X509_value(chain, i));
		if (i == 0 || end < earliest)
			earliest = end;
	}
	return earliest;
}

static void take_fingerprint(struct blackbox_seen_tls *seen, const X509 *own)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (X509_digest(own, EVP_sha256(), digest, &len) != 1 || len != 32)
		return;
	for (unsigned i = 0; i < len; i++)
		snprintf(seen->fingerprint + 2 * i, 3, "%02x", digest[i]);
}

static void take_names(struct blackbox_seen_tls *seen, const X509 *own)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS)
			continue;
		if (seen->names.len > 0)
			buf_char(&seen->names, ',');
		buf_add(&seen->names, ASN1_STRING_get0_data(name->d.dNSName),
			(size_t)ASN1_STRING_length(name->d.dNSName));
	}
	GENERAL_NAMES_free(names);
}

static const char *version_of(const SSL *ssl)
{
	switch (SSL_version(ssl)) {
	case TLS1_VERSION:
		return "TLS 1.0";
	case TLS1_1_VERSION:
		return "TLS 1.1";
	case TLS1_2_VERSION:
		return "TLS 1.2";
	case TLS1_3_VERSION:
		return "TLS 1.3";
	default:
		return "unknown";
	}
}

/* If no chain leads to an authority, that is told which was sent. */
void blackbox_tls_see(struct blackbox_seen_tls *seen, struct ssl_st *ssl)
{
	const X509 *own = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
	STACK_OF(X509) *verified = SSL_get0_verified_chain(ssl);
	bool is_verified = SSL_get_verify_result(ssl) == X509_V_OK && verified != NULL;
	if (own == NULL)
		return;
	blackbox_tls_forget(seen);
	seen->is_seen = true;
	seen->version = version_of(ssl);
	seen->earliest_end = earliest_end(sent);
	seen->last_chain_end = earliest_end(is_verified ? verified : sent);
	take_fingerprint(seen, own);
	take_names(seen, own);
	blackbox_name(X509_get_subject_name(own), &seen->subject);
	blackbox_name(X509_get_issuer_name(own), &seen->issuer);
}

static const char *text_of(struct buf *text)
{
	const char *whole = buf_cstr(text);
	return whole != NULL ? whole : "";
}

static void tell_server(struct blackbox_seen_tls *seen, struct buf *out)
{
	const struct blackbox_label version = { "version", seen->version };
	const struct blackbox_label info[] = {
		{ "fingerprint_sha256", seen->fingerprint },
		{ "issuer", text_of(&seen->issuer) },
		{ "subject", text_of(&seen->subject) },
		{ "subjectalternative", text_of(&seen->names) },
	};
	blackbox_head(out, BLACKBOX_ssl_last_chain_info);
	blackbox_sample(out, BLACKBOX_ssl_last_chain_info, info,
			sizeof(info) / sizeof(info[0]), 1);
	blackbox_head(out, BLACKBOX_tls_version_info);
	blackbox_sample(out, BLACKBOX_tls_version_info, &version, 1, 1);
}

void blackbox_tls_tell(struct blackbox_seen_tls *seen, struct buf *out)
{
	if (!seen->is_seen)
		return;
	blackbox_tell(out, BLACKBOX_ssl_earliest_cert_expiry, seen->earliest_end);
	blackbox_tell(out, BLACKBOX_ssl_last_chain_expiry_timestamp_seconds,
		      seen->last_chain_end);
	tell_server(seen, out);
}

void blackbox_tls_tell_grpc(struct blackbox_seen_tls *seen, struct buf *out)
{
	blackbox_tell(out, BLACKBOX_ssl_earliest_cert_expiry, seen->earliest_end);
	if (seen->is_seen)
		tell_server(seen, out);
}

void blackbox_tls_forget(struct blackbox_seen_tls *seen)
{
	buf_free(&seen->subject);
	buf_free(&seen->issuer);
	buf_free(&seen->names);
	*seen = (struct blackbox_seen_tls){ 0 };
}
