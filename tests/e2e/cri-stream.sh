#!/bin/sh
# Exec, attach and port-forward through plumbline-cri, as crictl and an independent WebSocket client do it.
# shellcheck source=tests/e2e/cri-life-lib.sh disable=SC2154,SC2086,SC2016 # the library sets c; options are words; inner shells expand
. "$(dirname "$0")/cri-life-lib.sh"
network=${STREAM_NETWORK:-none}
options=${STREAM_RUNTIME:+--runtime =$STREAM_RUNTIME}
server_start --network "$network" $options --import "$W/box.tar" || { not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }
p=$(pod one)
running "$p" first 'while read -r line; do echo got $line; done; echo end' ',"stdin":true,"stdin_once":true'
url() { ask "$@" | value url; }
exec_url() { url Exec "$(of_container "$c" ',"cmd":["/bin/sh","-c","'"$1"'"],"stdin":true,"stdout":true,"stderr":true')"; }

# What the calls refuse.
is 'an exec without streams is refused' INVALID_ARGUMENT "$(code Exec "$(of_container "$c" ',"cmd":["true"]')")"
is 'a terminal with stderr is refused' INVALID_ARGUMENT "$(code Exec "$(of_container "$c" ',"cmd":["true"],"tty":true,"stdout":true,"stderr":true')")"
is 'an exec without a command is refused' INVALID_ARGUMENT "$(code Exec "$(of_container "$c" ',"stdout":true')")"
is 'a container that is not there is not found' NOT_FOUND "$(code Exec "$(of_container nothing ',"cmd":["true"],"stdout":true')")"
is 'nor is it for attach' NOT_FOUND "$(code Attach "$(of_container nothing ',"stdout":true')")"
is 'a pod that is not there is not found' NOT_FOUND "$(code PortForward "$(of_pod nothing)")"
is 'a number beyond ports is refused' INVALID_ARGUMENT "$(code PortForward "$(of_pod "$p" ',"port":[70000]')")"
is 'URLs are on loopback, with a long random name' 1 "$(exec_url true | grep -cE '^http://127\.0\.0\.1:[0-9]+/exec/[0-9a-f]{32}$')"
listening=$(ss -Hltn | awk '{ print $4 }' | grep -v '^127\.0\.0\.1:')
is 'nothing listens beyond loopback' '' "$listening"

# Debian's own, which has Debian's modules.
python=/usr/bin/python3

# A listener whose queue is full answers nobody, and the kernel asks it again for two minutes.
cat > "$W/silent.py" << 'P'
import socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
fills = [socket.socket() for _ in range(2)]
for fill in fills:
    fill.setblocking(False)
    fill.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
P
mkfifo "$W/silence"
$python "$W/silent.py" < "$W/silence" > "$W/silent" &
silent=$!
exec 9> "$W/silence"
check 'a port that answers nobody' until_true test -s "$W/silent"
echo '{"id":1,"open":"http://127.0.0.1:'"$(cat "$W/silent")"'/exec/x","stdout":true,"deadline_ms":300}' |
	timeout 60 "$bin/plumbline-cri-call" --endpoint "$socket" > "$W/answer"
is 'is given up at the deadline' DEADLINE_EXCEEDED "$(value status < "$W/answer")"
exec 9>&-
wait $silent

websockets() {
	$python -c 'import websocket' 2> /dev/null || { skip websockets 'python3-websocket is not installed' && return; }
	for form in v4.channel.k8s.io v5.channel.k8s.io v4.base64.channel.k8s.io; do
		$python tests/e2e/cri-stream.py exec "$(exec_url 'cat; echo e >&2; exit 7')" $form hello > "$W/out" 2>&1
		case $form in v5*) expected='hello|e|7' ;; *) expected='hello||killed' ;; esac
		is "websocket $form" "$expected" "$(cat "$W/out")"
	done
	check 'a command goes with its client' until_true test -z "$(pgrep -x cat)"
	used=$(exec_url 'exit 0')
	$python tests/e2e/cri-stream.py exec "$used" v5.channel.k8s.io '' > /dev/null 2>&1
	is 'a URL is good once' 'Handshake status 404 Not Found' "$($python tests/e2e/cri-stream.py exec "$used" v5.channel.k8s.io '' 2>&1 | grep -o 'Handshake status 404 Not Found')"
	is 'and for its own kind only' 'Handshake status 404 Not Found' \
		"$($python tests/e2e/cri-stream.py exec "$(exec_url true | sed 's/exec/attach/')" v5.channel.k8s.io '' 2>&1 | grep -o 'Handshake status 404 Not Found')"
	is 'an unknown subprotocol is refused' 'Handshake status 400 Bad Request' \
		"$($python tests/e2e/cri-stream.py exec "$(exec_url true)" v9.channel.k8s.io '' 2>&1 | grep -o 'Handshake status 400 Bad Request')"
	slow_url=$(exec_url 'yes')
	$python tests/e2e/cri-stream.py rest "$slow_url" v4.channel.k8s.io > "$W/rests" 2>&1 &
	rests=$!
	check 'a reader rests' until_true grep -q resting "$W/rests"
	is 'and holds up nobody else' 'x|' "$($python tests/e2e/cri-stream.py exec "$(exec_url 'cat > /dev/null; echo x')" v5.channel.k8s.io y | cut -d'|' -f1,2)"
	kill $rests
	wait $rests 2> /dev/null
	check 'its command goes with it' until_true sh -c '! pgrep -x yes'
}

