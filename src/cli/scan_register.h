/*
 * scan_register.h: what a scan found, beside the register of authorised ports.
 */
#pragma once

#include "base/home.h"
#include "cli/scan_report.h"
#include "detect/detect.h"

struct scan_register {
	struct policy *policy; /* owned; NULL: none */
	struct detect *detect;
	bool is_given; /* by a file, whatever host it is about; else the machine's own
			*/
	struct home own;
	const struct scan_report *report;
	struct buf lines; /* findings as JSON */
	uint64_t findings;
};

/*
 * path: a register; NULL: the daemon's, if there is one.  Exit status; all has been
 * said if it is not 0.
 */
int scan_register_open(struct scan_register *reg, const char *path,
		       const struct common_options *common);
void scan_register_close(struct scan_register *reg);

/* Somebody should listen there. */
bool scan_register_expects(const struct scan_register *reg, const struct addr *addr,
			   uint16_t port, const char *transport);

/* Judges all records; how many findings.  They are printed by scan_register_print(). */
uint64_t scan_register_judge(struct scan_register *reg,
			     const struct scan_report *report);
void scan_register_print(const struct scan_register *reg,
			 const struct scan_report *report);
