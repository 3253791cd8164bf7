{{- define "realqa.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "realqa.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .part }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "realqa.labels" -}}
{{ include "realqa.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "realqa.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "realqa.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end }}

{{/* The settings file of a part: kafka and registry of the whole, then the part's own, which win. */}}
{{- define "realqa.settings" -}}
{{- $own := index .root.Values .part "settings" -}}
{{- $kafka := dict "bootstrap.servers" .root.Values.kafka.bootstrapServers -}}
{{- if eq .part "scorer" }}{{ $_ := set $kafka "state.dir" "/tmp/kafka-streams" }}{{ end -}}
{{- $kafka = mergeOverwrite $kafka (deepCopy (default (dict) .root.Values.kafka.settings)) (deepCopy (default (dict) $own.kafka)) -}}
{{- $registry := dict "schema.registry.url" .root.Values.registry.url -}}
{{- $registry = mergeOverwrite $registry (deepCopy (default (dict) .root.Values.registry.settings)) (deepCopy (default (dict) $own.registry)) -}}
{{- toYaml (mergeOverwrite (deepCopy $own) (dict "kafka" $kafka "registry" $registry)) -}}
{{- end }}

{{- define "realqa.port" -}}
{{- $http := default (dict) (index .root.Values .part "settings" "http") -}}
{{- default 8080 $http.port -}}
{{- end }}

{{/* What scorer and trainer pods have in common. */}}
{{- define "realqa.pod" -}}
{{- $part := index .root.Values .part -}}
metadata:
  labels:
    {{- include "realqa.selector" . | nindent 4 }}
    {{- with $part.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if not $part.existingSecret }}
    checksum/settings: {{ include "realqa.settings" . | sha256sum }}
    {{- end }}
    {{- with $part.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "realqa.serviceAccount" .root }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ $part.terminationGracePeriodSeconds }}
  {{- with $part.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with $part.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .part }}
      image: "{{ .root.Values.image.repository }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .command }}, --config, /etc/realqa/{{ .command }}.yaml]
      env:
        - name: REALQA_JAVA_OPTS
          value: {{ $part.javaOptions | quote }}
        {{- with $part.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: http, containerPort: {{ include "realqa.port" . }}}
      startupProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 5
        failureThreshold: {{ max 1 (div $part.startSeconds 5) }}
      livenessProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /health/ready, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      resources:
        {{- $resources := deepCopy (default (dict) $part.resources) }}
        {{- if $part.gpu }}
        {{- $_ := set $resources "limits" (merge (dict "nvidia.com/gpu" $part.gpu) (default (dict) $resources.limits)) }}
        {{- end }}
        {{- toYaml $resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: settings, mountPath: /etc/realqa, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if $part.models.existingClaim }}
        - {name: models, mountPath: /models, readOnly: true}
        {{- end }}
        {{- if eq .part "trainer" }}
        - {name: folder, mountPath: /var/lib/realqa}
        {{- end }}
        {{- with $part.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: settings
      secret: {secretName: {{ default (printf "%s-%s" (include "realqa.name" .root) .part) $part.existingSecret }}}
    - name: tmp
      emptyDir: {}
    {{- with $part.models.existingClaim }}
    - name: models
      persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}
    {{- end }}
    {{- if eq .part "trainer" }}
    - name: folder
      persistentVolumeClaim: {claimName: {{ default (printf "%s-trainer" (include "realqa.name" .root)) $part.persistence.existingClaim }}}
    {{- end }}
    {{- with $part.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $part.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $part.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $part.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $part.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
