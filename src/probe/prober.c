/*
 * prober.c: the loop of probes in flight; see probe.h and asked.h.
 */
#include "probe/probe.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/netns.h"
#include "probe/asked.h"
#include "probe/http.h"
#include "probe/resolvers.h"

enum { EVENTS = 256, DRAIN_US = 20000, OUT_MAX = 65536 };

/* ---- deadlines ---- */

void asked_wait(struct asked *a, int64_t deadline_us)
{
	deadlines_move(&a->prober->deadlines, &a->deadline,
		       deadline_us < a->give_up_us ? deadline_us : a->give_up_us);
}

static struct asked *next_late(const struct prober *p)
{
	struct deadline *next = deadlines_next(&p->deadlines);
	return next == NULL
		       ? NULL
		       : (struct asked *)(void *)((char *)next -
						  offsetof(struct asked, deadline));
}

/* ---- the prober ---- */

struct prober *prober_new(void)
{
	struct prober *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	struct hash_key key = hash_key_random();
	p->netns_socket = netns_socket;
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->room = talk_room_new(&key);
	if (p->epoll < 0 || p->room == NULL || !tls_begin(p) || !resolvers_begin(p) ||
	    !http_begin(p)) {
		prober_free(p);
		return NULL;
	}
	return p;
}

static void free_asked(struct asked *a)
{
	dialogue_free(a);
	tls_free(a);
	flight_free(a);
	buf_free(&a->out);
	free(a);
}

void prober_free(struct prober *p)
{
	if (p == NULL)
		return;
	for (struct asked *a; (a = next_late(p)) != NULL;)
		asked_end(a);
	resolvers_end(p);
	names_free(p);
	for (struct asked *a; (a = p->ended) != NULL;) {
		p->ended = a->next;
		free_asked(a);
	}
	http_end(p);
	tls_end(p);
	talk_room_free(p->room);
	kept_close(p);
	failure_free(p->flight.failure);
	free(p->by_fd);
	if (p->epoll >= 0)
		close(p->epoll);
	deadlines_free(&p->deadlines);
	free(p);
}

void prober_tell_ends(struct prober *p,
		      void (*tell)(void *to, const struct probe_ends *ends), void *to)
{
	p->tell_ends = tell;
	p->tell_ends_to = to;
}

void prober_set_netns(struct prober *p, prober_netns_socket make)
{
	p->netns_socket = make;
}

unsigned prober_in_flight(const struct prober *p)
{
	return p->in_flight;
}

int prober_fd(const struct prober *p)
{
	return p->epoll;
}

/* ---- one probe ---- */

bool prober_has_place(struct prober *p, int fd)
{
	size_t count = p->by_fd_count > 0 ? p->by_fd_count : EVENTS;
	while (count <= (size_t)fd)
		count *= 2;
	if (count == p->by_fd_count)
		return true;
	struct asked **grown = realloc(p->by_fd, count * sizeof(struct asked *));
	if (grown == NULL)
		return false;
	memset(grown + p->by_fd_count, 0,
	       (count - p->by_fd_count) * sizeof(struct asked *));
	p->by_fd = grown;
	p->by_fd_count = count;
	return true;
}

void asked_watch(struct asked *a, uint32_t events)
{
	a->prober->by_fd[a->fd] = a;
	if (a->events == events)
		return;
	struct epoll_event event = { .events = events, .data.fd = a->fd };
	epoll_ctl(a->prober->epoll, a->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
		  a->fd, &event);
	a->events = events;
}

void epoll_keep(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };
	if (events == 0)
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void asked_close(struct asked *a)
{
	if (a->fd < 0)
		return;
	struct linger linger = { .l_onoff = 1 };
	flight_note_socket(a);
	a->prober->by_fd[a->fd] = NULL;
	if (!kept_give(a)) {
		if (a->reset_on_close)
			setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &linger,
				   sizeof(linger));
		close(a->fd); /* epoll forgets it, too */
	}
	a->fd = -1;
	a->events = 0;
}

/* A server may have TLS say any number of words, and read none of them. */
void asked_put(struct asked *a, const void *at, size_t len)
{
	a->is_choked = a->is_choked || a->out.len + len > OUT_MAX;
	if (a->is_choked)
		asked_judge(a, REASON_wrong_protocol,
			    "it asks for more words than it reads");
	else
		buf_add(&a->out, at, len);
}

