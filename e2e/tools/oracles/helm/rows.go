package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"path"
	"strings"
	"text/template"
	"unicode/utf8"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// row is a template, with the values and other files of its chart. `ours` says what differs on purpose, and stays.
type row struct {
	Template string          `json:"template"`
	Values   json.RawMessage `json:"values"`
	Files    json.RawMessage `json:"files"`
	Ours     json.RawMessage `json:"ours"`
}

const rowPath = "templates/row.yaml"

func answerRows(input io.Reader, output io.Writer, functions template.FuncMap) error {
	var rows []row
	if err := json.NewDecoder(input).Decode(&rows); err != nil {
		return err
	}
	lines := make([]string, len(rows))
	for index, row := range rows {
		line, err := row.answered(functions)
		if err != nil {
			return err
		}
		lines[index] = "  {" + line + "}"
	}
	_, err := io.WriteString(output, "[\n"+strings.Join(lines, ",\n")+"\n]\n")
	return err
}

func (r row) answered(functions template.FuncMap) (string, error) {
	fields := []string{`"template": ` + quote(r.Template)}
	given := []struct {
		name string
		text json.RawMessage
	}{{"values", r.Values}, {"files", r.Files}}
	for _, field := range given {
		if field.text != nil {
			fields = append(fields, quote(field.name)+": "+string(field.text))
		}
	}
	key, answer, err := r.answer(functions)
	fields = append(fields, quote(key)+": "+quote(answer))
	if r.Ours != nil {
		fields = append(fields, `"ours": `+string(r.Ours))
	}
	return strings.Join(fields, ", "), err
}

func (r row) answer(functions template.FuncMap) (key, answer string, err error) {
	chart, values, err := r.chart()
	if err != nil {
		return "", "", err
	}
	rendered, refused := engine.Engine{CustomTemplateFuncs: functions}.Render(chart, values)
	text := rendered["t/"+rowPath]
	switch {
	case refused != nil:
		return "error", refused.Error(), nil
	case !utf8.ValidString(text):
		return "output64", base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return "output", text, nil
}

// chart returns a chart named `t`, and what its templates see.
func (r row) chart() (*chart.Chart, common.Values, error) {
	values, files := common.Values{}, map[string]string{}
	if err := decode(r.Values, &values); err != nil {
		return nil, nil, err
	}
	if err := decode(r.Files, &files); err != nil {
		return nil, nil, err
	}
	files[rowPath] = r.Template
	found := &chart.Chart{Metadata: &chart.Metadata{
		APIVersion: "v2", Name: "t", Version: "0.1.0", AppVersion: "1.0", Type: "application",
	}}
	for name, text := range files {
		file := &common.File{Name: name, Data: []byte(text)}
		if strings.HasPrefix(path.Clean(name), "templates/") {
			found.Templates = append(found.Templates, file)
		} else {
			found.Files = append(found.Files, file)
		}
	}
	return found, common.Values{"Values": values, "Release": release(), "Capabilities": capabilities()}, nil
}

func release() map[string]any {
	return map[string]any{
		"Name": "r", "Namespace": "ns", "Revision": 1, "Service": "Helm", "IsInstall": true, "IsUpgrade": false,
	}
}

func capabilities() *common.Capabilities {
	found := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion("v1.34.0")
	if err != nil {
		panic(err)
	}
	found.KubeVersion = *version
	found.APIVersions = common.VersionSet{"v1", "apps/v1", "apps/v1/Deployment"}
	found.HelmVersion.Version = "v4.2.4"
	found.HelmVersion.GoVersion = "go1.26"
	return found
}

// decode reads what is there.
func decode(text json.RawMessage, into any) error {
	if text == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// quote writes a text as JSON, `<` as itself.
func quote(text string) string {
	var output bytes.Buffer
	encoder := json.NewEncoder(&output)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(output.String(), "\n")
}
