package bubble

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/audit"
	"github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/vault"
)

// Judge holds what the stopped hub left against what was acknowledged and what the shop has seen. It
// adds to the report; an error is of the judge itself.
func (w *World) Judge(ctx context.Context, r *drill.Report) error {
	if err := w.JudgeKept(ctx, r); err != nil {
		return err
	}
	if twice := w.Sim.Counts().Twice(); len(twice) > 0 {
		r.Twice += len(twice)
		r.Broke("done twice at the shop: %v", twice[:min(len(twice), 5)])
	}
	s, err := w.state(ctx)
	if err != nil {
		return err
	}
	r.Orders += len(w.placed)
	for _, id := range w.placed {
		w.judgeOrder(r, s, id)
	}
	for _, k := range w.o.SKUs {
		w.judgeStock(r, s, k)
	}
	return nil
}

// JudgeKept is the part of Judge that is about any vendor: the log, the books, the views, what was acknowledged.
func (w *World) JudgeKept(ctx context.Context, r *drill.Report) error {
	if err := w.judgeStores(ctx, r); err != nil {
		return err
	}
	if err := w.judgeAgreement(ctx, r); err != nil {
		return err
	}
	if err := w.judgeInbox(ctx, r); err != nil {
		return err
	}
	return w.judgeCommands(ctx, r)
}

// judgeStores checks that the log is dense, chained and sealed, and that the views are what it says.
func (w *World) judgeStores(ctx context.Context, r *drill.Report) (err error) {
	store, err := sqlite.ReadLog(ctx, w.life.Load().dir)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if _, broken := verify.Log(ctx, store, 0); errors.Is(broken, eventlog.ErrCorrupt) {
		r.Broke("the log is not whole: %v", broken)
	} else if broken != nil {
		return broken
	}
	h := w.Hub()
	same, err := projection.Verify(ctx, h.Log, h.Views, hub.Projections(), projection.Options{})
	if err != nil {
		return fmt.Errorf("compare the views with a rebuild: %w", err)
	}
	if !same.Equal {
		r.Broke("the views differ from a rebuild in %v", same.Differ)
	}
	if f, _, _ := h.Auditor.Figure(); f.Views.Differing > 0 || f.Trouble != "" {
		r.Broke("the hub's own auditor says: %s", f.Sentence())
	}
	told, err := h.Log.ReadStream(ctx, audits.Views(workspace.Main), 0, 1)
	if err != nil {
		return err
	}
	if len(told) > 0 {
		r.Broke("the hub's own auditor has told that a view differed: %+v", told[0].Event)
	}
	books, err := audit.Log(ctx, h.Log, h.Views, func(ctx context.Context, labels []string) ([]string, error) {
		return file.MissingLabels(ctx, filepath.Join(w.life.Load().dir, "vault.db"), labels)
	})
	if err != nil {
		return err
	}
	if !books.Compared {
		r.Broke("the books could not be held against the views: orders and stock stand at different positions")
	}
	for _, finding := range books.Findings {
		r.Broke("the books do not balance: %s", finding)
	}
	return nil
}

// judgeInbox checks that every webhook that got a 200 is kept once and has come to an end.
func (w *World) judgeInbox(ctx context.Context, r *drill.Report) error {
	kept := map[[32]byte]int{}
	var pending []int64
	for after := int64(0); ; {
		items, err := w.Hub().Vault.Listed(ctx, nil, after, 1000)
		if err != nil {
			return fmt.Errorf("read the inbox: %w", err)
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			after = item.Number
			kept[item.Hash]++
			if item.Delivery == "" {
				kept[item.Hash] = 1 // without an id every delivery is another one
			}
			if item.State == vault.Pending {
				pending = append(pending, item.Number)
			}
		}
	}
	var lost, again int
	for id := range w.acked {
		if kept[id] == 0 {
			lost++
		}
	}
	for _, n := range kept {
		again += n - 1
	}
	r.Acked += len(w.acked)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged webhooks are lost", lost, len(w.acked))
	}
	if again > 0 {
		r.Broke("%d deliveries of webhooks that were kept are kept again", again)
	}
	if len(pending) > 0 {
		r.Broke("%d webhooks have not come to an end, the first of them %v", len(pending), pending[:min(len(pending), 5)])
	}
	return nil
}

func (w *World) judgeCommands(ctx context.Context, r *drill.Report) (err error) {
	store, err := sqlite.ReadLog(ctx, w.life.Load().dir)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	lost := 0
	for _, id := range w.commands {
		_, found, err := store.FindKey(ctx, "key:"+w.token[:11], id)
		if err != nil {
			return fmt.Errorf("look a command key up: %w", err)
		}
		if !found {
			lost++
		}
	}
	r.Acked += len(w.commands)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged commands are lost", lost, len(w.commands))
	}
	return nil
}

