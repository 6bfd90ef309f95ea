#!/usr/bin/env bats
# Who must allow it: rule files, and servers that answer as an Open Policy Agent does, or should not be believed.
load support
setup() { support_setup; cd "$T"; unset ORDEAL_POLICY ORDEAL_POLICY_TOKEN_FILE ORDEAL_POLICY_CA; experiment quick >quick.yaml; }
teardown() { support_teardown; }

# rules NAME [TEXT]: a rule file that denies what no rule speaks of.
rules() { printf 'apiVersion: ordeal.dev/v1\nkind: Rules\nmetadata: {name: %s}\ndefault: deny\n%s\n' "$1" "${2:-}" >"$1.yaml"; }
ALL='rules: [{name: all}]'

# refuses CODE TEXT COMMAND...: it ends so, says so, and nothing is made.
refuses() {
	local code=$1 text=$2
	shift 2
	run "$ORDEAL" "$@"
	echo "$output"
	[ "$status" -eq "$code" ] || return 1
	[[ $output == *"$text"* ]] || return 1
	[ -z "$(ls "$XDG_STATE_HOME/ordeal/runs" 2>/dev/null)" ]
}

serve() {
	start "$SOURCE_DIR/tests/support/bad_policy.py" "$T/port" "$@"
	within 20 test -s "$T/port"
	url=http://127.0.0.1:$(cat "$T/port")
}

@test "a rule file allows a run, and every report says that it did" {
	rules open "$ALL"
	"$ORDEAL" run --quiet quick.yaml --policy open.yaml --format json,md,junit,html,otlp
	cd "$(readlink -f "$XDG_STATE_HOME/ordeal/runs/latest")"
	sum=$(sha256sum "$T/open.yaml" | cut -d' ' -f1)
	jq -es --arg s "$sum" '[.[] | select(.e == "policy")] | length == 1 and .[0].allow and .[0].policy == "open" and .[0].by == "option"
		and .[0].rules == ["all"] and .[0].sha256 == $s' run.jsonl
	jq -es '(map(.e) | index("policy")) < (map(.e) | index("fault"))' run.jsonl
	jq -e --arg s "$sum" '.policy == [{"allow": true, "line": 2, "rules": ["all"], "policy": "open", "by": "option", "kind": "rules",
		"source": "open.yaml", "sha256": $s}]' report.json
	words="allowed by policy open (option; open.yaml, SHA-256 ${sum:0:16}; rules all)"
	for f in report.md junit.xml report.html trace.json; do grep -qF "$words" "$f"; done
	"$ORDEAL" postmortem latest --output "$T/pm"
	grep -rqF "$words" "$T/pm"
	# It is no part of what was planned.
	"$ORDEAL" plan "$T/quick.yaml" --seed 1 --json | jq -r .hash >"$T/without"
	sed "s/^spec:/&\n  policy: open.yaml/" "$T/quick.yaml" >"$T/asks.yaml"
	cd "$T"
	[ "$("$ORDEAL" plan asks.yaml --seed 1 --json | jq -r .hash)" = "$(cat without)" ]
}

@test "a rule file refuses: every reason with its line and what would be right, and nothing is made" {
	rules strict 'rules:
  - {name: small, limits: {targets: 1, duration: 1ms}}
  - {name: owned, labels: {team: "*"}}'
	refuses 2 "strict.yaml:6: rule 'small': limits.duration is 1s, and at most 1ms is allowed" run quick.yaml --policy strict.yaml
	[[ $output == *"strict.yaml:7: rule 'owned': the experiment lacks the label 'team'; write it in metadata.labels"* ]]
	[[ $output == *"quick.yaml: refused by the policy 'strict'"* ]]
	refuses 2 "rule 'owned'" validate quick.yaml --policy strict.yaml
	refuses 2 "rule 'small'" inject noop --host --for 2s --policy strict.yaml
	run "$ORDEAL" plan quick.yaml --policy strict.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"policy strict: refused (rules small, owned)"* ]]
	"$ORDEAL" plan quick.yaml --policy strict.yaml --json | jq -e '.policy[0] | .allow == false and (.reasons | length == 2)'
	rules none
	refuses 2 "none.yaml:4: default: no rule speaks of fault 'nothing' (noop, target host)" run quick.yaml --policy none.yaml
}

