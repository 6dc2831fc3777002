/*
 * recognise.c: see recognise.h.
 *
 * What a server is asked in, and in which order, is chosen so that it minds least: most
 * ports that wait for their client speak HTTP, and who does not, answers or closes.
 */
#include "probe/recognise.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/asked.h"
#include "probe/guess.h"
#include "protocol/text.h"

enum {
	TRIES_MAX = 7, /* connections for one port */
	TIMEOUT_MS = 15000,
	/* For who speaks first: where somebody does, where nobody does, elsewhere. */
	GREETER_MS = 6000,
	CLIENT_MS = 300,
	UNKNOWN_MS = 1500,
};

struct recognition {
	struct prober *prober;
	struct recognise_port port;
	probe_done done;
	void *to;
	struct target target;
	char host[ADDR_TEXT_MAX];
	struct guess guess; /* of the connection that is made now */
	struct words tried[TRIES_MAX];
	unsigned tries;
	bool is_silent; /* HTTP had no answer, and the connection stayed */
	bool has_tls;
	bool is_over;              /* nothing else need be tried */
	const struct protocol *is; /* as far as that is known */
	struct probe_record found; /* what was found so far */
};

/* ---- words ---- */

static struct words words_of(const struct protocol *protocol, bool over_tls)
{
	struct words words = { .protocol = protocol,
			       .asking = protocol != NULL ? protocol->asking : NULL,
			       .over_tls = over_tls };
	if (protocol != NULL && strcmp(protocol->name, "http") == 0)
		words.asking = &web_asking;
	if (protocol != NULL && strcmp(protocol->name, "redis") == 0)
		words.asking = &redis_info_asking;
	/* They speak first, or it is not they. */
	if (guess_is_greeter(protocol))
		words.asking = NULL;
	return words;
}

/* "imaps", "https" */
static const struct protocol *protocol_within(const char *name)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->asking != NULL && all[i]->asking->secure_scheme != NULL &&
		    strcmp(all[i]->asking->secure_scheme, name) == 0)
			return all[i];
	return strcmp(name, "https") == 0 ? protocol_by_name("http") : NULL;
}

const char *recognise_within(const char *protocol)
{
	const struct protocol *within = protocol_within(protocol);
	return within != NULL ? within->name : NULL;
}

static const char *secure_name(const struct protocol *protocol)
{
	if (protocol == NULL)
		return "tls";
	if (strcmp(protocol->name, "http") == 0)
		return "https";
	return protocol->asking != NULL && protocol->asking->secure_scheme != NULL
		       ? protocol->asking->secure_scheme
		       : protocol->name;
}

static bool is_for_streams(const struct protocol *protocol)
{
	return memchr(protocol->transports, IPPROTO_TCP,
		      sizeof(protocol->transports)) != NULL;
}

/* What the port's name promises; false if that can't be asked. */
static bool usual_words(const char *usual, struct words *words)
{
	const struct protocol *protocol =
		usual != NULL ? protocol_by_name(usual) : NULL;
	bool over_tls = usual != NULL && protocol == NULL;
	if (over_tls)
		protocol = protocol_within(usual);
	if (protocol == NULL || !is_for_streams(protocol))
		return false;
	*words = words_of(protocol, over_tls);
	return words->asking != NULL || guess_is_greeter(protocol);
}

/*
 * What is tried of a port that does not say itself what it is: first HTTP.  Who closes
 * at that, has read it and is not these who wait for more of it, and the other way
 * round.
 */
enum then { FIRST, IF_CLOSED, IF_SILENT };
static const struct {
	const char *protocol;
	bool over_tls;
	enum then then;
} others[] = {
	{ "http", false, FIRST },    { "postgresql", false, IF_CLOSED },
	{ "http", true, IF_CLOSED }, { "mqtt", false, IF_CLOSED },
	{ "sip", false, IF_CLOSED }, { "ldap", false, IF_SILENT },
	{ "rdp", false, IF_SILENT }, { "smb", false, IF_SILENT },
	{ "dns", false, IF_SILENT }, { "http", true, FIRST },
	{ "mqtt", true, IF_CLOSED }, { "dns", true, IF_SILENT },
	{ "sip", true, IF_CLOSED },  { "ldap", true, IF_SILENT },
};

