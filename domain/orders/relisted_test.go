package orders_test

import (
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

// TestSalesFollowTheChannel: lists and sales figures count an order as its channel lists it now, in the minute of its sale; an amendment
// that only hides the money changes none of it.
func TestSalesFollowTheChannel(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	pence := func(n int64) money.Money { return money.Money{Minor: n, Currency: "GBP"} }
	line := func(code string, units, price int64) events.Line {
		return events.Line{Listing: "L" + code, Code: code, Quantity: units, Price: pence(price)}
	}
	amended := func(total int64, lines ...events.Line) events.Amended {
		return events.Amended{Order: "k1:1", Lines: lines, Total: pence(total)}
	}
	placed := events.Placed{
		Order: "k1:1", Connection: "k1", ChannelID: "1", Status: orders.Ready, Created: at, Lines: []events.Line{line("a", 1, 100), line("b", 2, 50)}, Total: pence(200), Buyer: "p1",
	}
	var log projectiontest.Tape
	for i, e := range []eventlog.Event{
		placed, amended(400, line("c", 1, 150), line("a", 3, 100)), amended(0, line("c", 1, 0), line("a", 3, 0)), amended(350, line("a", 2, 100), line("c", 1, 150)),
	} {
		log = append(log, eventlog.Record{
			Position: eventlog.Position(i + 1), Stream: events.Stream("main", "k1:1"), Name: e.EventName(), At: at.Add(time.Duration(i) * time.Hour), Event: e,
		})
	}
	for n, want := range []struct{ revenue, units, lines int64 }{{200, 3, 2}, {400, 4, 2}, {400, 4, 2}, {350, 3, 2}} {
		views := storagetest.New(t).Views()
		fold(t, log[:n+1], views)
		if err := views.Read(t.Context(), func(r projection.Reader) error {
			sold, err := orders.Sold(t.Context(), r, at, at.Add(time.Minute))
			if err != nil {
				return err
			}
			if got := sold["GBP"]; got.Orders != 1 || got.Revenue != want.revenue {
				t.Errorf("after %d events %d orders count with %d, want 1 with %d", n+1, got.Orders, got.Revenue, want.revenue)
			}
			row, _, err := orders.Find(t.Context(), r, "k1:1")
			if err != nil {
				return err
			}
			if row.Total != want.revenue || row.Units != want.units || row.LineCount != want.lines {
				t.Errorf("after %d events it has %d units in %d lines for %d, want %+v", n+1, row.Units, row.LineCount, row.Total, want)
			}
			if n == 3 && (len(row.Lines) != 3 || row.Lines[1].Code != "b" || row.Lines[1].Quantity != 0 || row.Lines[2].Quantity != 1) {
				t.Errorf("its lines are %+v", row.Lines)
			}
			buyers, err := orders.Count(t.Context(), r, "customers")
			if buyers != 1 {
				t.Errorf("%d customers", buyers)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}
