/*
 * notify_smtp.c: mail, RFC 5321, by libcurl: with STARTTLS (RFC 3207), which is not
 * done without unless that is allowed, or TLS from the first byte (RFC 8314 3.3).
 */
#include <curl/curl.h>
#include <string.h>

#include "alert/http.h"
#include "alert/mail.h"
#include "alert/notice.h"

enum {
	CONNECT_S = 10,
	SLOWEST_BYTES = 32768, /* a second */
	PERMANENT = 5,         /* the first digit of an answer */
};

static bool check_recipients(const char *to)
{
	while (*to != '\0') {
		size_t len = strcspn(to, ",");
		if (!mail_is_address(to, len))
			return false;
		to += len;
		to += strspn(to, ", ");
	}
	return true;
}

static bool check(const struct sink *sink, struct buf *message)
{
	const char *from = sink_option(sink, "from"), *to = sink_option(sink, "to");
	bool has_user = sink_option(sink, "user") != NULL;
	if (!mail_is_address(from, strlen(from)))
		buf_text(message, "from: an address is needed, monitor@example.org");
	else if (!check_recipients(to))
		buf_text(message, "to: addresses are needed, separated by commas");
	else if (has_user != (sink_option(sink, "password_file") != NULL))
		buf_text(message, "user and password_file are needed together");
	else if (strstr(sink->url, "://") == NULL)
		buf_text(message, "a server is needed: smtp://mail.example.org:587");
	else
		return true;
	return false;
}

struct reading {
	const char *at;
	size_t left;
};

static size_t give(char *out, size_t one, size_t count, void *self)
{
	struct reading *reading = self;
	size_t len = one * count < reading->left ? one * count : reading->left;
	memcpy(out, reading->at, len);
	reading->at += len;
	reading->left -= len;
	return len;
}

static struct curl_slist *recipients_of(const char *to)
{
	struct curl_slist *all = NULL;
	struct buf one = { 0 };
	while (*to != '\0') {
		size_t len = strcspn(to, ",");
		buf_clear(&one);
		buf_add(&one, to, len);
		all = curl_slist_append(all, buf_cstr(&one));
		to += len;
		to += strspn(to, ", ");
	}
	buf_free(&one);
	return all;
}

/* The name in EHLO is the path of the URL; a name of one label is not for the net. */
static void set_server(CURL *easy, const struct sink *sink, const struct notice *notice)
{
	struct buf url = { 0 };
	const char *server = strstr(sink->url, "://") + 3;
	bool is_tls = strncmp(sink->url, "smtps:", 6) == 0;
	bool may_be_plain = !sink_flag(sink, "starttls", true);
	buf_text(&url, is_tls ? "smtps://" : "smtp://");
	buf_add(&url, server, strcspn(server, "/"));
	buf_char(&url, '/');
	escape_url(&url, notice->host);
	curl_easy_setopt(easy, CURLOPT_URL, buf_cstr(&url));
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
			 (long)(may_be_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	buf_free(&url);
}

static void prepare(CURL *easy, const struct sink *sink, struct reading *reading)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	/* Files take their time, by a slow line, too. */
	curl_easy_setopt(easy, CURLOPT_TIMEOUT,
			 (long)NOTIFY_TIMEOUT_S +
				 (long)(reading->left / SLOWEST_BYTES));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, sink_option(sink, "from"));
	/* One who has left the company does not keep it from the others. */
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(easy, CURLOPT_READDATA, reading);
	http_trust(easy, sink);
}

static bool set_login(CURL *easy, const struct sink *sink, struct buf *error)
{
	struct buf password = { 0 };
	const char *user = sink_option(sink, "user");
	bool is_good = sink_secret(sink, "password_file", &password, error);
	if (is_good && user != NULL) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, buf_cstr(&password));
	}
	secret_free(&password);
	return is_good;
}

/* RFC 5321 4.2.1; a password may be mended. */
static enum notify_outcome outcome_of(CURL *easy, CURLcode code, struct buf *error)
{
	long status = 0;
	if (code == CURLE_OK)
		return NOTIFY_SENT;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	buf_text(error, curl_easy_strerror(code));
	if (status / 100 > 3)
		buf_printf(error, ": answers %ld", status);
	return status / 100 == PERMANENT && code != CURLE_LOGIN_DENIED ? NOTIFY_NEVER
								       : NOTIFY_LATER;
}

static enum notify_outcome send_mail(struct sink *sink, const struct notice *notice,
				     struct buf *error)
{
	const char *to = sink_option(sink, "to");
	struct buf message = { 0 };
	enum notify_outcome outcome = NOTIFY_LATER;
	struct curl_slist *recipients = recipients_of(to);
	CURL *easy = curl_easy_init();
	mail_message(sink_option(sink, "from"), to, notice, &message);
	struct reading reading = { message.at, message.len };
	if (easy == NULL || recipients == NULL || !buf_ok(&message)) {
		buf_text(error, "no memory");
	} else if (set_login(easy, sink, error)) {
		set_server(easy, sink, notice);
		prepare(easy, sink, &reading);
		curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
		outcome = outcome_of(easy, curl_easy_perform(easy), error);
	}
	curl_slist_free_all(recipients);
	curl_easy_cleanup(easy);
	buf_free(&message);
	return outcome;
}

static const struct notifier_option options[] = {
	{ "from", SINK_TEXT, true, "Address of the sender." },
	{ "to", SINK_TEXT, true, "Addresses of who gets it, separated by commas." },
	{ "user", SINK_TEXT, false, "User, with password_file." },
	{ "password_file", SINK_SECRET, false, "File with the user's password." },
	{ "starttls", SINK_FLAG, false,
	  "no: mail goes without TLS to a server that has none; yes if not given." },
	{ "ca", SINK_READ, false,
	  "Certificates of authorities to trust, PEM, instead of the machine's." },
	{ NULL, SINK_TEXT, false, NULL }
};

const struct notifier notifier_smtp = {
	.name = "smtp",
	.schemes = "smtp smtps",
	.doc = "Mail: smtp://mail.example.org:587 with STARTTLS, or smtps://.",
	.takes_reports = true,
	.options = options,
	.check = check,
	.send = send_mail,
};
