package fulfilment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/shown"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

// letters are the reasons of all letters with an id.
func (r *rig) letters(id string) (reasons []string) {
	r.Helper()
	records, err := r.log.ReadStream(context.Background(), letterevents.Stream("main", id), 0, 100)
	if err != nil {
		r.Fatal(err)
	}
	for _, record := range records {
		if opened, ok := record.Event.(letterevents.Opened); ok {
			reasons = append(reasons, opened.Reason)
		}
	}
	return reasons
}

// What is cancelled after the end is told once, with the units that are out of the stock.
func TestCancelledAfterTheEnd(t *testing.T) {
	inRig(t, func(r *rig) {
		r.receive("a", 10)
		r.says("1", orders.Ready)
		r.says("1", orders.Arranged)
		r.tells("1", whole)
		r.says("1", orders.Cancelled)
		r.says("1", orders.Cancelled)
		r.restart()
		r.pass(time.Minute)
		r.tells("1", whole)
		r.has("a", 8, 0)
		told := r.letters(fulfilment.ReturnID("k7:1"))
		if len(told) != 1 || !strings.Contains(told[0], "2 units of it left") {
			t.Errorf("told %q, want once of 2 units", told)
		}
		back, err := fulfilment.PutBack("main", "", r.status("1"), r.order("1"), map[string]inventory.State{"a": r.stock("a")})
		if err != nil || len(back) != 2 {
			t.Fatalf("put back %v, %v", back, err)
		}
		for _, w := range back {
			r.write(w.Stream, w.Events...)
		}
		r.has("a", 10, 0)
		if _, err := fulfilment.PutBack("main", "", r.status("1"), r.order("1"), map[string]inventory.State{"a": r.stock("a")}); !errors.Is(err, fulfilment.ErrBack) {
			t.Errorf("put back twice: %v", err)
		}
	})
}

func (r *rig) order(id string) orders.State {
	r.Helper()
	s, err := r.log.Fold(context.Background(), orders.Fold("main", "k7:"+id))
	if err != nil {
		r.Fatal(err)
	}
	return s.Value.(orders.State)
}

// A parcel that had left before anybody here knew of it takes nothing of what was counted since, and
// does not wait for stock either.
func TestParcelsThatLeftBefore(t *testing.T) {
	for _, status := range []string{orders.Transit, orders.Delivered, orders.Completed} {
		for _, stock := range []int64{10, 1} {
			inRig(t, func(r *rig) {
				r.receive("a", stock)
				r.says("1", status)
				r.tells("1", "started, validate, (reserve stock), confirm payment, (label), tell the channel, metrics, finished")
				r.has("a", stock, 0)
				if s := shown.Read(r.records("1")).Steps[2]; s.State != shown.Skipped || !strings.Contains(s.Detail, "the stock is left alone") {
					r.Errorf("%s is %s: %q", s.Name, s.State, s.Detail)
				}
				r.says("1", orders.Cancelled)
				if told := r.letters(fulfilment.ReturnID("k7:1")); len(told) > 0 {
					r.Errorf("nothing was taken, and it says %q", told)
				}
			})
		}
	}
}

