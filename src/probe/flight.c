/*
 * flight.c: see flight.h.
 *
 * What carries a password is replaced before it is noted: of our words then only a
 * command that can't hold one stays, of the server's all but the password itself.
 */
#include "probe/flight.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "probe/asked.h"
#include "probe/http.h"
#include "protocol/handshake.h"

const char *flight_by_word(unsigned by)
{
	static const char *const words[BYS] = { "client", "server", "tls", "kernel",
						"difference" };
	return by < BYS ? words[by] : NULL;
}

void flight_begin(struct asked *a)
{
	const struct prober *p = a->prober;
	if (!p->flight.records)
		return;
	a->flight = calloc(1, sizeof(*a->flight));
	if (a->flight == NULL || p->flight.recorder == NULL)
		return;
	a->flight->mark = recorder_ring_mark(recorder_ring_of(p->flight.recorder));
	a->flight->unread = recorder_unread(p->flight.recorder);
	a->flight->dropped = recorder_dropped(p->flight.recorder);
}

void flight_free(struct asked *a)
{
	if (a->flight != NULL)
		buf_free(&a->flight->said);
	free(a->flight);
	a->flight = NULL;
}

/* ---- what was said ---- */

bool flight_has_secret(const struct asked *a)
{
	const struct question *q = &a->target->question;
	return q->password[0] != '\0' || q->dialogue != NULL ||
	       (a->target->http != NULL && a->target->http->has_login);
}

static void put(struct asked *a, enum flight_by by, struct bytes said)
{
	struct flight *flight = a->flight;
	size_t len = said.len < FLIGHT_LINE_MAX ? said.len : FLIGHT_LINE_MAX;
	struct flight_said head = {
		.after_us =
			(uint32_t)asked_since(a->begin_us, clock_us(CLOCK_MONOTONIC)),
		.by = (uint8_t)by,
		.len = (uint16_t)len,
	};
	if (flight->said.len + sizeof(head) + len > FLIGHT_SAID_MAX)
		len = 0;
	flight->unsaid += (uint32_t)(said.len - len);
	if (len == 0)
		return;
	buf_add(&flight->said, &head, sizeof(head));
	buf_add(&flight->said, said.at, len);
}

/* Words that stand before a secret or without one, in the protocols that log in. */
static size_t harmless_len(struct bytes said)
{
	static const char *const words[] = {
		"EHLO",   "HELO",    "LHLO",       "STARTTLS", "STLS", "QUIT",
		"LOGOUT", "CAPA",    "CAPABILITY", "FEAT",     "NOOP", "USER",
		"PASS",   "AUTH",    "LOGIN",      "PING",     "INFO", "GET",
		"HEAD",   "OPTIONS", "SYST",       "ID",
	};
	size_t len = 0;
	while (len < said.len && isalpha(said.at[len]))
		len++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len &&
		    strncasecmp(words[i], (const char *)said.at, len) == 0)
			return len;
	return 0;
}

static void put_hidden(struct asked *a, struct bytes said)
{
	char text[96];
	size_t len = harmless_len(said);
	int n = snprintf(text, sizeof(text),
			 "%.*s%s[%zu octets, left out: may hold a password]", (int)len,
			 (const char *)said.at, len > 0 ? " " : "", said.len - len);
	put(a, BY_CLIENT, bytes_of(text, (size_t)n));
}

static void add_without(struct buf *clean, struct bytes said, const char *secret)
{
	static const char hidden[] = "[password]";
	size_t len = strlen(secret);
	while (said.len > 0) {
		const uint8_t *at =
			len > 0 ? memmem(said.at, said.len, secret, len) : NULL;
		size_t before = at != NULL ? (size_t)(at - said.at) : said.len;
		buf_add(clean, said.at, before);
		bytes_take(&said, before);
		if (at == NULL)
			break;
		buf_add(clean, hidden, sizeof(hidden) - 1);
		bytes_take(&said, len);
	}
}

/* A server's words may repeat it: a community of SNMP, an echo. */
static void put_without(struct asked *a, struct bytes said, const char *secret)
{
	struct buf clean = { 0 };
	add_without(&clean, said, secret);
	if (buf_ok(&clean))
		put(a, BY_SERVER, bytes_of(clean.at, clean.len));
	buf_free(&clean);
}

void flight_hide_password(const struct asked *a, char *text, size_t size)
{
	const char *secret = a->target->question.password;
	struct buf clean = { 0 };
	if (secret[0] == '\0' || strstr(text, secret) == NULL)
		return;
	add_without(&clean, bytes_of(text, strlen(text)), secret);
	const char *without = buf_cstr(&clean);
	record_text(text, size, without != NULL ? without : "");
	buf_free(&clean);
}

