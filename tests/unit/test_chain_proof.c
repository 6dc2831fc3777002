/*
 * test_chain_proof.c: of what a sensor told of its audit chain, whatever was left out,
 * changed or told in two ways is found, and nothing else is.
 */
#include "fleet/chain_proof.h"

#include <sys/stat.h>

#include "store_check.h"

enum { MANY = 20, EACH = 5, ROOM = 64 };

static struct audit_record audits[ROOM];
static struct checkpoint_record checkpoints[ROOM];
static size_t audit_count, checkpoint_count;
static struct seal *seal, *other_seal;

static int make_seals(void **state)
{
	struct buf why = { 0 };
	char path[128];
	if (new_folder(state) != 0)
		return -1;
	seal = seal_open(folder, &why);
	snprintf(path, sizeof(path), "%s/other", folder);
	if (mkdir(path, 0700) != 0)
		return -1;
	other_seal = seal_open(path, &why);
	audit_count = checkpoint_count = 0;
	return seal == NULL || other_seal == NULL ? -1 : 0;
}

static int free_seals(void **state)
{
	seal_close(seal);
	seal_close(other_seal);
	return remove_folder(state);
}

/* ---- a chain ---- */

static const char *add_audit(uint64_t seq, const char *before, const char *subject,
			     int64_t at_us)
{
	struct audit_record *audit = &audits[audit_count++];
	record_init(RECORD_audit, audit);
	audit->seq = seq;
	audit->at = at_us;
	audit->action = "block";
	record_text(audit->subject, sizeof(audit->subject), subject);
	assert_true(store_audit_hash(before, audit, audit->hash));
	record_text(audit->sensor, sizeof(audit->sensor), "web-3");
	return audit->hash;
}

static void add_checkpoint(const struct seal *by, uint64_t number,
			   const struct audit_record *audit)
{
	struct checkpoint_record *checkpoint = &checkpoints[checkpoint_count++];
	record_init(RECORD_checkpoint, checkpoint);
	checkpoint->number = number;
	checkpoint->seq = audit->seq;
	checkpoint->at = audit->at + SECOND;
	checkpoint->first = 1;
	memcpy(checkpoint->hash, audit->hash, sizeof(checkpoint->hash));
	assert_true(seal_sign(by, checkpoint));
	record_text(checkpoint->sensor, sizeof(checkpoint->sensor), "web-3");
}

/* So many records, each EACH of them signed. */
static void add_chain(const struct seal *by, const char *subject, int64_t from_us,
		      uint64_t many)
{
	const char *before = "";
	for (uint64_t seq = 1; seq <= many; seq++) {
		before = add_audit(seq, before, subject,
				   from_us + (int64_t)seq * SECOND);
		if (seq % EACH == 0)
			add_checkpoint(by, seq / EACH, &audits[audit_count - 1]);
	}
}

/* ---- how it comes ---- */

static uint64_t seq_of_audit(const void *at)
{
	return ((const struct audit_record *)at)->seq;
}

static void sort_audits(void)
{
	for (size_t i = 1; i < audit_count; i++)
		for (size_t j = i;
		     j > 0 && seq_of_audit(&audits[j - 1]) > seq_of_audit(&audits[j]);
		     j--) {
			const struct audit_record swapped = audits[j];
			audits[j] = audits[j - 1];
			audits[j - 1] = swapped;
		}
}

static void sort_checkpoints(void)
{
	for (size_t i = 1; i < checkpoint_count; i++)
		for (size_t j = i; j > 0 && checkpoints[j - 1].seq > checkpoints[j].seq;
		     j--) {
			const struct checkpoint_record swapped = checkpoints[j];
			checkpoints[j] = checkpoints[j - 1];
			checkpoints[j - 1] = swapped;
		}
}

