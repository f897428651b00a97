{{/* The objects are those of manifests/base, where the reasons stand; a test compares them. */}}

{{- define "labels" -}}
app.kubernetes.io/name: noxus-secret-webhook
app.kubernetes.io/part-of: noxus
{{- end }}

{{- define "metadata" -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "labels" . | nindent 2 }}
{{- end }}

{{/* The right to a Role or ClusterRole of the same name, for our ServiceAccount. */}}
{{- define "binding" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: noxus-secret-webhook
    namespace: {{ .namespace | quote }}
{{- end }}

{{/* The fields that all entries of both webhook configurations share; .mode and .hook tell them apart. */}}
{{- define "entry" -}}
clientConfig:
  service:
    name: noxus-secret-webhook
    namespace: {{ .root.Release.Namespace | quote }}
    path: /{{ .hook }}/{{ ternary "dry-run" .mode .root.Values.dryRun }}
    port: 443
  {{- if eq .root.Values.certificates.from "files" }}
  caBundle: {{ .root.Values.certificates.caBundle | b64enc }}
  {{- end }}
namespaceSelector:
  matchLabels: {secrets.noxus.ai/injection: {{ .mode }}}
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [kube-system, kube-node-lease, {{ .root.Release.Namespace | quote }}]
matchPolicy: Equivalent
sideEffects: NoneOnDryRun
timeoutSeconds: 3
admissionReviewVersions: [v1]
{{- end }}

{{- define "pods" -}}
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [pods]
    scope: Namespaced
{{- end }}

{{- define "debug" -}}
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [UPDATE]
    resources: [pods/ephemeralcontainers]
    scope: Namespaced
matchConditions:
  - name: debug-containers-were-added
    expression: >-
      object.spec.?ephemeralContainers.orValue([]) != oldObject.spec.?ephemeralContainers.orValue([])
{{- end }}

{{- define "workloads" -}}
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE, UPDATE]
    resources: [replicationcontrollers, podtemplates]
    scope: Namespaced
  - apiGroups: [apps]
    apiVersions: [v1]
    operations: [CREATE, UPDATE]
    resources: [deployments, statefulsets, daemonsets, replicasets]
    scope: Namespaced
  - apiGroups: [batch]
    apiVersions: [v1]
    operations: [CREATE, UPDATE]
    resources: [jobs, cronjobs]
    scope: Namespaced
matchConditions:
  - name: new-or-with-another-template
    expression: >-
      request.operation == 'CREATE' ||
      (request.resource.group in ['', 'apps', 'batch']
      ? object.?template != oldObject.?template ||
      object.?spec.?template != oldObject.?spec.?template ||
      object.?spec.?jobTemplate.?spec.?template != oldObject.?spec.?jobTemplate.?spec.?template
      : object.exists(it, !(it in ['metadata', 'status']) && object[?it] != oldObject[?it]))
{{- end }}

{{- define "images" -}}
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [UPDATE]
    resources: [pods]
    scope: Namespaced
matchConditions:
  - name: another-image
    expression: >-
      object.spec.containers.map(it, it.?image) != oldObject.spec.containers.map(it, it.?image) ||
      object.spec.?initContainers.orValue([]).map(it, it.?image) !=
      oldObject.spec.?initContainers.orValue([]).map(it, it.?image)
{{- end }}

{{- define "revisions" -}}
rules:
  - apiGroups: [apps]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [controllerrevisions]
    scope: Namespaced
{{- end }}

{{- define "reload" -}}
rules:
  - apiGroups: [apps]
    apiVersions: [v1]
    operations: [CREATE, UPDATE]
    resources: [deployments, statefulsets, daemonsets]
    scope: Namespaced
matchConditions:
  - name: new-or-with-another-template-or-annotation-of-reloader
    expression: >-
      request.operation == 'CREATE' ||
      object.spec.template != oldObject.spec.template ||
      ['secrets.noxus.ai/reload', 'reloader.stakater.com/auto', 'reloader.stakater.com/search',
      'secret.reloader.stakater.com/auto', 'secret.reloader.stakater.com/reload',
      'configmap.reloader.stakater.com/auto', 'configmap.reloader.stakater.com/reload']
      .exists(it, object.metadata.?annotations[?it] != oldObject.metadata.?annotations[?it])
{{- end }}
