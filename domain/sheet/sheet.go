// Package sheet reads and writes stock as a spreadsheet knows it: comma-separated lines, the first of which names the columns.
//
//	lines ─► Parse ─► rows, faults ─► Check (each against its SKU's stock) ─► changes, faults
//
// What Write gives out, Parse takes back: whoever fills in the column counted books exactly the differences that were counted, also
// when orders came in between, since a count is held against what the file says the ledger said when it was given out.
package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
)

// MaxRows is how many rows a sheet may have: all of them are decided in one commit.
const MaxRows = 5000

// Columns of a stock sheet. Write fills all but the last four, which are for whoever counts or receives goods.
const (
	ColumnSKU         = "sku"
	ColumnOnHand      = "on_hand"     // what the ledger said when the sheet was given out
	ColumnCorrections = "corrections" // the sum of all corrections then
	ColumnReserved    = "reserved"
	ColumnAvailable   = "available"
	ColumnName        = "name"
	ColumnCounted     = "counted"  // units that were found
	ColumnReceived    = "received" // units that arrived; a SKU that is not known yet comes to be
	ColumnReason      = "reason"
	ColumnLocation    = "location" // its name or its id; empty = the main one
)

// written are the columns in the order in which they are written; read are those that Parse takes.
var (
	written = []string{ColumnSKU, ColumnName, ColumnOnHand, ColumnReserved, ColumnAvailable, ColumnCorrections, ColumnCounted, ColumnReceived, ColumnReason}
	read    = []string{ColumnSKU, ColumnName, ColumnOnHand, ColumnCorrections, ColumnCounted, ColumnReceived, ColumnReason, ColumnLocation}
)

// Row is one line that asks for something.
type Row struct {
	Line              int // of the file, the first is 1
	SKU, Name, Reason string
	Location          string // as it is written there
	Received, Counted *int64
	OnHand            *int64 // nil = the file does not say: the count is held against the ledger as it is
	Corrections       *int64 // likewise
}

// Fault is something of a line that cannot be taken. Line 0 is the file as a whole.
type Fault struct {
	Line   int
	Column string // empty = the line as a whole
	Value  string
	Rule   string // completes "counted must …"; a whole sentence where there is no column
}

// Parsed is what stands in a sheet.
type Parsed struct {
	Rows    []Row
	Blank   int      // lines that name a SKU and ask for nothing
	Ignored []string // columns that mean nothing here, as the file calls them
	Faults  []Fault
}

// Parse reads lines separated by commas, semicolons or tabs, whichever the first has most of. sku brings a SKU into the form in
// which SKUs are compared.
func Parse(lines []string, sku func(string) string) Parsed {
	p := parser{sku: sku, seen: map[[2]string]int{}}
	if len(lines) > 0 {
		lines = slices.Clone(lines)
		lines[0] = strings.TrimPrefix(lines[0], "\ufeff") // spreadsheets put it there
	}
	for i, line := range lines {
		if !utf8.ValidString(line) || strings.ContainsRune(line, utf8.RuneError) {
			p.fault(i+1, "", "", "This line is not UTF-8 text. Save the file as “CSV UTF-8”.")
			return p.Parsed
		}
	}
	if len(lines) == 0 || strings.TrimSpace(lines[0]) == "" {
		p.fault(1, "", "", "The first line is empty; it must name the columns, such as sku,counted.")
		return p.Parsed
	}
	r := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(lines[0]), -1, true
	for {
		record, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return p.Parsed
		case errors.As(err, &wrong):
			p.fault(wrong.StartLine, "", "", "A quotation mark is missing or stands in the wrong place; nothing after this line was read.")
			return p.Parsed
		case err != nil:
			p.fault(0, "", "", "The file cannot be read: "+err.Error())
			return p.Parsed
		}
		line, _ := r.FieldPos(0)
		switch {
		case p.columns == nil:
			if !p.head(line, record) {
				return p.Parsed
			}
		case len(p.Rows) == MaxRows:
			p.fault(line, "", "", fmt.Sprintf("A sheet has at most %d rows that ask for something. Send the rest in another one.", MaxRows))
			return p.Parsed
		default:
			p.row(line, record)
		}
	}
}

func separator(head string) rune {
	best, most := ',', 0
	for _, r := range []rune{',', ';', '\t'} {
		if n := strings.Count(head, string(r)); n > most {
			best, most = r, n
		}
	}
	return best
}

type parser struct {
	Parsed
	sku     func(string) string
	columns map[string]int    // by name
	seen    map[[2]string]int // the line of each SKU and location
}