void flight_said(struct asked *a, enum flight_by by, struct bytes said)
{
	if (a->flight == NULL || said.len == 0)
		return;
	if (by == BY_CLIENT && flight_has_secret(a))
		put_hidden(a, said);
	else if (by == BY_SERVER)
		put_without(a, said, a->target->question.password);
	else
		put(a, by, said);
}

/* ---- the socket ---- */

void flight_note_ends(struct asked *a, const struct probe_ends *told)
{
	struct flight *flight = a->flight;
	struct ends ends;
	if (flight == NULL)
		return;
	ends_set(&ends, told->proto, &told->local, told->local_port, &told->remote,
		 told->remote_port);
	for (size_t i = 0; i < flight->ends_count; i++)
		if (ends_equal(&flight->ends[i], &ends))
			return;
	if (flight->ends_count == FLIGHT_ENDS)
		return;
	flight->own_port[flight->ends_count] = told->local_port;
	flight->ends[flight->ends_count++] = ends;
}

void flight_note_echo(struct asked *a, uint16_t id)
{
	struct probe_ends ends = { .remote = a->addr };
	ends.proto = addr_is_v4(&a->addr) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (a->flight == NULL || !asked_own_end(a->fd, &ends.local, &ends.local_port))
		return;
	/* Of a socket for echoes alone, the kernel chooses it. */
	if (ends.local_port == 0 || ends.local_port == ends.proto)
		ends.local_port = id;
	ends.remote_port = ends.local_port;
	flight_note_ends(a, &ends);
}

void flight_note_socket(struct asked *a)
{
	bool is_well = a->is_judged && a->reason == REASON_NONE;
	if (a->flight == NULL || a->transport != IPPROTO_TCP || is_well)
		return;
	socklen_t len = sizeof(a->flight->info);
	memset(&a->flight->info, 0, sizeof(a->flight->info));
	a->flight->has_info =
		getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &a->flight->info, &len) == 0;
}

/* ---- TLS ---- */

/* RFC 8446 B.3, and those of RFC 5246 7.4 that are gone. */
static const char *handshake_word(uint8_t type)
{
	static const char *const words[] = {
		[0] = "hello_request",        [1] = "client_hello",
		[2] = "server_hello",         [4] = "new_session_ticket",
		[8] = "encrypted_extensions", [11] = "certificate",
		[12] = "server_key_exchange", [13] = "certificate_request",
		[14] = "server_hello_done",   [15] = "certificate_verify",
		[16] = "client_key_exchange", [20] = "finished",
		[22] = "certificate_status",  [24] = "key_update",
	};
	return type < sizeof(words) / sizeof(words[0]) ? words[type] : NULL;
}

const char *flight_alert_word(uint8_t alert)
{
	const char *word = alert_name(alert);
	return word != NULL ? word : "unknown";
}

static void say_tls(struct asked *a, bool is_ours, const char *text)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "%s %s", is_ours ? "sent" : "received",
			   text);
	put(a, BY_TLS, bytes_of(line, (size_t)len));
}

static void saw_alert(struct asked *a, bool is_ours, const uint8_t at[2])
{
	char text[64];
	snprintf(text, sizeof(text), "alert %u (%s), %s", at[1],
		 flight_alert_word(at[1]), at[0] == 2 ? "fatal" : "warning");
	say_tls(a, is_ours, text);
	if (at[1] == 0) /* close_notify is how everybody leaves */
		return;
	a->flight->has_alert = true;
	a->flight->alert_is_ours = is_ours;
	a->flight->alert = at[1];
}

/* OpenSSL's: a message of it passed, whole and in the clear. */
/* NOLINTNEXTLINE(readability-function-size): its parameters are OpenSSL's */
static void saw_message(int is_ours, int version, int type, const void *bytes,
			size_t len, SSL *ssl, void *self)
{
	struct asked *a = self;
	const uint8_t *at = bytes;
	(void)version;
	(void)ssl;
	if (a->flight == NULL || len == 0)
		return;
	if (type == SSL3_RT_HANDSHAKE && handshake_word(at[0]) != NULL)
		say_tls(a, is_ours, handshake_word(at[0]));
	else if (type == SSL3_RT_ALERT && len == 2)
		saw_alert(a, is_ours, at);
}

void flight_watch_tls(struct asked *a, SSL *ssl)
{
	if (a->flight == NULL)
		return;
	SSL_set_msg_callback(ssl, saw_message);
	SSL_set_msg_callback_arg(ssl, a);
}

void flight_watch_context(struct asked *a, SSL_CTX *context)
{
	if (a->flight == NULL)
		return;
	SSL_CTX_set_msg_callback(context, saw_message);
	SSL_CTX_set_msg_callback_arg(context, a);
}
