package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"helm.sh/helm/v4/pkg/action"
	ci "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	v1 "helm.sh/helm/v4/pkg/release/v1"
)

// job is a chart, and how it is installed.
type job struct {
	Chart       string   `json:"chart"`
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Values      []string `json:"values"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
	Stubs       bool     `json:"stubs"`
	Runs        int      `json:"runs"`
}

// answer is the release of a job, or why there is none, and how long it took.
type answer struct {
	Manifest     string   `json:"manifest"`
	Hooks        []hook   `json:"hooks"`
	Notes        string   `json:"notes"`
	Warnings     []string `json:"warnings"`
	Error        string   `json:"error"`
	LoadMicros   int64    `json:"loadMicros"`
	RenderMicros int64    `json:"renderMicros"`
}

type hook struct {
	Name           string   `json:"name"`
	Kind           string   `json:"kind"`
	Path           string   `json:"path"`
	Manifest       string   `json:"manifest"`
	Events         []string `json:"events"`
	Weight         int      `json:"weight"`
	DeletePolicies []string `json:"deletePolicies"`
	OutputLogs     []string `json:"outputLogPolicies"`
}

// answerJobs reads a job a line, and answers each before it reads the next.
func answerJobs(input io.Reader, output io.Writer) error {
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 16<<20)
	encoder := json.NewEncoder(output)
	for lines.Scan() {
		var job job
		if err := json.Unmarshal(lines.Bytes(), &job); err != nil {
			return err
		}
		if err := encoder.Encode(job.answer()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (j job) answer() (found answer) {
	var warnings bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&warnings, nil)))
	defer slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := j.release(&found); err != nil {
		found.Error = err.Error()
	}
	for line := range bytes.Lines(warnings.Bytes()) {
		found.Warnings = append(found.Warnings, string(bytes.TrimSpace(line)))
	}
	return found
}

func (j job) release(found *answer) error {
	for run := range max(1, j.Runs) {
		took := found.RenderMicros
		if err := j.render(found); err != nil {
			return err
		}
		if run > 0 {
			found.RenderMicros = min(took, found.RenderMicros)
		}
	}
	return nil
}

// render makes the release once: rendering changes the chart, so each time it is loaded anew.
func (j job) render(found *answer) error {
	started := time.Now()
	options := values.Options{ValueFiles: j.Values}
	given, err := options.MergeValues(getter.All(cli.New()))
	if err != nil {
		return err
	}
	loaded, err := load(j.Chart)
	if err != nil {
		return err
	}
	found.LoadMicros = time.Since(started).Microseconds()
	started = time.Now()
	release, err := j.install(loaded, given)
	found.RenderMicros = time.Since(started).Microseconds()
	if err != nil {
		return err
	}
	found.Manifest, found.Notes = release.Manifest, release.Info.Notes
	found.Hooks = nil
	for _, from := range release.Hooks {
		found.Hooks = append(found.Hooks, described(from))
	}
	return nil
}

func load(path string) (*chart.Chart, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	found, ok := loaded.(*chart.Chart)
	if !ok {
		return nil, fmt.Errorf("%T is of another version", loaded)
	}
	return found, nil
}

// install makes the release as `helm template` does.
func (j job) install(loaded *chart.Chart, given map[string]any) (*v1.Release, error) {
	config := action.NewConfiguration()
	if j.Stubs {
		config.CustomTemplateFuncs = stubs()
	}
	client := action.NewInstall(config)
	client.DryRunStrategy = action.DryRunClient
	client.Replace = true
	client.ReleaseName, client.Namespace = j.Name, j.Namespace
	client.APIVersions = j.APIVersions
	if j.KubeVersion != "" {
		version, err := common.ParseKubeVersion(j.KubeVersion)
		if err != nil {
			return nil, err
		}
		client.KubeVersion = version
	}
	released, err := checked(client, loaded, given)
	if err != nil {
		return nil, err
	}
	return released, nil
}

func checked(client *action.Install, loaded *chart.Chart, given map[string]any) (*v1.Release, error) {
	if loaded.Metadata.Type != "" && loaded.Metadata.Type != "application" {
		return nil, fmt.Errorf("%s charts are not installable", loaded.Metadata.Type)
	}
	if err := dependenciesAreThere(loaded); err != nil {
		const hint = "You may need to run 'helm dependency build' to fetch missing dependencies"
		return nil, fmt.Errorf("an error occurred while checking for chart dependencies. %s: %w", hint, err)
	}
	released, err := client.Run(loaded, given)
	if err != nil {
		return nil, err
	}
	return released.(*v1.Release), nil
}

func dependenciesAreThere(loaded *chart.Chart) error {
	var wanted []ci.Dependency
	for _, dependency := range loaded.Metadata.Dependencies {
		wanted = append(wanted, dependency)
	}
	return action.CheckDependencies(loaded, wanted)
}

func described(from *v1.Hook) hook {
	found := hook{Name: from.Name, Kind: from.Kind, Path: from.Path, Manifest: from.Manifest, Weight: from.Weight}
	for _, event := range from.Events {
		found.Events = append(found.Events, string(event))
	}
	for _, policy := range from.DeletePolicies {
		found.DeletePolicies = append(found.DeletePolicies, string(policy))
	}
	for _, policy := range from.OutputLogPolicies {
		found.OutputLogs = append(found.OutputLogs, string(policy))
	}
	return found
}
