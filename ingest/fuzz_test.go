package ingest_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/creatorflow/creatorflow/vault"
)

// FuzzReceive sends signed bodies of all kinds: each is stored as it came and answered with 200, and
// the hub finds something to do with it that is not to fall over.
func FuzzReceive(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, "\x00\xff", `{"type":1,"shop_id":"749`, `{"type":4711,"shop_id":"` + shopID + `"}`,
		`{"type":1,"tts_notification_id":"7600000000000000001","shop_id":"7490000000000000009","timestamp":1,"data":{"order_id":"576","update_time":1}}`,
		`{"type":4,"shop_id":"` + shopID + `","timestamp":5,"data":{"package_list":[{"order_id_list":[{}]}]}}`,
		`{"type":6,"shop_id":"` + shopID + `","timestamp":5,"data":{"message":"bye"}}`,
		`{"type":12,"shop_id":"` + shopID + `","timestamp":5,"data":{"order_id":"576","update_time":1}}`,
	} {
		f.Add([]byte(seed))
	}
	k := knobs{silent: true}
	k.ingest.MaxAttempts = 1 // hardly any order that is made up exists
	r := newRig(f, k)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<20 {
			return
		}
		before, err := r.vault.InboxCounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		status := r.ingest.Receive(t.Context(), "tiktok", r.app.ID, http.Header{"Authorization": {sign(string(body))}}, body)
		if status != http.StatusOK {
			t.Fatalf("got %d", status)
		}
		after, err := r.vault.InboxCounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		number := total(after)
		if number == total(before) {
			return // a delivery key that was seen before
		}
		item, err := r.vault.Item(t.Context(), number)
		if err != nil || !bytes.Equal(item.Body, body) {
			t.Fatalf("stored %q, %v", item.Body, err)
		}
		if err := r.ingest.CaughtUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if item, err = r.vault.Item(t.Context(), number); err != nil || item.State == vault.Pending || item.State != vault.Done && item.Reason == "" {
			t.Fatalf("item %+v, %v", item, err)
		}
	})
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}
