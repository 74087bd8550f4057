package catalogue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Row is one listing of a shop with its SKU and what is to be thought of it.
type Row struct {
	events.Shown
	Verdict
	SKU, How string
	ShownAt  time.Time // since when the hub knows it to be shown like this
	alike    string    // of the code
	text     string    // to search in
	uncoded  int64
}

var table = &projection.Table[Row]{
	Name: "listings_v1", Key: 3, // so that those which matter to each other stand together
	Columns: []string{
		"alike text", "connection text", "listing text", "product text", "code text", "uncoded bigint", "title text", "variant text", "price bigint",
		"currency text", "status text", "vendor text", "quantity bigint", "sku text", "how text", "state text", "conflict text",
		"other text", "shown_at bigint", "searched text",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.alike, &r.Connection, &r.Listing, &r.Product, &r.Code, &r.uncoded, &r.Title, &r.Variant, &r.Price.Minor,
			&r.Price.Currency, &r.Status, &r.Vendor, &r.Quantity, &r.SKU, &r.How, &r.State, &r.Conflict,
			&r.Other, &r.ShownAt, &r.text,
		}
	},
}

// place says where a listing stands in the table.
type place struct{ Connection, Listing, Alike string }

var places = &projection.Table[place]{
	Name: "places_v1", Key: 2, Columns: []string{"connection text", "listing text", "alike text"},
	Fields: func(p *place) []any { return []any{&p.Connection, &p.Listing, &p.Alike} },
}

// Offer is a listing that means a SKU.
type Offer struct {
	SKU, Connection, Listing, Code, alike string
	live                                  int64 // 1 when buyers can order it
}

var offers = &projection.Table[Offer]{
	Name: "offers_v1", Key: 3, Columns: []string{"sku text", "connection text", "listing text", "code text", "alike text", "live bigint"},
	Fields: func(o *Offer) []any {
		return []any{&o.SKU, &o.Connection, &o.Listing, &o.Code, &o.alike, &o.live}
	},
}

// code is what one of a shop's codes was said to mean.
type code struct {
	Connection, Code, SKU string
	Import                int64
}

var codes = &projection.Table[code]{
	Name: "codes_v1", Key: 2, Columns: []string{"connection text", "code text", "sku text", "import bigint"},
	Fields: func(c *code) []any { return []any{&c.Connection, &c.Code, &c.SKU, &c.Import} },
}

// sku is a SKU that is known.
type sku struct{ Alike, SKU string }

var skus = &projection.Table[sku]{
	Name: "skus_v1", Key: 2, Columns: []string{"alike text", "sku text"},
	Fields: func(s *sku) []any { return []any{&s.Alike, &s.SKU} },
}

// View keeps what each shop lists. A listing is judged anew whenever its code, a mapping, a SKU or another listing that
// matters to it comes or goes, so that a read need not.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "catalogue" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string {
	return []string{table.Name, places.Name, offers.Name, codes.Name, skus.Name}
}

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), places.Create(), offers.Create(), codes.Create(), skus.Create(),
		"create index listings_v1_code on listings_v1 (connection, code, listing)",
		"create index listings_v1_state on listings_v1 (connection, state, code, listing)",
		"create index codes_v1_import on codes_v1 (connection, import, code)",
	}
}

// pair is a connection and what its listings have in common.
type pair [2]string

