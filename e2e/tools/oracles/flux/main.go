// Command flux-oracle reads golden cases on standard input and prints them with what Flux's libraries make of them.
//
//	flux-oracle health <now> < cases.json         kstatus, and Flux's own rule for Jobs
//	flux-oracle normalize [name]… < cases.json    the form in which kustomize-controller sends a manifest; the rows
//	                                              named are known to differ, and stay
//	flux-oracle drift [name]… < cases.json        what helm-controller finds of an object; the rows named are known to
//	                                              differ, and stay
//	flux-oracle ranges < table.json               the versions that source-controller takes
//	flux-oracle ignore < table.json               the files that it leaves out
//	flux-oracle substitute < cases.json           texts with the values of variables
//	flux-oracle expressions < cases.json          what CEL expressions come to
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	answer, err := answer(arguments, input)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(answer)
	return err
}

func answer(arguments []string, input []byte) (string, error) {
	switch {
	case len(arguments) == 2 && arguments[0] == "health":
		return health(arguments[1], input)
	case len(arguments) > 0 && arguments[0] == "normalize":
		return normalized(input, arguments[1:])
	case len(arguments) > 0 && arguments[0] == "drift":
		return drifts(input, arguments[1:])
	case len(arguments) == 1 && arguments[0] == "ranges":
		return table(input, inRange)
	case len(arguments) == 1 && arguments[0] == "ignore":
		return table(input, ignored)
	case len(arguments) == 1 && arguments[0] == "substitute":
		return substitutions(input)
	case len(arguments) == 1 && arguments[0] == "expressions":
		return expressions(input)
	}
	return "", fmt.Errorf("unknown task %q", strings.Join(arguments, " "))
}

// rows writes a JSON list, one row a line.
func rows(lines []string) string {
	return "[\n" + strings.Join(lines, ",\n") + "\n]\n"
}

// spaced writes a value as JSON on one line, with spaces as people put them.
func spaced(value any) string {
	var parts []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, quote(key)+": "+spaced(value[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, element := range value {
			parts = append(parts, spaced(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return quote(value)
}

// quote writes a value as JSON, `<` as itself.
func quote(value any) string {
	var output bytes.Buffer
	encoder := json.NewEncoder(&output)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(output.String(), "\n")
}
