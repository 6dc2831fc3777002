/*
 * main.c: picks the command.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/near.h"
#include "cli/cli.h"

/* Common things first: this order is the overview's. */
static const struct command commands[] = {
	{ "run", "[-c FILE] [-i IFACE]...",
	  "watch this machine's ports; as root, to see traffic", command_run_monitor },
	{ "status", "", "is all well, what is watched, what was missed",
	  command_status },
	{ "top", "[--readonly]",
	  "live view of ports, connections, sources, attacks, blocks ..., full screen",
	  command_top },
	{ "ports", "[--listening] [--since T]",
	  "which ports carry traffic and how well, or who listens", command_ports },
	{ "explain", "PORT", "all that is known of a port, and why it is unwell",
	  command_explain },
	{ "forecast", "[PORT] [--capacity]",
	  "what will cross which limit, when, and how surely", command_forecast },
	{ "flows", "[--port N] [--since T]", "connections, live and recorded",
	  command_flows },
	{ "findings", "[ID] [--port N] [--all]", "what was detected and is not settled",
	  command_findings },
	{ "alerts", "[ID] [--since T]", "which limits are crossed, and which were",
	  command_alerts },
	{ "levels", "[NAME] [--since T]",
	  "what was promised of services, and how much of it was kept",
	  command_levels },
	{ "incidents", "[ID] [--all]", "what is wrong, why, and what happened when",
	  command_incidents },
	{ "ack", "ID [--comment TEXT]", "say that you take care of one", command_ack },
	{ "close", "ID [--why TEXT]", "say that one is over", command_close },
	{ "silence", "[MATCH --for T]", "have nobody told of some, for a time",
	  command_silence },
	{ "unsilence", "ID", "end that", command_unsilence },
	{ "deployed", "NAME [--port N]", "tell of a change, for what fails after it",
	  command_deployed },
	{ "blocks", "[ID] [--all]", "what is done about attackers, and why",
	  command_blocks },
	{ "block", "ADDR [--for T] [--port N]", "drop what an address sends",
	  command_block },
	{ "unblock", "ADDR|ID", "end that", command_unblock },
	{ "logins", "[--user NAME] [--since T]",
	  "who tried to log in, and how it ended", command_logins },
	{ "policy", "propose|test|apply|...", "the register of authorised ports",
	  command_policy },
	{ "dashboards", "[show|check|import|remove]", "pages of your own panels",
	  command_dashboards },
	{ "probes", "[--state WORD] [--since T]",
	  "how the services are that are asked again and again", command_probes },
	{ "probe", "TARGET", "ask a service now whether it is well", command_probe },
	{ "scan", "TARGETS [-p PORTS]", "which ports of which hosts are open",
	  command_scan },
	{ "check", "TARGET [-w MS] [-c MS]", "the same as a Nagios plugin",
	  command_check },
	{ "maintenance", "[TARGET|all --for 2h]",
	  "have targets in maintenance, or list which are", command_maintenance },
	{ "heartbeat", "NAME [--down]", "say that a job of yours lives",
	  command_heartbeat },
	{ "self-test", "", "are attackers really stopped? attacks itself to see",
	  command_self_test },
	{ "hub", "[-c FILE] [--state DIR]",
	  "keep what the sensors of a fleet tell, and show it as one", command_hub },
	{ "fleet", "[status|init|token|join|...]",
	  "many machines with one picture: how they are, who joins", command_fleet },
	{ "capacity", "[--port N] [--site NAME]",
	  "what the services of a fleet have left, and without one machine",
	  command_capacity },
	{ "notify", "test SINK", "does a message reach that place?", command_notify },
	{ "user", "list|add|passwd|link|...",
	  "who may sign in to the page, and what he may", command_user },
	{ "token", "list|add|remove", "what programs show to ask over HTTP",
	  command_token },
	{ "audit", "[verify|checkpoints|proof]",
	  "who changed or decided what, and whether that is all", command_audit },
	{ "evidence", "verify BUNDLE|review ID", "whether it holds; who reviewed it",
	  command_evidence },
	{ "privacy", "find ADDRESS | erase ADDRESS | hold INCIDENT ...",
	  "whose addresses are kept, and what may not go", command_privacy },
	{ "report", "[FRAMEWORK] [--since T]",
	  "what was observed, for an auditor; needs no daemon", command_report },
	{ "reports", "[run NAME]", "which are made by themselves, and what was made",
	  command_reports },
	{ "query", "\"SELECT ...\"", "SQL over what was recorded; needs no daemon",
	  command_query },
	{ "replay", "FILE...", "the same from capture files (pcap, pcapng)",
	  command_replay },
	{ "config", "check|show|schema", "the configuration", command_config },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_overview(void)
{
	char left[64];
	puts("Breakwater watches every port of this machine and says which are unwell, "
	     "and "
	     "why.\n\n"
	     "Start here:\n"
	     "  sudo breakwater run              watch until Ctrl-C\n"
	     "  breakwater status                in another terminal\n"
	     "  breakwater replay FILE           look into a capture instead\n\n"
	     "Commands:");
	for (int i = 0; i < COMMANDS; i++) {
		snprintf(left, sizeof(left), "%s %s", commands[i].name,
			 commands[i].usage);
		printf("  %-32s %s\n", left, commands[i].doc);
	}
	puts("\n\"breakwater COMMAND --help\" tells its options. --version prints the "
	     "version.");
}

static int unknown_command(const char *word)
{
	enum { NEAR = 2 };
	const char *nearest = NULL;
	size_t least = NEAR + 1;
	for (int i = 0; i < COMMANDS; i++) {
		const char *name = commands[i].name;
		size_t far = near_distance(word, name, strlen(name));
		if (strncmp(name, word, strlen(word)) == 0)
			far = 0;
		if (far < least) {
			least = far;
			nearest = name;
		}
	}
	if (nearest != NULL && word[0] != '\0')
		fprintf(stderr,
			"breakwater: \"%s\" is no command; did you mean \"%s\"?\n",
			word, nearest);
	else
		fprintf(stderr,
			"breakwater: \"%s\" is no command; see \"breakwater --help\"\n",
			word);
	return STATUS_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static const struct command *command_named(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int run_command(int argc, char **argv)
{
	const struct command *command = command_named(argv[0]);
	if (command == NULL)
		return unknown_command(argv[0]);
	int status = command->run(argc, argv);
	/* A full disk must not look like an answer; a reader that left is no mistake.
	 */
	bool failed = fflush(stdout) != 0 || ferror(stdout);
	if (failed && status == STATUS_OK) {
		perror("breakwater: standard output");
		return STATUS_INCOMPLETE;
	}
	return status;
}

/* "help ports" is "ports --help". */
static int help_on(char *name)
{
	char option[] = "--help";
	char *argv[] = { name, option, NULL };
	return run_command(2, argv);
}

/*
 * "breakwater --socket PATH top" means "breakwater top --socket PATH": puts the
 * command's name before the options, if there is one.
 */
static void name_first(int argc, char **argv)
{
	int at = 1;
	while (at < argc && argv[at][0] == '-')
		at += strcmp(argv[at], "--socket") == 0 ? 2 : 1;
	if (at >= argc || at == 1)
		return;
	char *name = argv[at];
	memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(argv[0]));
	argv[1] = name;
}

/*
 * Whoever starts us may have closed these; a socket must not get their number, and what
 * is meant for standard output go there.
 */
static void fill_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	setlocale(LC_CTYPE, ""); /* numbers stay with a point */
	name_first(argc, argv);
	if (argc > 2 && strcmp(argv[1], "help") == 0)
		return help_on(argv[2]);
	if (argc < 2 || is_one_of(argv[1], "--help", "-h", "help")) {
		print_overview();
		return STATUS_OK;
	}
	if (is_one_of(argv[1], "--version", "-V", "version")) {
		puts("breakwater " BREAKWATER_VERSION);
		return STATUS_OK;
	}
	return run_command(argc - 1, argv + 1);
}
