#!/usr/bin/env bats
# init: what it writes passes validate, and a placebo run.
load support
setup() { support_setup; cd "$T"; }
teardown() { support_teardown; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The sample system on free ports; its URL is in $url.
start_system() {
	bin=$BUILD_DIR/experiments/demo
	[ -x "$bin/demo-orders" ] || skip "the sample system is not built"
	store=$(free_port) http=$(free_port)
	"$bin/demo-store" --listen "127.0.0.1:$store" >/dev/null 2>&1 3>&- &
	started+=("$!")
	"$bin/demo-orders" --listen "127.0.0.1:$http" --store "127.0.0.1:$store" >/dev/null 2>&1 3>&- &
	started+=("$!")
	url=http://127.0.0.1:$http/orders
	within 5 curl -fs "$url"
}

@test "it finds the process, its store, and how fast it is" {
	start_system
	run "$ORDEAL" init --url "$url" -o mine.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	cat mine.yaml
	grep -q "served by demo-orders" mine.yaml
	grep -q "127.0.0.1:$store/tcp" mine.yaml
	run "$ORDEAL" validate mine.yaml
	[ "$status" -eq 0 ]
	run "$ORDEAL" init --url "$url" -o mine.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"is there already"* ]]
}

@test "how fast it is said to be is how fast it is" {
	start_system
	"$ORDEAL" init --url "$url" >mine.yaml
	# An answer of the sample system takes under a millisecond; a machine that is busy may take a few.
	curl -fs -o /dev/null -w '%{time_total}\n' "$url"
	run grep -o 'p50 [0-9.]* [a-z]*' mine.yaml
	echo "$output"
	read -r _ value unit <<<"$output"
	[ "$unit" = us ] || [ "${value%.*}" -lt 60 ]
}

@test "a target by name is written as the experiment names it" {
	start_system
	cp "$bin/demo-orders" "$T/init-orders"
	http2=$(free_port)
	"$T/init-orders" --listen "127.0.0.1:$http2" --store "127.0.0.1:$store" >/dev/null 2>&1 3>&- &
	started+=("$!")
	within 5 curl -fs "http://127.0.0.1:$http2/orders"
	run "$ORDEAL" init --url "$url" --process init-orders -o byname.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'target: {process: {name: "init-orders"}}' byname.yaml
	grep -q 'To be broken: init-orders' byname.yaml
	"$ORDEAL" validate byname.yaml
	"$ORDEAL" plan byname.yaml
}

@test "a placebo run of it passes" {
	start_system
	"$ORDEAL" init --url "$url" --listening "$http" >mine.yaml
	# The placebo alone: the fault of the file is taken for one that does nothing.
	sed -i 's/net.delay: .*/noop: {}/; s/proc.pause: .*/noop: {}/' mine.yaml
	run "$ORDEAL" run mine.yaml --quiet --set spec.placebo=false --format json,md
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "what is not there, not well, or not here is said" {
	run "$ORDEAL" init
	[ "$status" -eq 2 ]
	[[ $output == *"--url is missing"* ]]
	run "$ORDEAL" init --url ftp://x/
	[ "$status" -eq 2 ]
	run "$ORDEAL" init --url "http://127.0.0.1:$(free_port)/"
	[ "$status" -ne 0 ]
	run "$ORDEAL" init --url http://192.0.2.1/
	[ "$status" -eq 2 ]
	[[ $output == *"is not this machine"* ]]
}
