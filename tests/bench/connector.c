/*
 * connector.c: the least that asks a TCP port: connect, and close with RST.
 *
 *   connector IP PORT COUNT IN_FLIGHT
 *
 * Prints "probes N up N seconds S cpu S".
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256 };

static struct sockaddr_in to = { .sin_family = AF_INET };
static int epoll;
static unsigned long count, asked, answered, up;

static void ask(void)
{
	struct epoll_event event = { .events = EPOLLOUT };
	if (asked == count)
		return;
	event.data.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (event.data.fd < 0)
		return;
	asked++;
	(void)connect(event.data.fd, (struct sockaddr *)&to, sizeof(to));
	epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
}

static void take(int fd)
{
	const struct linger linger = { .l_onoff = 1 };
	int error = 0;
	socklen_t len = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	answered++;
	up += error == 0;
	ask();
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct rusage usage;
	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fputs("usage: connector IP PORT COUNT IN_FLIGHT\n", stderr);
		return 2;
	}
	to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	count = strtoul(argv[3], NULL, 10);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	double begin = now();
	for (unsigned long i = strtoul(argv[4], NULL, 10); i > 0; i--)
		ask();
	while (answered < asked) {
		int ready = epoll_wait(epoll, events, EVENTS, 1000);
		for (int i = 0; i < ready; i++)
			take(events[i].data.fd);
	}
	double seconds = now() - begin;
	getrusage(RUSAGE_SELF, &usage);
	printf("probes %lu up %lu seconds %.3f cpu %.3f\n", answered, up, seconds,
	       (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	return 0;
}