// state is the end as the views and the shop show it.
type state struct {
	orders  map[string]orders.Row           // by the shop's id
	flows   map[string]fulfilment.Row       // by the shop's id of the order
	stock   map[string]inventory.Row        // by SKU
	at      map[string]tiktoksim.OrderState // by the shop's id
	counts  tiktoksim.Counts
	shipped map[string]int64 // units that left, by SKU
	held    map[string]int64 // units that orders hold, by SKU
}

func (w *World) state(ctx context.Context) (s state, err error) {
	s = state{
		orders: map[string]orders.Row{}, flows: map[string]fulfilment.Row{}, stock: map[string]inventory.Row{},
		at: map[string]tiktoksim.OrderState{}, counts: w.Sim.Counts(), shipped: map[string]int64{}, held: map[string]int64{},
	}
	err = w.Hub().Views.Read(ctx, func(reader projection.Reader) error {
		for f := (orders.Filter{Limit: 200}); ; {
			rows, _, next, err := orders.List(ctx, reader, f)
			if err != nil {
				return err
			}
			for _, row := range rows {
				s.orders[row.ChannelID] = row
			}
			if f.After = next; next == "" {
				break
			}
		}
		for after := ""; ; {
			rows, next, err := fulfilment.List(ctx, reader, "", after, 200)
			if err != nil {
				return err
			}
			for _, row := range rows {
				_, id, _ := strings.Cut(row.ID, ":")
				s.flows[id] = row
			}
			if after = next; next == "" {
				break
			}
		}
		for _, k := range w.o.SKUs {
			item, known, err := inventory.Find(ctx, reader, k.Name, w.clock())
			if err != nil {
				return err
			}
			if known {
				s.stock[k.Name] = item.Row
			}
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read the views: %w", err)
	}
	names := map[string]string{}
	for _, k := range w.o.SKUs {
		names[k.Listing] = k.Name
	}
	for _, id := range w.placed {
		if s.at[id], err = w.Sim.Order(Shop, id); err != nil {
			return s, fmt.Errorf("ask the shop for order %s: %w", id, err)
		}
		var into map[string]int64
		switch {
		case s.flows[id].Phase == string(flow.Finished):
			into = s.shipped
		case holds(s.flows[id]):
			into = s.held
		default:
			continue
		}
		for _, l := range s.at[id].Wanted { // no drill here changes an order that has left
			into[names[l.SKUID]] += int64(l.Quantity)
		}
	}
	return s, nil
}

// holds says whether a flow that has not ended has reserved its units.
func holds(row fulfilment.Row) bool {
	return slices.Contains([]string{fulfilment.StepPayment, fulfilment.StepLabel, fulfilment.StepTell, fulfilment.StepMetrics}, row.Step) &&
		(row.Phase == string(flow.Waits) || row.Phase == string(flow.Running) || row.Phase == string(flow.IsStuck))
}

// ships is how often the shop has seen the packages of an order shipped; all of them the same, else -1.
func (s state) ships(id string) int {
	n := 0
	for i, p := range s.at[id].Packages {
		if i > 0 && s.counts.Ships[p.ID] != n {
			return -1
		}
		n = s.counts.Ships[p.ID]
	}
	return n
}

// judgeOrder checks that an order is known as the shop shows it, and that its flow stands where that
// allows it to stand.
func (w *World) judgeOrder(r *drill.Report, s state, id string) {
	row, known := s.orders[id]
	at, f := s.at[id], s.flows[id]
	if !known {
		r.Lost++
		r.Broke("order %s is %s at the shop and not known", id, at.Status)
		return
	}
	if row.Vendor != at.Status {
		r.Broke("order %s is %s at the shop and %s here", id, at.Status, row.Vendor)
	}
	ships := s.ships(id)
	cancelled := at.Status == "CANCELLED"
	var units int64
	for _, l := range at.Wanted {
		units += int64(l.Quantity)
	}
	if !cancelled && row.Units != units {
		r.Broke("order %s is of %d units at the shop and of %d here", id, units, row.Units)
	}
	switch phase := flow.Phase(f.Phase); phase {
	case flow.Finished:
		if ships != 1 {
			r.Broke("order %s is finished and was shipped %d times at the shop (%s)", id, ships, at.Status)
		}
	case flow.Undone:
		if !cancelled {
			r.Broke("order %s was undone and is %s at the shop: %s", id, at.Status, f.Sentence)
		}
	case flow.Waits, flow.IsStuck:
		switch {
		case f.Sentence == "" || phase == flow.Waits && !slices.Contains(fulfilment.Waits, f.Code):
			r.Broke("order %s is in no named state: %s, code %q, %q", id, f.Phase, f.Code, f.Sentence)
		case cancelled:
			r.Broke("order %s was cancelled and still is %s %s at step %s", id, f.Phase, f.Code, f.Step)
		case ships == 1:
			r.Broke("order %s was shipped at the shop and is %s %s at step %s: %s", id, f.Phase, f.Code, f.Step, f.Sentence)
		case !mayRest(f, at):
			r.Broke("order %s is %s at the shop and %s %s at step %s: %s", id, at.Status, f.Phase, f.Code, f.Step, f.Sentence)
		}
	default:
		r.Broke("order %s has not come to an end: %s at step %s (%s at the shop)", id, f.Phase, f.Step, at.Status)
	}
}

// mayRest says whether the shop's own state of an order is what its flow waits for.
func mayRest(f fulfilment.Row, at tiktoksim.OrderState) bool {
	switch f.Code {
	case fulfilment.WaitNoStock: // until a person retries it
		return true
	case fulfilment.WaitUnpaid:
		return at.Status == "UNPAID"
	case fulfilment.WaitOnHold:
		return at.Status == "ON_HOLD"
	}
	return false
}

// judgeStock holds a SKU's row against the commands that were answered and the parcels that left.
func (w *World) judgeStock(r *drill.Report, s state, k SKU) {
	item, known := s.stock[k.Name]
	if !known {
		if w.moved[movement{receive, k.Name}] > 0 {
			r.Broke("%s was received and is not known", k.Name)
		}
		return
	}
	if item.Available < 0 || item.Shipped > item.Received+item.Adjusted+item.Returned {
		r.Oversold++
		r.Broke("%s is oversold: %d available, %d received, %d shipped", k.Name, item.Available, item.Received, item.Shipped)
	}
	for _, figure := range []struct {
		name      string
		got, want int64
	}{
		{"received", item.Received, w.moved[movement{receive, k.Name}]},
		{"adjusted", item.Adjusted, w.moved[movement{adjust, k.Name}]},
		{"shipped", item.Shipped, s.shipped[k.Name]},
		{"on hand", item.OnHand, item.Received - item.Shipped + item.Adjusted + item.Returned},
		{"reserved", item.Reserved, s.held[k.Name]},
		{"available", item.Available, item.OnHand - item.Reserved},
	} {
		if figure.got != figure.want {
			r.Broke("the ledger of %s does not balance: it says %d %s where it should be %d", k.Name, figure.got, figure.name, figure.want)
		}
	}
}

// Check looks while the hub runs: nothing oversold and nothing done twice so far.
func (w *World) Check(ctx context.Context) error {
	if twice := w.Sim.Counts().Twice(); len(twice) > 0 {
		return fmt.Errorf("done twice at the shop: %v", twice)
	}
	return w.Hub().Views.Read(ctx, func(reader projection.Reader) error {
		for _, k := range w.o.SKUs {
			item, _, err := inventory.Find(ctx, reader, k.Name, w.clock())
			if err != nil {
				return err
			}
			if item.Available < 0 {
				return fmt.Errorf("%s is oversold by %d", k.Name, -item.Available)
			}
		}
		return nil
	})
}

// Rest waits until the hub has nothing left to do but wait for what the shop or a person must do, at
// most so long. What has not come to an end by then, Judge names.
func (w *World) Rest(ctx context.Context, most, look time.Duration) error {
	for began := time.Now(); ; {
		still, err := w.still(ctx)
		if err != nil || still || time.Since(began) >= most {
			return err
		}
		if err := Sleep(ctx, look); err != nil {
			return err
		}
	}
}

// still says whether all webhooks and all orders have come to an end, or to a wait for somebody else.
func (w *World) still(ctx context.Context) (bool, error) {
	h := w.Hub()
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return false, err
	}
	inbox, err := h.Vault.InboxCounts(ctx)
	if err != nil || inbox[vault.Pending] > 0 || w.Sim.Counts().Webhooks.Pending > 0 {
		return false, err
	}
	s, err := w.state(ctx)
	if err != nil {
		return false, err
	}
	var found drill.Report
	for _, id := range w.placed {
		w.judgeOrder(&found, s, id)
	}
	return len(found.Broken) == 0, nil
}