static bool was_tried(const struct recognition *r, const struct words *words)
{
	for (unsigned i = 0; i < r->tries; i++)
		if (r->tried[i].protocol == words->protocol &&
		    r->tried[i].over_tls == words->over_tls)
			return true;
	return false;
}

/* False if nothing is left to be tried. */
static bool next_words(const struct recognition *r, struct words *words)
{
	size_t count = sizeof(others) / sizeof(others[0]);
	enum then now = r->is_silent ? IF_SILENT : IF_CLOSED;
	for (size_t i = 0; i < count && r->tries < TRIES_MAX && !r->is_over; i++) {
		bool fits = others[i].then == now || others[i].then == FIRST;
		/* Once TLS is known to be there, nothing is asked without it. */
		bool is_way = r->has_tls ? others[i].over_tls
					 : !others[i].over_tls || now == IF_CLOSED;
		*words = words_of(protocol_by_name(others[i].protocol),
				  others[i].over_tls);
		if (fits && is_way && !was_tried(r, words))
			return true;
	}
	return false;
}

/* ---- one connection ---- */

static void saw_tls(void *self, struct ssl_st *ssl)
{
	(void)self;
	(void)ssl;
}

static void heard(void *self, struct bytes said)
{
	struct guess *guess = &((struct recognition *)self)->guess;
	size_t room = sizeof(guess->heard) - guess->heard_len;
	size_t len = said.len < room ? said.len : room;
	memcpy(guess->heard + guess->heard_len, said.at, len);
	guess->heard_len += (uint16_t)len;
}

static const struct onlooker onlooker = { .saw_tls = saw_tls, .heard = heard };

static void answered(void *self, const struct probe_record *record);

/* What none of ours knows, in nDPI's words. */
static void ask_ndpi(struct recognition *r)
{
	const struct addr ends[2] = { addr_unset(), r->port.addr };
	struct opening opening = { .first = r->guess.speaking != NULL ? CLIENT : SERVER,
				   .ended = { true, true },
				   .transport = IPPROTO_TCP,
				   .port = { 0, r->port.port },
				   .addr = ends };
	if (r->guess.heard_len == 0)
		return;
	opening.said[SERVER] = bytes_of(r->guess.heard, r->guess.heard_len < OPENING_MAX
								? r->guess.heard_len
								: OPENING_MAX);
	const char *name =
		ndpi_name_opening(r->prober->room, &opening, clock_us(CLOCK_REALTIME));
	if (name != NULL)
		record_text(r->found.protocol, sizeof(r->found.protocol), name);
}

static void finish(struct recognition *r)
{
	const char *name = r->has_tls      ? secure_name(r->is)
			   : r->is != NULL ? r->is->name
					   : NULL;
	if (name != NULL)
		record_text(r->found.protocol, sizeof(r->found.protocol), name);
	else
		ask_ndpi(r);
	r->done(r->to, &r->found);
	free(r);
}

static void connect_again(struct recognition *r, const struct words *words,
			  uint32_t patience_ms)
{
	r->guess = (struct guess){ .words = *words,
				   .patience_ms = patience_ms,
				   .port = r->port.port };
	r->tried[r->tries++] = *words;
	if (!prober_ask(r->prober, &r->target, clock_us(CLOCK_MONOTONIC), answered, r))
		finish(r);
}

/* ---- what came of it ---- */

