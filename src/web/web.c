/*
 * web.c: two HTTP daemons and their life; see web.h.
 *
 * The Unix socket has a daemon and a connection limit of its own, so that strangers who
 * use up the TCP one do not lock the administrator out.
 */
#include "web/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/inside.h"
#include "web/settled.h"
#include "web/tls.h"

enum { LOCAL_MAX = 128, IDLE_S = 30, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };
enum { FLAGS = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG };

int64_t web_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t web_now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* Broken clients are not news: each would be a line in the log for a stranger to write.
 */
__attribute__((format(printf, 2, 0))) static void no_log(void *self, const char *format,
							 va_list args)
{
	(void)self;
	(void)format;
	(void)args;
}

/* MHD_AcceptPolicyCallback */
static enum MHD_Result admit(void *self, const struct sockaddr *from, socklen_t len)
{
	struct web *web = self;
	struct addr client = addr_unset();
	(void)len;
	addr_of_socket(from, &client);
	return guests_have_room(&web->guests, &client) ? MHD_YES : MHD_NO;
}

/* MHD_NotifyConnectionCallback */
static void note_connection(void *self, struct MHD_Connection *connection, void **guest,
			    enum MHD_ConnectionNotificationCode code)
{
	struct web *web = self;
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct addr client = addr_unset();
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		guest_leaves(&web->guests, *guest);
		*guest = NULL;
		return;
	}
	if (from != NULL)
		addr_of_socket(from->client_addr, &client);
	if (fd != NULL)
		*guest = guest_comes(&web->guests, fd->connect_fd, &client,
				     web_now_ms());
}

static struct MHD_Daemon *start_tcp(struct web *web, int listen_fd)
{
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)no_log, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, GUESTS_MAX, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)route_done, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, web },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	/* The certificate's callback can't be in an array of options. */
	if (web->access->is_secure)
		return MHD_start_daemon(FLAGS | MHD_USE_TLS, 0, admit, web, route_tcp,
					web, MHD_OPTION_ARRAY, options,
					MHD_OPTION_HTTPS_CERT_CALLBACK2, tls_retrieve,
					MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
					MHD_OPTION_END);
	return MHD_start_daemon(FLAGS, 0, admit, web, route_tcp, web, MHD_OPTION_ARRAY,
				options, MHD_OPTION_END);
}

static struct MHD_Daemon *start_local(struct web *web, int listen_fd)
{
	return MHD_start_daemon(
		FLAGS, 0, NULL, NULL, route_local, web, MHD_OPTION_EXTERNAL_LOGGER,
		no_log, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)LOCAL_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_NOTIFY_COMPLETED, route_done, NULL, MHD_OPTION_END);
}

/* What connections take is on top of what the rest had, as far as we may. */
static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t left = limit.rlim_max - limit.rlim_cur;
	limit.rlim_cur += left < GUESTS_MAX + LOCAL_MAX ? left : GUESTS_MAX + LOCAL_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Takes the daemon's descriptor into ours; NULL, and closed, if it did not start. */
static struct MHD_Daemon *follow(struct web *web, int listen_fd,
				 struct MHD_Daemon *daemon)
{
	if (daemon == NULL) {
		close(listen_fd);
		return NULL;
	}
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event event = { .events = EPOLLIN };
	if (info == NULL || epoll_ctl(web->fd, EPOLL_CTL_ADD, info->epoll_fd, &event)) {
		MHD_stop_daemon(daemon);
		return NULL;
	}
	return daemon;
}

static bool open_past(struct web *web, const struct web_past *store)
{
	struct epoll_event event = { .events = EPOLLIN };
	if (store == NULL)
		return true;
	web->past = past_new(store);
	web->settled = settled_new();
	return web->past != NULL &&
	       epoll_ctl(web->fd, EPOLL_CTL_ADD, past_fd(web->past), &event) == 0;
}

static bool open_access(struct web *web, const struct web_options *options,
			char error[static WEB_ERROR_MAX])
{
	struct epoll_event event = { .events = EPOLLIN };
	web->access = access_open(options, error);
	return web->access != NULL &&
	       epoll_ctl(web->fd, EPOLL_CTL_ADD, hashing_fd(web->access->hashing),
			 &event) == 0;
}

