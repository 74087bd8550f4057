package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/signals"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func TestSorted(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		says   string
		retry  bool
	}{
		{eventlog.Refusal("No."), 409, "No.", false},
		{accounts.ErrPassword, 409, "8 to 256", false},
		{eventlog.ErrConflict, 412, "Someone else", false},
		{eventlog.ErrKeyReused, 422, "another request", false},
		{eventlog.ErrKeyTooOld, 422, "too old", false},
		{eventlog.ErrKeyAhead, 422, "ahead of our clock", false},
		{eventlog.ErrFull, 503, "disk is full", true},
		{eventlog.ErrFenced, 503, "disk failed", true},
		{reads.ErrNotFound, 404, "nothing of this id", false},
		{reads.ErrSeries, 422, "A series has", false},
		{signals.ErrTime, 422, "Signals are counted", false},
		{context.Canceled, 503, "Try again", true},
		{errors.New("sqlite: no such table: secrets"), 500, "our side", false},
	} {
		p := sorted(fmt.Errorf("doing something inside: %w", test.err))
		if test.status == 422 || test.status == 409 {
			p = sorted(test.err)
		}
		if p.Status != test.status || !strings.Contains(p.Detail, test.says) || (p.GetHeaders().Get("Retry-After") != "") != test.retry {
			t.Errorf("%v: %d %q, want %d %q", test.err, p.Status, p.Detail, test.status, test.says)
		}
		if strings.Contains(p.Detail, "inside") || strings.Contains(p.Detail, "sqlite") {
			t.Errorf("%v tells of the inside: %q", test.err, p.Detail)
		}
	}
}
