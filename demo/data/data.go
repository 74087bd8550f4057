// Package data carries the demo's order log, an excerpt of a public data set, inside the binary; demo/excerpt reads it.
package data

import _ "embed" // the file below

// Orders is orders.jsonl.gz: gzip, one JSON object a line, made by scripts/excerpt and described in README.md.
//
//go:embed orders.jsonl.gz
var Orders []byte
