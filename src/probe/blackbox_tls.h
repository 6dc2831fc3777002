/*
 * blackbox_tls.h: TLS as a module wants it, and what is told of it; private to the
 * files blackbox*.c.
 */
#pragma once

#include "probe/blackbox_module.h"

struct ssl_st;

/* Of one handshake; all zero before it. */
struct blackbox_seen_tls {
	bool is_seen;
	double earliest_end, last_chain_end; /* Unix time */
	char fingerprint[65];                /* SHA-256 of the server's certificate */
	const char *version;                 /* static */
	struct buf subject, issuer, names;
};

/* Are there files of its own to read? */
bool blackbox_tls_has_files(const struct blackbox_way *way);

/* Makes way->context if it needs one; false if a file can't be read as what it is. */
bool blackbox_tls_prepare(struct blackbox_way *way);

void blackbox_tls_see(struct blackbox_seen_tls *seen, struct ssl_st *ssl);
void blackbox_tls_tell(struct blackbox_seen_tls *seen, struct buf *out);
/* What is told of gRPC's: not when the last chain ends; when the first does, always. */
void blackbox_tls_tell_grpc(struct blackbox_seen_tls *seen, struct buf *out);
void blackbox_tls_forget(struct blackbox_seen_tls *seen);
