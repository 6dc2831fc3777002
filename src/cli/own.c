/*
 * own.c: see own.h.
 */
#include "cli/own.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/feed.h"

#define SECOND_US 1000000LL

/* One place where something listens; several sockets may share it. */
struct service {
	uint32_t sockets;
	int64_t since_us;
	char program[256];
	char iface[16];
	char spoken[32];    /* "": not heard yet */
	const char *scheme; /* to ask it by; NULL: it is not to be asked */
	bool is_guess;      /* in words that are only usual there */
	bool is_refused;    /* it does not understand them */
	bool is_left_out;   /* there are too many */
	bool is_named;      /* by somebody, as the target */
	char named[TARGET_TEXT_MAX];
	struct probe_own told;
};

/* Apart from the rest, as all of them are looked through. */
struct key {
	struct addr ip;
	uint16_t port;
	uint8_t proto;
	uint64_t asked; /* hash of the target's text; 0: it is not asked */
};

struct own {
	struct own_options options;
	int64_t settle_us;
	uint32_t count;
	struct key keys[OWN_LISTENERS_MAX];
	struct service services[OWN_LISTENERS_MAX];
};

struct own *own_new(const struct own_options *options)
{
	struct own *own = calloc(1, sizeof(*own));
	if (own == NULL)
		return NULL;
	own->options = *options;
	own->settle_us = (options->interval_s < OWN_SETTLE_S ? options->interval_s
							     : OWN_SETTLE_S) *
			 SECOND_US;
	return own;
}

void own_free(struct own *own)
{
	free(own);
}

static struct key *key_of(struct own *own, const struct service *s)
{
	return &own->keys[s - own->services];
}

static bool is_asked(const struct own *own, const struct service *s)
{
	return own->keys[s - own->services].asked != 0;
}

/* ---- the words ---- */

static const char *secure_scheme(const char *usual)
{
	size_t count;
	const struct protocol *const *all = protocols(&count);
	for (size_t i = 0; i < count && usual != NULL; i++) {
		const struct asking *asking = all[i]->asking;
		if (asking != NULL && asking->is_harmless &&
		    asking->secure_scheme != NULL &&
		    strcmp(asking->secure_scheme, usual) == 0)
			return asking->secure_scheme;
	}
	return usual != NULL && strcmp(usual, "https") == 0 ? "https" : NULL;
}

static const char *plain_scheme(const char *name, uint8_t proto)
{
	const struct protocol *protocol = protocol_by_name(name);
	if (proto == IPPROTO_TCP && strcmp(name, "http") == 0)
		return "http";
	if (protocol == NULL || protocol->asking == NULL ||
	    !protocol->asking->is_harmless)
		return NULL;
	if (protocol->asking->transport == proto)
		return protocol->name;
	return proto == IPPROTO_TCP && strcmp(name, "dns") == 0 ? "dns+tcp" : NULL;
}

const char *own_scheme(const char *spoken, const char *usual, uint8_t proto)
{
	bool is_tls = spoken != NULL && strcmp(spoken, "tls") == 0;
	const char *name = spoken != NULL ? spoken : usual;
	const char *secure = proto == IPPROTO_TCP ? secure_scheme(usual) : NULL;
	if (is_tls && proto == IPPROTO_TCP)
		return secure != NULL ? secure : "tls";
	if (spoken == NULL && secure != NULL)
		return secure;
	return name != NULL ? plain_scheme(name, proto) : NULL;
}

/* What is asked beyond the protocol's own question. */
static const char *options_of(const char *scheme)
{
	/* Who forbids us a page, or has none, is well. Nobody knows under which name.
	 */
	if (strcmp(scheme, "http") == 0)
		return "/#status=100-499&redirects=no";
	if (strcmp(scheme, "https") == 0)
		return "/#status=100-499&redirects=no&verify=dates";
	return strcmp(scheme, "tls") == 0 || secure_scheme(scheme) != NULL
		       ? "?verify=dates"
		       : "";
}

/* "[fe80::1%25eth0]": where to ask who listens there. */
static void host_text(const struct addr *ip, const char *iface,
		      char out[ADDR_TEXT_MAX + 24])
{
	char text[ADDR_TEXT_MAX];
	bool is_v4 = addr_is_v4(ip);
	bool is_any = addr_is_unspecified(ip);
	if (is_any)
		snprintf(text, sizeof(text), "%s", is_v4 ? "127.0.0.1" : "::1");
	else
		addr_text(ip, text);
	bool has_zone = !is_any && iface[0] != '\0';
	snprintf(out, ADDR_TEXT_MAX + 24, "%s%s%s%s%s", is_v4 ? "" : "[", text,
		 has_zone ? "%25" : "", has_zone ? iface : "", is_v4 ? "" : "]");
}

static const char *scheme_at(const struct own *own, const struct key *key,
			     const char *spoken)
{
	const char *usual =
		catalog_protocol(own->options.catalog, key->proto, key->port);
	return own_scheme(spoken, usual, key->proto);
}

