/*
 * scan_asker.c: see scan_asker.h.
 */
#include "cli/scan_asker.h"

#include <stdlib.h>
#include <string.h>

#include "probe/recognise.h"

_Static_assert(sizeof(struct scan_question) <= GUARD_EVENT_MAX &&
		       sizeof(struct scan_answer_event) <= GUARD_EVENT_MAX,
	       "each is one message");

struct asker {
	struct prober *prober;
};

static void tell(uint32_t number, const struct probe_record *found)
{
	struct scan_answer_event event;
	memset(&event, 0, sizeof(event)); /* nothing else of ours leaves in its gaps */
	event.number = number;
	memcpy(event.protocol, found->protocol, sizeof(event.protocol));
	memcpy(event.software, found->software, sizeof(event.software));
	memcpy(event.version, found->version, sizeof(event.version));
	memcpy(event.tls_version, found->tls_version, sizeof(event.tls_version));
	memcpy(event.cert_subject, found->cert_subject, sizeof(event.cert_subject));
	event.cert_not_after = found->cert_not_after;
	guard_emit(&event, sizeof(event));
}

static void answered(void *self, const struct probe_record *found)
{
	uint32_t *number = self;
	tell(*number, found);
	free(number);
}

static void tell_nothing(uint32_t number)
{
	struct probe_record nothing;
	record_init(RECORD_probe, &nothing);
	tell(number, &nothing);
}

static void connect_to(struct asker *asker, const struct scan_question *question,
		       const struct recognise_port *port)
{
	uint32_t *number = malloc(sizeof(*number));
	if (number != NULL)
		*number = question->number;
	if (number != NULL && recognise_ask(asker->prober, port, answered, number))
		return;
	free(number);
	tell_nothing(question->number);
}

static void take(void *self, const void *message, size_t len)
{
	struct asker *asker = self;
	struct scan_question question;
	struct probe_record found;
	if (len != sizeof(question))
		return;
	memcpy(&question, message, sizeof(question));
	question.usual[sizeof(question.usual) - 1] = '\0';
	struct recognise_port port = { .addr = question.addr,
				       .port = question.port,
				       .usual = question.usual[0] != '\0'
							? question.usual
							: NULL };
	if (question.said_len == 0) {
		connect_to(asker, &question, &port);
	} else if (question.said_len <= sizeof(question.said)) {
		recognise_datagram(asker->prober, &port,
				   bytes_of(question.said, question.said_len), &found);
		tell(question.number, &found);
	}
}

static bool open_prober(void *self)
{
	struct asker *asker = self;
	asker->prober = prober_new();
	return asker->prober != NULL;
}

static int wait_for(void *self)
{
	return prober_fd(((struct asker *)self)->prober);
}

static int wait_ms(void *self)
{
	return prober_next_ms(((struct asker *)self)->prober);
}

static void run(void *self)
{
	prober_turn(((struct asker *)self)->prober, 0);
}

static void close_prober(void *self)
{
	prober_free(((struct asker *)self)->prober);
}

struct guard *scan_asker_fork(void)
{
	struct asker asker = { .prober = NULL };
	struct guard_task task = { .kind = GUARD_PROBER,
				   .user = "breakwater",
				   .self = &asker,
				   .open = open_prober,
				   .fd = wait_for,
				   .timeout_ms = wait_ms,
				   .run = run,
				   .take = take,
				   .close = close_prober };
	return guard_fork(&task);
}