// An order that waits for stock and was shipped by hand takes what is there, and a letter tells the rest.
func TestShippedByHandWithoutStock(t *testing.T) {
	const rest = ", reserve stock, confirm payment, label?, label, tell the channel, metrics, finished"
	const sent = ", reserve stock, confirm payment, (label), tell the channel, metrics, finished"
	tests := []struct {
		name     string
		first    string // status at first sight
		stock    int64
		more     int64 // received while it waits
		then     string
		want     string
		onHand   int64
		short    string // part of the letter; empty = none
		returned string // part of the letter after a cancellation; empty = none
	}{
		{"a part is there", orders.Ready, 1, 0, orders.Arranged, "started, validate, waits:no_stock" + rest, 0, "a: 2 shipped, 1 in stock", "1 unit of it left"},
		{"and it left", orders.Ready, 1, 0, orders.Transit, "started, validate, waits:no_stock" + sent, 0, "a: 2 shipped, 1 in stock", "1 unit of it left"},
		{"nothing is there", orders.Ready, 0, 0, orders.Arranged, "started, validate, waits:no_stock" + rest, 0, "a: 2 shipped, 0 in stock", ""},
		{"all of it came", orders.Ready, 1, 5, orders.Arranged, "started, validate, waits:no_stock" + rest, 4, "", "2 units of it left"},
		{"it never waited", orders.Arranged, 1, 0, orders.Arranged, "started, validate" + rest, 0, "a: 2 shipped, 1 in stock", "1 unit of it left"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, func(r *rig) {
				r.receive("a", 1)
				if test.stock == 0 {
					n := r.news("other", orders.Unpaid, map[string]int64{"a": 1})
					if err := r.observe(n); err != nil {
						r.Fatal(err)
					}
				}
				r.says("1", test.first)
				if test.more > 0 {
					r.receive("a", test.more)
				}
				r.says("1", test.then)
				r.restart()
				r.pass(time.Minute)
				r.tells("1", test.want)
				held := 1 - test.stock
				r.has("a", test.onHand+held, held)
				told := strings.Join(r.letters(fulfilment.ShortID("k7:1")), "; ")
				if test.short == "" && told != "" || !strings.Contains(told, test.short) {
					r.Errorf("it says %q, want a sentence with %q", told, test.short)
				}
				if strings.Contains(test.want, "label?") && r.desk.looks != 1 {
					r.Errorf("the desk looked %d times before it arranged what is arranged", r.desk.looks)
				}
				r.says("1", orders.Cancelled)
				told = strings.Join(r.letters(fulfilment.ReturnID("k7:1")), "; ")
				if test.returned == "" && told != "" || !strings.Contains(told, test.returned) {
					r.Errorf("after the cancellation it says %q, want a sentence with %q", told, test.returned)
				}
			})
		})
	}
}

// A crash may come between the news of a late cancellation and the turn that tells of it: the next start
// finds it.
func TestOpenFindsWhatIsStillToBeTold(t *testing.T) {
	views := storagetest.New(t).Views()
	log, err := eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	runner := projection.NewRunner(log, views, []projection.Projection{fulfilment.View{}}, projection.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	running.Go(func() { _ = runner.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	at := map[eventlog.Stream]eventlog.Version{}
	write := func(s eventlog.Stream, all ...eventlog.Event) {
		t.Helper()
		if _, err := log.Append(t.Context(), eventlog.Write{Stream: s, Expected: at[s], Events: all}); err != nil {
			t.Fatal(err)
		}
		at[s] += eventlog.Version(len(all))
	}
	open := func(want ...string) {
		t.Helper()
		if err := runner.WaitFor(t.Context(), log.Head().Position); err != nil {
			t.Fatal(err)
		}
		_, found, err := fulfilment.Open(t.Context(), log, views)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, o := range found {
			ids = append(ids, o.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("open %v, want %v", ids, want)
		}
	}
	for id, skipped := range map[string]string{"k7:1": "", "k7:2": "Nothing to take."} {
		s := eventlog.Stream{Workspace: "main", Kind: fulfilment.Kind, ID: id}
		write(orderevents.Stream("main", id), orderevents.Placed{Order: id})
		write(s, flows.Started{Flow: id}, flows.StepSucceeded{Flow: id, Step: fulfilment.StepReserve, Skipped: skipped}, flows.Finished{Flow: id})
	}
	open()
	id := fulfilment.ReturnID("k7:1")
	write(orderevents.Stream("main", "k7:1"), orderevents.Amended{Order: "k7:1"}) // other prices
	open()
	write(orderevents.Stream("main", "k7:1"), orderevents.Amended{Order: "k7:1", Fewer: true})
	open("k7:1")
	write(letterevents.Stream("main", id), letterevents.Opened{Letter: id}, letterevents.Resolved{Letter: id})
	write(orderevents.Stream("main", "k7:2"), orderevents.Amended{Order: "k7:2", Fewer: true}, orderevents.Cancelled{Order: "k7:2"})
	open()
	write(orderevents.Stream("main", "k7:1"), orderevents.Cancelled{Order: "k7:1"})
	open("k7:1")
	write(letterevents.Stream("main", id), letterevents.Opened{Letter: id})
	open()
}
