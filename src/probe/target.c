/*
 * target.c: see target.h.  libcurl takes the URL apart.
 */
#include "probe/target.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "probe/heartbeat.h"
#include "probe/http.h"
#include "probe/members.h"
#include "protocol/dialogue.h"

enum { SCHEME_MAX = 48 };

/* What is spoken without a protocol of ours. */
static const struct plain_scheme {
	const char *name;
	enum target_kind kind;
	enum target_tls tls;
	uint8_t transport;
	uint16_t port; /* 0: must be given; of icmp and heartbeat: none */
} plain_schemes[] = {
	{ "tcp", TARGET_TCP, TARGET_PLAIN, IPPROTO_TCP, 0 },
	{ "tls", TARGET_TLS, TARGET_TLS_FIRST, IPPROTO_TCP, 443 },
	{ "udp", TARGET_UDP, TARGET_PLAIN, IPPROTO_UDP, 0 },
	{ "heartbeat", TARGET_HEARTBEAT, TARGET_PLAIN, 0, 0 },
	{ "icmp", TARGET_ICMP, TARGET_PLAIN, IPPROTO_ICMP, 0 },
	{ "http", TARGET_HTTP, TARGET_PLAIN, IPPROTO_TCP, 80 },
	{ "https", TARGET_HTTP, TARGET_TLS_FIRST, IPPROTO_TCP, 443 },
};

bool target_refuse(char why[TARGET_WHY_MAX], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, TARGET_WHY_MAX, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- the scheme ---- */

static void list_schemes(char *out, size_t size)
{
	size_t count, len = 0;
	const struct protocol *const *all = protocols(&count);
	size_t plain = sizeof(plain_schemes) / sizeof(plain_schemes[0]);
	for (size_t i = 0; i < plain; i++)
		len += (size_t)snprintf(out + len, len < size ? size - len : 0, "%s%s",
					i == 0 ? "" : ", ", plain_schemes[i].name);
	for (size_t i = 0; i < count && len < size; i++)
		if (all[i]->asking != NULL)
			len += (size_t)snprintf(out + len, size - len, ", %s",
						all[i]->name);
}

static bool take_protocol(struct target *t, const char *name)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	for (size_t i = 0; i < count; i++) {
		const struct asking *asking = all[i]->asking;
		if (asking == NULL)
			continue;
		bool is_secure = asking->secure_scheme != NULL &&
				 strcmp(name, asking->secure_scheme) == 0;
		if (!is_secure && strcmp(name, all[i]->name) != 0)
			continue;
		t->kind = TARGET_DIALOGUE;
		t->protocol = all[i];
		t->asking = asking;
		t->transport = is_secure ? IPPROTO_TCP : asking->transport;
		t->port = is_secure ? asking->secure_port : asking->port;
		t->tls = is_secure ? TARGET_TLS_FIRST : TARGET_PLAIN;
		return true;
	}
	return false;
}

static bool take_plain(struct target *t, const char *name)
{
	for (size_t i = 0; i < sizeof(plain_schemes) / sizeof(plain_schemes[0]); i++) {
		const struct plain_scheme *plain = &plain_schemes[i];
		if (strcmp(plain->name, name) != 0)
			continue;
		t->kind = plain->kind;
		t->tls = plain->tls;
		t->transport = plain->transport;
		t->port = plain->port;
		return true;
	}
	return false;
}

/* "+tls" */
static bool take_way(struct target *t, const char *way, char why[TARGET_WHY_MAX])
{
	const struct asking *asking = t->asking;
	if (t->protocol == NULL)
		return target_refuse(why, "\"+%s\": only a protocol has that", way);
	if (strcmp(way, "tcp") == 0)
		t->transport = IPPROTO_TCP;
	else if (strcmp(way, "udp") == 0 && t->tls == TARGET_PLAIN)
		t->transport = IPPROTO_UDP;
	else if (strcmp(way, "tls") == 0) {
		t->transport = IPPROTO_TCP;
		t->tls = TARGET_TLS_FIRST;
		t->port = asking->secure_port != 0 ? asking->secure_port : t->port;
	} else if (strcmp(way, "starttls") == 0 && asking->has_starttls)
		t->tls = TARGET_STARTTLS;
	else
		return target_refuse(why, "\"+%s\": allowed are +tcp, +udp, +tls%s",
				     way, asking->has_starttls ? " and +starttls" : "");
	return true;
}

