/*
 * tls.c: see tls.h.
 *
 * The library's callback has no place for a pointer of ours, and a process has one
 * page: what is in use is static.  A handshake that has begun may still use what was
 * before: it is kept for longer than a handshake may take (guests.h).
 */
#include "web/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "record/record.h"
#include "web/secret.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

enum { RETIRED_MS = 60000 };
enum { CHAIN_MAX = 16, PEM_MAX = 1 << 18, KEY_ID_MAX = 64 };

struct pair {
	gnutls_pcert_st certificates[CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
	int64_t until_us;
	struct pair *older; /* that was in use before */
	int64_t retired_ms; /* monotonic */
};

static struct pair *in_use;

static void pair_free(struct pair *pair)
{
	if (pair == NULL)
		return;
	for (unsigned i = 0; i < pair->count; i++)
		gnutls_pcert_deinit(&pair->certificates[i]);
	if (pair->key != NULL)
		gnutls_privkey_deinit(pair->key);
	free(pair);
}

/* Also all that were before it. */
static void pairs_free(struct pair *pair)
{
	while (pair != NULL) {
		struct pair *older = pair->older;
		pair_free(pair);
		pair = older;
	}
}

static void replace(struct pair *pair)
{
	int64_t now_ms = clock_us(CLOCK_MONOTONIC) / 1000;
	struct pair *newest = in_use;
	if (newest != NULL)
		newest->retired_ms = now_ms;
	pair->older = newest;
	in_use = pair;
	/* Those behind one that nobody can use any more are older still. */
	for (struct pair *at = newest; at != NULL; at = at->older) {
		if (at->older == NULL || now_ms - at->older->retired_ms < RETIRED_MS)
			continue;
		pairs_free(at->older);
		at->older = NULL;
	}
}

static int refuse(char error[static WEB_ERROR_MAX], const char *key, const char *path,
		  const char *why)
{
	snprintf(error, WEB_ERROR_MAX, "%s: %s: %s", key, path, why);
	return -EINVAL;
}

bool tls_is_wanted(const struct config *config, bool *wanted,
		   char error[static WEB_ERROR_MAX])
{
	bool has_certificate = config->web_certificate[0] != '\0',
	     has_key = config->web_key[0] != '\0';
	*wanted = has_certificate && has_key;
	if (has_certificate != has_key)
		snprintf(error, WEB_ERROR_MAX,
			 "web.certificate and web.key go together; %s is missing",
			 has_key ? "web.certificate" : "web.key");
	return has_certificate == has_key;
}

/* ---- files ---- */

static int read_pem(const char *key, const char *path, struct buf *pem,
		    char error[static WEB_ERROR_MAX])
{
	int result = file_read(path, PEM_MAX, pem);
	if (result == 0)
		return 0;
	refuse(error, key, path, strerror(-result));
	return result;
}

/* Whoever reads it can be us. */
static int check_privacy(const char *path, char error[static WEB_ERROR_MAX])
{
	struct stat st;
	if (stat(path, &st) != 0) {
		int problem = errno;
		refuse(error, "web.key", path, strerror(problem));
		return -problem;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return refuse(error, "web.key", path,
			      "others than its owner may read it; do chmod 600");
	return 0;
}

/* The end of the first that ends: without one of them the chain is none. */
static int64_t end_of(struct pair *pair)
{
	int64_t until_us = UNKNOWN_TIME;
	for (unsigned i = 0; i < pair->count; i++) {
		gnutls_x509_crt_t certificate;
		if (gnutls_pcert_export_x509(&pair->certificates[i], &certificate) < 0)
			continue;
		time_t end = gnutls_x509_crt_get_expiration_time(certificate);
		gnutls_x509_crt_deinit(certificate);
		if (end == (time_t)-1)
			continue;
		int64_t end_us = (int64_t)end * SECOND_US;
		if (until_us == UNKNOWN_TIME || end_us < until_us)
			until_us = end_us;
	}
	return until_us;
}

static int read_certificates(struct pair *pair, const char *path,
			     char error[static WEB_ERROR_MAX])
{
	struct buf pem = { 0 };
	int result = read_pem("web.certificate", path, &pem, error);
	if (result != 0) {
		buf_free(&pem);
		return result;
	}
	const gnutls_datum_t data = { (unsigned char *)pem.at, (unsigned)pem.len };
	unsigned count = CHAIN_MAX;
	result = gnutls_pcert_list_import_x509_raw(
		pair->certificates, &count, &data, GNUTLS_X509_FMT_PEM,
		GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	buf_free(&pem);
	if (result < 0)
		return refuse(error, "web.certificate", path, gnutls_strerror(result));
	pair->count = count;
	pair->until_us = end_of(pair);
	return 0;
}

static int read_key(struct pair *pair, const char *path,
		    char error[static WEB_ERROR_MAX])
{
	struct buf pem = { 0 };
	int result = check_privacy(path, error);
	if (result == 0)
		result = read_pem("web.key", path, &pem, error);
	if (result == 0) {
		const gnutls_datum_t data = { (unsigned char *)pem.at,
					      (unsigned)pem.len };
		gnutls_privkey_init(&pair->key);
		int code = gnutls_privkey_import_x509_raw(pair->key, &data,
							  GNUTLS_X509_FMT_PEM, NULL, 0);
		if (code < 0)
			result = refuse(error, "web.key", path, gnutls_strerror(code));
	}
	if (pem.at != NULL)
		secret_forget(pem.at, pem.len);
	buf_free(&pem);
	return result;
}

/* Both have one public key. */
static bool belong_together(struct pair *pair)
{
	unsigned char own[KEY_ID_MAX], shown[KEY_ID_MAX];
	size_t own_len = sizeof(own), shown_len = sizeof(shown);
	gnutls_pubkey_t public_key;
	if (gnutls_pubkey_init(&public_key) < 0)
		return false;
	bool is_read = gnutls_pubkey_import_privkey(public_key, pair->key, 0, 0) >= 0 &&
		       gnutls_pubkey_get_key_id(public_key, 0, own, &own_len) >= 0 &&
		       gnutls_pubkey_get_key_id(pair->certificates[0].pubkey, 0, shown,
						&shown_len) >= 0;
	gnutls_pubkey_deinit(public_key);
	return is_read && own_len == shown_len && memcmp(own, shown, own_len) == 0;
}

int tls_load(const struct config *config, char error[static WEB_ERROR_MAX])
{
	struct pair *pair = calloc(1, sizeof(*pair));
	if (pair == NULL)
		return -ENOMEM;
	int result = read_certificates(pair, config->web_certificate, error);
	if (result == 0)
		result = read_key(pair, config->web_key, error);
	if (result == 0 && !belong_together(pair))
		result = refuse(error, "web.key", config->web_key,
				"not the key of web.certificate");
	if (result != 0) {
		pair_free(pair);
		return result;
	}
	replace(pair);
	return 0;
}

void tls_unload(void)
{
	pairs_free(in_use);
	in_use = NULL;
}

/* ---- until when ---- */

int64_t tls_until_us(void)
{
	return in_use != NULL ? in_use->until_us : UNKNOWN_TIME;
}

bool tls_warning(int64_t until_us, int64_t now_us, char out[static WEB_ERROR_MAX])
{
	char until[TIME_TEXT_MAX];
	if (until_us == UNKNOWN_TIME || until_us - now_us >= TLS_WARN_DAYS * DAY_US)
		return false;
	record_time_text(until_us, until);
	snprintf(out, WEB_ERROR_MAX,
		 until_us <= now_us
			 ? "web.certificate: it ended at %s, and browsers refuse the "
			   "page; renew it, and send SIGHUP"
			 : "web.certificate: it ends at %s; renew it before, and send "
			   "SIGHUP",
		 until);
	return true;
}

/* NOLINTBEGIN(readability-function-size): the parameters are the library's */
int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		 gnutls_pcert_st **certificates, unsigned *count,
		 gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count,
		 gnutls_privkey_t *key, unsigned *flags)
{
	(void)session;
	(void)info;
	*certificates = in_use->certificates;
	*count = in_use->count;
	*ocsp = NULL;
	*ocsp_count = 0;
	*key = in_use->key;
	*flags = 0;
	return 0;
}
/* NOLINTEND(readability-function-size) */
