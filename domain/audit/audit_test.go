package audit_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/audit"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

const w, order = "main", "k1:A"

func pounds(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }

func of(e ...eventlog.Event) eventlog.Write {
	return eventlog.Write{Stream: orderevents.Stream(w, order), Events: e}
}

func stock(e ...eventlog.Event) eventlog.Write {
	return eventlog.Write{Stream: stockevents.Stream(w, "MUG"), Events: e}
}

func flow(e ...eventlog.Event) eventlog.Write {
	return eventlog.Write{Stream: eventlog.Stream{Workspace: w, Kind: fulfilment.Kind, ID: order}, Events: e}
}

var (
	placed = orderevents.Placed{
		Order: order, Connection: "k1", Channel: "tiktok", ChannelID: "A", Status: orders.Unpaid, Total: pounds(500),
		Lines:   []orderevents.Line{{Listing: "1", Code: "MUG", Quantity: 2, Price: pounds(250)}},
		Created: time.Unix(1_700_000_000, 0).UTC(), Updated: time.Unix(1_700_000_000, 0).UTC(),
	}
	received = stockevents.Received{SKU: "MUG", Quantity: 3}
	started  = flows.Started{Kind: fulfilment.Kind, Flow: order}
	matched  = orderevents.Matched{Order: order, SKUs: []string{"MUG"}}
	reserved = stockevents.Reserved{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2}
	paid     = orderevents.PaymentCompleted{Order: order, Total: pounds(500)}
	labelled = flows.StepSucceeded{Flow: order, Step: fulfilment.StepLabel, Attempt: 1, Data: map[string]string{"label": "l1"}}
	shipped  = stockevents.Shipped{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2}
	finished = flows.Finished{Flow: order}
)

// whole is an order's life as it should be.
func whole() []eventlog.Write {
	return []eventlog.Write{
		stock(received), of(placed), flow(started), of(matched), stock(reserved), of(paid), flow(labelled), stock(shipped), flow(finished),
		stock(stockevents.Returned{SKU: "MUG", Order: order, Quantity: 1, Sellable: true}),
		of(orderevents.Cancelled{Order: order, From: orders.Unpaid}),
		{Stream: letterevents.Stream(w, "return-"+order), Events: []eventlog.Event{letterevents.Opened{Letter: "return-" + order, Subject: order}}},
	}
}

func TestWholeHistoryAddsUp(t *testing.T) {
	got := look(t, whole())
	if got.Count != 0 || got.Summary() != "1 orders and the stock of 1 SKUs" {
		t.Errorf("%d findings: %q (%s)", got.Count, got.Findings, got.Summary())
	}
}

// together stands for the version of a write that is of one commit with the write before it.
const together = 1 << 40

// An order that was sent while its stock was free takes its units and ships them in the commit that ends its flow, in whichever order
// their events stand there.
func TestFreedHistoryAddsUp(t *testing.T) {
	again, left := reserved, shipped
	again.Attempt, left.Attempt = 2, 2
	last := stock(again, left)
	last.Expected = together
	got := look(t, slices.Replace(whole(), 7, 9, stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2}), flow(finished), last))
	if got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
	last.Expected = 0
	got = look(t, slices.Replace(whole(), 7, 9, stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2}), flow(finished), last))
	if got.Count == 0 {
		t.Error("nothing is found of an order that takes units after its end")
	}
}

// A unit that is cancelled out of an order is free, and the rest leaves.
func TestLessenedHistoryAddsUp(t *testing.T) {
	rest := shipped
	rest.Quantity = 1
	got := look(t, slices.Replace(whole(), 7, 8, stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1, Kept: 1}, rest)))
	if got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
}

// A unit that the channel lists again is promised again with the rest.
func TestRelistedHistoryAddsUp(t *testing.T) {
	got := look(t, slices.Replace(whole(), 7, 8, stock(
		stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1, Kept: 1},
		stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1},
		stockevents.Reserved{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2},
		shipped,
	)))
	if got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
}