static bool read_scheme(struct target *t, const char *scheme, char why[TARGET_WHY_MAX])
{
	char name[SCHEME_MAX];
	if (snprintf(name, sizeof(name), "%s", scheme) >= (int)sizeof(name))
		return target_refuse(why, "the scheme is too long");
	char *way = strchr(name, '+');
	if (way != NULL)
		*way++ = '\0';
	if (!take_plain(t, name) && !take_protocol(t, name)) {
		char known[TARGET_WHY_MAX - 64];
		list_schemes(known, sizeof(known));
		return target_refuse(why, "\"%s\" can't be asked; known are %s", name,
				     known);
	}
	return way == NULL || take_way(t, way, why);
}

/* ---- the options ---- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

bool target_timeout_parse(const char *text, uint32_t *timeout_ms)
{
	return milliseconds_parse(text, TARGET_TIMEOUT_MAX_MS, timeout_ms);
}

static const char *const *options_of(const struct target *t)
{
	if (t->kind == TARGET_ICMP || t->kind == TARGET_TCP)
		return burst_options;
	if (t->kind == TARGET_HEARTBEAT)
		return heartbeat_options;
	return t->asking != NULL ? t->asking->options : NULL;
}

static bool take_option(struct target *t, const char *name, const char *value,
			char why[TARGET_WHY_MAX])
{
	struct question *q = &t->question;
	const struct target_option *common = target_option_find(name);
	if (common != NULL)
		return target_option_take(t, common, value, why);
	if (t->kind != TARGET_HTTP && !is_one_of(name, options_of(t)))
		return target_refuse(why, "\"%s\" is no option of this target", name);
	if (q->option_count == QUESTION_OPTIONS)
		return target_refuse(why, "more than %d options", QUESTION_OPTIONS);
	q->options[q->option_count++] = (struct question_option){ name, value };
	return true;
}

/* ---- the parts ---- */

/* A copy that the target owns: all of them together are no longer than the URL. */
static const char *keep(struct target *t, const char *text)
{
	char *copy = t->texts + t->texts_len;
	size_t size = strlen(text) + 1;
	memcpy(copy, text, size);
	t->texts_len += size;
	return copy;
}

/* A part of a query, decoded; NULL if it holds a NUL. */
static const char *keep_decoded(struct target *t, const char *text, size_t len)
{
	int decoded_len;
	char *decoded = curl_easy_unescape(NULL, text, (int)len, &decoded_len);
	bool ok = decoded != NULL && strlen(decoded) == (size_t)decoded_len;
	const char *kept = ok ? keep(t, decoded) : NULL;
	curl_free(decoded);
	return kept;
}

/* "" if the URL has no such part. */
static const char *keep_part(struct target *t, CURLU *url, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK)
		return "";
	const char *kept = keep(t, text);
	curl_free(text);
	return kept;
}

static bool read_options(struct target *t, CURLU *url, char why[TARGET_WHY_MAX])
{
	char *query = NULL;
	/* The query of a web page is the page's. */
	CURLUPart part = t->kind == TARGET_HTTP ? CURLUPART_FRAGMENT : CURLUPART_QUERY;
	if (curl_url_get(url, part, &query, 0) != CURLUE_OK)
		return true;
	bool ok = true;
	for (char *rest = query, *one; ok && (one = strsep(&rest, "&")) != NULL;) {
		const char *mark = strchrnul(one, '=');
		const char *value = *mark == '=' ? mark + 1 : mark;
		const char *name = keep_decoded(t, one, (size_t)(mark - one));
		value = keep_decoded(t, value, strlen(value));
		ok = name != NULL && value != NULL
			     ? take_option(t, name, value, why)
			     : target_refuse(why, "an option can't be decoded");
	}
	curl_free(query);
	return ok;
}

/* "_ldap._tcp.example.net": its hosts and ports are those of SRV records (RFC 2782). */
static bool is_service(const struct target *t)
{
	const char *host = t->question.host;
	return host[0] == '_' && (strcasestr(host, "._tcp.") != NULL ||
				  strcasestr(host, "._udp.") != NULL);
}

static bool read_port(struct target *t, CURLU *url, char why[TARGET_WHY_MAX])
{
	char *text = NULL;
	if (curl_url_get(url, CURLUPART_PORT, &text, 0) == CURLUE_OK) {
		t->port = (uint16_t)strtoul(text, NULL, 10);
		curl_free(text);
		if (is_service(t))
			return target_refuse(why,
					     "%s: its ports are those of its SRV "
					     "records",
					     t->question.host);
	}
	return t->port != 0 || t->kind == TARGET_ICMP || is_service(t) ||
	       t->kind == TARGET_HEARTBEAT ||
	       target_refuse(why, "a port from 1 to 65535 must be given: %s", t->text);
}