static void feed(struct chain_proof *proof)
{
	size_t next = 0;
	sort_audits();
	sort_checkpoints();
	for (size_t i = 0; i < audit_count; i++) {
		while (next < checkpoint_count && checkpoints[next].seq < audits[i].seq)
			chain_proof_checkpoint(proof, &checkpoints[next++]);
		chain_proof_audit(proof, &audits[i]);
	}
	while (next < checkpoint_count)
		chain_proof_checkpoint(proof, &checkpoints[next++]);
}

static struct audit_verdict prove(struct chain_proof *proof)
{
	struct audit_verdict verdict;
	feed(proof);
	chain_proof_end(proof, &verdict);
	return verdict;
}

static void assert_fault(const char *what)
{
	struct chain_proof proof = { 0 };
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), what);
	assert_true(verdict.faults > 0);
	assert_true(proof.fault[0] != '\0');
}

static void remove_audit(uint64_t seq)
{
	for (size_t i = 0; i < audit_count; i++)
		if (audits[i].seq == seq) {
			memmove(&audits[i], &audits[i + 1],
				(audit_count - i - 1) * sizeof(audits[0]));
			audit_count--;
			return;
		}
	fail();
}

/* ---- tests ---- */

static void what_was_told_as_it_was_written_holds(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	/* Some of it twice, as what is not known to be told is told again. */
	audits[audit_count++] = audits[3];
	checkpoints[checkpoint_count++] = checkpoints[1];
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "holds");
	assert_int_equal(verdict.faults, 0);
	assert_int_equal(verdict.notices, 0);
	assert_true(verdict.records == MANY && verdict.first == 1 &&
		    verdict.last == MANY && verdict.held == MANY);
	assert_int_equal(verdict.checkpoints, MANY / EACH);
	assert_string_equal(verdict.key, seal_key_of(seal)->id);
	assert_false(verdict.is_in_doubt);
	/* What comes later goes on with what is known. */
	add_audit(MANY + 1, audits[audit_count - 1].hash, "10.0.0.2", START_US + DAY);
	verdict = prove(&proof);
	assert_int_equal(verdict.faults, 0);
	assert_true(verdict.last == MANY + 1 && verdict.held == MANY);
}

static void what_begins_with_a_checkpoint_follows_from_it(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	for (uint64_t seq = 1; seq <= EACH; seq++)
		remove_audit(seq);
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "holds");
	assert_true(verdict.first == EACH && verdict.faults == 0);
	/* Its first record is held against it. */
	audits[0].subject[0] = '9';
	assert_fault("changed");
}

static void what_was_left_out_is_missing(void **state)
{
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	remove_audit(7);
	assert_fault("missing");
	audit_count = checkpoint_count = 0;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	remove_audit(MANY); /* the last one is held by a checkpoint */
	assert_fault("missing");
	audit_count = checkpoint_count = 0;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	checkpoints[1] = checkpoints[--checkpoint_count];
	assert_fault("checkpoint_missing");
}

static void what_was_changed_does_not_follow(void **state)
{
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	audits[6].subject[0] = '9';
	assert_fault("changed");
	/* With a hash that fits it, what follows does not. */
	assert_true(store_audit_hash(audits[5].hash, &audits[6], audits[6].hash));
	assert_fault("changed");
	audit_count = checkpoint_count = 0;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	audits[0].subject[0] = '9';
	assert_fault("changed");
}

/* From record 12 on all is another history, signed by the same key. */
static void what_was_told_in_two_ways_is_a_fork(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, 12);
	const char *before = audits[10].hash;
	for (uint64_t seq = 12; seq <= 16; seq++)
		before = add_audit(seq, before, "rewritten",
				   START_US + DAY + (int64_t)seq * SECOND);
	add_checkpoint(seal, 3, &audits[audit_count - 1]);
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "forked");
	assert_int_equal(verdict.faults, 1);
	assert_non_null(strstr(proof.fault, "record 12 "));
	assert_int_equal(verdict.last, 16);
}

