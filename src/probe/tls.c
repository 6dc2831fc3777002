/*
 * tls.c: TLS within a stream, by OpenSSL over buffers.
 *
 * Certificates are looked at first and judged then: an expired one still tells when it
 * expired and whose it is.  Old versions and ciphers are taken, as it is not for the
 * handshake to say what is weak.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe/asked.h"

/* Keys of 112 bits of security: RSA of 2048; no MD5, no SHA-1. */
enum { AUTH_LEVEL = 2 };

struct tls {
	SSL *ssl;
	BIO *from, *to; /* owned by ssl: what came, what is to be sent */
	bool is_up;
};

/*
 * Any version, key and digest will do to see what a server has; its chain is judged as
 * strictly as OpenSSL's default does for itself.
 */
static void take_any(SSL_CTX *context)
{
	X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(context), AUTH_LEVEL);
	/* Verified all the same; the result is read when the facts are known. */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

bool tls_begin(struct prober *p)
{
	p->ssl = SSL_CTX_new(TLS_client_method());
	if (p->ssl == NULL)
		return false;
	take_any(p->ssl);
	/* As SSL_CTX_set_default_verify_paths(), but for a third look-up, which lists
	 * the whole folder for each authority that is not there. */
	SSL_CTX_set_default_verify_file(p->ssl);
	SSL_CTX_set_default_verify_dir(p->ssl);
	return true;
}

void tls_adopt(struct asked *a, SSL_CTX *context)
{
	SSL_CTX *own = a->target->tls_context;
	take_any(context);
	flight_watch_context(a, context);
	/* Reading all authorities takes longer than most servers do. */
	SSL_CTX_set1_cert_store(
		context, SSL_CTX_get_cert_store(own != NULL ? own : a->prober->ssl));
	if (own == NULL)
		return;
	SSL_CTX_set_min_proto_version(context, (int)SSL_CTX_get_min_proto_version(own));
	SSL_CTX_set_max_proto_version(context, (int)SSL_CTX_get_max_proto_version(own));
	X509_VERIFY_PARAM_set_auth_level(
		SSL_CTX_get0_param(context),
		X509_VERIFY_PARAM_get_auth_level(SSL_CTX_get0_param(own)));
	if (SSL_CTX_get0_certificate(own) != NULL) {
		SSL_CTX_use_certificate(context, SSL_CTX_get0_certificate(own));
		SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(own));
	}
}

void tls_end(struct prober *p)
{
	SSL_CTX_free(p->ssl);
}

void tls_free(struct asked *a)
{
	if (a->tls == NULL)
		return;
	SSL_free(a->tls->ssl);
	free(a->tls);
	a->tls = NULL;
}

static const char *server_name(const struct asked *a)
{
	const struct target *t = a->target;
	return t->server_name != NULL ? t->server_name : t->question.host;
}

/* What OpenSSL wants to say goes out with the rest. */
static void drain(struct asked *a)
{
	char data[4096];
	int n;
	while ((n = BIO_read(a->tls->to, data, sizeof(data))) > 0)
		asked_put(a, data, (size_t)n);
}

enum reason tls_failure(const struct asked *a, const char *words)
{
	/* RFC 8446 6.2: it wants to be called by a name, or a certificate of ours. */
	bool wants_more = strstr(words, "unrecognized name") != NULL ||
			  strstr(words, "certificate required") != NULL;
	return a->target->verifies_dates && wants_more ? REASON_denied
						       : REASON_tls_failed;
}

static bool failed(struct asked *a)
{
	unsigned long code = ERR_peek_last_error();
	const char *words = code != 0 ? ERR_reason_error_string(code) : NULL;
	if (words == NULL)
		words = "the handshake failed";
	asked_judge(a, tls_failure(a, words), "TLS: %s", words);
	ERR_clear_error();
	return false;
}

/* True if it goes on: done, or more is to come. */
static bool shake(struct asked *a)
{
	ERR_clear_error();
	int result = SSL_do_handshake(a->tls->ssl);
	int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(a->tls->ssl, result);
	drain(a); /* also an alert of ours */
	a->tls->is_up = result == 1;
	if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ)
		return failed(a);
	return !a->is_choked;
}

bool tls_start(struct asked *a)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	struct addr literal;
	const char *name = server_name(a);
	SSL_CTX *context = a->target->tls_context;
	if (tls != NULL)
		tls->ssl = SSL_new(context != NULL ? context : a->prober->ssl);
	if (tls == NULL || tls->ssl == NULL) {
		free(tls);
		asked_judge(a, REASON_no_descriptors, "no memory for TLS");
		return false;
	}
	a->tls = tls;
	tls->from = BIO_new(BIO_s_mem());
	tls->to = BIO_new(BIO_s_mem());
	SSL_set_bio(tls->ssl, tls->from, tls->to);
	/* RFC 6066 3: literal addresses are no server names. */
	if (!addr_parse(name, &literal))
		SSL_set_tlsext_host_name(tls->ssl, name);
	SSL_set_connect_state(tls->ssl);
	flight_watch_tls(a, tls->ssl);
	return shake(a);
}

bool tls_is_up(const struct asked *a)
{
	return a->tls->is_up;
}

