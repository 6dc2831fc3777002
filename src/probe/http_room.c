/*
 * http_room.c: libcurl's multi interface within the prober's loop.
 *
 * What libcurl waits for is in an epoll of its own, which is one descriptor of the
 * prober's: its sockets come and go without a probe being told.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/http.h"

enum { EVENTS = 64, IDLE_MAX = 16 };

struct http_room {
	CURLM *multi;
	int epoll;
	int64_t timer_us;     /* monotonic: when libcurl wants to be called; 0: never */
	CURL *idle[IDLE_MAX]; /* to be used again */
	unsigned idle_count;
};

/* ---- what libcurl waits for ---- */

static int watch(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
	struct http_room *room = self;
	uint32_t events = 0;
	char *http = NULL;
	(void)known;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	epoll_keep(room->epoll, fd, events);
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &http) == CURLE_OK &&
	    http != NULL)
		http_waits((struct http *)(void *)http, fd);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *self)
{
	struct http_room *room = self;
	(void)multi;
	room->timer_us = ms < 0 ? 0 : clock_us(CLOCK_MONOTONIC) + ms * 1000;
	return 0;
}

bool http_begin(struct prober *p)
{
	struct http_room *room = calloc(1, sizeof(*room));
	p->http = room;
	if (room == NULL)
		return false;
	room->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (room->epoll < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	room->multi = curl_multi_init();
	if (room->multi == NULL)
		return false;
	curl_multi_setopt(room->multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(room->multi, CURLMOPT_SOCKETDATA, room);
	curl_multi_setopt(room->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(room->multi, CURLMOPT_TIMERDATA, room);
	curl_multi_setopt(room->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	epoll_keep(p->epoll, room->epoll, EPOLLIN);
	return true;
}

void http_end(struct prober *p)
{
	struct http_room *room = p->http;
	if (room == NULL)
		return;
	while (room->idle_count > 0)
		curl_easy_cleanup(room->idle[--room->idle_count]);
	curl_multi_cleanup(room->multi);
	curl_global_cleanup();
	if (room->epoll >= 0)
		close(room->epoll);
	free(room);
	p->http = NULL;
}

int http_next_ms(const struct prober *p)
{
	if (p->http->timer_us == 0)
		return -1;
	int64_t us = p->http->timer_us - clock_us(CLOCK_MONOTONIC);
	return us <= 0 ? 0 : (int)((us + 999) / 1000);
}

/* ---- handles ---- */

CURL *http_take(struct prober *p)
{
	struct http_room *room = p->http;
	return room->idle_count > 0 ? room->idle[--room->idle_count] : curl_easy_init();
}

bool http_start(struct prober *p, CURL *easy)
{
	return curl_multi_add_handle(p->http->multi, easy) == CURLM_OK;
}

void http_stop(struct prober *p, CURL *easy)
{
	curl_multi_remove_handle(p->http->multi, easy);
}

void http_give_back(struct prober *p, CURL *easy)
{
	struct http_room *room = p->http;
	long error = 0;
	curl_multi_remove_handle(room->multi, easy);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	/* Also forgets passwords, but not the last error of a socket. */
	curl_easy_reset(easy);
	if (error == 0 && room->idle_count < IDLE_MAX)
		room->idle[room->idle_count++] = easy;
	else
		curl_easy_cleanup(easy);
}

/* ---- the turn ---- */

static void take_results(struct http_room *room)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(room->multi, &left)) != NULL) {
		struct http *http = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &http);
		http_done(http, message->data.result);
	}
}

void http_turn(struct prober *p)
{
	struct http_room *room = p->http;
	struct epoll_event events[EVENTS];
	int running;
	int count = epoll_wait(room->epoll, events, EVENTS, 0);
	for (int i = 0; i < count; i++) {
		uint32_t had = events[i].events;
		int what = (had & EPOLLIN ? CURL_CSELECT_IN : 0) |
			   (had & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (had & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		curl_multi_socket_action(room->multi, events[i].data.fd, what,
					 &running);
	}
	if (room->timer_us != 0 && room->timer_us <= clock_us(CLOCK_MONOTONIC)) {
		room->timer_us = 0;
		curl_multi_socket_action(room->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	take_results(room);
}
