package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/action"
	ci "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	"helm.sh/helm/v4/pkg/ignore"
)

// tables says how a row of a table of values is answered, by task.
var tables = map[string]func(row []byte) (any, error){
	"values":       mergeFlags,
	"coalesce":     coalesce,
	"dependencies": processDependencies,
	"schema":       validate,
	"ignore":       ignoredPaths,
	"load":         loadChart,
	"stored":       readRelease,
	"made":         makeRelease,
	"digests":      digestValues,
	"references":   composeValues,
	"postrender":   postRender,
	"strategies":   renderThrough,
	"patches":      makePatch,
}

// field is a field of a row, as it is written.
type field struct {
	name string
	text json.RawMessage
}

// answerTable prints a table with all its rows answered anew; what else stands in them stays as it is.
func answerTable(input io.Reader, output io.Writer, answer func(row []byte) (any, error)) error {
	var rows []json.RawMessage
	if err := json.NewDecoder(input).Decode(&rows); err != nil {
		return err
	}
	lines := make([]string, len(rows))
	for index, row := range rows {
		fields, err := fieldsOf(row)
		if err != nil {
			return err
		}
		notices := &recorder{}
		slog.SetDefault(slog.New(notices))
		result, refused := answer(row)
		lines[index] = "  {" + strings.Join(answered(fields, result, refused, notices.lines), ", ") + "}"
	}
	_, err := io.WriteString(output, "[\n"+strings.Join(lines, ",\n")+"\n]\n")
	return err
}

func fieldsOf(row []byte) (fields []field, err error) {
	decoder := json.NewDecoder(bytes.NewReader(row))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var text json.RawMessage
		if err := decoder.Decode(&text); err != nil {
			return nil, err
		}
		fields = append(fields, field{fmt.Sprint(name), text})
	}
	return fields, nil
}

func answered(fields []field, result any, refused error, notices []string) (texts []string) {
	ours := ""
	for _, field := range fields {
		text := quote(field.name) + ": " + string(field.text)
		switch field.name {
		case "result", "error", "notices":
		case "ours":
			ours = text
		default:
			texts = append(texts, text)
		}
	}
	if refused != nil {
		texts = append(texts, `"error": `+quote(refused.Error()))
	} else {
		texts = append(texts, `"result": `+written(typed(result)))
	}
	if len(notices) > 0 {
		slices.Sort(notices)
		texts = append(texts, `"notices": `+written(notices))
	}
	if ours != "" {
		texts = append(texts, ours)
	}
	return texts
}

func written(value any) string {
	var output bytes.Buffer
	encoder := json.NewEncoder(&output)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(output.String(), "\n")
}

// typed shows an int64 apart from the float64 that other numbers are.
func typed(value any) any {
	switch value := value.(type) {
	case int64:
		return map[string]any{"int64": value}
	case common.Values:
		return typed(map[string]any(value))
	case map[string]any:
		if value == nil {
			return nil
		}
		found := map[string]any{}
		for key, inner := range value {
			found[key] = typed(inner)
		}
		return found
	case []any:
		found := make([]any, len(value))
		for index, inner := range value {
			found[index] = typed(inner)
		}
		return found
	}
	return value
}

// recorder keeps what is logged.
type recorder struct {
	lines []string
}

func (*recorder) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler             { return r }
func (r *recorder) WithGroup(string) slog.Handler                  { return r }

func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	line := record.Level.String() + " " + record.Message
	record.Attrs(func(attr slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", attr.Key, attr.Value)
		return true
	})
	r.lines = append(r.lines, line)
	return nil
}

// mergeFlags puts the flags of values together; the files are there as the row says.
func mergeFlags(row []byte) (any, error) {
	var flags struct {
		Files   map[string]string `json:"files"`
		Values  []string          `json:"values"`
		JSON    []string          `json:"set-json"`
		Set     []string          `json:"set"`
		Text    []string          `json:"set-string"`
		File    []string          `json:"set-file"`
		Literal []string          `json:"set-literal"`
	}
	if err := json.Unmarshal(row, &flags); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "values")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chdir(dir); err != nil {
		return nil, err
	}
	for name, text := range flags.Files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	options := values.Options{
		ValueFiles: flags.Values, JSONValues: flags.JSON, Values: flags.Set, StringValues: flags.Text,
		FileValues: flags.File, LiteralValues: flags.Literal,
	}
	return options.MergeValues(getter.Providers{})
}

// plain is a chart that is only values, a schema and dependencies.
type plain struct {
	Name         string          `json:"name"`
	Values       map[string]any  `json:"values"`
	Schema       json.RawMessage `json:"schema"`
	SchemaText   string          `json:"schemaText"`
	Dependencies []plain         `json:"dependencies"`
}

func (p plain) chart() *chart.Chart {
	found := &chart.Chart{Metadata: &chart.Metadata{Name: p.Name, Version: "0.1.0"}, Values: p.Values, Schema: p.Schema}
	if p.SchemaText != "" {
		found.Schema = []byte(p.SchemaText)
	}
	for _, child := range p.Dependencies {
		found.AddDependency(child.chart())
	}
	return found
}