/* Its words were understood, whatever they were answered with. */
static bool is_understood(const struct recognition *r, const char *reason)
{
	static const char *const answers[] = { "error",        "overloaded",
					       "wrong_answer", "login_failed",
					       "denied",       "slow" };
	if (r->guess.speaking == NULL || r->guess.greeted != NULL)
		return false;
	for (size_t i = 0; reason != NULL && i < sizeof(answers) / sizeof(answers[0]);
	     i++)
		if (strcmp(reason, answers[i]) == 0)
			return true;
	return reason == NULL;
}

static struct bytes words_heard(const struct recognition *r)
{
	return bytes_of(r->guess.heard, r->guess.heard_len);
}

/* What others say to "GET / HTTP/1.0". */
static const struct protocol *by_answer(struct bytes said)
{
	if (text_starts(said, "-ERR wrong number of arguments for 'get'"))
		return protocol_by_name("redis");
	if (text_starts(said, "ERROR\r\nERROR\r\n"))
		return protocol_by_name("memcached");
	return NULL;
}

static const struct protocol *spoken(const struct recognition *r, const char *reason)
{
	bool may_be_more;
	if (r->guess.greeted != NULL)
		return r->guess.greeted;
	if (is_understood(r, reason))
		return r->guess.words.protocol;
	const struct protocol *is = by_answer(words_heard(r));
	if (is != NULL || r->guess.heard_len == 0)
		return is;
	return guess_by_words(r->port.port, words_heard(r), true, &may_be_more);
}

/* Web servers answer HTTP where they want TLS, and say so. */
static bool wants_tls(const struct recognition *r, const struct protocol *is)
{
	struct bytes said = words_heard(r);
	if (is == NULL || r->has_tls)
		return false;
	return strcmp(is->name, "tls") == 0 ||
	       (strcmp(is->name, "http") == 0 && text_contains(said, " 400 ") &&
		(text_contains(said, "HTTPS") || text_contains(said, "SSL")));
}

static void take_tls(struct recognition *r, const struct probe_record *record)
{
	if (record->tls_version[0] == '\0')
		return;
	r->has_tls = true;
	record_text(r->found.tls_version, sizeof(r->found.tls_version),
		    record->tls_version);
	record_text(r->found.cipher, sizeof(r->found.cipher), record->cipher);
	record_text(r->found.cert_subject, sizeof(r->found.cert_subject),
		    record->cert_subject);
	record_text(r->found.cert_issuer, sizeof(r->found.cert_issuer),
		    record->cert_issuer);
	r->found.cert_not_after = record->cert_not_after;
}

/* What its reader made of words that were its own. */
static void take_facts(struct recognition *r, const struct probe_record *record)
{
	record_text(r->found.software, sizeof(r->found.software), record->software);
	record_text(r->found.version, sizeof(r->found.version), record->version);
}

/* How HTTP was taken says what else may be spoken. */
static void note_silence(struct recognition *r, const struct probe_record *record)
{
	bool is_silent =
		record->reason != NULL && strcmp(record->reason, "silent") == 0;
	if (r->guess.speaking == &web_asking) {
		r->is_silent = is_silent;
		/* It has an answer, and nobody knows it. */
		r->is_over |= r->guess.heard_len > 0;
	}
	/* So has who speaks first, and others' words would be none to it. */
	r->is_over |= r->guess.speaking == NULL && r->guess.heard_len > 0;
	/* An alert is TLS, too: of a server that wants what we have not. */
	bool is_refused = record->reason != NULL &&
			  strcmp(record->reason, "tls_failed") == 0 &&
			  strstr(record->detail, "alert") != NULL;
	r->has_tls |= is_refused;
	r->is_over |= is_refused;
}

static bool is_gone(const struct probe_record *record)
{
	return record->connect_us == UNKNOWN_U64;
}

/* It is known, and would tell more if it was asked in its own words. */
static bool would_tell_more(const struct recognition *r, struct words *words)
{
	*words = words_of(r->is, r->has_tls);
	return r->guess.greeted == NULL && words->asking != NULL &&
	       r->is != r->guess.words.protocol && r->tries < TRIES_MAX &&
	       !was_tried(r, words);
}

