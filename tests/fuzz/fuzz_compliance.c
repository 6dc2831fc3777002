/*
 * fuzz_compliance.c: any bytes as a file of evidence and as a framework, beside what is
 * built in: no crash, no leak, a message for every refusal, and no half of a file
 * stays.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/compliance.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a framework can refer to. */
static const char first[] = "id: E1\nversion: 1\ntitle: t\nquestion: q\nshows: s\n"
			    "limits: l\nobserver: packets\nkept: events\nvalid: 30d\n";

/* References are within what there is, and a text that has to be there is. */
static void look_at(const struct compliance *compliance,
		    const struct framework *framework)
{
	for (size_t i = 0; i < framework->control_count; i++) {
		const struct control *control = &framework->controls[i];
		if (control->id == NULL || control->missing == NULL ||
		    control->evidence_count == 0)
			abort();
		for (size_t j = 0; j < control->evidence_count; j++)
			if (control->evidence[j] >= compliance->evidence_count)
				abort();
	}
}

static bool take_evidence(struct compliance *compliance, const char *name,
			  const char *text, size_t len, struct buf *errors)
{
	return compliance_take_evidence(compliance, name, text, len, "SELECT 1",
					errors);
}

static void take(struct compliance *compliance, const char *name, const char *text,
		 size_t len,
		 bool (*with)(struct compliance *, const char *, const char *, size_t,
			      struct buf *))
{
	struct buf errors = { 0 };
	size_t before = compliance->evidence_count + compliance->framework_count;
	bool good = with(compliance, name, text, len, &errors);
	size_t after = compliance->evidence_count + compliance->framework_count;
	if (good != (errors.len == 0) || after > before + good)
		abort();
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = { 0 };
	const char *text = (const char *)data;
	struct compliance *compliance = calloc(1, sizeof(*compliance));
	if (compliance == NULL ||
	    !take_evidence(compliance, "E1.yaml", first, strlen(first), &errors))
		abort();
	take(compliance, "E1.yaml", text, size, take_evidence);
	take(compliance, "f.yaml", text, size, compliance_take_framework);
	take(compliance, "d.yaml", text, size, compliance_take_document);
	for (size_t i = 0; i < compliance->framework_count; i++)
		look_at(compliance, &compliance->frameworks[i]);
	compliance_free(compliance);
	return 0;
}
