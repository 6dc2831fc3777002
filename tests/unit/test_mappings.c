/*
 * test_mappings.c: the frameworks that are built in hold every control that Breakwater
 * promises to speak of, with no more strength than it has, and say what it can't show.
 *
 * The list stands here a second time on purpose: whoever changes how much is claimed
 * has to say so in two places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/compliance.h"
#include "report/report.h"

#define LIST_MAX 20

static const struct {
	const char *name, *edition;
	const char *direct[LIST_MAX], *partial[LIST_MAX], *supporting[LIST_MAX];
	const char *beyond[LIST_MAX]; /* what can't be shown must be said */
} promised[] = {
	{ "pci-dss",
	  "4.0.1",
	  { "2.2.4", "10.5.1", "10.7.2" },
	  { "1.2.5", "1.2.6", "1.2.7", "1.3.1", "1.3.2", "1.4.1", "1.4.2", "1.4.3",
	    "2.2.5", "10.2", "10.3", "10.4.1.1", "10.6", "11.5.1", "12.10.5" },
	  { "1.4.4", "1.4.5", "11.5.1.1" },
	  { "11.3.1", "11.3.2", "11.5.2" } },
	{ "nist-800-53",
	  "Revision 5",
	  { "CM-7b", "CM-7(1)", "SI-4a.2", "SI-4(2)", "SI-4(4)", "SI-4(5)", "AU-2",
	    "AU-3", "AU-4", "AU-5", "AU-7", "AU-8", "AU-11", "AU-12" },
	  { "CM-8", "CA-7", "CA-9", "AC-17(1)", "SC-5", "SC-7", "SC-7(5)", "AU-6",
	    "AU-9", "IR-4" },
	  { "CM-6", "RA-5" },
	  { NULL } },
	{ "nist-csf",
	  "2.0",
	  { "DE.CM-01", "PR.PS-04" },
	  { "ID.AM-02", "ID.AM-03", "PR.IR-01", "DE.AE-02", "DE.AE-03", "DE.AE-06",
	    "RS.MI-01" },
	  { "ID.RA" },
	  { NULL } },
	{ "cis",
	  "8.1",
	  { "4.8", "8.3", "8.10", "13.6" },
	  { "4.4", "4.5", "8.2", "8.4", "8.5", "8.9", "8.11", "13.1", "13.3", "13.8",
	    "13.11" },
	  { "12.2", "12.4", "12.6" },
	  { NULL } },
	{ "iso-27001",
	  "2022",
	  { NULL },
	  { "8.15", "8.16", "8.20", "8.21", "8.22" },
	  { NULL },
	  { NULL } },
	{ "soc2",
	  "Trust Services Criteria of 2017, points of focus of 2022",
	  { NULL },
	  { "CC6.6", "CC7.1", "CC7.2", "CC7.3", "CC7.4" },
	  { "CC6.8" },
	  { NULL } },
	{ "hipaa",
	  "45 CFR Part 164 Subpart C, as amended in 2013",
	  { NULL },
	  { "164.308(a)(1)(ii)(D)", "164.308(a)(5)(ii)(C)", "164.312(b)",
	    "164.312(e)(1)" },
	  { NULL },
	  { "164.310", "164.316(b)(2)(i)" } },
	{ "nis2",
	  "Directive (EU) 2022/2555 and Implementing Regulation (EU) 2024/2690",
	  { NULL },
	  { "Art. 21(2)(b)", "Recital 10", "Annex 3.2.3", "Annex 3.2.4", "Annex 3.2.5",
	    "Annex 3.2.6", "Annex 6.7.2", "Annex 6.8.2" },
	  { "Art. 23" },
	  { NULL } },
	{ "dora",
	  "Delegated Regulation (EU) 2024/1774",
	  { "Art. 12(2)(e)" },
	  { "Art. 12(2)(c)(ii)", "Art. 12(2)(c)(v)", "Art. 12(2)(d)", "Art. 12(2)(f)",
	    "Art. 23(2)(b)", "Art. 23(4)" },
	  { NULL },
	  { NULL } },
};
enum { PROMISED = sizeof(promised) / sizeof(promised[0]) };

