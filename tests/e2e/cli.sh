#!/bin/bash
# cli.sh: the commands against the real HTTP API with made-up traffic; top in a terminal.
# Runs beside others.
set -uo pipefail
build="${BUILD:-$(dirname "$0")/../../build}"
breakwater="${BREAKWATER:-$build/breakwater}"
dir=$(mktemp -d)
sock="$dir/daemon.sock"
tests=0
daemon=

clean()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	tmux -S "$dir/tmux" kill-server 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT

ok() # STATUS NAME
{
	tests=$((tests + 1))
	[ "$1" = 0 ] && echo "ok $tests - $2" || echo "not ok $tests - $2"
}

# Waits, at most 10 s, until a command succeeds.
until_true()
{
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

start_daemon() # STATE
{
	"$build/tests/fake_daemon" "$sock" 127.0.0.1:0 "$1" >"$dir/address" &
	daemon=$!
	until_true test -s "$dir/address"
	address=$(cat "$dir/address")
}

stop_daemon()
{
	kill "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

# Bit 1 of the last digit is SIGINT; the shell before exec catches it, too.
catches_interrupts() # PID
{
	grep -qx breakwater "/proc/$1/comm" && grep -q '^SigCgt:.*[2367abef]$' "/proc/$1/status"
}

exits() # STATUS COMMAND...
{
	local wanted=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	[ $? = "$wanted" ]
}

ask()
{
	"$breakwater" "$@" --socket "$sock"
}

exits 0 "$breakwater" notify test 'snmp://127.0.0.1:9?inform=no' && [ ! -s "$dir/err" ]
ok $? "a trap without any MIB on the machine has nothing to complain of"
: >"$dir/none.yaml"
exits 2 "$breakwater" notify test chat -c "$dir/none.yaml" &&
	grep -q "no sink is configured" "$dir/err"
ok $? "where no sink is configured notify test says so, and what else it takes"

printf 'notify:\n  to: ["program:"]\n' >"$dir/none.yaml"
exits 2 "$breakwater" config check -c "$dir/none.yaml" &&
	grep -q "^notify.program: the sink .* allowed is the path" "$dir/err"
ok $? "a sink that runs a program is refused where none is given"

exits 3 ask status && grep -q "breakwater run" "$dir/err" && [ ! -s "$dir/out" ]
ok $? "without a daemon status says how to start one and exits with 3"

start_daemon healthy
exits 0 ask status && grep -q "^Fine" "$dir/out" && grep -q "^Next: .*breakwater" "$dir/out"
ok $? "status is one screen that ends with what to type next"

exits 0 ask ports && grep -q "443/tcp" "$dir/out" && grep -q '!' "$dir/out" &&
	! grep -q $'\033' "$dir/out"
ok $? "ports into a pipe have marks and no colours"

exits 0 ask ports --json --port 443 &&
	python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
sys.exit(len(rows) != 2 or any(r["record"] != "port" or r["port"] != 443 for r in rows))' \
		<"$dir/out"
ok $? "--json prints one record a line"

exits 0 ask flows --host 198.51.100.7 && [ "$(wc -l <"$dir/out")" = 2 ]
ok $? "flows are found by a client's address"

exits 0 ask ports --listening && grep -q "5432/tcp.*postgres.*loopback.*!129/128" "$dir/out"
ok $? "ports --listening tells who waits for clients and whose queue is full"

exits 1 ask findings && grep -q "unauthorized_port.*8000/tcp" "$dir/out" &&
	exits 1 ask findings --json --port 8000 && grep -q '"kind":"unauthorized_port"' "$dir/out"
ok $? "findings ends with 1 while something is open"

exits 0 ask logins && grep -q "198.51.100.7:40022.*192.0.2.10:22.*ssh.*root.*failure" "$dir/out" &&
	grep -q "packets, log" "$dir/out" && exits 0 ask logins --user ada --port 22 --json &&
	grep -q '"user":"ada","outcome":"success"' "$dir/out" && ! grep -q root "$dir/out"
ok $? "logins tells who tried to get in, and how it ended"

exits 0 ask ports --since 2h && grep -q "^HOST" "$dir/out" &&
	grep -q "not known: .* (stopped)" "$dir/err"
ok $? "a table of the past says which times were not watched"

exits 0 ask ports --since 2h --step 1h --port 53 && grep -q "^START" "$dir/out"
ok $? "ports --step shows when each row begins"

exits 0 ask flows --since 2h --limit 3 && [ "$(wc -l <"$dir/out")" = 4 ] &&
	grep -q "3 .*connections shown; more" "$dir/err"
ok $? "flows --since reads beyond memory and says that there is more"

exits 0 ask policy propose --state "$dir/none" && cp "$dir/out" "$dir/policy.yaml" &&
	grep -q "port: 5432" "$dir/policy.yaml" &&
	exits 0 ask policy test "$dir/policy.yaml" --state "$dir/none"
ok $? "a policy proposed of what is seen raises nothing"

sed 's/port: 8000/port: 8001/' "$dir/policy.yaml" >"$dir/other.yaml"
exits 1 ask policy test "$dir/other.yaml" --state "$dir/none" &&
	grep -q "unauthorized_port.*8000/tcp" "$dir/out" && grep -q "Would have raised 1 " "$dir/err"
ok $? "policy test tells what a policy would have raised, with status 1"

exits 2 ask policy show && exits 0 ask policy apply "$dir/policy.yaml" &&
	grep -q "in force, by $(id -un)" "$dir/out" && exits 0 ask policy show &&
	cmp -s "$dir/out" "$dir/policy.yaml" && exits 0 ask policy nftables &&
	grep -q "table inet" "$dir/out" && exits 0 ask policy systemd "$dir/policy.yaml"
ok $? "policy apply puts it in force, and rules follow from it"

printf 'ports:\n  - port: x\n' >"$dir/bad.yaml"
exits 2 ask policy apply "$dir/bad.yaml" && grep -q "bad.yaml:2:11: " "$dir/err" &&
	exits 2 ask policy test "$dir/nothing.yaml" && exits 2 ask policy &&
	exits 2 ask policy show more && exits 2 ask policy prose
ok $? "a policy with a mistake is refused with line and column"

exits 2 ask ports --step 1h --listening && exits 2 ask ports --reach outside &&
	exits 2 ask ports --since yesterday && exits 2 ask ports --step 2h &&
	exits 2 ask logins --outcome maybe
ok $? "options that do not go together are status 2"

exits 0 ask blocks && [ "$(wc -l <"$dir/out")" = 4 ] &&
	grep -q "198.51.100.7 .*drop 22/tcp .*active .*9 min .*1,234" "$dir/out" &&
	grep -q "203.0.113.0/24 .*!unconfirmed" "$dir/out" &&
	grep -q "192.0.2.1 .*vetoed: gateway" "$dir/out" &&
	exits 0 ask blocks 203.0.113.9 && grep -q 4711 "$dir/out" && ! grep -q 198 "$dir/out" &&
	exits 0 ask blocks --json --since 1h && [ "$(grep -c '"record":"block"' "$dir/out")" = 3 ]
ok $? "blocks tells who is blocked, since when, and what spoke against it"

exits 0 ask blocks 3fa2 && grep -q "^drop of 198.51.100.7 port 22/tcp, active" "$dir/out" &&
	grep -q "cuts 0 of 412 clients" "$dir/out" && exits 1 ask blocks 0000 &&
	exits 0 ask unblock 3fa2 && grep -q "3fa2b1c45d6e7f80" "$dir/out"
ok $? "a block and its end are known by the first digits of an id"

exits 4 ask block 192.0.2.1 && grep -q "gateway: never blocked" "$dir/err" && [ ! -s "$dir/out" ]
ok $? "what is never blocked says why, with status 4"

exits 2 ask block && exits 2 ask block 192.0.2.300 && exits 2 ask block 192.0.2.7 --for ever &&
	exits 2 ask block 192.0.2.7 --limit 5 --reset && exits 2 ask block 192.0.2.7 --udp &&
	exits 2 ask block 192.0.2.7 --confirm 0123456789abcdef && exits 2 ask unblock &&
	exits 2 ask unblock nobody && exits 2 ask blocks nobody && exits 2 ask blocks --thaw 3fa2
ok $? "a block of nobody, for no time or of two kinds is status 2"

exits 2 ask ports --sort nothing && [ "$(wc -l <"$dir/err")" = 1 ]
ok $? "a question the daemon refuses is one line and status 2"

exits 2 "$breakwater" prots && grep -q '"ports"' "$dir/err"
ok $? "a mistyped command is answered with the nearest"

exits 0 "$breakwater" --socket "$sock" --json ports --port 22 && grep -q '"port":22' "$dir/out"
ok $? "common options may stand before the command"

python3 - "$address" <<'EOF'
import sys, urllib.request
page = urllib.request.urlopen(f"http://{sys.argv[1]}/", timeout=5)
assert b"<!doctype html>" in page.read()
metrics = urllib.request.urlopen(f"http://{sys.argv[1]}/metrics", timeout=5).read().decode()
for line in metrics.splitlines():
    if not line.startswith("#"):
        float(line.rsplit(" ", 1)[1])
assert 'breakwater_port_flows_total{port="443"' in metrics
EOF
ok $? "page and metrics are served over TCP"

# The checker is a package of its own: from the private tree, or the machine's.
promtool()
{
	if [ -n "${TREE_RUN:-}" ] && "$TREE_RUN" promtool --version >/dev/null 2>&1; then
		"$TREE_RUN" promtool "$@"
	else
		command promtool "$@"
	fi
}
if promtool --version >/dev/null 2>&1; then
	python3 -c 'import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(f"http://{sys.argv[1]}/metrics").read())' \
		"$address" | promtool check metrics >"$dir/out" 2>&1 && [ ! -s "$dir/out" ]
	ok $? "promtool finds nothing to say about the metrics"
else
	tests=$((tests + 1))
	echo "ok $tests - promtool check metrics # SKIP promtool is not installed"
fi

if ! command -v tmux >/dev/null; then
	tests=$((tests + 1))
	echo "ok $tests - top in a terminal # SKIP tmux is not installed"
else
	mux()
	{
		tmux -S "$dir/tmux" "$@"
	}
	screen()
	{
		mux capture-pane -p -t top | grep -qE -- "$1"
	}
	mux -f /dev/null new-session -d -s top -x 80 -y 24 \
		"$breakwater top --socket $sock; echo \"ended \$?\"; exec cat"
	until_true screen "^HOST +PORT" && screen "P95" && screen '![0-9]+ ms'
	ok $? "top at 80x24 shows ports with their response times"

	mux send-keys -t top '\'
	mux send-keys -t top -l postgres
	until_true screen "^1 port of 10"
	ok $? "top filters by what is seen"

	mux send-keys -t top Escape
	until_true screen "^10 ports"
	mux send-keys -t top 2
	until_true screen "^CLIENT +SERVER"
	ok $? "top turns to connections"

	mux send-keys -t top p
	until_true screen PAUSED && mux send-keys -t top p
	for size in "40 10" "10 3" "1 1" "200 50" "20 4" "80 24"; do
		# shellcheck disable=SC2086 # two numbers
		set -- $size
		mux resize-window -t top -x "$1" -y "$2"
	done
	until_true screen "^CLIENT +SERVER"
	ok $? "top survives every size of terminal"

	stop_daemon
	until_true screen "Not fine: no daemon answers"
	ok $? "top says when the daemon has gone"

	start_daemon sick
	until_true screen "packets dropped"
	ok $? "top finds the daemon again"

	mux new-window -d -t top: -n past \
		"$breakwater ports --since 2h --socket $sock; echo \"ended \$?\"; exec cat"
	past_shows()
	{
		mux capture-pane -p -t past | grep -qE -- "$1"
	}
	until_true past_shows "^waiting for the store ... [0-9]+ s; Ctrl-C ends it" &&
		mux send-keys -t past C-c && until_true past_shows "^ended 5" &&
		! past_shows "^waiting"
	ok $? "on a terminal a long question tells how long, until Ctrl-C"

	mux send-keys -t top q
	until_true screen "^ended 0"
	ok $? "q gives the terminal back"

	mux respawn-pane -k -t top "sh -c 'echo \$\$ >$dir/pid; exec $breakwater top \
		--socket $sock'; stty -a | tr ' ;' '\n\n' | grep -x echo; exec cat"
	until_true screen "^HOST +PORT"
	kill "$(cat "$dir/pid")"
	until_true screen "^echo$"
	ok $? "a signal gives the terminal back"
fi

[ -n "$daemon" ] && stop_daemon
start_daemon sick
"$breakwater" ports --since 2h --socket "$sock" 2>"$dir/err" &
until_true catches_interrupts $!
kill -INT $!
wait $!
[ $? = 5 ] && grep -q "ended before" "$dir/err"
ok $? "Ctrl-C ends a question about the past at once, with status 5"

exits 5 ask status && grep -q "1,234 packets by the kernel" "$dir/out"
ok $? "status exits with 5 when packets were dropped"
grep -q "^Privileges .*runs as nobody; no capabilities, no_new_privs, seccomp hold" \
	"$dir/out" && grep -qF "; ! not in force: landlock (not in this kernel)" "$dir/out" &&
	grep -qF "; ! guard ended by signal 9 (Killed)" "$dir/out"
ok $? "status says which of its own defences do not hold, and why"
stop_daemon
start_daemon empty
exits 5 ask ports --since 2h && grep -q "no store in /var/lib/breakwater" "$dir/err"
ok $? "a store that is not there is said, with status 5"
exits 5 ask flows --since 2h && grep -q "incomplete: no store" "$dir/err"
ok $? "connections that memory has are shown without a store, with status 5"
exits 0 ask findings
ok $? "no finding is status 0"
stop_daemon
[ ! -e "$sock" ]
ok $? "a daemon that ends takes its socket along"
echo "1..$tests"