/* From a network nothing is asked in the clear, and nobody asks for nothing. */
static bool may_be_reached(const struct web *web, const char *listen_at,
			   char error[static WEB_ERROR_MAX])
{
	if (!web->access->is_secure) {
		snprintf(error, WEB_ERROR_MAX,
			 "listen %s: where others reach it the page needs TLS: set "
			 "web.certificate and web.key (docs/web.md), or listen on "
			 "127.0.0.1",
			 listen_at);
		return false;
	}
	if (!access_has_people(web->access)) {
		snprintf(error, WEB_ERROR_MAX,
			 "listen %s: nobody could sign in: make a user first "
			 "(\"breakwater user add NAME --role administrator\"), or a "
			 "token, or set web.proxy and web.proxy_user_header "
			 "(docs/web.md)",
			 listen_at);
		return false;
	}
	return true;
}

static bool open_tcp(struct web *web, const char *listen_at,
		     char error[static WEB_ERROR_MAX], int *status)
{
	struct addr at;
	int fd = socket_listen_tcp(listen_at, &at, &web->port, web->address, error,
				   status);
	if (fd < 0)
		return false;
	if (!addr_is_loopback(&at) && !may_be_reached(web, listen_at, error)) {
		*status = EXIT_USAGE;
		close(fd);
		return false;
	}
	access_name_cookie(web->access, web->port);
	web->tcp = follow(web, fd, start_tcp(web, fd));
	return web->tcp != NULL;
}

static bool open_local(struct web *web, const char *path,
		       char error[static WEB_ERROR_MAX], int *status)
{
	int fd = socket_listen_unix(path, error, status);
	if (fd < 0)
		return false;
	snprintf(web->socket_path, sizeof(web->socket_path), "%s", path);
	web->local = follow(web, fd, start_local(web, fd));
	return web->local != NULL;
}

struct web *web_open(const struct web_options *options,
		     char error[static WEB_ERROR_MAX], int *status)
{
	*status = EXIT_TROUBLE;
	snprintf(error, WEB_ERROR_MAX, "the HTTP server could not start");
	struct web *web = calloc(1, sizeof(*web));
	if (web == NULL)
		return NULL;
	web->source = options->source;
	snprintf(web->version, sizeof(web->version), "%s", options->version);
	guests_init(&web->guests);
	raise_file_limit();
	web->fd = epoll_create1(EPOLL_CLOEXEC);
	web->live = live_new();
	web->metrics = metrics_new();
	bool off = options->listen == NULL || strcmp(options->listen, "off") == 0;
	if (web->fd < 0 || web->live == NULL || web->metrics == NULL ||
	    !open_past(web, options->past))
		goto fail;
	*status = EXIT_USAGE;
	if (!open_access(web, options, error))
		goto fail;
	*status = EXIT_TROUBLE;
	/* First: who runs already is worth more to know than which port is taken. */
	if (options->socket_path != NULL &&
	    !open_local(web, options->socket_path, error, status))
		goto fail;
	if (!off && !open_tcp(web, options->listen, error, status))
		goto fail;
	*status = 0;
	error[0] = '\0';
	return web;
fail:
	web_close(web);
	return NULL;
}

int web_fd(const struct web *web)
{
	return web->fd;
}

uint16_t web_port(const struct web *web)
{
	return web->port;
}

const char *web_address(const struct web *web)
{
	return web->address;
}

