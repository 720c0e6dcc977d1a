package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// answers are what both libraries make of a text; nothing where they refuse it. A text is skipped on which they panic,
// and one that kustomize changes before it decodes it.
type answers struct {
	V2      *string `json:"v2"`
	V3      *string `json:"v3"`
	Printed *string `json:"printed"`
	Wide    *string `json:"wide"`
	Compact *string `json:"compact"`
	LaidOut bool    `json:"laid_out"`
	Skipped bool    `json:"skipped"`
}

// fuzz answers each line of input with a line of output.
func fuzz(input io.Reader, output io.Writer) error {
	lines := bufio.NewReaderSize(input, 1<<20)
	writer := bufio.NewWriter(output)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return writer.Flush()
		}
		if err != nil {
			return err
		}
		if err := reply(line, writer); err != nil {
			return err
		}
		if lines.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
}

func reply(line []byte, writer io.Writer) error {
	var text string
	if err := json.Unmarshal(line, &text); err != nil {
		return err
	}
	return json.NewEncoder(writer).Encode(all(text))
}

func all(text string) (found answers) {
	defer func() {
		if recover() != nil {
			found = answers{Skipped: true}
		}
	}()
	if value, err := yaml.YAMLToJSON([]byte(text)); err == nil {
		found.V2 = pointer(string(value), nil)
		found.Printed = pointer(printed(value))
	}
	if isChangedBefore(text) {
		return answers{Skipped: true}
	}
	if value, err := resources(text); err == nil {
		found.V3 = pointer(string(value), nil)
		found.Wide, found.Compact, found.LaidOut = layouts(text)
	}
	return found
}

func pointer(text string, err error) *string {
	if err != nil {
		return nil
	}
	return &text
}

func printed(value []byte) (string, error) {
	text, err := yaml.JSONToYAML(value)
	return string(text), err
}

// layouts prints the first document, if it means the same without its anchors.
func layouts(text string) (wide, compact *string, comparable bool) {
	var node yamlv3.Node
	if err := yamlv3.Unmarshal([]byte(text), &node); err != nil || node.Kind == 0 || !isPlain(&node) {
		return nil, nil, false
	}
	dropComments(&node)
	return pointer(encode(&node, false)), pointer(encode(&node, true)), true
}

func encode(node *yamlv3.Node, compact bool) (string, error) {
	var output bytes.Buffer
	encoder := yamlv3.NewEncoder(&output)
	encoder.SetIndent(2)
	if compact {
		encoder.CompactSeqIndent()
	}
	if err := encoder.Encode(node); err != nil {
		return "", err
	}
	return output.String(), encoder.Close()
}

// resources returns the JSON of a list of documents as kustomize reads them: the keys of the outermost mapping are text.
func resources(text string) ([]byte, error) {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	found := []any{}
	for {
		var document resource
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return json.Marshal(found)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, document.value)
	}
}

type resource struct{ value any }

func (r *resource) UnmarshalYAML(node *yamlv3.Node) error {
	if node.Kind == yamlv3.MappingNode {
		object := map[string]any{}
		r.value = object
		return node.Decode(&object)
	}
	return node.Decode(&r.value)
}

// isChangedBefore says whether the top is tagged as null or has a null key, which hides whatever is wrong below it, or a key that is no
// text in what is merged: kustomize writes merged keys out, so that they count there.
func isChangedBefore(text string) bool {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	for {
		var node yamlv3.Node
		if err := decoder.Decode(&node); err != nil {
			return false
		}
		if top := &node; isNull(top.Content[0]) || hasKey(top.Content[0], "!!null") || mergesOtherKeys(top) {
			return true
		}
	}
}

// isNull tells a collection that is tagged so: no resource is.
func isNull(node *yamlv3.Node) bool {
	return node.Kind != yamlv3.ScalarNode && node.ShortTag() == "!!null"
}

func hasKey(node *yamlv3.Node, tag string) bool {
	for index := 0; node.Kind == yamlv3.MappingNode && index < len(node.Content); index += 2 {
		if node.Content[index].ShortTag() == tag {
			return true
		}
	}
	return false
}

func mergesOtherKeys(node *yamlv3.Node) bool {
	for index, child := range node.Content {
		isMerged := node.Kind == yamlv3.MappingNode && index%2 == 1 && node.Content[index-1].ShortTag() == "!!merge"
		if isMerged && hasOtherKeys(child, 0) || mergesOtherKeys(child) {
			return true
		}
	}
	return false
}

// hasOtherKeys looks at a mapping that is merged, or at those in a list. Aliases may lead in circles.
func hasOtherKeys(node *yamlv3.Node, depth int) bool {
	if node.Kind == yamlv3.AliasNode && depth < 10 {
		return hasOtherKeys(node.Alias, depth+1)
	}
	for index, child := range node.Content {
		isKey := node.Kind == yamlv3.MappingNode && index%2 == 0
		if isKey && child.ShortTag() != "!!str" || !isKey && depth < 10 && hasOtherKeys(child, depth+1) {
			return true
		}
	}
	return false
}

// isPlain says whether there are no anchors, aliases, merge keys and tags.
func isPlain(node *yamlv3.Node) bool {
	if node.Anchor != "" || node.Style&yamlv3.TaggedStyle != 0 || node.Kind == yamlv3.AliasNode || node.ShortTag() == "!!merge" {
		return false
	}
	for _, child := range node.Content {
		if !isPlain(child) {
			return false
		}
	}
	return true
}