/* Without brackets; a zone of IPv6 is the interface. */
static void read_host(struct target *t, CURLU *url)
{
	char host[TARGET_TEXT_MAX];
	size_t len = (size_t)snprintf(host, sizeof(host), "%s",
				      keep_part(t, url, CURLUPART_HOST));
	bool has_brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';
	if (has_brackets)
		host[len - 1] = '\0';
	t->question.host = keep(t, has_brackets ? host + 1 : host);
	/* An address of one link means nothing without it (RFC 4007 11). */
	const char *zone = keep_part(t, url, CURLUPART_ZONEID);
	if (zone[0] != '\0')
		t->interface = zone;
}

/*
 * What people may see: all but the password.  In what is no URL that may hold anything.
 */
static void show(char *out, size_t size, const char *url, bool is_url)
{
	const char *host = url + strcspn(url, ":");
	host += strncmp(host, "://", 3) == 0 ? 3 : 0;
	size_t len = is_url ? strcspn(host, "/?#") : strlen(host);
	const char *end = memrchr(host, '@', len);
	const char *at = end != NULL ? memchr(host, ':', (size_t)(end - host)) : NULL;
	if (at == NULL)
		at = end = url;
	snprintf(out, size, "%.*s%s", (int)(at - url), url, end);
}

static bool refuse_url(char why[TARGET_WHY_MAX], const char *text, const char *because)
{
	char shown[TARGET_TEXT_MAX];
	show(shown, sizeof(shown), text, false);
	return target_refuse(why, "%.128s: %s", shown, because);
}

/* Or a password would be asked with that is none. */
static bool can_be_decoded(CURLU *url)
{
	static const CURLUPart parts[] = { CURLUPART_USER, CURLUPART_PASSWORD,
					   CURLUPART_HOST, CURLUPART_PATH };
	bool can = true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = NULL;
		can &= curl_url_get(url, parts[i], &text, CURLU_URLDECODE) !=
		       CURLUE_URLDECODE;
		curl_free(text);
	}
	return can;
}

/* Those of the protocol that is usual there; any words, where none is. */
static void choose_words(struct target *t)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	t->asking = &datagram_asking;
	for (size_t i = 0; i < count; i++)
		if (all[i]->asking != NULL &&
		    all[i]->asking->transport == IPPROTO_UDP &&
		    all[i]->asking->port == t->port) {
			t->protocol = all[i];
			t->asking = all[i]->asking;
		}
}

/* Does it stand for several?  Of those the outermost come first. */
static bool read_members(struct target *t, const char *text, char why[TARGET_WHY_MAX])
{
	struct addr own;
	bool is_one = t->has_address || addr_parse(t->connect_host, &own);
	t->members = is_service(t)            ? MEMBERS_SERVICES
		     : t->wants_both_families ? MEMBERS_FAMILIES
		     : is_one                 ? MEMBERS_NONE
		     : t->wants_all_addresses ? MEMBERS_ADDRESSES
					      : MEMBERS_NONE;
	if (t->has_address && (t->members != MEMBERS_NONE || t->wants_all_addresses))
		return target_refuse(why, "address=: it is one, and others are asked "
					  "for");
	if (t->kind == TARGET_HEARTBEAT)
		t->members = MEMBERS_NONE; /* nobody is asked */
	if (t->members == MEMBERS_NONE)
		return true;
	t->url = strdup(text);
	return t->url != NULL ? members_check(t, why)
			      : target_refuse(why, "not enough memory");
}

static bool read_url(struct target *t, CURLU *url, const char *text,
		     char why[TARGET_WHY_MAX])
{
	const char *scheme = keep_part(t, url, CURLUPART_SCHEME);
	struct question *q = &t->question;
	read_host(t, url);
	q->user = keep_part(t, url, CURLUPART_USER);
	q->password = keep_part(t, url, CURLUPART_PASSWORD);
	const char *path = keep_part(t, url, CURLUPART_PATH);
	q->path = path[0] == '/' ? path + 1 : path;
	if (!can_be_decoded(url))
		return refuse_url(why, text, "it can't be decoded");
	show(t->text, sizeof(t->text), text, true);
	if (!read_scheme(t, scheme, why) || !read_port(t, url, why))
		return false;
	t->connect_host = q->host;
	t->connect_port = t->port;
	if (!read_options(t, url, why))
		return false;
	if (t->kind == TARGET_HTTP && !http_wanted_new(t, url, why))
		return false;
	if (!read_members(t, text, why))
		return false;
	q->transport = t->transport;
	q->port = t->port;
	if (t->kind == TARGET_UDP)
		choose_words(t);
	q->wants_tls = t->tls == TARGET_STARTTLS;
	const struct asking *asking = t->asking;
	if (q->user[0] != '\0' && t->kind != TARGET_HTTP &&
	    (asking == NULL || !asking->has_login))
		return target_refuse(why, "%s has no login here", scheme);
	const char *wrong = NULL;
	if (options_of(t) == burst_options)
		wrong = burst_read(q, t->timeout_ms, &t->burst);
	else if (t->kind == TARGET_HEARTBEAT)
		wrong = heartbeat_check(t);
	else if (asking != NULL && asking->check != NULL)
		wrong = asking->check(q);
	return wrong == NULL || target_refuse(why, "%s: %s", t->text, wrong);
}

