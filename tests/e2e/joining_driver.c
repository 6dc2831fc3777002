/*
 * joining_driver.c: what a hub does for the fleet's trust, and nothing else: makes the
 * streams, lets machines join, and prints what would go into the audit chain, a line
 * each.  joining_driver STATE REPLICAS.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet/join.h"

static bool print_note(void *self, const struct note *note)
{
	(void)self;
	printf("audit\t%s\t%s\t%s\t%s\t%s\n", note_action(note), note->actor,
	       note->subject, note->before, note->after);
	return fflush(stdout) == 0;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "joining_driver: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static struct link *connect_hub(const char *state, char error[static LINK_ERROR_MAX])
{
	struct keyring keys;
	char ca[KEYRING_PATH_MAX], credentials[KEYRING_PATH_MAX],
		why[KEYRING_ERROR_MAX];
	if (keyring_read(state, &keys, why) != 0 ||
	    !keyring_path(state, FLEET_FILE_CA, ca) ||
	    !keyring_path(state, FLEET_FILE_HUB, credentials)) {
		snprintf(error, LINK_ERROR_MAX, "%.200s", why);
		return NULL;
	}
	struct link_options options = { .servers = keys.servers,
					.name = keys.hub,
					.ca = ca,
					.credentials = credentials };
	struct link *link = link_open(&options, error);
	keyring_forget(&keys);
	return link;
}

static bool make_streams(struct link *link, int replicas)
{
	enum { TRIES = 200, WAIT_US = 100000 };
	char error[LINK_ERROR_MAX] = "";
	struct link_streams streams = { .replicas = replicas };
	for (int i = 0; i < FLEET_LANES; i++) {
		streams.bytes_max[i] = 64 * 1024 * 1024;
	}
	for (int i = 0; i < TRIES; i++) {
		if (link_make_streams(link, &streams, error) == 0)
			return true;
		usleep(WAIT_US);
	}
	fail("streams", error);
	return false;
}

int main(int argc, char **argv)
{
	char error[JOINING_ERROR_MAX];
	sigset_t ends;
	int which;
	if (argc != 3)
		return fail("usage", "joining_driver STATE REPLICAS");
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	struct link *link = connect_hub(argv[1], error);
	if (link == NULL)
		return fail("link", error);
	if (!make_streams(link, strcmp(argv[2], "3") == 0 ? 3 : 1))
		return EXIT_FAILURE;
	struct joining_options options = { .link = link,
					   .state = argv[1],
					   .audit = print_note };
	struct joining *joining = joining_open(&options, error);
	if (joining == NULL)
		return fail("joining", error);
	puts("ready");
	fflush(stdout);
	sigwait(&ends, &which);
	joining_close(joining);
	link_close(link);
	return EXIT_SUCCESS;
}