static void go_on(struct recognition *r)
{
	struct words words;
	if (r->is != NULL ? would_tell_more(r, &words) : next_words(r, &words))
		connect_again(r, &words, 0);
	else
		finish(r);
}

static void answered(void *self, const struct probe_record *record)
{
	struct recognition *r = self;
	take_tls(r, record);
	const struct protocol *is = spoken(r, record->reason);
	if (is_gone(record)) {
		finish(r);
		return;
	}
	note_silence(r, record);
	if (wants_tls(r, is)) {
		struct words words = words_of(protocol_by_name("http"), true);
		if (!was_tried(r, &words) && r->tries < TRIES_MAX) {
			connect_again(r, &words, 0);
			return;
		}
		r->has_tls = true; /* but not for who gives no name, or this one */
	}
	if (is != NULL && strcmp(is->name, "tls") != 0)
		r->is = is;
	if (is != NULL && (r->guess.greeted == is || r->guess.words.protocol == is))
		take_facts(r, record);
	go_on(r);
}

bool recognise_ask(struct prober *prober, const struct recognise_port *port,
		   probe_done done, void *to)
{
	struct recognition *r = calloc(1, sizeof(*r));
	struct words words;
	uint32_t patience_ms = UNKNOWN_MS;
	if (r == NULL)
		return false;
	*r = (struct recognition){
		.prober = prober, .port = *port, .done = done, .to = to
	};
	record_init(RECORD_probe, &r->found);
	addr_text(&port->addr, r->host);
	r->target = (struct target){ .kind = TARGET_DIALOGUE,
				     .transport = IPPROTO_TCP,
				     .port = port->port,
				     .asking = &guess_asking,
				     .question = { .host = r->host,
						   .path = "",
						   .user = "",
						   .password = "",
						   .transport = IPPROTO_TCP,
						   .port = port->port,
						   .guess = &r->guess },
				     .timeout_ms = TIMEOUT_MS,
				     .source = addr_unset(),
				     .burst = { .count = 1 },
				     .onlooker = &onlooker,
				     .onlooker_self = r,
				     .connect_host = r->host,
				     .connect_port = port->port };
	if (usual_words(port->usual, &words))
		patience_ms = guess_is_greeter(words.protocol) && !words.over_tls
				      ? GREETER_MS
				      : CLIENT_MS;
	else
		words = words_of(protocol_by_name("http"), false);
	connect_again(r, &words, patience_ms);
	return true;
}

/* ---- datagrams ---- */

void recognise_datagram(struct prober *prober, const struct recognise_port *port,
			struct bytes said, struct probe_record *record)
{
	const struct addr ends[2] = { addr_unset(), port->addr };
	const uint16_t ports[2] = { 0, port->port };
	struct opening opening = { .first = SERVER,
				   .ended = { true, true },
				   .transport = IPPROTO_UDP,
				   .port = { 0, port->port },
				   .addr = ends };
	candidates left = candidates_begin(IPPROTO_UDP);
	record_init(RECORD_probe, record);
	opening.said[SERVER] =
		bytes_of(said.at, said.len < OPENING_MAX ? said.len : OPENING_MAX);
	const struct protocol *is = candidates_ask(&left, &opening);
	if (is == NULL)
		return;
	struct talk talk = { .room = prober->room,
			     .addr = ends,
			     .port = ports,
			     .transport = IPPROTO_UDP,
			     .start_us = clock_us(CLOCK_REALTIME) };
	struct said words = { .by = SERVER,
			      .data = said,
			      .fresh = said.len,
			      .begins = true,
			      .ends = true,
			      .at_us = talk.start_us };
	talk_begin(&talk, is);
	if (is->read != NULL && talk_read(&talk, &words))
		talk_end(&talk, talk.start_us);
	record_text(record->protocol, sizeof(record->protocol), is->name);
	record_text(record->software, sizeof(record->software), talk.facts.software);
	record_text(record->version, sizeof(record->version), talk.facts.version);
}
