package main

import (
	"context"
	"fmt"
	"io"

	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/hub"
)

type doctorCommand struct {
	folderFlags
	TakeWebhooks bool   `help:"First have webhooks that go to another address sent to this hub."`
	Connection   string `arg:"" optional:"" help:"The connection's id; all when not given."`
}

// Run prints what is well and what is not; anything red is a failure.
func (d doctorCommand) Run(ctx context.Context, c console) error {
	return d.reach(ctx, c, func(a *hub.Admin) error {
		reports, err := a.Doctor(ctx, hub.Examine{Connection: d.Connection, Take: d.TakeWebhooks})
		if err != nil {
			return err
		}
		if len(reports) == 0 {
			_, err := fmt.Fprintln(c.out, "No shop is connected. Connect one with: creatorflow connect")
			return err
		}
		red := 0
		for _, r := range reports {
			n, err := printReport(c.out, r)
			if err != nil {
				return err
			}
			red += n
		}
		if red > 0 {
			return fmt.Errorf("%d of the checks are red: what mends each stands below it", red)
		}
		return nil
	})
}

func printReport(w io.Writer, r doctor.Report) (red int, err error) {
	if _, err := fmt.Fprintf(w, "%s (%s, shop %s) as %s: %s\n", r.Name, r.Channel, r.ShopID, r.Connection, r.State); err != nil {
		return 0, err
	}
	for _, check := range r.Checks {
		if _, err := fmt.Fprintf(w, "  %-5s  %-11s  %s\n", check.State, check.Name, check.Found); err != nil {
			return 0, err
		}
		if check.Mend == "" {
			continue
		}
		red++
		if _, err := fmt.Fprintf(w, "         %-11s  %s\n", "mend:", check.Mend); err != nil {
			return 0, err
		}
	}
	return red, nil
}
