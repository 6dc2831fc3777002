/*
 * join_race_driver.c: several machines that ask to join with one token, all in the same
 * moment.  join_race_driver TOKEN-FILE CA-FILE CREDENTIALS-FILE COUNT writes the second
 * and third, and prints what each was answered, a line each.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fleet/authority.h"
#include "fleet/join_message.h"
#include "fleet/jwt.h"
#include "fleet/link.h"

enum {
	MACHINES_MAX = 32,
	DECIMAL = 10,
	ASK_MS = 10000,
	UP_TRIES = 1000,
	UP_US = 10000
};

static struct token token;
static struct link *connection;
static pthread_barrier_t gate;

struct machine {
	pthread_t thread;
	struct join_request request;
	struct buf question, answer;
	int result;
};

static void prepare(struct machine *machine, int number)
{
	snprintf(machine->request.name, sizeof(machine->request.name), "racer-%d",
		 number);
	memcpy(machine->request.id, token.claims.id, sizeof(machine->request.id));
	buf_add(&machine->request.token, token.jwt.at, token.jwt.len);
	if (!nkey_make(NKEY_USER, &machine->request.key) ||
	    !join_request_write(&machine->request, &machine->question))
		exit(EXIT_FAILURE);
}

static void *ask(void *self)
{
	struct machine *machine = self;
	char subject[FLEET_SUBJECT_MAX];
	snprintf(subject, sizeof(subject), FLEET_JOIN, token.claims.id);
	pthread_barrier_wait(&gate);
	machine->result = link_ask(connection, subject, machine->question.at,
				   machine->question.len, ASK_MS, &machine->answer);
	return NULL;
}

static void print_answer(struct machine *machine)
{
	char error[JOIN_ERROR_MAX];
	struct join_answer answer;
	if (machine->result != 0 ||
	    !join_answer_read(machine->answer.at, machine->answer.len,
			      &machine->request, &token.fleet, &answer, error)) {
		puts("no answer");
		return;
	}
	if (answer.refused[0] != '\0')
		printf("refused: %s\n", answer.refused);
	else
		printf("joined as %s\n", answer.name);
	join_answer_free(&answer);
}

static void connect_with_token(const char *ca, const char *credentials)
{
	char inbox[FLEET_SUBJECT_MAX], error[LINK_ERROR_MAX];
	struct buf pem = { 0 }, text = { 0 };
	snprintf(inbox, sizeof(inbox), FLEET_JOIN_INBOX, token.claims.id);
	if (!authority_pem(token.ca, token.ca_len, &pem) ||
	    file_replace(ca, pem.at, pem.len) != 0 ||
	    !jwt_credentials(&token.jwt, &token.claims.user, &text) ||
	    file_replace(credentials, text.at, text.len) != 0)
		exit(EXIT_FAILURE);
	buf_free(&pem);
	buf_free(&text);
	struct link_options options = { .servers = token.servers,
					.name = "race",
					.ca = ca,
					.credentials = credentials,
					.inbox = inbox };
	connection = link_open(&options, error);
	for (int i = 0; connection != NULL && i < UP_TRIES && !link_is_up(connection);
	     i++)
		usleep(UP_US);
	if (connection == NULL || !link_is_up(connection))
		exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	static struct machine machines[MACHINES_MAX];
	char error[TOKEN_ERROR_MAX];
	struct buf text = { 0 };
	long count = argc == 5 ? strtol(argv[4], NULL, DECIMAL) : 0;
	if (count < 1 || count > MACHINES_MAX ||
	    file_read(argv[1], TOKEN_TEXT_MAX, &text) != 0 ||
	    !token_read(text.at, text.len, &token, error))
		return EXIT_FAILURE;
	connect_with_token(argv[2], argv[3]);
	pthread_barrier_init(&gate, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		prepare(&machines[i], i);
		if (pthread_create(&machines[i].thread, NULL, ask, &machines[i]) != 0)
			return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++)
		pthread_join(machines[i].thread, NULL);
	for (int i = 0; i < count; i++)
		print_answer(&machines[i]);
	link_close(connection);
	return EXIT_SUCCESS;
}
