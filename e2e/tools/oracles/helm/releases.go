package main

import (
	"bytes"
	"compress/gzip"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"io"
	"slices"

	"github.com/fluxcd/pkg/chartutil"
	"github.com/opencontainers/go-digest"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	rcommon "helm.sh/helm/v4/pkg/release/common"
	v1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// observation has what helm-controller's digest of a release is made of, in its order.
type observation struct {
	Name          string         `json:"name"`
	Version       int            `json:"version"`
	Info          v1.Info        `json:"info"`
	ChartMetadata chart.Metadata `json:"chartMetadata"`
	Config        map[string]any `json:"config"`
	Manifest      string         `json:"manifest"`
	Hooks         []v1.Hook      `json:"hooks"`
	Namespace     string         `json:"namespace"`
	OCIDigest     string         `json:"ociDigest,omitempty"`
}

func observe(from *v1.Release, oci string) (found observation) {
	found = observation{
		Name: from.Name, Version: from.Version, Manifest: from.Manifest, Namespace: from.Namespace, OCIDigest: oci,
	}
	if from.Info != nil {
		found.Info = *from.Info
	}
	if from.Chart != nil && from.Chart.Metadata != nil {
		found.ChartMetadata = *from.Chart.Metadata
	}
	if len(from.Config) > 0 {
		found.Config = from.Config
	}
	for _, hook := range from.Hooks {
		if !slices.Contains(hook.Events, v1.HookTest) {
			found.Hooks = append(found.Hooks, *hook)
		}
	}
	return found
}

// stored says how Helm stores a release, and what its digests are.
func stored(release *v1.Release, oci string) (any, error) {
	text, err := json.Marshal(release)
	if err != nil {
		return nil, err
	}
	digests := map[string]any{}
	for _, algorithm := range []digest.Algorithm{digest.SHA256, digest.SHA384, digest.SHA512} {
		digester := algorithm.Digester()
		if err := json.NewEncoder(digester.Hash()).Encode(observe(release, oci)); err != nil {
			return nil, err
		}
		digests[string(algorithm)] = digester.Digest().String()
	}
	config := chartutil.DigestValues(digest.SHA256, release.Config).String()
	return map[string]any{"text": string(text), "digests": digests, "config": config}, nil
}

// readRelease reads a stored release, as JSON or as it stands in a Secret, and says how Helm stores it again.
func readRelease(row []byte) (any, error) {
	var given struct {
		Release json.RawMessage `json:"release"`
		Text    string          `json:"text"`
		Encoded []byte          `json:"encoded"`
		OCI     string          `json:"oci"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	text := []byte(given.Release)
	if given.Release == nil {
		text = []byte(given.Text)
	}
	if given.Encoded != nil {
		text = given.Encoded
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b, 0x08}) {
		reader, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if text, err = io.ReadAll(reader); err != nil {
			return nil, err
		}
	}
	var release v1.Release
	if err := json.Unmarshal(text, &release); err != nil {
		return nil, err
	}
	return stored(&release, given.OCI)
}

// makeRelease says how Helm stores a release of a chart. The times of a first one are left out: they are now.
func makeRelease(row []byte) (any, error) {
	var given struct {
		source
		Values string   `json:"values"`
		Set    []string `json:"set"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	loaded, err := given.chart()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(given.Values), &values); err != nil {
		return nil, err
	}
	for _, text := range given.Set {
		if err := strvals.ParseInto(text, values); err != nil {
			return nil, err
		}
	}
	release, err := job{Name: "r", Namespace: "ns", KubeVersion: "v1.34.0"}.install(loaded, values)
	if err != nil {
		return nil, err
	}
	release.Info = &v1.Info{Status: rcommon.StatusDeployed, Notes: release.Info.Notes}
	return stored(release, "")
}

// digestValues says what the digest of values is; those of `set` are of other types.
func digestValues(row []byte) (any, error) {
	var given struct {
		Values string   `json:"values"`
		Set    []string `json:"set"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	values, err := common.ReadValues([]byte(given.Values))
	if err != nil {
		return nil, err
	}
	for _, text := range given.Set {
		if err := strvals.ParseInto(text, values); err != nil {
			return nil, err
		}
	}
	return chartutil.DigestValues(digest.SHA256, values).String(), nil
}

// renderThrough says what is left of a chart's templates after post-rendering.
func renderThrough(row []byte) (any, error) {
	var given struct {
		source
		Strategy string `json:"strategy"`
		renderers
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	given.Files["Chart.yaml"] = "apiVersion: v2\nname: c\nversion: 0.1.0\n"
	loaded, err := given.chart()
	if err != nil {
		return nil, err
	}
	config := action.NewConfiguration()
	client := action.NewInstall(config)
	client.DryRunStrategy, client.Replace = action.DryRunClient, true
	client.ReleaseName, client.Namespace = "r", "ns"
	client.PostRenderStrategy = action.PostRenderStrategy(given.Strategy)
	client.PostRenderer = given.renderers
	release, err := checked(client, loaded, nil)
	if err != nil {
		return nil, err
	}
	hooks := []string{}
	for _, hook := range release.Hooks {
		hooks = append(hooks, hook.Path+"\n"+hook.Manifest)
	}
	return map[string]any{"manifest": release.Manifest, "hooks": hooks}, nil
}
