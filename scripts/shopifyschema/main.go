// Shopifyschema cuts Shopify's own Admin API introspection down to the types that CreatorFlow has to do with, as GraphQL SDL
// without descriptions. Judges of the connector and of its simulator read the result.
//
//	npm pack @shopify/dev-mcp@1.16.0 && tar xzf shopify-dev-mcp-1.16.0.tgz package/dist/data
//	go run ./scripts/shopifyschema --from package/dist/data/admin_2026-07.json.gz --to channels/shopify/testdata/admin-2026-07.graphql
//
// The types are those that the simulator's schema names, with every field, argument and value that Shopify has, as far as
// their own types are among them.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// wanted is the schema whose types are kept.
const wanted = "channels/shopify/shopifysim/graph/schema.graphql"

func main() {
	from := flag.String("from", "", "introspection, gzip")
	to := flag.String("to", "", "SDL to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "shopifyschema:", err)
		os.Exit(1)
	}
}

type typeRef struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	OfType *typeRef `json:"ofType"`
}

func (t *typeRef) String() string {
	switch t.Kind {
	case "NON_NULL":
		return t.OfType.String() + "!"
	case "LIST":
		return "[" + t.OfType.String() + "]"
	}
	return t.Name
}

func (t *typeRef) named() string {
	for t.OfType != nil {
		t = t.OfType
	}
	return t.Name
}

type value struct {
	Name    string   `json:"name"`
	Type    *typeRef `json:"type"`
	Args    []value  `json:"args"`
	Default *string  `json:"defaultValue"`
	Stale   bool     `json:"isDeprecated"`
}

type kind struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Fields     []value   `json:"fields"`
	Inputs     []value   `json:"inputFields"`
	Enums      []value   `json:"enumValues"`
	Interfaces []typeRef `json:"interfaces"`
	Members    []typeRef `json:"possibleTypes"` // of a union
}

type schema struct {
	Types []kind `json:"types"`
}

func run(from, to string) error {
	all, err := read(from)
	if err != nil {
		return err
	}
	sdl, err := os.ReadFile(wanted)
	if err != nil {
		return err
	}
	names := map[string]bool{"String": true, "Int": true, "Float": true, "Boolean": true, "ID": true}
	for _, found := range regexp.MustCompile(`(?m)^(?:type|interface|input|enum|scalar|union) (\w+)`).FindAllStringSubmatch(string(sdl), -1) {
		names[found[1]] = true
	}
	return os.WriteFile(to, cut(all, names), 0o600)
}

func read(from string) (schema, error) {
	file, err := os.Open(from)
	if err != nil {
		return schema{}, err
	}
	defer func() { _ = file.Close() }() // only read
	packed, err := gzip.NewReader(file)
	if err != nil {
		return schema{}, fmt.Errorf("%s: %w", from, err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		return schema{}, fmt.Errorf("%s: %w", from, err)
	}
	var whole struct {
		Data struct {
			Schema schema `json:"__schema"`
		} `json:"data"`
		Schema schema `json:"__schema"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return schema{}, fmt.Errorf("%s: %w", from, err)
	}
	if len(whole.Schema.Types) == 0 {
		whole.Schema = whole.Data.Schema
	}
	return whole.Schema, nil
}

func cut(all schema, names map[string]bool) []byte {
	var out bytes.Buffer
	out.WriteString("# Types of Shopify's Admin API 2026-07, cut by scripts/shopifyschema from the introspection in npm @shopify/dev-mcp 1.16.0 (ISC).\n")
	out.WriteString("schema { query: QueryRoot mutation: Mutation }\ndirective @idempotent(key: String!) on FIELD\n")
	slices.SortFunc(all.Types, func(a, b kind) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range all.Types {
		if !names[t.Name] || slices.Contains([]string{"String", "Int", "Float", "Boolean", "ID"}, t.Name) {
			continue
		}
		word := map[string]string{"OBJECT": "type", "INTERFACE": "interface", "INPUT_OBJECT": "input", "ENUM": "enum", "SCALAR": "scalar", "UNION": "union"}[t.Kind]
		fmt.Fprintf(&out, "\n%s %s", word, t.Name)
		if parents := kept(t.Interfaces, names); len(parents) > 0 {
			fmt.Fprintf(&out, " implements %s", strings.Join(parents, " & "))
		}
		switch t.Kind {
		case "SCALAR":
			out.WriteString("\n")
			continue
		case "UNION":
			fmt.Fprintf(&out, " = %s\n", strings.Join(kept(t.Members, names), " | "))
			continue
		}
		out.WriteString(" {\n")
		for _, f := range slices.Concat(t.Fields, t.Inputs, t.Enums) {
			line(&out, f, names)
		}
		out.WriteString("}\n")
	}
	return out.Bytes()
}

// kept are the names of those types that are kept.
func kept(types []typeRef, names map[string]bool) (list []string) {
	for _, t := range types {
		if names[t.Name] {
			list = append(list, t.Name)
		}
	}
	return list
}

// line writes a field, an input or a value; one whose type is not kept is left out.
func line(out *bytes.Buffer, f value, names map[string]bool) {
	stale := ""
	if f.Stale {
		stale = " @deprecated"
	}
	if f.Type == nil {
		fmt.Fprintf(out, "  %s%s\n", f.Name, stale)
		return
	}
	if !names[f.Type.named()] {
		return
	}
	var args []string
	for _, a := range f.Args {
		if names[a.Type.named()] {
			args = append(args, a.Name+": "+a.Type.String()+standing(a))
		}
	}
	list := ""
	if len(args) > 0 {
		list = "(" + strings.Join(args, ", ") + ")"
	}
	fmt.Fprintf(out, "  %s%s: %s%s%s\n", f.Name, list, f.Type, standing(f), stale)
}

func standing(v value) string {
	if v.Default == nil {
		return ""
	}
	return " = " + *v.Default
}
