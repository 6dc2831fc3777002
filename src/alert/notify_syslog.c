/*
 * notify_syslog.c: syslog over UDP (RFC 5426), TCP (RFC 6587, octets counted) and TLS
 * (RFC 5425), to rsyslog, syslog-ng or a SIEM.
 *
 * An incident is a message; those of one notice go together.
 */
#include <string.h>

#include "alert/peer.h"
#include "alert/syslog.h"

enum { PORT = 514, TLS_PORT = 6514 };

static const struct notifier_option options[] = {
	{ "format", SINK_TEXT, false,
	  "rfc5424: structured data (if not given); cef: ArcSight's Common Event "
	  "Format." },
	{ "facility", SINK_TEXT, false,
	  "As syslog(3) has it: daemon (if not given), local0 ..." },
	{ "ca", SINK_READ, false,
	  "With TLS: the authorities that may vouch for the other side; the system's "
	  "if "
	  "not given." },
	{ "cert", SINK_READ, false,
	  "With TLS: our certificate, if it is asked for one, and what leads to it." },
	{ "key", SINK_READ, false, "The certificate's private key." },
	{ NULL, SINK_TEXT, false, NULL },
};

static bool is_tls(const struct sink *sink)
{
	return strncmp(sink->url, "syslog+tls:", strlen("syslog+tls:")) == 0;
}

static bool is_datagram(const struct sink *sink)
{
	return strncmp(sink->url, "syslog:", strlen("syslog:")) == 0;
}

static bool peer_of(const struct sink *sink, struct peer *out, struct buf *message)
{
	return peer_of_url(sink->url, is_tls(sink) ? TLS_PORT : PORT, out, message);
}

static struct syslog_form form_of(const struct sink *sink)
{
	const char *format = sink_option(sink, "format");
	const char *facility = sink_option(sink, "facility");
	return (struct syslog_form){
		.facility = syslog_facility(facility != NULL ? facility : "daemon"),
		.is_cef = format != NULL && strcmp(format, "cef") == 0,
		.most = is_datagram(sink) ? SYSLOG_DATAGRAM_MAX : SYSLOG_STREAM_MAX,
	};
}

/* ---- checks ---- */

static bool check_words(const struct sink *sink, struct buf *message)
{
	const char *format = sink_option(sink, "format");
	const char *facility = sink_option(sink, "facility");
	if (format != NULL && strcmp(format, "cef") != 0 &&
	    strcmp(format, "rfc5424") != 0) {
		buf_printf(message, "format: %s: rfc5424 or cef is allowed", format);
		return false;
	}
	if (facility == NULL || syslog_facility(facility) >= 0)
		return true;
	buf_printf(message, "facility: %s is none of ", facility);
	syslog_facilities(message);
	return false;
}

static bool check_tls(const struct sink *sink, struct buf *message)
{
	bool has_certificate = sink_option(sink, "cert") != NULL;
	bool has_key = sink_option(sink, "key") != NULL;
	bool has_some = has_certificate || has_key || sink_option(sink, "ca") != NULL;
	if (has_some && !is_tls(sink))
		buf_text(message, "ca, cert and key go with syslog+tls:// only");
	else if (has_certificate != has_key)
		buf_text(message, "cert and key go together");
	else
		return true;
	return false;
}

static bool check(const struct sink *sink, struct buf *message)
{
	struct peer peer;
	return peer_of(sink, &peer, message) && check_words(sink, message) &&
	       check_tls(sink, message);
}

/* ---- sending ---- */

static bool send_datagrams(const struct sink *sink, const struct peer *peer,
			   const struct notice *notice, struct buf *error)
{
	struct syslog_form form = form_of(sink);
	struct buf texts[NOTICE_INCIDENTS_MAX] = { 0 };
	struct piece pieces[NOTICE_INCIDENTS_MAX];
	size_t count = notice->count;
	for (size_t i = 0; i < count; i++) {
		syslog_message(&texts[i], notice, &notice->incidents[i], &form);
		pieces[i] = (struct piece){ texts[i].at, texts[i].len };
	}
	bool is_sent = peer_send_datagrams(peer, pieces, count, error);
	for (size_t i = 0; i < count; i++)
		buf_free(&texts[i]);
	return is_sent;
}

/* RFC 6587 3.4.1 and RFC 5425 4.3: its length, a blank, the message. */
static void frame(struct buf *out, const struct sink *sink, const struct notice *notice)
{
	struct syslog_form form = form_of(sink);
	struct buf text = { 0 };
	for (size_t i = 0; i < notice->count; i++) {
		buf_clear(&text);
		syslog_message(&text, notice, &notice->incidents[i], &form);
		buf_u64(out, text.len);
		buf_char(out, ' ');
		buf_add(out, text.at, text.len);
	}
	out->failed |= text.failed;
	buf_free(&text);
}

/* False if it is given and can't be. */
static bool path_of(const struct sink *sink, const char *option,
		    char path[static SINK_PATH_MAX], struct buf *error)
{
	path[0] = '\0';
	if (sink_option(sink, option) == NULL || sink_path(sink, option, path))
		return true;
	buf_printf(error, "%s: there are no credentials", option);
	return false;
}

static bool send_tls(const struct sink *sink, const struct peer *peer,
		     const struct buf *bytes, struct buf *error)
{
	char authorities[SINK_PATH_MAX], certificate[SINK_PATH_MAX], key[SINK_PATH_MAX];
	const struct peer_tls tls = { authorities, certificate, key };
	return path_of(sink, "ca", authorities, error) &&
	       path_of(sink, "cert", certificate, error) &&
	       path_of(sink, "key", key, error) &&
	       peer_send_stream(peer, &tls, bytes, error);
}

static bool send_stream(const struct sink *sink, const struct peer *peer,
			const struct notice *notice, struct buf *error)
{
	struct buf bytes = { 0 };
	frame(&bytes, sink, notice);
	if (!buf_ok(&bytes))
		buf_text(error, "no memory");
	bool is_sent = buf_ok(&bytes) &&
		       (is_tls(sink) ? send_tls(sink, peer, &bytes, error)
				     : peer_send_stream(peer, NULL, &bytes, error));
	buf_free(&bytes);
	return is_sent;
}

/* Whatever is wrong may be put right: a name, a certificate, a collector. */
static enum notify_outcome send_notice(struct sink *sink, const struct notice *notice,
				       struct buf *error)
{
	struct peer peer;
	bool is_sent = peer_of(sink, &peer, error) &&
		       (is_datagram(sink) ? send_datagrams(sink, &peer, notice, error)
					  : send_stream(sink, &peer, notice, error));
	return is_sent ? NOTIFY_SENT : NOTIFY_LATER;
}

const struct notifier notifier_syslog = {
	.name = "syslog",
	.schemes = "syslog syslog+tcp syslog+tls",
	.doc = "Syslog (RFC 5424) over UDP, TCP or TLS, with structured data or CEF.",
	.options = options,
	.check = check,
	.send = send_notice,
};
