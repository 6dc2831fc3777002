/*
 * mitre.c: see mitre.h.
 *
 * A technique may serve several tactics; here is the one that fits what is found.
 */
#include "record/mitre.h"

#include <stddef.h>
#include <string.h>

#define RECONNAISSANCE "TA0043", "Reconnaissance"
#define ACCESS         "TA0001", "Initial Access"
#define EVASION        "TA0005", "Defense Evasion"
#define CREDENTIALS    "TA0006", "Credential Access"
#define DISCOVERY      "TA0007", "Discovery"
#define LATERAL        "TA0008", "Lateral Movement"
#define CONTROL        "TA0011", "Command and Control"
#define IMPACT         "TA0040", "Impact"

static const struct mitre techniques[] = {
	{ "T1014", "Rootkit", EVASION },
	{ "T1021.005", "Remote Services: VNC", LATERAL },
	{ "T1036", "Masquerading", EVASION },
	{ "T1040", "Network Sniffing", CREDENTIALS },
	{ "T1046", "Network Service Discovery", DISCOVERY },
	{ "T1071", "Application Layer Protocol", CONTROL },
	{ "T1071.004", "Application Layer Protocol: DNS", CONTROL },
	{ "T1078", "Valid Accounts", ACCESS },
	{ "T1078.001", "Valid Accounts: Default Accounts", ACCESS },
	{ "T1090", "Proxy", CONTROL },
	{ "T1095", "Non-Application Layer Protocol", CONTROL },
	{ "T1110", "Brute Force", CREDENTIALS },
	{ "T1110.001", "Brute Force: Password Guessing", CREDENTIALS },
	{ "T1110.003", "Brute Force: Password Spraying", CREDENTIALS },
	{ "T1110.004", "Brute Force: Credential Stuffing", CREDENTIALS },
	{ "T1190", "Exploit Public-Facing Application", ACCESS },
	{ "T1205", "Traffic Signaling", EVASION },
	{ "T1210", "Exploitation of Remote Services", LATERAL },
	{ "T1498", "Network Denial of Service", IMPACT },
	{ "T1498.001", "Network Denial of Service: Direct Network Flood", IMPACT },
	{ "T1498.002", "Network Denial of Service: Reflection Amplification", IMPACT },
	{ "T1499", "Endpoint Denial of Service", IMPACT },
	{ "T1499.001", "Endpoint Denial of Service: OS Exhaustion Flood", IMPACT },
	{ "T1499.002", "Endpoint Denial of Service: Service Exhaustion Flood", IMPACT },
	{ "T1557", "Adversary-in-the-Middle", CREDENTIALS },
	{ "T1557.001", "Adversary-in-the-Middle: LLMNR/NBT-NS Poisoning and SMB Relay",
	  CREDENTIALS },
	{ "T1566", "Phishing", ACCESS },
	{ "T1571", "Non-Standard Port", CONTROL },
	{ "T1572", "Protocol Tunneling", CONTROL },
	{ "T1590.002", "Gather Victim Network Information: DNS", RECONNAISSANCE },
	{ "T1595", "Active Scanning", RECONNAISSANCE },
	{ "T1595.001", "Active Scanning: Scanning IP Blocks", RECONNAISSANCE },
	{ "T1595.002", "Active Scanning: Vulnerability Scanning", RECONNAISSANCE },
};

const struct mitre *record_mitre(const char *id)
{
	for (size_t i = 0; i < sizeof(techniques) / sizeof(techniques[0]); i++)
		if (strcmp(techniques[i].id, id) == 0)
			return &techniques[i];
	return NULL;
}
