{{- define "ordeal.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ordeal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "ordeal.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "ordeal.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ordeal.selector" -}}
app.kubernetes.io/name: {{ include "ordeal.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ordeal.labels" -}}
{{ include "ordeal.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "ordeal.account" -}}
{{- default (include "ordeal.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "ordeal.secret" -}}
{{- default (include "ordeal.fullname" .) .Values.api.existingSecret -}}
{{- end -}}

{{- define "ordeal.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The namespaces of the targets, as a list in YAML. */}}
{{- define "ordeal.namespaces" -}}
{{- .Values.namespaces | default (list .Release.Namespace) | uniq | toYaml -}}
{{- end -}}

{{/* Where of (fault, place): the rules of all faults at a place of files/rights.yaml, each resource once. */}}
{{- define "ordeal.rules" -}}
{{- $rights := .root.Files.Get "files/rights.yaml" | fromYaml -}}
{{- $found := dict -}}
{{- range $fault := .root.Values.faults -}}
{{- range (index (index $rights $fault) $.place | default list) -}}
{{- $key := printf "%s %s" (first .apiGroups) (first .resources) -}}
{{- $_ := set $found $key (concat (index $found $key | default list) .verbs | uniq) -}}
{{- end -}}
{{- end -}}
{{- range $key, $verbs := $found }}
- apiGroups: [{{ first (splitList " " $key) | quote }}]
  resources: [{{ last (splitList " " $key) }}]
  verbs: [{{ $verbs | sortAlpha | join ", " }}]
{{- end -}}
{{- end -}}

{{- define "ordeal.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "ordeal.restrictedPod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The API as a Service finds it within the cluster. */}}
{{- define "ordeal.hosts" -}}
{{- $name := include "ordeal.fullname" . -}}
{{- $ns := .Release.Namespace -}}
{{- concat (list $name (printf "%s.%s" $name $ns) (printf "%s.%s.svc" $name $ns) (printf "%s.%s.svc.cluster.local" $name $ns)) .Values.api.hosts | toYaml -}}
{{- end -}}

{{- define "ordeal.configMap" -}}
{{- default (printf "%s-experiments" (include "ordeal.fullname" .)) .Values.experiments.existingConfigMap -}}
{{- end -}}

{{/* What values.schema.json cannot say. */}}
{{- define "ordeal.check" -}}
{{- $e := .Values.experiments -}}
{{- $sources := list -}}
{{- if $e.inline }}{{ $sources = append $sources "inline" }}{{ end -}}
{{- if $e.existingConfigMap }}{{ $sources = append $sources "existingConfigMap" }}{{ end -}}
{{- if $e.gitSync.repository }}{{ $sources = append $sources "gitSync.repository" }}{{ end -}}
{{- if gt (len $sources) 1 -}}
{{- fail (printf "experiments come from one place: %s are given" (join " and " $sources)) -}}
{{- end -}}
{{- range $key := list "listen" "tokenFile" "tls" "hosts" -}}
{{- if hasKey $.Values.settings $key -}}
{{- fail (printf "settings.%s is the chart's own: see values under api" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* git-sync but for its name; the environment comes last, so that more may be added to it. */}}
{{- define "ordeal.gitSync" -}}
{{- $git := .Values.experiments.gitSync -}}
image: {{ $git.image }}
args:
- --repo={{ $git.repository }}
- --ref={{ $git.ref }}
- --period={{ $git.period }}
- --root=/git
- --link=current
- --depth=1
resources: {{- toYaml $git.resources | nindent 2 }}
securityContext: {{- include "ordeal.restricted" . | nindent 2 }}
volumeMounts:
- {name: experiments, mountPath: /git}
- {name: git-tmp, mountPath: /tmp}
env:
- {name: HOME, value: /tmp}
{{- if $git.secretName }}
- {name: GITSYNC_USERNAME, valueFrom: {secretKeyRef: {name: {{ $git.secretName }}, key: username}}}
- {name: GITSYNC_PASSWORD, valueFrom: {secretKeyRef: {name: {{ $git.secretName }}, key: password}}}
{{- end }}
{{- end -}}
