/*
 * test_host_diag.c: the kernel's answers, written by hand, whole and damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "host/diag.h"
#include "host/spaces.h"
#include "record/record.h"

/* A datagram being written. */
struct letter {
	uint8_t at[4096];
	size_t len, message;
};

static void put(struct letter *letter, const void *bytes, size_t len)
{
	memcpy(letter->at + letter->len, bytes, len);
	letter->len += len;
}

static void align(struct letter *letter)
{
	letter->len = NLMSG_ALIGN(letter->len);
}

static void begin(struct letter *letter, uint16_t type)
{
	struct nlmsghdr header = { .nlmsg_type = type };
	align(letter);
	letter->message = letter->len;
	put(letter, &header, sizeof(header));
}

static void end(struct letter *letter)
{
	uint32_t len = (uint32_t)(letter->len - letter->message);
	memcpy(letter->at + letter->message, &len, sizeof(len));
	align(letter);
}

static void attribute(struct letter *letter, uint16_t type, const void *bytes,
		      size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len),
			       .nla_type = type };
	align(letter);
	put(letter, &head, sizeof(head));
	put(letter, bytes, len);
}

static void begin_socket(struct letter *letter, uint8_t family, uint8_t state)
{
	struct inet_diag_msg message = { .idiag_family = family,
					 .idiag_state = state,
					 .idiag_rqueue = 3,
					 .idiag_wqueue = 128,
					 .idiag_uid = 33,
					 .idiag_inode = 4242 };
	message.id.idiag_sport = htons(443);
	message.id.idiag_cookie[0] = 7;
	message.id.idiag_cookie[1] = 1;
	if (family == AF_INET)
		message.id.idiag_src[0] = htonl(0x0a000001);
	begin(letter, SOCK_DIAG_BY_FAMILY);
	put(letter, &message, sizeof(message));
}

static struct diag_socket seen[4];
static size_t seen_count;

static void see(void *to, const struct diag_socket *socket)
{
	(void)to;
	if (seen_count < 4)
		seen[seen_count] = *socket;
	seen_count++;
}

static int read_letter(const struct letter *letter)
{
	seen_count = 0;
	/* A copy of its size, so that reading beyond it is noticed. */
	uint8_t *copy = malloc(letter->len + 1);
	memcpy(copy, letter->at, letter->len);
	int result = diag_read(copy, letter->len, IPPROTO_TCP, see, NULL);
	free(copy);
	return result;
}

static void a_listening_socket_is_read(void **state)
{
	(void)state;
	struct letter letter = { .len = 0 };
	uint32_t memory[SK_MEMINFO_VARS] = { [SK_MEMINFO_DROPS] = 9 };
	begin_socket(&letter, AF_INET, DIAG_LISTEN);
	attribute(&letter, INET_DIAG_SKMEMINFO, memory, sizeof(memory));
	end(&letter);
	begin(&letter, NLMSG_DONE);
	end(&letter);
	assert_int_equal(read_letter(&letter), 0);
	assert_int_equal(seen_count, 1);
	char text[ADDR_TEXT_MAX];
	addr_text(&seen[0].local, text);
	assert_string_equal(text, "10.0.0.1");
	assert_int_equal(seen[0].local_port, 443);
	assert_int_equal(seen[0].state, DIAG_LISTEN);
	assert_int_equal(seen[0].inode, 4242);
	assert_int_equal(seen[0].cookie, 0x100000007);
	assert_int_equal(seen[0].uid, 33);
	assert_int_equal(seen[0].receive_queue, 3);
	assert_int_equal(seen[0].send_queue, 128);
	assert_int_equal(seen[0].drops, 9);
	assert_false(seen[0].dual);
	assert_false(seen[0].has_tcp);
}

static void any_ipv6_address_takes_ipv4_unless_it_says_no(void **state)
{
	(void)state;
	for (uint8_t only = 0; only < 2; only++) {
		struct letter letter = { .len = 0 };
		begin_socket(&letter, AF_INET6, DIAG_LISTEN);
		attribute(&letter, INET_DIAG_SKV6ONLY, &only, 1);
		end(&letter);
		assert_int_equal(read_letter(&letter), 1);
		assert_int_equal(seen[0].dual, only == 0);
		assert_int_equal(seen[0].drops, UNKNOWN_U64);
	}
}

static void tcp_info_may_be_of_any_length(void **state)
{
	(void)state;
	uint8_t longer[sizeof(struct tcp_info) + 64] = { 0 };
	struct tcp_info *info = (struct tcp_info *)longer;
	info->tcpi_rtt = 1500;
	info->tcpi_total_retrans = 4;
	info->tcpi_min_rtt = 900;
	info->tcpi_delivery_rate = 1000000;
	for (size_t len = 0; len <= sizeof(longer); len++) {
		struct letter letter = { .len = 0 };
		begin_socket(&letter, AF_INET, DIAG_ESTABLISHED);
		attribute(&letter, INET_DIAG_INFO, longer, len);
		end(&letter);
		assert_int_equal(read_letter(&letter), 1);
		bool has_min = len >= offsetof(struct tcp_info, tcpi_min_rtt) + 4;
		bool has_rtt = len >= offsetof(struct tcp_info, tcpi_rtt) + 4;
		assert_true(seen[0].has_tcp);
		assert_int_equal(seen[0].tcp.rtt_us, has_rtt ? 1500 : UNKNOWN_U64);
		assert_int_equal(seen[0].tcp.min_rtt_us, has_min ? 900 : UNKNOWN_U64);
	}
}

