// Command excerpt cuts the demo's order log out of the public Online Retail data set.
//
// It reads the CSV (gzip), keeps a contiguous time range and writes an explicit, ordered list: one JSON object a line,
// first the head, then the products, then orders and cancellations as they happened. The rules are in rules.go and in
// demo/data/README.md. The same input and flags give the same bytes.
//
//	go run ./scripts/excerpt -in online_retail.csv.gz -out demo/data/orders.jsonl.gz
package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "excerpt:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("excerpt", flag.ContinueOnError)
	in := flags.String("in", "", "the data set, CSV in gzip, in time order")
	to := flags.String("out", "demo/data/orders.jsonl.gz", "where the excerpt is written")
	from := flags.String("from", "2010-12-01", "first day")
	until := flags.String("until", "2011-04-01", "first day that is left out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *in == "" {
		return errors.New("name the data set with -in FILE")
	}
	rows, err := read(*in, *from, *until)
	if err != nil {
		return err
	}
	x, err := build(rows)
	if err != nil {
		return err
	}
	file, err := os.Create(*to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	counter := &counted{to: file}
	packed, err := gzip.NewWriterLevel(counter, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(packed, x); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	head, err := json.Marshal(x.Head)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n%s: %d bytes\n", head, *to, counter.bytes)
	return err
}

// row is one line of the data set, as text.
type row struct{ invoice, code, title, quantity, time, price, customer, country string }

// read returns the rows with from ≤ day < until.
func read(name, from, until string) (rows []row, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	table := csv.NewReader(unpacked)
	names, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if got := strings.Join(names, ","); got != "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country" {
		return nil, fmt.Errorf("read %s: the first line is %q, not the data set's", name, got)
	}
	for {
		f, err := table.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if f[4] >= from && f[4] < until {
			rows = append(rows, row{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]})
		}
	}
}

// write puts the excerpt out as JSON lines.
func write(to io.Writer, x excerpt) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(x.Head); err != nil {
		return err
	}
	for _, p := range x.Products {
		if err := encoder.Encode(p); err != nil {
			return err
		}
	}
	for _, e := range x.Entries {
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// counted counts the bytes that pass through it.
type counted struct {
	to    io.Writer
	bytes int
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += n
	return n, err
}
