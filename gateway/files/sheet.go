package files

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/domain/bundles"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/domain/sheet"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/projection"
)

// maxBytes is how much a sheet of sheet.MaxRows rows may take: as much as any request.
const maxBytes = edge.MaxBody

// shown is how many faults of a sheet a refusal lists.
const shown = 100

// Import is the body of the command that takes in a sheet, and of its preview.
type Import struct {
	Lines []string `json:"lines" minItems:"1" maxItems:"20000" doc:"of the file, the first names the columns: sku, and counted or received; also name, location, on_hand, corrections, reason"`
}

// MaxBodyBytes is how much the body may take.
func (Import) MaxBodyBytes() int64 { return maxBytes }

// Plan plans the command: all rows in one commit, or none of them.
func (b Import) Plan(workspace string, sku func(string) string) (eventlog.Request, error) {
	parsed := sheet.Parse(b.Lines, sku)
	if len(parsed.Faults) > 0 {
		return eventlog.Request{}, invalid(parsed.Faults)
	}
	r := eventlog.Request{Folds: make([]eventlog.Fold, len(parsed.Rows), len(parsed.Rows)+1)}
	for i, row := range parsed.Rows {
		r.Folds[i] = inventory.Fold(workspace, row.SKU)
	}
	r.Folds = append(r.Folds, places.Fold(workspace))
	r.Decide = func(states []eventlog.State) (d eventlog.Decision, _ error) {
		stock := make([]inventory.State, len(parsed.Rows))
		for i := range stock {
			stock[i] = states[i].Value.(inventory.State)
		}
		changes, faults := sheet.Check(parsed.Rows, stock, states[len(stock)].Value.(places.State))
		if len(faults) > 0 {
			return d, eventlog.Refusal(faults[0].Said() + more(len(faults)-1) + " Nothing of the sheet was booked.")
		}
		at := map[string]int{}
		for _, c := range changes { // a SKU has a line for each location
			i, more := at[c.SKU]
			if !more {
				i = len(d.Writes)
				at[c.SKU], d.Writes = i, append(d.Writes, eventlog.Decided{Stream: stockevents.Stream(workspace, c.SKU)})
			}
			d.Writes[i].Events = append(d.Writes[i].Events, c.Events...)
		}
		return d, nil
	}
	return r, nil
}

func more(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " One more line has a fault; the preview lists both."
	}
	return " More lines have faults; the preview lists them all."
}

// invalid is the answer to a sheet that cannot be read.
func invalid(faults []sheet.Fault) *edge.Problem {
	p := edge.Invalid()
	p.Detail = faults[0].Said() + more(len(faults)-1) + " Nothing of the sheet was booked."
	for _, f := range faults[:min(len(faults), shown)] {
		p.Errors = append(p.Errors, edge.Fault{Field: "lines", Rule: f.Said(), Value: f.Value})
	}
	return p
}

// SheetChange is what a row of a sheet would do.
type SheetChange struct {
	Line int    `json:"line" doc:"of the file, the first is 1"`
	SKU  string `json:"sku"`
	Was  int64  `json:"was" doc:"units on hand, at the location that the line names"`
	Will int64  `json:"will" doc:"units on hand afterwards"`
	New  bool   `json:"new" doc:"the SKU comes to be"`
}

// SheetFault is what is wrong with a line.
type SheetFault struct {
	Line   int    `json:"line" doc:"of the file; 0 = the file as a whole"`
	Column string `json:"column" doc:"empty = the line as a whole"`
	Value  string `json:"value"`
	Rule   string `json:"rule" doc:"the sentence that may be shown, with the mend"`
}

// SheetPreview is what a sheet would do.
type SheetPreview struct {
	Changes []SheetChange `json:"changes"`
	Same    int           `json:"same" doc:"rows that change nothing"`
	Blank   int           `json:"blank" doc:"rows that ask for nothing"`
	Ignored []string      `json:"ignored" doc:"columns that mean nothing here"`
	Faults  []SheetFault  `json:"faults" doc:"while there is one, nothing can be booked"`
}

