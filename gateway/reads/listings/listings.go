// Package listings makes the bodies of what a shop lists and of its imports.
//
//	views, log, what the importer knows now ─► a body ─► GET
package listings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// Bodies makes bodies. Its methods may be called from many goroutines.
type Bodies struct {
	Log       *eventlog.Log
	Workspace string // id
	// Imports tells of a shop's import or preview since the start; ok is false when there was none. nil knows none.
	Imports func(connection string) (p catalogue.Progress, ok bool)
}

// ShopListing is how a shop lists something, and the SKU that it means.
type ShopListing struct {
	Listing  string      `json:"listing" doc:"the channel's id of the SKU"`
	Product  string      `json:"product" doc:"the channel's id of the product"`
	Title    string      `json:"title"`
	Variant  string      `json:"variant" doc:"what tells it from the product's other SKUs; empty when nothing does"`
	Code     string      `json:"code" doc:"the seller's code; where there is none the channel's id, which can be mapped too"`
	HasCode  bool        `json:"has_code"`
	Price    money.Money `json:"price"`
	Status   string      `json:"status" enum:"live,off,draft,unknown"`
	Vendor   string      `json:"vendor_status" doc:"the channel's own word for the status"`
	Quantity int64       `json:"quantity" doc:"for sale when it was read"`
	SKU      string      `json:"sku" doc:"ours; empty when there is none"`
	State    string      `json:"state" enum:"mapped,unmatched,conflict,no_code"`
	Conflict string      `json:"conflict" enum:",same_code,same_sku,alike_sku,alike_code" doc:"its kind"`
	Other    string      `json:"other" doc:"the listing, SKU or code that it is in conflict with"`
	Sentence string      `json:"sentence" doc:"what stands and what to do"`
}

func shopListing(l shopevents.Shown, sku string, v catalogue.Verdict, sentence string) ShopListing {
	return ShopListing{
		Listing: l.Listing, Product: l.Product, Title: l.Title, Variant: l.Variant, Code: l.Code, HasCode: !l.Uncoded, Price: l.Price, Status: l.Status,
		Vendor: l.Vendor, Quantity: l.Quantity, SKU: sku, State: v.State, Conflict: v.Conflict, Other: v.Other, Sentence: sentence,
	}
}

// KnownListing is a listing as the hub knows it.
type KnownListing struct {
	ShopListing
	How     string `json:"how" enum:",hand,import,spelling" doc:"who says that it means the SKU"`
	ShownAt string `json:"shown_at" doc:"since when the hub knows it like this"`
}

func stamp(t time.Time) string { return t.UTC().Format(reads.Layout) }

// ListingCounts are a shop's listings by state.
type ListingCounts struct {
	Mapped    int64 `json:"mapped"`
	Unmatched int64 `json:"unmatched"`
	Conflict  int64 `json:"conflict"`
	NoCode    int64 `json:"no_code"`
}

// ListingList is a page of a shop's listings, by code.
type ListingList struct {
	reads.Page
	ImportedAt *string        `json:"imported_at" doc:"when the last import that read the whole shop ended; null = none did"`
	Counts     ListingCounts  `json:"counts" doc:"of the whole shop, whatever the filter"`
	Items      []KnownListing `json:"items"`
}

// Listings makes the body of GET /api/v1/connections/{id}/listings.
func (b Bodies) Listings(ctx context.Context, r projection.Reader, f catalogue.Filter) (ListingList, error) {
	if err := connected(ctx, r, f.Connection); err != nil {
		return ListingList{}, err
	}
	rows, states, next, err := catalogue.List(ctx, r, f)
	if errors.Is(err, catalogue.ErrCursor) {
		return ListingList{}, reads.ErrAfter
	}
	if err != nil {
		return ListingList{}, err
	}
	last, err := catalogue.FindImport(ctx, b.Log, b.Workspace, f.Connection)
	if err != nil {
		return ListingList{}, err
	}
	var at *string
	if !last.Whole.IsZero() {
		text := stamp(last.Whole)
		at = &text
	}
	body := ListingList{Page: reads.Page{Position: int64(r.Position()), Total: -1, Next: next}, ImportedAt: at, Items: []KnownListing{}, Counts: ListingCounts{
		Mapped: states[catalogue.Mapped], Unmatched: states[catalogue.Unmatched], Conflict: states[catalogue.Conflict], NoCode: states[catalogue.NoCode],
	}}
	switch c := body.Counts; {
	case f.Text != "":
	case f.State != "":
		body.Total = states[f.State]
	default:
		body.Total = c.Mapped + c.Unmatched + c.Conflict + c.NoCode
	}
	for _, row := range rows {
		body.Items = append(body.Items, KnownListing{
			ShopListing: shopListing(row.Shown, row.SKU, row.Verdict, catalogue.Sentence(row.Shown, row.SKU, row.How, row.Verdict)),
			How:         row.How, ShownAt: stamp(row.ShownAt),
		})
	}
	return body, nil
}

