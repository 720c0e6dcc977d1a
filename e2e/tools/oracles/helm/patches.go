package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"helm.sh/helm/v4/pkg/kube"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/kubernetes/scheme"
)

// patchRow is an object as it was applied, as it shall be and as it is. With a path, `at`, they are what stands there:
// names with dots between them, `containers[name=c]` being the element of a list. What is missing is not there.
type patchRow struct {
	Kind         string          `json:"kind"`
	At           string          `json:"at"`
	Original     json.RawMessage `json:"original"`
	Modified     json.RawMessage `json:"modified"`
	Current      json.RawMessage `json:"current"`
	Unstructured bool            `json:"unstructured"`
}

// makePatch answers with the patch that Helm sends, by its kind, or with nothing where it sends none.
func makePatch(text []byte) (any, error) {
	var row patchRow
	if err := json.Unmarshal(text, &row); err != nil {
		return nil, err
	}
	var texts [3][]byte
	for index, value := range []json.RawMessage{row.Original, row.Modified, row.Current} {
		object, err := row.object(value)
		if err != nil {
			return nil, err
		}
		if texts[index], err = json.Marshal(object.Object); err != nil {
			return nil, err
		}
	}
	kind, patch, err := row.patch(texts[0], texts[1], texts[2])
	if err != nil || bytes.Equal(patch, []byte("{}")) {
		return nil, err
	}
	return map[string]any{kind: json.RawMessage(patch)}, nil
}

func (r patchRow) patch(original, modified, current []byte) (kind string, patch []byte, err error) {
	target, err := r.object(r.Modified)
	if err != nil {
		return "", nil, err
	}
	mapping := &meta.RESTMapping{GroupVersionKind: target.GroupVersionKind()}
	versioned := kube.AsVersioned(&resource.Info{Object: target, Mapping: mapping})
	_, untyped := versioned.(runtime.Unstructured)
	if _, definition := versioned.(*apiextensionsv1beta1.CustomResourceDefinition); !untyped && !definition {
		types, err := strategicpatch.NewPatchMetaFromStruct(versioned)
		if err != nil {
			return "", nil, err
		}
		patch, err = strategicpatch.CreateThreeWayMergePatch(original, modified, current, types, true)
		return "strategic", patch, err
	}
	if r.Unstructured {
		patch, err = jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current,
			mergepatch.RequireKeyUnchanged("apiVersion"), mergepatch.RequireKeyUnchanged("kind"),
			mergepatch.RequireMetadataKeyUnchanged("name"))
	} else {
		patch, err = jsonpatch.CreateMergePatch(original, modified)
	}
	return "merge", patch, err
}

func (r patchRow) object(value json.RawMessage) (*unstructured.Unstructured, error) {
	found := value
	if r.At != "" {
		found = []byte("{}")
		if value != nil {
			found = value
		}
		parts := strings.Split(r.At, ".")
		for index, part := range slices.Backward(parts) {
			last := index == len(parts)-1
			found = wrapped(found, part, last && value == nil)
		}
	}
	var object map[string]any
	if err := kjson.Unmarshal(found, &object); err != nil {
		return nil, err
	}
	version, kind, _ := strings.Cut(r.Kind, " ")
	if _, ok := object["apiVersion"]; !ok {
		object["apiVersion"] = version
	}
	object["kind"] = kind
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	if _, ok := metadata["name"]; !ok {
		metadata["name"] = "n"
	}
	object["metadata"] = metadata
	return &unstructured.Unstructured{Object: object}, nil
}

// wrapped puts a value below a name, or into the element of a list.
func wrapped(value []byte, part string, absent bool) []byte {
	if absent {
		return []byte("{}")
	}
	name, element, list := strings.Cut(strings.TrimSuffix(part, "]"), "[")
	if !list {
		return []byte("{" + quote(name) + ": " + string(value) + "}")
	}
	key, id, _ := strings.Cut(element, "=")
	item := map[string]json.RawMessage{}
	if err := json.Unmarshal(value, &item); err != nil {
		panic(err)
	}
	item[key] = json.RawMessage(quote(id))
	return []byte("{" + quote(name) + ": [" + written(item) + "]}")
}

