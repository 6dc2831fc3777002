/*
 * kind.h: which processes of its own there are, and what each of them may.
 */
#pragma once

/* What a process of its own keeps. */
enum guard_kind {
	GUARD_PRIVILEGED, /* the few capabilities that its tasks need */
	/*
	 * It asks services: connects anywhere, reads what that takes (resolver and
	 * authorities), writes nothing; an ordinary user that may send ICMP, and no
	 * more, as strangers' answers are read here, and never root.  When it crashes,
	 * it is started again, after a while.
	 */
	GUARD_PROBER,
	/*
	 * It answers on sockets that prepare() opened: no file, no other socket, no
	 * right at all; never root, and started again, as a prober.
	 */
	GUARD_DECOY,
	/*
	 * It alone touches the firewall (wall.h): CAP_NET_ADMIN and CAP_NET_RAW, and
	 * what programs in the kernel take if it asks for that; an ordinary user
	 * otherwise, which reads what a prober may, and writes nothing.  Started again,
	 * as a prober, but soon, however often it ends; what it was told by then and
	 * has not read is gone.
	 */
	GUARD_WALL,
	/*
	 * It attacks us for a test (self_test.h): CAP_SYS_ADMIN and CAP_NET_ADMIN, to
	 * make a network namespace and links to it; an ordinary user otherwise, which
	 * reaches no file.  Started again, as a prober.
	 */
	GUARD_SELF_TEST,
	/*
	 * It runs a person's programs (runner.h), so it keeps what these may need: an
	 * ordinary user without rights, who reads and connects as any other; only calls
	 * that none of them makes are out of reach.  Started again, as a prober.
	 */
	GUARD_RUNNER,
	/*
	 * It tells people (alert/sender.h): connects anywhere, reads what a prober may,
	 * and writes in the folders that its task names; an ordinary user without
	 * rights, never root.  Of Unix sockets only datagrams: the journal's.  Started
	 * again, as a prober.
	 */
	GUARD_SENDER,
	/*
	 * It makes reports (cli/reporting.h) in folders that its task names, and opens
	 * no socket; an ordinary user without rights.  Started again, as a prober.
	 */
	GUARD_REPORTER,
	/*
	 * The same of a fleet's: it connects anywhere, as its records may be in a
	 * database elsewhere, and reads what a prober may.
	 */
	GUARD_FLEET_REPORTER,
	/*
	 * It talks to the hubs (cli/fleet_courier.h): connects anywhere, reads what a
	 * prober may, and writes in the folders that its task names; an ordinary user
	 * without rights, never root.  Started again, as a prober.
	 */
	GUARD_COURIER,
};