void asked_judge(struct asked *a, enum reason reason, const char *format, ...)
{
	if (a->is_judged)
		return;
	a->is_judged = true;
	a->reason = reason;
	a->record.total_us = asked_since(a->begin_us, clock_us(CLOCK_MONOTONIC));
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(a->record.detail, sizeof(a->record.detail), format, arguments);
	va_end(arguments);
	flight_hide_password(a, a->record.detail, sizeof(a->record.detail));
}

void asked_end(struct asked *a)
{
	struct prober *p = a->prober;
	if (a->phase == PHASE_DONE)
		return;
	a->phase = PHASE_DONE;
	resolve_forget(a);
	if (a->way->end != NULL)
		a->way->end(a);
	asked_close(a);
	deadlines_remove(&p->deadlines, &a->deadline);
	a->next = p->ended;
	p->ended = a;
}

/* In words of the user's own, it is what carries them. */
static const char *kind_word(const struct target *t)
{
	static const char *const kinds[] = { "tcp", "tls", "udp", "icmp", "http" };
	if (t->kind == TARGET_HEARTBEAT)
		return "heartbeat";
	if (t->kind != TARGET_DIALOGUE)
		return kinds[t->kind];
	return t->transport == IPPROTO_UDP  ? "udp"
	       : t->tls == TARGET_TLS_FIRST ? "tls"
					    : "tcp";
}

void probe_record_begin(struct probe_record *r, const struct target *t)
{
	record_init(RECORD_probe, r);
	record_text(r->target, sizeof(r->target), t->text);
	record_text(r->protocol, sizeof(r->protocol),
		    t->protocol != NULL ? t->protocol->name : kind_word(t));
	r->transport = t->transport == IPPROTO_TCP    ? "tcp"
		       : t->transport == IPPROTO_UDP  ? "udp"
		       : t->transport == IPPROTO_ICMP ? "icmp"
						      : NULL;
	if (t->port != 0)
		r->port = t->port;
}

static void begin_record(struct asked *a, int64_t now_us)
{
	struct probe_record *r = &a->record;
	probe_record_begin(r, a->target);
	r->by = "probe";
	a->offset_us = clock_us(CLOCK_REALTIME) - now_us;
	r->at = a->meant_us + a->offset_us;
	r->late_us = asked_since(a->meant_us, now_us);
}

static const struct way *way_of(const struct target *t)
{
	if (t->members != MEMBERS_NONE)
		return &members_way;
	if (t->kind == TARGET_HTTP)
		return &http_way;
	if (t->kind == TARGET_ICMP)
		return &echo_way;
	if (t->kind == TARGET_TCP && t->burst.count > 1)
		return &connects_way;
	return t->transport == IPPROTO_TCP ? &stream_way : &datagram_way;
}

bool prober_ask(struct prober *p, const struct target *target, int64_t meant_us,
		probe_done done, void *to)
{
	struct asked *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return false;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	*a = (struct asked){ .prober = p,
			     .target = target,
			     .way = way_of(target),
			     .done = done,
			     .to = to,
			     .fd = -1,
			     .meant_us = meant_us,
			     .begin_us = now_us,
			     .phase_us = now_us,
			     .port = target->connect_port,
			     .transport = target->transport,
			     .reason = REASON_not_sent, /* until it is judged */
			     .addr = addr_unset() };
	a->give_up_us = now_us + (int64_t)target->timeout_ms * 1000;
	begin_record(a, now_us);
	if (!deadlines_add(&p->deadlines, &a->deadline, a->give_up_us)) {
		free(a);
		return false;
	}
	p->in_flight++;
	flight_begin(a);
	resolve(a);
	return true;
}

bool asked_allows(struct asked *a)
{
	char text[ADDR_TEXT_MAX];
	if (target_allows(a->target, &a->addr))
		return true;
	addr_text(&a->addr, text);
	asked_judge(a, REASON_not_permitted, "%s is not among the allowed addresses",
		    text);
	return false;
}

void asked_found(struct asked *a)
{
	a->record.ip = a->addr;
	if (asked_allows(a))
		a->way->begin(a);
	else
		asked_end(a);
}

/* The deadline of its phase has come, or of all. */
static void asked_late(struct asked *a)
{
	if (a->name != NULL)
		resolve_late(a);
	else
		a->way->late(a);
}

/* ---- the loop ---- */

static void take_event(struct prober *p, const struct epoll_event *event)
{
	size_t fd = (size_t)event->data.fd;
	struct asked *a = fd < p->by_fd_count ? p->by_fd[fd] : NULL;
	if (a != NULL)
		a->way->event(a, event->events);
}

