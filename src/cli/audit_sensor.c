/*
 * audit_sensor.c: breakwater audit verify --sensor: whether what a sensor told of its
 * audit chain is one chain, and signed, by what the hubs' depot has of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/patience.h"
#include "fleet/chain_read.h"
#include "store/audit.h"

enum { COUNT_MS = 10000 };

static int verify(const struct audit_options *o, struct depot *depot,
		  struct chain_proof *proof, struct audit_telling *telling)
{
	char error[DEPOT_ERROR_MAX] = "interrupted";
	const char *sensor = o->listing.sensors.sensor;
	struct audit_verdict verdict;
	patience_begin();
	int result = chain_read(depot, sensor, proof, error);
	patience_end();
	if (result != 0)
		return audit_complain(error, STATUS_INCOMPLETE);
	if (proof->count == 0) {
		fprintf(stderr, "breakwater audit: the depot has no chain of %s\n",
			sensor);
		return STATUS_INCOMPLETE;
	}
	chain_proof_end(proof, &verdict);
	audit_tell_verdict(telling, &verdict);
	return audit_status(&verdict, true);
}

int audit_verify_sensor(const struct audit_options *o)
{
	static struct seal_key keys[AUDIT_KEYS_MAX];
	static struct chain_proof proof;
	struct audit_telling telling = { .json = o->listing.common.json };
	struct past_place place;
	char error[DEPOT_ERROR_MAX];
	if (o->checkpoints.count > 0)
		return audit_complain(
			"--checkpoints is for a machine's own chain: a hub has its "
			"copies in the depot",
			STATUS_USAGE);
	int count = audit_read_keys("audit", &o->keys, keys, AUDIT_KEYS_MAX);
	if (count < 0)
		return STATUS_USAGE;
	int status = audit_depot(o, &place);
	if (status != STATUS_OK)
		return status;
	struct depot *depot = depot_look(place.depot, error);
	if (depot == NULL)
		return audit_complain(error, STATUS_UNREACHABLE);
	proof = (struct chain_proof){ .sink = { &telling, audit_tell_fault,
						audit_tell_progress },
				      .keys = keys,
				      .key_count = (size_t)count };
	status = verify(o, depot, &proof, &telling);
	depot_close(depot);
	return status;
}

/* ---- at a hub, of how many there is one ---- */

static bool take_count(void *self, const struct store_value *values, size_t count)
{
	int64_t *sensors = self;
	if (count > 0 && values[0].type == STORE_INTEGER)
		*sensors = values[0].integer;
	return false;
}

void audit_tell_sensors(const struct audit_options *o)
{
	const struct past_asked asked = { .command = "audit",
					  .state = o->state,
					  .config_path = o->config_path };
	struct past_place place;
	char error[DEPOT_ERROR_MAX];
	int64_t sensors = 0;
	const struct store_sql to = { .self = &sensors, .row = take_count };
	if (past_find(&asked, &place) != STATUS_OK || place.depot[0] == '\0')
		return;
	struct depot *depot = depot_look(place.depot, error);
	if (depot == NULL ||
	    depot_sql(depot, "SELECT count(DISTINCT sensor) FROM checkpoint", COUNT_MS,
		      &to, error) != 0)
		fprintf(stderr, "breakwater audit: sensors' chains: %s\n", error);
	else
		printf("the depot has the chains of %" PRId64
		       " sensor%s: breakwater audit verify --sensor NAME\n",
		       sensors, sensors == 1 ? "" : "s");
	if (depot != NULL)
		depot_close(depot);
}