// fold is one batch's work. It finds rows by the begins of primary keys.
type fold struct {
	tx     projection.Tx
	rows   *projection.Edit[Row]
	places *projection.Edit[place]
	offers *projection.Edit[Offer]
	codes  *projection.Edit[code]
	skus   *projection.Edit[sku]
	alike  map[pair]bool   // of shops, whose listings' SKU may be another
	forms  map[string]bool // of all shops, likewise
	shown  map[pair]bool   // listings of shops
	meant  map[pair]bool   // SKUs of shops that listings came to mean, or ceased to, or whose status is another
	topics []string
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	f := &fold{
		tx: tx, rows: table.Edit(tx), places: places.Edit(tx), offers: offers.Edit(tx), codes: codes.Edit(tx), skus: skus.Edit(tx),
		alike: map[pair]bool{}, forms: map[string]bool{}, shown: map[pair]bool{}, meant: map[pair]bool{},
	}
	for _, r := range batch {
		if err := f.note(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, step := range []func(context.Context) error{f.rows.Save, f.places.Save, f.codes.Save, f.skus.Save, f.match, f.offers.Save, f.judge} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return f.topics, nil
}

// note keeps what a record says and which listings it matters to.
func (f *fold) note(ctx context.Context, r eventlog.Record) error {
	switch e := r.Event.(type) {
	case events.Shown:
		alike := Alike(e.Code)
		if err := f.leave(ctx, e.Connection, e.Listing, alike); err != nil {
			return err
		}
		row, err := f.rows.Get(ctx, alike, e.Connection, e.Listing)
		if err != nil {
			return err
		}
		row.Shown, row.ShownAt = e, r.At
		row.text = strings.ToLower(strings.Join([]string{e.Code, e.Title, e.Variant, e.Listing, e.Product}, "\n"))
		if row.uncoded = 0; e.Uncoded {
			row.uncoded = 1
		}
		f.alike[pair{e.Connection, alike}], f.shown[pair{e.Connection, e.Listing}] = true, true
		return f.places.Put(place{e.Connection, e.Listing, alike})
	case events.Vanished:
		if err := f.leave(ctx, e.Connection, e.Listing, ""); err != nil {
			return err
		}
		return f.places.Delete(e.Connection, e.Listing)
	case events.Mapped:
		f.alike[pair{e.Connection, Alike(e.Code)}] = true
		return f.codes.Put(code{e.Connection, e.Code, e.SKU, e.Import})
	case events.Unmapped:
		f.alike[pair{e.Connection, Alike(e.Code)}] = true
		return f.codes.Delete(e.Connection, e.Code)
	case stock.Received:
		return f.known(ctx, e.SKU)
	case stock.Bundled:
		return f.known(ctx, e.SKU)
	case events.ImportBegun, events.ImportWentOn, events.ImportEnded, events.UndoBegun, events.ImportUndone:
		f.topics = []string{"imports"}
	}
	return nil
}

// known keeps a SKU that has come to be.
func (f *fold) known(ctx context.Context, name string) error {
	alike := Alike(name)
	there, err := f.skus.Has(ctx, alike, name)
	if err != nil || there {
		return err
	}
	f.forms[alike] = true
	return f.skus.Put(sku{alike, name})
}

// leave notes whom a listing stood beside so far, and takes it away from there unless it stays.
func (f *fold) leave(ctx context.Context, connection, listing, stays string) error {
	at, err := f.places.Get(ctx, connection, listing)
	if err != nil || at.Alike == "" {
		return err
	}
	row, err := f.rows.Get(ctx, at.Alike, connection, listing)
	if err != nil {
		return err
	}
	f.alike[pair{connection, at.Alike}] = true
	if row.SKU != "" {
		f.meant[pair{connection, row.SKU}] = true
	}
	if at.Alike == stays {
		return nil
	}
	if row.SKU != "" {
		if err := f.offers.Delete(row.SKU, connection, listing); err != nil {
			return err
		}
	}
	return f.rows.Delete(at.Alike, connection, listing)
}

// group reads the listings of a shop whose codes are alike, by id.
func (f *fold) group(ctx context.Context, key pair) ([]Row, error) {
	found, err := table.Select(ctx, f.tx, "where alike = $1 and connection = $2", key[1], key[0])
	slices.SortFunc(found, func(a, b Row) int { return strings.Compare(a.Listing, b.Listing) })
	return found, err
}

// match says anew what the listings' codes mean, where that may have changed.
func (f *fold) match(ctx context.Context) error {
	for _, form := range slices.Sorted(maps.Keys(f.forms)) {
		found, err := table.Select(ctx, f.tx, "where alike = $1", form)
		if err != nil {
			return err
		}
		for _, row := range found {
			f.alike[pair{row.Connection, form}] = true
		}
	}
	edit := table.Edit(f.tx)
	for _, key := range sorted(f.alike) {
		found, err := f.group(ctx, key)
		if err != nil {
			return err
		}
		for _, row := range found {
			was, how := row.SKU, row.How
			if row.SKU, row.How, err = f.means(ctx, row); err != nil {
				return err
			}
			if row.SKU == was && row.How == how && !f.shown[pair{row.Connection, row.Listing}] {
				continue // it stands beside what has changed
			}
			if was != "" && was != row.SKU {
				f.meant[pair{row.Connection, was}] = true
				if err := f.offers.Delete(was, row.Connection, row.Listing); err != nil {
					return err
				}
			}
			if row.SKU != "" {
				f.meant[pair{row.Connection, row.SKU}] = true
				o := Offer{SKU: row.SKU, Connection: row.Connection, Listing: row.Listing, Code: row.Code, alike: row.alike}
				if row.Status == live {
					o.live = 1
				}
				if err := f.offers.Put(o); err != nil {
					return err
				}
			}
			if err := edit.Put(row); err != nil {
				return err
			}
		}
	}
	return edit.Save(ctx)
}

// means says which SKU a listing's code means.
func (f *fold) means(ctx context.Context, row Row) (string, string, error) {
	said, err := f.codes.Get(ctx, row.Connection, row.Code)
	if err != nil {
		return "", "", err
	}
	there, err := f.skus.Has(ctx, row.alike, row.Code)
	if err != nil {
		return "", "", err
	}
	k := Known{Codes: map[string]State{row.Code: {SKU: said.SKU, Import: said.Import}}, SKUs: map[string]bool{row.Code: there}}
	sku, how := k.means(row.Code)
	return sku, how, nil
}

// judge judges all listings anew that matter to each other.
func (f *fold) judge(ctx context.Context) error {
	meaning := map[pair]others{}
	means := func(key pair) (others, error) {
		if known, ok := meaning[key]; ok {
			return known, nil
		}
		found, err := offers.Select(ctx, f.tx, "where sku = $1 and connection = $2", key[1], key[0])
		same := others{}
		for _, o := range found {
			if o.live == 1 {
				same.add("", o.Listing, o.Code)
			}
		}
		meaning[key] = same
		return same, err
	}
	for _, key := range sorted(f.meant) {
		same, err := offers.Select(ctx, f.tx, "where sku = $1 and connection = $2", key[1], key[0])
		if err != nil {
			return err
		}
		for _, o := range same {
			f.alike[pair{o.Connection, o.alike}] = true
		}
	}
	edit := table.Edit(f.tx)
	for _, key := range sorted(f.alike) {
		rows, err := f.group(ctx, key)
		if err != nil {
			return err
		}
		var like []sku // two are enough: one of them is not the code
		if len(rows) > 0 {
			if like, err = skus.Select(ctx, f.tx, "where alike = $1 order by sku limit 2", key[1]); err != nil {
				return err
			}
		}
		byCode, alikes := others{}, others{}
		for _, o := range rows {
			if o.Status == live {
				byCode.add(o.Code, o.Listing, o.Listing)
				alikes.add("", o.Listing, o.Code)
			}
		}
		for _, row := range rows {
			a := Around{SKU: row.SKU, How: row.How}
			a.SameCode, _ = byCode.than(row.Code, row.Listing)
			_, a.AlikeCode = alikes.than("", row.Code)
			if row.SKU != "" {
				same, err := means(pair{row.Connection, row.SKU})
				if err != nil {
					return err
				}
				a.SameSKU, _ = same.than("", row.Code)
			}
			for _, s := range like {
				if s.SKU != row.Code && a.AlikeSKU == "" {
					a.AlikeSKU = s.SKU
				}
			}
			row.Uncoded = row.uncoded != 0
			if v := Judge(row.Shown, a); v != row.Verdict {
				row.Verdict = v
				if err := edit.Put(row); err != nil {
					return err
				}
			}
		}
	}
	return edit.Save(ctx)
}

func sorted[V any](m map[pair]V) []pair {
	return slices.SortedFunc(maps.Keys(m), func(a, b pair) int { return slices.Compare(a[:], b[:]) })
}

// Filter narrows a list of listings. Zero fields but Connection do not narrow.
type Filter struct {
	Connection string
	State      string
	Text       string // a part of the code, the title, the variant or an id
	After      string // the Next of the page before
	Limit      int    // 1 to 200
}

// List reads a page of a shop's listings by their codes, and how many there are of each state, whatever the filter.
func List(ctx context.Context, r projection.Reader, f Filter) (rows []Row, states map[string]int64, next string, err error) {
	if states, err = count(ctx, r, f.Connection); err != nil {
		return nil, nil, "", err
	}
	where, args := "where connection = $1", []any{f.Connection}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where += " and " + condition
	}
	if f.State != "" {
		add("state = ?", f.State)
	}
	if f.Text != "" {
		add(`searched like ? escape '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text))+"%")
	}
	if f.After != "" {
		listing, code, ok := strings.Cut(f.After, ",")
		if !ok {
			return nil, nil, "", ErrCursor
		}
		add("(code, listing) > (?, ?)", code, listing)
	}
	limit := min(max(f.Limit, 1), 200)
	args = append(args, limit+1)
	rows, err = table.Select(ctx, r, fmt.Sprintf("%s order by code, listing limit $%d", where, len(args)), args...)
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].Listing + "," + rows[limit-1].Code
	}
	for i := range rows {
		rows[i].Uncoded = rows[i].uncoded != 0
	}
	return rows, states, next, err
}

// ErrCursor says that a page's cursor was not made by the page before.
var ErrCursor = errors.New("catalogue: after is not a cursor of this list")

func count(ctx context.Context, r projection.Reader, connection string) (states map[string]int64, err error) {
	states = map[string]int64{Mapped: 0, Unmatched: 0, Conflict: 0, NoCode: 0}
	rows, err := r.Query(ctx, "select state, count(*) from "+table.Name+" where connection = $1 group by state", connection)
	if err != nil {
		return nil, fmt.Errorf("count listings: %w", err)
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			states, err = nil, fmt.Errorf("count listings: %w", closing)
		}
	}()
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count listings: %w", err)
		}
		states[state] = n
	}
	return states, rows.Err()
}

// Stands reads what a plan for a shop has to know, and how the shop was shown before, by the channel's ids.
func Stands(ctx context.Context, r projection.Reader, connection string) (Known, map[string]events.Shown, error) {
	k := Known{Codes: map[string]State{}, SKUs: map[string]bool{}, Alike: map[string][]string{}}
	said, err := codes.Select(ctx, r, "where connection = $1", connection)
	if err != nil {
		return k, nil, err
	}
	for _, c := range said {
		k.Codes[c.Code] = State{SKU: c.SKU, Import: c.Import}
	}
	known, err := skus.Select(ctx, r, "")
	if err != nil {
		return k, nil, err
	}
	for _, s := range known {
		k.SKUs[s.SKU] = true
		k.Alike[s.Alike] = append(k.Alike[s.Alike], s.SKU)
	}
	rows, err := table.Select(ctx, r, "where connection = $1", connection)
	if err != nil {
		return k, nil, err
	}
	before := make(map[string]events.Shown, len(rows))
	for _, row := range rows {
		row.Uncoded = row.uncoded != 0
		before[row.Listing] = row.Shown
	}
	return k, before, nil
}

// Offers reads which listings of any shop mean a SKU, at most limit of them.
func Offers(ctx context.Context, r projection.Reader, sku string, limit int) ([]Offer, error) {
	return offers.Select(ctx, r, "where sku = $1 order by connection, listing limit $2", sku, limit)
}

// ImportedCodes reads a page of what an import mapped that still stands, after a code.
func ImportedCodes(ctx context.Context, r projection.Reader, connection string, number int64, after string, limit int) ([]Map, error) {
	said, err := codes.Select(ctx, r, "where connection = $1 and import = $2 and code > $3 order by code limit $4", connection, number, after, limit)
	found := make([]Map, len(said))
	for i, c := range said {
		found[i] = Map{Connection: c.Connection, Code: c.Code, SKU: c.SKU}
	}
	return found, err
}