static void signatures_are_those_of_the_key_that_signed_first(void **state)
{
	struct chain_proof proof = { .keys = seal_key_of(other_seal), .key_count = 1 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "key");
	const struct checkpoint_record right = checkpoints[2];
	checkpoints[2].at++;
	assert_fault("checkpoint_changed");
	checkpoints[2] = right;
	assert_true(seal_sign(other_seal, &checkpoints[2]));
	assert_fault(
		"checkpoint_changed"); /* over the sensor, which is no part of it */
	checkpoints[2].sensor[0] = '\0';
	assert_true(seal_sign(other_seal, &checkpoints[2]));
	assert_fault("key");
	/* The key is its own, but it signed another record. */
	checkpoints[2] = right;
	checkpoints[2].sensor[0] = '\0';
	checkpoints[2].hash[0] ^= 1;
	assert_true(seal_sign(seal, &checkpoints[2]));
	assert_fault("rewritten");
}

/* Another key and another chain by one name: only if it was let in between. */
static void a_machine_that_was_set_up_anew_joins_again(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	add_chain(other_seal, "10.0.0.2", START_US + 2 * DAY, 10);
	assert_fault("forked");
	chain_proof_joined(&proof, START_US - DAY);
	chain_proof_joined(&proof, START_US + DAY);
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "holds");
	assert_int_equal(verdict.faults, 0);
	assert_true(verdict.last == 10 && verdict.held == 10);
	assert_string_equal(verdict.key, seal_key_of(other_seal)->id);
	/* Not if it joined before the other one was over. */
	proof = (struct chain_proof){ 0 };
	chain_proof_joined(&proof, START_US - DAY);
	prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "forked");
}

/* Who owns the machine appends a record that says it is older than when it joined. */
static void a_record_of_before_makes_no_fork_a_machine_set_up_anew(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	add_audit(MANY + 1, audits[audit_count - 1].hash, "10.0.0.1",
		  START_US - 2 * DAY);
	add_chain(other_seal, "10.0.0.2", START_US - DAY / 24, 10);
	chain_proof_joined(&proof, START_US - DAY);
	prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "forked");
	assert_true(chain_proof_may_be_anew(&proof));
}

/* An earlier version's checkpoints name no key; with its last the telling begins. */
static void a_checkpoint_without_a_key_before_all_is_no_fault(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, MANY);
	checkpoints[0].public_key[0] = '\0';
	memmove(&audits[0], &audits[EACH], (audit_count - EACH) * sizeof(audits[0]));
	audit_count -= EACH;
	struct audit_verdict verdict = prove(&proof);
	assert_int_equal(verdict.faults, 0);
	assert_string_equal(chain_proof_word(&proof), "holds");
	/* Behind records it is one. */
	checkpoints[1].public_key[0] = '\0';
	assert_fault("checkpoint_changed");
}

static void what_has_no_numbers_or_no_checkpoints_proves_nothing(void **state)
{
	struct chain_proof proof = { 0 };
	(void)state;
	add_chain(seal, "10.0.0.1", START_US, 4);
	struct audit_verdict verdict = prove(&proof);
	assert_string_equal(chain_proof_word(&proof), "unsigned");
	assert_true(verdict.is_in_doubt && verdict.faults == 0);
	proof = (struct chain_proof){ 0 };
	for (size_t i = 0; i < audit_count; i++) {
		audits[i].seq = UNKNOWN_U64;
		chain_proof_audit(&proof, &audits[i]);
	}
	assert_int_equal(proof.count, 0);
	assert_string_equal(chain_proof_word(&proof), "unsigned");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_seals, free_seals)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_told_as_it_was_written_holds),
		TEST(what_begins_with_a_checkpoint_follows_from_it),
		TEST(what_was_left_out_is_missing),
		TEST(what_was_changed_does_not_follow),
		TEST(what_was_told_in_two_ways_is_a_fork),
		TEST(signatures_are_those_of_the_key_that_signed_first),
		TEST(a_machine_that_was_set_up_anew_joins_again),
		TEST(a_record_of_before_makes_no_fork_a_machine_set_up_anew),
		TEST(a_checkpoint_without_a_key_before_all_is_no_fault),
		TEST(what_has_no_numbers_or_no_checkpoints_proves_nothing),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
