/*
 * link.c: the connection, and the thread that makes it again; see link_inside.h.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/link_inside.h"
#include "fleet/link_servers.h"

enum {
	CONNECT_MS = 3000, /* of one server */
	PING_MS = 10000,   /* a peer that is gone is noticed after two of them */
	PINGS_MAX = 2,
	WRITE_MS = 5000,
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 8000,
	STEADY_US = 5000000, /* what lasted longer was no failure to connect */
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
	NS_IN_S = 1000000000,
	US_PER_MS = 1000,
};

void link_say(natsStatus status, char error[static LINK_ERROR_MAX])
{
	natsStatus told = NATS_OK;
	const char *text = nats_GetLastError(&told);
	if (text == NULL || *text == '\0' || told != status)
		text = natsStatus_GetText(status);
	if (status == NATS_NO_SERVER)
		text = "none of the NATS servers answers";
	/* "(conn.c:733): " is for who writes the library. */
	const char *place = text[0] == '(' ? strstr(text, "): ") : NULL;
	snprintf(error, LINK_ERROR_MAX, "%s", place != NULL ? place + 3 : text);
	for (char *at = error; *at != '\0'; at++)
		if (!isprint((unsigned char)*at))
			*at = ' ';
}

void link_stream_name(enum fleet_lane lane, char out[static LINK_STREAM_MAX])
{
	int len = snprintf(out, LINK_STREAM_MAX, "BW_%s", fleet_lane_name(lane));
	for (int i = 0; i < len; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
}

/* ---- sessions ---- */

static struct timespec deadline_after(int timeout_ms)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += timeout_ms / MS_PER_S;
	at.tv_nsec += (long)(timeout_ms % MS_PER_S) * NS_PER_MS;
	if (at.tv_nsec >= NS_IN_S) {
		at.tv_sec++;
		at.tv_nsec -= NS_IN_S;
	}
	return at;
}

/* The library tells of the end on a thread of its own: until then all stays. */
static void session_close(struct link *link, struct link_session *session)
{
	natsConnection_Close(session->connection);
	pthread_mutex_lock(&link->lock);
	while (!session->is_closed)
		pthread_cond_wait(&link->changed, &link->lock);
	pthread_mutex_unlock(&link->lock);
}

static void session_free(struct link_session *session)
{
	jsCtx_Destroy(session->js);
	natsConnection_Destroy(session->connection);
	free(session);
}

struct link_session *link_session_take(struct link *link, int timeout_ms)
{
	struct timespec deadline = deadline_after(timeout_ms);
	pthread_mutex_lock(&link->lock);
	while (link->session == NULL && !link->ends && timeout_ms > 0)
		if (pthread_cond_timedwait(&link->changed, &link->lock, &deadline) != 0)
			break;
	struct link_session *session = link->session;
	if (session != NULL && session->is_closed)
		session = NULL;
	if (session != NULL)
		session->users++;
	pthread_mutex_unlock(&link->lock);
	return session;
}

void link_session_give(struct link *link, struct link_session *session)
{
	pthread_mutex_lock(&link->lock);
	bool is_last = --session->users == 0;
	pthread_mutex_unlock(&link->lock);
	if (!is_last)
		return;
	session_close(link, session);
	session_free(session);
}

/* ---- what the library tells, on its threads ---- */

static void was_closed(natsConnection *connection, void *self)
{
	struct link_session *session = self;
	struct link *link = session->link;
	const char *text = NULL;
	natsConnection_GetLastError(connection, &text);
	pthread_mutex_lock(&link->lock);
	session->is_closed = true;
	if (link->session == session)
		snprintf(link->trouble, sizeof(link->trouble), "%s",
			 text != NULL && *text != '\0' ? text
						       : "the connection was closed");
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->lock);
}

/* The library's own handler of errors would write them to standard error. */
static void was_refused(natsConnection *connection, natsSubscription *subscription,
			natsStatus status, void *self)
{
	(void)subscription;
	struct link_session *session = self;
	struct link *link = session->link;
	if (status != NATS_NOT_PERMITTED)
		return;
	const char *text = NULL;
	natsConnection_GetLastError(connection, &text);
	pthread_mutex_lock(&link->lock);
	snprintf(session->refused, sizeof(session->refused), "%s",
		 text != NULL && *text != '\0' ? text : "not permitted");
	pthread_mutex_unlock(&link->lock);
}