/* Evidence that a control's row has to rest on, as what it says is about that. */
static const struct {
	const char *framework, *control, *evidence;
} rests_on[] = {
	{ "pci-dss", "2.2.4", "E1" },
	{ "pci-dss", "1.2.5", "E1" },
	{ "pci-dss", "1.2.6", "E2" },
	{ "pci-dss", "2.2.5", "E2" },
	{ "pci-dss", "1.2.7", "E3" },
	{ "pci-dss", "1.3.1", "E4" },
	{ "pci-dss", "1.3.2", "E4" },
	{ "pci-dss", "1.4.1", "E4" },
	{ "pci-dss", "1.4.2", "E4" },
	{ "pci-dss", "10.2", "E8" },
	{ "pci-dss", "10.3", "E8" },
	{ "pci-dss", "10.4.1.1", "E5" },
	{ "pci-dss", "10.4.1.1", "E6" },
	{ "pci-dss", "10.5.1", "E9" },
	{ "pci-dss", "10.6", "E7" },
	{ "pci-dss", "10.7.2", "E7" },
	{ "pci-dss", "11.5.1", "E5" },
	{ "pci-dss", "12.10.5", "E6" },
	{ "nist-800-53", "CA-9", "E4" },
	{ "nist-800-53", "SC-5", "E12" },
	{ "nist-800-53", "SC-7", "E3" },
	{ "nist-800-53", "SC-7", "E4" },
	{ "nist-800-53", "AU-9", "E8" },
	{ "nist-800-53", "CM-7b", "E1" },
	{ "nist-800-53", "CM-7(1)", "E1" },
	{ "cis", "4.8", "E1" },
	{ "cis", "4.4", "E3" },
	{ "cis", "4.5", "E3" },
	{ "iso-27001", "8.22", "E4" },
	{ "soc2", "CC6.6", "E3" },
	{ "soc2", "CC6.6", "E4" },
	{ "soc2", "CC7.1", "E1" },
	{ "soc2", "CC7.2", "E5" },
	{ "soc2", "CC7.2", "E10" },
	{ "soc2", "CC7.3", "E6" },
	{ "soc2", "CC7.4", "E6" },
	{ "hipaa", "164.312(e)(1)", "E2" },
	{ "nis2", "Recital 10", "E5" },
	{ "nis2", "Recital 10", "E10" },
	{ "dora", "Art. 12(2)(e)", "E7" },
	{ "dora", "Art. 12(2)(c)(ii)", "E12" },
};

static struct compliance *compliance;

static int open_builtins(void **state)
{
	struct buf errors = { 0 };
	(void)state;
	compliance = compliance_open(NULL, &errors);
	if (compliance == NULL)
		print_error("%s", buf_cstr(&errors));
	buf_free(&errors);
	return compliance != NULL ? 0 : -1;
}

static int close_builtins(void **state)
{
	(void)state;
	compliance_free(compliance);
	return 0;
}

static const struct framework *framework_of(const char *name)
{
	const struct framework *framework = compliance_framework(compliance, name);
	if (framework == NULL)
		fail_msg("there is no framework %s", name);
	return framework;
}

static const struct control *control_of(const char *name, const char *id)
{
	const struct framework *framework = framework_of(name);
	for (size_t i = 0; i < framework->control_count; i++)
		if (strcmp(framework->controls[i].id, id) == 0)
			return &framework->controls[i];
	fail_msg("%s: no row about %s", name, id);
	return NULL;
}

/* How many the list has, all of which the framework has with that strength. */
static size_t expect(const char *name, const char *const *ids, enum strength strength)
{
	size_t count = 0;
	while (ids[count] != NULL) {
		const struct control *control = control_of(name, ids[count++]);
		if (control->strength != strength)
			fail_msg("%s %s is %s, promised is %s", name, control->id,
				 strength_name(control->strength),
				 strength_name(strength));
	}
	return count;
}

