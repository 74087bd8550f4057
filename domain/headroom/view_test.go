package headroom_test

import (
	"os"
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/headroom"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const day = 24 * time.Hour

// book folds events and reads figures.
type book struct {
	t     *testing.T
	store projection.Store
}

func open(t *testing.T) book {
	t.Helper()
	b := book{t, storagetest.New(t).Views()}
	if err := b.store.Create(t.Context(), headroom.View{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// apply folds each event as a batch of its own when one is set, else all as one.
func (b book) apply(one bool, list ...eventlog.Event) {
	b.t.Helper()
	var batches [][]eventlog.Record
	for _, e := range list {
		r := eventlog.Record{Event: e, Name: e.EventName(), At: now}
		if one || len(batches) == 0 {
			batches = append(batches, nil)
		}
		batches[len(batches)-1] = append(batches[len(batches)-1], r)
	}
	for _, batch := range batches {
		err := b.store.Write(b.t.Context(), func(tx projection.Tx, at []projection.Checkpoint) ([]projection.Checkpoint, error) {
			_, err := headroom.View{}.Apply(b.t.Context(), tx, batch)
			return at, err
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b book) read(connection, channel string, at time.Time) (f headroom.Figures, ok bool) {
	b.t.Helper()
	err := b.store.Read(b.t.Context(), func(r projection.Reader) (err error) {
		f, ok, err = headroom.Read(b.t.Context(), r, connection, channel, at)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return f, ok
}

func placed(id, channel string, created, due time.Time) events.Placed {
	return events.Placed{Order: "k7:" + id, Connection: "k7", Channel: channel, ChannelID: id, Status: "ready", Created: created, Updated: created, ShipBy: due}
}

func moved(id, to string, at time.Time) events.StatusChanged {
	return events.StatusChanged{Order: "k7:" + id, From: "ready", To: to, Updated: at}
}

// TestFigures follows orders of each kind, however the log is cut into batches.
func TestFigures(t *testing.T) {
	for _, one := range []bool{true, false} {
		b := open(t)
		self := placed("self", "tiktok", ago(5*day), ago(2*day))
		self.SelfShips = true
		gone := placed("gone", "tiktok", ago(5*day), ago(2*day))
		gone.Status = "completed"
		direct := placed("direct", "direct", ago(5*day), time.Time{})
		direct.Direct.Pay = events.PayElsewhere
		unpaid := placed("unpaid", "tiktok", ago(day), time.Time{})
		unpaid.Status = "unpaid"
		b.apply(one,
			placed("1", "tiktok", ago(5*day), ago(2*day)), moved("1", "arranged", ago(4*day)), moved("1", "in_transit", ago(3*day)), moved("1", "delivered", ago(day)),
			placed("2", "tiktok", ago(5*day), ago(2*day)), moved("2", "in_transit", ago(day)), // late
			placed("3", "tiktok", ago(5*day), ago(2*day)),          // overdue
			placed("4", "tiktok", ago(day), now.Add(23*time.Hour)), // late soon
			placed("5", "tiktok", ago(day), now.Add(25*time.Hour)),
			placed("6", "tiktok", ago(6*day), ago(3*day)), events.Cancelled{Order: "k7:6", From: "ready", By: "seller", Updated: ago(5 * day)},
			placed("7", "tiktok", ago(6*day), ago(3*day)), events.AnswerAsked{Order: "k7:7", Action: "cancel", Reason: "out_of_stock"}, events.Cancelled{Order: "k7:7", From: "ready", Updated: ago(5 * day)},
			placed("8", "tiktok", ago(6*day), ago(3*day)), events.ClaimOpened{Order: "k7:8", Kind: "cancellation", By: "buyer"}, events.Cancelled{Order: "k7:8", From: "ready", Updated: ago(5 * day)},
			placed("9", "tiktok", ago(6*day), ago(3*day)), events.Cancelled{Order: "k7:9", From: "ready", Reason: "OTHER", Updated: ago(5 * day)},
			placed("10", "tiktok", ago(40*day), ago(37*day)), moved("10", "in_transit", ago(30*day)), // late, and long ago
			self, gone, direct, unpaid,
			events.Cancelled{Order: "k7:gone", From: "completed", By: "seller", Updated: now}, // it had left
		)
		f, ok := b.read("k7", "tiktok", now)
		if !ok || f.Late.Of != 3 || f.Late.Bad != 2 || f.Overdue != 1 || f.Late.Mood != headroom.Beyond {
			t.Errorf("late: %+v, %v", f, ok)
		}
		// 1 to 9, gone and unpaid were placed within the window.
		if f.Cancelled.Of != 11 || f.Cancelled.Bad != 2 || f.Cancelled.Unsure != 1 {
			t.Errorf("cancelled: %+v", f.Cancelled)
		}
		if len(f.Soon) != 1 || f.Soon[0].ID != "k7:4" || f.Soon[0].ChannelID != "4" || !f.Soon[0].DueAt.Equal(now.Add(23*time.Hour)) || f.MoreSoon != 0 {
			t.Errorf("late soon: %+v, %d more", f.Soon, f.MoreSoon)
		}

		t.Log("once it is paid, an order is due so long after that")
		b.apply(one, events.PaymentCompleted{Order: "k7:unpaid", Paid: ago(day)})
		if f, _ := b.read("k7", "tiktok", ago(day).AddDate(0, 0, 2).Add(2*time.Hour)); len(f.Soon) != 1 || f.Soon[0].ID != "k7:unpaid" || f.Overdue != 3 {
			t.Errorf("two days after it was paid: %+v", f)
		}

		t.Log("also when it was paid before it was known")
		transfer := placed("transfer", "tiktok", ago(5*day), time.Time{})
		transfer.Paid = ago(day)
		b.apply(one, transfer)
		if f, _ := b.read("k7", "tiktok", ago(day).AddDate(0, 0, 2).Add(2*time.Hour)); len(f.Soon) != 2 || f.Overdue != 3 {
			t.Errorf("two days after both were paid: %+v", f)
		}
		if _, ok := b.read("k7", "shopify", now); ok {
			t.Error("a channel without rules has figures")
		}
		if f, ok := b.read("other", "amazon", now); !ok || f.Late.Mood != headroom.Unknown || f.Cancelled.Mood != headroom.Unknown {
			t.Errorf("a shop without orders: %+v, %v", f, ok)
		}
	}
}

// TestManySoon names the first ones and counts the others.
func TestManySoon(t *testing.T) {
	b := open(t)
	var list []eventlog.Event
	for i := range 30 {
		id := string(rune('A' + i))
		list = append(list, placed(id, "amazon", ago(day), now.Add(time.Duration(30-i)*time.Minute)))
	}
	b.apply(false, list...)
	f, _ := b.read("k7", "amazon", now)
	if len(f.Soon) != 20 || f.MoreSoon != 10 || f.Soon[0].ChannelID != string(rune('A'+29)) || f.Overdue != 0 {
		t.Errorf("%d named, the first %+v, %d more", len(f.Soon), f.Soon[0], f.MoreSoon)
	}
}