/* ---- the thread ---- */

static natsStatus connect_session(struct link *link, struct link_session *session)
{
	jsOptions options;
	jsOptions_Init(&options);
	options.Wait = LINK_REQUEST_MS;
	session->link = link;
	natsStatus status = natsOptions_SetClosedCB(link->options, was_closed, session);
	if (status == NATS_OK)
		status = natsOptions_SetErrorHandler(link->options, was_refused,
						     session);
	if (status == NATS_OK)
		status = natsConnection_Connect(&session->connection, link->options);
	if (status == NATS_OK)
		status = natsConnection_JetStream(&session->js, session->connection,
						  &options);
	return status;
}

static struct link_session *connect_once(struct link *link,
					 char error[static LINK_ERROR_MAX])
{
	struct link_session *session = calloc(1, sizeof(*session));
	if (session == NULL) {
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	natsStatus status = connect_session(link, session);
	if (status == NATS_OK)
		return session;
	link_say(status, error);
	if (session->connection != NULL)
		session_close(link, session);
	session_free(session);
	return NULL;
}

/* Sensors that lost the same server do not all come back in the same moment. */
static int retry_after_ms(unsigned failures)
{
	int64_t most = (int64_t)RETRY_FIRST_MS
		       << (failures < CHAR_BIT ? failures : CHAR_BIT);
	if (most > RETRY_MAX_MS)
		most = RETRY_MAX_MS;
	uint16_t random = 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = UINT16_MAX;
	return (int)(most / 2 + most / 2 * random / UINT16_MAX);
}

/* With the lock held, until it ends or for so long. */
static void wait_to_retry(struct link *link, unsigned failures)
{
	struct timespec deadline = deadline_after(retry_after_ms(failures));
	while (!link->ends &&
	       pthread_cond_timedwait(&link->changed, &link->lock, &deadline) == 0)
		continue;
}

/* With the lock held, for as long as the connection lasts. True: that was long. */
static bool serve(struct link *link, struct link_session *session)
{
	int64_t began_us = clock_us(CLOCK_MONOTONIC);
	session->number = ++link->number;
	session->users = 1;
	link->session = session;
	link->trouble[0] = '\0';
	pthread_cond_broadcast(&link->changed);
	if (link->connected != NULL) {
		pthread_mutex_unlock(&link->lock);
		link->connected(link->self);
		pthread_mutex_lock(&link->lock);
	}
	while (!session->is_closed && !link->ends)
		pthread_cond_wait(&link->changed, &link->lock);
	link->session = NULL;
	pthread_mutex_unlock(&link->lock);
	link_session_give(link, session);
	pthread_mutex_lock(&link->lock);
	return clock_us(CLOCK_MONOTONIC) - began_us > STEADY_US;
}

static void *keep(void *self)
{
	struct link *link = self;
	unsigned failures = 0;
	pthread_mutex_lock(&link->lock);
	while (!link->ends) {
		char error[LINK_ERROR_MAX] = "";
		pthread_mutex_unlock(&link->lock);
		struct link_session *session = connect_once(link, error);
		pthread_mutex_lock(&link->lock);
		if (session == NULL)
			snprintf(link->trouble, sizeof(link->trouble), "%s", error);
		if (session != NULL && serve(link, session))
			failures = 0;
		else
			failures++;
		wait_to_retry(link, failures);
	}
	pthread_mutex_unlock(&link->lock);
	nats_ReleaseThreadMemory();
	return NULL;
}

/* ---- opening and closing ---- */

static natsStatus set_servers(natsOptions *to, const struct link_servers *servers)
{
	const char *all[LINK_SERVERS_MAX];
	for (int i = 0; i < servers->count; i++)
		all[i] = servers->text[i];
	return natsOptions_SetServers(to, all, servers->count);
}

static natsStatus set_trust(natsOptions *to, const struct link_options *options,
			    bool is_tls)
{
	natsStatus status = NATS_OK;
	if (is_tls)
		status = natsOptions_SetSecure(to, true);
	/* The library holds a certificate against the host of the server's address. */
	if (status == NATS_OK && is_tls)
		status = natsOptions_LoadCATrustedCertificates(to, options->ca);
	if (status == NATS_OK && options->credentials != NULL)
		status = natsOptions_SetUserCredentialsFromFiles(
			to, options->credentials, NULL);
	if (status == NATS_OK && options->inbox != NULL)
		status = natsOptions_SetCustomInboxPrefix(to, options->inbox);
	return status;
}

static natsStatus set_manners(natsOptions *to, const char *name)
{
	natsStatus status = NATS_OK;
#define SET(call)                                                                      \
	if (status == NATS_OK)                                                         \
	status = natsOptions_##call
	SET(SetName(to, name));
	SET(SetAllowReconnect(to, false));
	/* Only those that a person named: others may not be reachable from here. */
	SET(SetIgnoreDiscoveredServers(to, true));
	SET(SetTimeout(to, CONNECT_MS));
	SET(SetPingInterval(to, PING_MS));
	SET(SetMaxPingsOut(to, PINGS_MAX));
	SET(SetWriteDeadline(to, WRITE_MS));
#undef SET
	return status;
}

/* The system's authorities certify anybody's servers. */
static bool has_authority(const struct link_options *options,
			  char error[static LINK_ERROR_MAX])
{
	int failed = options->ca != NULL && access(options->ca, R_OK) == 0 ? 0 : errno;
	if (options->ca == NULL)
		snprintf(error, LINK_ERROR_MAX,
			 "tls:// servers, and no file of the authority that they are "
			 "believed by");
	else if (failed != 0)
		snprintf(error, LINK_ERROR_MAX,
			 "%.120s: %s: tls:// servers are believed by this authority "
			 "only; breakwater fleet init or join writes it",
			 options->ca, strerror(failed));
	return options->ca != NULL && failed == 0;
}

static natsStatus make_options(struct link *link, const struct link_options *options,
			       const struct link_servers *servers)
{
	natsStatus status = natsOptions_Create(&link->options);
	if (status == NATS_OK)
		status = set_servers(link->options, servers);
	if (status == NATS_OK)
		status = set_trust(link->options, options, servers->is_tls);
	if (status == NATS_OK)
		status = set_manners(link->options, options->name);
	return status;
}

static void init_locks(struct link *link)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&link->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&link->lock, NULL);
}

