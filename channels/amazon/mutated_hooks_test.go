package amazon

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/notices"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
)

// TestMutatedNotices: whatever the vendor adds, renames or leaves out, a notification is a hint or named as broken; one of a type
// that nobody knows is kept.
func TestMutatedNotices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, did := changes.Mutate(t, []byte(notice1))
		hints, err := (notices.Notices{}).Hints(body)
		var invalid channels.Invalid
		switch {
		case did.How == "added" && (err != nil || len(hints) != 1 || hints[0].Order != "026-1234567-1234567"):
			t.Fatalf("a member was added and it reads %+v, %v", hints, err)
		case did.How == "unknown word" && did.Key == "NotificationType" && (err != nil || !hints[0].Unknown):
			t.Fatalf("a type that is not known reads %+v, %v", hints, err)
		case err != nil && (!errors.As(err, &invalid) || invalid.Field == "" || invalid.Rule == ""):
			t.Fatalf("%s says no more than %v", body, err)
		case err == nil && len(hints) == 0:
			t.Fatalf("%s is neither a hint nor broken", body)
		}
	})
}
