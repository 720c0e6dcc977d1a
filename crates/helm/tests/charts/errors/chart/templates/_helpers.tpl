{{ define "broken" }}
  {{ .Values.a.b.c }}{{ end }}
{{ define "deep" }}{{ include "deeper" (dict "root" .) }}{{ end }}
{{ define "deeper" }}{{ include "broken" .root }}{{ end }}
{{ define "forever" }}{{ include "forever" . }}{{ end }}
