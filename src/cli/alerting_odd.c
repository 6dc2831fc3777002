/*
 * alerting_odd.c: what is unusual of the machine's services and probes, by the minute;
 * see alerting.h and limit/anomalies.h.
 */
#include "cli/alerting_inside.h"

static void take_mark(void *self, const struct anomaly_record *mark)
{
	alerting_keep(self, RECORD_anomaly, mark);
}

static void take_alert(void *self, const struct alert_record *alert)
{
	alerting_alert(self, alert);
}

struct anomalies *alerting_new_anomalies(struct alerting *a)
{
	const struct anomalies_sink odd = { .self = a,
					    .mark = take_mark,
					    .alert = take_alert };
	return anomalies_new(&odd, a->setup.own);
}

/* The first to follow is of a minute that began before anybody watched. */
enum { WATCHED = 2 };
#define MINUTE_US INT64_C(60000000)

bool alerting_is_minute(struct alerting *a, int64_t now_us)
{
	int64_t minute = now_us / MINUTE_US;
	if (minute == a->minute)
		return false;
	a->minutes_on = minute == a->minute + 1 ? a->minutes_on + 1 : 0;
	a->minute = minute;
	return a->minutes_on >= WATCHED;
}

/* Of others' services, which our clients use, nobody here could do anything. */
void alerting_minute_port(struct alerting *a, const struct port_record *port,
			  int64_t now_us)
{
	if (a->book != NULL && home_holds(a->setup.home, &port->server_ip))
		anomalies_port(a->anomalies, port, now_us);
}

void alerting_minute_end(struct alerting *a, int64_t now_us)
{
	if (a->book != NULL)
		anomalies_minute(a->anomalies, now_us);
}
