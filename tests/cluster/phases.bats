#!/usr/bin/env bats
# timeout 900 s
# A whole run against an API server that is killed in each of its phases, and started again: the fault is taken back when the
# server is there, and the report says how long it stood.
load cluster
# One control plane for the tests of this file, and for nobody else.
setup_file() {
	T=$BATS_FILE_TMPDIR
	lab=()
	own_cluster
	export CLUSTER PLANT=$own
}
teardown_file() { "$SOURCE_DIR/tests/cluster/down" "$PLANT"; }
# The controllers ask again ever more seldom while the API server is away: new ones know nothing of that.
controllers_work() {
	local ns=again-$BATS_TEST_NUMBER-$$ name
	for name in kube-controller-manager kube-scheduler; do
		part $name kill
		part $name start
	done
	until_ok 60 "$CLUSTER/kubectl" create namespace "$ns"
	until_ok 60 "$CLUSTER/kubectl" -n "$ns" get serviceaccount default
	"$CLUSTER/kubectl" delete namespace "$ns" --wait=false >/dev/null
}
setup() {
	controllers_work
	cluster_setup
	PATIENCE=90 deployment web 3
	remember deployment/web
}
teardown() { cluster_teardown; }

experiment() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: phases}
spec:
  hypothesis: What is asked for is taken back, also when the API server was away.
  probes:
    - name: there
      kube: {watch: deployment/web, namespace: $NS, that: "available >= 0"}
      every: 100ms
  steadyState: [there.ok_ratio >= 0.5 over 1s]
  faults:
    - name: fewer
      k8s.patch: {patch: '[{"op":"replace","path":"/spec/replicas","value":1}]'}
      target: {workload: Deployment/web, namespace: $NS}
      for: 2s
  objectives: [recover(after_rollback) within 20s hold 2s]
  limits: {targets: 1, duration: 60s, cluster: kubelab}
END
}
lines() { cat "$T"/runs/2*/run.jsonl 2>/dev/null; }
phase() { lines | jq -es --arg phase "$1" 'any(.[]; .e == "phase" and .phase == $phase)' >/dev/null; }
fault_was() { lines | jq -es --arg state "$1" 'any(.[]; .e == "fault" and .state == $state)' >/dev/null; }
ran_out() { ! ours "$pid" || [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat")" = Z ]; }
# reached COMMAND...: it succeeds; or the run has ended without it, which is told.
reached() {
	"$@" && return
	if ran_out; then
		cat "$T/out" "$T/err"
		return 1
	fi
	return 1
}
# away SECONDS: the API server is killed, and started again.
away() {
	part kube-apiserver kill
	sleep "$1"
	part kube-apiserver start
}
# No Lease is held: its holder gave it back, or it has run out.
free() {
	[ -z "$(k get lease -o json | jq -r '.items[] | select(.spec.holderIdentity // "" != ""
		and (.spec.renewTime | sub("\\.[0-9]+Z$"; "Z") | fromdate) + .spec.leaseDurationSeconds > now) | .metadata.name')" ]
}
# clear: the run has ended, by itself, and nothing is left, without any rescue. Its exit status is in $code.
clear() {
	until_ok 90 ran_out
	code=0
	wait "$pid" || code=$?
	cat "$T/out" "$T/err"
	[ "$code" -ne 2 ]
	until_ok 60 unchanged deployment/web
	no_traces
	until_ok 20 free
	[ -z "$(ls "$XDG_STATE_HOME/ordeal/undo" 2>/dev/null)" ]
}

@test "before a run: it says that nobody answers, and does nothing" {
	part kube-apiserver kill
	experiment >"$T/e.yaml"
	run "$ordeal" run "$T/e.yaml" -o "$T/runs"
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"onnect"* ]]
	[ -z "$(lines)" ]
	part kube-apiserver start
	until_ok 60 unchanged deployment/web
}

@test "while the cluster is asked and the targets are looked for" {
	experiment >"$T/e.yaml"
	for after in .02 .06 .15; do
		rm -rf "$T/runs"
		start "$ordeal" run "$T/e.yaml" -o "$T/runs"
		sleep "$after"
		away 1
		clear
	done
}

@test "in each phase of a run" {
	experiment >"$T/e.yaml"
	for phase in steady-before inject hold revert recovery steady-after; do
		rm -rf "$T/runs"
		start "$ordeal" run "$T/e.yaml" -o "$T/runs"
		until_ok 90 reached phase "$phase"
		away 2
		clear
		echo "# $phase: exit $code" >&3
		# A verdict of success only where the fault was in force and was taken back.
		if [ "$code" = 0 ]; then fault_was injected && fault_was reverted; fi
		[ "$code" -ne 1 ] || phase "recovery"
		if fault_was injected; then
			lines | jq -es 'any(.[]; .e == "fault" and .state == "reverted" and .residue == 0)'
		fi
	done
}

@test "away when the time is over: the report says how long it stood" {
	experiment >"$T/e.yaml"
	start "$ordeal" run "$T/e.yaml" -o "$T/runs"
	until_ok 90 reached fault_was injected
	away 6
	clear
	local over
	over=$(lines | jq 'select(.e == "fault" and .state == "reverted") | .figures.overdue_ns')
	echo "overdue: $over"
	[ "$over" -gt 2000000000 ]
	fault_was waiting
	grep "stood .* past its end" "$T"/runs/2*/report.md
	[ "$(jq '[.. | .stood_past_its_end? // empty] | length' "$T"/runs/2*/report.json)" -ge 1 ]
}

@test "away and ordeal killed with it: its injector takes the fault back" {
	experiment >"$T/e.yaml"
	start "$ordeal" run "$T/e.yaml" -o "$T/runs"
	until_ok 90 reached fault_was injected
	part kube-apiserver kill
	kill -KILL "$pid"
	sleep 3
	part kube-apiserver start
	clear
	[ "$code" = 137 ]
}

@test "away and all three killed: rescue, once it is back, here; and from any other machine" {
	experiment >"$T/e.yaml"
	for where in here elsewhere; do
		rm -rf "$T/runs"
		start "$ordeal" run "$T/e.yaml" -o "$T/runs"
		until_ok 90 reached fault_was injected
		local leases h g
		leases=$("$ordeal" status --json)
		h=$(jq '[.. | .holder? // empty][0]' <<<"$leases") g=$(jq '[.. | .guardian? // empty][0]' <<<"$leases")
		[ "$h" -gt 1 ]
		[ "$g" -gt 1 ]
		part kube-apiserver kill
		kill -STOP "$pid" "$h" "$g"
		kill -KILL "$g" "$h" "$pid"
		wait "$pid" || :
		run "$ordeal" rescue
		echo "$output"
		[ "$status" -eq 6 ] # nobody answers: the record stays
		part kube-apiserver start
		until_ok 60 k get deployment web
		is deployment/web .spec.replicas 1
		if [ "$where" = here ]; then
			"$ordeal" rescue
		else
			rm -r "$XDG_STATE_HOME/ordeal/undo"
			swept() {
				"$ordeal" rescue --kube --context kubelab --now
				unchanged deployment/web
			}
			until_ok 60 swept
			mkdir -m 700 "$XDG_STATE_HOME/ordeal/undo"
		fi
		clear
	done
}
