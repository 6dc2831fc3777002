/*
 * tls.h: the certificate that the page shows, and its private key.
 *
 * GnuTLS, as the HTTP library speaks it.  Read anew without a restart: who renews a
 * certificate only sends SIGHUP.
 */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "config/config.h"
#include "web/web.h"

/* TLS 1.2 and 1.3 (RFC 8996 ended what was before), and no key exchange without forward
 * secrecy. */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA"

/* Both files are set.  False, and error says what is missing, if one of them is. */
bool tls_is_wanted(const struct config *config, bool *wanted,
		   char error[static WEB_ERROR_MAX]);

/*
 * Reads both files; on any error those in use stay.  0, or -errno and why: the key is
 * not of the certificate, or others may read it.
 */
int tls_load(const struct config *config, char error[static WEB_ERROR_MAX]);
void tls_unload(void);

/* When the first of the certificates in use ends; UNKNOWN_TIME: there are none. */
int64_t tls_until_us(void);

/* A line about a certificate that has ended, or soon will; false: it is good. */
enum { TLS_WARN_DAYS = 14 };
bool tls_warning(int64_t until_us, int64_t now_us, char out[static WEB_ERROR_MAX]);

/* gnutls_certificate_retrieve_function3, for the HTTP library. */
int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		 gnutls_pcert_st **certificates, unsigned *count,
		 gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count,
		 gnutls_privkey_t *key, unsigned *flags);
