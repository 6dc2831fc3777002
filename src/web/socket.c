/*
 * socket.c: open the sockets we listen on; see socket.h.
 */
#include "web/socket.h"

#include <errno.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/endpoint.h"

enum { BACKLOG = 128, EXIT_BUSY = 1, EXIT_USAGE = 2, EXIT_NOT_PERMITTED = 4 };

static bool parse_port(const char *text, uint16_t *port)
{
	char *end = NULL;
	if (text[0] < '0' || text[0] > '9')
		return false;
	unsigned long value = strtoul(text, &end, 10);
	*port = (uint16_t)value;
	return *end == '\0' && value <= UINT16_MAX;
}

/* "ADDR:PORT" or "[ADDR6]:PORT". */
static bool parse_endpoint(const char *text, union endpoint *out)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	uint16_t port;
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host) ||
	    !parse_port(colon + 1, &port))
		return false;
	size_t len = (size_t)(colon - text);
	memcpy(host, text, len);
	host[len] = '\0';
	bool is_v6 = len > 2 && host[0] == '[' && host[len - 1] == ']';
	if (is_v6)
		host[len - 1] = '\0';
	const char *literal = is_v6                            ? host + 1
			      : strcmp(host, "localhost") == 0 ? "127.0.0.1"
							       : host;
	struct addr addr;
	if (!addr_parse(literal, &addr) || addr_is_v4(&addr) == is_v6)
		return false;
	endpoint_set(out, &addr, port, 0);
	return true;
}

static void describe(const union endpoint *at, struct addr *addr, uint16_t *port,
		     char address[static SOCKET_ADDRESS_MAX])
{
	char host[ADDR_TEXT_MAX];
	*port = endpoint_port(at);
	*addr = addr_unset();
	addr_of_socket(&at->any, addr);
	addr_text(addr, host);
	snprintf(address, SOCKET_ADDRESS_MAX, addr_is_v4(addr) ? "%s:%u" : "[%s]:%u",
		 host, *port);
}

static void explain_tcp(const char *listen_at, int problem,
			char error[static WEB_ERROR_MAX], int *status)
{
	const char *hint = "";
	*status = EXIT_USAGE;
	if (problem == EADDRINUSE) {
		*status = EXIT_BUSY;
		hint = "; choose another with --listen ADDR:PORT, or --listen "
		       "127.0.0.1:0 "
		       "for any free port";
	} else if (problem == EACCES) {
		*status = EXIT_NOT_PERMITTED;
		hint = "; ports below 1024 need root";
	} else if (problem == EADDRNOTAVAIL) {
		hint = "; this machine does not have that address";
	}
	snprintf(error, WEB_ERROR_MAX, "listen %s: %s%s", listen_at, strerror(problem),
		 hint);
}

static int listen_on(union endpoint *at)
{
	int on = 1;
	socklen_t len = at->any.sa_family == AF_INET6 ? sizeof(at->v6) : sizeof(at->v4);
	int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &at->any, len) != 0 || listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, &at->any, &len) != 0) {
		int problem = errno;
		close(fd);
		return -problem;
	}
	return fd;
}

int socket_listen_tcp(const char *listen_at, struct addr *addr, uint16_t *port,
		      char address[static SOCKET_ADDRESS_MAX],
		      char error[static WEB_ERROR_MAX], int *status)
{
	union endpoint at;
	if (!parse_endpoint(listen_at, &at)) {
		*status = EXIT_USAGE;
		snprintf(error, WEB_ERROR_MAX,
			 "listen: \"%s\" is not ADDR:PORT such as 127.0.0.1:7070 or "
			 "[::1]:7070, nor \"off\"",
			 listen_at);
		return -1;
	}
	int fd = listen_on(&at);
	if (fd < 0) {
		explain_tcp(listen_at, -fd, error, status);
		return -1;
	}
	describe(&at, addr, port, address);
	return fd;
}

static int fail_unix(const char *path, int problem, char error[static WEB_ERROR_MAX],
		     int *status)
{
	bool denied = problem == EACCES || problem == EPERM || problem == EROFS;
	*status = denied ? EXIT_NOT_PERMITTED : EXIT_USAGE;
	snprintf(error, WEB_ERROR_MAX, "socket %s: %s%s", path, strerror(problem),
		 denied ? "; run as root, or choose another with --socket PATH" : "");
	return -1;
}

/* True if somebody takes connections there. */
static bool is_answered(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool answered = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
			errno == EAGAIN;
	close(fd);
	return answered;
}

/* The folder only, not its parents: /run is there, and a typo should not grow a tree.
 */
static void make_folder(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	snprintf(copy, sizeof(copy), "%s", path);
	mkdir(dirname(copy), 0755);
}

static bool is_socket(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The mode is set before the name exists: nobody gets in between. */
static int bind_unix(int fd, const struct sockaddr_un *at)
{
	mode_t mask = umask(0117);
	int result = bind(fd, (const struct sockaddr *)at, sizeof(*at));
	int problem = errno;
	umask(mask);
	return result == 0 ? 0 : -problem;
}

int socket_listen_unix(const char *path, char error[static WEB_ERROR_MAX], int *status)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(at.sun_path))
		return fail_unix(path, ENAMETOOLONG, error, status);
	memcpy(at.sun_path, path, strlen(path) + 1);
	make_folder(path);
	if (is_socket(path)) {
		if (is_answered(&at)) {
			*status = EXIT_BUSY;
			snprintf(error, WEB_ERROR_MAX,
				 "already running: a daemon answers on %s; see "
				 "\"breakwater "
				 "status\"",
				 path);
			return -1;
		}
		unlink(path);
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_unix(path, errno, error, status);
	int problem = bind_unix(fd, &at);
	if (problem == 0 && listen(fd, BACKLOG) != 0)
		problem = -errno;
	if (problem == 0)
		return fd;
	close(fd);
	return fail_unix(path, -problem, error, status);
}
