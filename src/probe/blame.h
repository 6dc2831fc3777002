/*
 * blame.h: whose fault an error is; private to this room, see asked.h.
 */
#pragma once

#include <stdbool.h>

struct asked;
struct sockaddr;

/* Whose ICMP says that there is no way. */
enum blame {
	BLAME_NOBODY,    /* none has come */
	BLAME_OTHERS,    /* a router, or the host */
	BLAME_NEIGHBOUR, /* our own machine: nobody on the link has the address */
	BLAME_NEXT_HOP,  /* the same of the router that leads there */
	BLAME_LINK,      /* the same, and the cable is out */
};

/* Of that socket the kernel tells who sends ICMP errors; until it is connected, as they
 * would end what is established. */
void blame_begin(struct asked *a, int fd);
void blame_end(struct asked *a, int fd);
/* Who sent those that have come. */
void blame_hear(struct asked *a, int fd);
/* If that one sent one of that errno. */
enum blame blame_of(const struct asked *a, int fd, int error,
		    const struct sockaddr *offender);
/* Our own want of something; false if it may be the target's. */
bool asked_judge_own(struct asked *a, int error);
/* Judges by an error of connect(2) or of a socket. */
void asked_failed(struct asked *a, int error, bool was_connected);
/* True if it is us; judged. */
bool blame_judge_us(struct asked *a);
