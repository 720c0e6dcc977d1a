// Command helm-oracle says what Helm's libraries make of templates and charts.
//
//	helm-oracle rows < table.json     golden rows, each with what Helm's engine makes of its template
//	helm-oracle stubbed < table.json  the same, with functions of chance, keys and time that answer always alike
//	helm-oracle charts < jobs         one line for each job: the release that Helm would make of a chart, with such
//	                                  functions where the job asks for them
//	helm-oracle values < table.json   golden rows of another kind, each with its answer: what flags of values come to;
//	                                  also coalesce, dependencies, schema, ignore, load, stored, made, digests,
//	                                  references, postrender, strategies
//	helm-oracle capabilities          the API versions that Helm knows without a cluster
//	helm-oracle deprecations          the kinds that should not be used any more
//	helm-oracle patches < table.json  golden rows with the patches that an upgrade sends when the client makes them
//	helm-oracle types                 what those of built-in kinds go by
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
)

func main() {
	time.Local = time.UTC
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := run(strings.Join(os.Args[1:], " ")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tasks are named by the only argument.
var tasks = map[string]func(input io.Reader, output io.Writer) error{
	"rows":         func(input io.Reader, output io.Writer) error { return answerRows(input, output, nil) },
	"stubbed":      func(input io.Reader, output io.Writer) error { return answerRows(input, output, stubs()) },
	"charts":       answerJobs,
	"capabilities": printCapabilities,
	"deprecations": printDeprecations,
	"types":        printTypes,
}

func run(task string) error {
	if answer, ok := tables[task]; ok {
		return answerTable(os.Stdin, os.Stdout, answer)
	}
	if task, ok := tasks[task]; ok {
		return task(os.Stdin, os.Stdout)
	}
	return fmt.Errorf("unknown task %q", task)
}

func printCapabilities(_ io.Reader, output io.Writer) error {
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"apiVersions": common.DefaultCapabilities.APIVersions,
		"kubeVersion": common.DefaultCapabilities.KubeVersion.Version,
	})
}