@test "validate explains without running, and inject asks too" {
	rules open "$ALL"
	run "$ORDEAL" validate quick.yaml --policy open.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"policy open: allowed (rules all)"* ]]
	"$ORDEAL" inject noop --host --for 50ms --policy open.yaml >events
	jq -es '.[0].event == "policy" and .[0].allow and .[0].policy == "open" and .[0].rules == ["all"] and .[-1].event == "reverted"' events
	"$ORDEAL" inject noop --host --for 50ms --quiet --policy open.yaml >events
	[ ! -s events ]
	rules few 'rules: [{name: few, where: {targets: process}, limits: {targets: 1}}]'
	cp "$(command -v sleep)" two-of-us
	start ./two-of-us 60
	start ./two-of-us 60
	within 20 sh -c '[ "$(pgrep -cx two-of-us)" -ge 2 ]'
	refuses 2 "few.yaml:5: rule 'few': the targets found now are 2, and at most 1 is allowed" inject proc.pause --process two-of-us --all --for 50ms --policy few.yaml
}

@test "hours: what may not be over before they end is not begun" {
	now=$(date +%s)
	from=$(TZ=UTC date -d "@$((now - 60))" +%H:%M) to=$(TZ=UTC date -d "@$((now + 180))" +%H:%M)
	rules hours "rules: [{name: now, hours: {windows: [{from: \"$from\", to: \"$to\"}]}}]"
	"$ORDEAL" run --quiet quick.yaml --policy hours.yaml
	rm -r "$XDG_STATE_HOME/ordeal/runs"
	# The longest time counts, not the usual one: half a minute of recovery a repetition.
	refuses 2 "which is not all within the hours; it fits from" run quick.yaml --policy hours.yaml --set spec.repetitions=4
	refuses 2 "which is not all within the hours; it fits from" inject noop --host --for 200s --policy hours.yaml
}

@test "a file that an experiment names lies beside the experiment, wherever one stands" {
	mkdir -p there/rules elsewhere
	rules open "$ALL"
	rules shut
	mv shut.yaml there/rules/
	sed "s/^spec:/&\n  policy: rules\/shut.yaml/" quick.yaml >there/asks.yaml
	refuses 2 "refused by the policy 'shut'" run there/asks.yaml
	refuses 2 "refused by the policy 'shut'" validate --now there/asks.yaml
	cd elsewhere
	refuses 2 "refused by the policy 'shut'" run "$T/there/asks.yaml" --policy ../open.yaml
	refuses 2 "refused by the policy 'shut'" run - --folder ../there <../there/asks.yaml
	refuses 2 "rules/shut.yaml" run - <../there/asks.yaml
	# A folder of which another takes the place in one step, as of a ConfigMap and of git-sync.
	ln -s ../there now
	refuses 2 "refused by the policy 'shut'" run now/asks.yaml
	mkdir -p ../then/rules
	cp ../open.yaml ../then/rules/shut.yaml
	ln -s ../then next
	cp ../there/asks.yaml ../then/
	mv -T next now
	"$ORDEAL" run --quiet now/asks.yaml
}

