package main

import (
	"bytes"
	"encoding/json"

	kustomizev1 "github.com/fluxcd/pkg/apis/kustomize"
	"github.com/opencontainers/go-digest"
	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// renderers are the fields of a HelmRelease that change what Helm renders. They are helm-controller's in everything
// that its digests see.
type renderers struct {
	PostRenderers []postRenderer  `json:"postRenderers,omitempty"`
	Common        *commonMetadata `json:"commonMetadata,omitempty"`
	Origin        bool            `json:"origin,omitempty"`
}

type postRenderer struct {
	Kustomize *kustomization `json:"kustomize,omitempty"`
}

type kustomization struct {
	Patches []kustomizev1.Patch `json:"patches,omitempty"`
	Images  []kustomizev1.Image `json:"images,omitempty"`
}

type commonMetadata struct {
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// Run does what helm-controller does, with the libraries that it links.
func (r renderers) Run(input *bytes.Buffer) (*bytes.Buffer, error) {
	var err error
	for _, entry := range r.PostRenderers {
		if entry.Kustomize == nil {
			continue
		}
		if input, err = entry.Kustomize.run(input); err != nil {
			return nil, err
		}
	}
	if r.Common != nil {
		if input, err = transformed(input, r.Common.Labels, r.Common.Annotations); err != nil {
			return nil, err
		}
	}
	if !r.Origin {
		return input, nil
	}
	const group = "helm.toolkit.fluxcd.io/"
	return transformed(input, map[string]string{group + "name": "podinfo", group + "namespace": "apps"}, nil)
}

func (k kustomization) run(input *bytes.Buffer) (*bytes.Buffer, error) {
	config := types.Kustomization{Resources: []string{"helm-output.yaml"}}
	config.APIVersion, config.Kind = types.KustomizationVersion, types.KustomizationKind
	for _, image := range k.Images {
		config.Images = append(config.Images, types.Image{
			Name: image.Name, NewName: image.NewName, NewTag: image.NewTag, Digest: image.Digest,
		})
	}
	for _, patch := range k.Patches {
		config.Patches = append(config.Patches, types.Patch{Patch: patch.Patch, Target: selector(patch.Target)})
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	files := filesys.MakeFsInMemory()
	if err := files.WriteFile("helm-output.yaml", input.Bytes()); err != nil {
		return nil, err
	}
	if err := files.WriteFile("kustomization.yaml", text); err != nil {
		return nil, err
	}
	options := &krusty.Options{LoadRestrictions: types.LoadRestrictionsNone, PluginConfig: types.DisabledPluginConfig()}
	objects, err := krusty.MakeKustomizer(options).Run(files, ".")
	if err != nil {
		return nil, err
	}
	return printed(objects)
}

func selector(from *kustomizev1.Selector) *types.Selector {
	if from == nil {
		return nil
	}
	found := &types.Selector{LabelSelector: from.LabelSelector, AnnotationSelector: from.AnnotationSelector}
	found.Group, found.Version, found.Kind = from.Group, from.Version, from.Kind
	found.Name, found.Namespace = from.Name, from.Namespace
	return found
}

func transformed(input *bytes.Buffer, labels, annotations map[string]string) (*bytes.Buffer, error) {
	factory := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory())
	if labels == nil && annotations == nil {
		return input, nil
	}
	objects, err := factory.NewResMapFromBytes(input.Bytes())
	if err != nil {
		return nil, err
	}
	at := func(path string) []types.FieldSpec { return []types.FieldSpec{{Path: path, CreateIfNotPresent: true}} }
	if labels != nil {
		setter := builtins.LabelTransformerPlugin{Labels: labels, FieldSpecs: at("metadata/labels")}
		if err := setter.Transform(objects); err != nil {
			return nil, err
		}
	}
	if annotations != nil {
		setter := builtins.AnnotationsTransformerPlugin{Annotations: annotations, FieldSpecs: at("metadata/annotations")}
		if err := setter.Transform(objects); err != nil {
			return nil, err
		}
	}
	return printed(objects)
}

func printed(objects resmap.ResMap) (*bytes.Buffer, error) {
	text, err := objects.AsYaml()
	return bytes.NewBuffer(text), err
}

// postRender says what becomes of a stream, and what the digests of the fields are.
func postRender(row []byte) (any, error) {
	var given struct {
		Stream string `json:"stream"`
		renderers
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	output, err := given.Run(bytes.NewBufferString(given.Stream))
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"stream": output.String(), "postRenderers": digestOf(given.PostRenderers), "commonMetadata": digestOf(given.Common),
	}, nil
}

func digestOf(value any) string {
	digester := digest.SHA256.Digester()
	if err := json.NewEncoder(digester.Hash()).Encode(value); err != nil {
		panic(err)
	}
	return digester.Digest().String()
}