static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int daemon_timeout_ms(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG ms;
	if (daemon == NULL || MHD_get_timeout(daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT16_MAX ? INT16_MAX : (int)ms;
}

int web_timeout_ms(const struct web *web)
{
	int daemons =
		sooner(daemon_timeout_ms(web->tcp), daemon_timeout_ms(web->local));
	int past = web->past != NULL ? past_timeout_ms(web->past) : -1;
	return sooner(sooner(daemons, past), live_timeout_ms(web->live, web_now_ms()));
}

void web_run(struct web *web)
{
	live_tick(web->live, web_now_ms());
	if (web->access != NULL)
		live_turn_out(web->live, &web->access->door, web_now_us(),
			      web_now_ms());
	if (web->past != NULL)
		past_tick(web->past);
	guests_tick(&web->guests, web_now_ms());
	if (web->access != NULL)
		access_tick(web->access, web_now_ms());
	if (web->local != NULL)
		MHD_run(web->local);
	if (web->tcp != NULL)
		MHD_run(web->tcp);
}

bool web_reload(struct web *web, char error[static WEB_ERROR_MAX])
{
	struct access *access = web->access;
	bool wanted;
	if (!tls_is_wanted(access->door.config, &wanted, error))
		return false;
	if (wanted != access->is_secure) {
		snprintf(error, WEB_ERROR_MAX,
			 "web.certificate: whether there is TLS takes effect at the "
			 "next start");
		return false;
	}
	return !wanted || tls_load(access->door.config, error) == 0;
}

int64_t web_certificate_until_us(void)
{
	return tls_until_us();
}

enum { HOST_MAX = 96 };

/* A name that is in the certificate, if one is set; "everywhere" is no place to go. */
static void host_of_link(const struct web *web, char host[static HOST_MAX])
{
	const struct config_texts *names = &web->access->door.config->web_names;
	const char *name = names->count > 0 ? names->at[0] : "localhost";
	bool is_everywhere = strncmp(web->address, "0.0.0.0:", 8) == 0 ||
			     strncmp(web->address, "[::]:", 5) == 0;
	if (names->count == 0 && !is_everywhere)
		snprintf(host, HOST_MAX, "%s", web->address);
	else if (strchr(name, ':') != NULL)
		snprintf(host, HOST_MAX, "%.*s", HOST_MAX - 1, name);
	else
		snprintf(host, HOST_MAX, "%.80s:%u", name, web->port);
}

int web_link(struct web *web, const char *user, char link[static WEB_LINK_MAX])
{
	struct access *access = web->access;
	char once[SECRET_TEXT_MAX], host[HOST_MAX];
	if (user[0] != '\0' && people_user(&access->door.people, user) == NULL)
		return -ENOENT;
	if (web->tcp == NULL)
		return -ENOTCONN;
	if (!once_new(&access->once, user, web_now_ms(), once))
		return -EIO;
	host_of_link(web, host);
	snprintf(link, WEB_LINK_MAX, "%s://%s/enter?once=%s",
		 access->is_secure ? "https" : "http", host, once);
	return 0;
}

void web_live(struct web *web, enum record_kind kind, const void *record)
{
	if (kind == RECORD_port)
		metrics_add(web->metrics, web->source, record);
	else if (kind == RECORD_login)
		metrics_add_login(web->metrics, record);
	else if (kind == RECORD_finding)
		metrics_add_finding(web->metrics, record);
	else if (kind == RECORD_block)
		metrics_add_block(web->metrics, record);
	else if (kind == RECORD_probe)
		metrics_add_probe(web->metrics, record);
	else if (kind == RECORD_self_test)
		metrics_add_self_test(web->metrics, record);
	live_send(web->live, kind, record);
}

void web_forget(struct web *web)
{
	if (web->settled != NULL)
		settled_forget(web->settled);
	live_forget(web->live);
}

void web_close(struct web *web)
{
	if (web == NULL)
		return;
	/* A daemon must not stop with connections suspended. */
	if (web->past != NULL)
		past_end(web->past);
	probes_waiting_end(&web->probes);
	if (web->access != NULL)
		hashing_end(web->access->hashing);
	if (web->live != NULL) {
		live_end(web->live);
		web_run(web);
	}
	if (web->tcp != NULL)
		MHD_stop_daemon(web->tcp);
	if (web->local != NULL)
		MHD_stop_daemon(web->local);
	if (web->socket_path[0] != '\0')
		unlink(web->socket_path);
	if (web->fd >= 0)
		close(web->fd);
	past_free(web->past);
	settled_free(web->settled);
	access_free(web->access);
	live_free(web->live);
	public_view_free(&web->public_view);
	metrics_free(web->metrics);
	free(web);
}