@test "nobody switches off what another named" {
	rules open "$ALL"
	rules shut
	sed "s/^spec:/&\n  policy: open.yaml/" quick.yaml >asks.yaml
	ORDEAL_POLICY=shut.yaml refuses 2 "refused by the policy 'shut'" run asks.yaml --policy open.yaml
	ORDEAL_POLICY="open.yaml shut.yaml" refuses 2 "refused by the policy 'shut'" run quick.yaml
	refuses 2 "refused by the policy 'shut'" run asks.yaml --policy open.yaml --policy shut.yaml
	sed -i "s/open.yaml/[open.yaml, shut.yaml]/" asks.yaml
	ORDEAL_POLICY=open.yaml refuses 2 "refused by the policy 'shut'" run asks.yaml
	# Nor by its absence, nor by a mistake in it; several runs, and none is begun.
	ORDEAL_POLICY=away.yaml refuses 2 "away.yaml" run quick.yaml
	echo "default: allow" >broken.yaml
	ORDEAL_POLICY=broken.yaml refuses 2 "broken.yaml:1:1: a rule file lacks 'apiVersion'" run quick.yaml
	[[ $output == *"'broken.yaml' is no rule file, so nothing is allowed"* ]]
	refuses 2 "refused" run quick.yaml quick.yaml --policy shut.yaml
}

@test "the operator's own file is asked, whoever says what" {
	unshare -rm true 2>/dev/null || skip "no user and mount namespaces here"
	rules shut
	rules open "$ALL"
	mkdir -p etc
	cp shut.yaml etc/rules.yaml
	# Root's /etc in a mount namespace of the test's own.
	run unshare -rm sh -c 'mkdir -p /etc/ordeal 2>/dev/null; mount --bind etc /etc/ordeal || exit 77; "$0" run quick.yaml --policy open.yaml' "$ORDEAL"
	echo "$output"
	[ "$status" -ne 77 ] || skip "/etc/ordeal cannot be made here"
	[ "$status" -eq 2 ]
	[[ $output == *"/etc/ordeal/rules.yaml:4: default:"* ]]
	# Rules that somebody else may write are nobody's.
	cp open.yaml etc/rules.yaml
	for what in "chmod 666 etc/rules.yaml" "chmod 777 etc"; do
		chmod 755 etc
		chmod 644 etc/rules.yaml
		$what
		run unshare -rm sh -c 'mount --bind etc /etc/ordeal; "$0" validate --now quick.yaml' "$ORDEAL"
		echo "$output"
		[ "$status" -eq 2 ]
		[[ $output == *"it must be root's, and writable by nobody else"* ]]
	done
	chmod 755 etc
	unshare -rm sh -c 'mount --bind etc /etc/ordeal; "$0" validate --now quick.yaml' "$ORDEAL"
}

@test "a server's word: only 'allow: true' is one" {
	serve
	"$ORDEAL" run --quiet quick.yaml --policy "$url/allow?pretty"
	jq -es --arg u "$url/allow" '[.[] | select(.e == "policy")][0] | .allow and .kind == "opa" and .decision_id == "d-17" and .source == $u' \
		"$XDG_STATE_HOME/ordeal/runs/latest/run.jsonl"
	jq -e '.input | .version == 1 and .command == "run" and .plan.name == "quick" and .targets[0].fault == "nothing" and .targets[0].targets == 1
		and .user.uid == '"$(id -u)"' and .longest_ns > 0 and (.now | endswith("Z")) and (.host | length > 0)' port.asked
	[ ! -s port.auth ]
	rm -r "$XDG_STATE_HOME/ordeal/runs"
	"$ORDEAL" validate quick.yaml --policy "$url/true"
	while read -r path text; do
		refuses 2 "$text" validate quick.yaml --policy "$url/$path"
	done <<-END
		false the result is false
		reasons it is a holiday
		deny not on Fridays
		undefined the policy is undefined there
		no-allow the result has no 'allow'
		text 'allow' is neither true nor false
		one 'allow' is neither true nor false
		list neither true nor an object
		twice no JSON that can be trusted
		html no JSON that can be trusted
		empty no JSON that can be trusted
		long its answer is longer than
		201 it answered 201
		204 it answered 204
		302 a redirect, which is not followed
		401 give the right token with --policy-token-file
		404 a decision is at /v1/data/PACKAGE
		500 it answered 500
	END
	refuses 2 "refused by the policy" run quick.yaml --policy "$url/false"
	refuses 2 "ask ?[31mAda" validate quick.yaml --policy "$url/reasons" || [[ $output != *$'\e'* ]]
}