/* ---- the listeners ---- */

static uint8_t proto_of(const char *transport)
{
	if (transport == NULL)
		return 0;
	return strcmp(transport, "tcp") == 0   ? IPPROTO_TCP
	       : strcmp(transport, "udp") == 0 ? IPPROTO_UDP
					       : 0;
}

static struct service *find(struct own *own, uint8_t proto, const struct addr *ip,
			    uint32_t port)
{
	for (uint32_t i = 0; i < own->count; i++) {
		const struct key *key = &own->keys[i];
		if (key->port == port && key->proto == proto &&
		    addr_equal(&key->ip, ip))
			return &own->services[i];
	}
	return NULL;
}

static bool is_link_local(const struct addr *ip)
{
	return !addr_is_v4(ip) && ip->ip6[0] == 0xfe && (ip->ip6[1] & 0xc0) == 0x80;
}

/* False: another namespace's, ours, or bound so that it can't be asked from here. */
static bool can_be_asked(const struct own *own, const struct listener_record *l)
{
	if (l->netns != UNKNOWN_U64 || proto_of(l->transport) == 0 ||
	    l->port == UNKNOWN_U32 || addr_is_unset(&l->ip) || addr_is_group(&l->ip))
		return false;
	if (own->options.exe != NULL && strcmp(l->exe, own->options.exe) == 0)
		return false;
	return is_link_local(&l->ip) == (l->iface[0] != '\0');
}

/* A free place, or that of one that can't be asked; NULL: there is none. */
static struct service *place_for(struct own *own, const char *scheme)
{
	if (own->count < OWN_LISTENERS_MAX)
		return &own->services[own->count++];
	for (uint32_t i = 0; i < own->count && scheme != NULL; i++)
		if (own->services[i].scheme == NULL && own->keys[i].asked == 0)
			return &own->services[i];
	return NULL;
}

static void open_service(struct own *own, const struct listener_record *l,
			 int64_t now_us)
{
	const struct key key = { .ip = l->ip,
				 .port = (uint16_t)l->port,
				 .proto = proto_of(l->transport) };
	struct service *s = find(own, key.proto, &l->ip, l->port);
	if (s != NULL) {
		s->sockets++;
		return;
	}
	const char *scheme = scheme_at(own, &key, NULL);
	s = place_for(own, scheme);
	if (s == NULL)
		return;
	*key_of(own, s) = key;
	*s = (struct service){ .sockets = 1, .since_us = now_us, .scheme = scheme };
	snprintf(s->program, sizeof(s->program), "%s",
		 l->exe[0] != '\0' ? l->exe : l->process);
	snprintf(s->iface, sizeof(s->iface), "%.15s", l->iface);
}

/* False: it could not be said now. */
static bool take_back(struct own *own, struct service *s)
{
	struct probe_own gone = s->told;
	gone.is_gone = 1;
	if (is_asked(own, s) && !own->options.tell(own->options.self, &gone))
		return false;
	key_of(own, s)->asked = 0;
	return true;
}

void own_take_listener(struct own *own, const struct listener_record *l, int64_t now_us)
{
	if (!can_be_asked(own, l))
		return;
	if (l->change != NULL && strcmp(l->change, "opened") == 0) {
		open_service(own, l, now_us);
		return;
	}
	struct service *s = find(own, proto_of(l->transport), &l->ip, l->port);
	if (s == NULL || l->change == NULL || strcmp(l->change, "closed") != 0)
		return;
	if (s->sockets > 0)
		s->sockets--;
}

void own_note_protocol(struct own *own, const char *transport, const struct addr *ip,
		       uint16_t port, const char *protocol)
{
	struct service *s = find(own, proto_of(transport), ip, port);
	/* It has answered us, and others may say to it what they like. */
	if (s == NULL || strcmp(s->spoken, protocol) == 0 ||
	    (is_asked(own, s) && !s->is_guess))
		return;
	const char *scheme = scheme_at(own, key_of(own, s), protocol);
	bool is_same =
		s->scheme != NULL && scheme != NULL && strcmp(s->scheme, scheme) == 0;
	snprintf(s->spoken, sizeof(s->spoken), "%s", protocol);
	s->scheme = scheme;
	s->is_guess = s->is_refused = false;
	if (!is_same)
		take_back(own, s);
}

/* ---- answers ---- */

static struct service *find_asked(struct own *own, const char *text)
{
	uint64_t hash = target_hash(text);
	for (uint32_t i = 0; i < own->count; i++)
		if (own->keys[i].asked == hash &&
		    strcmp(own->services[i].told.text, text) == 0)
			return &own->services[i];
	return NULL;
}

