// Command kustomize-oracle reads a golden table on standard input and prints it with what kustomize's libraries make
// of each row.
//
//	kustomize-oracle repositories < table.json    entries of `resources`, as the Git repositories that they name
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"
	_ "unsafe" // for linkname

	_ "sigs.k8s.io/kustomize/api/krusty" // links the reader of URLs
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 || arguments[0] != "repositories" {
		return fmt.Errorf("unknown task %q", strings.Join(arguments, " "))
	}
	log.SetOutput(io.Discard)
	var table [][2]any
	if err := json.NewDecoder(os.Stdin).Decode(&table); err != nil {
		return err
	}
	lines := make([]string, len(table))
	for index, row := range table {
		lines[index] = fmt.Sprintf("  [%s, %s]", quote(row[0]), quote(repository(fmt.Sprint(row[0]))))
	}
	_, err := fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
	return err
}

// repoSpec has the fields of the type that kustomize keeps to itself, in their order.
type repoSpec struct {
	raw        string
	host       string
	path       string
	clone      string
	directory  string
	ref        string
	submodules bool
	timeout    time.Duration
}

//go:linkname newRepoSpecFromURL sigs.k8s.io/kustomize/api/internal/git.NewRepoSpecFromURL
func newRepoSpecFromURL(entry string) (*repoSpec, error)

// repository says what kustomize would clone; nothing when the entry names no repository.
func repository(entry string) any {
	spec, err := newRepoSpecFromURL(entry)
	if err != nil {
		return nil
	}
	return map[string]any{
		"url":        spec.host + spec.path,
		"directory":  spec.directory,
		"ref":        spec.ref,
		"submodules": spec.submodules,
		"timeout":    spec.timeout.Seconds(),
	}
}

// quote writes a value as JSON, `&` as itself.
func quote(value any) string {
	var output bytes.Buffer
	encoder := json.NewEncoder(&output)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(output.String(), "\n")
}
