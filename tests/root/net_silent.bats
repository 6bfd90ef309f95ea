# A fault of the network that met no traffic proves nothing: whole runs, in a namespace of the test's own.

load net

setup() { net_setup && whole_runs; }
teardown() { net_teardown; }

# runs FAULT PARAMETERS: one in A; its exit status is in $code, its folder in $of.
runs() {
	cat >"$dir/run.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: silent}
spec:
  hypothesis: It does not matter.
  probes:
    - {name: there, every: 100ms, timeout: 1s, exec: {command: [/bin/true]}}
  steadyState: [there.ok_ratio >= 0.5 over 300ms]
  faults:
    - name: fault
      $1: $2
      target: {netns: $A}
      for: 500ms
  objectives: [recover(after_rollback) within 400ms hold 100ms]
  recovery: 500ms
  limits: {targets: 1, duration: 1s}
END
	code=0
	in_a "$ordeal" run "$dir/run.yaml" -o "$dir/out" --format json,md,html,junit --quiet >"$dir/said" 2>&1 || code=$?
	cat "$dir/said"
	of=$dir/out/latest
}

silent() {
	runs "$@"
	[ "$code" = 5 ]
	jq -e '.exit == 5 and (.verdict | test("inconclusive.*no traffic matched"))' "$of/report.json"
	jq -e '[.repetitions[] | select(.state == "no traffic matched")] | length == 1' "$of/report.json"
	grep -q 'no traffic matched' "$of/report.md"
	grep -q 'no traffic matched' "$of/report.html"
	grep -Eq '<testcase[^>]*name="run"' "$of/junit.xml"
	grep -q 'type="inconclusive"' "$of/junit.xml"
}

@test "without traffic no fault of the network is a pass, in any format" {
	# Traffic there is, but none that is meant: other ports and the other family.
	background "$dir/four" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	background "$dir/six" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 fd77::2'
	silent net.loss '{percent: 30%, to: ["10.77.0.2:7999"]}'
	silent net.partition '{to: ["[fd77::2]:7999"]}'
	silent net.partition '{mode: reject, to: ["10.77.0.9"]}'
	silent net.delay '{delay: 10ms, to: ["fd77::9"]}'
	silent net.reset '{to: ["10.77.0.2:7999"]}'
	silent net.duplicate '{percent: 30%, to: ["10.77.0.9"]}'
	silent net.corrupt '{percent: 30%, to: ["fd77::9"]}'
	silent net.rate '{rate: 1MiB/s, to: ["10.77.0.2:7999"]}'
	silent net.impair '{delay: 5ms, loss: 10%, state: new, to: ["10.77.0.2"]}'
}

@test "hosts: names become addresses of both families, told in the timeline; unknown ones stop the run" {
	command -v unshare >/dev/null || skip "unshare is not installed"
	background "$dir/four" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	background "$dir/six" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 fd77::2'
	printf '127.0.0.1 localhost\n10.77.0.2 db.test\nfd77::2 db.test\n10.77.0.9 spare.test\nfd77::2 six.test\n' >"$dir/hosts"
	# A file of names of the test's own, in a mount namespace that ends with the command.
	in_a() { ip netns exec "$A" sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$dir/hosts" "$@"; }
	runs net.loss '{percent: 30%, hosts: "spare.test:5432/tcp, db.test"}'
	[ "$code" = 0 ]
	# In the order of this machine's preference of families.
	grep -Eq 'spare.test is 10.77.0.9; db.test is (10.77.0.2, fd77::2|fd77::2, 10.77.0.2)' "$of/run.jsonl"
	runs net.loss '{percent: 30%, hosts: six.test}'
	[ "$code" = 0 ]
	runs net.loss '{percent: 30%, hosts: "spare.test"}'
	[ "$code" = 5 ]
	run in_a "$ordeal" inject net.delay --delay 60ms --hosts db.test --netns "$A" --for 2s
	echo "$output"
	[[ "$output" == *"db.test is "*"10.77.0.2"* && "$output" == *"fd77::2"* ]]
	runs net.loss '{percent: 30%, hosts: "nobody.invalid"}'
	[ "$code" != 0 ]
	grep -q "hosts: 'nobody.invalid'" "$dir/said"
	runs net.loss '{percent: 30%, hosts: "db.test:0"}'
	[ "$code" = 2 ]
	grep -q "port '0' is not within" "$dir/said"
	ask net.loss '{"percent":1000,"hosts":"db.test"}' && return 1
	grep -q "names are looked up by" "$dir/events"
}

@test "the same with traffic is a pass" {
	serve_b 10.77.0.2 7001
	background "$dir/four" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	background "$dir/six" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 fd77::2'
	runs net.loss '{percent: 30%, to: ["10.77.0.2"]}'
	[ "$code" = 0 ]
	runs net.delay '{delay: 10ms, to: ["fd77::2"]}'
	[ "$code" = 0 ]
	background "$dir/many" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" many 10.77.0.2 7001 3 8
	runs net.reset '{to: ["10.77.0.2:7001"]}'
	[ "$code" = 0 ]
}
