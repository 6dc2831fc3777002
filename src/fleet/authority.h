/*
 * authority.h: the fleet's own certificate authority (X.509), which signs who its NATS
 * servers are: for sensors, for hubs, and for each other.
 *
 * Sensors and hubs have no certificate: they prove who they are with their NKey.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	AUTHORITY_YEARS = 20,
	AUTHORITY_SERVER_DAYS = 3 * 365,
	AUTHORITY_PEM_MAX = 16 * 1024,
};

/* Each is appended as PEM; false: no memory or randomness. Private keys are P-256. */
bool authority_make(const char *fleet, struct buf *certificate, struct buf *key);
/* host: a name or an address; the certificate is good for it, for both ends of TLS. */
bool authority_sign(const char *ca, const char *ca_key, const char *host,
		    struct buf *certificate, struct buf *key);

/* The certificate of a PEM text as DER; 0: there is none, or it has no room. */
size_t authority_der(const char *pem, unsigned char *out, size_t size);
bool authority_pem(const unsigned char *der, size_t len, struct buf *out);
/* When the certificate of a PEM text ends; 0: it has none. Seconds since 1970. */
int64_t authority_end_s(const char *pem);