@test "a server without a word: nothing is done, and that is no refusal" {
	serve
	for path in hang-up cut; do refuses 6 "it did not answer: " run quick.yaml --policy "$url/$path"; done
	refuses 6 "it did not answer: " inject noop --host --for 1s --policy http://127.0.0.1:1/v1/data/ordeal
	"$ORDEAL" inject noop --host --for 50ms --policy "$url/allow?pretty" >events
	jq -es --arg u "$url/allow" '.[0].event == "policy" and .[0].allow and .[0].decision_id == "d-17" and .[0].source == $u' events
	# A proxy of the environment has no say.
	http_proxy=$url/true ALL_PROXY=$url refuses 6 "it did not answer: " run quick.yaml --policy http://127.0.0.1:1/true
	# Of a refusal and a silence the refusal counts.
	rules shut
	refuses 2 "refused by the policy 'shut'" run quick.yaml --policy http://127.0.0.1:1/x --policy shut.yaml
}

@test "the token goes to the operator's policies alone, and is nowhere to be read" {
	serve
	echo hush-hush-hush >token
	"$ORDEAL" run --quiet quick.yaml --policy "$url/true" --policy-token-file token
	[ "$(cat port.auth)" = "Bearer hush-hush-hush" ]
	run grep -rq hush "$XDG_STATE_HOME"
	[ "$status" -eq 1 ]
	sed "s,^spec:,&\n  policy: \"$url/true\"," quick.yaml >asks.yaml
	"$ORDEAL" validate --now asks.yaml
	ORDEAL_POLICY_TOKEN_FILE=token "$ORDEAL" validate --now asks.yaml
	[ ! -s port.auth ]
	: >nothing
	rm -r "$XDG_STATE_HOME/ordeal/runs"
	refuses 2 "--policy-token-file: 'nothing' is empty" run quick.yaml --policy "$url/true" --policy-token-file nothing
	refuses 2 "has a user in it" run quick.yaml --policy http://a:b@127.0.0.1/true
	refuses 2 "is no URL of http or https" run quick.yaml --policy ftp://127.0.0.1/true
}

@test "TLS: whom nobody vouches for is not asked" {
	command -v openssl >/dev/null || skip "openssl is not installed"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=policy -addext subjectAltName=IP:127.0.0.1 \
		-keyout key -out cert 2>/dev/null
	serve "$T/cert" "$T/key"
	refuses 6 "it did not answer: " validate quick.yaml --policy "https${url#http}/true"
	"$ORDEAL" validate quick.yaml --policy "https${url#http}/true" --policy-ca cert
	ORDEAL_POLICY_CA=cert "$ORDEAL" validate quick.yaml --policy "https${url#http}/true"
}

@test "the schema of rule files takes what ordeal takes" {
	"$ORDEAL" schema Rules >schema
	jq -e '.title == "ordeal rule file"' schema
	refuses 2 "'Rule' is no kind" schema Rule
	python3 -c 'import jsonschema, yaml' 2>/dev/null || skip "no python3-jsonschema, python3-yaml"
	rules open "$ALL"
	python3 - "$SOURCE_DIR/experiments/policies/rules.yaml" open.yaml <<-'END'
		import json, sys, jsonschema, yaml
		judge = jsonschema.Draft202012Validator(json.load(open("schema")))
		judge.check_schema(judge.schema)
		for path in sys.argv[1:]:
		    judge.validate(yaml.safe_load(open(path)))
		for bad in ({}, {"default": "deny"}, {"apiVersion": "ordeal.dev/v1", "kind": "Rules", "metadata": {"name": "a"}, "default": "no"}):
		    assert not judge.is_valid(bad), bad
	END
}
