/*
 * alerting_history.c: what a value was a week ago, from the store, for limits of a
 * change; see alerting.h.
 *
 * The loop has other things to do: a few are answered each second, and the rest waits.
 */
#include <math.h>

#include "cli/alerting_inside.h"
#include "cli/port_hour.h"

enum { READ_MS = 50, ASKED_MOST = 4 /* a second */ };

bool alerting_may_ask(void *self)
{
	const struct alerting *a = self;
	return a->asked < ASKED_MOST;
}

double alerting_hour(void *self, enum record_kind kind, const void *record,
		     const struct field *field, int64_t begin_us)
{
	struct alerting *a = self;
	char error[STORE_ERROR_MAX];
	int status;
	if (kind != RECORD_port)
		return NAN;
	a->asked++;
	struct store_reader *reader =
		store_reader_open(a->setup.config->state, error, &status);
	if (reader == NULL)
		return NAN;
	double value = port_hour(reader, record, field, begin_us, READ_MS);
	store_reader_close(reader);
	return value;
}