static void name_service(struct own *own, const struct probe_record *answer)
{
	const struct addr places[] = { answer->ip, addr_v4((uint8_t[4]){ 0 }),
				       (struct addr){ .ip6 = { 0 } } };
	struct service *s = NULL;
	for (size_t i = 0; i < 3 && s == NULL; i++)
		s = find(own, proto_of(answer->transport), &places[i], answer->port);
	if (s == NULL)
		return;
	s->is_named = true;
	snprintf(s->named, sizeof(s->named), "%s", answer->target);
	take_back(own, s);
}

/* Nobody names them any more, or what we asked was theirs and has gone with them. */
static void forget_target(struct own *own, const char *text)
{
	struct service *asked = find_asked(own, text);
	if (asked != NULL)
		key_of(own, asked)->asked = 0;
	for (uint32_t i = 0; i < own->count; i++)
		if (own->services[i].is_named &&
		    strcmp(own->services[i].named, text) == 0)
			own->services[i].is_named = false;
}

/* It heard our words, and they are none of its own. */
static bool is_stranger(const char *reason)
{
	static const enum reason reasons[] = { REASON_wrong_protocol, REASON_closed,
					       REASON_silent, REASON_reset,
					       REASON_tls_failed };
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reason != NULL && strcmp(reason, reason_word(reasons[i])) == 0)
			return true;
	return false;
}

/* Nobody got through to it: whether it would understand is still not known. */
static bool is_open_question(const char *reason)
{
	return reason != NULL &&
	       (strcmp(reason, reason_word(REASON_refused)) == 0 ||
		strcmp(reason, reason_word(REASON_no_handshake)) == 0 ||
		strcmp(reason, reason_word(REASON_unreachable)) == 0);
}

void own_take_answer(struct own *own, const struct probe_record *answer, bool is_here)
{
	enum probe_state state = probe_state_of(answer->state);
	if (answer->state == NULL) {
		forget_target(own, answer->target);
		return;
	}
	struct service *s = find_asked(own, answer->target);
	if (s == NULL) {
		if (is_here)
			name_service(own, answer);
		return;
	}
	if (!s->is_guess || state == PROBE_unknown || is_open_question(answer->reason))
		return;
	s->is_guess = false;
	s->is_refused = is_stranger(answer->reason);
	if (s->is_refused)
		take_back(own, s);
}

/* ---- every second ---- */

static bool has_room(const struct own *own, const struct service *s)
{
	uint32_t all = 0, same = 0;
	for (uint32_t i = 0; i < own->count; i++) {
		if (own->keys[i].asked == 0)
			continue;
		all++;
		same += strcmp(own->services[i].program, s->program) == 0;
	}
	return all < OWN_TARGETS_MAX && same < OWN_PER_PROGRAM;
}

static void ask(struct own *own, struct service *s, int64_t now_us)
{
	struct key *key = key_of(own, s);
	char host[ADDR_TEXT_MAX + 24];
	s->is_left_out = !has_room(own, s);
	if (s->is_left_out) {
		s->since_us = now_us; /* another may have gone when that is over */
		return;
	}
	bool is_page = strncmp(s->scheme, "http", 4) == 0;
	host_text(&key->ip, s->iface, host);
	s->told = (struct probe_own){ .kind = PROBE_TOLD_OWN };
	snprintf(s->told.text, sizeof(s->told.text), "%s://%s:%u%s", s->scheme, host,
		 key->port, is_page ? "/" : "");
	snprintf(s->told.asked, sizeof(s->told.asked), "%s://%s:%u%s", s->scheme, host,
		 key->port, options_of(s->scheme));
	if (own->options.tell(own->options.self, &s->told))
		key->asked = target_hash(s->told.text);
	s->is_guess = s->spoken[0] == '\0';
}

/* It is closed, and nobody opened it again within the second. */
static bool is_over(struct own *own, struct service *s)
{
	return s->sockets == 0 && take_back(own, s);
}

static bool is_due(const struct own *own, const struct service *s, int64_t now_us)
{
	return s->scheme != NULL && s->sockets > 0 && !is_asked(own, s) &&
	       !s->is_refused && !s->is_named && now_us - s->since_us >= own->settle_us;
}

void own_second(struct own *own, int64_t now_us)
{
	for (uint32_t i = 0; i < own->count;) {
		struct service *s = &own->services[i];
		if (is_over(own, s)) {
			*s = own->services[--own->count];
			own->keys[i] = own->keys[own->count];
			continue;
		}
		if (is_due(own, s, now_us))
			ask(own, s, now_us);
		i++;
	}
}

void own_tell_again(struct own *own)
{
	for (uint32_t i = 0; i < own->count; i++)
		if (own->services[i].sockets >
		    0) /* else it is still to be taken back */
			own->keys[i].asked = 0;
}

void own_counts(const struct own *own, struct own_counts *counts)
{
	*counts = (struct own_counts){ 0 };
	for (uint32_t i = 0; i < own->count; i++) {
		const struct service *s = &own->services[i];
		if (is_asked(own, s))
			counts->targets++;
		else if (s->is_left_out)
			counts->left_out++;
		else
			counts->unasked += !s->is_named;
	}
}