// connected says reads.ErrNotFound of a shop that is none.
func connected(ctx context.Context, r projection.Reader, connection string) error {
	all, err := shops.List(ctx, r)
	if err == nil && !slices.ContainsFunc(all, func(s shops.Row) bool { return s.ID == connection }) {
		err = reads.ErrNotFound
	}
	return err
}

// ImportStep is what an import does with a listing, or would.
type ImportStep struct {
	ShopListing
	Do string `json:"do" enum:"map,create,keep,leave"`
}

// ImportCounts are the listings of an import by what it does with them.
type ImportCounts struct {
	Map    int64 `json:"map" doc:"codes that are a SKU's"`
	Create int64 `json:"create" doc:"SKUs that are made"`
	Keep   int64 `json:"keep" doc:"mapped already"`
	Leave  int64 `json:"leave" doc:"a person has to look"`
	Broken int64 `json:"broken" doc:"could not be read; at most 200 are told"`
}

// LastImport is the last import that ended, from the log.
type LastImport struct {
	Number  int64  `json:"number"`
	At      string `json:"at"`
	Read    int64  `json:"read"`
	Mapped  int64  `json:"mapped"`
	Created int64  `json:"created"`
	Left    int64  `json:"left"`
	Broken  int64  `json:"broken"`
	Failed  string `json:"failed"`
}

// ImportReport is how a shop's import or preview fares, and what it does with each listing.
type ImportReport struct {
	reads.Page
	Running bool               `json:"running"`
	DryRun  bool               `json:"dry_run" doc:"it is a preview: nothing is written"`
	Create  bool               `json:"create_missing"`
	Undoing bool               `json:"undoing" doc:"an import is being taken back"`
	Read    int                `json:"read" doc:"listings so far"`
	Failed  string             `json:"failed" doc:"why the shop could not be read and what mends it, a sentence"`
	Note    string             `json:"note" doc:"why there are no items, a sentence"`
	Undo    int64              `json:"undo" doc:"number of the import that undo-import takes back; 0 = none"`
	Last    *LastImport        `json:"last" doc:"null when none has ended"`
	Counts  ImportCounts       `json:"counts"`
	Broken  []catalogue.Broken `json:"broken"`
	Items   []ImportStep       `json:"items" doc:"in the shop's order"`
}

// Import makes the body of GET /api/v1/connections/{id}/import.
func (b Bodies) Import(ctx context.Context, r projection.Reader, connection, do, after string, limit int) (ImportReport, error) {
	if err := connected(ctx, r, connection); err != nil {
		return ImportReport{}, err
	}
	from := 0
	if after != "" {
		var err error
		if from, err = strconv.Atoi(after); err != nil || from < 0 {
			return ImportReport{}, reads.ErrAfter
		}
	}
	s, err := catalogue.FindImport(ctx, b.Log, b.Workspace, connection)
	if err != nil {
		return ImportReport{}, err
	}
	var p catalogue.Progress
	known := false
	if b.Imports != nil {
		p, known = b.Imports(connection)
	}
	if s.Running && (p.DryRun || !p.Running) { // it was asked for just now
		p, known = catalogue.Progress{Create: s.Create, Running: true}, true
	}
	body := ImportReport{
		Page: reads.Page{Position: int64(r.Position())}, Running: p.Running, DryRun: p.DryRun, Create: p.Create, Undoing: s.Undoing, Read: p.Read,
		Failed: p.Failed, Undo: s.Undoable, Broken: append([]catalogue.Broken{}, p.Broken...), Items: []ImportStep{},
	}
	body.Counts.Broken = int64(len(p.Broken))
	if e := s.Ended; e.Number > 0 {
		body.Last = &LastImport{e.Number, stamp(e.At), e.Read, e.Mapped, e.Created, e.Left, e.Broken, e.Failed}
	}
	switch {
	case body.Running:
		body.Note = fmt.Sprintf("The shop is being read: %d listings so far.", p.Read)
	case !known:
		body.Note = "Since the hub was started, nothing of this shop was imported or previewed. What the hub knows of it is in its listings."
	}
	for i, step := range p.Steps {
		switch step.Do {
		case catalogue.DoMap:
			body.Counts.Map++
		case catalogue.DoCreate:
			body.Counts.Create++
		case catalogue.DoKeep:
			body.Counts.Keep++
		default:
			body.Counts.Leave++
		}
		if do != "" && do != step.Do {
			continue
		}
		body.Total++
		switch {
		case i < from:
		case len(body.Items) < limit:
			body.Items = append(body.Items, ImportStep{shopListing(step.Shown, step.SKU, step.Verdict, step.Sentence), step.Do})
		case body.Next == "":
			body.Next = strconv.Itoa(i)
		}
	}
	return body, nil
}