static void an_error_is_handed_on(void **state)
{
	(void)state;
	struct letter letter = { .len = 0 };
	struct nlmsgerr error = { .error = -ENOENT };
	begin(&letter, NLMSG_ERROR);
	put(&letter, &error, sizeof(error));
	end(&letter);
	assert_int_equal(read_letter(&letter), -ENOENT);
	letter = (struct letter){ .len = 0 };
	begin(&letter, NLMSG_DONE);
	put(&letter, &error.error, sizeof(error.error));
	end(&letter);
	assert_int_equal(read_letter(&letter), -ENOENT);
}

static void every_cut_and_every_changed_byte_is_survived(void **state)
{
	(void)state;
	struct letter letter = { .len = 0 };
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	uint8_t only = 0;
	begin_socket(&letter, AF_INET6, DIAG_LISTEN);
	attribute(&letter, INET_DIAG_SKMEMINFO, memory, sizeof(memory));
	attribute(&letter, INET_DIAG_SKV6ONLY, &only, 1);
	end(&letter);
	for (size_t len = 0; len < letter.len - 4; len++) {
		struct letter cut = letter;
		cut.len = len;
		assert_int_equal(read_letter(&cut), len == 0 ? 1 : -EBADMSG);
	}
	for (size_t i = 0; i < letter.len; i++) {
		for (int value = 0; value < 256; value++) {
			struct letter changed = letter;
			changed.at[i] = (uint8_t)value;
			read_letter(&changed);
		}
	}
}

static void an_attribute_longer_than_its_message_is_refused(void **state)
{
	(void)state;
	for (uint16_t more = 1; more <= 16; more++) {
		struct letter letter = { .len = 0 };
		uint32_t mark = 0;
		begin_socket(&letter, AF_INET, DIAG_LISTEN);
		size_t at = letter.len;
		attribute(&letter, INET_DIAG_MARK, &mark, sizeof(mark));
		end(&letter);
		struct nlattr longer = { .nla_len = (uint16_t)(8 + more),
					 .nla_type = INET_DIAG_MARK };
		memcpy(letter.at + at, &longer, sizeof(longer));
		assert_int_equal(read_letter(&letter), -EBADMSG);
	}
}

static struct addr addresses[4];
static size_t address_count;

static void see_addr(void *to, const struct addr *addr)
{
	(void)to;
	if (address_count < 4)
		addresses[address_count] = *addr;
	address_count++;
}

static void the_local_end_of_a_link_is_our_address(void **state)
{
	(void)state;
	struct letter letter = { .len = 0 };
	struct ifaddrmsg v4 = { .ifa_family = AF_INET },
			 v6 = { .ifa_family = AF_INET6 };
	uint8_t ours[16] = { 10, 0, 0, 1 }, other[16] = { 10, 0, 0, 2 };
	begin(&letter, RTM_NEWADDR);
	put(&letter, &v4, sizeof(v4));
	attribute(&letter, IFA_ADDRESS, other, 4);
	attribute(&letter, IFA_LOCAL, ours, 4);
	end(&letter);
	begin(&letter, RTM_NEWADDR);
	put(&letter, &v6, sizeof(v6));
	attribute(&letter, IFA_ADDRESS, other, 16);
	end(&letter);
	begin(&letter, NLMSG_DONE);
	end(&letter);
	address_count = 0;
	assert_int_equal(space_read_addresses(letter.at, letter.len, see_addr, NULL),
			 0);
	assert_int_equal(address_count, 2);
	struct addr wanted = addr_v4(ours);
	assert_true(addr_equal(&addresses[0], &wanted));
	wanted = addr_v6(other);
	assert_true(addr_equal(&addresses[1], &wanted));
	for (size_t len = 0; len < letter.len; len++) {
		uint8_t *copy = malloc(len + 1);
		memcpy(copy, letter.at, len);
		space_read_addresses(copy, len, see_addr, NULL);
		free(copy);
	}
}

static void a_protocol_that_is_not_there_is_said_so(void **state)
{
	(void)state;
	int fd = diag_open();
	assert_true(fd >= 0);
	struct diag_filter filter = { .family = AF_INET, .proto = 254 };
	assert_int_equal(diag_dump(fd, &filter, see, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listening_socket_is_read),
		cmocka_unit_test(any_ipv6_address_takes_ipv4_unless_it_says_no),
		cmocka_unit_test(tcp_info_may_be_of_any_length),
		cmocka_unit_test(an_error_is_handed_on),
		cmocka_unit_test(every_cut_and_every_changed_byte_is_survived),
		cmocka_unit_test(an_attribute_longer_than_its_message_is_refused),
		cmocka_unit_test(the_local_end_of_a_link_is_our_address),
		cmocka_unit_test(a_protocol_that_is_not_there_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
