{{- define "name" -}}parent-{{ .Release.Name }}{{- end -}}
{{- define "labels" }}
app: {{ include "name" . }}
{{- with .extra }}
extra: {{ . }}
{{- end }}
{{- end }}
{{ define "empty" }}{{ end }}