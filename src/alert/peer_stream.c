/*
 * peer_stream.c: bytes over TCP or TLS to the other side; see peer.h.
 *
 * libcurl connects: it looks names up with a deadline and tries address after address.
 * TLS is made here and not by it, as a message has to end with close_notify, and then
 * be waited for: we say that we have ended, and the other side does so, too.
 */
#include <curl/curl.h>
#include <errno.h>
#include <linux/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/peer.h"
#include "base/clock.h"

/* In all less than NOTIFY_TIMEOUT_S. */
enum {
	CONNECT_MS = 7000,
	HANDSHAKE_MS = 4000,
	WRITE_MS = 4000,
	END_MS = 3000,
	REFUSAL_MS = 500,
	STEP_MS = 5,
	THOUSAND = 1000,
	STATE_CLOSED = 7, /* TCP_CLOSE of netinet/tcp.h, which has less of tcp_info */
};

struct stream {
	CURL *curl;
	curl_socket_t fd; /* the former's */
	SSL_CTX *context;
	SSL *ssl; /* NULL: plain TCP */
	const struct peer *peer;
	struct buf *error;
	int64_t end_us;
};

static void set_deadline(struct stream *s, int wait_ms)
{
	s->end_us = clock_us(CLOCK_MONOTONIC) + (int64_t)wait_ms * THOUSAND;
}

static bool fail(struct stream *s, const char *why)
{
	buf_printf(s->error, "%s port %u: %s", s->peer->host, s->peer->port, why);
	return false;
}

static bool fail_tls(struct stream *s)
{
	unsigned long code = ERR_peek_last_error();
	long verified = s->ssl != NULL ? SSL_get_verify_result(s->ssl) : X509_V_OK;
	const char *words = code != 0 ? ERR_reason_error_string(code) : NULL;
	char text[256];
	if (verified != X509_V_OK)
		snprintf(text, sizeof(text), "certificate: %s",
			 X509_verify_cert_error_string(verified));
	else
		snprintf(text, sizeof(text), "TLS: %s",
			 words != NULL ? words : "the connection was closed");
	ERR_clear_error();
	return fail(s, text);
}

/* False: it did not happen in time. */
static bool wait_for(struct stream *s, short events)
{
	int64_t left_us = s->end_us - clock_us(CLOCK_MONOTONIC);
	struct pollfd waited = { .fd = s->fd, .events = events };
	return left_us > 0 && poll(&waited, 1, (int)(left_us / THOUSAND) + 1) > 0;
}

/* What OpenSSL waits for; 0: nothing, it has failed or ended. */
static short events_of(const struct stream *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		return 0;
	}
}

/* ---- connecting ---- */

static bool set_place(CURL *curl, const struct peer *peer, char *words)
{
	char url[PEER_HOST_MAX + sizeof("http://[]:65535")];
	bool is_v6 = strchr(peer->host, ':') != NULL;
	snprintf(url, sizeof(url), "http://%s%s%s:%u", is_v6 ? "[" : "", peer->host,
		 is_v6 ? "]" : "", peer->port);
	return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       /* It is not for the environment to say where notices go. */
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words) == CURLE_OK;
}

static bool connect_tcp(struct stream *s)
{
	char words[CURL_ERROR_SIZE] = "";
	CURLcode code = CURLE_OUT_OF_MEMORY;
	s->curl = curl_easy_init();
	if (s->curl != NULL && set_place(s->curl, s->peer, words))
		code = curl_easy_perform(s->curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &s->fd);
	if (s->curl != NULL)
		curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, NULL);
	return code == CURLE_OK ||
	       fail(s, words[0] != '\0' ? words : curl_easy_strerror(code));
}

/* ---- TLS ---- */

static bool set_files(SSL_CTX *context, const struct peer_tls *tls)
{
	/* Theirs and no others: who names authorities does not want the rest. */
	int has_authorities =
		tls->authorities[0] != '\0'
			? SSL_CTX_load_verify_file(context, tls->authorities)
			: SSL_CTX_set_default_verify_paths(context);
	if (has_authorities != 1 || tls->certificate[0] == '\0')
		return has_authorities == 1;
	return SSL_CTX_use_certificate_chain_file(context, tls->certificate) == 1 &&
	       SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) == 1;
}

/* RFC 5425 5.2: whose the certificate has to be. */
static bool set_name(SSL *ssl, const char *host)
{
	struct addr literal;
	if (addr_parse(host, &literal))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool prepare_tls(struct stream *s, const struct peer_tls *tls)
{
	s->context = SSL_CTX_new(TLS_client_method());
	if (s->context == NULL || !set_files(s->context, tls))
		return false;
	/* RFC 9662 4. */
	SSL_CTX_set_min_proto_version(s->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER, NULL);
	s->ssl = SSL_new(s->context);
	return s->ssl != NULL && set_name(s->ssl, s->peer->host) &&
	       SSL_set_fd(s->ssl, s->fd) == 1;
}

static bool begin_tls(struct stream *s, const struct peer_tls *tls)
{
	int result;
	ERR_clear_error();
	if (!prepare_tls(s, tls))
		return fail_tls(s);
	set_deadline(s, HANDSHAKE_MS);
	while ((result = SSL_connect(s->ssl)) != 1) {
		short events = events_of(s, result);
		if (events == 0)
			return fail_tls(s);
		if (!wait_for(s, events))
			return fail(s, "no TLS in time");
	}
	return true;
}

/* ---- bytes ---- */

/* Bytes that were written; 0: none now, *events says for what it waits; -1: failed. */
static ssize_t write_some(struct stream *s, const char *at, size_t len, short *events)
{
	*events = POLLOUT;
	if (s->ssl == NULL) {
		ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL);
		return n < 0 && errno == EAGAIN ? 0 : n;
	}
	size_t written = 0;
	ERR_clear_error();
	int result = SSL_write_ex(s->ssl, at, len, &written);
	if (result == 1)
		return (ssize_t)written;
	*events = events_of(s, result);
	return *events != 0 ? 0 : -1;
}