// Units that the channel puts into an order are promised with the rest, those of another line too, and the sales figures count the total
// that it shows; what it never listed is nobody's.
func TestAddedHistoryAddsUp(t *testing.T) {
	added := orderevents.Amended{Order: order, Lines: append(slices.Clone(placed.Lines), orderevents.Line{Listing: "2", Code: "CUP", Quantity: 1, Price: pounds(100)}), Total: pounds(700)}
	added.Lines[0].Quantity++
	history := func(promised int64) []eventlog.Write {
		return slices.Replace(whole(), 7, 8, of(added), of(orderevents.Matched{Order: order, SKUs: []string{"MUG", "MUG"}}), stock(
			stockevents.Received{SKU: "MUG", Quantity: 5},
			stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2},
			stockevents.Reserved{SKU: "MUG", Order: order, Attempt: 1, Quantity: promised},
			stockevents.Shipped{SKU: "MUG", Order: order, Attempt: 1, Quantity: promised},
		))
	}
	if got := look(t, history(4)); got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
	early := whole() // a line that came before its order was matched was not named once
	if got := look(t, slices.Insert(early, 3, of(added))); got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
	if got := look(t, history(5)); got.Count != 1 || !strings.Contains(got.Findings[0], "which asks for 4") {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
}

// bundled is the life of an order of two sets, a mug each, that was entered here.
func bundled() []eventlog.Write {
	set := func(e ...eventlog.Event) eventlog.Write {
		return eventlog.Write{Stream: stockevents.Stream(w, "SET"), Events: e}
	}
	direct := placed
	direct.Lines, direct.Direct = []orderevents.Line{{Listing: "SET", Code: "SET", Quantity: 2, Price: pounds(250)}}, orderevents.Direct{Pay: orderevents.PayElsewhere}
	return []eventlog.Write{
		stock(received), set(stockevents.Bundled{SKU: "SET", Components: []stockevents.Component{{SKU: "MUG", Quantity: 1}}}), stock(stockevents.JoinedBundle{SKU: "MUG", Bundle: "SET", Quantity: 1}),
		of(direct, orderevents.Exploded{Order: order, Bundles: []orderevents.Bundle{{SKU: "SET", Components: []orderevents.Component{{SKU: "MUG", Quantity: 1}}}}}),
		stock(reserved), flow(started), of(orderevents.Matched{Order: order, SKUs: []string{"SET"}}), of(paid), stock(shipped), flow(finished),
	}
}

func TestBundlesAddUp(t *testing.T) {
	if got := look(t, bundled()); got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
	for _, c := range []struct {
		name string
		at   int
		with eventlog.Write
		want string
	}{
		{"a bundle that is promised itself", 4, eventlog.Write{Stream: stockevents.Stream(w, "SET"), Events: []eventlog.Event{
			stockevents.Reserved{SKU: "SET", Order: order, Attempt: 1, Quantity: 2},
		}}, "and it is a bundle"},
		{"more than two sets are made of", 4, stock(stockevents.Reserved{SKU: "MUG", Order: order, Attempt: 1, Quantity: 3}), "which asks for 2"},
		{"exploded twice", 6, of(orderevents.Exploded{Order: order, Bundles: []orderevents.Bundle{{SKU: "SET"}}}), "exploded a second time"},
		{"a bundle of what is promised", 5, stock(stockevents.Bundled{SKU: "MUG"}), "with 2 of it promised"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := look(t, slices.Replace(bundled(), c.at, c.at+1, c.with))
			if !slices.ContainsFunc(got.Findings, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q, want %q", got.Findings, c.want)
			}
		})
	}
}

// located is the life of an order that is sent from two locations, after units went from the one to the other.
func located() []eventlog.Write {
	at := func(e ...eventlog.Event) eventlog.Write {
		return eventlog.Write{Stream: placeevents.Stream(w), Events: e}
	}
	far := received
	far.Location, far.Quantity = "stall", 4
	split := []stockevents.Part{{Location: "stall", Quantity: 1}, {Quantity: 1}}
	left := shipped
	left.From = split
	return []eventlog.Write{
		stock(received), at(placeevents.Set{Location: "stall", Name: "Stall", Ships: true}), stock(far),
		stock(stockevents.Moved{SKU: "MUG", To: "stall", Quantity: 2}), stock(stockevents.Adjusted{SKU: "MUG", Delta: -5, Reason: "count", Location: "stall"}),
		of(placed), flow(started), of(matched), stock(reserved), of(paid), stock(stockevents.Allotted{SKU: "MUG", Order: order, Attempt: 1, From: split}),
		flow(labelled), stock(left), flow(finished), stock(stockevents.Returned{SKU: "MUG", Order: order, Quantity: 1, Sellable: true, Location: "stall"}),
	}
}