crictl=$(command -v crictl || echo "$(go env GOBIN 2> /dev/null)/crictl")
[ -x "$crictl" ] || crictl=$(go env GOPATH 2> /dev/null)/bin/crictl
printf 'runtime-endpoint: unix://%s\nimage-endpoint: unix://%s\n' "$socket" "$socket" > "$W/crictl.yaml"
# crictl lets a first SIGTERM go by unheard.
cr() { timeout -k 5 60 "$crictl" --config "$W/crictl.yaml" "$@"; }
# in_terminal COMMAND...: with a terminal of 40 rows and 100 columns; what is typed comes from stdin. In a process group of its own, as
# timeout gives it to what a shell did not exec, it would be stopped for touching the terminal.
in_terminal() { script -qefc "stty rows 40 cols 100; timeout --foreground -k 5 60 $crictl --config $W/crictl.yaml $*" /dev/null | tr -d '\r'; }

execs() {
	for transport in spdy websocket; do
		is "$transport: exec" 'out' "$(cr exec --transport $transport "$c" echo out)"
		cr exec --transport $transport "$c" sh -c 'echo e >&2; exit 9' > "$W/out" 2> "$W/errors"
		is "$transport: stderr comes apart, and the exit code is told" ':e:1' \
			"$(cat "$W/out"):$(head -n 1 "$W/errors"):$(grep -c 'exit code 9' "$W/errors")"
		is "$transport: stdin ends" 'typed 5' "$(printf typed | cr exec -i --transport $transport "$c" sh -c 'cat; echo " 5"')"
		head -c 64000000 /dev/urandom > /tmp/big
		is "$transport: 64 MB go in and come out" "$(sha256sum < /tmp/big)" "$(cr exec -i --transport $transport "$c" cat < /tmp/big | sha256sum)"
		rm /tmp/big
		is "$transport: a terminal has its size and its end" '40 100|/dev/pts/0|exit code 6' \
			"$(in_terminal exec -it --transport $transport "$c" sh -c "'until stty size 2> /dev/null | grep 40; do :; done; tty; exit 6'" < /dev/null | tr -d '\000\004' | sed 's/^.*exit code/exit code/; s/^\^[D@]//; s/^[[:cntrl:]]*//' | paste -sd'|')"
		cr exec --transport $transport "$c" sh -c 'sleep 300 & echo started' > "$W/out" 2> "$W/err"
		is "$transport: what it leaves in the background holds it up no longer" started "$(cat "$W/out")"
		pkill -fx 'sleep 300'
	done
	for signal in KILL INT; do
		cr exec "$c" sh -c 'sleep 301; true' > /dev/null 2>&1 &
		until_true pgrep -f 'sleep 301'
		pkill -$signal -f 'crictl.*sleep 301'
		wait $! 2> /dev/null
		check "a client ended by $signal takes its command along" until_true sh -c '! pgrep -fx "sleep 301"'
	done
}

attaches() {
	for transport in spdy websocket; do
		running "$p" "attach-$transport" 'while read -r line; do echo got $line; done; echo end' ',"stdin":true,"stdin_once":true'
		is "$transport: attach" 'got a
got b
end' "$(printf 'a\nb\n' | cr attach -i --transport $transport "$c")"
		check "$transport: stdin_once ends the container" until_true has_exited "$c"
		is "$transport: what was said is logged" 3 "$(wc -l < "$W/logs/attach-$transport.log")"
	done
	# The size travels beside the input, and may come after it.
	running "$p" term 'read -r line; until stty size 2> /dev/null | grep 40; do :; done; echo got $line; exit 4' ',"stdin":true,"tty":true'
	echo x | in_terminal attach -it "$c" > "$W/out"
	check 'an attached terminal ends with its container' until_true has_exited "$c"
	is 'it was resized' 1 "$(grep -c '40 100' "$W/logs/term.log")"
	is 'the exit code is its own' 4 "$(status "$c" exit_code)"
	is 'attaching to what has exited is refused' FAILED_PRECONDITION "$(code Attach "$(of_container "$c" ',"stdout":true')")"
}