static bool write_all(struct stream *s, const struct buf *bytes)
{
	set_deadline(s, WRITE_MS);
	for (size_t done = 0; done < bytes->len;) {
		short events;
		ssize_t n = write_some(s, bytes->at + done, bytes->len - done, &events);
		if (n < 0)
			return s->ssl != NULL ? fail_tls(s) : fail(s, strerror(errno));
		done += (size_t)n;
		if (n == 0 && !wait_for(s, events))
			return fail(s, "it takes nothing");
	}
	return true;
}

/* RFC 5425 4.4: close_notify; then the end of TCP, for who does not know the former. */
static void end_ours(struct stream *s)
{
	if (s->ssl != NULL) {
		/* Not all say close_notify themselves: see has_ended_well(). */
		SSL_set_options(s->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
		SSL_shutdown(s->ssl);
	}
	shutdown(s->fd, SHUT_WR);
}

enum reading { READ_SOME, READ_NOTHING_NOW, READ_END, READ_FAILED };

static enum reading read_some(struct stream *s)
{
	char ignored[256];
	if (s->ssl == NULL) {
		ssize_t n = recv(s->fd, ignored, sizeof(ignored), 0);
		if (n < 0)
			return errno == EAGAIN ? READ_NOTHING_NOW : READ_FAILED;
		return n > 0 ? READ_SOME : READ_END;
	}
	ERR_clear_error();
	int n = SSL_read(s->ssl, ignored, sizeof(ignored));
	if (n > 0)
		return READ_SOME;
	if (SSL_get_error(s->ssl, n) == SSL_ERROR_ZERO_RETURN)
		return READ_END;
	return events_of(s, n) != 0 ? READ_NOTHING_NOW : READ_FAILED;
}

/*
 * In TLS 1.3 our handshake is done before the other side has looked at our certificate:
 * who refuses it does so now, and some in good order, as if all had been taken.
 */
static bool is_let_in(struct stream *s)
{
	if (s->ssl == NULL)
		return true;
	set_deadline(s, REFUSAL_MS);
	while (clock_us(CLOCK_MONOTONIC) < s->end_us) {
		enum reading reading = read_some(s);
		if (reading == READ_FAILED)
			return fail_tls(s);
		if (reading == READ_END)
			return fail(s, "it has ended the connection at once");
		if (reading == READ_NOTHING_NOW)
			wait_for(s, POLLIN);
	}
	return true;
}

static struct tcp_info info_of(const struct stream *s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

/*
 * The other side has ended, too.  If it did so before it had read all, as who refuses a
 * certificate in TLS 1.3, its kernel resets the connection; else it takes our end.
 */
static bool has_ended_well(struct stream *s)
{
	int error = 0;
	socklen_t len = sizeof(error);
	while (info_of(s).tcpi_state != STATE_CLOSED &&
	       clock_us(CLOCK_MONOTONIC) < s->end_us)
		poll(NULL, 0, STEP_MS);
	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error == 0 || fail(s, "it ended before it had read all");
}

/* A side that stays open, as relays may, has taken all that its kernel has. */
static bool wait_for_end(struct stream *s)
{
	set_deadline(s, END_MS);
	while (clock_us(CLOCK_MONOTONIC) < s->end_us) {
		enum reading reading = read_some(s);
		if (reading == READ_END)
			return has_ended_well(s);
		if (reading == READ_FAILED)
			return s->ssl != NULL ? fail_tls(s) : fail(s, strerror(errno));
		if (reading == READ_NOTHING_NOW)
			wait_for(s, POLLIN);
	}
	struct tcp_info info = info_of(s);
	return (info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0) ||
	       fail(s, "it does not take all in time");
}

static void free_all(struct stream *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	if (s->curl != NULL)
		curl_easy_cleanup(s->curl);
}

bool peer_send_stream(const struct peer *peer, const struct peer_tls *tls,
		      const struct buf *bytes, struct buf *error)
{
	struct stream s = { .peer = peer, .error = error, .fd = CURL_SOCKET_BAD };
	bool is_up = connect_tcp(&s) && (tls == NULL || begin_tls(&s, tls));
	bool is_sent = is_up && is_let_in(&s) && write_all(&s, bytes);
	if (is_sent) {
		end_ours(&s);
		is_sent = wait_for_end(&s);
	}
	free_all(&s);
	return is_sent;
}
