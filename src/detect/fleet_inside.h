/*
 * fleet_inside.h: what the detectors of a fleet share.  Private to the room.
 */
#pragma once

#include "base/cardinality.h"
#include "base/home.h"
#include "base/roster.h"
#include "detect/findings.h"
#include "detect/fleet.h"
#include "detect/hints.h"
#include "detect/inside.h"

enum {
	FLEET_SENSORS_MAX = 131072,
	FLEET_DETECTORS_MAX = 8,
	FLEET_NAME_TEXT = 64,
	FLEET_DAY_S = 24 * 3600,
};

/* A sensor that has told something. */
struct fleet_sensor {
	struct roster_entry head; /* key: its name */
	char name[FLEET_NAME_TEXT], site[FLEET_NAME_TEXT];
	uint64_t realm; /* whose private addresses these are: its site's, or its own */
	uint64_t group; /* of servers that are alike: site and tags; 0: not known yet */
	bool is_up;
};

struct detect_fleet {
	struct detect_sink sink;
	struct findings findings;
	struct detect_limits limits;
	struct home friends, home;
	struct roster sensors;
	struct hints open; /* places that answered or have a listener; fleet_place() */
	void *states[FLEET_DETECTORS_MAX];
	uint64_t up; /* sensors */
	int64_t now_us;
};

/*
 * A detector: one file each, named in fleet.c.  Its state is zeroed before open(); a
 * function may be NULL.  Friends' contacts and logins no detector is given.
 */
struct fleet_detector {
	size_t state_size;
	bool (*open)(struct detect_fleet *fleet, void *state);
	void (*close)(void *state); /* also after a failed open */
	void (*contact)(struct detect_fleet *fleet, void *state,
			struct fleet_sensor *sensor, const struct contact_record *c);
	void (*login)(struct detect_fleet *fleet, void *state,
		      struct fleet_sensor *sensor, const struct login_record *login);
	void (*listener)(struct detect_fleet *fleet, void *state,
			 struct fleet_sensor *sensor, const struct listener_record *l);
	void (*tls)(struct detect_fleet *fleet, void *state,
		    struct fleet_sensor *sensor, const struct tls_record *tls);
	/* All that was told of is to be told again. */
	void (*forget_listeners)(void *state);
	/* What a sensor has found itself. */
	void (*finding)(struct detect_fleet *fleet, void *state,
			struct fleet_sensor *sensor, const struct finding_record *f);
	/* It is up, late or gone, or belongs elsewhere from now on. */
	void (*sensor)(struct detect_fleet *fleet, void *state,
		       struct fleet_sensor *sensor, uint64_t group_before);
	void (*tick)(struct detect_fleet *fleet, void *state, int64_t now_us);
};

extern const struct fleet_detector fleet_detector_scan;
extern const struct fleet_detector fleet_detector_shared_scan;
extern const struct fleet_detector fleet_detector_guess;
extern const struct fleet_detector fleet_detector_odd;
extern const struct fleet_detector fleet_detector_certificate;

/* ---- whose address it is ---- */

/*
 * The source of that address (a host, or a /64) as seen by that sensor: the same for
 * all sensors that mean the same one, and no address to show.
 */
struct addr fleet_source_of(const struct fleet_sensor *sensor, const struct addr *addr);
/* The same of one address, as a number. */
uint64_t fleet_host_of(const struct fleet_sensor *sensor, const struct addr *addr);

/* "192.0.2.7", "2001:db8::/64", or "10.0.0.7 (of paris)". */
enum { FLEET_WHO_MAX = ADDR_TEXT_MAX + FLEET_NAME_TEXT + 16 };
void fleet_who(const struct fleet_sensor *sensor, const struct addr *client,
	       char out[static FLEET_WHO_MAX]);
/*
 * Sets client_ip and client_prefix; of a local address sensor as well, so that findings
 * of other sites' are others.
 */
void fleet_set_client(struct finding_record *evidence,
		      const struct fleet_sensor *sensor, const struct addr *client);

/* ---- sensors ---- */

uint32_t fleet_sensor_number(const struct detect_fleet *fleet,
			     const struct fleet_sensor *sensor);
const struct fleet_sensor *fleet_sensor_at(const struct detect_fleet *fleet,
					   uint32_t number);
/* "a, b, c and 37 more": of the numbers, of which there are more, in all that many. */
void fleet_sensor_names(const struct detect_fleet *fleet, const uint32_t *numbers,
			size_t count, uint64_t all, char *out, size_t size);
/* The evidence is of that one, too. */
void fleet_add_sensor(struct finding_record *evidence,
		      const struct fleet_sensor *sensor);
/* And of these, which are of all that were counted; NULL: they are all. */
void fleet_add_sensors(struct finding_record *evidence,
		       const struct detect_fleet *fleet, const uint32_t *numbers,
		       size_t count, const struct cardinality *all);

/* ---- places ---- */

/* A port of a host, of a sensor's own sockets, or of anybody (host 0), as a number. */
uint64_t fleet_place(uint64_t host, unsigned transport, uint32_t port);
bool fleet_was_open(const struct detect_fleet *fleet, uint64_t place, int64_t at_us);

uint64_t fleet_text_hash(const char *text);