# forward TRANSPORT PORT: a local port that leads there.
forward() {
	rm -f "$W/forward"
	timeout -k 5 60 "$crictl" --config "$W/crictl.yaml" port-forward --transport "$1" "$p" "0:$2" > "$W/forward" 2>&1 &
	forwarder=$!
	until_true grep -q 'Forwarding from 127' "$W/forward"
	local_port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$W/forward" | head -n 1)
}

ports() {
	running "$p" web 'mkdir /www; head -c 3000000 /dev/urandom > /www/f; httpd -p 8080 -h /www; httpd -p [::1]:8081 -h /www; sha256sum < /www/f > /sum; sleep 1000'
	until_true exec_has_sum
	sum=$(cr exec "$c" cat /sum)
	for transport in spdy websocket; do
		forward $transport 8080
		for i in 1 2 3; do
			(wget -T 20 -t 1 -qO - "http://127.0.0.1:$local_port/f" | sha256sum > "$W/sum$i") &
			eval "download$i=$!"
		done
		# shellcheck disable=SC2154 # set by eval
		wait $download1 $download2 $download3
		is "$transport: three downloads at a time" "$sum|$sum|$sum" "$(cat "$W/sum1" "$W/sum2" "$W/sum3" | paste -sd'|')"
		kill $forwarder 2> /dev/null
		wait $forwarder 2> /dev/null
		forward $transport 9
		wget -T 20 -t 1 -qO - "http://127.0.0.1:$local_port/" > /dev/null 2>&1
		check "$transport: a port where nobody listens is told" until_true grep -q 'Connection refused' "$W/forward"
		kill $forwarder 2> /dev/null
		wait $forwarder 2> /dev/null
	done
	if cr exec "$c" wget -qO - 'http://[::1]:8081/f' > /dev/null 2>&1; then
		forward spdy 8081
		is 'a port on IPv6 alone' "$sum" "$(wget -T 20 -t 1 -qO - "http://127.0.0.1:$local_port/f" | sha256sum)"
		kill $forwarder 2> /dev/null
		wait $forwarder 2> /dev/null
	else
		skip 'a port on IPv6 alone' 'the sandbox has no IPv6'
	fi
	# The same number on the node is another port.
	busybox httpd -p 127.0.0.1:8082 -h /
	forward spdy 8082
	wget -T 20 -t 1 -qO - "http://127.0.0.1:$local_port/" > /dev/null 2>&1
	check "the node's ports are not the sandbox's" until_true grep -q 'Connection refused' "$W/forward"
	kill $forwarder 2> /dev/null
	wait $forwarder 2> /dev/null
}
exec_has_sum() { cr exec "$c" test -s /sum; }

# A server killed at any time: what streams had started goes, what containers had said stays.
killed() {
	running "$p" survivor 'while read -r line; do echo got $line; done' ',"stdin":true'
	survivor=$c
	cr exec "$c" sleep 303 > /dev/null 2>&1 &
	cr attach -i "$c" < /dev/null > /dev/null 2>&1 &
	check 'a command runs' until_true pgrep -fx 'sleep 303'
	kill -KILL $server
	wait $server 2> /dev/null
	check 'a command goes with a server that is killed' until_true sh -c '! pgrep -fx "sleep 303"'
	server_start --network "$network" $options || not_ok 'it starts again' "$(tail -n 1 "$W/log")"
	is 'its containers run on' CONTAINER_RUNNING "$(status "$survivor" state)"
	(echo hello && until_true has_logged survivor hello) | timeout -k 5 60 "$crictl" --config "$W/crictl.yaml" attach -i "$survivor" > "$W/out" 2> /dev/null &
	check 'the next one attaches to them' until_true has_logged survivor 'stdout F got hello'
	check 'and hears them' until_true grep -q 'got hello' "$W/out"
}

descriptors() { find "/proc/$server/fd" | wc -l; }
before=$(descriptors)
websockets
if [ -x "$crictl" ]; then
	execs
	attaches
	ports
	check 'no descriptor is left behind' until_true sh -c "[ \$(find /proc/$server/fd | wc -l) -le $((before + 8)) ]"
	killed
else
	skip 'crictl: all' 'it is not installed: make peers'
fi
# Nobody comes for these.
running "$p" asked 'sleep 1000'
call --repeat 1000 Exec "$(of_container "$c" ',"cmd":["true"],"stdout":true')" > /dev/null 2>&1
is 'of requests that wait there are a thousand at most' RESOURCE_EXHAUSTED "$(code Exec "$(of_container "$c" ',"cmd":["true"],"stdout":true')")"
stop_pod "$p" && remove_pod "$p"
check 'the server stops with its streams' server_stop