func TestLocationsAddUp(t *testing.T) {
	if got := look(t, located()); got.Count != 0 {
		t.Errorf("%d findings: %q", got.Count, got.Findings)
	}
	aside := placeevents.Set{Location: "stall", Name: "Stall"}
	all := shipped
	all.From = []stockevents.Part{{Location: "stall", Quantity: 2}}
	less := shipped
	less.From = []stockevents.Part{{Location: "stall", Quantity: 1}}
	for _, c := range []struct {
		name string
		at   int
		with eventlog.Write
		want string
	}{
		{"a location that nobody made", 1, stock(stockevents.Adjusted{SKU: "MUG", Delta: 1, Reason: "found"}), "lies at the location stall, which nobody has made"},
		{"promised where orders do not ship from", 1, eventlog.Write{Stream: placeevents.Stream(w), Events: []eventlog.Event{aside}}, "MUG is oversold: 2 are promised with 1 on hand"},
		{"more goes than lies there", 3, stock(stockevents.Moved{SKU: "MUG", To: "stall", Quantity: 4}), "4 of MUG went from main, where 3 lay"},
		{"more leaves than lies there", 12, stock(all), "2 of MUG left, more than lay at stall, with 1 at main"},
		{"less leaves from somewhere than leaves", 12, stock(less), "1 of MUG lie at its locations, and 0 are on hand"},
		{"set aside for an order that holds less", 10, stock(stockevents.Allotted{SKU: "MUG", Order: order, Attempt: 1, From: []stockevents.Part{{Quantity: 3}}}), "3 of MUG are set aside for order k1:A, which does not hold as many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := look(t, slices.Replace(located(), c.at, c.at+1, c.with))
			if !slices.ContainsFunc(got.Findings, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q, want %q", got.Findings, c.want)
			}
		})
	}
}

// TestFindings breaks that life in one place each.
func TestFindings(t *testing.T) {
	replace := func(i int, with ...eventlog.Write) []eventlog.Write { return slices.Replace(whole(), i, i+1, with...) }
	more := func(e eventlog.Write) []eventlog.Write { return append(whole(), e) }
	other := reserved
	other.Quantity = 1
	for _, c := range []struct {
		name    string
		history []eventlog.Write
		want    string
	}{
		{"oversold", replace(0, stock(stockevents.Received{SKU: "MUG", Quantity: 1})), "MUG is oversold: 2 are promised with 1 on hand"},
		{"a reservation of nobody", replace(4, stock(stockevents.Reserved{SKU: "MUG", Order: "k1:B", Attempt: 1, Quantity: 2})), "promised to order k1:B, which is not open"},
		{"reserved twice", replace(4, stock(other, other)), "a second time"},
		{"more reserved than ordered", replace(4, stock(stockevents.Reserved{SKU: "MUG", Order: order, Attempt: 1, Quantity: 3})), "which asks for 2"},
		{"another number of SKUs", replace(3, of(orderevents.Matched{Order: order, SKUs: []string{"MUG", "HAT"}})), "has 1 lines, and 2 SKUs"},
		{"shipped without a reservation", replace(4), "held no MUG"},
		{"shipped less than reserved", replace(7, stock(stockevents.Shipped{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1})), "held 2 of MUG, and 1 are taken"},
		{"less released and kept than reserved", replace(7, stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1})), "held 2 of MUG, and 1 are taken"},
		{"more released and kept than reserved", replace(7, stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1, Kept: 2})), "held 2 of MUG, and 1 are taken"},
		{"shipped more than was kept", replace(7, stock(
			stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 1, Kept: 1},
			stockevents.Shipped{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2},
		)), "held 1 of MUG, and 2 are taken"},
		{"released after it was shipped", more(stock(stockevents.Released{SKU: "MUG", Order: order, Attempt: 1, Quantity: 2})), "held no MUG"},
		{"an ended flow that holds units", replace(7), "has ended, and the order still holds 2 of MUG"},
		{"more came back than was shipped", more(stock(stockevents.Returned{SKU: "MUG", Quantity: 2})), "3 of MUG came back in all, and 2 were shipped"},
		{"a return of nobody", more(stock(stockevents.Returned{SKU: "MUG", Order: "k1:B", Quantity: 1})), "order k1:B, which is not known"},
		{"placed twice", more(of(placed)), "placed a second time"},
		{"paid twice", more(of(paid)), "paid a second time"},
		{"paid with another amount", replace(5, of(orderevents.PaymentCompleted{Order: order, Total: pounds(499)})), "is paid with 4.99 GBP, it was placed with 5.00 GBP"},
		{"disclosed with another amount", more(of(orderevents.Disclosed{Order: order, Lines: placed.Lines, Total: pounds(499)})), "is disclosed with 4.99 GBP, it had 5.00 GBP"},
		{"disclosed with more, after it was paid", more(of(orderevents.Disclosed{Order: order, Lines: placed.Lines, Total: pounds(501)})), "is disclosed with 5.01 GBP, it had 5.00 GBP"},
		{"news of no order", more(eventlog.Write{Stream: orderevents.Stream(w, "k1:B"), Events: []eventlog.Event{orderevents.Confirmed{Order: "k1:B"}}}), "order k1:B was never placed"},
		{"a flow of no order", more(eventlog.Write{Stream: eventlog.Stream{Workspace: w, Kind: fulfilment.Kind, ID: "k1:B"}, Events: []eventlog.Event{started}}), "of order k1:B, which is not known"},
		{"a letter of no order", more(eventlog.Write{Stream: letterevents.Stream(w, "short-k1:B"), Events: []eventlog.Event{letterevents.Opened{Letter: "short-k1:B", Subject: "k1:B"}}}), "about order k1:B, which is not known"},
		{"a label that is not kept", replace(6, flow(flows.StepSucceeded{Flow: order, Step: fulfilment.StepLabel, Data: map[string]string{"label": "l2"}})), "the label l2, which is not kept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := look(t, c.history)
			if !slices.ContainsFunc(got.Findings, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q, want %q", got.Findings, c.want)
			}
		})
	}
}

