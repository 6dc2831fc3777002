/*
 * link_dump.h: the question for all interfaces, by rtnetlink(7).
 */
#pragma once

#include <linux/rtnetlink.h>

struct link_dump {
	struct nlmsghdr header;
	struct ifinfomsg info;
};

/* The kernel answers with RTM_NEWLINK for each, and NLMSG_DONE. */
static inline struct link_dump link_dump(void)
{
	return (struct link_dump){
		.header = { .nlmsg_len = sizeof(struct link_dump),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
}
