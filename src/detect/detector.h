/*
 * detector.h: what a detector of attacks is.  Private to the room.
 *
 * One file each, named in detectors.c.  A detector is given records as they come, keeps
 * what it needs in its state (bounded: strangers fill it), and gives evidence to
 * findings_take().  Time comes with the records and with the tick, once a second; a
 * function may be NULL.  What friends do (detect_set_friends()) and our own probes and
 * scans no detector is given as contact or login.
 */
#pragma once

#include "detect/inside.h"

struct detector {
	const char *name;  /* as finding.detector has it */
	size_t state_size; /* zeroed before open() */
	bool (*open)(struct detect *detect, void *state); /* false without memory */
	void (*close)(void *state);                       /* also after a failed open */
	/* What it knows is to outlive a restart, in that folder: takes up what is
	 * there, and leaves it there in close(). */
	void (*keep)(void *state, const char *folder);
	void (*contact)(struct detect *detect, void *state,
			const struct contact_record *contact);
	/* A connection that its client ended without a word; it was a contact before.
	 */
	void (*unused)(struct detect *detect, void *state,
		       const struct contact_record *contact);
	void (*login)(struct detect *detect, void *state,
		      const struct login_record *login);
	void (*flow)(struct detect *detect, void *state,
		     const struct flow_record *flow);
	void (*port)(struct detect *detect, void *state,
		     const struct port_record *port);
	void (*unsolicited)(struct detect *detect, void *state,
			    const struct unsolicited_record *unsolicited);
	void (*amplification)(struct detect *detect, void *state,
			      const struct amplification_record *amplification);
	void (*tick)(struct detect *detect, void *state, int64_t now_us);
};

extern const struct detector detector_beacon;
extern const struct detector detector_blocklist;
extern const struct detector detector_brute_force;
extern const struct detector detector_distributed_login;
extern const struct detector detector_distributed_scan;
extern const struct detector detector_host_sweep;
extern const struct detector detector_login_after_failures;
extern const struct detector detector_login_connections;
extern const struct detector detector_port_scan;
extern const struct detector detector_password_spray;
extern const struct detector detector_trap;
extern const struct detector detector_syn_flood;
extern const struct detector detector_udp_flood;
extern const struct detector detector_host_flood;
extern const struct detector detector_network_flood;
extern const struct detector detector_icmp_flood;
extern const struct detector detector_connection_flood;
extern const struct detector detector_reflection_victim;
extern const struct detector detector_reflector;
extern const struct detector detector_spoofed_source;

/* Opens them all; false without memory, and detectors_close() is still to be called. */
bool detectors_open(struct detect *detect);
void detectors_close(struct detect *detect);

/* What is to outlive a restart, is in that folder. */
void detectors_keep(struct detect *detect, const char *folder);

/* To all that want such records. */
void detectors_flow(struct detect *detect, const struct flow_record *flow);
void detectors_port(struct detect *detect, const struct port_record *port);
void detectors_tick(struct detect *detect, int64_t now_us);