const typesHeader = `# How client-go v0.36 patches the kinds that it knows, and the definitions of others.
# ` + "`= group/version Kind type`" + ` names the type of a kind. ` + "`type`" + ` starts a type; below it, one field a line:
#   name [-> type] [* list | % map] [+ merged list [by key]] [! retained keys] [~ replaced]
# Types and fields that lead to none of the three are left out.
`

// printTypes writes what patches of built-in kinds go by: the tags of their types in Go.
func printTypes(_ io.Reader, output io.Writer) error {
	known := runtime.NewScheme()
	if err := scheme.AddToScheme(known); err != nil {
		return err
	}
	if err := apiextensionsv1.AddToScheme(known); err != nil {
		return err
	}
	types, kinds := typeTable{}, []string{}
	for kind, found := range known.AllKnownTypes() {
		if _, ok := found.FieldByName("ObjectMeta"); ok && kind.Version != runtime.APIVersionInternal {
			types.add(found)
			kinds = append(kinds, "= "+kind.GroupVersion().String()+" "+kind.Kind+" "+typeName(found))
		}
	}
	types.prune()
	slices.Sort(kinds)
	_, err := io.WriteString(output, typesHeader+strings.Join(kinds, "\n")+"\n"+types.text())
	return err
}

// typeField is a field of a type, under the name that it has in JSON.
type typeField struct {
	name, of, tail string
}

type typeTable map[string][]typeField

func (t typeTable) add(found reflect.Type) {
	name := typeName(found)
	if _, ok := t[name]; ok || found.Kind() != reflect.Struct {
		return
	}
	t[name] = nil
	t[name] = t.fields(found)
}

func (t typeTable) fields(found reflect.Type) (fields []typeField) {
	for index := range found.NumField() {
		field := found.Field(index)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Type.Kind() == reflect.Struct && (strings.Contains(options, "inline") || field.Anonymous && name == "") {
			fields = append(fields, t.fields(field.Type)...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		of, shape := pointed(field.Type), ""
		switch of.Kind() {
		case reflect.Slice:
			of, shape = pointed(of.Elem()), " *"
		case reflect.Map:
			of, shape = pointed(of.Elem()), " %"
		}
		entry := typeField{name: name, tail: shape + strategy(field.Tag)}
		if of.Kind() == reflect.Struct {
			t.add(of)
			entry.of = typeName(of)
		}
		fields = append(fields, entry)
	}
	return fields
}

func strategy(tag reflect.StructTag) (text string) {
	for strategy := range strings.SplitSeq(tag.Get("patchStrategy"), ",") {
		switch strategy {
		case "merge":
			text += strings.TrimSuffix(" + "+tag.Get("patchMergeKey"), " ")
		case "retainKeys":
			text += " !"
		case "replace":
			text += " ~"
		}
	}
	return text
}

// prune leaves what leads to a strategy.
func (t typeTable) prune() {
	leads := map[string]bool{}
	useful := func(field typeField) bool { return strings.ContainsAny(field.tail, "+!~") || leads[field.of] }
	for grown := true; grown; {
		grown = false
		for name, fields := range t {
			if !leads[name] && slices.ContainsFunc(fields, useful) {
				leads[name], grown = true, true
			}
		}
	}
	for name, fields := range t {
		t[name] = slices.DeleteFunc(fields, func(field typeField) bool { return !useful(field) })
		for index := range t[name] {
			if of := t[name][index].of; of != "" && !leads[of] {
				t[name][index].of = ""
			}
		}
	}
}

func (t typeTable) text() string {
	var lines []string
	for name, fields := range t {
		if len(fields) == 0 {
			continue
		}
		text := name + "\n"
		slices.SortFunc(fields, func(one, other typeField) int { return strings.Compare(one.name, other.name) })
		for _, field := range fields {
			text += " " + field.name
			if field.of != "" {
				text += " -> " + field.of
			}
			text += field.tail + "\n"
		}
		lines = append(lines, text)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func pointed(found reflect.Type) reflect.Type {
	for found.Kind() == reflect.Pointer {
		found = found.Elem()
	}
	return found
}

// typeName is the package's last two names and the type's.
func typeName(found reflect.Type) string {
	parts := strings.Split(found.PkgPath(), "/")
	return fmt.Sprintf("%s.%s", strings.Join(parts[max(0, len(parts)-2):], "."), found.Name())
}
