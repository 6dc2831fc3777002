/*
 * remote.h: whether whoever types this is here over the network.
 */
#pragma once

#include <stdbool.h>

/*
 * SSH_CONNECTION in the environment, or in that of a process this one was started by:
 * sudo takes it away.
 */
bool is_over_network(void);