bool tls_take(struct asked *a, const uint8_t *at, size_t len, struct buf *plain)
{
	struct tls *tls = a->tls;
	BIO_write(tls->from, at, (int)len);
	if (!tls->is_up && !shake(a))
		return false;
	if (!tls->is_up)
		return true;
	char data[4096];
	int n;
	ERR_clear_error();
	while ((n = SSL_read(tls->ssl, data, sizeof(data))) > 0)
		buf_add(plain, data, (size_t)n);
	int error = SSL_get_error(tls->ssl, n);
	drain(a);
	if (error == SSL_ERROR_SSL)
		return failed(a);
	return !a->is_choked;
}

void tls_put(struct asked *a, const uint8_t *at, size_t len)
{
	SSL_write(a->tls->ssl, at, (int)len);
	drain(a);
}

void tls_leave(struct asked *a)
{
	if (a->tls->is_up)
		SSL_shutdown(a->tls->ssl);
	ERR_clear_error();
	drain(a);
}

/* ---- what was seen ---- */

/* Unix time in microseconds; UNKNOWN_TIME if it can't be told. */
static int64_t time_of(const ASN1_TIME *at)
{
	struct tm tm;
	return at != NULL && ASN1_TIME_to_tm(at, &tm) == 1
		       ? (int64_t)timegm(&tm) * 1000000
		       : UNKNOWN_TIME;
}

static void take_name(char *field, size_t size, const X509_NAME *name)
{
	char text[256] = "";
	BIO *out = BIO_new(BIO_s_mem());
	if (out != NULL &&
	    X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >=
		    0) {
		int n = BIO_read(out, text, sizeof(text) - 1);
		facts_text(field, size, bytes_of(text, n > 0 ? (size_t)n : 0));
	}
	BIO_free(out);
}

static void take_facts(struct asked *a, SSL *ssl)
{
	struct probe_record *r = &a->record;
	const char *version = SSL_get_version(ssl);
	/* "TLS 1.3", as everywhere else here; OpenSSL writes "TLSv1.3". */
	if (strncmp(version, "TLSv", 4) == 0)
		snprintf(r->tls_version, sizeof(r->tls_version), "TLS %s%s",
			 version + 4, strchr(version, '.') != NULL ? "" : ".0");
	record_text(r->cipher, sizeof(r->cipher), SSL_get_cipher_name(ssl));
	X509 *own = SSL_get0_peer_certificate(ssl);
	if (own == NULL)
		return;
	take_name(r->cert_subject, sizeof(r->cert_subject), X509_get_subject_name(own));
	take_name(r->cert_issuer, sizeof(r->cert_issuer), X509_get_issuer_name(own));
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t end = time_of(X509_get0_notAfter(sk_X509_value(chain, i)));
		if (r->cert_not_after == UNKNOWN_TIME ||
		    (end != UNKNOWN_TIME && end < r->cert_not_after))
			r->cert_not_after = end;
	}
}

/* A name that only the subject has is none: no client takes it (RFC 9525 2). */
static bool is_for(X509 *own, const char *name)
{
	struct addr literal;
	return addr_parse(name, &literal)
		       ? X509_check_ip_asc(own, name, 0) == 1
		       : X509_check_host(own, name, 0,
					 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
					 NULL) == 1;
}

static enum reason reason_of(long result)
{
	switch (result) {
	case X509_V_OK:
		return REASON_NONE;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return REASON_certificate_expired;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return REASON_certificate_early;
	default:
		return REASON_certificate_untrusted;
	}
}

static void judge_expired(struct asked *a, enum reason reason)
{
	char when[32] = "";
	time_t at = a->record.cert_not_after / 1000000;
	struct tm tm;
	if (reason == REASON_certificate_expired && gmtime_r(&at, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	if (when[0] != '\0')
		asked_judge(a, reason, "the certificate expired %s", when);
	else
		asked_judge(a, reason, "the certificate is not yet valid");
}

/*
 * An expired certificate of an unknown authority is both; time comes first, as it is
 * what changed.
 */
bool tls_judge_other(struct asked *a, SSL *ssl, const char *name)
{
	X509 *own = SSL_get0_peer_certificate(ssl);
	take_facts(a, ssl);
	if (a->target->onlooker != NULL)
		a->target->onlooker->saw_tls(a->target->onlooker_self, ssl);
	if (!a->target->verifies)
		return true;
	if (own == NULL) {
		asked_judge(a, REASON_certificate_untrusted,
			    "the server has no certificate");
		return false;
	}
	long result = SSL_get_verify_result(ssl);
	enum reason reason = reason_of(result);
	if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
		reason = REASON_certificate_expired;
	if (reason == REASON_certificate_expired || reason == REASON_certificate_early)
		judge_expired(a, reason);
	else if (a->target->verifies_dates)
		return true;
	else if (!is_for(own, name))
		asked_judge(a, REASON_certificate_name, "the certificate is not for %s",
			    name);
	else if (reason != REASON_NONE)
		asked_judge(a, reason, "%s", X509_verify_cert_error_string(result));
	return !a->is_judged;
}

bool tls_judge(struct asked *a)
{
	return tls_judge_other(a, a->tls->ssl, server_name(a));
}
