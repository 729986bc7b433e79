{{- define "livepod.labels" -}}
app.kubernetes.io/name: livepod
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "livepod.selector" -}}
app.kubernetes.io/name: livepod
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "livepod.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag }}{{ end }}
{{- end }}

{{/* What a pod may do: next to nothing. */}}
{{- define "livepod.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "livepod.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* The environment of every worker: addresses, identity, key ring, and how Temporal is reached (@temporalio/envconfig's variables). */}}
{{- define "livepod.workerEnv" -}}
{{- $t := .root.Values.temporal -}}
- { name: LIVEPOD_NETWORK, value: /etc/livepod/network/network.json }
- { name: LIVEPOD_IDENTITY, value: /etc/livepod/identity/identity.json }
- { name: LIVEPOD_CODEC_KEYS, value: /etc/livepod/codec/codec.json }
# Probes and Prometheus come from outside the pod; the NetworkPolicy says who may.
- { name: LIVEPOD_BIND, value: 0.0.0.0 }
- { name: LIVEPOD_METRICS_PORT, value: "9464" }
- { name: LIVEPOD_HEALTH_PORT, value: "9465" }
- { name: LIVEPOD_DRAIN_SECONDS, value: {{ .drainSeconds | quote }} }
- { name: TEMPORAL_ADDRESS, value: {{ $t.address | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ $t.namespace | quote }} }
{{- if $t.tls.secret }}
- { name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: /etc/livepod/temporal/tls.crt }
- { name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: /etc/livepod/temporal/tls.key }
{{- if $t.tls.authority }}
- { name: TEMPORAL_TLS_SERVER_CA_CERT_PATH, value: /etc/livepod/temporal/ca.crt }
{{- end }}
{{- end }}
{{- with $t.tls.serverName }}
- { name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }} }
{{- end }}
{{- if $t.apiKey.secret }}
- name: TEMPORAL_API_KEY
  valueFrom: { secretKeyRef: { name: {{ $t.apiKey.secret | quote }}, key: {{ $t.apiKey.key | quote }} } }
{{- end }}
{{- with .root.Values.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
# The rest of the memory limit is for the SDK's native part, workflow sandboxes and training data.
- { name: NODE_OPTIONS, value: --max-old-space-size={{ .heapMegabytes }} }
{{- end }}

{{- define "livepod.workerMounts" -}}
- { name: network, mountPath: /etc/livepod/network, readOnly: true }
- { name: identity, mountPath: /etc/livepod/identity, readOnly: true }
- { name: codec, mountPath: /etc/livepod/codec, readOnly: true }
{{- if .root.Values.temporal.tls.secret }}
- { name: temporal, mountPath: /etc/livepod/temporal, readOnly: true }
{{- end }}
- { name: tmp, mountPath: /tmp }
{{- end }}

{{- define "livepod.workerVolumes" -}}
- { name: network, configMap: { name: {{ .root.Release.Name }}-network } }
- { name: identity, secret: { secretName: {{ .identity | quote }}, defaultMode: 0440 } }
- { name: codec, secret: { secretName: {{ .root.Values.codecKeys.secret | quote }}, defaultMode: 0440 } }
{{- with .root.Values.temporal.tls.secret }}
- { name: temporal, secret: { secretName: {{ . | quote }}, defaultMode: 0440 } }
{{- end }}
- { name: tmp, emptyDir: { sizeLimit: 256Mi } }
{{- end }}

{{- define "livepod.probes" -}}
startupProbe: { httpGet: { path: /healthz, port: health }, periodSeconds: 2, failureThreshold: 60 }
livenessProbe: { httpGet: { path: /healthz, port: health }, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4 }
readinessProbe: { httpGet: { path: /readyz, port: health }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }
{{- end }}

{{- define "livepod.scrape" -}}
{{- if not .root.Values.metrics.podMonitor }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
checksum/network: {{ toJson .root.Values.network | sha256sum | trunc 16 | quote }}
{{- end }}

{{- define "livepod.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: { matchLabels: {{ include "livepod.selector" . | fromYaml | toJson }} }
{{- end }}
