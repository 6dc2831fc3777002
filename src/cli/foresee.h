/*
 * foresee.h: what is forecast of a machine: each value of each service that has a
 * history, the size of the store, and certificates.
 */
#pragma once

#include "cli/gather.h"
#include "limit/forecast_record.h"

/* What the values are compared to; NaN or 0: no limit. */
struct foresee_limits {
	double response_us, loss, errors;
	double link_bytes; /* a second, of the fastest interface */
	double store_bytes, disk_free_bytes;
	uint32_t certificate_days;
};

typedef void (*foresee_emit)(void *to, const struct forecast_record *forecast);

struct foresee {
	struct gather *gather;
	struct foresee_limits limits;
	int64_t at_us;      /* end of the history, a whole hour */
	size_t hours;       /* of it, at most */
	size_t ahead;       /* hours */
	const char *metric; /* only this one; NULL: all */
	uint32_t port;      /* of certificates: only this one; UNKNOWN_U32: all */
	foresee_emit emit;
	void *to;
	/* Owned: see foresee_open(). */
	struct forecast_room *room;
	struct forecast *forecast;
	bool *unwatched; /* by hour */
	double *values;
};

/* Whether there is a metric of that name; if not, says which there are. */
bool foresee_has(const char *metric);

/* Learns which hours nobody watched.  Exit status; all has been said. */
int foresee_open(struct foresee *foresee);
void foresee_close(struct foresee *foresee);

/* Forecasts all its values; names are those of the service.  Exit status. */
int foresee_service(struct foresee *foresee, const struct port_record *names);

/* Reads its hours alone. */
int foresee_read(struct foresee *foresee, const struct port_record *names);
/* Of the service that was read last, an hour each; NaN: unknown. */
const double *foresee_values(const struct foresee *foresee, const char *metric);
int foresee_machine(struct foresee *foresee);
int foresee_certificates(struct foresee *foresee);
