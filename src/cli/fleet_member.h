/*
 * fleet_member.h: this machine as a sensor of a fleet: who it is, the thread that packs
 * its records (fleet/feed.h), and the process that takes them to the hubs
 * (fleet_courier.h).  Without fleet.servers there is nothing of it.
 *
 * Who steers (fleet/steer.h) asks by fleet_member.courier, hears by .output, and says
 * in .steered what came of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/fleet_courier.h"
#include "cli/fleet_identity.h"
#include "config/config.h"
#include "fleet/feed.h"
#include "flow/flow.h"

/* What the fleet wants of this machine, and whether it is so. */
struct fleet_steered {
	uint64_t config_version; /* of the documents in force; UNKNOWN_U64: none are */
	field_text256 config_refused; /* why newer ones are not; "" */
	uint8_t cut_off; /* 1: nobody who is asked from here answers; UNKNOWN_FLAG */
};

/* Certificates that were told lately, by the hash of where and what. */
enum { FLEET_CERTIFICATES = 1024 };
struct fleet_certificates {
	struct {
		uint64_t what;
		int64_t told_us;
	} at[FLEET_CERTIFICATES];
	int64_t second;
	uint32_t in_second;
};

struct fleet_member {
	const struct config *config; /* in force */
	bool is_member; /* else it stands alone; with fleet.servers, see trouble */
	struct fleet_identity identity;
	struct fleet_courier_setup setup; /* its texts are those below */
	char folder[KEYRING_PATH_MAX], spool[KEYRING_PATH_MAX];
	char credentials[KEYRING_PATH_MAX], ca[KEYRING_PATH_MAX];
	char boot[SPOOL_BOOT_MAX];
	char *servers; /* with commas between; ours; NULL: none are set */
	struct fleet_courier *courier;
	struct courier_output output; /* where what comes from hubs goes */
	struct feed *feed;            /* NULL: see trouble */
	char trouble[SPOOL_ERROR_MAX];
	struct fleet_steered steered, told; /* now, and in the last heartbeat */
	struct ports_step
		ports; /* those that were told of, in the minute that is over */
	struct fleet_certificates certificates;
};

/*
 * Makes the process, before any thread, while there is root.  STATUS_OK, or what is
 * wrong on standard error: fleet.servers is set, but nothing of a fleet is known.  Of a
 * machine that joined, but whose identity can't be read, it is in trouble.
 */
int fleet_member_fork(struct fleet_member *member, const struct config *config);
/* The state folder is ours: from now on records are taken. */
void fleet_member_open(struct fleet_member *member);
/* Then: what the store writes of the audit chain; it ends before the member does. */
void fleet_member_tell_chain(struct fleet_member *member, struct store *store);
/*
 * What was given is on disk; what is told within a moment is told.  From hubs nothing
 * is taken any more.
 */
void fleet_member_close(struct fleet_member *member);

/* A record that is kept or shown, but for the audit chain; never waits. */
void fleet_member_put(struct fleet_member *member, enum record_kind kind,
		      const void *record);
/* Whether records of that kind would be taken. */
bool fleet_member_wants(const struct fleet_member *member, enum record_kind kind);

/* To wait for; -1: there is nothing.  What the process has to tell. */
int fleet_member_fd(const struct fleet_member *member);
void fleet_member_take(struct fleet_member *member, struct buf *said);
/* Once a second. */
void fleet_member_second(struct fleet_member *member);
/* Other settings, which are in config already; late: those that need a restart. */
void fleet_member_reload(struct fleet_member *member, const struct config *fresh,
			 struct buf *late);

/* What is known here of how it is: fields of the sensor record. */
void fleet_member_describe(const struct fleet_member *member, int64_t now_us,
			   struct sensor_record *out);
/* A member of the status object, with a comma; nothing where there is no fleet. */
void fleet_member_json(struct fleet_member *member, int64_t now_us, struct buf *out);