const char *target_token_file(const struct target *target)
{
	return target->http != NULL ? target->http->token_file : NULL;
}

uint64_t target_hash(const char *text)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t words[TARGET_TEXT_MAX / 8 + 1] = { 0 };
	size_t len = strnlen(text, TARGET_TEXT_MAX);
	memcpy(words, text, len);
	return hash_words(&same, words, len / 8 + 1);
}

bool target_parse(struct target *t, const char *text, char why[TARGET_WHY_MAX])
{
	*t = (struct target){ .timeout_ms = TARGET_TIMEOUT_MS,
			      .source = addr_unset(),
			      .burst = { .count = 1 },
			      .limits = { LIMIT_UNSET, LIMIT_UNSET },
			      .verifies = true };
	if (strlen(text) >= TARGET_TEXT_MAX * 2 || strstr(text, "://") == NULL)
		return refuse_url(why, text, "write it as proto://host[:port][/...]");
	t->texts = malloc(4 * strlen(text) + 16);
	CURLU *url = curl_url();
	CURLUcode code = url != NULL && t->texts != NULL
				 ? curl_url_set(url, CURLUPART_URL, text,
						CURLU_NON_SUPPORT_SCHEME)
				 : CURLUE_OUT_OF_MEMORY;
	bool ok = code == CURLUE_OK ? read_url(t, url, text, why)
				    : refuse_url(why, text, curl_url_strerror(code));
	curl_url_cleanup(url);
	if (!ok)
		target_free(t);
	return ok;
}

bool target_speak(struct target *t, struct dialogue_steps *steps,
		  char why[TARGET_WHY_MAX])
{
	bool starts_tls = dialogue_starts_tls(steps), is_udp = t->kind == TARGET_UDP;
	t->steps = steps;
	if ((t->kind != TARGET_TCP && t->kind != TARGET_TLS && !is_udp) ||
	    t->burst.count > 1)
		return target_refuse(why,
				     "%.128s: a dialogue is for tcp://, tls:// and "
				     "udp://, without count",
				     t->text);
	if (t->members != MEMBERS_NONE)
		return target_refuse(why,
				     "%.128s: a dialogue is asked of one address: no "
				     "addresses=all, family=both or name of SRV",
				     t->text);
	if (starts_tls && (is_udp || t->tls != TARGET_PLAIN))
		return target_refuse(why, "%.128s: only tcp:// can start TLS", t->text);
	if (is_udp && !dialogue_speaks_first(steps))
		return target_refuse(why, "%.128s: over UDP we speak first", t->text);
	t->kind = TARGET_DIALOGUE;
	t->protocol = NULL;
	t->asking = &dialogue_asking;
	t->question.dialogue = steps;
	if (starts_tls)
		t->tls = TARGET_STARTTLS;
	return true;
}

bool target_allows(const struct target *t, const struct addr *addr)
{
	for (size_t i = 0; i < t->allow_count; i++)
		if (prefix_holds(&t->allow[i], addr))
			return true;
	return t->allow == NULL;
}

void target_free(struct target *t)
{
	/* There may be a password in it. */
	if (t->texts != NULL)
		explicit_bzero(t->texts, t->texts_len);
	free(t->texts);
	t->texts = NULL;
	if (t->url != NULL)
		explicit_bzero(t->url, strlen(t->url));
	free(t->url);
	t->url = NULL;
	http_wanted_free(t->http);
	t->http = NULL;
	dialogue_steps_free(t->steps);
	t->steps = NULL;
	if (t->token != NULL)
		explicit_bzero(t->token, strlen(t->token));
	free(t->token);
	t->token = NULL;
}
