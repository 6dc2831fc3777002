/*
 * tls.h: TLS in a stream, by OpenSSL; certificates are judged once all was seen.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

struct asked;
struct buf;
struct prober;

bool tls_begin(struct prober *p);
void tls_end(struct prober *p);
/* Starts a handshake over the stream; false: judged. */
bool tls_start(struct asked *a);
/* Gives it what came from the socket; plain bytes are added to *plain.  False: judged.
 */
bool tls_take(struct asked *a, const uint8_t *at, size_t len, struct buf *plain);
bool tls_is_up(const struct asked *a);
/* Encrypts into a->out. */
void tls_put(struct asked *a, const uint8_t *at, size_t len);
/* close_notify into a->out. */
void tls_leave(struct asked *a);
/* Certificates and versions into the record; false: it judged them bad. */
bool tls_judge(struct asked *a);
/* The same for a handshake that somebody else made with the host of that name. */
bool tls_judge_other(struct asked *a, SSL *ssl, const char *name);
/* Why there is no TLS, in OpenSSL's words: where nobody knows who is asked
 * (verify=dates) a server that wants to know is alive. */
enum reason tls_failure(const struct asked *a, const char *words);
/* Has somebody else's context take what ours takes; to be judged afterwards. */
void tls_adopt(struct asked *a, SSL_CTX *context);
void tls_free(struct asked *a);
