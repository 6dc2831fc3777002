/*
 * mitre.c: see mitre.h.
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
#define TECHNIQUE(id, name, tactic, means) { id, name, tactic },
#include "record/mitre.def"
#undef TECHNIQUE
};

const struct mitre *record_mitre(const char *id)
{
	for (size_t i = 0; i < sizeof(techniques) / sizeof(techniques[0]); i++)
		if (strcmp(techniques[i].id, id) == 0)
			return &techniques[i];
	return NULL;
}