// TestViewsThatDiffer changes a row of each view that figures come from.
func TestViewsThatDiffer(t *testing.T) {
	for _, c := range []struct{ change, want string }{
		{"update stock_v3 set on_hand = on_hand + 1", "of MUG the views have 3 on hand, 0 promised, 2 shipped; the log has 2, 0 and 2"},
		{"update stock_v3 set aside = 1", "of MUG the views have 1 that are not for sale, the log has 0"},
		{"insert into shelves_v3 (sku, location, units, adjusted, picked) values ('MUG', 'stall', 2, 0, 0)", "of MUG the views have 2 at stall, the log has 0"},
		{"update sales_quarters_v4 set orders = 2", "the views have sold 2 orders for 5.00 GBP, the log 1 for 5.00 GBP"},
		{"update order_counts_v4 set n = 2 where key = 'all'", "the views count 2 orders, the log has 1"},
	} {
		t.Run(c.change, func(t *testing.T) {
			got := look(t, whole()[:10], c.change) // before it is cancelled
			if len(got.Findings) != 1 || got.Findings[0] != c.want {
				t.Errorf("found %q, want %q", got.Findings, c.want)
			}
		})
	}
}

// TestViewsThatAreBuilt: figures of views that stand at different positions are not compared.
func TestViewsThatAreBuilt(t *testing.T) {
	got := look(t, whole(), behind, "update stock_v3 set on_hand = 9")
	if got.Compared || got.Count != 0 {
		t.Errorf("compared: %v, found %q", got.Compared, got.Findings)
	}
}

// behind is a change that leaves one view at an earlier position.
const behind = ""

// look appends a history, folds it into the views, changes those, and audits.
func look(t *testing.T, history []eventlog.Write, changes ...string) *audit.Books {
	t.Helper()
	place := storagetest.New(t)
	store, views := place.Log(), place.Views()
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	versions := map[eventlog.Stream]eventlog.Version{}
	var commit []eventlog.Write
	for i, write := range history {
		write.Expected = versions[write.Stream]
		versions[write.Stream] += eventlog.Version(len(write.Events))
		if commit = append(commit, write); i+1 < len(history) && history[i+1].Expected == together {
			continue
		}
		if _, err := log.Append(t.Context(), commit...); err != nil {
			t.Fatal(err)
		}
		commit = nil
	}
	folded := []projection.Projection{orders.View{}, inventory.View{}}
	runner := projection.NewRunner(log, views, folded, projection.Options{})
	running.Go(func() { _ = runner.Run(ctx) })
	if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
		t.Fatal(err)
	}
	cancel()
	running.Wait()
	err = views.Write(t.Context(), func(tx projection.Tx, at []projection.Checkpoint) ([]projection.Checkpoint, error) {
		for _, change := range changes {
			if change == behind {
				at[slices.IndexFunc(at, func(c projection.Checkpoint) bool { return c.Name == "orders" })].Position = 3
				continue
			}
			if err := tx.Exec(t.Context(), change); err != nil {
				return nil, err
			}
		}
		return at, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	books, err := audit.Log(t.Context(), log, views, func(_ context.Context, labels []string) ([]string, error) {
		return slices.DeleteFunc(slices.Clone(labels), func(id string) bool { return id == "l1" }), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return books
}