static void every_promised_control_is_there_and_no_stronger(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROMISED; i++) {
		const char *name = promised[i].name;
		const struct framework *framework = framework_of(name);
		assert_string_equal(framework->edition, promised[i].edition);
		size_t count =
			expect(name, promised[i].direct, STRENGTH_DIRECT) +
			expect(name, promised[i].partial, STRENGTH_PARTIAL) +
			expect(name, promised[i].supporting, STRENGTH_SUPPORTING);
		/* A claim that is made nowhere else would be nobody's. */
		if (framework->control_count != count)
			fail_msg("%s has %zu controls, promised are %zu", name,
				 framework->control_count, count);
	}
}

static bool is_beyond(const struct framework *framework, const char *id)
{
	for (size_t i = 0; i < framework->beyond_count; i++)
		if (strcmp(framework->beyond[i].id, id) == 0)
			return true;
	return false;
}

static void what_cannot_be_shown_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROMISED; i++) {
		const struct framework *framework = framework_of(promised[i].name);
		if (framework->beyond_count == 0)
			fail_msg("%s claims to show everything", framework->name);
		for (size_t j = 0; promised[i].beyond[j] != NULL; j++)
			if (!is_beyond(framework, promised[i].beyond[j]))
				fail_msg("%s: %s is not beyond", framework->name,
					 promised[i].beyond[j]);
		for (size_t j = 0; j < framework->control_count; j++)
			if (is_beyond(framework, framework->controls[j].id))
				fail_msg("%s: %s can be shown and can't",
					 framework->name, framework->controls[j].id);
	}
}

static void a_row_rests_on_what_it_speaks_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rests_on) / sizeof(rests_on[0]); i++) {
		const struct control *control =
			control_of(rests_on[i].framework, rests_on[i].control);
		bool is_named = false;
		for (size_t j = 0; j < control->evidence_count; j++)
			is_named |=
				strcmp(compliance->evidence[control->evidence[j]].id,
				       rests_on[i].evidence) == 0;
		if (!is_named)
			fail_msg("%s %s does not rest on %s", rests_on[i].framework,
				 rests_on[i].control, rests_on[i].evidence);
	}
}

static void refuse_verdicts(const char *where, const char *text)
{
	static const char *const words[] = { "compliant", "certified", "passed",
					     "guarantee", "fulfil" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text != NULL && strcasestr(text, words[i]) != NULL)
			fail_msg("%s says \"%s\": %s", where, words[i], text);
}

static void no_row_says_that_a_requirement_is_met(void **state)
{
	(void)state;
	for (size_t i = 0; i < compliance->framework_count; i++) {
		const struct framework *framework = &compliance->frameworks[i];
		refuse_verdicts(framework->name, framework->note);
		for (size_t j = 0; j < framework->control_count; j++) {
			refuse_verdicts(framework->name, framework->controls[j].title);
			refuse_verdicts(framework->name, framework->controls[j].shows);
			refuse_verdicts(framework->name,
					framework->controls[j].missing);
		}
	}
	for (size_t i = 0; i < compliance->evidence_count; i++) {
		refuse_verdicts(compliance->evidence[i].id,
				compliance->evidence[i].shows);
		refuse_verdicts(compliance->evidence[i].id,
				compliance->evidence[i].title);
	}
}

static void all_twelve_pieces_of_evidence_are_used(void **state)
{
	(void)state;
	for (int i = 1; i <= 12; i++) {
		char id[8];
		snprintf(id, sizeof(id), "E%d", i);
		assert_non_null(compliance_evidence(compliance, id));
	}
	struct buf said = { 0 };
	compliance_check(compliance, 0, &said);
	if (strstr(buf_cstr(&said), "nothing asks") != NULL)
		fail_msg("%s", buf_cstr(&said));
	buf_free(&said);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_promised_control_is_there_and_no_stronger),
		TEST(what_cannot_be_shown_is_said),
		TEST(a_row_rests_on_what_it_speaks_of),
		TEST(no_row_says_that_a_requirement_is_met),
		TEST(all_twelve_pieces_of_evidence_are_used),
	};
	return cmocka_run_group_tests(tests, open_builtins, close_builtins);
}
