package shops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/creatorflow/creatorflow/hub"
)

// BackFill reads older orders of a shop, or says how that fares.
type BackFill struct {
	Connection string `arg:"" help:"The connection's id, as creatorflow doctor shows it."`
	From       string `help:"First day on which orders were placed, such as 2026-01-01. Not given: say how far it is." placeholder:"DAY"`
	To         string `help:"Last day; today at the latest." placeholder:"DAY"`
	Stop       bool   `help:"Read no further; what was read stays."`
}

// Validate refuses half a range.
func (b BackFill) Validate() error {
	if (b.From == "") != (b.To == "") || b.Stop && b.From != "" {
		return errors.New("give --from and --to together, or --stop, or none of them")
	}
	for name, day := range map[string]string{"--from": b.From, "--to": b.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fmt.Errorf("%s is a day such as 2026-01-31", name)
		}
	}
	return nil
}

// Run asks the hub.
func (b BackFill) Run(ctx context.Context, way Way, out io.Writer) error {
	return way(ctx, func(a *hub.Admin) error {
		h, err := a.Older(ctx, hub.ReadOlder{Connection: b.Connection, From: b.From, To: b.To, Stop: b.Stop})
		if err != nil {
			return err
		}
		said := h.Sentence
		switch {
		case h.Running && b.From != "":
			said = fmt.Sprintf("Orders placed from %s to %s are read while the hub runs. See how far it is with: creatorflow back-fill %s", h.From, h.To, b.Connection)
		case h.Stopping:
			said += " It ends at the next page."
		case said == "" && h.Can:
			said = "No older orders of this shop were asked for yet. Ask with --from and --to."
		case said == "":
			said = h.Why
		}
		_, err = fmt.Fprintln(out, said)
		return err
	})
}