func coalesce(row []byte) (any, error) {
	var given struct {
		Chart  plain          `json:"chart"`
		Values map[string]any `json:"values"`
		Keep   bool           `json:"keepNulls"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	if given.Keep {
		return util.MergeValues(given.Chart.chart(), given.Values)
	}
	return util.CoalesceValues(given.Chart.chart(), given.Values)
}

// validate checks values against a chart's schemas. Of errors in several places the order is random: no row has them.
func validate(row []byte) (any, error) {
	var given struct {
		plain
		User map[string]any `json:"user"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	found := given.plain.chart()
	if found.Metadata.Name == "" {
		found.Metadata.Name = "t"
	}
	options := common.ReleaseOptions{Name: "r", Namespace: "ns"}
	if _, err := util.ToRenderValues(found, given.User, options, nil); err != nil {
		return nil, err
	}
	return "accepted", nil
}

func ignoredPaths(row []byte) (any, error) {
	var given struct {
		Rules string   `json:"rules"`
		Paths []string `json:"paths"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	rules, err := ignore.Parse(strings.NewReader(given.Rules))
	if err != nil {
		return nil, err
	}
	rules.AddDefaults()
	ignored := []string{}
	for _, path := range given.Paths {
		name, isDir := strings.CutSuffix(path, "/")
		if rules.Ignore(name, entry{isDir}) {
			ignored = append(ignored, path)
		}
	}
	return ignored, nil
}

// entry is what the rules ask of a file.
type entry struct{ isDir bool }

func (entry) Name() string       { return "" }
func (entry) Size() int64        { return 0 }
func (entry) Mode() os.FileMode  { return 0 }
func (entry) ModTime() time.Time { return time.Time{} }
func (entry) Sys() any           { return nil }
func (e entry) IsDir() bool      { return e.isDir }

// source is a chart's files, or an archive's entries.
type source struct {
	Files   map[string]string `json:"files"`
	Archive []packed          `json:"archive"`
	Packed  map[string]source `json:"packed"`
	Raw     []byte            `json:"raw"`
}

// packed is an entry of an archive: a file, or what its type says.
type packed struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

func (s source) chart() (*chart.Chart, error) {
	if s.Raw != nil {
		return loader.LoadArchive(bytes.NewReader(s.Raw))
	}
	if s.Archive != nil {
		return loader.LoadArchive(bytes.NewReader(s.compressed()))
	}
	files := []*archive.BufferedFile{}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		files = append(files, &archive.BufferedFile{Name: name, Data: []byte(s.Files[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Packed)) {
		files = append(files, &archive.BufferedFile{Name: name, Data: s.Packed[name].compressed()})
	}
	return loader.LoadFiles(files)
}

func (s source) compressed() []byte {
	var output bytes.Buffer
	compressor := gzip.NewWriter(&output)
	writer := tar.NewWriter(compressor)
	for _, entry := range s.Archive {
		entry.write(writer)
	}
	writer.Close()
	compressor.Close()
	return output.Bytes()
}

func (p packed) write(writer *tar.Writer) {
	types := map[string]byte{"directory": tar.TypeDir, "symlink": tar.TypeSymlink, "link": tar.TypeLink}
	header := &tar.Header{Name: p.Name, Mode: 0o644, Size: int64(len(p.Text)), Typeflag: tar.TypeReg}
	text := []byte(p.Text)
	switch {
	case p.Type != "":
		header.Typeflag, header.Linkname, header.Size, text = types[p.Type], "/etc/passwd", 0, nil
	case p.Size > 0:
		header.Size, text = p.Size, make([]byte, p.Size)
	}
	if err := writer.WriteHeader(header); err != nil {
		panic(err)
	}
	if _, err := writer.Write(text); err != nil {
		panic(err)
	}
}

func loadChart(row []byte) (any, error) {
	var given source
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	found, err := given.chart()
	if err != nil {
		return nil, err
	}
	return describe(found)
}

func describe(found *chart.Chart) (map[string]any, error) {
	accessor, err := ci.NewAccessor(found)
	if err != nil {
		return nil, err
	}
	crds, dependencies := []string{}, []any{}
	for _, crd := range found.CRDObjects() {
		crds = append(crds, crd.Filename)
	}
	for _, child := range found.Dependencies() {
		description, err := describe(child)
		if err != nil {
			return nil, err
		}
		dependencies = append(dependencies, description)
	}
	slices.SortFunc(dependencies, func(one, other any) int { return strings.Compare(written(one), written(other)) })
	slices.Sort(crds)
	return map[string]any{
		"chart": accessor.MetadataAsMap(), "path": found.ChartFullPath(), "values": found.Values, "schema": string(found.Schema),
		"templates": names(found.Templates), "files": names(found.Files), "raw": names(found.Raw), "crds": crds,
		"dependencies": dependencies, "lock": found.Lock,
	}, nil
}

func names(files []*common.File) []string {
	found := []string{}
	for _, file := range files {
		size := len(file.Data)
		if strings.HasSuffix(file.Name, ".tgz") {
			size = 0 // Compressors differ.
		}
		found = append(found, fmt.Sprintf("%s %d", file.Name, size))
	}
	return found
}

// processDependencies tells which charts are left of a chart, and their default values.
func processDependencies(row []byte) (any, error) {
	var given struct {
		source
		User map[string]any `json:"user"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	found, err := given.chart()
	if err != nil {
		return nil, err
	}
	wanted := []ci.Dependency{}
	for _, dependency := range found.Metadata.Dependencies {
		wanted = append(wanted, dependency)
	}
	if err := action.CheckDependencies(found, wanted); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(found, given.User); err != nil {
		return nil, err
	}
	return used(found), nil
}

func used(found *chart.Chart) map[string]any {
	dependencies := []any{}
	for _, child := range found.Dependencies() {
		dependencies = append(dependencies, used(child))
	}
	return map[string]any{
		"name": found.Name(), "version": found.Metadata.Version, "values": found.Values, "dependencies": dependencies,
		"metadata": found.Metadata.Dependencies,
	}
}
