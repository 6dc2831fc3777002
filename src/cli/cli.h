/*
 * cli.h: one function per command; each returns the exit status.
 */
#pragma once

enum exit_status {
	STATUS_OK = 0,
	STATUS_BAD_NEWS = 1,
	STATUS_USAGE = 2,
	STATUS_UNREACHABLE = 3,
	STATUS_NOT_PERMITTED = 4,
	STATUS_INCOMPLETE = 5,
};

/* argv[0] is the command's own name ("replay"). */
typedef int (*command_run)(int argc, char **argv);

struct command {
	const char *name, *usage, *doc;
	command_run run;
};

int command_run_monitor(int argc, char **argv); /* run */
int command_hub(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_status(int argc, char **argv);
int command_ports(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_forecast(int argc, char **argv);
int command_flows(int argc, char **argv);
int command_findings(int argc, char **argv);
int command_alerts(int argc, char **argv);
int command_levels(int argc, char **argv);
int command_silence(int argc, char **argv);
int command_unsilence(int argc, char **argv);
int command_incidents(int argc, char **argv);
int command_ack(int argc, char **argv);
int command_close(int argc, char **argv);
int command_deployed(int argc, char **argv);
int command_blocks(int argc, char **argv);
int command_block(int argc, char **argv);
int command_capacity(int argc, char **argv);
int command_unblock(int argc, char **argv);
int command_logins(int argc, char **argv);
int command_probes(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_scan(int argc, char **argv);
int command_check(int argc, char **argv);
int command_maintenance(int argc, char **argv);
int command_heartbeat(int argc, char **argv);
int command_self_test(int argc, char **argv);
int command_notify(int argc, char **argv);
int command_user(int argc, char **argv);
int command_token(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_evidence(int argc, char **argv);
int command_fleet(int argc, char **argv);
int command_query(int argc, char **argv);
int command_report(int argc, char **argv);
int command_reports(int argc, char **argv);
int command_privacy(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_dashboards(int argc, char **argv);
int command_top(int argc, char **argv);
int command_config(int argc, char **argv);
