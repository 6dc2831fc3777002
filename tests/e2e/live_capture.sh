#!/bin/bash
# live_capture.sh: live capture in network namespaces of its own; needs root.
# Runs beside others.
set -euo pipefail
programs="${BUILD:-$(dirname "$0")/../../build}/tests"

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
	echo "1..0 # SKIP live capture needs root and network namespaces"
	exit 0
fi
status=0
"$programs/live_capture" || status=1
"$programs/live_workers" || status=1
"$programs/live_sandbox" || status=1
exit $status