func (p *parser) fault(line int, column, value, rule string) {
	const shown = 60
	if r := []rune(value); len(r) > shown {
		value = string(r[:shown]) + "…"
	}
	p.Faults = append(p.Faults, Fault{Line: line, Column: column, Value: value, Rule: rule})
}

// head reads the names of the columns.
func (p *parser) head(line int, record []string) (ok bool) {
	p.columns = map[string]int{}
	for i, given := range record {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(given)), " ", "_")
		_, twice := p.columns[name]
		switch {
		case !slices.Contains(read, name):
			if !slices.Contains(written, name) && name != "" {
				p.Ignored = append(p.Ignored, given)
			}
		case twice:
			p.fault(line, name, given, "must be the name of one column only")
			return false
		default:
			p.columns[name] = i
		}
	}
	_, named := p.columns[ColumnSKU]
	_, counted := p.columns[ColumnCounted]
	_, received := p.columns[ColumnReceived]
	if !named || !counted && !received {
		p.fault(line, "", strings.Join(record, ", "), "The first line must name the columns: sku, and counted or received. Others that are read: name, location, on_hand, corrections, reason.")
		return false
	}
	return true
}

func (p *parser) row(line int, record []string) {
	cell := func(column string) string {
		if i, ok := p.columns[column]; ok && i < len(record) {
			return plain(strings.TrimSpace(record[i]))
		}
		return ""
	}
	before := len(p.Faults)
	number := func(column string, least, most int64) *int64 {
		text := cell(column)
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least || n > most {
			p.fault(line, column, text, fmt.Sprintf("must be a whole number from %d to %d, written without separators, or empty", least, most))
			return nil
		}
		return &n
	}
	row := Row{
		Line: line, SKU: p.sku(cell(ColumnSKU)), Name: cell(ColumnName), Reason: cell(ColumnReason), Location: cell(ColumnLocation),
		Received: number(ColumnReceived, 0, inventory.MaxUnits), Counted: number(ColumnCounted, 0, inventory.MaxUnits),
		OnHand: number(ColumnOnHand, -inventory.MaxUnits, inventory.MaxUnits), Corrections: number(ColumnCorrections, -1<<53, 1<<53),
	}
	if row.Received != nil && *row.Received == 0 { // as a spreadsheet fills a column
		row.Received = nil
	}
	at := [2]string{row.SKU, strings.ToLower(row.Location)}
	switch first, twice := p.seen[at]; {
	case len(p.Faults) > before:
	case row.Received == nil && row.Counted == nil:
		if row.SKU != "" {
			p.Blank++
		}
	case !inventory.ValidSKU(row.SKU):
		p.fault(line, ColumnSKU, row.SKU, "must be 1 to 100 bytes of text without control characters")
	case twice:
		p.fault(line, ColumnSKU, row.SKU, fmt.Sprintf("must stand on one line only; it stands on line %d already", first))
	case row.Received != nil && row.Counted != nil:
		p.fault(line, ColumnReceived, cell(ColumnReceived), "must be empty where counted is not: units that arrived before the count are counted")
	case strings.ContainsFunc(row.Reason+row.Name, unicode.IsControl):
		p.fault(line, ColumnReason, row.Reason, "must be text without control characters, and so must the name")
	default:
		p.seen[at] = line
		p.Rows = append(p.Rows, row)
	}
}

// A spreadsheet takes a cell that begins with one of these for a formula, and what a buyer or a supplier wrote must not become one.
const formula = "=+-@"

// plain takes off the mark that Write puts before such a cell.
func plain(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && rest != "" && strings.ContainsRune(formula, rune(rest[0])) {
		return rest
	}
	return cell
}

func guarded(cell string) string {
	if cell != "" && strings.ContainsRune(formula, rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// Write gives out rows as a sheet. Figures stay figures. Stands tell where the units of each row lie, if there are several locations:
// then each has a line of its own.
func Write(to io.Writer, rows []inventory.Row, stands [][]places.Stand) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true // RFC 4180
	head := written
	if stands != nil {
		head = append(slices.Clone(written), ColumnLocation)
	}
	if err := w.Write(head); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for i, r := range rows {
		lines := [][]string{{guarded(r.SKU), guarded(r.Name), n(r.OnHand), n(r.Reserved), n(r.Available), n(r.Adjusted), "", "", ""}}
		if stands != nil {
			lines = nil
			for _, at := range stands[i] {
				lines = append(lines, []string{guarded(r.SKU), guarded(r.Name), n(at.Units), n(r.Reserved), n(r.Available), n(at.Adjusted), "", "", "", guarded(at.Name)})
			}
		}
		if err := w.WriteAll(lines); err != nil {
			return fmt.Errorf("write the sheet: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}