/* Of echoes and bursts each has its own time; of what was never asked, there is none.
 */
static uint64_t answer_us(const struct asked *a)
{
	const struct probe_record *r = &a->record;
	if (a->target->kind == TARGET_ICMP || a->way == &connects_way)
		return r->rtt_us;
	uint64_t not_us =
		a->own_us + (r->resolve_us != UNKNOWN_U64 ? r->resolve_us : 0);
	bool is_known = r->total_us != UNKNOWN_U64 && r->total_us >= not_us;
	return is_known ? r->total_us - not_us : r->total_us;
}

static void judge_limits(struct asked *a)
{
	enum probe_state state = reason_state(a->reason);
	if (state == PROBE_up || state == PROBE_degraded)
		a->record.answer_us = answer_us(a);
	if (state == PROBE_up)
		a->reason = limits_judge(&a->target->limits, &a->record);
}

/* Silence, or a refusal, is the target's only if it was asked. */
static void judge_not_sent(struct asked *a)
{
	bool is_refusal = a->reason == REASON_refused;
	bool is_silence =
		a->reason == REASON_no_handshake || a->reason == REASON_silent ||
		a->reason == REASON_unreachable || a->reason == REASON_open_filtered;
	/* Another may have asked for the neighbour that is not there. */
	if ((!is_silence && !is_refusal) || a->blamed == BLAME_NEIGHBOUR ||
	    !failure_was_not_sent(a))
		return;
	a->reason = is_refusal ? REASON_not_permitted : REASON_not_sent;
	record_text(a->record.detail, sizeof(a->record.detail),
		    is_refusal ? "no packet of it left this machine: a rule here "
				 "refuses it"
			       : "no packet of it left this machine: a firewall here, "
				 "or a way that leads nowhere");
}

static void tell(struct asked *a)
{
	struct probe_record *r = &a->record;
	dialogue_end(a);
	judge_limits(a);
	judge_not_sent(a);
	r->state = probe_state_word(reason_state(a->reason));
	r->reason = reason_word(a->reason);
	a->prober->flight.telling = a;
	a->done(a->to, r);
	a->prober->flight.telling = NULL;
}

static void tell_ended(struct prober *p)
{
	while (p->ended != NULL) {
		struct asked *a = p->ended;
		p->ended = a->next;
		p->in_flight--;
		tell(a);
		free_asked(a);
	}
}

/* -1: never */
static int sooner_ms(int one_ms, int other_ms)
{
	if (one_ms < 0 || other_ms < 0)
		return one_ms < 0 ? other_ms : one_ms;
	return one_ms < other_ms ? one_ms : other_ms;
}

int prober_next_ms(const struct prober *p)
{
	int next_ms = sooner_ms(resolvers_next_ms(p), http_next_ms(p));
	if (p->ended != NULL)
		return 0;
	const struct asked *late = next_late(p);
	if (late == NULL)
		return next_ms;
	int64_t us = late->deadline.at_us - clock_us(CLOCK_MONOTONIC);
	return sooner_ms(next_ms, us <= 0 ? 0 : (int)((us + 999) / 1000));
}

/* Not for each packet: who needs one now asks for it (failure.c). */
static void drain_recorder(struct prober *p, int64_t now_us)
{
	if (p->flight.recorder == NULL || now_us - p->flight.drained_us < DRAIN_US)
		return;
	p->flight.drained_us = now_us;
	recorder_drain(p->flight.recorder);
}

void prober_record(struct prober *p, struct recorder *recorder, const char *why)
{
	p->flight.records = true;
	p->flight.recorder = recorder;
	record_text(p->flight.why_not, sizeof(p->flight.why_not), why);
}

void prober_turn(struct prober *p, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int next_ms = prober_next_ms(p);
	if (next_ms >= 0 && (timeout_ms < 0 || next_ms < timeout_ms))
		timeout_ms = next_ms;
	/* All that has come, before anything is called late: it may be we who are. */
	for (unsigned turns = p->in_flight / EVENTS + 1; turns > 0; turns--) {
		int count = epoll_wait(p->epoll, events, EVENTS, timeout_ms);
		for (int i = 0; i < count; i++)
			take_event(p, &events[i]);
		if (count < EVENTS)
			break;
		timeout_ms = 0;
	}
	http_turn(p);
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	drain_recorder(p, now_us);
	for (struct asked *a;
	     (a = next_late(p)) != NULL && a->deadline.at_us <= now_us;)
		asked_late(a);
	resolvers_turn(p);
	tell_ended(p);
}
