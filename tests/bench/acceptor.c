/*
 * acceptor.c: takes every connection and closes it, as fast as it can.
 *
 *   acceptor PORT
 *
 * Prints "listening" when it does.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const int on = 1, backlog = 4096;
	struct sockaddr_in at = { .sin_family = AF_INET };
	at.sin_port = htons((uint16_t)(argc == 2 ? strtoul(argv[1], NULL, 10) : 0));
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(door, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(door, backlog) != 0) {
		perror("acceptor");
		return 2;
	}
	puts("listening");
	fflush(stdout);
	while (1) {
		int one = accept(door, NULL, NULL);
		if (one >= 0)
			close(one);
	}
}