static void link_free(struct link *link)
{
	natsOptions_Destroy(link->options);
	pthread_cond_destroy(&link->changed);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

struct link *link_open(const struct link_options *options,
		       char error[static LINK_ERROR_MAX])
{
	struct link_servers servers;
	if (!link_servers_read(options->servers, &servers, error) ||
	    (servers.is_tls && !has_authority(options, error)))
		return NULL;
	struct link *link = calloc(1, sizeof(*link));
	if (link == NULL) {
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	init_locks(link);
	link->connected = options->connected;
	link->self = options->self;
	natsStatus status = make_options(link, options, &servers);
	int failed = 0;
	if (status != NATS_OK)
		link_say(status, error);
	else if ((failed = pthread_create(&link->thread, NULL, keep, link)) != 0)
		snprintf(error, LINK_ERROR_MAX, "no thread: %s", strerror(failed));
	if (status == NATS_OK && failed == 0)
		return link;
	link_free(link);
	return NULL;
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	pthread_mutex_lock(&link->lock);
	link->ends = true;
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->lock);
	pthread_join(link->thread, NULL);
	link_free(link);
}

static pthread_mutex_t *lock_of(const struct link *link)
{
	return &((struct link *)link)->lock; /* who only asks must lock, too */
}

bool link_is_up(const struct link *link)
{
	pthread_mutex_lock(lock_of(link));
	bool is_up = link->session != NULL && !link->session->is_closed;
	pthread_mutex_unlock(lock_of(link));
	return is_up;
}

void link_trouble(const struct link *link, char error[static LINK_ERROR_MAX])
{
	pthread_mutex_lock(lock_of(link));
	snprintf(error, LINK_ERROR_MAX, "%s", link->trouble);
	pthread_mutex_unlock(lock_of(link));
}

void link_say_absent(const struct link *link, char error[static LINK_ERROR_MAX])
{
	link_trouble(link, error);
	if (error[0] == '\0')
		snprintf(error, LINK_ERROR_MAX, "not connected yet");
}
