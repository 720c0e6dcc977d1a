// Command yaml-oracle reads standard input and prints what Go's YAML libraries make of it.
//
//	yaml-oracle marshal < case.json     sigs.k8s.io/yaml: a value as YAML
//	yaml-oracle wide < case.in.yaml     go-yaml v3: the first document, lists indented
//	yaml-oracle compact < case.in.yaml  the same, lists not indented
//	yaml-oracle scalars < table.json    what plain scalars mean to either: the table with its answers made anew
//	yaml-oracle documents < table.json  what documents mean to go-yaml v3
//	yaml-oracle fuzz < texts            all of it for each line, a text as JSON, as fast as lines come
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "fuzz" {
		return fuzz(os.Stdin, os.Stdout)
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	answer, err := answer(strings.Join(arguments, " "), input)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(answer)
	return err
}

func answer(task string, input []byte) ([]byte, error) {
	switch task {
	case "marshal":
		return marshal(input)
	case "wide":
		return layout(input, false)
	case "compact":
		return layout(input, true)
	case "scalars":
		return table(input, scalar)
	case "documents":
		return table(input, documents)
	}
	return nil, fmt.Errorf("unknown task %q", task)
}

// marshal prints the value that JSON stands for: a whole number of 64 bits, or else a float.
func marshal(input []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return yaml.Marshal(numbers(value))
}

func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		return number(value)
	case []any:
		for index := range value {
			value[index] = numbers(value[index])
		}
	case map[string]any:
		for key := range value {
			value[key] = numbers(value[key])
		}
	}
	return value
}

func number(text json.Number) any {
	if whole, err := text.Int64(); err == nil {
		return whole
	}
	if whole, err := strconv.ParseUint(text.String(), 10, 64); err == nil {
		return whole
	}
	float, err := text.Float64()
	if err != nil {
		panic(err)
	}
	return float
}

// layout prints the node of the first document as go-yaml v3 does, without comments.
func layout(input []byte, compact bool) ([]byte, error) {
	var node yamlv3.Node
	if err := yamlv3.Unmarshal(input, &node); err != nil {
		return nil, err
	}
	dropComments(&node)
	text, err := encode(&node, compact)
	return []byte(text), err
}

func dropComments(node *yamlv3.Node) {
	node.HeadComment, node.LineComment, node.FootComment = "", "", ""
	for _, child := range node.Content {
		dropComments(child)
	}
}

// table answers each row of texts anew.
func table(input []byte, answer func(row []string) []string) ([]byte, error) {
	var rows [][]string
	if err := json.Unmarshal(input, &rows); err != nil {
		return nil, err
	}
	lines := make([]string, len(rows))
	for index, row := range rows {
		var cells []string
		for _, cell := range answer(row) {
			cells = append(cells, quote(cell))
		}
		lines[index] = "  [" + strings.Join(cells, ", ") + "]"
	}
	return []byte("[\n" + strings.Join(lines, ",\n") + "\n]\n"), nil
}

// documents answers a name and a text with the JSON that go-yaml v3 makes of the list of its documents.
func documents(row []string) []string {
	found, err := decode(row[1])
	if err != nil {
		return []string{row[0], row[1], err.Error()}
	}
	return []string{row[0], row[1], string(found)}
}

func decode(text string) ([]byte, error) {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	found := []any{}
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return json.Marshal(found)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, document)
	}
}

// scalar answers a text with the JSON that sigs.k8s.io/yaml makes of it in a list, and the JSON of go-yaml v3.
func scalar(row []string) []string {
	list := []byte("- " + row[0] + "\n")
	return []string{row[0], element(yaml.YAMLToJSON(list)), element(v3(list))}
}

func v3(list []byte) ([]byte, error) {
	var value any
	if err := yamlv3.Unmarshal(list, &value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// element returns what a list of one element holds, or the error.
func element(list []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(list), "["), "]")
}

// quote writes text as JSON, `<` as itself.
func quote(text string) string {
	var output bytes.Buffer
	encoder := json.NewEncoder(&output)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(output.String(), "\n")
}
