#!/bin/bash
# live_capture.sh: live capture in network namespaces of its own; needs root.
set -euo pipefail
program="${BUILD:-$(dirname "$0")/../../build}/tests/live_capture"

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
	echo "1..0 # SKIP live capture needs root and network namespaces"
	exit 0
fi
exec "$program"