func registerSheet(api huma.API, o Options) {
	type fileOutput struct {
		Position    int64  `header:"X-Log-Position"`
		Type        string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        []byte
	}
	huma.Register(api, huma.Operation{
		Method: http.MethodGet, Path: "/api/v1/sheets/stock", OperationID: "get-stock-sheet", Tags: []string{"read"}, Security: security,
		Summary: "All stock as a spreadsheet (CSV), with empty columns for whoever counts or receives goods",
	}, func(ctx context.Context, _ *struct{}) (*fileOutput, error) {
		if p := o.Busy(); p != nil {
			return nil, o.Answer(ctx, p)
		}
		out := &fileOutput{Type: "text/csv; charset=utf-8", Disposition: `attachment; filename="stock.csv"`}
		var rows []inventory.Row
		var stands [][]places.Stand
		err := o.Views.Read(ctx, func(r projection.Reader) error {
			out.Position = int64(r.Position())
			bundle := map[string]bool{} // there is nothing of them to count
			if err := bundles.Each(ctx, r, func(p bundles.Part) { bundle[p.Bundle] = true }); err != nil {
				return err
			}
			err := inventory.Each(ctx, r, func(row inventory.Row) {
				if !bundle[row.SKU] {
					rows = append(rows, row)
				}
			})
			where, wrong := places.Read(ctx, r)
			if err = errors.Join(err, wrong); err != nil || !where.Several() {
				return err
			}
			all, several := make([][]places.Stand, len(rows)), len(where.Open()) > 1
			for i, row := range rows {
				if all[i], err = places.Standing(ctx, r, row.SKU, row.OnHand, row.Adjusted); err != nil {
					return err
				}
				several = several || len(all[i]) > 1
			}
			if several {
				stands = all
			}
			return nil
		})
		var file bytes.Buffer
		if err == nil {
			err = sheet.Write(&file, rows, stands)
		}
		if err != nil {
			return nil, o.Answer(ctx, err)
		}
		out.Body = file.Bytes()
		return out, nil
	})
	type previewInput struct{ Body Import }
	type previewOutput struct{ Body SheetPreview }
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sheets/stock", OperationID: "preview-stock-sheet", Tags: []string{"read"}, Security: security,
		MaxBodyBytes: maxBytes, Errors: []int{http.StatusUnprocessableEntity},
		Summary: "What import-stock would do with a sheet, line by line; nothing is written",
	}, func(ctx context.Context, in *previewInput) (*previewOutput, error) {
		p, err := preview(ctx, o, in.Body)
		if err != nil {
			return nil, o.Answer(ctx, err)
		}
		return &previewOutput{p}, nil
	})
}

func preview(ctx context.Context, o Options, b Import) (p SheetPreview, err error) {
	parsed := sheet.Parse(b.Lines, o.SKU)
	stock := make([]inventory.State, len(parsed.Rows))
	for i, row := range parsed.Rows {
		s, err := o.Log.Fold(ctx, inventory.Fold(o.Workspace, row.SKU))
		if err != nil {
			return p, err
		}
		stock[i] = s.Value.(inventory.State)
	}
	where, err := o.Log.Fold(ctx, places.Fold(o.Workspace))
	if err != nil {
		return p, err
	}
	changes, faults := sheet.Check(parsed.Rows, stock, where.Value.(places.State))
	p = SheetPreview{
		Changes: make([]SheetChange, 0, len(changes)), Same: len(parsed.Rows) - len(changes) - len(faults), Blank: parsed.Blank,
		Ignored: append([]string{}, parsed.Ignored...), Faults: []SheetFault{},
	}
	for _, c := range changes {
		p.Changes = append(p.Changes, SheetChange{Line: c.Line, SKU: c.SKU, Was: c.Was, Will: c.Will, New: c.New})
	}
	for _, f := range append(parsed.Faults, faults...) {
		p.Faults = append(p.Faults, SheetFault{Line: f.Line, Column: f.Column, Value: f.Value, Rule: f.Said()})
	}
	return p, nil
}
